"""What a voice loop needs of the world: a microphone, a loudspeaker, a camera, as small protocols. Types only.

Sound is `float32` mono at 24 kHz in blocks of 20 ms. The microphone sets the pace: for each block it gives, the
loudspeaker gets one. Hardware is in `sound_card` and `web_camera`, files and memory in `recordings`.
"""

from __future__ import annotations

from typing import Protocol

from autoglm_agent.audio.pcm import Samples

SAMPLE_RATE_HZ = 24_000
"""The one rate of `audio/pcm` on the wire."""
BLOCK = 480
"""Samples of a block, 20 ms: the packet of every telephone and browser."""
BLOCK_S = BLOCK / SAMPLE_RATE_HZ


class Microphone(Protocol):
    """Hears."""

    async def read(self) -> Samples:
        """The next block, `float32 [BLOCK]`, when its last sample has been spoken.

        Raises:
            DeviceError: it was unplugged.
        """
        ...


class Loudspeaker(Protocol):
    """Speaks."""

    @property
    def latency_s(self) -> float:
        """How long after `write` a sample sounds."""
        ...

    async def write(self, block: Samples) -> None:
        """Play the next block, `float32 [BLOCK]`, behind the one before. Silence is written, too.

        Raises:
            DeviceError: it was unplugged.
        """
        ...


class Camera(Protocol):
    """Sees."""

    async def look(self) -> bytes:
        """What is to be seen now, as the bytes of a JPEG or PNG file.

        Raises:
            DeviceError: it was unplugged.
        """
        ...
