"""Speech by espeak-ng (the wheel `espeakng-loader`): Mandarin from toned pinyin, English, Cantonese; many voices.

The library keeps one voice and one random state for the whole process, so `Synthesiser` is one a process and
`synthesise_many` uses processes. Only text goes in and samples come out; noise and rooms are added elsewhere.
"""

from __future__ import annotations

import ctypes
import os
import random
import tempfile
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autoglm_agent.training.speech.readings import light_processes
from autoglm_agent.training.speech.speech_phones import pinyin_of
from autoglm_agent.training.speech.speech_wave import levelled, resampled, to_int16, trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.training.sample import Split

Language = Literal["cmn", "en", "yue"]
_VOICES: dict[Language, str] = {"cmn": "cmn-latn-pinyin", "en": "en-us", "yue": "yue"}

VARIANTS: tuple[str, ...] = tuple(
    (
        "Alex Alicia Andrea Andy Annie AnxiousAndy Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario "
        "Michael Mike Nguyen Reed RicishayMax RicishayMax2 RicishayMax3 Storm Tweaky adam anika announcer antonio "
        "aunty belinda benjamin boris caleb david ed edward edward2 f1 f2 f3 f4 f5 gustave ian iven iven2 iven3 "
        "iven4 john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max "
        "michel miguel mike2 norbert pablo paul pedro quincy rob robert robosoft robosoft2 robosoft3 robosoft4 "
        "robosoft5 robosoft6 robosoft7 sandro shelby steph steph2 steph3 travis victor whisper zac"
    ).split()
)
"""The variants of espeak-ng 1.52 that are intelligible: croaks, demons and other jests are left out."""
EVAL_VARIANTS = frozenset("Andrea Hugo Mario belinda david f4 iven3 m3 m7 michel paul steph2".split())
"""Never heard in training: women, men and a spread of timbres."""

_RETRIEVAL_SYNCHRONOUS = 2
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8 = 1
_LIBRARY_RATE_HZ = 22_050
_WARP_UP, _WARP_DOWN = 640, 882
"""22,050 Hz to 16 kHz as a ratio of whole numbers; the warp changes the second."""
_WARP_CHOICES = (784, 800, 810, 840, 864, 875, 882, 896, 900, 945, 960, 972, 980, 1000)
"""Products of small primes, whose Fourier transforms are fast: a warp is taken to the nearest."""
STALL_S = 60.0
"""A chunk takes two to eight seconds; a process that needs a minute will never end."""
CHUNK = 256
"""Utterances a process makes before it ends: a few seconds of work against some 20 ms to start it."""
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What to say and how.

    The library keeps the phase of its flutter from one utterance to the next, so equal utterances differ by a fraction
    of a period unless what was said before in the process was equal too; `synthesise_many` sees to that.
    """

    text: str
    """Characters (Mandarin, Cantonese) or English; for `cmn` also toned pinyin when `pinyin` is given."""
    voice: str = ""
    """A name of `VARIANTS`; empty for the language's plain voice."""
    rate: int = 175
    """Words a minute, 80 to 450."""
    pitch: int = 50
    """0 to 99."""
    range: int = 50
    """Spread of the pitch, 0 to 99; Mandarin tones flatten below 30."""
    lang: Language = "cmn"
    seed: int = 0
    """Of the breath and noise sources of some voices."""
    warp: float = 1.0
    """Speed, pitch and formants together (above 1: faster and higher), by resampling."""
    pinyin: str = ""
    """Toned pinyin that overrides the reading of `text`; taken from a cache by callers that have it."""


class Synthesiser:
    """The espeak-ng library of this process. Use `synthesiser()`; a second instance would share the same state."""

    def __init__(self) -> None:
        import espeakng_loader  # an extra of training

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = str(espeakng_loader.get_data_path()).encode()
        if self._library.espeak_Initialize(_RETRIEVAL_SYNCHRONOUS, 0, data_path, 1 << 15) != _LIBRARY_RATE_HZ:
            raise RuntimeError("espeak-ng did not initialise at 22,050 Hz")
        self._chunks: list[bytes] = []
        self._callback: Any = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)
        self._voice = ""

    def _take(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, count * 2))
        return 0

    def speak(self, utterance: Utterance) -> NDArray[np.int16]:
        """The samples as the library gives them, 22,050 Hz. Raises ValueError for an unknown voice."""
        voice = _VOICES[utterance.lang] + (f"+{utterance.voice}" if utterance.voice else "")
        # The library itself takes an unknown variant silently for none.
        known = not utterance.voice or utterance.voice in VARIANTS
        if not known or self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, utterance.rate), (_PITCH, utterance.pitch), (_RANGE, utterance.range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(utterance.seed + 1))
        self._chunks.clear()
        payload = spoken_input(utterance).encode()
        if self._library.espeak_Synth(payload, len(payload) + 1, 0, 1, 0, _UTF8, None, None) != 0:
            raise RuntimeError(f"espeak-ng could not say {utterance.text!r}")
        return np.frombuffer(b"".join(self._chunks), np.int16)


@lru_cache(maxsize=1)
def synthesiser() -> Synthesiser:
    """The one synthesiser of this process."""
    return Synthesiser()


