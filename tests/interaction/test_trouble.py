"""Trouble: a full house, a wrong key, a dying engine, a client that does not read, a session out of time."""

from __future__ import annotations

import json
import logging

import anyio
import pytest
import websockets

from autoglm_agent import client as autoglm
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import InputError, OverloadedError
from autoglm_agent.runtime import listening, recognising
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.interaction.harness import CLIENTS, kinds, silence, socket_client, speech, until

pytestmark = pytest.mark.anyio

SCRIPT = Script(
    utterances=("你好小智",),
    replies=(
        ScriptedReply(when="死", dies=True),
        ScriptedReply(text="长" * 4000, when="长"),
        ScriptedReply(text="你好"),
    ),
)
dying = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


async def test_a_full_house_is_told_before_the_handshake_with_when_to_come_again() -> None:
    with anyio.fail_after(5):
        async with serving(
            Settings(port=0, max_sessions=1), bridge=ComputeBridge.thread(EngineSpec(script=SCRIPT))
        ) as (
            url,
            service,
        ):
            async with autoglm.connect(url) as first:
                await first.until("session.created")
                with pytest.raises(OverloadedError) as refused:
                    async with autoglm.connect(url):
                        pass
            await until(lambda: not service.lobby.places.taken)
            async with autoglm.connect(url) as second:
                await second.until("session.created")
    assert refused.value.retry_after_s == 5


async def test_a_browser_brings_its_key_as_a_subprotocol() -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(5):
        async with serving(Settings(port=0, api_keys=("secret",)), bridge=bridge) as (url, _):
            address = f"{url.replace('http', 'ws')}/v1/realtime"
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(address, subprotocols=["realtime", "openai-insecure-api-key.wrong"])
            protocols = ["realtime", "openai-insecure-api-key.secret", "openai-agents-sdk.0.1"]
            async with websockets.connect(address, subprotocols=protocols) as socket:
                chosen = socket.subprotocol
    assert refused.value.response.status_code == 401
    assert chosen == "realtime"


async def test_a_wrong_path_is_told_where_the_doors_are_and_no_refusal_is_the_operators_error(caplog) -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(5):
        async with serving(Settings(port=0, api_keys=("secret",)), bridge=bridge) as (url, _):
            logging.getLogger("uvicorn.error").addHandler(caplog.handler)
            for path, status, words in (
                ("/v1/realtime/", 404, "connect to /v1/realtime, /api/paas/v4/realtime or /api-ws/v1/realtime"),
                ("/", 404, "no realtime session at this path"),
                ("/v1/realtime", 401, "Incorrect API key"),
            ):
                with pytest.raises(websockets.InvalidStatus) as refused:
                    await websockets.connect(url.replace("http", "ws") + path)
                assert refused.value.response.status_code == status
                assert words in json.loads(refused.value.response.body)["error"]["message"]
    assert caplog.messages == []


async def test_a_binary_frame_is_told_what_frames_must_be_and_the_session_goes_on() -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(5):
        async with serving(Settings(port=0), bridge=bridge) as (url, _):
            async with websockets.connect(f"{url.replace('http', 'ws')}/v1/realtime") as socket:
                await socket.recv()
                await socket.send(bytes(4_800))
                error = json.loads(await socket.recv())["error"]
                await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
                following = json.loads(await socket.recv())
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_frame")
    assert "input_audio_buffer.append" in error["message"]
    assert following["type"] == "session.updated"


@dying
async def test_a_dying_engine_costs_one_answer_and_nothing_else() -> None:
    with anyio.fail_after(10):
        async with socket_client(SCRIPT) as client:
            await client.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
            await client.say(speech())
            await client.say(silence(1000))
            await client.next("response.done")
            await client.write("死")
            failed = await client.next("response.done")
            await client.write("你好")
            after = await client.next("response.done")
            restarts = client.service.bridge.restarts
    assert failed["response"]["status"] == "failed"
    assert "engine died" in failed["response"]["status_details"]["error"]["message"]
    # The speech of the first turn is part of the prompt again: it was sent to the new engine.
    assert after["response"]["status"] == "completed"
    assert after["response"]["usage"]["input_token_details"]["audio_tokens"] == 1
    assert restarts == 1


