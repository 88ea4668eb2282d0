"""What a program may say, show and write to a `RealtimeVoice`, and how it gets into the session.

A live session is an async iterable of these, in any order: sound as `bytes` (s16le, mono) or as a NumPy array of floats
in [-1, 1], a picture as a `Frame`, a written message as `str`. It ends when the iterable does.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import read_audio, stream_audio
from autoglm_agent.audio.resample import Resampler
from autoglm_agent.client import RealtimeClient

FILE_RATE_HZ = 16_000
"""Of what `recording` gives: the recogniser's own rate."""
WIRE_RATE_HZ = 24_000
PIECE_S = 1
"""A long piece of sound is passed on second by second, so that it can push back."""
PACKET_MS = 20
"""What a microphone gives."""
LAST_SILENCE_MS = 800
"""Sent when the sound ends: longer than the hold of the default turn detection, so that the last turn ends at once."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the camera shows: the bytes of a JPEG or PNG file. A turn uses the newest."""

    image: bytes


Said = bytes | bytearray | memoryview | np.ndarray[Any, Any] | str | Frame
LiveSession = AsyncIterable[Said]


def recording(
    source: str | Path | pcm.Samples, *, after_s: float = 1.0, real_time: bool = True
) -> AsyncGenerator[pcm.Samples, None]:
    """Give a recording (a file, or samples at 16 kHz) as a microphone would, and then `after_s` of silence.

    `real_time` False gives it as fast as it is taken; then nobody can tell who spoke over whom.

    Raises:
        InputError: the file cannot be read. At once, so that no engine is loaded for it.
    """
    if isinstance(source, str | Path):
        next(stream_audio(source), None)
    return _as_spoken(source, after_s, real_time)


async def _as_spoken(
    source: str | Path | pcm.Samples, after_s: float, real_time: bool
) -> AsyncGenerator[pcm.Samples, None]:
    samples = await anyio.to_thread.run_sync(read_audio, source) if isinstance(source, str | Path) else source
    samples = np.concatenate([samples, np.zeros(round(after_s * FILE_RATE_HZ), dtype=np.float32)])
    packet, start_s = FILE_RATE_HZ * PACKET_MS // 1000, anyio.current_time()
    for number, start in enumerate(range(0, len(samples), packet)):
        if real_time:
            await anyio.sleep_until(start_s + number * PACKET_MS / 1000)
        yield samples[start : start + packet]


class Feeder:
    """Passes one live session on to a client of the runtime.

    `is_answering` is for the reader of the client's events to set: a written message then interrupts.
    """

    def __init__(self, client: RealtimeClient, sample_rate_hz: int) -> None:
        self.is_answering = False
        self._client = client
        self._rate_hz = sample_rate_hz
        self._resampler = Resampler(sample_rate_hz, WIRE_RATE_HZ)
        self._odd = b""
        self._has_sound = False

    async def feed(self, session: LiveSession) -> None:
        """Pass on all of it. Raises TypeError for what is neither sound, picture nor text."""
        async for said in session:
            await self._pass_on(said)
        if self._has_sound:
            await self._hear(np.zeros(self._rate_hz * LAST_SILENCE_MS // 1000, dtype=np.float32))
            await self._client.send_audio(pcm.encode(self._resampler.flush()))

    async def _pass_on(self, said: Said) -> None:
        match said:
            case str():
                if self.is_answering:
                    await self._client.cancel_response()
                await self._client.send_text(said)
                await self._client.create_response()
            case Frame(image=image):
                await self._client.send_image(image)
            case np.ndarray():
                await self._hear(said.astype(np.float32, copy=False).reshape(-1))
            case bytes() | bytearray() | memoryview():
                sound = self._odd + bytes(said)
                whole = len(sound) - len(sound) % 2
                self._odd = sound[whole:]
                await self._hear(pcm.decode(sound[:whole]))
            case _:
                raise TypeError(
                    f"a live session gave a {type(said).__name__}; give sound as bytes (s16le, mono) or as an array of "
                    "floats, a picture as Frame(image), a message as str"
                )

    async def _hear(self, samples: pcm.Samples) -> None:
        self._has_sound = True
        step = self._rate_hz * PIECE_S
        for start in range(0, len(samples), step):
            await self._client.send_audio(pcm.encode(self._resampler.push(samples[start : start + step])))
