"""PCM: known values of G.711, round trips, clipping, split samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoglm_agent.audio.pcm import Encoding, PcmReader, decode, encode

EVERY_BYTE = bytes(range(256))


@pytest.mark.parametrize(
    ("encoding", "linear", "code"),
    [  # ITU-T G.711, tables 1a and 2a, as 16-bit values
        (Encoding.MULAW, 0, 0xFF),
        (Encoding.MULAW, 32767, 0x80),
        (Encoding.MULAW, -32768, 0x00),
        (Encoding.MULAW, 1000, 0xCE),
        (Encoding.MULAW, -1000, 0x4E),
        (Encoding.ALAW, 0, 0xD5),
        (Encoding.ALAW, -1, 0x55),
        (Encoding.ALAW, 32767, 0xAA),
        (Encoding.ALAW, -32768, 0x2A),
        (Encoding.ALAW, 1000, 0xFA),
    ],
)
def test_g711_encodes_known_values(encoding, linear, code):
    assert encode(np.array([linear / 32768]), encoding) == bytes([code])


@pytest.mark.parametrize(
    ("encoding", "code", "linear"),
    [
        (Encoding.MULAW, 0xFF, 0),
        (Encoding.MULAW, 0x80, 32124),
        (Encoding.MULAW, 0x00, -32124),
        (Encoding.ALAW, 0xD5, 8),
        (Encoding.ALAW, 0xAA, 32256),
        (Encoding.ALAW, 0x2A, -32256),
    ],
)
def test_g711_decodes_known_values(encoding, code, linear):
    assert decode(bytes([code]), encoding)[0] * 32768 == linear


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_g711_codes_survive_a_round_trip(encoding):
    again = encode(decode(EVERY_BYTE, encoding), encoding)
    # µ-law has two zeros; the negative one comes back as the positive one.
    expected = EVERY_BYTE.replace(b"\x7f", b"\xff") if encoding is Encoding.MULAW else EVERY_BYTE
    assert again == expected


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_g711_error_stays_within_half_a_step(encoding):
    linear = np.arange(-32000, 32000, 7, dtype=np.float32) / 32768
    error = np.abs(decode(encode(linear, encoding), encoding) - linear)
    assert (error <= np.abs(linear) / 32 + 16 / 32768).all()


def test_every_int16_survives_a_round_trip():
    data = np.arange(-32768, 32768).astype("<i2").tobytes()
    assert encode(decode(data)) == data


def test_what_exceeds_full_scale_is_clipped_not_wrapped():
    assert encode(np.array([1.5, 1.0, -1.5])) == np.array([32767, 32767, -32768], dtype="<i2").tobytes()


def test_half_a_sample_is_refused():
    with pytest.raises(ValueError, match="multiple of element size"):
        decode(b"\x01\x02\x03")


@given(data=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40), max_size=6))
def test_a_reader_gives_the_same_samples_however_the_bytes_are_cut(data, cuts):
    reader = PcmReader()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [reader.feed(data[start:end]) for start, end in itertools.pairwise(edges)]
    assert np.array_equal(np.concatenate(pieces), decode(data[: len(data) // 2 * 2]))
