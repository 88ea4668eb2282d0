"""The suite of conversations: the same events twice, and a judge that finds every fault that was planted."""

from __future__ import annotations

import json
from dataclasses import replace

import anyio
import pytest

from autoglm_agent.bench import conversations
from autoglm_agent.bench.talk_judge import Question, judge
from autoglm_agent.bench.talk_log import Interjection, TalkLog, Told, Turn
from autoglm_agent.bench.talk_replay import replay
from autoglm_agent.bench.talk_scripts import TalkScript, scripts
from autoglm_agent.bench.talk_sounds import spoken

SCRIPT = TalkScript(name="plain", number=0, detection="server_vad", voice="lan", speed=1.0, acts=(), replies=("",))
STORY = "从前有一座山，山里有一座庙。"


def told(at_s, kind, **fields) -> Told:
    return Told(at_s, {"type": kind, **fields})


def turn(start_s, end_s, kind="fluent") -> Turn:
    return Turn(kind=kind, text="你好", start_s=start_s, end_s=end_s)


def nod(start_s) -> Interjection:
    return Interjection(text="嗯", burst=None, start_s=start_s, end_s=start_s + 0.3)


def reply(start_s, *, status="completed", done_s=None) -> list[Told]:
    """A reply of 14 characters that are sent at once and take 2.8 s to play."""
    ids = {"response_id": "r", "item_id": "i"}
    done_s = start_s + 1.8 if done_s is None else done_s
    return [
        told(start_s, "response.created", response={"id": "r"}),
        told(start_s, "response.output_audio_transcript.delta", delta=STORY, **ids),
        told(start_s, "response.output_audio.delta", audio_ms=2_800, **ids),
        told(done_s, "response.done", response={"id": "r", "status": status}),
    ]


def log(*done, events=(), noise=None, remembered=None) -> TalkLog:
    order = sorted(events, key=lambda one: one.at_s)
    script = replace(SCRIPT, noise=noise, snr_db=15.0)
    return TalkLog(script=script, done=list(done), told=order, remembered=remembered or {}, end_s=20.0)


def wrong(log) -> list[Question]:
    return [verdict.question for verdict in judge(log) if verdict.is_wrong]


def started(at_s) -> Told:
    return told(at_s, "input_audio_buffer.speech_started")


def committed(at_s) -> Told:
    return told(at_s, "input_audio_buffer.committed")


def test_a_conversation_without_a_fault_has_none() -> None:
    good = log(turn(1, 2), nod(3.5), events=[started(1.1), committed(2.6), *reply(2.6)], remembered={"i": STORY})
    verdicts = judge(good)
    assert wrong(good) == []
    assert {v.question for v in verdicts} == {
        Question.CUT_FLUENT, Question.MISSED_TURN, Question.FALSE_INTERRUPTION, Question.WRONG_HISTORY,
    }  # fmt: skip
    assert [v.delay_ms for v in verdicts if v.question is Question.MISSED_TURN] == [pytest.approx(600)]


@pytest.mark.parametrize(
    ("kind", "question"),
    [("paused", Question.CUT_WITH_PAUSE), ("hesitant", Question.CUT_WITH_PAUSE), ("fluent", Question.CUT_FLUENT)],
)
def test_a_turn_committed_before_its_end_is_cut(kind, question) -> None:
    cut = log(turn(1, 4, kind), events=[started(1.1), committed(2.5), started(3.2), committed(4.6)])
    assert wrong(cut) == [question]


def test_a_turn_that_nobody_commits_is_missed() -> None:
    assert wrong(log(turn(1, 2), events=[started(1.1), committed(4.5)])) == [Question.MISSED_TURN]


@pytest.mark.parametrize(
    ("told_s", "status", "is_missed"), [(4.4, "cancelled", False), (5.3, "cancelled", True), (None, "completed", True)]
)
def test_an_interruption_must_stop_the_reply_in_time(told_s, status, is_missed) -> None:
    events = [committed(5.2), *reply(2.6, status=status, done_s=told_s or 5.4)]
    barge_in = log(turn(4, 4.6, "interruption"), events=events + ([started(told_s)] if told_s else []))
    verdicts = [v for v in judge(barge_in) if v.question is Question.MISSED_BARGE_IN]
    assert [v.is_wrong for v in verdicts] == [is_missed]
    assert verdicts[0].delay_ms == (None if is_missed else pytest.approx(400))


def test_what_is_said_into_silence_is_no_interruption() -> None:
    late = log(turn(9, 9.6, "interruption"), events=[started(9.1), committed(10.1), *reply(2.6)])
    assert Question.MISSED_BARGE_IN not in [verdict.question for verdict in judge(late)]


@pytest.mark.parametrize(
    "events",
    [
        [started(3.7), *reply(2.6, status="cancelled", done_s=3.7)],
        reply(2.6, status="cancelled", done_s=3.7),
        reply(2.6)[:-1],
    ],
)
def test_a_nod_must_neither_be_told_as_speech_nor_stop_the_reply(events) -> None:
    assert wrong(log(nod(3.5), events=events)) == [Question.FALSE_INTERRUPTION]


def test_noise_that_is_told_as_speech_is_counted_over_replies_and_outside() -> None:
    noisy = log(
        turn(1, 2), events=[started(0.2), started(1.1), committed(2.6), *reply(2.6), started(4)], noise="babble"
    )
    assert wrong(noisy) == [Question.FALSE_INTERRUPTION, Question.PHANTOM]


@pytest.mark.parametrize(
    ("remembered", "is_wrong"),
    [(STORY[:7], False), (STORY[:8], False), (STORY[:10], True), ("山里", True), ("", False)],
)
def test_a_history_may_not_hold_more_than_was_heard(remembered, is_wrong) -> None:
    events = [started(4.0), *reply(2.6, status="cancelled", done_s=4.0), committed(5.2)]
    stopped = log(turn(3.7, 4.6, "interruption"), events=events, remembered={"i": remembered})
    assert (Question.WRONG_HISTORY in wrong(stopped)) is is_wrong


def test_a_reply_heard_to_its_end_is_remembered_whole() -> None:
    assert wrong(log(events=reply(2.6), remembered={"i": STORY[:-1]}, noise="white")) == [Question.WRONG_HISTORY]


def test_every_kind_of_conversation_gives_the_same_log_twice() -> None:
    wanted = scripts(8, seed=3)
    assert len({script.name for script in wanted}) == 8
    sounds = anyio.run(spoken, wanted)
    first, second = (replay(wanted, sounds, lambda text: None) for _ in range(2))
    assert first == second
    assert all(one.told for one in first)
    assert scripts(8, seed=3) == wanted != scripts(8, seed=4)


def test_the_rates_are_told_with_their_opportunities(capsys) -> None:
    result = conversations.run(conversations=8, engine="scripted", seed=1, json=True)
    assert json.loads(capsys.readouterr().out.strip().splitlines()[-1]) == result
    assert sum(result["conversations"].values()) == 8
    assert min(result["opportunities"][key] for key, *_ in conversations.RATES) > 0
    assert result["wrong_histories_percent"] == 0
    assert set(result["met"]) == set(result["targets"])
