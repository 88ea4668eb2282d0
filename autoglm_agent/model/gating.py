"""The cross-modal gating unit: how much text, picture and speech take part in the answer, and their fused summary.

weights = softmax(W·[mean text; mean image; mean speech]); fused = Σ weight·mean. An absent modality weighs exactly 0.
Updates cost O(new features): only running sums are kept. The fused feature enters the backbone as one token, the
weights as gains on visual and speech tokens; both paths start at zero, so that pretrained weights start unchanged.
The backbone normalises its input, which undoes a mere gain: only a gate that `suppresses` can silence a modality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

MODALITIES = ("text", "image", "speech")
TEXT, IMAGE, SPEECH = range(3)
SILENT, HEARD = 0.15, 0.5
"""Of an equal share: up to the first a modality is silenced, from the second on it is left whole."""
WORTH_DETAIL = 1.05
"""Of an equal share: with more than this the pictures of a user block are seen in detail, else at a glance."""


@dataclass(slots=True)
class FusionState:
    """Running sums of one conversation: sums [3, hidden] and counts [3], in the order of `MODALITIES`."""

    sums: Tensor
    counts: Tensor

    @classmethod
    def empty(cls, hidden_size: int, device: torch.device | str = "cpu") -> FusionState:
        """Nothing seen, heard or read yet."""
        return cls(torch.zeros(3, hidden_size, device=device), torch.zeros(3, device=device))

    def clone(self) -> FusionState:
        """A copy to go on from, for a speculation that may be thrown away."""
        return FusionState(self.sums.clone(), self.counts.clone())

    def add(self, modality: int, features: Tensor) -> None:
        """Take in features [N, hidden] of one modality."""
        if len(features):
            self.sums[modality] += features.float().sum(0)
            self.counts[modality] += len(features)

    def clear(self, modalities: Sequence[int] = (IMAGE, SPEECH)) -> None:
        """Begin a new user block: the picture and the speech of the last one no longer count; the text does."""
        for modality in modalities:
            self.sums[modality] = 0
            self.counts[modality] = 0


class CrossModalGate(nn.Module):
    """W and the two zero-initialised ways into the backbone."""

    def __init__(self, hidden_size: int, *, suppresses: bool = False) -> None:
        super().__init__()
        self.hidden_size, self.suppresses = hidden_size, suppresses
        self.weigher = nn.Linear(3 * hidden_size, 3)
        self.fused_proj = nn.Linear(hidden_size, hidden_size)
        self.gain = nn.Parameter(torch.zeros(3, hidden_size))

    def reset_zero(self) -> None:
        """Make the gate the identity: no gain, no fused residual."""
        nn.init.zeros_(self.fused_proj.weight)
        nn.init.zeros_(self.fused_proj.bias)
        nn.init.zeros_(self.gain)

    def forward(self, sums: Tensor, counts: Tensor, *, uniform: bool = False) -> tuple[Tensor, Tensor]:
        """Weigh the modalities.

        Args:
            sums: [N, 3, hidden], the sum of each modality's features.
            counts: [N, 3], how many they are.
            uniform: equal weights over what is present, for comparison.

        Returns:
            weights [N, 3], summing to 1 over what is present (all 0 if nothing is), and the fused feature [N, hidden].
        """
        present = counts > 0
        means = sums / counts.clamp(min=1)[..., None]
        scores = torch.zeros_like(counts) if uniform else self.weigher(means.flatten(-2).to(self.weigher.weight.dtype))
        scores = scores.float().masked_fill(~present, -1e9)
        weights = torch.softmax(scores, dim=-1) * present
        fused = (weights[..., None] * means).sum(-2)
        return weights, fused

    def gains(self, weights: Tensor, counts: Tensor) -> Tensor:
        """Per-channel factors [N, 3, hidden] for the tokens of each modality; exactly 1 where weights are equal."""
        present = (counts > 0).sum(-1, keepdim=True)
        share = (weights * present)[..., None]
        gains = 1 + (share - 1) * self.gain
        return gains * ((share - SILENT) / (HEARD - SILENT)).clamp(0, 1) if self.suppresses else gains

    @staticmethod
    def wants_detail(weights: Tensor, counts: Tensor) -> Tensor:
        """Whether each block's pictures are worth all their tokens: weights, counts [N, 3] -> bool [N].

        Averaging tokens leaves their mean as it is, so the weights are the same before and after.
        """
        share = weights[:, IMAGE] * (counts > 0).sum(-1)
        return share > WORTH_DETAIL

    def fused_residual(self, fused: Tensor) -> Tensor:
        """What is added to the embedding of the fused token: [N, hidden]."""
        residual: Tensor = self.fused_proj(fused.to(self.fused_proj.weight.dtype))
        return residual
