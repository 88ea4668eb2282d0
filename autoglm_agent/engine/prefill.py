"""Filling the cache with a prompt, a unit of work at a time: span by span, and inside a span layer by layer.

A span ends where no bidirectional block is parted; that a block is computed whole does not make the unit long, since a
unit may pause between layers and go on from the hidden states it keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from autoglm_agent.model.attention import attention_mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from autoglm_agent.engine.fast_backbone import FastBackbone
    from autoglm_agent.engine.generation import Generation
    from autoglm_agent.engine.limits import EngineLimits
    from autoglm_agent.engine.prompt import Prompt
    from autoglm_agent.engine.slots import Slot
    from autoglm_agent.model.cache import CachePool


class Prefill:
    """One prompt on its way into its slot."""

    def __init__(self, generation: Generation, prompt: Prompt, slot: Slot, embeddings: Tensor) -> None:
        """`embeddings` [T - slot.length, hidden] are those of the positions that are not cached."""
        self.generation, self._prompt, self._slot = generation, prompt, slot
        self._embeddings, self._offset = embeddings, slot.length
        self._hidden: Tensor | None = None
        self._mask: Tensor | None = None
        self._turns: Tensor | None = None
        self._layer = self._end = 0

    @property
    def remaining(self) -> int:
        """Tokens still to compute."""
        return len(self._prompt) - self._slot.length

    @torch.inference_mode()
    def advance(
        self,
        backbone: FastBackbone,
        pool: CachePool,
        window: int | None,
        limits: EngineLimits,
        clock: Callable[[], float],
    ) -> Tensor | None:
        """Work for one unit. The last position's hidden state [hidden], normalised, when the whole prompt is in."""
        start = clock()
        slot = self._slot
        while True:
            if self._hidden is None:
                self._begin_span(backbone, pool, window, limits.prefill_tokens)
            hidden, turns, mask = self._hidden, self._turns, self._mask
            assert hidden is not None and turns is not None and mask is not None  # set by `_begin_span`
            self._hidden = backbone.prefill_layer(self._layer, hidden, turns, slot.index, slot.length, mask)
            self._layer += 1
            if self._layer == backbone.num_layers:
                last, self._hidden = self._hidden[-1:], None
                slot.length = self._end
                if not self.remaining:
                    return backbone.normalise(last)[0]
            spent_ms = (clock() - start) * 1000
            if spent_ms >= limits.unit_ms:
                return None

    def _begin_span(self, backbone: FastBackbone, pool: CachePool, window: int | None, most: int) -> None:
        begin, positions = self._slot.length, self._prompt.positions
        self._end = end = span_end(self._prompt, begin, most)
        spread = None if positions is None else torch.from_numpy(positions[:, begin:end]).to(pool.block.device)
        self._turns = backbone.turns(begin, end, spread)
        self._hidden, self._layer = self._embeddings[begin - self._offset : end - self._offset], 0
        row, device = self._slot.index, pool.block.device
        index = torch.arange(end, device=device)[None]
        self._mask = attention_mask(
            index[:, begin:],
            index,
            pool.block[row : row + 1, begin:end],
            pool.block[row : row + 1, :end],
            pool.is_global[row : row + 1, :end],
            torch.ones(1, end, dtype=torch.bool, device=device),
            window,
        )


def span_end(prompt: Prompt, begin: int, most: int) -> int:
    """Where a span from `begin` ends: after `most` tokens, or before the block that this would part, or behind it."""
    length, blocks = len(prompt), prompt.blocks

    def parts_block(at: int) -> bool:
        return 0 < at < length and bool(blocks[at] >= 0) and bool(blocks[at] == blocks[at - 1])

    end = min(begin + most, length)
    while end > begin and parts_block(end):
        end -= 1
    if end == begin:
        end += 1
        while parts_block(end):
            end += 1
    return end
