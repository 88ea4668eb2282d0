"""The engine against the network: cached equals uncached, batched equals alone, in units equals at once; token-exact."""

import numpy as np
import pytest
import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.generation import Generation
from autoglm_agent.engine.grammar import Grammars
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.engine.prompt import to_message
from autoglm_agent.images import load_picture
from tests.engine.conftest import assistant, frame, generate, noise_pcm, open_stream, picture, push, replies, run, user

PCM = noise_pcm(1.9)
PICTURE = picture(1)
SYSTEM = m.Turn(role="system", content=(m.TextPart(text="你是家里的助手。" * 6),))


def heard(bundle, pcm, chunk_frames=8):
    """Speech tokens of a whole recording, by the network's own offline view."""
    samples = torch.from_numpy(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768)[None]
    output = bundle.model.speech(samples, torch.tensor([samples.shape[1]]), chunk_frames)
    return bundle.model.speech.adapt(output.hidden)[0]


def seen(bundle, image):
    return bundle.model.vision(torch.from_numpy(load_picture(image)).permute(2, 0, 1)[None])[0]


@torch.inference_mode()
def naive(bundle, request, visual=None, speech=None, image_tokens=None):
    """The same reply with everything computed again for every token through `network.forward`."""
    layout = bundle.layout
    counts = [] if speech is None else [len(speech)]
    tokens = layout.encode(
        [to_message(turn) for turn in request.turns],
        enable_thinking=request.enable_thinking,
        audio_tokens=counts,
        image_tokens=image_tokens,
    )
    generation = Generation(request, 0.0)
    generation.prepare(layout, Grammars(layout))
    ids, blocks = tokens.input_ids.tolist(), tokens.block_ids.tolist()
    is_global, is_text = tokens.is_global.tolist(), tokens.is_text.tolist()
    chosen, results = [], []
    while generation.reason is None:
        output = bundle.model(
            torch.tensor([ids]),
            torch.tensor([blocks]),
            torch.tensor([is_global]),
            torch.tensor([is_text]),
            visual,
            speech,
            uniform_gate=request.uniform_gate,
        )
        results += generation.choose(output.logits[0, -1].clone())
        chosen.append(generation.next_token)
        ids, blocks = [*ids, generation.next_token], [*blocks, -1]
        is_global, is_text = [*is_global, False], [*is_text, False]
    text = "".join(r.text for r in results if isinstance(r, (m.TextDelta, m.ReasoningDelta)))
    return text, output.gate_weights[-1].tolist()


def said(reply):
    return reply.reasoning + reply.text


def test_a_reply_to_picture_and_speech_equals_full_recomputation(bundle, engine):
    request = generate(
        SYSTEM, user(m.ImagePart(frame_id="f"), m.AudioPart(stream_id="u", transcript="我想要那个")), tokens=24
    )
    results = run(engine, open_stream("u"), push("u", PCM), frame("f", PICTURE))
    assert [type(r) for r in results][-1] is m.FrameEncoded
    reply = replies(run(engine, request))["r"]
    expected, weights = naive(bundle, request, seen(bundle, PICTURE), heard(bundle, PCM))
    assert said(reply) == expected
    assert len(expected) >= 12
    gate = reply.finished.gate
    assert [gate.text, gate.image, gate.speech] == pytest.approx(weights, abs=1e-5)
    assert min(weights) > 0
    assert reply.finished.usage.image_tokens == 80
    assert reply.finished.usage.audio_tokens == 12


def test_the_features_matter_to_the_reply(bundle, engine):
    turn = user(m.ImagePart(frame_id="f"), m.AudioPart(stream_id="u", transcript="我想要那个"))
    run(engine, open_stream("u"), push("u", PCM), frame("f", PICTURE), frame("g", picture(9)))
    other = user(m.ImagePart(frame_id="g"), m.AudioPart(stream_id="u", transcript="我想要那个"))
    one = said(replies(run(engine, generate(turn, session="s")))["r"])
    two = said(replies(run(engine, generate(other, session="s")))["r"])
    three = said(replies(run(engine, generate(turn, session="s", uniform_gate=True)))["r"])
    four = said(replies(run(engine, generate(turn, session="s", drop_speech_features=True)))["r"])
    assert len({one, two, three, four}) == 4


def test_the_uniform_gate_equals_the_networks_uniform_gate(bundle, engine):
    run(engine, frame("f", PICTURE))
    request = generate(user(m.ImagePart(frame_id="f"), "这是什么"), tokens=16, uniform_gate=True)
    reply = replies(run(engine, request))["r"]
    expected, weights = naive(bundle, request, seen(bundle, PICTURE))
    assert said(reply) == expected
    assert weights == pytest.approx([0.5, 0.5, 0.0])
    assert reply.finished.gate.speech == 0.0


def test_later_turns_reuse_the_cache_and_change_nothing(bundle, engine):
    run(engine, open_stream("u"), push("u", PCM), frame("f", PICTURE))
    turns = [SYSTEM, user(m.ImagePart(frame_id="f"), "看看桌子上有什么")]
    visual = seen(bundle, PICTURE)
    speech = heard(bundle, PCM)
    first = replies(run(engine, generate(*turns, tokens=20)))["r"]
    assert first.finished.usage.cached_tokens == 0
    assert said(first) == naive(bundle, generate(*turns, tokens=20), visual)[0]
    turns += [assistant(first.text), user(m.AudioPart(stream_id="u", transcript="那旁边的呢"))]
    request = generate(*turns, tokens=20)
    second = replies(run(engine, request))["r"]
    assert second.finished.usage.cached_tokens >= first.finished.usage.input_tokens
    assert said(second) == naive(bundle, request, visual, speech)[0]
    fresh = Engine(bundle, limits=EngineLimits(num_slots=2))
    alone = replies(run(fresh, open_stream("u"), push("u", PCM), frame("f", PICTURE), request))["r"]
    assert said(alone) == said(second)
    assert alone.finished.usage.cached_tokens == 0


