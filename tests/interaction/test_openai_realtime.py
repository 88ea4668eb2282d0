"""The stock `openai` package as a realtime client: every turn it knows, over a socket, spoken by the real voice.

Whatever a test is about, each event on its way is validated strictly against the package's own types.
"""

from __future__ import annotations

import base64
import json

import anyio
import openai
import pytest
import websockets

from autoglm_agent.audio import pcm
from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from tests.interaction.harness import silence, speech
from tests.interaction.stock_client import Talk, kinds, sound, stock_server, talk, words
from tests.interaction.test_turns import TOOL, jpeg

pytestmark = pytest.mark.anyio

STORY = "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲故事，讲的是什么呢？"
SCRIPT = Script(
    utterances=("请等一下好吗",),
    replies=(
        ScriptedReply(text=STORY, when="故事"),
        ScriptedReply(text="沉默", when="不停", stalls=True),
        ScriptedReply(text="灯开了。", when="on: 1"),
        ScriptedReply(
            when="开灯", tool_calls=(ToolCall(call_id="call_1", name="turn_on", arguments='{"room":"客厅"}'),)
        ),
        ScriptedReply(text="你好！", reasoning="在问好"),
    ),
)
BYTES_PER_MS = 48
MAX_APPEND_BYTES = 15 << 20


def text_only(**session):
    return {"output_modalities": ["text"], **session}


def listening(detection, **session):
    return {"audio": {"input": {"turn_detection": detection, "transcription": {"model": "whisper-1"}}}, **session}


def pcm_of(samples):
    return base64.b64encode(pcm.encode(samples)).decode()


async def hear(client, num_pieces):
    """Be told a story until so many pieces of it, 200 ms each, have come: the first five at once, then as they play."""
    await client.write("讲个故事")
    await client.connection.response.create()
    for _ in range(num_pieces):
        delta = await client.next("response.output_audio.delta")
    return delta


# --- Answers --------------------------------------------------------------------------------------------------------


async def test_a_written_turn() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            session = await client.configure(**text_only(instructions="简短", tracing="auto", temperature=0.8))
            events = await client.ask("你好")
    assert (session.type, session.output_modalities, session.instructions) == ("realtime", ["text"], "简短")
    assert words(events) == "你好！"
    assert kinds(events) == [
        "response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added",
        "response.output_text.delta", "response.output_text.delta", "response.output_text.delta",
        "response.output_text.done", "response.content_part.done", "conversation.item.done",
        "response.output_item.done", "response.done",
    ]  # fmt: skip
    response = events[-1].response
    assert (response.status, response.usage.output_tokens) == ("completed", 6)
    assert response.output[0].content[0].text == "你好！"


async def test_a_spoken_answer_has_a_voice_and_its_words() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            events = await client.ask("你好")
    assert kinds(events)[-6:] == [
        "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
        "conversation.item.done", "response.output_item.done", "response.done",
    ]  # fmt: skip
    assert words(events) == "你好！"
    assert 300 < len(sound(events)) / BYTES_PER_MS < 3_000
    assert any(sound(events))
    response = events[-1].response
    assert (response.output_modalities, response.audio.output.format.rate) == (["audio"], 24_000)
    assert response.output[0].content[0].transcript == "你好！"


@pytest.mark.parametrize("name", ["audio/pcmu", "audio/pcma"])
async def test_a_telephone_speaks_and_is_answered_in_its_own_format(name) -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            audio_format = {"type": name}
            audio = {"input": {"format": audio_format}, "output": {"format": audio_format, "speed": 1.5}}
            session = await client.configure(audio=audio)
            samples = pcm.encode(speech()[::3], pcm.Encoding(name)) + pcm.encode(silence(1000)[::3], pcm.Encoding(name))
            await client.connection.input_audio_buffer.append(audio=base64.b64encode(samples).decode())
            events = await client.until("response.done")
    assert session.audio.output.format.type == session.audio.input.format.type == name
    assert "input_audio_buffer.speech_started" in kinds(events)
    assert events[-1].response.audio.output.format.type == name
    assert 200 < len(sound(events)) / 8 < 2_000


async def test_an_answer_is_cancelled() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            response_id = (await hear(client, 1)).response_id
            await client.connection.response.cancel(response_id=response_id)
            response = (await client.next("response.done")).response
            events = await client.ask("你好")
    assert (response.id, response.status) == (response_id, "cancelled")
    assert response.status_details.reason == "client_cancelled"
    assert response.output[0].status == "incomplete"
    assert response_id not in {getattr(event, "response_id", None) for event in events}
    assert words(events) == "你好！"


