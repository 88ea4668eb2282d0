"""A room with a user in it: a microphone that hears them, the loudspeaker, a little noise. By the event loop's time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from autoglm_agent.audio.pcm import Samples
from autoglm_agent.client import RecordedMicrophone
from autoglm_agent.client.devices import BLOCK, SAMPLE_RATE_HZ

NOISE_RMS = 10 ** (-60 / 20)
"""A quiet room's, −60 dBFS: 42 dB below speech."""
DIRECT_SHARE = 0.7
"""Of the energy at the microphone, at half a metre from the loudspeaker; the rest comes by the walls."""
FADES_BY_DB = 60.0
REVERBERATION_S = (0.15, 0.4)
"""A furnished car to a living room: how long sound takes to fade by 60 dB."""
DELAY_MS = (10, 180)
"""From `write` to the microphone: a sound card with small buffers to Bluetooth or a busy mixer."""


def room_response(random: np.random.Generator, *, level_db: float) -> Samples:
    """How a click of the loudspeaker reaches the microphone, `float32 [num_samples]` at 24 kHz.

    After a delay the sound itself, then what the walls send back. All of it has `level_db` of the click's energy.
    """
    delay = int(random.integers(*DELAY_MS)) * SAMPLE_RATE_HZ // 1000
    fade_s = random.uniform(*REVERBERATION_S)
    walls = random.normal(size=int(fade_s * SAMPLE_RATE_HZ))
    walls *= 10 ** (-FADES_BY_DB / 20 * np.arange(len(walls)) / len(walls))
    walls *= np.sqrt((1 - DIRECT_SHARE) / np.sum(np.square(walls)))
    walls[0] += np.sqrt(DIRECT_SHARE)
    walls *= 10 ** (level_db / 20) / np.sqrt(np.sum(np.square(walls)))
    response: Samples = np.concatenate([np.zeros(delay), walls]).astype(np.float32)
    return response


class EchoRoom:
    """A `Microphone` and a `Loudspeaker`; `mouth` is the user's. What is written is heard from the next block on."""

    latency_s = 0.0

    def __init__(self, response: Samples, *, seed: int = 0) -> None:
        self.mouth = RecordedMicrophone()
        self._random = np.random.default_rng(seed)
        self._size = 1 << (len(response) + BLOCK - 1).bit_length()
        self._response = np.fft.rfft(response, self._size)
        self._echo: npt.NDArray[np.float64] = np.zeros(self._size)

    async def read(self) -> Samples:
        """The next block of everything."""
        spoken = await self.mouth.read()
        noise = self._random.normal(scale=NOISE_RMS, size=BLOCK)
        heard: Samples = (spoken + noise + self._echo[:BLOCK]).astype(np.float32)
        self._echo = np.concatenate([self._echo[BLOCK:], np.zeros(BLOCK)])
        return heard

    async def write(self, block: Samples) -> None:
        """Let a block sound in the room."""
        if block.any():
            self._echo += np.fft.irfft(np.fft.rfft(block, self._size) * self._response, self._size)
