"""Turn taking as decisions: no clock, no task."""

from __future__ import annotations

import pytest

from autoglm_agent.protocol.config import SemanticVad, ServerVad
from autoglm_agent.runtime.turn_policy import (
    UNSETTLED_HOLD_MS,
    end_of_turn_probability,
    hold_ms,
    settings_for,
    takes_the_floor,
)


def test_silence_alone_decides_under_server_vad() -> None:
    settings = settings_for(ServerVad(silence_duration_ms=700))
    assert {hold_ms(settings, end_of_turn_probability(words)) for words in ("打开灯", "打开那个", "")} == {700}


@pytest.mark.parametrize("eagerness", ["low", "medium", "high", "auto"])
def test_an_unfinished_sentence_is_waited_for_but_never_longer_than_the_eagerness_allows(eagerness) -> None:
    detection = SemanticVad(eagerness=eagerness)
    settings = settings_for(detection)
    finished = hold_ms(settings, end_of_turn_probability("把客厅的灯打开。"))
    unfinished = hold_ms(settings, end_of_turn_probability("把客厅的灯打开，然后"))
    assert finished < unfinished <= detection.max_wait_ms


def test_the_hold_shrinks_as_the_end_becomes_likelier() -> None:
    settings = settings_for(SemanticVad())
    holds = [hold_ms(settings, tenths / 10) for tenths in range(11)]
    assert holds == sorted(holds, reverse=True)
    assert holds[0] == SemanticVad().max_wait_ms
    assert 250 <= holds[-1] <= 400


def test_nothing_ends_soon_before_the_last_word_was_understood() -> None:
    settings = settings_for(SemanticVad())
    assert hold_ms(settings, 1.0, is_settled=False) == UNSETTLED_HOLD_MS > hold_ms(settings, 1.0)
    assert hold_ms(settings, 0.0, is_settled=False) == hold_ms(settings, 0.0)
    plain = settings_for(ServerVad(silence_duration_ms=200))
    assert hold_ms(plain, 1.0, is_settled=False) == 200


@pytest.mark.parametrize(
    ("voiced_ms", "transcript", "interrupts"),
    [
        (100, "停", False),
        (300, "停", True),
        (300, "", False),
        (700, "", True),
        (600, "知", False),
        (600, "嗯", False),
        (600, "好的。", False),
        (600, "好了别说了", True),
    ],
)
def test_a_cough_or_a_backchannel_does_not_take_the_floor(voiced_ms, transcript, interrupts) -> None:
    assert takes_the_floor(voiced_ms=voiced_ms, transcript=transcript) is interrupts


def test_an_engine_that_lags_is_not_waited_for() -> None:
    assert takes_the_floor(voiced_ms=300, transcript="", is_understood=False)


@pytest.mark.parametrize(
    ("voiced_ms", "transcript", "wants_floor", "interrupts"),
    [
        (100, "", 0.99, False),
        (128, "", 0.99, True),
        (128, "", 0.5, False),
        (400, "", None, False),
        (700, "", 0.1, True),
        (300, "嗯", 0.99, False),
        (300, "停", 0.1, True),
    ],
)
def test_sounds_decide_until_there_are_words_and_only_when_they_are_sure(
    voiced_ms, transcript, wants_floor, interrupts
) -> None:
    assert takes_the_floor(voiced_ms=voiced_ms, transcript=transcript, wants_floor=wants_floor) is interrupts
