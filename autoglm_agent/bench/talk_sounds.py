"""The sounds of `bench conversations` at 24 kHz: sentences by espeak-ng, made beforehand, and noises made here.

The synthesiser is a process, which virtual time would run away from, so all that will be said is said before anything
begins. Not here: what is said (`talk_scripts`), or when (`talk_replay`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from autoglm_agent.audio import pcm
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.bench.microphone import RATE_HZ
from autoglm_agent.bench.talk_scripts import VOICES, Burst, Interject, NoiseKind, Say, TalkScript
from autoglm_agent.voice.espeak import EspeakSynthesiser

SPEECH_RMS = 0.122
"""What all voices are levelled to while they sound (`voice.espeak_voices`); noise is so many decibels below it."""
QUIET = 0.01
"""Of the peak: the synthesiser's own pause at the end, which is no part of what is said."""
NOISE_S = 11.0
"""A noise is repeated after this; no event repeats with it."""
BABBLE = (
    "我昨天去了一趟图书馆，借了三本书。",
    "他说下个星期要出差，可能来不了。",
    "这道菜做起来不难，就是要多炒一会儿。",
    "你看见我的钥匙了吗，我找了半天。",
    "电影七点半开始，我们六点出发吧。",
    "孩子们在院子里踢球，吵得很。",
)
BABBLERS = 8
BURST_RMS = 0.15

Spoken = dict[tuple[str, str, float], Samples]
"""By text, voice and speed."""


async def spoken(scripts: Iterable[TalkScript], told: Callable[[], None] = lambda: None) -> Spoken:
    """Say all that the scripts say, and the babble. `told` is called after each text.

    Raises:
        VoiceNotInstalledError: the `voice` extra is missing.
    """
    wanted = dict.fromkeys(
        [(text, script.voice, script.speed) for script in scripts for text in texts(script)]
        + [(text, voice, 1.0) for text in BABBLE for voice in VOICES]
    )
    sounds: Spoken = {}
    async with EspeakSynthesiser() as synthesiser:
        for text, voice, speed in wanted:
            speech = await synthesiser.speak(text, voice=voice, speed=speed)
            sounds[text, voice, speed] = _without_end(pcm.decode(speech.pcm))
            told()
    return sounds


def texts(script: TalkScript) -> list[str]:
    """Everything that is said in a script."""
    found: list[str] = []
    for act in script.acts:
        if isinstance(act, Say):
            found += act.parts
        elif isinstance(act, Interject) and act.text:
            found.append(act.text)
    return found


def silence(ms: int) -> Samples:
    """Nothing, for so long."""
    return np.zeros(RATE_HZ * ms // 1000, dtype=np.float32)


def noise(kind: NoiseKind, snr_db: float, sounds: Spoken, seed: int) -> Samples:
    """Background noise `snr_db` below speech, `NOISE_S` long, to be repeated."""
    random = np.random.default_rng(seed)
    samples = round(NOISE_S * RATE_HZ)
    wave: npt.NDArray[np.floating[Any]]
    match kind:
        case "white":
            wave = random.normal(size=samples)
        case "brown":
            wave = _brown(random, samples)
        case "babble":
            wave = _babble(random, samples, sounds)
    return _levelled(wave, SPEECH_RMS * 10 ** (-snr_db / 20))


def burst(kind: Burst, seed: int) -> Samples:
    """A cough: two bursts of coloured noise. A knock: two or three short dull tones."""
    random = np.random.default_rng(seed)
    count = 2 if kind == "cough" else int(random.integers(2, 4))
    return np.concatenate([_cough(random) if kind == "cough" else _knock(random) for _ in range(count)])


def _cough(random: np.random.Generator) -> Samples:
    """150 to 250 ms, sharp at first, with the resonances of an open mouth and a little voice at its end."""
    time_s = np.arange(int(random.uniform(0.15, 0.25) * RATE_HZ)) / RATE_HZ
    spectrum = np.fft.rfft(random.normal(size=len(time_s)))
    hz = np.fft.rfftfreq(len(time_s), 1 / RATE_HZ)
    gain = sum(
        1 / (1 + ((hz - formant) / 250) ** 2) for formant in random.uniform((450, 1_100, 2_300), (750, 1_600, 3_000))
    )
    wave = np.fft.irfft(spectrum * gain, len(time_s))
    wave /= np.abs(wave).max()
    voice = np.sign(np.sin(2 * np.pi * random.uniform(90, 180) * time_s)) * time_s / time_s[-1] * 0.15
    return _levelled((wave + voice) * np.exp(-time_s / 0.06), BURST_RMS)


def _knock(random: np.random.Generator) -> Samples:
    time_s = np.arange(int(random.uniform(0.12, 0.2) * RATE_HZ)) / RATE_HZ
    wave = np.sin(2 * np.pi * random.uniform(120, 300) * time_s) + 0.3 * random.normal(size=len(time_s))
    return _levelled(wave * np.exp(-time_s / 0.02), BURST_RMS / 2)


def _brown(random: np.random.Generator, samples: int) -> Samples:
    """Power falls with the square of the frequency above 50 Hz: a road, a fan in a box."""
    spectrum = np.fft.rfft(random.normal(size=samples))
    hz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    wave: Samples = np.fft.irfft(spectrum / np.maximum(hz, 50), samples).astype(np.float32)
    return wave


def _babble(random: np.random.Generator, samples: int, sounds: Spoken) -> Samples:
    """Several people who talk at once, each without a stop."""
    wave = np.zeros(samples, dtype=np.float32)
    for number in range(BABBLERS):
        voice = VOICES[number % len(VOICES)]
        order = random.permutation(len(BABBLE))
        talk = np.concatenate([sounds[BABBLE[i], voice, 1.0] for i in order])
        wave += np.roll(np.resize(talk, samples), int(random.integers(samples)))
    return wave


def _levelled(wave: npt.NDArray[np.floating[Any]], rms: float) -> Samples:
    levelled: Samples = (wave * (rms / np.sqrt(np.mean(np.square(wave))))).astype(np.float32)
    return levelled


def _without_end(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max(initial=0.0))
    return samples[: loud[-1] + 1] if len(loud) else samples
