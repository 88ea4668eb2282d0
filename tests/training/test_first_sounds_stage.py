"""What first sounds are learned from, and that a little of it is learned; torch and numpy agree."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from autoglm_agent.audio.first_sounds import BANDS, HOP, JOINED, mel_frames
from autoglm_agent.runtime.backchannels import is_listening
from autoglm_agent.training.turns.body_noises import body_noise
from autoglm_agent.training.turns.first_sound_waves import (
    KEPT_SAMPLES,
    LEAD_SAMPLES,
    Amounts,
    Beginning,
    begun,
    crowd,
    listening_text,
)
from autoglm_agent.training.turns.first_sounds_stage import (
    HEARD_SAMPLES,
    FirstSoundsConfig,
    FirstSoundsNetwork,
    fit,
    heard,
    rows_of,
    told_apart,
)

RATE_HZ = 16_000


def hiss(number: int) -> np.ndarray:
    return (np.random.default_rng(number).normal(0, 2_000, RATE_HZ // 2)).astype(np.int16)


def whistle(number: int) -> np.ndarray:
    time_s = np.arange(RATE_HZ // 2) / RATE_HZ
    return (4_000 * np.sin(2 * np.pi * (500 + 20 * number) * time_s)).astype(np.int16)


@pytest.fixture(scope="module")
def beginnings() -> list[Beginning]:
    return [
        one
        for number in range(16)
        for wave, kind in ((hiss(number), "request"), (whistle(number), "listening"), (whistle(number + 1), "noise"))
        for one in begun(wave, "", kind)
    ]


def test_what_is_said_to_show_listening_is_what_the_rules_take_for_it() -> None:
    rng = random.Random(0)
    texts = [listening_text(rng) for _ in range(300)]
    assert all(is_listening(text) for text in texts)
    assert len(set(texts)) > 60
    assert any(text.isascii() for text in texts)


def test_a_beginning_is_kept_from_its_first_sound() -> None:
    quiet = np.zeros(RATE_HZ, np.int16)
    (one,) = begun(np.concatenate([quiet, whistle(3), quiet]), "", "noise")
    loud = np.flatnonzero(np.abs(one.wave.astype(int)) > 1_000)
    assert one.wave.shape == (KEPT_SAMPLES,)
    assert loud[0] == pytest.approx(LEAD_SAMPLES, abs=RATE_HZ // 100)
    assert loud[-1] == pytest.approx(one.length, abs=RATE_HZ // 50)
    assert not list(begun(quiet, "", "noise"))


def test_noises_of_the_body_are_different_and_can_be_heard() -> None:
    noises = [body_noise(np.random.default_rng(seed)) for seed in range(24)]
    assert all(np.abs(noise.astype(int)).max() > 1_000 for noise in noises)
    assert all(0.2 * RATE_HZ < len(noise) < 3 * RATE_HZ for noise in noises)
    assert np.array_equal(noises[5], body_noise(np.random.default_rng(5)))


def test_requests_weigh_as_much_as_all_others_together(beginnings: list[Beginning]) -> None:
    rows = rows_of(beginnings)
    assert rows.weights[rows.requests > 0].sum() == pytest.approx(rows.weights[rows.requests == 0].sum(), rel=1e-5)


def test_the_first_sound_lies_where_it_is_said_to(beginnings: list[Beginning]) -> None:
    sounds = heard(rows_of(beginnings), torch.Generator().manual_seed(0))
    frames = HEARD_SAMPLES // HOP
    assert sounds.mel.shape == (len(beginnings), frames + JOINED - 1, BANDS)
    assert sounds.after_s.shape == (len(beginnings), frames)
    assert (sounds.after_s[:, 0] <= 0).all() and (sounds.after_s[:, -1] > 0.5).all()


def test_two_kinds_are_learned_apart_and_torch_and_numpy_agree(beginnings: list[Beginning]) -> None:
    network, rows = FirstSoundsNetwork(), rows_of(beginnings)
    lines = list(fit(network, rows, FirstSoundsConfig(amounts=Amounts(), epochs=60)))
    told, mistaken = told_apart(network, rows)
    assert len(lines) == 60
    assert told > 0.9
    assert mistaken < 0.1
    pcm = hiss(1)[: 20 * HOP]
    mel = mel_frames(np.concatenate([np.zeros(JOINED * HOP), pcm / 32768.0]).astype(np.float32))
    with torch.inference_mode():
        wanted = torch.sigmoid(network(torch.from_numpy(mel)[None]))[0, -1].item()
    portable = network.portable()
    assert portable(pcm.tobytes(), portable.initial_state())[0] == pytest.approx(wanted, abs=1e-4)


def test_a_crowd_talks_from_beginning_to_end() -> None:
    sounds = [np.concatenate([whistle(number), np.zeros(RATE_HZ // 2, np.int16)]) for number in range(12)]
    one = crowd(sounds, np.random.default_rng(0))
    loudness = np.abs(one.wave.astype(int)).reshape(20, -1).max(1)
    assert (one.kind, one.length) == ("noise", KEPT_SAMPLES)
    assert loudness.min() > 0.2 * loudness.max()
