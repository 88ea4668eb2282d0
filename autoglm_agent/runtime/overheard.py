"""What is said over an answer, by its sound alone: how likely somebody wants more than to show that they listen.

One voice at a time, from a little before it was found to whenever the floor is decided. Two or three tenths of a
millisecond for a window, and only while it is undecided, so it runs where the windows are. What to do about it is
`turn_policy`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoglm_agent.audio.first_sounds import FirstSounds, SoundState

BEFORE_MS = 160
"""Heard from so long before voice was found: it is found up to 100 ms late after a soft consonant."""


class Overheard:
    """One stream's. Without a network nothing is ever told."""

    def __init__(self, network: FirstSounds | None) -> None:
        self._network = network
        self._state: SoundState | None = None
        self.wants_floor: float | None = None
        """From 0 to 1; None before anything was heard."""

    def begin(self, pcm: bytes) -> None:
        """A voice over an answer was found; `pcm` (s16le, 16 kHz, whole windows) ends with what was heard of it."""
        self.end()
        if self._network is not None:
            self._state = self._network.initial_state()
            self.hear(pcm)

    def hear(self, pcm: bytes) -> None:
        """More of it, in whole windows. Ignored when none has begun."""
        if self._network is not None and self._state is not None and pcm:
            self.wants_floor, self._state = self._network(pcm, self._state)

    def end(self) -> None:
        """It has taken the floor, or is over."""
        self._state = self.wants_floor = None