async def test_an_answer_that_is_too_long_is_incomplete() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**text_only(max_output_tokens=3))
            response = (await client.ask("讲个故事"))[-1].response
    assert (response.status, response.status_details.reason) == ("incomplete", "max_output_tokens")
    assert response.output[0].content[0].text == STORY[:3]


async def test_an_answer_beside_the_conversation_leaves_no_trace_in_it() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**text_only())
            item = await client.write("开灯")
            await client.connection.response.create(
                response={
                    "conversation": "none",
                    "metadata": {"topic": "greeting"},
                    "output_modalities": ["text"],
                    "input": [
                        {"type": "item_reference", "id": item.id},
                        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]},
                    ],
                }
            )
            events = await client.until("response.done")
            answer_id = events[-1].response.output[0].id
            await client.connection.conversation.item.retrieve(item_id=answer_id)
            error = (await client.next("error")).error
    assert not [kind for kind in kinds(events) if kind.startswith("conversation.")]
    created = next(event for event in events if event.type == "response.created").response
    assert created.metadata == events[-1].response.metadata == {"topic": "greeting"}
    assert events[-1].response.conversation_id is None
    assert words(events) == "你好！"
    assert error.code == "item_retrieve_invalid_item_id"


async def test_an_answer_beside_the_conversation_can_run_with_its_own_and_be_spoken() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.write("不停")
            await client.connection.response.create()
            await client.next("response.output_audio_transcript.delta")
            greeting = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]}
            await client.connection.response.create(response={"conversation": "none", "input": [greeting]})
            done = await client.next("response.done")
            await client.connection.response.cancel()
            cancelled = await client.next("response.done")
    assert done.response.output[0].content[0].transcript == "你好！"
    assert (done.response.status, cancelled.response.status) == ("completed", "cancelled")
    assert sound([event for event in client.seen if getattr(event, "response_id", "") == done.response.id])


async def test_a_tool_is_called_and_its_result_answered() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            session = await client.configure(tools=[TOOL], tool_choice="auto")
            events = await client.ask("请开灯")
            (call,) = events[-1].response.output
            done = next(event for event in events if event.type == "response.function_call_arguments.done")
            output = {"type": "function_call_output", "call_id": call.call_id, "output": "on: 1"}
            await client.connection.conversation.item.create(item=output)
            result = (await client.next("conversation.item.done")).item
            await client.connection.response.create()
            answer = await client.until("response.done")
    assert session.tools[0].name == "turn_on"
    assert (call.type, call.name, call.status, json.loads(call.arguments)) == (
        "function_call", "turn_on", "completed", {"room": "客厅"},
    )  # fmt: skip
    assert (done.name, done.call_id, done.arguments) == (call.name, call.call_id, call.arguments)
    assert (result.type, result.output) == ("function_call_output", "on: 1")
    assert words(answer) == "灯开了。"


async def test_an_answer_may_have_settings_of_its_own() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**text_only(tools=[TOOL], reasoning={"effort": "low"}))
            await client.write("你好")
            await client.connection.response.create(
                response={
                    "instructions": "大声",
                    "output_modalities": ["audio"],
                    "audio": {"output": {"voice": "gang", "format": {"type": "audio/pcma"}}},
                    "tools": [],
                    "tool_choice": "none",
                    "max_output_tokens": "inf",
                    "reasoning": {"effort": "minimal"},
                    "metadata": {"turn": "1"},
                }
            )
            events = await client.until("response.done")
    response = events[-1].response
    assert (response.output_modalities, response.audio.output.voice) == (["audio"], "gang")
    assert (response.audio.output.format.type, response.max_output_tokens) == ("audio/pcma", "inf")
    assert (response.metadata, response.usage.output_tokens) == ({"turn": "1"}, 3)
    assert sound(events)


