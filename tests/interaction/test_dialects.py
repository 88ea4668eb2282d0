"""GLM-Realtime and Qwen-Omni-Realtime clients over a real socket, with a scripted engine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
import wave
from contextlib import asynccontextmanager
from typing import Any

import anyio
import numpy as np
import pytest
import websockets

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import read_audio
from autoglm_agent.engine.scripted import Script
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.protocol.dialects import glm
from autoglm_agent.protocol.dialects.detect import GA_PATH, GLM_PATH, QWEN_PATH
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.interaction.harness import MEDIA, Client, kinds
from tests.interaction.test_turns import SCRIPT, TOOL, jpeg

pytestmark = pytest.mark.anyio

RATE_HZ = 16_000
KEY = "id-1.secret-1"
VAD = {"type": "server_vad"}


class SocketTransport:
    """A client's socket: text in both directions."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def send(self, text: str) -> None:
        await self.socket.send(text)

    async def receive(self) -> str:
        text = await self.socket.recv()
        assert isinstance(text, str)
        return text


@asynccontextmanager
async def dialect_client(path: str, script: Script = SCRIPT, *, key: str = "", **settings: Any):
    """A client at a path. Yields it with its socket; `session.created` has been read."""
    bridge = ComputeBridge.thread(EngineSpec(script=script))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with serving(Settings(port=0, **settings), bridge=bridge) as (url, service):
        address = f"{url.replace('http', 'ws')}{path}?model=glm-realtime"
        async with websockets.connect(address, additional_headers=headers) as socket:
            client = Client(SocketTransport(socket), service)
            await client.next("session.created")
            yield client, socket


def frame(colour: str = "red") -> str:
    return jpeg(colour).partition(",")[2]


