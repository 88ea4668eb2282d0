"""Speech in a client's format: 24 kHz s16le as it is, G.711 at 8 kHz, resampled as one stream.

One encoder serves one answer; pieces join without clicks, and any chunking gives the same bytes. No pacing, no frames.
"""

from __future__ import annotations

from autoglm_agent.audio.pcm import Encoding, PcmReader, encode
from autoglm_agent.audio.resample import Resampler
from autoglm_agent.voice.speech import SAMPLE_RATE_HZ

TELEPHONE_HZ = 8_000
"""The rate of G.711."""


class OutputEncoder:
    """Takes 24 kHz s16le in pieces and gives the bytes of the client's format."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.sample_rate_hz = SAMPLE_RATE_HZ if encoding is Encoding.PCM16 else TELEPHONE_HZ
        self._reader = PcmReader()
        self._resampler = Resampler(SAMPLE_RATE_HZ, self.sample_rate_hz)

    def push(self, pcm: bytes) -> bytes:
        """What is ready by now. G.711 lags by the resampler's filter, up to 40 ms; 24 kHz does not lag."""
        return encode(self._resampler.push(self._reader.feed(pcm)), self.encoding)

    def flush(self) -> bytes:
        """The rest. The stream has ended; make a new encoder for another answer."""
        return encode(self._resampler.flush(), self.encoding) if self.encoding is not Encoding.PCM16 else b""
