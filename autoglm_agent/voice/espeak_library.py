"""The espeak-ng library by ctypes: a voice, a rate and a text in; samples and word events out.

It keeps one voice for the whole process and may crash it, so only the synthesis process loads it (`espeak_worker`).
API: `espeak-ng/speak_lib.h` of espeak-ng 1.52.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 22_050
SLOWEST_RATE, FASTEST_RATE = 80, 450
"""Words a minute; the library clamps what is beyond."""

_RETRIEVAL_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: `espeak_Synth` returns when all samples were handed over
_RATE, _RANGE, _WORD_GAP = 1, 4, 7
_RANGE_OF_TONES = 60  # of 0–99, 50 by default: Mandarin tones are told apart better, and still sound calm
_UTF8 = 1
_BUFFER_MS = 200  # how much a callback brings at once; nobody waits for the first of them
_EVENT_LIST_ENDS, _EVENT_WORD = 0, 1


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class WordEvent:
    """The word at character `position` of the text given to the library begins at sample `sample`."""

    position: int
    sample: int


class EspeakLibrary:
    """The library of this process. A second instance would share its state."""

    def __init__(self) -> None:
        import espeakng_loader  # an extra; it brings the shared object and its data

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = str(espeakng_loader.get_data_path()).encode()
        if self._library.espeak_Initialize(_RETRIEVAL_SYNCHRONOUS, _BUFFER_MS, data_path, 0) != SAMPLE_RATE_HZ:
            raise RuntimeError("espeak-ng did not initialise at 22,050 Hz")
        self._pieces: list[bytes] = []
        self._words: list[WordEvent] = []
        self._callback = _CALLBACK(self._take)  # kept, or it would be collected
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetParameter(_RANGE, _RANGE_OF_TONES, 0)

    def _take(self, samples: int | None, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        index = 0
        while events and events[index].type != _EVENT_LIST_ENDS:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._words.append(WordEvent(event.text_position - 1, event.sample))
            index += 1
        return 0

    def say(
        self, text: str, *, voice: str, rate: int, word_gap: int = 0
    ) -> tuple[npt.NDArray[np.int16], list[WordEvent]]:
        """Synthesise a text.

        Args:
            voice: of the library, `language+variant`.
            rate: words a minute.
            word_gap: silence between words in units of 10 ms at 175 words a minute, more at a slower rate.

        Returns:
            `int16 [num_samples]` at 22,050 Hz, and the words in order of time.

        Raises:
            RuntimeError: the library has no such voice, or refuses the text.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {voice!r}")
        self._library.espeak_SetParameter(_RATE, rate, 0)
        self._library.espeak_SetParameter(_WORD_GAP, word_gap, 0)
        self._pieces.clear()
        self._words.clear()
        payload = text.encode()
        if self._library.espeak_Synth(payload, len(payload) + 1, 0, 1, 0, _UTF8, None, None) != 0:
            raise RuntimeError("espeak-ng refused the text")
        return np.frombuffer(b"".join(self._pieces), np.int16), list(self._words)
