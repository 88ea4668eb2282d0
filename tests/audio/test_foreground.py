"""Whose voice counts: one that stands out of the voices that are always there."""

from __future__ import annotations

import numpy as np

from autoglm_agent.audio.foreground import LEARNED_OVER, Foreground
from autoglm_agent.audio.pcm import encode
from autoglm_agent.audio.vad import WINDOW

RANDOM = np.random.default_rng(0)


def window(level_db: float) -> bytes:
    return encode((RANDOM.normal(size=WINDOW) * 10 ** (level_db / 20)).astype(np.float32))


def heed(foreground, levels_db, *, is_voiced=True, in_speech=False) -> list[bool]:
    return [foreground.heed(window(level), is_voiced=is_voiced, in_speech=in_speech) for level in levels_db]


def test_an_even_crowd_becomes_background_and_who_is_louder_is_heard() -> None:
    foreground = Foreground()
    crowd = heed(foreground, [-35.0] * 2 * LEARNED_OVER)
    assert all(crowd[: LEARNED_OVER - 1])
    assert not any(crowd[LEARNED_OVER:])
    assert all(heed(foreground, [-22.0] * 10)[2:])
    assert not any(heed(foreground, [-35.0] * 10)[4:])


def test_one_voice_is_never_background_however_long_it_speaks() -> None:
    syllables = [-20.0, -22.0, -32.0, -38.0, -24.0] * 4 * LEARNED_OVER
    assert all(heed(Foreground(), syllables, in_speech=True))


def test_a_crowd_that_has_gone_is_forgotten() -> None:
    foreground = Foreground()
    heed(foreground, [-35.0] * LEARNED_OVER)
    heed(foreground, [-70.0] * 12, is_voiced=False)
    assert all(heed(foreground, [-38.0] * 10))


def test_a_crowd_taken_for_noise_for_a_while_is_still_the_crowd() -> None:
    foreground = Foreground()
    heed(foreground, [-35.0] * LEARNED_OVER)
    heed(foreground, [-35.0] * 40, is_voiced=False)
    assert not any(heed(foreground, [-35.0] * 10))


def test_steady_noise_without_voices_is_left_to_voice_activity() -> None:
    foreground = Foreground()
    heed(foreground, [-30.0] * 3 * LEARNED_OVER, is_voiced=False)
    assert all(heed(foreground, [-29.0] * 5))


def test_digital_silence_is_no_trouble() -> None:
    assert Foreground().heed(bytes(2 * WINDOW), is_voiced=False, in_speech=False)