def test_a_changed_block_is_computed_again_whole(bundle, engine):
    run(engine, generate(SYSTEM, user("打开客厅的灯")))
    request = generate(SYSTEM, user("打开客厅的窗"), tokens=16)
    reply = replies(run(engine, request))["r"]
    system_length = len(bundle.layout.encode([to_message(SYSTEM)], add_generation_prompt=False))
    assert reply.finished.usage.cached_tokens == system_length
    assert said(reply) == naive(bundle, request)[0]


def test_a_block_that_grew_is_computed_again_whole(bundle, engine):
    """The old block's keys saw less than the new one's must see, though all old tokens are the same."""
    tools = (m.Tool(name="a", description="x", parameters="{}"), m.Tool(name="b", description="y", parameters="{}"))
    run(engine, generate(SYSTEM, user("好"), tools=tools))
    without = generate(SYSTEM, user("好"), tokens=16)
    reply = replies(run(engine, without))["r"]
    assert reply.finished.usage.cached_tokens == 0
    assert said(reply) == naive(bundle, without)[0]


def test_replies_in_a_batch_equal_replies_alone(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=8))
    questions = ["你好", "今天天气怎么样，要带伞吗", "请把空调调到二十六度", "讲个故事吧" * 20]
    requests = [generate(user(q), session=str(i), request=str(i), tokens=40) for i, q in enumerate(questions)]
    together = replies(run(engine, *requests))
    assert engine.metrics.decode_batch >= 1
    for i, request in enumerate(requests):
        assert said(together[str(i)]) == naive(bundle, request)[0]
    assert engine.metrics.steps["decode"] < 4 * 40


def test_attention_beyond_the_window_equals_the_networks(bundle, engine):
    """The tiny window is 64: the system block stays visible as a global one, text in between does not."""
    turns = (SYSTEM, user("很久以前" * 30), assistant("后来" * 30), user("然后呢"))
    request = generate(*turns, tokens=30)
    assert said(replies(run(engine, request))["r"]) == naive(bundle, request)[0]


def test_units_of_work_change_nothing(bundle):
    """A unit that pauses after every layer and spans of eight tokens give the same reply."""
    turns = (SYSTEM, user("很久以前" * 10), assistant("后来" * 30), user("然后呢"))
    request = generate(*turns, tokens=20)
    whole = Engine(bundle, limits=EngineLimits(num_slots=1))
    pieces = Engine(bundle, limits=EngineLimits(num_slots=1, unit_ms=0.0, prefill_tokens=8))
    first, second = replies(run(whole, request))["r"], replies(run(pieces, request))["r"]
    assert said(first) == said(second)
    assert pieces.metrics.steps["prefill"] > 10 * whole.metrics.steps["prefill"]


def test_a_speculative_prefill_is_what_the_generation_finds(bundle, engine):
    ahead = generate(SYSTEM, user("你是谁"), request="ahead", prefill_only=True)
    reply = replies(run(engine, ahead))["ahead"]
    assert reply.finished.reason == "prefilled"
    assert reply.finished.usage.output_tokens == 0
    request = generate(SYSTEM, user("你是谁"), tokens=16)
    answer = replies(run(engine, request))["r"]
    assert answer.finished.usage.cached_tokens == answer.finished.usage.input_tokens - 1
    assert said(answer) == naive(bundle, request)[0]


def test_another_sessions_beginning_is_taken_over(bundle, engine):
    run(engine, generate(SYSTEM, user("你是谁"), session="a"))
    request = generate(SYSTEM, user("你会什么"), session="b", tokens=16)
    reply = replies(run(engine, request))["r"]
    assert reply.finished.usage.cached_tokens > 40
    assert said(reply) == naive(bundle, request)[0]


def test_a_talk_of_one_session_a_turn_finds_its_history_among_others(bundle, engine):
    """As over chat completions: short talks are not what makes room while something older is of no use."""

    def turn(session, *turns):
        reply = replies(run(engine, generate(*turns, session=session, tokens=16)))["r"]
        engine.submit(m.CloseSession(session_id=session))
        return reply

    for number in range(5):
        turn(f"long {number}", user(f"故事{number}：" + "很久以前" * 20))
    first = turn("mother 1", SYSTEM, user("我明天想带女儿去动物园"))
    turn("neighbour 1", user("我周末要带奶奶去海洋馆"))
    turns = (SYSTEM, user("我明天想带女儿去动物园"), assistant(first.text), user("大熊猫吃什么"))
    second = turn("mother 2", *turns)
    assert second.finished.usage.cached_tokens >= first.finished.usage.input_tokens
    assert said(second) == naive(bundle, generate(*turns, tokens=16))[0]


def test_thinking_is_the_networks_too(bundle, engine):
    request = generate(user("三加五等于几"), tokens=30, enable_thinking=True, max_thinking_tokens=9)
    reply = replies(run(engine, request))["r"]
    assert said(reply) == naive(bundle, request)[0]
    assert reply.finished.usage.reasoning_tokens <= 9
    assert reply.text
