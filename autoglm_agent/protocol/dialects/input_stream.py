"""A dialect's input audio, any rate and packing, to the 24 kHz s16le of the GA input buffer. It holds no turn state.

Resampling is stateful: any chunking of the input gives the same samples, and about 37 ms are held back until `end`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.audio.resample import Resampler
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.input_audio import decode_audio

#: The one rate of the GA input buffer.
GA_RATE_HZ = 24_000
#: Telephone to studio. Outside it a header lies, and a tiny rate would be blown up a thousandfold by resampling.
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 48_000
#: WAVE format tags: plain PCM, and the extensible form that names PCM in its subformat (RFC 2361, mmreg.h).
_WAVE_PCM, _WAVE_EXTENSIBLE = 1, 0xFFFE
_FORMAT_CHUNK = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFormat:
    """How a client packs its audio. `rate_hz` None: every chunk is a whole WAV file and its header tells."""

    name: str
    rate_hz: int | None


class InputStream:
    """One connection's microphone."""

    def __init__(self, audio_format: InputFormat) -> None:
        self._format = audio_format
        self._reader = pcm.PcmReader()
        self._resampler: Resampler | None = None

    @property
    def format(self) -> InputFormat:
        """The format that the next chunk is read in."""
        return self._format

    def configure(self, audio_format: InputFormat) -> None:
        """Read the chunks that follow in another format."""
        if audio_format != self._format:
            self._format = audio_format
            self._reader = pcm.PcmReader()

    def push(self, encoded: str, param: str = "audio") -> bytes:
        """Take one base64 chunk; return what can be said by now, s16le at 24 kHz.

        Raises `RemoteProtocolError`, with nothing changed, for broken base64 and for a WAV that is none.
        """
        data = decode_audio(encoded, param)
        if self._format.rate_hz is None:
            rate_hz, samples = read_wav(data, param)
        else:
            rate_hz, samples = self._format.rate_hz, self._reader.feed(data)
        rest = b""
        if self._resampler is None or self._resampler.source_hz != rate_hz:
            rest = self._flush()
            self._resampler = Resampler(rate_hz, GA_RATE_HZ)
        return rest + pcm.encode(self._resampler.push(samples))

    def end(self) -> bytes:
        """The utterance is over (a commit): return what was held back. The next chunk begins afresh."""
        rest = self._flush()
        self.reset()
        return rest

    def reset(self) -> None:
        """Forget what is held back (a clear)."""
        self._reader = pcm.PcmReader()
        self._resampler = None

    def _flush(self) -> bytes:
        return (
            pcm.encode(self._resampler.flush()) if self._resampler and self._resampler.source_hz != GA_RATE_HZ else b""
        )


def read_wav(data: bytes, param: str) -> tuple[int, pcm.Samples]:
    """Give the rate in Hz and the mono samples of a 16-bit PCM WAV; channels are averaged.

    Sizes that streaming writers leave open (0 or 0xFFFFFFFF) mean the rest. Raises `RemoteProtocolError`.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _bad_wav(param, "it has no RIFF/WAVE header")
    layout: tuple[int, int] | None = None
    position = 12
    while position + 8 <= len(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8
        if name == b"fmt ":
            layout = _read_layout(data[position : position + size], param)
        elif name == b"data":
            if layout is None:
                raise _bad_wav(param, "its samples come before their format")
            return _read_samples(data[position : position + size] if size else data[position:], *layout)
        position += size + size % 2
    raise _bad_wav(param, "it holds no samples")


def _read_layout(chunk: bytes, param: str) -> tuple[int, int]:
    if len(chunk) < _FORMAT_CHUNK.size:
        raise _bad_wav(param, "its format is cut off")
    tag, channels, rate_hz, _, _, bits = _FORMAT_CHUNK.unpack_from(chunk)
    if tag == _WAVE_EXTENSIBLE and len(chunk) >= 26:
        tag = int.from_bytes(chunk[24:26], "little")
    if tag != _WAVE_PCM or bits != 16 or not 1 <= channels <= 8:
        raise _bad_wav(param, "it is not 16-bit PCM")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise _bad_wav(param, f"its rate is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
    return rate_hz, channels


def _read_samples(data: bytes, rate_hz: int, channels: int) -> tuple[int, pcm.Samples]:
    whole = len(data) - len(data) % (2 * channels)
    samples = pcm.decode(data[:whole]).reshape(-1, channels)
    return rate_hz, samples[:, 0] if channels == 1 else samples.mean(axis=1, dtype=np.float32)


def _bad_wav(param: str, why: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"'{param}' is not a usable WAV chunk: {why}.", code="invalid_value", param=param)