def spoken_input(utterance: Utterance) -> str:
    """What is handed to the library: toned pinyin for Mandarin, the text itself otherwise."""
    if utterance.lang != "cmn":
        return utterance.text
    return utterance.pinyin or " ".join(pinyin_of(utterance.text))


def synthesise(utterance: Utterance) -> NDArray[np.int16]:
    """The utterance at 16 kHz, mono, silence trimmed to a tenth of a second, levelled."""
    wave = synthesiser().speak(utterance).astype(np.float32) / np.float32(32768.0)
    down = min(_WARP_CHOICES, key=lambda choice: abs(choice - _WARP_DOWN * utterance.warp))
    return to_int16(levelled(trimmed(resampled(wave, _WARP_UP, down))))


def random_utterance(
    text: str, split: Split, seed: int, *, lang: Language | None = None, pinyin: str = ""
) -> Utterance:
    """`text` with a voice of the split, a rate, a pitch and a warp, all by `seed` and `text`."""
    rng = random.Random(f"{seed}/{text}")
    names = [name for name in VARIANTS if (name in EVAL_VARIANTS) == (split == "eval")]
    return Utterance(
        text=text,
        voice=rng.choice(names),
        rate=round(rng.triangular(115, 290, 180)),
        pitch=round(rng.triangular(15, 90, 50)),
        range=round(rng.triangular(35, 90, 55)),
        lang=lang or ("en" if text.isascii() else "cmn"),
        seed=rng.randrange(1 << 16),
        warp=rng.triangular(0.88, 1.14, 1.0) if split == "train" else 1.0,
        pinyin=pinyin,
    )


def _make(utterances: Sequence[Utterance], path: str) -> None:
    """Child process: synthesise a chunk into a file (samples of this size are slow through a pipe)."""
    waves = [synthesise(utterance) for utterance in utterances]
    np.savez(path, flat=np.concatenate([*waves, np.zeros(0, np.int16)]), lengths=np.array([len(w) for w in waves]))


@dataclass(slots=True)
class _Job:
    start: int
    stop: int
    path: str
    process: BaseProcess
    began: float


class _Crew:
    """Chunks in the making, each in a process of its own; what kills its process is halved until it is found."""

    def __init__(self, utterances: Sequence[Utterance], workers: int, chunk: int, folder: str) -> None:
        self.utterances = list(utterances)
        self.workers, self.folder = max(1, workers), folder
        self.pending = [(at, min(at + chunk, len(self.utterances))) for at in range(0, len(self.utterances), chunk)]
        self.pending.reverse()
        self.running: dict[int, _Job] = {}
        self.done: dict[int, list[NDArray[np.int16]]] = {}
        self.context = light_processes()

    def advance(self) -> None:
        """Start what may start, wait for something to end, take it in."""
        while self.pending and len(self.running) < self.workers and len(self.done) < 4 * self.workers + 8:
            start, stop = self.pending.pop()
            path = f"{self.folder}/{start:08d}.npz"
            process = self.context.Process(target=_make, args=(self.utterances[start:stop], path), daemon=True)
            process.start()
            self.running[process.sentinel] = _Job(start, stop, path, process, time.monotonic())
        ended = {item for item in wait(list(self.running), timeout=1.0) if isinstance(item, int)}
        for sentinel, job in list(self.running.items()):
            if sentinel not in ended and time.monotonic() - job.began > STALL_S:
                job.process.kill()
                ended.add(sentinel)
        for sentinel in sorted(ended, key=lambda item: self.running[item].start):
            self._take(self.running.pop(sentinel))

    def _take(self, job: _Job) -> None:
        job.process.join()
        if job.process.exitcode == 0:
            with np.load(job.path) as made:
                self.done[job.start] = np.split(made["flat"], np.cumsum(made["lengths"])[:-1])
            os.unlink(job.path)
        elif job.stop - job.start > 1:
            middle = (job.start + job.stop) // 2
            self.pending += [(middle, job.stop), (job.start, middle)]
        else:
            culprit = self.utterances[job.start]
            plain = replace(culprit, voice="", rate=175, pitch=50, range=50)
            if culprit == plain:
                raise RuntimeError(f"espeak-ng cannot say {culprit.text!r}")
            self.utterances[job.start] = plain
            self.pending.append((job.start, job.stop))


def synthesise_many(
    utterances: Sequence[Utterance],
    workers: int,
    *,
    chunk: int = CHUNK,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[NDArray[np.int16]]:
    """The waves of the utterances in their order, made by at most `workers` processes at a time.

    Each chunk has a fresh process, so the same list and chunk give the same samples whatever `workers` is. Some voices
    crash the library or never end at some pitches; such an utterance is found and said in the plain voice instead.
    `progress(done, total)` is called after each chunk. Memory is bounded by what the caller keeps.
    """
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        crew = _Crew(utterances, workers, chunk, folder)
        at = 0
        while at < len(utterances):
            if at not in crew.done:
                crew.advance()
                continue
            waves = crew.done.pop(at)
            at += len(waves)
            yield from waves
            if progress is not None:
                progress(at, len(utterances))
