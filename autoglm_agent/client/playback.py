"""What waits to be played, and how much of it has been heard, to the sample. Plain bookkeeping; devices pull blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.client.devices import BLOCK, SAMPLE_RATE_HZ

MAX_WAITING = 600 * SAMPLE_RATE_HZ
"""Ten minutes; other servers than ours send a whole answer at once. What comes beyond is not played, and counted."""


@dataclass(frozen=True, slots=True)
class Cut:
    """An answer that was stopped: `audio_end_ms` of it were heard."""

    item_id: str
    content_index: int
    audio_end_ms: int


class Playback:
    """The sound of answers in order. `latency_s`: how long after `render` a sample sounds."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self._latency = round(latency_s * SAMPLE_RATE_HZ)
        self._reader = pcm.PcmReader()
        self._waiting: Samples = np.zeros(0, dtype=np.float32)
        self._part: tuple[str, int] | None = None
        self._part_left = 0
        self._part_rendered = 0
        self._silent = self._latency
        self._cut: str | None = None
        self.shed_ms = 0

    @property
    def is_playing(self) -> bool:
        """Whether something is still to be heard."""
        return bool(len(self._waiting)) or self._silent < self._latency

    def add(self, item_id: str, content_index: int, audio: bytes) -> None:
        """More s16le of an answer. What still comes for one that was stopped is dropped."""
        if item_id == self._cut:
            return
        if self._part != (item_id, content_index):
            self._part, self._part_left, self._part_rendered = (item_id, content_index), 0, 0
            self._reader = pcm.PcmReader()
        samples = self._reader.feed(audio)
        room = max(0, MAX_WAITING - len(self._waiting))
        self.shed_ms += (len(samples) - len(samples[:room])) * 1000 // SAMPLE_RATE_HZ
        self._part_left += len(samples[:room])
        self._waiting = np.concatenate([self._waiting, samples[:room]])

    def render(self) -> Samples:
        """The next block to play, `float32 [BLOCK]`, filled up with silence."""
        before_part = len(self._waiting) - self._part_left
        block, self._waiting = self._waiting[:BLOCK], self._waiting[BLOCK:]
        of_part = max(0, len(block) - before_part)
        self._part_left -= of_part
        self._part_rendered += of_part
        self._silent = BLOCK - len(block) if len(block) else min(self._latency, self._silent + BLOCK)
        return np.pad(block, (0, BLOCK - len(block)))

    def interrupt(self) -> Cut | None:
        """Play nothing more of what waits. Returns what of the newest answer was heard, unless all of it was."""
        if not self.is_playing or self._part is None:
            return None
        unheard = max(0, self._latency - self._silent)
        heard = max(0, self._part_rendered - unheard)
        self._waiting = self._waiting[:0]
        self._silent, self._part_left = self._latency, 0
        item_id, content_index = self._part
        self._cut = item_id
        return Cut(item_id, content_index, heard * 1000 // SAMPLE_RATE_HZ)