async def test_a_conversation_is_restored_item_by_item() -> None:
    items = [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "简短"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": pcm_of(speech())}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "您好"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "您好"}]},
        {"type": "function_call", "call_id": "call_9", "name": "turn_on", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_9", "output": "on: 1"},
    ]
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**text_only())
            for number, item in enumerate(items):
                after = {} if number else {"previous_item_id": "root"}
                await client.connection.conversation.item.create(item={"id": f"{number:032x}", **item}, **after)
                await client.next("conversation.item.done")
            await client.connection.conversation.item.delete(item_id=f"{2:032x}")
            deleted = await client.next("conversation.item.deleted")
            await client.connection.response.create()
            answer = await client.until("response.done")
    added = [event for event in client.seen if event.type == "conversation.item.added"]
    assert [event.item.id for event in added[: len(items)]] == [f"{number:032x}" for number in range(len(items))]
    assert [event.previous_item_id for event in added[:3]] == [None, f"{0:032x}", f"{1:032x}"]
    assert deleted.item_id == f"{2:032x}"
    assert answer[-1].response.usage.input_token_details.audio_tokens == 1
    assert words(answer) == "灯开了。"


# --- Speech ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detection", [{"type": "server_vad"}, {"type": "semantic_vad", "eagerness": "high"}])
async def test_a_spoken_turn_is_detected_transcribed_and_answered(detection) -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            session = await client.configure(**listening(detection))
            await client.say(speech())
            await client.say(silence(3000))
            events = await client.until("response.done")
            while "conversation.item.input_audio_transcription.completed" not in kinds(client.seen):
                await client.receive()
    assert session.audio.input.turn_detection.type == detection["type"]
    assert session.audio.input.turn_detection.interrupt_response is True
    order = [
        "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
        "conversation.item.added", "conversation.item.done", "response.created", "response.done",
    ]  # fmt: skip
    assert [kind for kind in dict.fromkeys(kinds(events)) if kind in order] == order
    started = next(event for event in events if event.type == "input_audio_buffer.speech_started")
    completed = next(event for event in client.seen if event.type.endswith("transcription.completed"))
    assert completed.item_id == started.item_id
    assert (completed.transcript, completed.usage.type) == ("请等一下好吗", "duration")
    assert words(events) == "你好！"


async def test_a_push_to_talk_client_commits_and_asks_itself() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            session = await client.configure(**listening(None, **text_only()))
            await client.say(silence(200))
            await client.connection.input_audio_buffer.clear()
            await client.next("input_audio_buffer.cleared")
            await client.say(speech())
            await client.connection.input_audio_buffer.commit()
            committed = await client.next("input_audio_buffer.committed")
            item = (await client.next("conversation.item.done")).item
            await client.connection.response.create()
            events = await client.until("response.done")
            await client.connection.conversation.item.retrieve(item_id=item.id)
            heard = (await client.next("conversation.item.retrieved")).item
    assert session.audio.input.turn_detection is None
    assert committed.item_id == item.id
    assert not [kind for kind in kinds(client.seen) if "speech_st" in kind]
    assert (item.content[0].type, item.content[0].transcript) == ("input_audio", None)
    assert heard.content[0].transcript == "请等一下好吗"
    assert words(events) == "你好！"


async def test_who_speaks_over_an_answer_stops_it_and_what_was_not_heard_is_forgotten() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            delta = await hear(client, 8)
            await client.say(speech())
            await client.say(silence(1000))
            await client.next("input_audio_buffer.speech_started")
            heard = {"item_id": delta.item_id, "content_index": 0, "audio_end_ms": 400}
            await client.connection.conversation.item.truncate(**heard)
            stopped = await client.until("response.done")
            answer = await client.until("response.done")
            await client.connection.conversation.item.retrieve(item_id=delta.item_id)
            kept = (await client.next("conversation.item.retrieved")).item
    response = stopped[-1].response
    assert (response.id, response.status) == (delta.response_id, "cancelled")
    assert (response.status_details.type, response.status_details.reason) == ("cancelled", "turn_detected")
    assert not sound(stopped)
    assert delta.response_id not in {getattr(event, "response_id", None) for event in answer}
    (truncated,) = (event for event in client.seen if event.type == "conversation.item.truncated")
    assert (truncated.item_id, truncated.audio_end_ms) == (delta.item_id, 400)
    assert 0 < len(kept.content[0].transcript) < 6
    assert STORY.startswith(kept.content[0].transcript)
    assert words(answer) == "你好！"


async def test_a_client_may_forbid_interruptions_and_cancel_itself() -> None:
    detection = {"type": "server_vad", "interrupt_response": False, "create_response": False}
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**listening(detection))
            await hear(client, 8)
            await client.say(speech())
            await client.say(silence(1000))
            events = await client.until("input_audio_buffer.committed")
            await client.connection.response.cancel()
            done = await client.next("response.done")
            await client.connection.response.create()
            answer = await client.until("response.done")
    assert "response.done" not in kinds(events)
    assert done.response.status_details.reason == "client_cancelled"
    assert words(answer) == "你好！"


