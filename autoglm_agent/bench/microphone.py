"""A microphone that tells when each of its samples was spoken: packets leave when their last sample has been heard.

So the delay of an event is counted from the sound that caused it, not from when a packet was due. Not here: what is
said (`voice`), or listening to the answers.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import anyio
import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.audio.resample import resample
from autoglm_agent.bench import voice
from autoglm_agent.client import RealtimeClient

RATE_HZ = 24_000
PACKET_MS = 20
PACKET_BYTES = 2 * RATE_HZ * PACKET_MS // 1000
REMEMBERED = 64  # stretches of speaking; events come seconds after their sound at most


class Microphone:
    """Speaks into one session in real time, at 24 kHz in packets of 20 ms."""

    def __init__(self, client: RealtimeClient) -> None:
        self._client = client
        self._sent_ms = 0
        self._stretches = deque[tuple[int, float]](maxlen=REMEMBERED)
        self.lags_ms: list[float] = []
        """How late each packet left: the load of this end, not of the server."""

    @property
    def sent_ms(self) -> int:
        """Sound sent so far: the position of the next sample."""
        return self._sent_ms

    def spoken_at(self, position_ms: float) -> float:
        """The moment, on the event loop's clock, at which the sample at this position was spoken."""
        begin_ms, begin_s = self._stretches[0]
        for begin_ms, begin_s in reversed(self._stretches):  # noqa: B007 - the last one looked at is wanted
            if begin_ms <= position_ms:
                break
        return begin_s + (position_ms - begin_ms) / 1000

    async def say(self, packets: list[bytes]) -> None:
        """Send packets at the speed of sound, the first one a packet's length from now."""
        begin_s = anyio.current_time()
        self._stretches.append((self._sent_ms, begin_s))
        for number, packet in enumerate(packets, 1):
            due_s = begin_s + number * PACKET_MS / 1000
            await anyio.sleep_until(due_s)
            self.lags_ms.append((anyio.current_time() - due_s) * 1000)
            await self._client.send_audio(packet)
            self._sent_ms += PACKET_MS


def packets(samples: Samples) -> list[bytes]:
    """Sound at 16 kHz as packets for the wire, the last one filled up with silence."""
    data = pcm.encode(resample(samples, voice.SAMPLE_RATE_HZ, RATE_HZ))
    edges = [*range(0, len(data), PACKET_BYTES), len(data)]
    return [data[start:end].ljust(PACKET_BYTES, b"\0") for start, end in pairwise(edges)]


def silence(seconds: float) -> list[bytes]:
    """Packets of nothing."""
    return packets(np.zeros(round(seconds * voice.SAMPLE_RATE_HZ), dtype=np.float32))
