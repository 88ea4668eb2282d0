"""Stage `fusion`: eyes, gate and backbone learn together, over speech heard by the finished ears.

The loss is that of the reply's tokens, plus a light pull of the gate towards the modalities a question needs. Pictures are
drawn on the device from plain numbers. Not here: what the samples say (`mix`), or how rows are made (`fusion_rows`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from autoglm_agent.training.stages.compiling import as_written
from autoglm_agent.training.stages.fusion_rows import PICTURE_STEP
from autoglm_agent.training.stages.optim import Optimiser
from autoglm_agent.training.stages.progress import Budget, StepProfiler
from autoglm_agent.training.stages.ranks import SharedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.model.network import AutoGLMForConditionalGeneration
    from autoglm_agent.training.pictures.render import Renderer
    from autoglm_agent.training.speech.spoken_pool import SpeechBank
    from autoglm_agent.training.stages.fusion_rows import FusionBatch
    from autoglm_agent.training.stages.progress import Curves

GATE_LOSS_SHARE = 0.3
INITIAL_GAIN = 0.5
"""A gate that is trained from scratch starts with some say, or the backbone learns to do without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionStageConfig:
    """Knobs of the stage. It runs for `steps`, or for `minutes`."""

    steps: int | None = None
    minutes: float | None = None
    lr: float = 1.5e-3
    decay_share: float = 0.5
    warmup_steps: int = 300
    seed: int = 0
    eval_every: int = 1000
    freeze_eyes: bool = False
    """Leave the vision encoder as it is, but for its way into the backbone: a pass that two CPU cores can do."""
    profile: bool = False


