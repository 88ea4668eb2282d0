"""What a session does while it listens and looks: the end tried early, the gate, frames that show nothing new."""

from __future__ import annotations

import anyio
import numpy as np
import pytest

from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.runtime.vad_hub import VadHub
from tests.interaction.harness import RecordingEngine, kinds, memory_client, silence, speech, until
from tests.interaction.test_turns import jpeg

pytestmark = pytest.mark.anyio

SCRIPT = Script(
    utterances=("你好小智",),
    replies=(ScriptedReply(text="我在讲一个很长的故事", when="故事", stalls=True), ScriptedReply(text="你好")),
)


def session(**fields):
    return {"type": "realtime", "output_modalities": ["text"], **fields}


def frame(colour: str):
    content = [{"type": "input_image", "image_url": jpeg(colour)}]
    return {"type": "message", "role": "user", "content": content}


async def test_the_turn_is_prefilled_before_the_hold_is_over_and_its_answer_uses_the_same_block() -> None:
    engine = RecordingEngine(SCRIPT)
    with anyio.fail_after(5):
        async with memory_client(engine) as client:
            await client.send("session.update", session=session())
            await client.say(speech())
            await client.say(silence(300))
            await until(lambda: any(g.prefill_only for g in engine.asked(m.Generate)))
            assert "input_audio_buffer.speech_stopped" not in kinds(client.seen)
            await client.say(silence(700))
            await client.next("response.done")
    prefill, answer = engine.asked(m.Generate)[-2:]
    assert prefill.prefill_only
    assert not answer.prefill_only
    assert prefill.turns == answer.turns


async def test_speech_that_resumes_voids_the_trial_and_loses_no_audio() -> None:
    engine = RecordingEngine(SCRIPT)
    sentence = speech("thanks.opus")
    detection = {"type": "server_vad", "silence_duration_ms": 1500}
    with anyio.fail_after(5):
        async with memory_client(engine) as client:
            await client.send("session.update", session=session(audio={"input": {"turn_detection": detection}}))
            await client.say(sentence)
            await client.say(silence(700))
            await until(lambda: bool(engine.asked(m.ForkStream)))
            await client.say(sentence)
            await client.say(silence(2000))
            events = await client.until("response.done")
    trials = engine.asked(m.ForkStream)
    closed = {request.stream_id for request in engine.asked(m.CloseStream)}
    (part,) = engine.asked(m.Generate)[-1].turns[-1].content
    assert kinds(events).count("input_audio_buffer.committed") == 1
    assert trials[0].new_stream_id in closed
    assert part.stream_id == trials[-1].new_stream_id
    (original,) = {trial.stream_id for trial in trials}
    pushed_ms = sum(len(p.pcm) for p in engine.asked(m.PushAudio) if p.stream_id == original) / 32
    assert pushed_ms > 2 * len(sentence) / 24


async def test_gate_weights_are_told_while_the_user_speaks_to_those_who_ask() -> None:
    with anyio.fail_after(5):
        async with memory_client(SCRIPT) as client:
            events = ["autoglm.fusion.updated", "autoglm.vision.frame_encoded", "autoglm.latency"]
            await client.send("session.update", session=session(autoglm={"events": events}))
            await client.say(silence(100))
            await client.send("conversation.item.create", item=frame("red"))
            await client.next("autoglm.vision.frame_encoded")
            await client.say(speech())
            await client.say(silence(1000))
            await client.next("response.done")
    updates = [event for event in client.seen if event["type"] == "autoglm.fusion.updated"]
    stopped = kinds(client.seen).index("input_audio_buffer.speech_stopped")
    assert updates[0]["weights"]["speech"] == 0
    assert any(event["weights"]["speech"] > 0 for event in client.seen[:stopped] if event in updates)
    assert all(sum(event["weights"].values()) == pytest.approx(1) for event in updates)
    assert {e["stage"] for e in client.seen if e["type"] == "autoglm.latency"} >= {"asr_final", "first_token"}


async def test_a_frame_that_shows_nothing_new_is_not_encoded_and_still_stands_in_the_turn() -> None:
    engine = RecordingEngine(SCRIPT)
    with anyio.fail_after(5):
        async with memory_client(engine) as client:
            await client.send("session.update", session=session(autoglm={"events": ["autoglm.vision.frame_encoded"]}))
            await client.say(silence(100))
            told = []
            for colour in ("red", "red", "blue"):
                await client.send("conversation.item.create", item=frame(colour))
                told.append(await client.next("autoglm.vision.frame_encoded"))
                if len(told) == 2:
                    await client.say(speech())
                    await client.say(silence(1000))
                    await client.next("response.done")
                    first = engine.asked(m.EncodeFrame)[0].frame_id
                    used = engine.asked(m.Generate)[-1].turns[-1].content[0]
    assert [event["skipped"] for event in told] == [False, True, False]
    assert len(engine.asked(m.EncodeFrame)) == 2
    assert used == m.ImagePart(frame_id=first)


