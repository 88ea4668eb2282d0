"""Devices without hardware: a microphone that is given recordings, a loudspeaker that keeps what it played, a picture.

They keep the time of the event loop, so they run in real time, or in virtual time under a loop that has one.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import anyio
import numpy as np

from autoglm_agent.audio.files import SAMPLE_RATE_HZ as FILE_RATE_HZ
from autoglm_agent.audio.files import ensure_audible, read_audio, write_wav
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.audio.resample import resample
from autoglm_agent.client.devices import BLOCK, BLOCK_S, SAMPLE_RATE_HZ
from autoglm_agent.images import load_picture

MAX_SECONDS = 600.0
"""Of what is said or kept at a time: a talk of ten minutes is 58 MB at 24 kHz."""


def read_recording(path: str | Path) -> Samples:
    """A wav, flac, mp3, ogg or opus file as a microphone hears it, `float32 [num_samples]` at 24 kHz.

    Raises:
        InputError: missing, unreadable, silent, or longer than ten minutes.
    """
    samples = read_audio(path, max_seconds=MAX_SECONDS)
    ensure_audible(samples, str(path))
    return resample(samples, FILE_RATE_HZ, SAMPLE_RATE_HZ)


class RecordedMicrophone:
    """Hears what it is told to `say`, and silence in between, at the speed of sound."""

    def __init__(self) -> None:
        self._pieces: deque[Samples] = deque()
        self._rest: Samples = np.zeros(0, dtype=np.float32)
        self._said = anyio.Event()
        self._said.set()
        self._begin_s: float | None = None
        self._number = 0

    async def say(self, samples: Samples) -> None:
        """Have this heard from the next block on, `float32 [num_samples]` at 24 kHz; return when all of it was read."""
        self._pieces.append(samples)
        if self._said.is_set():
            self._said = anyio.Event()
        await self._said.wait()

    async def read(self) -> Samples:
        """The next block, when it is time for it."""
        if self._begin_s is None:
            self._begin_s = anyio.current_time()
        self._number += 1
        await anyio.sleep_until(self._begin_s + self._number * BLOCK_S)
        while len(self._rest) < BLOCK and self._pieces:
            self._rest = np.concatenate([self._rest, self._pieces.popleft()])
        block, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
        if not len(self._rest) and not self._pieces:
            self._said.set()
        return np.pad(block, (0, BLOCK - len(block)))


class RecordingLoudspeaker:
    """Plays to nobody, and keeps the last ten minutes of it for `save`."""

    latency_s = 0.0

    def __init__(self) -> None:
        self._played: deque[Samples] = deque(maxlen=round(MAX_SECONDS / BLOCK_S))

    @property
    def played(self) -> Samples:
        """All that was played, silence included, `float32 [num_samples]` at 24 kHz."""
        return np.concatenate([np.zeros(0, dtype=np.float32), *self._played])

    async def write(self, block: Samples) -> None:
        """Keep the block."""
        self._played.append(block)

    def save(self, path: str | Path) -> None:
        """Write what was played as a WAV file."""
        write_wav(path, self.played, SAMPLE_RATE_HZ)


class PictureCamera:
    """Sees a picture that stays until another one is shown."""

    def __init__(self, picture: str | Path | bytes) -> None:
        self.show(picture)

    def show(self, picture: str | Path | bytes) -> None:
        """Hold another picture before the camera: a file, or the bytes of one.

        Raises:
            InputError: missing, or no picture.
        """
        load_picture(picture)  # names what is wrong with it
        self._picture = picture if isinstance(picture, bytes) else Path(picture).read_bytes()

    async def look(self) -> bytes:
        """The picture."""
        return self._picture