class FusionForward:
    """Runs the network over a `FusionBatch` on a device."""

    def __init__(self, model: AutoGLMForConditionalGeneration, renderer: Renderer, bank: SpeechBank | None) -> None:
        self.model, self.renderer, self.bank = model, renderer, bank
        self.device = next(model.parameters()).device

    def __call__(self, batch: FusionBatch, *, seed: int, strength: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, logits at the targets, gate weights at the fused tokens."""

        def put(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(self.device, non_blocking=True)

        pixels = self.renderer.render(batch.pictures, seed=seed, strength=strength) if batch.pictures else None
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            visual = None if pixels is None else self._seen(pixels, batch.detailed)
            speech = self.bank.tokens(self.model.speech, batch.utterances) if self.bank is not None else None
            output = self.model(
                put(batch.input_ids), put(batch.block_ids), put(batch.is_global), put(batch.is_text), visual, speech,
                labels=put(batch.labels),
            )
        return output.loss, output.logits, output.gate_weights

    def _seen(self, pixels: Tensor, detailed: NDArray[np.bool_]) -> Tensor:
        """Visual tokens of all pictures in reading order, 80 or 20 each: [tokens, hidden].

        Some pictures are looked at twice to keep the number of shapes small.
        """
        count = len(pixels)
        if self.device.type == "cuda" and count % PICTURE_STEP:
            again = torch.arange(-count % PICTURE_STEP, device=self.device) % count
            pixels = torch.cat([pixels, pixels[again]])
        tokens: Tensor = self.model.vision(pixels)[:count]
        both = torch.cat([tokens, self.model.vision.at_a_glance(tokens)], 1)
        is_detail = np.arange(both.shape[1]) < tokens.shape[1]
        kept = np.flatnonzero(is_detail == detailed[:, None])
        return both.flatten(0, 1)[torch.from_numpy(kept).to(self.device, non_blocking=True)]


def gate_loss(weights: Tensor, batch: FusionBatch, fused_id: int) -> Tensor:
    """Cross-entropy between the gate at each row's last user message and its taught weights."""
    fused = batch.input_ids == fused_id
    counts = fused.sum(1)
    rows = np.flatnonzero((counts > 0) & (batch.gate[:, 0] >= 0))
    if not len(rows):
        return weights.new_zeros(())
    last = torch.from_numpy((np.cumsum(counts) - 1)[rows]).to(weights.device)
    target = torch.from_numpy(batch.gate[rows]).to(weights.device)
    present = (weights[last] > 0).float()
    target = target * present
    target = target / target.sum(-1, keepdim=True).clamp(min=1e-6)
    return -(target * (weights[last].float() + 1e-4).log()).sum(-1).mean()


def train_fusion(
    forward: FusionForward, batches: Iterator[FusionBatch], config: FusionStageConfig, curves: Curves, *,
    evaluate: Callable[[], dict[str, float]], save: Callable[[], object],
) -> None:
    """Run the stage in place; everything but the speech encoder (its adapter excepted), or the eyes too, is trained."""
    model = forward.model
    for name, param in model.named_parameters():
        param.requires_grad_(not _is_frozen(name, config))
    _train_mode(model, config)
    optimiser = Optimiser(
        model.named_parameters(), lr=config.lr, decay_share=config.decay_share,
        warmup_steps=config.warmup_steps,
    )
    logged_at = time.monotonic()
    budget = Budget(steps=config.steps, minutes=config.minutes)
    loss_sum, gate_sum = torch.zeros((), device=forward.device), torch.zeros((), device=forward.device)
    tokens = pictures = step = 0
    profiler, clock = StepProfiler(enabled=config.profile), SharedClock(forward.device)
    spent, over = 0.0, False
    while not over:
        batch = next(batches)
        loss, _, weights = forward(batch, seed=config.seed * 1_000_003 + step)
        gate = gate_loss(weights, batch, model.config.fused_token_id)
        (loss + GATE_LOSS_SHARE * gate).backward()
        optimiser.step(spent, max_norm=2.0)
        loss_sum += loss.detach()
        gate_sum += gate.detach()
        tokens += batch.input_ids.size
        pictures += sum(getattr(picture, "num_pictures", 1) for picture in batch.pictures)
        step += 1
        profiler.step()
        spent = clock.agree(budget.spent(step), step)
        over = spent >= 1
        if step % 100 == 0 or over:
            count = 100 if step % 100 == 0 else max(1, step % 100)
            now = time.monotonic()
            curves.add(
                step,
                {
                    "loss": float(loss_sum) / count, "gate_loss": float(gate_sum) / count,
                    "lr": optimiser.lr * optimiser.factor(spent), "steps_per_s": count / (now - logged_at),
                    "tokens_per_s": tokens / (now - logged_at), "pictures_per_s": pictures / (now - logged_at),
                },
                spent=spent,
            )
            logged_at, tokens, pictures = now, 0, 0
            loss_sum.zero_()
            gate_sum.zero_()
        if step % config.eval_every == 0 or over:
            model.train(False)
            with as_written():
                curves.add(step, evaluate(), spent=spent)
            _train_mode(model, config)
            save()


def _is_frozen(name: str, config: FusionStageConfig) -> bool:
    """Ears always are, eyes on request; how they lead into the backbone is always learnt."""
    if name.startswith("speech."):
        return "adapter" not in name
    return config.freeze_eyes and name.startswith("vision.") and "merge_" not in name


def _train_mode(model: AutoGLMForConditionalGeneration, config: FusionStageConfig) -> None:
    """Frozen parts keep their running statistics."""
    model.train()
    model.speech.eval()
    model.vision.train(not config.freeze_eyes)


@torch.no_grad()
def forced_accuracy(forward: FusionForward, batches: Sequence[FusionBatch]) -> dict[str, float]:
    """Share of rows (per cent, by task) whose every target token is the likeliest given the true ones before it.

    That is exactly the share that greedy decoding would reproduce word for word: a lower bound of being right.
    """
    right: dict[str, list[float]] = defaultdict(list)
    for number, batch in enumerate(batches):
        _, logits, _ = forward(batch, seed=number)
        target = batch.labels[:, 1:] != -100
        rows = np.nonzero(target)[0]
        hits = (logits.argmax(-1).cpu().numpy() == batch.labels[:, 1:][target])
        missed = np.bincount(rows, weights=~hits, minlength=len(batch.tasks))
        for task, misses in zip(batch.tasks, missed, strict=True):
            right[task].append(float(misses == 0))
    return {task: 100 * float(np.mean(values)) for task, values in sorted(right.items())}
