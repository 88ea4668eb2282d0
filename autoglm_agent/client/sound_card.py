"""Microphone and loudspeaker of this machine, by `sounddevice` (PortAudio), which is imported when one is opened.

Both belong to one stream, so they have one clock: what is written and what is read stay aligned to the sample, as the
echo guard needs it. PortAudio's blocking calls run in a worker thread, one block at a time.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import numpy as np

from autoglm_agent.audio.pcm import Samples
from autoglm_agent.client.devices import BLOCK, BLOCK_S, SAMPLE_RATE_HZ
from autoglm_agent.errors import DeviceError

AHEAD = 3
"""Blocks of silence written first: a block that is computed late by less than 60 ms leaves no gap."""

Device = int | str | None
"""PortAudio's number of a device, a part of its name, or the system's choice."""


class SoundCard:
    """A `Microphone` and a `Loudspeaker`. Open it with `open_sound_card`."""

    def __init__(self, stream: Any, failure: type[Exception], *, speaks: bool) -> None:
        self._stream, self._failure, self._speaks = stream, failure, speaks

    @property
    def latency_s(self) -> float:
        """What PortAudio tells of its own buffers, and the silence ahead."""
        return float(self._stream.latency[1]) + AHEAD * BLOCK_S if self._speaks else 0.0

    async def read(self) -> Samples:
        """The next block. Raises DeviceError."""
        block, _ = await self._run(self._stream.read, BLOCK)
        heard: Samples = np.ascontiguousarray(block[:, 0], dtype=np.float32)
        return heard

    async def write(self, block: Samples) -> None:
        """Play a block. Raises DeviceError."""
        if self._speaks:
            await self._run(self._stream.write, np.ascontiguousarray(block, dtype=np.float32)[:, None])

    async def _run(self, call: Any, argument: Any) -> Any:
        try:
            return await anyio.to_thread.run_sync(call, argument)
        except self._failure as error:
            raise DeviceError(f"the sound device has failed ({error}); was it unplugged?") from error


@asynccontextmanager
async def open_sound_card(
    *, microphone: Device = None, loudspeaker: Device = None, speaks: bool = True
) -> AsyncIterator[SoundCard]:
    """Open the devices and close them again. Without `speaks` only the microphone.

    Raises:
        DeviceError: the package, the PortAudio library or a device is missing, or does not do mono at 24 kHz.
    """
    sounddevice = _sounddevice()
    try:
        if speaks:
            stream = sounddevice.Stream(**_FORMAT, device=(microphone, loudspeaker))
        else:
            stream = sounddevice.InputStream(**_FORMAT, device=microphone)
        stream.start()
        if speaks:
            stream.write(np.zeros((AHEAD * BLOCK, 1), dtype=np.float32))
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(_missing(sounddevice, error)) from error
    try:
        yield SoundCard(stream, sounddevice.PortAudioError, speaks=speaks)
    finally:
        stream.abort()
        stream.close()


_FORMAT = {"samplerate": SAMPLE_RATE_HZ, "blocksize": BLOCK, "channels": 1, "dtype": "float32"}


def _sounddevice() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ModuleNotFoundError as error:
        raise DeviceError(
            "a microphone needs the package sounddevice: pip install 'autoglm-agent[audio]'; "
            "or give a recording instead"
        ) from error
    except OSError as error:
        raise DeviceError(
            f"sounddevice does not find the PortAudio library ({error}); on Debian or Ubuntu: "
            "apt-get install libportaudio2; or give a recording instead"
        ) from error


def _missing(sounddevice: Any, error: Exception) -> str:
    """Why no stream was opened, and what there is to choose from."""
    try:
        devices = [str(device["name"]) for device in sounddevice.query_devices()]
    except sounddevice.PortAudioError:
        devices = []
    if not devices:
        return "this machine has no sound device; plug in a microphone, or give a recording instead"
    return f"no microphone with a loudspeaker could be opened ({error}); choose among: {'; '.join(devices)}"
