"""What a synthesiser is, and what it gives: speech with marks that say which word sounds when.

Types only: `espeak` has an implementation. Nothing here synthesises or does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from autoglm_agent.audio.clock import samples_to_ms
from autoglm_agent.errors import AutoGLMError

SAMPLE_RATE_HZ = 24_000
"""Of every `Speech`: the only rate of `audio/pcm` that clients of the Realtime API take."""
BYTES_PER_SAMPLE = 2
SLOWEST, FASTEST = 0.25, 1.5
"""The range of `speed` in the Realtime API; 1.0 is a calm pace, four to five syllables a second."""


class SynthesisError(AutoGLMError):
    """A text could not be said. It costs this text only: the synthesiser stays usable."""


class VoiceNotInstalledError(SynthesisError):
    """The packages of the `voice` extra are missing. The message says how to install them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The word or syllable that begins at character `offset` of the text begins to sound at `audio_ms`."""

    offset: int
    audio_ms: int


@dataclass(frozen=True, slots=True)
class Speech:
    """What was synthesised for a text. Both empty when the text has nothing that can be said (emoji, markup)."""

    pcm: bytes
    """s16le, mono, 24 kHz; ends with the pause that the text's last punctuation asks for."""
    marks: tuple[Mark, ...]
    """Offsets and times both rise, without equals among the offsets; several characters may share a mark (26, %)."""

    @property
    def duration_ms(self) -> int:
        """Length of `pcm` in whole milliseconds."""
        return samples_to_ms(len(self.pcm) // BYTES_PER_SAMPLE, SAMPLE_RATE_HZ)

    def characters_heard(self, text: str, heard_ms: int) -> int:
        """How many characters of `text`, from its start, were heard when playback stopped after `heard_ms`.

        A word counts once more than half of its time has passed, and takes what follows it up to the next word along.
        All of a text that has no sound counts as heard.
        """
        ends_ms = [*(after.audio_ms for _, after in pairwise(self.marks)), self.duration_ms]
        for mark, end_ms in zip(self.marks, ends_ms, strict=False):
            if 2 * heard_ms <= mark.audio_ms + end_ms:
                return mark.offset if mark is not self.marks[0] else 0
        return len(text)


class Synthesiser(Protocol):
    """Turns texts into speech for any number of sessions."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Names that `speak` takes; the first is the default."""
        ...

    async def speak(self, text: str, *, voice: str, speed: float) -> Speech:
        """Say one clause. Cancelling the call harms no other.

        Raises:
            ValueError: an unknown voice, a speed outside `SLOWEST`–`FASTEST`, a text longer than a clause can be.
            OverloadedError: too many clauses wait already.
            SynthesisError: this text could not be said.
        """
        ...
