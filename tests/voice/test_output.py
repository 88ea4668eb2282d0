"""Speech in the client's format: any chunking gives the same bytes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoglm_agent.audio.pcm import Encoding, decode, encode
from autoglm_agent.voice.output import OutputEncoder

SECONDS = 0.5
TONE = encode((0.5 * np.sin(2 * np.pi * 440 * np.arange(int(24_000 * SECONDS)) / 24_000)).astype(np.float32))


def encoded(pieces, encoding):
    encoder = OutputEncoder(encoding)
    return b"".join([*map(encoder.push, pieces), encoder.flush()])


@pytest.mark.parametrize("encoding", Encoding)
@settings(max_examples=20)
@given(edges=st.lists(st.integers(0, len(TONE)), max_size=12).map(sorted))
def test_every_chunking_gives_the_same_bytes(encoding, edges):
    edges = [0, *edges, len(TONE)]
    pieces = [TONE[a:b] for a, b in itertools.pairwise(edges)]
    assert encoded(pieces, encoding) == encoded([TONE], encoding)


def test_24_khz_passes_untouched_and_at_once():
    encoder = OutputEncoder(Encoding.PCM16)
    assert encoder.push(TONE) == TONE
    assert encoder.flush() == b""
    assert encoder.sample_rate_hz == 24_000


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_g711_has_8_khz_keeps_the_length_and_joins_without_clicks(encoding):
    pieces = [TONE[at : at + 960] for at in range(0, len(TONE), 960)]
    samples = decode(encoded(pieces, encoding), encoding)
    assert abs(len(samples) - 8_000 * SECONDS) <= 1
    inside = samples[400:-400]
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(samples)) / 8_000)[400:-400]
    assert np.abs(inside - wanted).max() < 0.03  # a step of G.711 at this level; a click would be ten times that
