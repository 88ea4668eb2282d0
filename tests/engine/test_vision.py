"""Pictures: the stages equal the network's forward pass; what is kept, what makes room, what is refused."""

import pytest
import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.images import load_picture
from tests.engine.conftest import frame, generate, picture, replies, run, user


def test_stages_equal_the_forward_pass(bundle):
    image = picture(4, size=(300, 500))
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, unit_ms=0.0))
    results = run(engine, frame("f", image))
    assert [type(r) for r in results] == [m.FrameEncoded]
    assert engine.metrics.steps["vision"] > 5
    expected = bundle.model.vision(torch.from_numpy(load_picture(image)).permute(2, 0, 1)[None])[0]
    torch.testing.assert_close(engine.picture("s", "f").tokens, expected)


@pytest.mark.parametrize("image", [b"", b"no picture at all", picture()[:200]])
def test_a_broken_picture_is_told(engine, image):
    (failed,) = run(engine, frame("f", image))
    assert (failed.code, failed.frame_id) == ("bad_image", "f")
    assert engine.picture("s", "f") is None


def test_the_least_recently_used_picture_makes_room_but_cached_blocks_stay_good(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_frames=2))
    run(engine, frame("a", picture(1)))
    turns = (user(m.ImagePart(frame_id="a"), "这是什么"), m.Turn(role="assistant", content=(m.TextPart(text="杯子"),)))
    run(engine, generate(turns[0]))
    run(engine, frame("b", picture(2)), frame("c", picture(3)))
    assert engine.picture("s", "a").tokens is None
    reply = replies(run(engine, generate(*turns, user("什么颜色"))))["r"]
    assert reply.finished.usage.cached_tokens > 80
    run(engine, generate(user("换个话题")))
    gone = replies(run(engine, generate(*turns, user("什么颜色"))))["r"]
    assert (gone.failed.code, gone.failed.frame_id) == ("feature_missing", "a")
    run(engine, frame("a", picture(1)))
    assert replies(run(engine, generate(*turns, user("什么颜色"))))["r"].finished is not None


def test_all_sessions_together_are_bounded(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_all_frames=3))
    run(engine, *[frame("f", picture(i), session=str(i)) for i in range(5)])
    assert engine.metrics.frames_held == 3
    assert [engine.picture(str(i), "f").tokens is not None for i in range(5)] == [False, False, True, True, True]
    run(engine, m.CloseSession(session_id="4"), m.DropFrame(session_id="3", frame_id="f"))
    assert engine.metrics.frames_held == 1
    assert engine.picture("3", "f") is None


def test_a_new_picture_under_an_old_name_is_not_taken_for_the_cached_one(engine):
    request = generate(user(m.ImagePart(frame_id="f"), "这是什么"))
    first = replies(run(engine, frame("f", picture(1)), request))["r"]
    second = replies(run(engine, frame("f", picture(7)), request))["r"]
    assert second.finished.usage.cached_tokens < 10
    assert second.text != first.text


def test_a_flood_of_pictures_is_refused_and_a_dropped_one_forgotten(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_waiting_frames=2))
    for name in "abc":
        engine.submit(frame(name, picture()))
    engine.submit(m.DropFrame(session_id="s", frame_id="a"))
    results = run(engine)
    assert [(r.frame_id, getattr(r, "code", "")) for r in results] == [("c", "overloaded"), ("b", "")]
