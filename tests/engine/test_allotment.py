"""The gate allots visual tokens: a picture worth more than an equal share gets all, another a quarter of them."""

import pytest
import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.model.gating import IMAGE
from tests.engine.conftest import assistant, frame, generate, make_bundle, picture, replies, run, user
from tests.engine.test_parity import naive, said, seen

PICTURE = picture(1)
ALL, GLANCE = 80, 20


@pytest.fixture
def allotting(tokenizer):
    """The tiny network, its gate in use; by `lean` the picture matters much or little to it."""
    bundle = make_bundle(tokenizer)
    bundle.config.gate_allots = True
    with torch.no_grad():
        bundle.model.gate.weigher.weight.zero_()
        bundle.model.gate.weigher.bias.zero_()
    return bundle


def lean(bundle, towards):
    with torch.no_grad():
        bundle.model.gate.weigher.bias[IMAGE] = towards


def ask(engine, *turns, **options):
    return replies(run(engine, generate(*turns, tokens=16, **options)))["r"]


@pytest.mark.parametrize(("towards", "detail", "tokens"), [
    (1.0, "auto", ALL), (-1.0, "auto", GLANCE), (0.0, "auto", GLANCE), (1.0, "low", GLANCE), (-1.0, "high", ALL),
])  # fmt: skip
def test_a_picture_gets_the_tokens_that_it_is_worth(allotting, towards, detail, tokens):
    lean(allotting, towards)
    engine = Engine(allotting, limits=EngineLimits(num_slots=2))
    run(engine, frame("f", PICTURE))
    turn = user(m.ImagePart(frame_id="f", detail=detail), "这是什么")
    reply = ask(engine, turn)
    assert reply.finished.usage.image_tokens == tokens
    visual = seen(allotting, PICTURE)
    if tokens == GLANCE:
        visual = allotting.model.vision.at_a_glance(visual[None])[0]
    expected, weights = naive(allotting, generate(turn, tokens=16), visual, image_tokens=[tokens])
    assert said(reply) == expected
    assert [reply.finished.gate.text, reply.finished.gate.image] == pytest.approx(weights[:2], abs=1e-5)


def test_equal_weights_are_worth_a_glance(allotting):
    lean(allotting, 1.0)
    engine = Engine(allotting, limits=EngineLimits(num_slots=2))
    run(engine, frame("f", PICTURE))
    assert ask(engine, user(m.ImagePart(frame_id="f"), "看"), uniform_gate=True).finished.usage.image_tokens == GLANCE


def test_a_committed_picture_keeps_its_tokens_and_its_keys(allotting):
    """Each block is judged for itself; what comes later, or the loss of the features, changes nothing before it."""
    lean(allotting, -1.0)
    engine = Engine(allotting, limits=EngineLimits(num_slots=2, max_frames=1))
    run(engine, frame("f", PICTURE))
    first = user(m.ImagePart(frame_id="f"), "打开空调")
    reply = ask(engine, first)
    lean(allotting, 1.0)
    run(engine, frame("g", picture(2)))  # "f" has to make room
    later = ask(engine, first, assistant(reply.text), user(m.ImagePart(frame_id="g"), "这是什么"))
    assert later.finished.usage.cached_tokens >= reply.finished.usage.input_tokens
    assert later.finished.usage.image_tokens == GLANCE + ALL


def test_a_gate_that_was_not_trained_to_allot_leaves_pictures_whole(bundle, engine):
    run(engine, frame("f", PICTURE))
    assert ask(engine, user(m.ImagePart(frame_id="f"), "看"), uniform_gate=True).finished.usage.image_tokens == ALL