def wav(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(data)
    return buffer.getvalue()


async def say(client: Client, *, silence_ms: int = 0, as_wav: bool = False) -> None:
    """The greeting at 16 kHz, in chunks of 100 ms, and silence behind it."""
    samples = np.concatenate([read_audio(MEDIA / "greeting.opus"), np.zeros(RATE_HZ * silence_ms // 1000, np.float32)])
    data, step = pcm.encode(samples), 2 * RATE_HZ // 10
    for start in range(0, len(data), step):
        chunk = data[start : start + step]
        audio = base64.b64encode(wav(chunk) if as_wav else chunk).decode()
        await client.send("input_audio_buffer.append", audio=audio, client_timestamp=1)


async def write(client: Client, text: str) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")


def token(key: str = KEY, *, expires_at: float, **header: str) -> str:
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    key_id, _, secret = key.partition(".")
    payload = {"api_key": key_id, "exp": expires_at, "timestamp": time.time() * 1000}
    head = {"alg": "HS256", "typ": "JWT", "sign_type": "SIGN", **header}
    signed = ".".join(part(json.dumps(value).encode()) for value in (head, payload))
    return f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


@pytest.mark.parametrize("path", [GLM_PATH, QWEN_PATH])
async def test_a_text_turn_has_the_beta_s_names(path) -> None:
    with anyio.fail_after(10):
        async with dialect_client(path) as (client, _):
            await client.send("session.update", session={"modalities": ["text"]}, client_timestamp=1)
            await client.next("session.updated")
            await write(client, "你好")
            events = await client.until("response.done")
    assert "".join(event["delta"] for event in events if event["type"] == "response.text.delta") == "你好"
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "text", "text": "你好"}]
    assert not [kind for kind in kinds(client.seen) if "output_text" in kind]
    assert not {"conversation.item.added", "conversation.item.done"} & set(kinds(client.seen))


async def test_a_spoken_turn_is_detected_for_qwen_with_growing_transcripts() -> None:
    with anyio.fail_after(15):
        async with dialect_client(QWEN_PATH) as (client, _):
            await client.send("session.update", session={"modalities": ["text"], "turn_detection": VAD})
            await say(client, silence_ms=1200)
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
    partials = [event["text"] for event in client.seen if event["type"].endswith("transcription.text")]
    completed = next(event for event in client.seen if event["type"].endswith("transcription.completed"))
    assert [kind for kind in kinds(events) if kind in order] == order
    assert completed["transcript"] == "你好小智"
    assert len(partials) >= 2
    assert all(completed["transcript"].startswith(text) for text in partials)


async def test_a_spoken_turn_in_wav_chunks_is_detected_for_glm() -> None:
    with anyio.fail_after(15):
        async with dialect_client(GLM_PATH) as (client, _):
            session = {"input_audio_format": "wav", "turn_detection": VAD, "beta_fields": {"chat_mode": "audio"}}
            await client.send("session.update", session=session)
            await say(client, silence_ms=1200, as_wav=True)
            await client.until("response.done")
            while "conversation.item.input_audio_transcription.completed" not in kinds(client.seen):
                await client.receive()
    completed = next(event for event in client.seen if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == "你好小智"
    assert "input_audio_buffer.speech_started" in kinds(client.seen)


async def test_client_vad_commits_and_then_asks() -> None:
    with anyio.fail_after(10):
        async with dialect_client(GLM_PATH) as (client, _):
            session = {"input_audio_format": "pcm16", "turn_detection": {"type": "client_vad"}, "modalities": ["text"]}
            await client.send("session.update", session=session)
            await say(client)
            await client.send("input_audio_buffer.commit", client_timestamp=1)
            committed = await client.next("input_audio_buffer.committed")
            completed = await client.next("conversation.item.input_audio_transcription.completed")
            await client.send("response.create", client_timestamp=1)
            done = await client.next("response.done")
    assert completed["item_id"] == committed["item_id"]
    assert completed["transcript"] == "你好小智"
    assert done["response"]["usage"]["input_token_details"]["audio_tokens"] == 1
    assert "input_audio_buffer.speech_started" not in kinds(client.seen)


@pytest.mark.parametrize("path", [GLM_PATH, QWEN_PATH])
async def test_of_several_frames_the_newest_enters_the_turn(path) -> None:
    kind, name = {
        GLM_PATH: ("input_audio_buffer.append_video_frame", "video_frame"),
        QWEN_PATH: ("input_image_buffer.append", "image"),
    }[path]
    session = {
        "modalities": ["text"],
        "input_audio_format": "pcm",
        "turn_detection": None,
        "input_audio_transcription": None,
    }
    with anyio.fail_after(10):
        async with dialect_client(path) as (client, _):
            await client.send("session.update", session=session)
            await say(client)
            for colour in ("red", "green", "blue"):
                await client.send(kind, **{name: frame(colour)})
            await client.send("input_audio_buffer.commit")
            await client.send("response.create")
            done = await client.next("response.done")
    usage = done["response"]["usage"]
    details = usage.get("input_token_details") or usage["input_tokens_details"]
    assert details["image_tokens"] == 1
    created = [event for event in client.seen if event["type"] == "conversation.item.created"]
    assert [event["item"]["role"] for event in created] == ["user", "assistant"]


async def test_a_tool_is_called_and_its_result_needs_no_call_id() -> None:
    with anyio.fail_after(10):
        async with dialect_client(GLM_PATH) as (client, _):
            await client.send("session.update", session={"modalities": ["text"], "tools": [TOOL]})
            await write(client, "请开灯")
            call = await client.next("response.function_call_arguments.done")
            await client.next("response.done")
            result = {"id": "", "type": "function_call_output", "call_id": "", "output": "on: 1", "status": None}
            await client.send("conversation.item.create", event_id="", item=result)
            await client.send("response.create")
            answer = await client.next("response.done")
    assert call["name"] == "turn_on"
    assert json.loads(call["arguments"]) == {"room": "客厅"}
    assert answer["response"]["output"][0]["content"][0]["text"] == "开灯了"


async def test_cancelling_ends_an_answer() -> None:
    with anyio.fail_after(10):
        async with dialect_client(GLM_PATH) as (client, _):
            await client.send("session.update", session={"modalities": ["text"]})
            await write(client, "讲个故事")
            await client.next("response.text.delta")
            await client.send("response.cancel", client_timestamp=1)
            events = await client.until("response.done")
            await write(client, "你好")
            answered = await client.next("response.done")
    assert "response.cancelled" in kinds(events)
    assert events[-1]["response"]["status"] == "cancelled"
    assert answered["response"]["status"] == "completed"


@pytest.mark.parametrize("path", [GLM_PATH, QWEN_PATH])
async def test_errors_have_the_dialect_s_shape_and_leave_the_session_open(path) -> None:
    with anyio.fail_after(10):
        async with dialect_client(path) as (client, _):
            await client.send("no.such.event", event_id="e1")
            unknown = await client.next("error")
            await client.send("input_audio_buffer.append", audio="%%%")
            broken = await client.next("error")
            await client.send("response.cancel", event_id="e3")
            inactive = await client.next("error")
            await write(client, "你好")
            done = await client.next("response.done")
    assert unknown["error"]["event_id"] == "e1"
    assert broken["error"]["code"] == "invalid_value"
    assert inactive["error"]["code"] == "response_cancel_not_active"
    assert done["response"]["status"] == "completed"


async def test_heartbeats_come_after_updates_and_by_the_clock(monkeypatch) -> None:
    monkeypatch.setattr(glm, "HEARTBEAT_S", 0.05)
    with anyio.fail_after(5):
        async with dialect_client(GLM_PATH) as (client, _):
            beats = [await client.next("heartbeat") for _ in range(4)]
    assert beats == [{"type": "heartbeat"}] * 4


async def test_a_finished_session_answers_first_and_is_closed() -> None:
    with anyio.fail_after(15):
        async with dialect_client(QWEN_PATH) as (client, socket):
            await client.send("session.update", session={"modalities": ["text"], "turn_detection": VAD})
            await say(client)  # no silence behind it: the finish must end the turn
            await client.send("session.finish", event_id="f1")
            events = await client.until("session.finished")
            with pytest.raises(websockets.ConnectionClosedOK):
                await socket.recv()
    assert "conversation.item.input_audio_transcription.completed" in kinds(events)
    assert kinds(events)[-1] == "session.finished"
    assert "response.done" in kinds(events)


async def test_an_idle_session_finishes_soon() -> None:
    with anyio.fail_after(5):
        async with dialect_client(QWEN_PATH) as (client, _):
            await client.send("session.update", session={"turn_detection": None})
            await client.send("session.finish")
            await client.next("session.finished")


async def test_a_first_update_turns_the_ga_path_into_a_dialect(monkeypatch) -> None:
    monkeypatch.setattr(glm, "HEARTBEAT_S", 0.05)
    with anyio.fail_after(10):
        async with dialect_client(GA_PATH) as (client, _):
            await client.send("session.update", session={"beta_fields": {"chat_mode": "audio"}, "modalities": ["text"]})
            updated = await client.next("session.updated")
            await client.next("heartbeat")
            await client.next("heartbeat")
            await write(client, "你好")
            events = await client.until("response.done")
    assert updated["session"]["turn_detection"] == {"type": "client_vad"}
    assert "response.text.delta" in kinds(events)


@pytest.mark.parametrize("unit", [1, 1000], ids=["seconds", "milliseconds"])
async def test_a_token_signed_with_a_key_opens_a_session(unit) -> None:
    signed = token(expires_at=(time.time() + 60) * unit)
    with anyio.fail_after(10):
        async with dialect_client(GLM_PATH, key=signed, api_keys=(KEY, "no-secret")) as (client, _):
            assert client.seen[0]["type"] == "session.created"


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (token(expires_at=time.time() - 1), "token_expired"),
        (token(expires_at=(time.time() - 1) * 1000), "token_expired"),
        (token("id-1.wrong", expires_at=time.time() + 600), "invalid_token"),
        (token("id-2.secret-1", expires_at=time.time() + 600), "invalid_token"),
        (token("no-secret", expires_at=time.time() + 600), "invalid_token"),
        (token(expires_at=time.time() + 600, alg="none"), "invalid_token"),
        (token(expires_at=time.time() + 600, sign_type=""), "invalid_token"),
        (token(expires_at="soon"), "invalid_token"),  # type: ignore[arg-type]
        ("a.b.c", "invalid_api_key"),
        ("id-1", "invalid_api_key"),
        (KEY + "2", "invalid_api_key"),
    ],
)
async def test_other_tokens_are_refused_before_the_handshake(signed, code) -> None:
    with anyio.fail_after(10), pytest.raises(websockets.InvalidStatus) as refused:
        async with dialect_client(GLM_PATH, key=signed, api_keys=(KEY, "no-secret")):
            pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["error"]["code"] == code
