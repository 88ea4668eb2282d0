"""The echo bench: talks drawn from a seed, played, and counted; and that it finds what goes wrong."""

from __future__ import annotations

import json

import anyio
import numpy as np
import pytest

from autoglm_agent.bench import echo
from autoglm_agent.bench.echo_replay import EchoOutcome
from autoglm_agent.bench.echo_room import EchoRoom, room_response
from autoglm_agent.bench.echo_scripts import EchoTurn, clauses, echo_scripts, wanted_sounds
from autoglm_agent.client.devices import BLOCK, SAMPLE_RATE_HZ
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop

ALONE, STOPPED = EchoTurn(question="几点了"), EchoTurn(question="几点了", interruption="停", heard_ms=900)


def outcome(turn, *, answered=True, false_starts=0, possible=False, ms=None) -> EchoOutcome:
    return EchoOutcome(
        talk=0, turn=turn, was_answered=answered, false_starts=false_starts, was_possible=possible, interrupt_ms=ms
    )


def test_the_guard_is_what_lets_answers_be_heard_to_their_end(capsys) -> None:
    result = echo.run(turns=2, engine="scripted", seed=1, json=True)
    assert json.loads(capsys.readouterr().out.strip().splitlines()[-1]) == result
    assert result["left_alone_percent"] == 100
    assert result["left_alone_percent_without_guard"] == 0
    assert result["barge_ins_percent"] == 100
    assert result["interrupt_ms_p95"] < 1_000
    assert result["failures"] == []


def test_talks_depend_on_the_seed_alone_and_a_third_of_their_turns_is_interrupted() -> None:
    first = echo_scripts(50, seed=3)
    assert first == echo_scripts(50, seed=3) != echo_scripts(50, seed=4)
    turns = [turn for script in first for turn in script.turns]
    assert [sum(not turn.interruption for turn in turns), sum(bool(turn.interruption) for turn in turns)] == [50, 25]
    said = {text for text, _, _ in wanted_sounds(first)}
    assert all(clause in said for script in first for answer in script.answers for clause in clauses(answer))


def test_each_way_to_go_wrong_is_counted_and_told() -> None:
    outcomes = [
        outcome(ALONE),
        outcome(ALONE, false_starts=2),
        outcome(ALONE, answered=False),
        outcome(ALONE),
        outcome(STOPPED, possible=True, ms=300.0),
        outcome(STOPPED, possible=True),
        outcome(STOPPED),  # nothing was being said: not counted
    ]
    alone, barge_ins, delays = echo._figures(outcomes, "", 95.0)
    assert (alone.values, alone.met) == ((50.0,), False)
    assert (barge_ins.values, barge_ins.met) == ((50.0,), False)
    assert delays.values == (300.0,)
    told = [echo._told(one) for one in outcomes if echo._is_wrong(one)]
    assert [line.split(": ")[-1] for line in told] == [
        "2 false starts", "0 false starts, no answer", "0 false starts, was not stopped",
        "0 false starts, there was nothing to stop",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_room_gives_back_what_is_played_later_softer_and_blurred(seed) -> None:
    response = room_response(np.random.default_rng(seed), level_db=-10.0)
    assert 10 * np.log10(np.sum(np.square(response))) == pytest.approx(-10.0, abs=0.01)
    first = np.flatnonzero(response)[0]
    assert 0.010 * SAMPLE_RATE_HZ <= first < 0.180 * SAMPLE_RATE_HZ
    assert len(response) - first > 0.15 * SAMPLE_RATE_HZ - 1

    async def click() -> np.ndarray:
        room, block = EchoRoom(response, seed=seed), np.zeros(BLOCK, np.float32)
        block[0] = 1.0
        heard = [await room.read()]
        await room.write(block)
        for _ in range(len(response) // BLOCK + 1):
            heard.append(await room.read())
            await room.write(np.zeros(BLOCK, np.float32))
        return np.concatenate(heard)

    heard = anyio.run(click, backend_options={"loop_factory": VirtualTimeLoop})
    assert heard[BLOCK : BLOCK + len(response)] == pytest.approx(response, abs=6e-3)  # and the room's noise
    assert np.abs(heard[:BLOCK]).max() < 6e-3
