"""Turns as a client sees them, over memory and over a real socket: the order of events and what they carry."""

from __future__ import annotations

import base64
import io
import json

import anyio
import pytest
from PIL import Image

from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import BROKEN_PICTURE, Script, ScriptedReply
from tests.interaction.harness import CLIENTS, kinds, silence, speech

pytestmark = pytest.mark.anyio

TOOL = {
    "type": "function",
    "name": "turn_on",
    "description": "开灯",
    "parameters": {"type": "object", "properties": {}},
}
SCRIPT = Script(
    utterances=("你好小智",),
    replies=(
        ScriptedReply(text="开灯了", when="on: 1"),
        ScriptedReply(
            when="开灯", tool_calls=(ToolCall(call_id="call_1", name="turn_on", arguments='{"room":"客厅"}'),)
        ),
        ScriptedReply(text="我在讲一个很长的故事", when="故事", stalls=True),
        ScriptedReply(text="你好", reasoning="用户在问好"),
    ),
)


@pytest.fixture(params=list(CLIENTS))
def connect(request: pytest.FixtureRequest):
    return CLIENTS[request.param]


def jpeg(colour: str = "red") -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


async def text_only(client) -> None:
    await client.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
    await client.next("session.updated")


async def test_what_is_said_over_a_reply_is_transcribed_in_order(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            audio = {"input": {"transcription": {"model": "nano"}}}
            session = {"type": "realtime", "output_modalities": ["text"], "audio": audio}
            await client.send("session.update", session=session)
            await client.write("讲个故事")
            await client.until("response.output_text.delta")
            await client.say(speech())
            await client.say(silence(1000))
            completed = await client.next("conversation.item.input_audio_transcription.completed")
    deltas = [e["delta"] for e in client.seen if e["type"].endswith("input_audio_transcription.delta")]
    before = kinds(client.seen).index("input_audio_buffer.speech_started")
    assert deltas
    assert completed["transcript"].startswith("".join(deltas))
    assert not [kind for kind in kinds(client.seen)[:before] if kind.endswith("input_audio_transcription.delta")]


async def test_detection_may_be_switched_off_and_on_while_somebody_speaks(connect) -> None:
    def detection(kind):
        return {"type": "realtime", "output_modalities": ["text"], "audio": {"input": {"turn_detection": kind}}}

    with anyio.fail_after(10):
        async with connect(SCRIPT) as client:
            await client.send("session.update", session=detection({"type": "server_vad"}))
            await client.say(speech())
            started = await client.next("input_audio_buffer.speech_started")
            await client.send("session.update", session=detection(None))
            await client.send("session.update", session=detection({"type": "server_vad"}))
            stopped = await client.next("input_audio_buffer.speech_stopped")
            await client.say(silence(300))
            await client.say(speech())
            again = await client.next("input_audio_buffer.speech_started")
            await client.say(silence(1000))
            await client.next("response.done")
    assert started["audio_start_ms"] < stopped["audio_end_ms"] <= again["audio_start_ms"] + 300  # the pre-roll
    assert started["item_id"] == stopped["item_id"] == again["item_id"]


async def test_a_text_turn_has_the_order_of_the_protocol(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await text_only(client)
            await client.write("你好")
            events = await client.until("response.done")
    assert kinds(events)[:6] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
    ]
    assert kinds(events)[-5:] == [
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta") == "你好"
    assert events[-1]["response"]["status"] == "completed"
    assert not [kind for kind in kinds(events) if "reasoning" in kind]


async def test_reasoning_is_told_to_those_who_ask(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send(
                "session.update", session={"type": "realtime", "autoglm": {"events": ["response.reasoning_text"]}}
            )
            await client.write("你好")
            events = await client.until("response.done")
    assert "".join(e["delta"] for e in events if e["type"] == "response.reasoning_text.delta") == "用户在问好"


async def test_spoken_turns_are_detected_transcribed_and_answered(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send(
                "session.update",
                session={
                    "type": "realtime",
                    "output_modalities": ["text"],
                    "audio": {"input": {"transcription": {"model": "nano"}}},
                },
            )
            await client.say(speech())
            await client.say(silence(1000))
            events = await client.until("response.done")
            while "conversation.item.input_audio_transcription.completed" not in kinds(client.seen):
                await client.receive()
    order = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "response.created",
        "response.done",
    ]
    assert [kind for kind in kinds(events) if kind in order] == order
    completed = next(e for e in client.seen if e["type"].endswith("transcription.completed"))
    started = next(e for e in events if e["type"] == "input_audio_buffer.speech_started")
    deltas = [e["delta"] for e in client.seen if e["type"].endswith("transcription.delta")]
    assert completed["transcript"] == "你好小智"
    assert completed["item_id"] == started["item_id"]
    assert completed["transcript"].startswith("".join(deltas))
    assert len(deltas) >= 2


async def test_a_manual_commit_makes_an_item_of_what_was_said(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send(
                "session.update",
                session={
                    "type": "realtime",
                    "output_modalities": ["text"],
                    "audio": {"input": {"turn_detection": None, "transcription": {"model": "nano"}}},
                },
            )
            await client.say(speech())
            await client.send("input_audio_buffer.commit")
            committed = await client.next("input_audio_buffer.committed")
            completed = await client.next("conversation.item.input_audio_transcription.completed")
            await client.send("response.create")
            done = await client.next("response.done")
    assert completed["item_id"] == committed["item_id"]
    assert completed["transcript"] == "你好小智"
    assert done["response"]["usage"]["input_token_details"]["audio_tokens"] == 1
    assert "input_audio_buffer.speech_started" not in kinds(client.seen)


async def test_a_picture_in_a_message_reaches_the_model(connect) -> None:
    content = [{"type": "input_text", "text": "这是什么"}, {"type": "input_image", "image_url": jpeg()}]
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await text_only(client)
            await client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            await client.send("response.create")
            done = await client.next("response.done")
    assert done["response"]["usage"]["input_token_details"]["image_tokens"] == 1


async def test_of_the_camera_s_frames_only_the_newest_enters_the_turn(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await text_only(client)
            await client.say(silence(200))
            for colour in ("red", "green", "blue"):
                content = [{"type": "input_image", "image_url": jpeg(colour)}]
                item = {"type": "message", "role": "user", "content": content}
                await client.send("conversation.item.create", item=item)
            await client.say(speech())
            await client.say(silence(1000))
            done = await client.next("response.done")
    assert done["response"]["usage"]["input_token_details"]["image_tokens"] == 1


async def test_a_tool_call_and_its_output_make_a_second_answer(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send(
                "session.update", session={"type": "realtime", "output_modalities": ["text"], "tools": [TOOL]}
            )
            await client.write("请开灯")
            done = await client.next("response.done")
            (call,) = done["response"]["output"]
            output = {"type": "function_call_output", "call_id": call["call_id"], "output": "on: 1"}
            await client.send("conversation.item.create", item=output)
            await client.send("response.create")
            answer = await client.next("response.done")
    assert call["type"] == "function_call"
    assert json.loads(call["arguments"]) == {"room": "客厅"}
    assert answer["response"]["output"][0]["content"][0]["text"] == "开灯了"


async def test_cancelling_ends_an_answer_and_the_next_one_is_whole(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await text_only(client)
            await client.write("讲个故事")
            await client.next("response.output_text.delta")
            await client.send("response.cancel")
            cancelled = await client.next("response.done")
            await client.write("你好")
            answered = await client.next("response.done")
            assert client.service.bridge.in_flight == 0
    assert cancelled["response"]["status"] == "cancelled"
    assert cancelled["response"]["status_details"]["reason"] == "client_cancelled"
    assert answered["response"]["output"][0]["content"][0]["text"] == "你好"


async def test_speech_takes_the_floor_from_an_answer(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await text_only(client)
            await client.write("讲个故事")
            await client.next("response.output_text.delta")
            await client.say(speech())
            await client.say(silence(1000))
            events = await client.until("input_audio_buffer.committed")
            second = await client.next("response.done")
    after = events[kinds(events).index("input_audio_buffer.speech_started") :]
    first = next(e for e in after if e["type"] == "response.done")
    assert first["response"]["status_details"]["reason"] == "turn_detected"
    assert "response.output_text.delta" not in kinds(after)
    assert second["response"]["status"] == "completed"


async def test_errors_leave_the_session_open(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send("no.such.event", event_id="e1")
            error = await client.next("error")
            await client.send("input_audio_buffer.commit")
            empty = await client.next("error")
            await client.send("response.cancel")
            inactive = await client.next("error")
            await client.write("你好")
            done = await client.next("response.done")
    assert error["error"]["event_id"] == "e1"
    assert empty["error"]["code"] == "input_audio_buffer_commit_empty"
    assert inactive["error"]["code"] == "response_cancel_not_active"
    assert done["response"]["status"] == "completed"


async def test_a_broken_picture_is_an_error_and_not_the_end(connect) -> None:
    broken = "data:image/jpeg;base64," + base64.b64encode(BROKEN_PICTURE).decode()
    content = [{"type": "input_text", "text": "你好"}, {"type": "input_image", "image_url": broken}]
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            await client.send("response.create")
            *events, done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    (error,) = [event["error"] for event in events if event["type"] == "error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "bad_image")


async def test_who_asks_for_a_voice_is_told_that_there_is_only_text(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT) as client:
            await client.send("session.update", session={"type": "realtime", "output_modalities": ["audio"]})
            updated = await client.next("session.updated")
            await client.write("你好", respond=False)
            await client.send("response.create", response={"output_modalities": ["audio"]})
            events = await client.until("response.done")
    assert updated["session"]["output_modalities"] == ["text"]
    assert events[-1]["response"]["output_modalities"] == ["text"]
    assert "response.output_text.delta" in kinds(events)
