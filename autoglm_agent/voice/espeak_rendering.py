"""A clause said by espeak-ng: its runs of one language are synthesised one by one, trimmed and joined with pauses.

Runs in the synthesis process. What is said is `normalise`'s affair, how hanzi are read `pinyin`'s.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from autoglm_agent.audio.clock import ms_to_samples, samples_to_ms
from autoglm_agent.audio.pcm import Samples, encode
from autoglm_agent.audio.resample import resample
from autoglm_agent.voice import speech
from autoglm_agent.voice.espeak_library import SAMPLE_RATE_HZ, SLOWEST_RATE, EspeakLibrary
from autoglm_agent.voice.espeak_voices import EspeakVoice
from autoglm_agent.voice.normalise import PAUSES, Kind, Piece, pieces
from autoglm_agent.voice.pinyin import syllables

Language = Literal["mandarin", "english"]
LIBRARY_VOICES: dict[Language, str] = {"mandarin": "cmn-latn-pinyin", "english": "en-us"}

NORMAL_RATE = 200
"""Words a minute at speed 1.0: four to five syllables a second, as people talk to each other."""
_GAP_AT_SLOWEST_S = 0.031  # what one unit of word gap adds at 80 words a minute (measured)
_WORD_S_TIMES_RATE = 43.0  # a syllable of Mandarin lasts 43 s divided by the rate (measured)

PAUSE_MS: dict[Kind | None, int] = {Kind.COMMA: 150, Kind.STOP: 300, Kind.QUESTION: 300, None: 20}
"""Silence after a run at speed 1.0; None: the language changes, or the clause was cut without punctuation."""
_TONE_OF_VOICE: dict[Kind | None, str] = {Kind.COMMA: ",", Kind.STOP: ".", Kind.QUESTION: "?", None: ","}
QUIET = 0.01
"""Of the loudest sample: below it is silence before and after the sound (−40 dB, weaker than any consonant)."""
MARGIN_MS = 15
"""Left on either side of the sound, so that a soft onset is whole; faded over, so that nothing clicks."""


@dataclass(slots=True)
class Run:
    """Words of one language up to a pause."""

    language: Language
    words: list[tuple[str, int]] = field(default_factory=list)
    """Toned syllables or English words, each with its offset in the original text."""
    ending: Kind | None = None


@dataclass(slots=True)
class _Track:
    """What was synthesised so far: float samples at 22,050 Hz, and where words begin in it."""

    parts: list[Samples] = field(default_factory=list)
    num_samples: int = 0
    begins: dict[int, int] = field(default_factory=dict)

    def add(self, samples: Samples) -> None:
        self.parts.append(samples)
        self.num_samples += len(samples)


def render(library: EspeakLibrary, text: str, voice: EspeakVoice, speed: float) -> speech.Speech:
    """Say `text`. Empty when nothing in it can be said."""
    track = _Track()
    for run in runs(pieces(text)):
        _say(library, run, voice, speed, track)
    if not track.parts:
        return speech.Speech(pcm=b"", marks=())
    wave = np.concatenate(track.parts) * np.float32(voice.gain)
    return speech.Speech(
        pcm=encode(resample(wave, SAMPLE_RATE_HZ, speech.SAMPLE_RATE_HZ)),
        marks=tuple(
            speech.Mark(offset, samples_to_ms(sample, SAMPLE_RATE_HZ))
            for offset, sample in sorted(track.begins.items())
        ),
    )


def runs(found: Sequence[Piece]) -> list[Run]:
    """Cut at pauses and where the language changes; hanzi are read here, whole runs at a time."""
    result: list[Run] = []
    open_run: list[Piece] = []
    for piece in found:
        if piece.kind in PAUSES or (open_run and piece.kind is not open_run[0].kind):
            result += _closed(open_run, piece.kind if piece.kind in PAUSES else None)
            open_run = []
        if piece.kind not in PAUSES:
            open_run.append(piece)
    return result + _closed(open_run, None)


def _closed(run: list[Piece], ending: Kind | None) -> list[Run]:
    if not run:
        return []
    offsets = [piece.offset for piece in run]
    if run[0].kind is Kind.LATIN:
        return [Run("english", list(zip((piece.said for piece in run), offsets, strict=True)), ending)]
    toned = syllables("".join(piece.said for piece in run))
    words = [(syllable, offset) for syllable, offset in zip(toned, offsets, strict=True) if syllable]
    return [Run("mandarin", words, ending)] if words else []


def _say(library: EspeakLibrary, run: Run, voice: EspeakVoice, speed: float, track: _Track) -> None:
    rate, word_gap = _pace(speed)
    library_voice = LIBRARY_VOICES[run.language] + (f"+{voice.variant}" if voice.variant else "")
    starts, length = [], 0
    for word, _ in run.words:
        starts.append(length)
        length += len(word) + 1
    payload = " ".join(word for word, _ in run.words) + _TONE_OF_VOICE[run.ending]
    raw, events = library.say(payload, voice=library_voice, rate=rate, word_gap=word_gap)
    wave, trimmed = _trimmed(raw.astype(np.float32) / np.float32(32768))
    if not len(wave):
        return
    for event in events:
        offset = run.words[max(0, bisect_right(starts, event.position) - 1)][1]
        at = track.num_samples + min(max(0, event.sample - trimmed), len(wave) - 1)
        track.begins.setdefault(offset, at)
    track.add(wave)
    pause_ms = round(PAUSE_MS[run.ending] / speed)
    track.add(np.zeros(max(0, ms_to_samples(pause_ms - MARGIN_MS, SAMPLE_RATE_HZ)), np.float32))


def _pace(speed: float) -> tuple[int, int]:
    """Rate and word gap: below the library's slowest rate, words are set apart as in dictation."""
    rate = NORMAL_RATE * speed
    if rate >= SLOWEST_RATE:
        return round(rate), 0
    missing_s = _WORD_S_TIMES_RATE / rate - _WORD_S_TIMES_RATE / SLOWEST_RATE
    return SLOWEST_RATE, round(missing_s / _GAP_AT_SLOWEST_S)


def _trimmed(wave: Samples) -> tuple[Samples, int]:
    """The sound with a faded margin, and how many samples were cut off before it. Empty for silence."""
    level = np.abs(wave)
    loud = np.flatnonzero(level > QUIET * level.max(initial=0.0))
    if not len(loud):
        return wave[:0], 0
    margin = ms_to_samples(MARGIN_MS, SAMPLE_RATE_HZ)
    start, end = max(0, int(loud[0]) - margin), min(len(wave), int(loud[-1]) + 1 + margin)
    cut = wave[start:end].copy()
    ramp = np.linspace(0, 1, min(margin, len(cut) // 2), dtype=np.float32)
    cut[: len(ramp)] *= ramp
    cut[len(cut) - len(ramp) :] *= ramp[::-1]
    return cut, start
