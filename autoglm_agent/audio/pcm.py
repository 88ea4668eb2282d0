"""PCM on the wire: s16le, G.711 µ-law and A-law, to and from float samples. No rates here (`resample`), no files.

Floats are `float32` in [-1, 1); an `int16` sample is `float * 32768`.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_FULL_SCALE = 32768.0
_MULAW_BIAS = 0x84  # ITU-T G.711: added before the logarithm, so that the first segment is linear
_MULAW_CLIP = 32635  # the largest magnitude that does not overflow with the bias added


class Encoding(Enum):
    """How one sample is written. The value is the Realtime API's name of the format."""

    PCM16 = "audio/pcm"
    MULAW = "audio/pcmu"
    ALAW = "audio/pcma"

    @property
    def bytes_per_sample(self) -> int:
        """Two for s16le, one for G.711."""
        return 2 if self is Encoding.PCM16 else 1


def decode(data: bytes | bytearray | memoryview, encoding: Encoding = Encoding.PCM16) -> Samples:
    """Bytes to `float32 [num_samples]`.

    Raises:
        ValueError: half a sample; use `PcmReader` where chunks may split one.
    """
    if encoding is Encoding.PCM16:
        return np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    table = _MULAW_DECODE if encoding is Encoding.MULAW else _ALAW_DECODE
    return table[np.frombuffer(data, dtype=np.uint8)]


def encode(samples: npt.NDArray[np.floating], encoding: Encoding = Encoding.PCM16) -> bytes:
    """Float samples to bytes; what exceeds full scale is clipped, never wrapped."""
    scaled = np.rint(np.asarray(samples, dtype=np.float32) * np.float32(_FULL_SCALE))
    linear: npt.NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype("<i2")
    if encoding is Encoding.PCM16:
        return linear.tobytes()
    table = _MULAW_ENCODE if encoding is Encoding.MULAW else _ALAW_ENCODE
    return table[linear.view(np.uint16)].tobytes()


class PcmReader:
    """Decodes a stream whose chunks may split a sample: the odd byte waits for its other half."""

    def __init__(self, encoding: Encoding = Encoding.PCM16) -> None:
        self._encoding = encoding
        self._odd = b""

    def feed(self, data: bytes) -> Samples:
        """The samples that are whole by now."""
        data = self._odd + data
        whole = len(data) - len(data) % self._encoding.bytes_per_sample
        self._odd = data[whole:]
        return decode(data[:whole], self._encoding)


def _mulaw_decode_table() -> Samples:
    """G.711, table 2a: 256 codes to samples."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa << 3) + _MULAW_BIAS) << exponent) - _MULAW_BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) / _FULL_SCALE).astype(np.float32)


def _alaw_decode_table() -> Samples:
    """G.711, table 1a: 256 codes to samples. Even bits are inverted on the line."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) / _FULL_SCALE).astype(np.float32)


def _all_linear() -> npt.NDArray[np.int32]:
    """Every `int16` value, in the order of its bits read as `uint16`."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _segment(magnitude: npt.NDArray[np.int32], lowest_bit: int) -> npt.NDArray[np.int32]:
    """The logarithm's whole part: the index of the highest set bit, counted from `lowest_bit`, within 0–7."""
    highest = np.frexp(magnitude.astype(np.float64))[1].astype(np.int32) - 1
    return np.clip(highest - lowest_bit, 0, 7)


def _mulaw_encode_table() -> npt.NDArray[np.uint8]:
    linear = _all_linear()
    sign = np.where(linear < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(linear), _MULAW_CLIP) + _MULAW_BIAS
    exponent = _segment(magnitude, 7)
    mantissa = (magnitude >> (exponent + 3)) & 15
    codes: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _alaw_encode_table() -> npt.NDArray[np.uint8]:
    linear = _all_linear()
    sign = np.where(linear < 0, 0, 0x80)
    magnitude = np.where(linear < 0, -linear - 1, linear)  # two's complement: -1 is the smallest negative step
    exponent = np.where(magnitude < 256, 0, _segment(magnitude, 7))
    mantissa = np.where(exponent == 0, magnitude >> 4, magnitude >> (exponent + 3)) & 15
    codes: npt.NDArray[np.uint8] = ((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return codes


_MULAW_DECODE = _mulaw_decode_table()
_ALAW_DECODE = _alaw_decode_table()
_MULAW_ENCODE = _mulaw_encode_table()
_ALAW_ENCODE = _alaw_encode_table()
