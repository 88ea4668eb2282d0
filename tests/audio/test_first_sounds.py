"""The network that tells by its first sounds who wants the floor: chunks, its file, and what nano's has learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autoglm_agent.audio.first_sounds import (
    BANDS,
    FIRST_SOUNDS_FILE,
    HOP,
    JOINED,
    FirstSounds,
    mel_frames,
)
from autoglm_agent.errors import CheckpointError

WIDTH, UNITS = 6, 10


@pytest.fixture(scope="module")
def network() -> FirstSounds:
    rng = np.random.default_rng(0)
    shapes = {
        "joined": (WIDTH, JOINED * BANDS),
        "joined_bias": (WIDTH,),
        "input": (3 * UNITS, WIDTH),
        "recurrent": (3 * UNITS, UNITS),
        "input_bias": (3 * UNITS,),
        "recurrent_bias": (3 * UNITS,),
        "output": (UNITS,),
        "bias": (1,),
    }
    return FirstSounds({name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()})


def noise(windows: int) -> bytes:
    samples = np.random.default_rng(1).normal(0, 3_000, 2 * HOP * windows)
    return samples.astype("<i2").tobytes()


@pytest.mark.parametrize("hops", [1, 2, 3, 8])
def test_any_cutting_of_the_sound_gives_the_same_judgement(network: FirstSounds, hops: int) -> None:
    pcm, state = noise(12), network.initial_state()
    whole, _ = network(pcm, state)
    for start in range(0, len(pcm), 2 * HOP * hops):
        probability, state = network(pcm[start : start + 2 * HOP * hops], state)
    assert probability == pytest.approx(whole, abs=1e-5)


def test_a_state_is_never_changed_in_place(network: FirstSounds) -> None:
    first = network.initial_state()
    once = network(noise(4), first)[0]
    assert network(noise(4), first)[0] == once


def test_louder_in_one_band_is_seen_in_that_band() -> None:
    time_s = np.arange(4 * HOP) / 16_000
    low, high = (mel_frames(0.3 * np.sin(2 * np.pi * hz * time_s)).mean(0) for hz in (200, 4_000))
    assert low.shape == (BANDS,)
    assert low.argmax() < BANDS // 4 < BANDS // 2 < high.argmax()


def test_the_file_gives_the_same_judgement_back(network: FirstSounds, tmp_path: Path) -> None:
    path = tmp_path / FIRST_SOUNDS_FILE
    network.save(path)
    again = FirstSounds.load(path)
    assert again(noise(10), again.initial_state())[0] == pytest.approx(
        network(noise(10), network.initial_state())[0], abs=0.03
    )


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off"])
def test_a_file_that_is_missing_or_broken_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / FIRST_SOUNDS_FILE
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="copy or save it again"):
        FirstSounds.load(path)
