"""Urgent work goes first and nothing starves; the gate is asked cheaply and tells the truth."""

import pytest
import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.engine.local import run_to_completion
from autoglm_agent.engine.turnstile import PATIENCE_MS, Turnstile
from tests.engine.conftest import assistant, frame, generate, noise_pcm, open_stream, picture, push, replies, run, user

ALL = dict.fromkeys(PATIENCE_MS, True)


def test_the_most_urgent_kind_goes_first():
    assert Turnstile().pick(ALL, 0.0) == "speech"
    assert Turnstile().pick({**ALL, "speech": False}, 0.0) == "decode"
    assert Turnstile().pick(dict.fromkeys(PATIENCE_MS, False), 0.0) is None


def test_nothing_starves_however_much_speech_there_is():
    turnstile = Turnstile()
    picked = [turnstile.pick(ALL, step * 0.020) for step in range(500)]
    shares = {kind: picked.count(kind) for kind in PATIENCE_MS}
    assert shares["speech"] >= 250
    assert min(shares.values()) >= 40


def test_a_kind_waits_its_patience_and_one_unit_longer_at_most_when_the_rest_is_quick():
    turnstile = Turnstile()
    picked = [turnstile.pick({"decode": True, "vision": True}, step * 0.005) for step in range(100)]
    first = picked.index("vision")
    assert PATIENCE_MS["vision"] <= first * 5 <= PATIENCE_MS["vision"] + 5


def test_speech_is_answered_before_a_long_prompt_is_through(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=2, unit_ms=0.0, prefill_tokens=8))
    run(engine, open_stream("u"))
    engine.submit(generate(user("很久以前" * 50)))
    engine.step()
    engine.submit(push("u", noise_pcm(0.3)))
    assert isinstance(engine.step()[0], m.Transcript)


def test_a_short_prompt_overtakes_a_long_one_which_still_gets_through(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=2, unit_ms=0.0, prefill_tokens=8))
    engine.submit(generate(user("很久以前" * 60), session="long", request="long", tokens=2))
    engine.step()
    engine.submit(generate(user("好"), session="short", request="short", tokens=2))
    ended = [r.request_id for r in run(engine) if isinstance(r, m.Finished)]
    assert ended == ["short", "long"]


def test_a_prompt_waits_for_the_features_it_refers_to(engine):
    request = generate(user(m.ImagePart(frame_id="f"), m.AudioPart(stream_id="u", transcript="好")))
    results = run(engine, open_stream("u"), push("u", noise_pcm(0.9)), frame("f", picture()), request)
    assert replies(results)["r"].finished is not None


HISTORY = (user("今天天气怎么样"), assistant("晴天"))


def fuse(history=HISTORY, stream=None, frame_id=None):
    return m.Fuse(session_id="s", history=history, stream_id=stream, frame_id=frame_id)


def test_weights_while_listening_equal_those_at_commit(engine):
    run(engine, open_stream("u"), push("u", noise_pcm(1.3)), frame("f", picture()))
    transcript = engine.utterance("s", "u").ctc.text
    (weights,) = run(engine, fuse(stream="u", frame_id="f"))
    part = m.AudioPart(stream_id="u", transcript=transcript)
    gate = replies(run(engine, generate(*HISTORY, user(m.ImagePart(frame_id="f"), part))))["r"].finished.gate
    assert [weights.text, weights.image, weights.speech] == pytest.approx(
        [gate.text, gate.image, gate.speech], abs=1e-4
    )
    assert (weights.stream_id, weights.frame_id) == ("u", "f")


@pytest.mark.parametrize(("stream", "frame_id"), [(None, None), ("u", None), (None, "f"), ("u", "f")])
def test_weights_sum_to_one_and_what_is_absent_weighs_nothing(engine, stream, frame_id):
    run(engine, open_stream("u"), push("u", noise_pcm(1.3)), frame("f", picture()))
    (weights,) = run(engine, fuse(stream=stream, frame_id=frame_id))
    assert weights.text + weights.image + weights.speech == pytest.approx(1.0)
    assert (weights.speech == 0) == (stream is None)
    assert (weights.image == 0) == (frame_id is None)


def test_a_growing_history_is_read_once_and_counts_as_if_read_whole(bundle, engine):
    run(engine, frame("f", picture()))
    run(engine, fuse(HISTORY, frame_id="f"))
    longer = (*HISTORY, user("那明天呢"), assistant("有雨，记得带伞"))
    (grown,) = run(engine, fuse(longer, frame_id="f"))
    fresh = Engine(bundle, limits=EngineLimits(num_slots=1))
    run(fresh, frame("f", picture()))
    (whole,) = run(fresh, fuse(longer, frame_id="f"))
    assert grown.text == pytest.approx(whole.text, abs=1e-6)
    (other,) = run(engine, fuse((user("换个话题"),), frame_id="f"))
    assert other.text != pytest.approx(whole.text, abs=1e-6)


def test_the_newest_question_to_the_gate_is_the_one_that_is_answered(engine):
    run(engine, frame("f", picture()))
    engine.submit(fuse(frame_id=None))
    (weights,) = run(engine, fuse(frame_id="f"))
    assert weights.frame_id == "f"


def test_without_a_trained_gate_it_is_off_and_says_so(tokenizer):
    from tests.engine.conftest import make_bundle

    bundle = make_bundle(tokenizer, seed=1)
    bundle.config.gate_trained = bundle.model.config.gate_trained = False
    engine = Engine(bundle, limits=EngineLimits(num_slots=1))
    (failed,) = run(engine, fuse())
    assert failed.code == "bad_request"
    assert "no trained gate" in failed.message
    reply = replies(run(engine, generate(user("你好"))))["r"]
    assert reply.finished.gate is None
    assert reply.text


def test_run_to_completion_pushes_hours_and_keeps_the_order(engine):
    """Audio beyond what a stream may have waiting, then a prompt that refers to it."""
    seconds = 130
    pcm = noise_pcm(1.0) * seconds
    request = generate(user(m.AudioPart(stream_id="u", transcript="好")))
    results = list(run_to_completion(engine, [open_stream("u", chunk_ms=1000), push("u", pcm), request]))
    transcripts = [r for r in results if isinstance(r, m.Transcript)]
    assert transcripts[-1].final
    assert transcripts[-1].audio_ms == seconds * 1000
    assert not [r for r in results if isinstance(r, m.Failed)]
    assert isinstance(results[-1], m.Finished)


def test_a_model_without_ears_or_eyes_says_so(tokenizer):
    from tests.engine.conftest import make_bundle

    bundle = make_bundle(tokenizer, seed=2)
    bundle.model.speech = bundle.model.vision = None
    engine = Engine(bundle, limits=EngineLimits(num_slots=1))
    failures = run(engine, open_stream("u"), frame("f", picture()))
    assert ["ears" in failures[0].message, "eyes" in failures[1].message] == [True, True]
    assert replies(run(engine, generate(user("你好"))))["r"].text


def test_threads_are_given_back(bundle):
    torch.set_num_threads(2)
    try:
        run(Engine(bundle, limits=EngineLimits(num_slots=1)), generate(user("好"), tokens=2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
