"""The voices we offer, by names of ours, and what espeak-ng calls them. A table, no code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """A variant of espeak-ng and how it is levelled."""

    variant: str
    """Empty for the plain voice of the language."""
    gain: float
    """Brings all voices to one loudness, 4,000 RMS of s16 while they sound."""


VOICES: dict[str, EspeakVoice] = {
    "lan": EspeakVoice("Annie", 1.0),
    "ming": EspeakVoice("m3", 0.95),
    "mei": EspeakVoice("belinda", 1.06),
    "gang": EspeakVoice("m7", 0.88),
}
"""Two women and two men with a pitch range wide enough for the tones; the first is the default."""

PLAIN = EspeakVoice("", 1.0)
"""What a text is said with after it crashed its own voice: some variants crash on some phonemes."""
