"""The guard against our own voice, with real voices in a made room: what it keeps out, and whom it lets in."""

from __future__ import annotations

import numpy as np
import pytest

from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.resample import resample
from autoglm_agent.audio.vad import SileroVad, VadState
from autoglm_agent.bench.echo_room import room_response
from autoglm_agent.client import EchoGuard
from autoglm_agent.client.devices import BLOCK, SAMPLE_RATE_HZ
from autoglm_agent.commands.scenes import MEDIA_DIR

WINDOW_MS = 32


def recording(name: str) -> np.ndarray:
    return resample(read_audio(MEDIA_DIR / name), 16_000, SAMPLE_RATE_HZ)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


@pytest.fixture(scope="module")
def vad():
    return SileroVad()


@pytest.fixture(scope="module")
def own_voice():
    """Some nine seconds of answers with a pause."""
    said = [recording(name) for name in ("zoo1.flac", "zoo3.flac", "zoo2.flac")]
    return np.concatenate([said[0], said[1], silence(0.5), said[2], silence(0.5)])


def echo_of(played, seed, level_db=-10.0):
    response = room_response(np.random.default_rng(seed), level_db=level_db)
    return np.convolve(played, response)[: len(played)].astype(np.float32)


def noise(samples, seed):
    return np.random.default_rng(seed).normal(scale=1e-3, size=samples).astype(np.float32)


def guarded(heard, played, guard=None):
    guard = guard or EchoGuard()
    blocks = range(0, len(played) - BLOCK + 1, BLOCK)
    return np.concatenate([guard.push(heard[at : at + BLOCK], played[at : at + BLOCK]) for at in blocks])


def voiced_ms(vad, samples) -> int:
    windows = resample(samples, SAMPLE_RATE_HZ, 16_000)
    state, voiced = VadState.initial(), 0
    for at in range(0, len(windows) - 511, 512):
        probability, state = vad.step(windows[None, at : at + 512], state)
        voiced += probability[0] > 0.5
    return voiced * WINDOW_MS


@pytest.mark.parametrize("seed", range(4))
def test_own_voice_10_db_down_in_a_room_is_kept_out_from_the_first_word(vad, own_voice, seed) -> None:
    heard = echo_of(own_voice, seed) + noise(len(own_voice), seed)
    assert voiced_ms(vad, heard) > 4_000
    assert voiced_ms(vad, guarded(heard, own_voice)) <= 2 * WINDOW_MS


@pytest.mark.parametrize(("seed", "level"), [(0, 1.0), (1, 1.0), (2, 0.5), (3, 0.5)])
def test_a_user_over_our_voice_is_heard_without_it(vad, own_voice, seed, level) -> None:
    user = level * recording("car.flac")
    start = len(own_voice) - len(user) - SAMPLE_RATE_HZ
    heard = echo_of(own_voice, seed) + noise(len(own_voice), seed)
    heard[start : start + len(user)] += user
    clean = guarded(heard, own_voice)
    alone = voiced_ms(vad, np.concatenate([silence(1), user, silence(0.5)]))
    assert voiced_ms(vad, clean[start : start + len(user)]) > 0.8 * alone
    assert voiced_ms(vad, clean[: start - BLOCK]) <= 2 * WINDOW_MS


def test_while_we_are_silent_nothing_is_touched() -> None:
    guard, user = EchoGuard(), recording("car.flac")
    assert (guarded(user, np.zeros_like(user), guard) == user[: len(user) // BLOCK * BLOCK]).all()


def test_what_we_said_fades_before_the_microphone_is_open_again(own_voice) -> None:
    played = np.concatenate([own_voice[: 2 * SAMPLE_RATE_HZ], silence(1)])
    clean = guarded(echo_of(played, 3), played)
    assert np.abs(clean[-SAMPLE_RATE_HZ // 2 :]).max() < 1e-3
    assert np.abs(clean[: 2 * SAMPLE_RATE_HZ]).max() < 0.02


def test_the_guard_learns_again_when_the_room_changes(vad, own_voice) -> None:
    guard, played = EchoGuard(), np.tile(own_voice, 2)
    guarded(echo_of(own_voice, 0), own_voice, guard)
    moved = guarded(echo_of(played, 1), played, guard)
    assert voiced_ms(vad, moved[len(own_voice) :]) <= 4 * WINDOW_MS
