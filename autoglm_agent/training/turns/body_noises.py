"""Noises that voice activity may take for a voice: coughs, cleared throats, hums, laughs, sighs, knocks. Made, not heard.

Each is a few bursts of breath (noise through the resonances of a mouth), of voice (pulses through the same) or of a
struck thing (tones that die away), all of random length, pitch and strength.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autoglm_agent.audio.first_sounds import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Wave = NDArray[np.floating[Any]]

RMS = 0.08


def body_noise(random: np.random.Generator) -> NDArray[np.int16]:
    """One noise at 16 kHz, up to a second and a half long."""
    makers = (_cough, _throat, _hum, _laugh, _sigh, _knocks)
    wave = makers[int(random.integers(len(makers)))](random)
    wave = wave * (RMS / np.sqrt(np.mean(np.square(wave)) + 1e-12))
    quiet = np.zeros(SAMPLE_RATE_HZ // 10)
    samples: NDArray[np.int16] = (np.concatenate([quiet, wave, quiet]).clip(-1, 1) * 32767).astype(np.int16)
    return samples


def _time_s(length_s: float) -> Wave:
    time_s: Wave = np.arange(round(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return time_s


def _mouth(wave: Wave, random: np.random.Generator, *, nasal: bool = False) -> Wave:
    """Through three resonances; a closed mouth has its lowest at 250 Hz and little above."""
    low, high = ((220, 900, 2_000), (320, 1_400, 2_800)) if nasal else ((350, 900, 2_000), (850, 1_800, 3_200))
    hz = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE_HZ)
    strengths = (1.0, 0.1, 0.05) if nasal else (1.0, random.uniform(0.3, 1.2), random.uniform(0.2, 1.0))
    gain = sum(
        strength / (1 + ((hz - formant) / random.uniform(80, 300)) ** 2)
        for strength, formant in zip(strengths, random.uniform(low, high), strict=True)
    )
    shaped: Wave = np.fft.irfft(np.fft.rfft(wave) * (gain + 0.01), len(wave))
    shaped /= np.abs(shaped).max() + 1e-9
    return shaped


def _pulses(length_s: float, random: np.random.Generator, bend: float = 0.3) -> Wave:
    """A voice's source: pitch between 80 and 300 Hz that bends, a little rough."""
    time_s = _time_s(length_s)
    pitch = np.exp(random.uniform(np.log(80), np.log(300)))
    curve = pitch * np.exp(np.interp(time_s, np.linspace(0, length_s, 4), random.normal(0, bend, 4)))
    phase = np.cumsum(curve * (1 + 0.02 * random.normal(size=len(time_s)))) / SAMPLE_RATE_HZ
    pulses: Wave = (phase % 1.0) ** 3 - 0.25 + random.uniform(0.0, 0.1) * random.normal(size=len(time_s))
    return pulses


def _swell(length: int, random: np.random.Generator, *, sharp: bool) -> Wave:
    """Loudness over a burst: up within `rise`, then down."""
    place = np.linspace(0, 1, length)
    rise = random.uniform(0.005, 0.08) if sharp else random.uniform(0.1, 0.4)
    fall = random.uniform(2.0, 6.0) if sharp else random.uniform(0.5, 2.0)
    shape: Wave = np.minimum(place / rise, 1.0) * np.exp(-fall * np.maximum(place - rise, 0.0))
    return shape * np.minimum(1.0, (1 - place) / 0.05)


def _in_a_row(bursts: Sequence[Wave], random: np.random.Generator, gap_s: tuple[float, float]) -> Wave:
    parts = []
    for burst in bursts:
        parts += [burst * random.uniform(0.5, 1.0), np.zeros(round(random.uniform(*gap_s) * SAMPLE_RATE_HZ))]
    return np.concatenate(parts)


def _cough(random: np.random.Generator) -> Wave:
    bursts = []
    for _ in range(int(random.integers(1, 4))):
        length_s = random.uniform(0.12, 0.4)
        breath = _mouth(random.normal(size=len(_time_s(length_s))), random)
        voice = _mouth(_pulses(length_s, random), random) * np.linspace(0, random.uniform(0, 0.8), len(breath))
        bursts.append((breath + voice) * _swell(len(breath), random, sharp=True))
    return _in_a_row(bursts, random, (0.02, 0.2))


def _throat(random: np.random.Generator) -> Wave:
    bursts = []
    for _ in range(int(random.integers(1, 3))):
        length_s = random.uniform(0.2, 0.5)
        rough = _pulses(length_s, random) * (1 + np.sin(2 * np.pi * random.uniform(20, 45) * _time_s(length_s)))
        breath = random.uniform(0.2, 1.0) * random.normal(size=len(rough)) * np.abs(rough).mean()
        bursts.append(_mouth(rough + breath, random) * _swell(len(rough), random, sharp=False))
    return _in_a_row(bursts, random, (0.03, 0.15))


def _hum(random: np.random.Generator) -> Wave:
    bursts = []
    for _ in range(int(random.integers(1, 3))):
        wave = _mouth(_pulses(random.uniform(0.2, 0.7), random, bend=0.2), random, nasal=True)
        bursts.append(wave * _swell(len(wave), random, sharp=False))
    return _in_a_row(bursts, random, (0.03, 0.15))


def _laugh(random: np.random.Generator) -> Wave:
    length_s, count = random.uniform(0.08, 0.16), int(random.integers(2, 7))
    bursts = []
    for _ in range(count):
        voice = _pulses(length_s, random, bend=0.1)
        breath = random.uniform(0.3, 1.0) * random.normal(size=len(voice)) * np.abs(voice).mean()
        bursts.append(_mouth(voice + breath, random) * _swell(len(voice), random, sharp=False))
    return _in_a_row(bursts, random, (0.03, 0.1))


def _sigh(random: np.random.Generator) -> Wave:
    breath = _mouth(random.normal(size=len(_time_s(random.uniform(0.3, 0.9)))), random)
    return breath * _swell(len(breath), random, sharp=False)


def _knocks(random: np.random.Generator) -> Wave:
    bursts = []
    for _ in range(int(random.integers(1, 5))):
        time_s = _time_s(random.uniform(0.08, 0.25))
        tones = sum(
            random.uniform(0.2, 1.0) * np.sin(2 * np.pi * hz * time_s) for hz in random.uniform(80, 1_200, size=3)
        )
        clack = random.uniform(0.1, 1.0) * random.normal(size=len(time_s))
        bursts.append((tones + clack) * np.exp(-time_s / random.uniform(0.008, 0.05)))
    return _in_a_row(bursts, random, (0.02, 0.2))
