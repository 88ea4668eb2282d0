"""Human syllables and words joined into sentences: natural timbre for any text, where whole natural sentences are few.

The recordings are isolated and slow, so each is first shortened without changing its pitch (WSOLA, Verhelst and
Roelands 1993), then crossfaded with its neighbours. Prosody is not modelled:
this complements recorded sentences, no more.
"""

from __future__ import annotations

import multiprocessing
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from autoglm_agent.training.speech.speech_phones import pinyin_of
from autoglm_agent.training.speech.speech_wave import (
    SAMPLE_RATE_HZ,
    joined,
    levelled,
    resampled,
    to_float,
    to_int16,
    trimmed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.training.speech.speech_natural import Recording

TEMPOS = (1.0, 1.3, 1.6, 2.0, 2.5, 3.2)
"""Shortening factors; a recorded syllable lasts 0.4 to 0.9 s, one in a sentence 0.2 s."""
_SYLLABLE_S = (0.16, 0.36)
"""Range of a sentence's mean time for a syllable; each syllable differs from it by up to a quarter."""
_NEUTRAL_S = 0.12
_PITCHES = (800, 864, 896, 900, 960, 972, 1000, 1008, 1024, 1080, 1120, 1152)
"""Resampling denominators over 960: pitch and formants from 17 % lower to 20 % higher."""
_NEUTRAL_FALLBACK = ("4", "1", "3", "2")
_WINDOW = SAMPLE_RATE_HZ * 24 // 1000
_HOP = _WINDOW // 2
_SEARCH = SAMPLE_RATE_HZ * 7 // 1000
"""Half a period of the lowest voice (70 Hz)."""
_CORE_LEAD, _CORE_TAIL = 240, 160
"""Kept at the ends of a unit inside a sentence, 15 and 10 ms, from where it is 28 dB under its loudest."""
_CORE_BELOW_PEAK_DB = 28.0
_LONGEST_WORD = 4


def shortened(wave: NDArray[np.float32], tempo: float) -> NDArray[np.float32]:
    """`wave` played `tempo` times as fast at the same pitch, by waveform-similarity overlap-add."""
    frames = int((wave.size - _WINDOW - _SEARCH) / (tempo * _HOP))
    if frames < 2 or tempo == 1.0:
        return wave
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    result = np.zeros((frames + 1) * _HOP + _WINDOW, np.float32)
    result[:_HOP] = wave[:_HOP] * (1 - window[:_HOP])
    position = 0
    for index in range(frames):
        result[index * _HOP : index * _HOP + _WINDOW] += wave[position : position + _WINDOW] * window
        natural = wave[position + _HOP : position + _HOP + _WINDOW]
        ideal = int((index + 1) * _HOP * tempo)
        first = max(0, ideal - _SEARCH)
        region = wave[first : ideal + _SEARCH + _WINDOW]
        if natural.size < _WINDOW or region.size < _WINDOW:
            break
        position = first + int(np.argmax(np.correlate(region[::2], natural[::2], mode="valid"))) * 2
    return result[: frames * _HOP + _HOP]


@dataclass(slots=True)
class SyllableBank:
    """Recorded units by what they say. `units[voice][key]` holds every take; shortened takes are kept once made."""

    units: dict[str, dict[str, list[NDArray[np.float32]]]] = field(default_factory=dict)
    words: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    _cache: dict[tuple[str, str, int, float], NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def of(cls, recordings: Iterable[Recording]) -> SyllableBank:
        """The bank of the training recordings among `recordings`: syllables by voice, words, nothing held out."""
        units: dict[str, dict[str, list[NDArray[np.float32]]]] = defaultdict(lambda: defaultdict(list))
        words: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
        for item in recordings:
            if item.split != "train" or item.source not in ("syllable", "syllable2", "word"):
                continue
            core = levelled(trimmed(to_float(item.wave), _CORE_LEAD, _CORE_TAIL, _CORE_BELOW_PEAK_DB))
            if item.source == "word":
                words[item.text].append(core)
            else:
                units[item.speaker][item.text].append(core)
        return cls({voice: dict(takes) for voice, takes in sorted(units.items())}, dict(words))

    def has_syllable(self, pinyin: str) -> bool:
        """True if some voice says the syllable, or any tone of it when the tone is neutral."""
        return any(self._key(voice, pinyin) for voice in self.units)

    def _key(self, voice: str, pinyin: str) -> str | None:
        if pinyin in self.units[voice]:
            return pinyin
        tones = _NEUTRAL_FALLBACK if pinyin.endswith("5") else ()
        return next((pinyin[:-1] + tone for tone in tones if pinyin[:-1] + tone in self.units[voice]), None)

    def syllable(self, pinyin: str, voice: str, seconds: float, rng: random.Random) -> NDArray[np.float32]:
        """One take of a syllable, of `voice` if it has it; a neutral tone is a short, soft take of another tone.

        Raises KeyError if no voice has it.
        """
        for candidate in (voice, *(other for other in self.units if other != voice)):
            key = self._key(candidate, pinyin)
            if key is not None:
                neutral = pinyin.endswith("5")
                take = rng.randrange(len(self.units[candidate][key]))
                wave = self._shortened(candidate, key, take, _NEUTRAL_S if neutral else seconds)
                return wave * np.float32(0.5) if neutral else wave
        raise KeyError(pinyin)

    def word(self, word: str, seconds: float, rng: random.Random) -> NDArray[np.float32]:
        """One take of a recorded word, shortened to about `seconds`."""
        return self._shortened("", word, rng.randrange(len(self.words[word])), seconds)

    def _shortened(self, voice: str, key: str, take: int, seconds: float) -> NDArray[np.float32]:
        wave = (self.units[voice][key] if voice else self.words[key])[take]
        wanted = wave.size / (seconds * SAMPLE_RATE_HZ)
        tempo = min(TEMPOS, key=lambda factor: abs(factor - wanted))
        place = (voice, key, take, tempo)
        if place not in self._cache:
            self._cache[place] = shortened(wave, tempo)
        return self._cache[place]


def _finish(parts: list[NDArray[np.float32]], rng: random.Random) -> NDArray[np.int16]:
    """The parts with varied loudness, crossfaded by 20 to 60 ms, the pitch changed as a whole, silence around."""
    parts = [part * np.float32(rng.uniform(0.7, 1.2)) for part in parts]
    overlaps = [rng.randint(320, 960) for _ in parts[1:]]
    wave = resampled(joined(parts, overlaps), 960, rng.choice(_PITCHES))
    lead, tail = (np.zeros(rng.randint(800, 3200), np.float32) for _ in range(2))
    return to_int16(levelled(np.concatenate([lead, wave, tail])))


def concatenated_syllables(pinyin: Sequence[str], bank: SyllableBank, rng: random.Random) -> NDArray[np.int16]:
    """A sentence of human syllables, 16 kHz. One voice and about one pace for the sentence; deterministic by `rng`.

    Raises KeyError for a syllable nobody recorded (English words among them); see `SyllableBank.has_syllable`.
    """
    voice, pace = rng.choice(list(bank.units)), rng.uniform(*_SYLLABLE_S)
    return _finish([bank.syllable(item, voice, pace * rng.uniform(0.75, 1.25), rng) for item in pinyin], rng)


def concatenated_speech(text: str, bank: SyllableBank, rng: random.Random) -> NDArray[np.int16]:
    """A Mandarin sentence of recorded words where possible (longest first), else of syllables. Raises KeyError."""
    voice, pace = rng.choice(list(bank.units)), rng.uniform(*_SYLLABLE_S)
    pinyin = pinyin_of(text)
    if len(pinyin) != len(text):
        raise KeyError(text)
    parts: list[NDArray[np.float32]] = []
    position = 0
    while position < len(text):
        lengths = range(min(_LONGEST_WORD, len(text) - position), 1, -1)
        size = next((n for n in lengths if text[position : position + n] in bank.words), 1)
        if size > 1:
            parts.append(bank.word(text[position : position + size], pace * size, rng))
        else:
            parts.append(bank.syllable(pinyin[position], voice, pace * rng.uniform(0.75, 1.25), rng))
        position += size
    return _finish(parts, rng)


def joined_words(bank: SyllableBank, rng: random.Random, count: int) -> tuple[str, NDArray[np.int16]]:
    """`count` random recorded words as one phrase: its text and its wave."""
    words = [rng.choice(list(bank.words)) for _ in range(count)]
    pace = rng.uniform(*_SYLLABLE_S) * 1.3
    return "".join(words), _finish([bank.word(word, pace * len(word), rng) for word in words], rng)


def spoken_by_people(text: str, bank: SyllableBank, seed: int) -> NDArray[np.int16] | None:
    """`text` joined from syllables alone or from words and syllables (by `seed`); None if it cannot be said."""
    rng = random.Random(f"{seed}/{text}")
    try:
        if rng.random() < 0.5:
            return concatenated_syllables(pinyin_of(text), bank, rng)
        return concatenated_speech(text, bank, rng)
    except KeyError:
        return None


class _Speaker:
    """The bank of a worker process: it is made once there and read by every task."""

    bank: ClassVar[SyllableBank]

    @classmethod
    def prepare(cls, recordings: list[Recording]) -> None:
        cls.bank = SyllableBank.of(recordings)

    @classmethod
    def speak(cls, item: tuple[str, int]) -> NDArray[np.int16] | None:
        return spoken_by_people(item[0], cls.bank, item[1])


def spoken_by_people_many(
    texts: Sequence[str], recordings: Iterable[Recording], workers: int, *, seed: int = 0, chunk: int = 64
) -> Iterator[NDArray[np.int16] | None]:
    """`spoken_by_people` of every text, in order, in `workers` processes; each holds its own copy of the units."""
    units = [item for item in recordings if item.split == "train" and item.source in ("syllable", "syllable2", "word")]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pypinyin", __name__])
    with context.Pool(workers, initializer=_Speaker.prepare, initargs=(units,)) as pool:
        yield from pool.imap(_Speaker.speak, [(text, seed) for text in texts], chunksize=chunk)