async def test_a_muted_microphone_ends_the_turn_by_the_other_clock() -> None:
    detection = {"type": "server_vad", "silence_duration_ms": 200}
    with anyio.fail_after(5):
        async with memory_client(SCRIPT) as client:
            await client.send("session.update", session=session(audio={"input": {"turn_detection": detection}}))
            await client.say(speech()[: 24_000 * 3 // 2])  # and not a sample more
            done = await client.next("response.done")
    assert done["response"]["status"] == "completed"


async def test_a_sentence_that_sounds_unfinished_is_waited_for_under_semantic_detection() -> None:
    script = Script(utterances=("请帮我打开那个",), replies=SCRIPT.replies, ms_per_character=60)
    detection = {"type": "semantic_vad", "eagerness": "high"}
    with anyio.fail_after(5):
        async with memory_client(script) as client:
            fields = {
                "audio": {"input": {"turn_detection": detection}},
                "autoglm": {"events": ["autoglm.turn.predicted"]},
            }
            await client.send("session.update", session=session(**fields))
            await client.say(speech())
            await client.say(silence(3000))
            events = await client.until("input_audio_buffer.committed")
    stopped = next(event for event in events if event["type"] == "input_audio_buffer.speech_stopped")
    predicted = [e["end_of_turn_probability"] for e in events if e["type"] == "autoglm.turn.predicted"]
    assert predicted[-1] < 0.5
    assert stopped["audio_end_ms"] > 1000 * len(speech()) / 24_000 + 1000


@pytest.mark.parametrize(("end_of_turn", "waits"), [(0.99, False), (0.02, True)])
async def test_the_engines_own_judgement_decides_before_any_list_of_words(end_of_turn, waits) -> None:
    script = Script(utterances=("你好那个",), replies=SCRIPT.replies, end_of_turn=end_of_turn)
    detection = {"type": "semantic_vad", "eagerness": "high"}
    with anyio.fail_after(5):
        async with memory_client(script) as client:
            fields = {
                "audio": {"input": {"turn_detection": detection}},
                "autoglm": {"events": ["autoglm.turn.predicted"]},
            }
            await client.send("session.update", session=session(**fields))
            await client.say(speech())
            await client.say(silence(3000))
            events = await client.until("input_audio_buffer.committed")
    (stopped,) = (event for event in events if event["type"] == "input_audio_buffer.speech_stopped")
    predicted = [e["end_of_turn_probability"] for e in events if e["type"] == "autoglm.turn.predicted"]
    assert set(predicted) == {end_of_turn}
    held_ms = stopped["audio_end_ms"] - 1000 * len(speech()) / 24_000  # the recording ends in a little silence
    assert 1000 < held_ms < 2200 if waits else held_ms < 500


async def test_noise_too_short_for_speech_starts_nothing() -> None:
    click = np.zeros(24_000, dtype=np.float32)
    click[12_000:12_240] = 0.9
    with anyio.fail_after(5):
        async with memory_client(SCRIPT) as client:
            await client.send("session.update", session=session())
            await client.say(click)
            await client.write("你好")
            await client.next("response.done")
    assert "input_audio_buffer.speech_started" not in kinds(client.seen)


async def test_a_backchannel_does_not_stop_the_answer() -> None:
    script = Script(utterances=("嗯",), replies=SCRIPT.replies, ms_per_character=40)
    with anyio.fail_after(5):
        async with memory_client(script) as client:
            await client.send("session.update", session=session())
            await client.write("讲个故事")
            await client.next("response.output_text.delta")
            await client.say(speech("thanks.opus")[: 24_000 * 3 // 4])
            await client.say(silence(1000))
            await client.send("response.cancel")
            done = await client.next("response.done")
    assert done["response"]["status_details"]["reason"] == "client_cancelled"
    assert "input_audio_buffer.speech_started" not in kinds(client.seen)


async def test_the_same_input_gives_the_same_events_twice() -> None:
    logs = []
    for _ in range(2):
        replay = {"ids": CountingIds(), "clock": lambda: 0.0, "wall_clock": lambda: 0.0}
        replay["ears"] = VadHub(SileroVad(), in_thread=False)
        with anyio.fail_after(5):
            async with memory_client(SCRIPT, replay=replay) as client:
                names = ["autoglm.fusion.updated", "autoglm.latency", "autoglm.turn.predicted"]
                await client.send("session.update", session=session(autoglm={"events": names}))
                await client.say(speech())
                await client.say(silence(1000))
                await client.until("response.done")
                await client.write("再见")
                await client.until("response.done")
                logs.append(client.seen)
    assert logs[0] == logs[1]