async def test_a_silent_user_is_spoken_to() -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 5_000}
    with anyio.fail_after(30):
        async with talk(SCRIPT) as client:
            await client.configure(**listening(detection))
            await client.say(silence(500))
            await client.ask("你好")
            timeout = await client.next("input_audio_buffer.timeout_triggered")
            events = await client.until("response.done")
    assert timeout.audio_end_ms >= timeout.audio_start_ms
    assert timeout.item_id == next(e for e in events if e.type == "input_audio_buffer.committed").item_id
    assert words(events) == "你好！"


# --- Pictures -------------------------------------------------------------------------------------------------------


async def test_a_picture_in_a_message_is_seen() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**text_only())
            picture = {"type": "input_image", "image_url": jpeg(), "detail": "low"}
            response = (await client.ask(picture, "这是什么？"))[-1].response
            item = next(event for event in client.seen if event.type == "conversation.item.done").item
    assert response.usage.input_token_details.image_tokens == 1
    assert [part.type for part in item.content] == ["input_image", "input_text"]


async def test_frames_of_a_camera_are_seen_with_what_is_said() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**text_only())
            await client.say(silence(200))
            for colour in ("red", "green", "blue"):
                await client.write({"type": "input_image", "image_url": jpeg(colour)})
            await client.say(speech())
            await client.say(silence(1000))
            response = (await client.next("response.done")).response
    assert response.usage.input_token_details.image_tokens == 1
    assert response.usage.input_token_details.audio_tokens == 1


# --- Sessions -------------------------------------------------------------------------------------------------------


async def test_a_transcription_session_only_writes_down() -> None:
    transcription = {"model": "gpt-4o-transcribe", "language": "zh"}
    given = {"transcription": transcription, "turn_detection": {"type": "server_vad", "create_response": True}}
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.connection.session.update(session={"type": "transcription", "audio": {"input": given}})
            session = (await client.next("session.updated")).session
            for _ in range(2):
                await client.say(speech())
                await client.say(silence(1000))
                completed = await client.next("conversation.item.input_audio_transcription.completed")
            await client.connection.response.create()
            error = (await client.next("error")).error
    assert (session.type, session.audio.input.transcription.language) == ("transcription", "zh")
    assert completed.transcript == "请等一下好吗"
    deltas = [e.delta for e in client.seen if e.type.endswith("transcription.delta") and e.item_id == completed.item_id]
    assert deltas
    assert completed.transcript.startswith("".join(deltas))
    assert error.type == "invalid_request_error"
    assert not [kind for kind in kinds(client.seen) if kind.startswith("response.")]


async def test_a_client_that_came_to_have_speech_written_down_need_not_say_more() -> None:
    with anyio.fail_after(20):
        async with (
            stock_server(SCRIPT) as (client, _),
            client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
        ):
            scribe = Talk(connection)
            session = (await scribe.next("session.created")).session
            await scribe.say(speech())
            await scribe.say(silence(1000))
            completed = await scribe.next("conversation.item.input_audio_transcription.completed")
    assert session.type == "transcription"
    assert completed.transcript == "请等一下好吗"
    assert not [kind for kind in kinds(scribe.seen) if kind.startswith("response.")]


async def test_a_client_secret_opens_a_session_with_its_settings_and_nothing_else() -> None:
    with anyio.fail_after(20):
        async with stock_server(SCRIPT, key="secret", api_keys=("secret",)) as (client, _):
            secret = await client.realtime.client_secrets.create(
                expires_after={"anchor": "created_at", "seconds": 60},
                session={"type": "realtime", "instructions": "简短", "output_modalities": ["text"]},
            )
            browser = client.with_options(api_key=secret.value)
            for _ in range(2):
                async with browser.realtime.connect(model="nano") as connection:
                    guest = Talk(connection)
                    created = await guest.next("session.created")
                    assert words(await guest.ask("你好")) == "你好！"
            with pytest.raises(openai.AuthenticationError):
                await browser.models.list()
            with pytest.raises(websockets.InvalidStatus, match="401"):
                await client.with_options(api_key="ek_wrong").realtime.connect(model="nano").enter()
            offer = ["realtime", f"openai-insecure-api-key.{secret.value}", "openai-agents-sdk.0.24"]
            async with websockets.connect(f"{client.websocket_base_url}/realtime", subprotocols=offer) as socket:
                assert (socket.subprotocol, json.loads(await socket.recv())["type"]) == ("realtime", "session.created")
    assert secret.value.startswith("ek_")
    assert secret.session.instructions == created.session.instructions == "简短"
    assert created.session.output_modalities == ["text"]