@dying
async def test_speech_in_progress_survives_a_dying_engine() -> None:
    with anyio.fail_after(10):
        async with socket_client(SCRIPT) as client:
            detection = {"type": "server_vad", "interrupt_response": False, "create_response": False}
            audio = {"input": {"turn_detection": detection, "transcription": {"model": "nano"}}}
            await client.send(
                "session.update", session={"type": "realtime", "output_modalities": ["text"], "audio": audio}
            )
            await client.say(speech()[: 24_000 * 3 // 2])
            await client.next("input_audio_buffer.speech_started")
            await client.write("死")
            await client.next("response.done")
            await client.say(speech()[24_000 * 3 // 2 :])
            await client.say(silence(1000))
            completed = await client.next("conversation.item.input_audio_transcription.completed")
    assert completed["transcript"] == "你好小智"


async def test_a_client_that_does_not_read_slows_its_own_answer_and_no_other() -> None:
    with anyio.fail_after(10):
        async with socket_client(SCRIPT) as reader:
            session = reader.service.new_session()  # a client that never takes anything from its outbox
            session.outbox.__init__(soft_limit=20_000)
            await reader.service.lobby.start(session)
            text = [{"type": "input_text", "text": "长"}]
            item = {"type": "message", "role": "user", "content": text}
            await session.receive(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            await session.receive(json.dumps({"type": "conversation.item.create", "item": item}))
            await session.receive(json.dumps({"type": "response.create"}))
            for _ in range(3):
                await reader.write("你好")
                done = await reader.next("response.done")
                assert done["response"]["status"] == "completed"
            assert session.outbox.waiting_bytes < 22_000
            events: list[str] = []
            while not events or json.loads(events[-1])["type"] != "response.done":
                events += await session.outbox.take()
            session.close()
    deltas = [json.loads(text) for text in events]
    assert "".join(e["delta"] for e in deltas if e["type"] == "response.output_text.delta") == "长" * 4000


@pytest.mark.parametrize("connect", CLIENTS.values(), ids=CLIENTS)
async def test_a_session_out_of_time_says_so(connect) -> None:
    with anyio.fail_after(5):
        async with connect(SCRIPT, max_session_s=0.3) as client:
            expired = await client.next("error")
    assert expired["error"]["code"] == "session_expired"


async def test_a_session_that_breaks_ends_alone_and_says_that_it_was_not_the_client() -> None:
    class Broken:
        def initial_state(self) -> None:
            return None

        def __call__(self, windows, states):
            raise ValueError("no model")

    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(5):
        async with serving(Settings(port=0), bridge=bridge, ears=VadHub(Broken())) as (url, _):
            async with autoglm.connect(url) as talker, autoglm.connect(url) as writer:
                await talker.play(speech(), 24_000, real_time=False)
                with pytest.raises(EOFError, match="1011"):
                    await talker.until("input_audio_buffer.speech_started")
                await writer.send_text("你好")
                await writer.create_response()
                events = await writer.until("response.done")
    assert events[-1]["response"]["status"] == "completed"


async def test_a_taken_port_is_an_error_with_a_remedy() -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(5):
        async with serving(Settings(port=0), bridge=bridge) as (url, _):
            port = int(url.rsplit(":", 1)[1])
            with pytest.raises(InputError, match="--port"):
                async with serving(Settings(port=port)):
                    pass


async def test_our_own_client_holds_a_conversation() -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(5):
        async with serving(Settings(port=0), bridge=bridge) as (url, _), autoglm.connect(url) as client:
            await client.until("session.created")
            await client.update_session(output_modalities=["text"], audio={"input": {"transcription": {}}})
            await client.play(speech("thanks.opus"), 24_000, real_time=False)
            await client.play(silence(1000), 24_000, real_time=False)
            events = await client.until("response.done")
            await client.send_text("你好")
            await client.create_response()
            events += await client.until("response.done")
    assert kinds(events).count("response.done") == 2


async def test_an_engine_that_does_not_move_is_felt_at_the_socket_and_then_audio_is_shed_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recognising, "MAX_LAG_MS", 500)
    monkeypatch.setattr(recognising, "SHED_AFTER_S", 0.2)
    monkeypatch.setattr(listening, "QUEUE_BYTES", 24_000)
    session = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    session["autoglm"] = {"events": ["autoglm.audio.shed"]}
    with anyio.fail_after(5):
        async with CLIENTS["memory"](Script(deaf=True)) as client:
            await client.send("session.update", session=session)
            with anyio.move_on_after(0.1) as pushing:
                await client.say(silence(3000))
            assert pushing.cancelled_caught  # pushed back: the reader waits
            assert "autoglm.audio.shed" not in kinds(client.seen)
            shed = await client.next("autoglm.audio.shed")
            await client.send("response.cancel")  # control still comes through
            error = await client.next("error")
    assert shed["ms"] > 0
    assert error["error"]["code"] == "response_cancel_not_active"
