"""The whole network: eyes, ears and gate in front of the backbone, in the shape of a Hugging Face model.

`forward` is the training view: whole conversations, every modality, loss. Step-by-step inference with caches goes
through the parts (`embed_text`, `vision`, `speech`, `gate`, `backbone`), driven by the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from autoglm_agent.model.attention import attention_mask
from autoglm_agent.model.backbone import Backbone
from autoglm_agent.model.checkpoint import Part, TensorFiles, empty, load_parts, save_weights
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.gating import IMAGE, SPEECH, TEXT, CrossModalGate
from autoglm_agent.model.quantisation import Precision
from autoglm_agent.model.speech import SpeechEncoder
from autoglm_agent.model.vision import VisionEncoder


@dataclass(slots=True)
class AutoGLMOutput:
    """logits [N, vocab] at the positions asked for; gate weights [F, 3], one row per fused token in reading order."""

    logits: Tensor
    gate_weights: Tensor
    loss: Tensor | None = None


class AutoGLMForConditionalGeneration(PreTrainedModel):
    """Text, pictures and speech in; text out."""

    config_class = AutoGLMConfig
    config: AutoGLMConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    _no_split_modules = ["DecoderLayer"]  # noqa: RUF012

    def __init__(self, config: AutoGLMConfig) -> None:
        super().__init__(config)
        text = config.text
        self.backbone = Backbone(text)
        self.vision = VisionEncoder(config.vision, text.hidden_size)
        self.speech = SpeechEncoder(config.speech, text.vocab_size, text.hidden_size)
        self.gate = CrossModalGate(text.hidden_size, suppresses=config.gate_suppresses)
        self.lm_head = None if text.tie_word_embeddings else nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self.post_init()  # type: ignore[no-untyped-call]
        self.gate.reset_zero()

    @classmethod
    def from_pretrained(  # type: ignore[override]  # only what we support
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        config: AutoGLMConfig | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        parts: Sequence[Part] = ("text", "vision", "speech"),
    ) -> Self:
        """Read a checkpoint directory into a model in evaluation mode; int8 weights come back in `dtype`.

        Args:
            pretrained_model_name_or_path: a directory that `save_pretrained` wrote.
            config: instead of the directory's config.json.
            dtype: of the parameters.
            device: where they go.
            parts: which parts get their weights; the others stay on the meta device until `load_parts`.

        Raises:
            ModelNotFoundError: no checkpoint there.
            CheckpointError: the weights do not fit the configuration.
        """
        directory = Path(pretrained_model_name_or_path)
        files = TensorFiles(directory)
        model = empty(cls, config or AutoGLMConfig.from_pretrained(directory))
        load_parts(model, files, parts, dtype=dtype, device=device)
        return model.train(False)  # type: ignore[no-any-return]

    def save_pretrained(  # type: ignore[override]  # only what we support
        self, save_directory: str | Path, *, precision: Precision = "float32"
    ) -> None:
        """Write config.json and model.safetensors. `precision` "int8" is how `nano` is shipped."""
        directory = Path(save_directory)
        save_weights(self, directory, precision)
        self.config.save_pretrained(directory)

    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.text.initializer_range
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=std)
            bias = getattr(module, "bias", None)
            if bias is not None:
                nn.init.zeros_(bias)

    def embed_text(self, input_ids: Tensor) -> Tensor:
        """Token embeddings [..., hidden]."""
        embedded: Tensor = self.backbone.embed_tokens(input_ids)
        return embedded

    def logits(self, hidden: Tensor) -> Tensor:
        """Next-token scores [..., vocab] from normalised hidden states."""
        weight = self.backbone.embed_tokens.weight if self.lm_head is None else self.lm_head.weight
        return functional.linear(hidden, weight)

    def forward(
        self,
        input_ids: Tensor,
        block_ids: Tensor,
        is_global: Tensor,
        is_text: Tensor,
        visual: Tensor | None = None,
        speech: Tensor | None = None,
        labels: Tensor | None = None,
        uniform_gate: bool = False,
        positions: Tensor | None = None,
    ) -> AutoGLMOutput:
        """Run whole conversations.

        Args:
            input_ids: int [B, T], right-padded with the pad id.
            block_ids: int [B, T]; >= 0 joins a bidirectional block, -1 is causal.
            is_global: bool [B, T]; tokens seen from any distance.
            is_text: bool [B, T]; tokens that count as text for the gate (history and transcript, no special tokens).
            visual: [number of picture tokens, hidden], in reading order over the batch.
            speech: [number of speech tokens, hidden], likewise.
            labels: int [B, T], the token itself where it is a target (not shifted), -100 elsewhere.
            uniform_gate: equal weights, for comparison.
            positions: int [3, B, T] for multimodal RoPE; None counts from 0.

        Returns:
            Logits at the target positions (all positions without labels), gate weights, and the mean loss.
        """
        embeddings, weights = self._fuse(input_ids, is_text, visual, speech, uniform_gate)
        length = input_ids.shape[1]
        index = torch.arange(length, device=input_ids.device).expand_as(input_ids)
        valid = input_ids != self.config.pad_token_id
        window = self.config.text.sliding_window
        mask = attention_mask(index, index, block_ids, block_ids, is_global, valid, window)
        hidden = self.backbone(embeddings, index if positions is None else positions, mask)
        if labels is None:
            return AutoGLMOutput(self.logits(hidden), weights)
        target = labels[:, 1:] != -100
        logits = self.logits(hidden[:, :-1][target])
        loss = functional.cross_entropy(logits.float(), labels[:, 1:][target])
        return AutoGLMOutput(logits, weights, loss)

    def _fuse(
        self, input_ids: Tensor, is_text: Tensor, visual: Tensor | None, speech: Tensor | None, uniform: bool
    ) -> tuple[Tensor, Tensor]:
        """Place the features, weigh each block's modalities at its fused token, apply gains: embeddings, weights."""
        embeddings = self.embed_text(input_ids)
        is_image, is_audio = input_ids == self.config.image_token_id, input_ids == self.config.audio_token_id
        for where, features in ((is_image, visual), (is_audio, speech)):
            if features is not None and len(features):
                embeddings = embeddings.masked_scatter(where[..., None], features.to(embeddings.dtype))
        fused_at = input_ids == self.config.fused_token_id
        rows, columns = fused_at.nonzero(as_tuple=True)
        if not len(rows) or not self.config.gate_trained:
            return embeddings, embeddings.new_zeros(len(rows), 3)
        sums, counts = self._block_sums(embeddings, (is_text, is_image, is_audio), rows, columns)
        weights, fused = self.gate(sums, counts, uniform=uniform)
        gains = self.gate.gains(weights, counts).to(embeddings.dtype)
        # The block of a token is the next fused token in its row.
        first = torch.cumsum(fused_at.sum(1), 0) - fused_at.sum(1)
        block = (torch.cumsum(fused_at, 1) - fused_at.long() + first[:, None]).clamp(max=len(rows) - 1)
        for modality, where in ((IMAGE, is_image), (SPEECH, is_audio)):
            embeddings = torch.where(where[..., None], embeddings * gains[:, modality][block], embeddings)
        residual = self.gate.fused_residual(fused).to(embeddings.dtype)
        embeddings = embeddings.index_put((rows, columns), embeddings[rows, columns] + residual)
        return embeddings, weights

    @staticmethod
    def _block_sums(
        embeddings: Tensor, kinds: tuple[Tensor, Tensor, Tensor], rows: Tensor, columns: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Sums [F, 3, hidden], counts [F, 3] at each fused token: text over the history, the others over the block."""
        same_row = torch.zeros_like(rows, dtype=torch.bool)
        same_row[1:] = rows[1:] == rows[:-1]
        sums, counts = [], []
        for modality, kind in enumerate(kinds):
            running = torch.cumsum(embeddings.float() * kind[..., None], 1)[rows, columns]
            seen = torch.cumsum(kind, 1)[rows, columns].float()
            if modality != TEXT:
                before = torch.roll(running, 1, 0) * same_row[:, None], torch.roll(seen, 1, 0) * same_row
                running, seen = running - before[0], seen - before[1]
            sums.append(running)
            counts.append(seen)
        return torch.stack(sums, 1), torch.stack(counts, 1)