async def test_a_transcription_secret_opens_a_transcription_session() -> None:
    with anyio.fail_after(20):
        async with stock_server(SCRIPT) as (client, _):
            secret = await client.realtime.client_secrets.create(
                session={"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
            )
            async with client.with_options(api_key=secret.value).realtime.connect(model="nano") as connection:
                created = await Talk(connection).next("session.created")
    assert secret.session.type == created.session.type == "transcription"


async def test_a_session_ends_when_its_time_is_up() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT, max_session_s=0.5) as client:
            error = (await client.next("error")).error
            with pytest.raises(websockets.ConnectionClosedOK) as closed:
                await client.receive()
    assert (error.type, error.code) == ("invalid_request_error", "session_expired")
    assert closed.value.rcvd.code == 1001


# --- Mistakes -------------------------------------------------------------------------------------------------------


HELLO = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]}
MISTAKES = {
    "response_cancel_not_active": {"type": "response.cancel"},
    "input_audio_buffer_commit_empty": {"type": "input_audio_buffer.commit"},
    "item_retrieve_invalid_item_id": {"type": "conversation.item.retrieve", "item_id": "item_none"},
    "item_delete_invalid_item_id": {"type": "conversation.item.delete", "item_id": "item_none"},
    "item_truncate_invalid_item_id": {
        "type": "conversation.item.truncate", "item_id": "item_none", "content_index": 0, "audio_end_ms": 1,
    },
    "item_create_duplicate_item_id": {"type": "conversation.item.create", "item": {**HELLO, "id": "item_known"}},
    "unknown_parameter": {"type": "response.cancel", "reason": "none"},
    "invalid_value": {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["smell"]}},
    "string_above_max_length": {"type": "response.cancel", "response_id": "r" * 1_000},
    "integer_below_min_value": {"type": "session.update", "session": {"type": "realtime", "max_output_tokens": 0}},
    "missing_required_parameter": {"type": "conversation.item.delete"},
    "cannot_update_voice": {
        "type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "ming"}}},
    },
}  # fmt: skip


async def test_every_mistake_has_its_code_and_the_session_goes_on() -> None:
    event_id = "e" * 512
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            assert (await client.configure(**listening(None))).audio.output.voice == "lan"
            await client.connection.conversation.item.create(item={**HELLO, "id": "item_known"})
            await client.connection.response.create()
            await client.next("response.done")
            errors = {}
            for code, event in MISTAKES.items():
                await client.connection.send({**event, "event_id": event_id})
                errors[code] = (await client.next("error")).error
            await client.connection.send_raw("{")
            garbage = (await client.next("error")).error
            answer = await client.ask("你好")
    assert {code: error.code for code, error in errors.items()} == {code: code for code in MISTAKES}
    assert {error.event_id for error in errors.values()} == {event_id}
    assert {error.type for error in errors.values()} == {"invalid_request_error"}
    assert (garbage.code, garbage.event_id) == ("invalid_json", None)
    assert words(answer) == "你好！"


async def test_a_second_answer_must_wait_for_the_first() -> None:
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.write("不停")
            await client.connection.response.create()
            await client.connection.response.create(event_id="evt_again")
            error = (await client.next("error")).error
            await client.connection.response.cancel()
            await client.next("response.done")
            answer = await client.ask("你好")
    assert (error.code, error.event_id) == ("conversation_already_has_active_response", "evt_again")
    assert words(answer) == "你好！"


async def test_the_largest_append_is_taken_and_a_larger_one_refused() -> None:
    largest = base64.b64encode(bytes(MAX_APPEND_BYTES)).decode()
    larger = base64.b64encode(bytes(MAX_APPEND_BYTES + 1_000)).decode()
    with anyio.fail_after(20):
        async with talk(SCRIPT) as client:
            await client.configure(**listening(None))
            await client.connection.input_audio_buffer.append(audio=larger, event_id="evt_larger")
            error = (await client.next("error")).error
            await client.connection.input_audio_buffer.append(audio=largest)
            await client.connection.input_audio_buffer.clear()
            await client.next("input_audio_buffer.cleared")
    assert (error.code, error.event_id) == ("string_above_max_length", "evt_larger")
    assert kinds(client.seen).count("error") == 1
