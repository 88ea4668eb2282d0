"""Speech to measure with: a recording if there is one, or else a voiced signal that voice activity takes for speech.

What is said does not matter to any speed. Not here: sending it (`microphone`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.pcm import Samples

SAMPLE_RATE_HZ = 16_000
MEDIA = Path(__file__).parent.parent / "media"
SUFFIXES = (".wav", ".flac", ".opus", ".ogg", ".mp3")
MAX_SECONDS = 60.0
QUIET = 0.02  # of the peak: what comes before and after is cut off
FRAME = 320
VOICE_PEAK = 0.5

PITCH_HZ = 110.0
HIGHEST_HZ = 4500.0
SYLLABLE_S = 0.15
VOWELS_HZ = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""The first three formants of a, i, u, e, o (Peterson and Barney, 1952)."""


def speech(path: Path | None = None, *, seconds: float) -> tuple[Samples, str]:
    """At most `seconds` of speech at 16 kHz without silence around it, and where it is from.

    Raises:
        InputError: `path` is given and cannot be read.
    """
    source = path or _shipped()
    if source is None:
        return voiced(seconds), "a synthetic voice"
    return trimmed(read_audio(source, max_seconds=MAX_SECONDS))[: round(seconds * SAMPLE_RATE_HZ)], source.name


def lasting(samples: Samples, seconds: float) -> Samples:
    """The same speech over and over, for exactly `seconds`."""
    wanted = round(seconds * SAMPLE_RATE_HZ)
    repeated: Samples = np.tile(samples, -(-wanted // len(samples)))
    return repeated[:wanted]


def trimmed(samples: Samples) -> Samples:
    """Without the silence before the first and after the last sound, at an even loudness."""
    peak = float(np.abs(samples).max())
    if not peak:
        return samples
    loud = np.flatnonzero(np.abs(samples) > QUIET * peak)
    cut = samples[max(0, loud[0] - FRAME) : loud[-1] + FRAME]
    return (cut * (VOICE_PEAK / peak)).astype(np.float32)


def voiced(seconds: float, seed: int = 0) -> Samples:
    """Vowels that glide into each other at a speaking rhythm: harmonics of a moving pitch, weighted by formants."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    moving = 1 + 0.15 * np.sin(2 * np.pi * 0.7 * time_s)
    pitch = PITCH_HZ * moving * (1 + 0.02 * np.sin(2 * np.pi * 5 * time_s))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    turns = np.arange(0, seconds + SYLLABLE_S, SYLLABLE_S)
    vowels = np.array(VOWELS_HZ)[rng.integers(len(VOWELS_HZ), size=len(turns))]
    formants = [np.interp(time_s, turns, vowels[:, i]) for i in range(3)]
    wave: npt.NDArray[np.float64] = np.zeros(len(time_s))
    for harmonic in range(1, int(HIGHEST_HZ / PITCH_HZ)):
        gain = np.full(len(time_s), 0.01)
        for i, formant in enumerate(formants):
            gain += 0.6**i / (1 + ((harmonic * pitch - formant) / (60 * (1 + i / 2))) ** 2)
        wave += gain / np.sqrt(harmonic) * np.sin(harmonic * phase)
    wave *= 0.1 + 0.9 * np.abs(np.sin(np.pi * time_s / SYLLABLE_S))
    wave = wave / np.abs(wave).max() + rng.normal(0, 0.01, len(wave))
    loud: Samples = (wave * (VOICE_PEAK / np.abs(wave).max())).astype(np.float32)
    return loud


def _shipped() -> Path | None:
    """The shortest recording that came with the package, if any did."""
    found = [path for path in MEDIA.rglob("*") if path.suffix in SUFFIXES] if MEDIA.is_dir() else []
    return min(found, key=lambda path: (path.stat().st_size, path.name), default=None)
