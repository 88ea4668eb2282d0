"""Slots of the key-value cache: whose they are, what they hold, how much of a prompt is there already.

A prefix is reused up to the first position that differs, moved back to the start of its bidirectional block on either
side: a block was computed whole, and part of it is worth nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    import numpy.typing as npt

    from autoglm_agent.engine.prompt import Prompt
    from autoglm_agent.model.cache import CachePool

WORTH_COPYING = 32  # tokens; below it copying a neighbour's prefix saves less than a millisecond or two


@dataclass(slots=True)
class Slot:
    """One conversation's place. Its first `length` positions are computed.

    `gates` holds the frozen weights (text, image, speech) of each committed fused token by position.
    """

    index: int
    keys: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]
    length: int = 0
    session_id: str | None = None
    busy: bool = False
    closed_at: int = 0
    """When its session ended, counted in sessions."""
    shift: int = 0
    """What the rotary position of a generated token is ahead of its index."""
    gates: dict[int, tuple[float, float, float]] = field(default_factory=dict)

    def cut(self, length: int) -> None:
        """Forget everything from `length` on."""
        self.length = length
        self.gates = {at: weights for at, weights in self.gates.items() if at < length}

    def common(self, prompt: Prompt) -> int:
        """How many positions of `prompt` this slot holds already; at least its last one is left to compute."""
        most = min(self.length, len(prompt) - 1)
        differs = np.flatnonzero(self.keys[:most] != prompt.keys[:most])
        cut = int(differs[0]) if len(differs) else most
        cut = _block_start(prompt.blocks, cut, len(prompt))
        return _block_start(self.blocks, cut, self.length)


class SlotTable:
    """Gives slots to sessions; the least recently used idle one is taken from its owner when none is free."""

    def __init__(self, pool: CachePool) -> None:
        self.pool = pool
        self._slots = [
            Slot(i, np.zeros(pool.capacity, np.int64), np.full(pool.capacity, -1, np.int64))
            for i in range(pool.num_slots)
        ]
        self._owned: OrderedDict[str, Slot] = OrderedDict()
        self.evictions = 0
        self._closed = 0

    def is_busy(self, session_id: str) -> bool:
        """Whether the session's slot is in use by a generation."""
        slot = self._owned.get(session_id)
        return slot is not None and slot.busy

    def acquire(self, session_id: str, prompt: Prompt) -> Slot | None:
        """A slot for the session, cut to what it holds of `prompt` and marked busy; None when all are."""
        slot = self._owned.get(session_id) or self._free()
        if slot is None or slot.busy:
            return None
        slot.session_id, slot.busy = session_id, True
        self._owned[session_id] = slot
        self._owned.move_to_end(session_id)
        reused = slot.common(prompt)
        donor = max(self._slots, key=lambda other: other.common(prompt))
        offered = donor.common(prompt)
        slot.cut(reused)
        if donor is not slot and offered >= reused + WORTH_COPYING:
            self._copy(donor, slot, offered)
        self._write(slot, prompt)
        return slot

    def release(self, slot: Slot) -> None:
        """The generation is over; the keys stay for the next turn."""
        slot.busy = False

    def extend(self, slot: Slot, token_id: int) -> None:
        """A generated token was computed at the end of the slot."""
        slot.keys[slot.length], slot.blocks[slot.length] = token_id, -1
        slot.length += 1

    def close(self, session_id: str) -> None:
        """Free the session's slot. Its content still serves others as a prefix until it is overwritten."""
        slot = self._owned.pop(session_id, None)
        if slot is not None:
            self._closed += 1
            slot.session_id, slot.busy, slot.closed_at = None, False, self._closed

    @property
    def used(self) -> int:
        """Slots that belong to a session."""
        return len(self._owned)

    def _free(self) -> Slot | None:
        unowned = [slot for slot in self._slots if slot.session_id is None]
        if unowned:
            # An empty one, else the one longest of no use: a talk whose turns come as sessions of their own, as over
            # chat completions, finds its history again.
            return min(unowned, key=lambda slot: (slot.length > 0, slot.closed_at))
        for session_id, slot in self._owned.items():
            if not slot.busy:
                del self._owned[session_id]
                self.evictions += 1
                return slot
        return None

    def _copy(self, donor: Slot, slot: Slot, length: int) -> None:
        """Take over another conversation's beginning: the same system prompt and tools, say."""
        with torch.inference_mode():
            for stored in (*self.pool.keys, *self.pool.values):
                stored[slot.index, :, :length] = stored[donor.index, :, :length]
        slot.keys[:length], slot.blocks[:length] = donor.keys[:length], donor.blocks[:length]
        slot.length = length
        slot.gates = {at: weights for at, weights in donor.gates.items() if at < length}

    def _write(self, slot: Slot, prompt: Prompt) -> None:
        """Set down what the mask and later comparisons need of the part to be computed, and nothing beyond it."""
        slot.keys[: len(prompt)], slot.blocks[: len(prompt)] = prompt.keys, prompt.blocks
        slot.shift = prompt.next_position - len(prompt)
        with torch.inference_mode():
            self.pool.block[slot.index] = -1
            self.pool.is_global[slot.index] = False
            self.pool.block[slot.index, : len(prompt)] = torch.from_numpy(prompt.blocks).to(self.pool.block.device)
            flags = torch.from_numpy(prompt.is_global).to(self.pool.is_global.device)
            self.pool.is_global[slot.index, : len(prompt)] = flags


def _block_start(blocks: npt.NDArray[np.int64], cut: int, length: int) -> int:
    """`cut`, or the start of the bidirectional block that it would part."""
    if not 0 < cut < length or blocks[cut] < 0 or blocks[cut] != blocks[cut - 1]:
        return cut
    before = np.flatnonzero(blocks[:cut] != blocks[cut])
    return int(before[-1]) + 1 if len(before) else 0
