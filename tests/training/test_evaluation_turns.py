"""The rows of turn taking: a pause that ends a turn is a cut, and delays count from the last sample of speech."""

from __future__ import annotations

import numpy as np
import pytest

from autoglm_agent.protocol.config import SemanticVad, ServerVad
from autoglm_agent.runtime import turn_policy
from autoglm_agent.training.evaluate.eval_cases import Heard
from autoglm_agent.training.evaluate.eval_rows import AMOUNTS, Context
from autoglm_agent.training.evaluate.eval_sets import Material
from autoglm_agent.training.evaluate.eval_turns import (
    LEAD_MS,
    TAIL_MS,
    Silence,
    Take,
    first_decisions,
    judged,
    recorded,
    rows,
    silences,
)

PLAIN, OURS = (turn_policy.settings_for(detection) for detection in (ServerVad(), SemanticVad()))
NOTHING = np.zeros(0, np.int16)


def silence(take: int, begin_ms: int, resumed_ms: int | None, end_of_turn: float) -> Silence:
    return Silence(take, begin_ms, resumed_ms, 0, end_of_turn)


def test_plain_silence_cuts_at_every_long_pause_and_ours_where_it_sounds_finished() -> None:
    noticed = [silence(0, 1000, 1400, 0.0), silence(1, 1000, 1700, 0.0), silence(2, 1000, 1700, 1.0)]
    assert first_decisions(noticed, PLAIN) == {1: 1512, 2: 1512}
    assert first_decisions(noticed, OURS) == {2: 1352}


def test_the_first_decision_counts() -> None:
    noticed = [silence(0, 1000, 1900, 1.0), silence(0, 3000, None, 1.0)]
    assert first_decisions(noticed, OURS) == {0: 1352}


def test_rows_compare_both_ways_on_the_same_takes() -> None:
    takes = [Take(NOTHING, 2000.0), Take(NOTHING, 3000.0, (1000.0, 1700.0)), Take(NOTHING, 3000.0, (1000.0, 1700.0))]
    noticed = [
        silence(0, 2000, None, 1.0),
        silence(1, 1000, 1696, 0.0), silence(1, 3000, None, 1.0),
        silence(2, 1000, 1696, 1.0), silence(2, 3000, None, 1.0),
    ]  # fmt: skip
    found = {key: each.value for key, each in rows("k", takes, noticed).items()}
    assert found == {
        "k_cuts_plain": 100.0, "k_cuts_ours": 50.0, "k_cuts_left": 50.0,
        "k_delay_plain": 512.0, "k_delay_ours": 352.0, "k_delay_more": -160.0,
    }  # fmt: skip


class Hearer:
    """Hears nothing, and takes what is short for a beginning."""

    def answer(self, cases):
        raise AssertionError("nobody is asked")

    def hear(self, waves, chunk_ms):
        return [Heard("", (), float(len(wave) > 16_000)) for wave in waves]


@pytest.mark.slow
def test_a_spoken_sentence_is_noticed_at_its_pause_and_at_its_end() -> None:
    material = Material(workers=1)
    takes = recorded(material, ["帮我查一下北京的天气", "把客厅的窗帘打开一半"], "t")
    assert [take.pause_ms is None for take in takes] == [True, False, True, False]
    noticed = silences(takes)
    ends = {each.take: each.begin_ms for each in noticed if each.resumed_ms is None}
    for number, take in enumerate(takes):
        assert len(take.wave) / 16 == pytest.approx(take.end_ms + TAIL_MS)
        assert ends[number] == pytest.approx(take.end_ms, abs=250)
        if take.pause_ms is not None:
            assert take.pause_ms[0] > LEAD_MS
            assert any(
                take.pause_ms[0] - 250 < each.begin_ms < take.pause_ms[1] for each in noticed if each.take == number
            )
    context = Context(subject=Hearer(), amounts=AMOUNTS["tiny"], material=material)
    assert {each.end_of_turn for each in judged(context, takes, noticed)} <= {0.0, 1.0}
