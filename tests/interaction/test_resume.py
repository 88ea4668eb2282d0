"""Coming back over a real socket: one that breaks costs neither a word nor an event, and none comes twice."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
import websockets

from autoglm_agent import client as autoglm
from autoglm_agent.audio import pcm
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import AutoGLMError, OverloadedError, SessionLostError
from autoglm_agent.runtime import session as session_module
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.journal import Journal
from autoglm_agent.server.realtime import CLOSE_TAKEN_OVER
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.interaction.harness import Client, _Socket, kinds, silence, speech, until
from tests.interaction.voices import MS_PER_CHARACTER, Metronome, entered

pytestmark = pytest.mark.anyio

LONG = "从前有一座山" * 40
SHORT = "你好，我在听。"
SCRIPT = Script(
    utterances=("请等一下好吗",),
    ms_per_character=100,
    replies=(ScriptedReply(text=LONG, when="长"), ScriptedReply(text=SHORT)),
)
TEXT = {"type": "realtime", "output_modalities": ["text"]}
SPOKEN = {"type": "realtime", "audio": {"input": {"transcription": {"model": "nano"}}}}


@asynccontextmanager
async def house(script=SCRIPT, **settings):
    """A server with a voice: its address and its parts."""
    bridge = ComputeBridge.thread(EngineSpec(script=script))
    async with serving(Settings(port=0, **settings), bridge=bridge, voice=entered(Metronome())) as (url, service):
        yield url, service


class Caller(Client):
    """A client that can lose its socket."""

    def __init__(self, socket, service) -> None:
        super().__init__(_Socket(socket), service)
        self.socket = socket

    def lose(self) -> None:
        self.socket.transport.abort()

    async def lost(self) -> None:
        """Lose the socket and wait until the server knows."""
        self.lose()
        await until(lambda: all(call.session.outbox.is_lost for call in self.service.calls._calls))

    @property
    def token(self) -> str:
        return self.seen[0]["session"]["autoglm"]["resume"]["token"]

    @property
    def last_event(self) -> str:
        return self.seen[-1]["event_id"]


def address(url, path="/v1/realtime", **query) -> str:
    parameters = "&".join(f"{name}={value}" for name, value in {"model": "nano", **query}.items())
    return f"{url.replace('http', 'ws')}{path}?{parameters}"


@asynccontextmanager
async def call(url, service, **query):
    async with websockets.connect(address(url, **(query or {"autoglm": "resume"}))) as socket:
        caller = Caller(socket, service)
        await caller.receive()
        yield caller


def back(before: Caller, url, **query):
    return call(url, before.service, resume=before.token, last_event=before.last_event, **query)


def only_session(service):
    (known,) = service.calls._calls
    return known.session


def sound(events) -> bytes:
    return b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")


def words(events, kind="response.output_text.delta") -> str:
    return "".join(event["delta"] for event in events if event["type"] == kind)


def check_unique(events) -> None:
    ids = [event["event_id"] for event in events]
    assert len(set(ids)) == len(ids)


# --- Losing the socket -----------------------------------------------------------------------------------------------


async def test_a_socket_that_breaks_in_mid_speech_costs_no_word() -> None:
    audio = pcm.encode(speech())
    with anyio.fail_after(10):
        async with house() as (url, service), call(url, service) as first:
            await first.send("session.update", session=SPOKEN)
            await first.say(speech()[: 24_000 * 5 // 4])
            await first.until("input_audio_buffer.speech_started")
            await first.lost()
            async with back(first, url) as second:
                resumed = second.seen[0]
                await second.say(pcm.decode(audio[48 * resumed["received_audio_ms"] :]))
                await second.say(silence(1500))
                await second.until("response.done")
                received_ms = only_session(service).connection.received_ms
    seen = [*first.seen, *second.seen]
    assert resumed["type"] == "session.resumed"
    assert 0 < resumed["received_audio_ms"] <= 1_250
    assert received_ms == len(audio) // 48 + 1500
    check_unique(seen)
    for kind in ("speech_started", "speech_stopped", "committed"):
        assert kinds(seen).count(f"input_audio_buffer.{kind}") == 1
    (completed,) = [e for e in seen if e["type"] == "conversation.item.input_audio_transcription.completed"]
    assert completed["transcript"] == "请等一下好吗"


async def test_an_answer_as_text_goes_on_where_it_was_seen_last() -> None:
    with anyio.fail_after(10):
        async with house() as (url, service), call(url, service) as first:
            await first.send("session.update", session=TEXT)
            await first.write("长")
            for _ in range(5):
                await first.until("response.output_text.delta")
            first.lose()
            async with back(first, url) as second:
                await second.until("response.output_text.delta")
                await second.lost()  # again, and nobody was there for the end
                async with back(second, url) as third:
                    await third.until("response.done")
    seen = [*first.seen, *second.seen, *third.seen]
    check_unique(seen)
    assert words(seen) == LONG
    assert kinds(seen).count("response.done") == kinds(seen).count("response.created") == 1
    assert [second.seen[0]["type"], third.seen[0]["type"]] == ["session.resumed"] * 2


async def test_an_answer_with_a_voice_is_heard_to_its_end_and_nothing_of_it_twice() -> None:
    with anyio.fail_after(10):
        async with house() as (url, service), call(url, service) as first:
            await first.write("你好")
            await first.until("response.output_audio.delta")
            await first.lost()
            async with back(first, url) as second:
                events = await second.until("response.done")
    seen = [*first.seen, *second.seen]
    check_unique(seen)
    assert len(sound(seen)) == len(SHORT) * MS_PER_CHARACTER * 48
    assert words(seen, "response.output_audio_transcript.delta") == SHORT
    assert events[-1]["response"]["status"] == "completed"


async def test_a_client_that_missed_too_much_is_told_how_things_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "Journal", partial(Journal, max_bytes=4_000))
    with anyio.fail_after(10):
        async with house() as (url, service), call(url, service) as first:
            await first.send("session.update", session=TEXT)
            await first.write("长")
            await first.until("response.output_text.delta")
            await first.lost()
            session = only_session(service)
            await until(lambda: session.connection.active_response_id is None)
            async with back(first, url) as second:
                await second.write("你好")
                after = await second.until("response.done")
    snapshot = second.seen[0]
    assert snapshot["type"] == "session.resync_required"
    assert snapshot["session"]["id"] == first.seen[0]["session"]["id"]
    assert [item["content"][0]["text"] for item in snapshot["items"]] == ["长", LONG]
    assert snapshot["previous_item_id"] is None
    assert snapshot["received_events"] == 3
    assert words(after) == SHORT


# --- Who may come back -----------------------------------------------------------------------------------------------


async def test_a_second_socket_takes_the_session_over() -> None:
    with anyio.fail_after(10):
        async with house(max_sessions=1) as (url, service), call(url, service) as first:
            await first.send("session.update", session=TEXT)
            await first.until("session.updated")
            async with back(first, url) as second, back(first, url) as third:
                for caller in (first, second):
                    with pytest.raises(websockets.ConnectionClosed) as closed:
                        await caller.until("never")
                    assert closed.value.rcvd.code == CLOSE_TAKEN_OVER
                await third.write("你好")
                events = await third.until("response.done")
                assert service.lobby.places.taken == 1
    assert words(events) == SHORT
    assert third.seen[0]["type"] == "session.resumed"


async def test_a_session_waits_in_its_place_until_the_grace_is_over() -> None:
    with anyio.fail_after(10):
        async with house(max_sessions=1, resume_grace_s=1.0) as (url, service), call(url, service) as first:
            await first.lost()
            assert service.lobby.places.taken == 1
            with pytest.raises(OverloadedError):
                async with autoglm.connect(url):
                    pass
            await until(lambda: not service.lobby.places.taken)
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with back(first, url):
                    pass
            async with call(url, service) as stranger:
                assert stranger.token != first.token
    assert refused.value.response.status_code == 404
    assert not service.calls._calls


async def test_a_wrong_token_is_refused_before_the_handshake() -> None:
    with anyio.fail_after(5):
        async with house() as (url, service), call(url, service):
            for token in ("resume_0", "", "%E4%BD%A0"):
                with pytest.raises(websockets.InvalidStatus) as refused:
                    await websockets.connect(address(url, resume=token, last_event="event_0"))
                assert refused.value.response.status_code == 404
                error = json.loads(refused.value.response.body)["error"]
                assert (error["code"], error["param"]) == ("session_not_found", "resume")
            assert service.lobby.places.taken == 1


async def test_a_token_needs_a_key_beside_it_and_the_key_of_the_beginning_stays_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with anyio.fail_after(5):
        async with house(api_keys=("secret",)) as (url, service):
            key = service.secrets.grant(b"{}", service.session_defaults).value
            headers = {"Authorization": f"Bearer {key}"}
            asked = await websockets.connect(address(url, autoglm="resume"), additional_headers=headers)
            resume = json.loads(await asked.recv())["session"]["autoglm"]["resume"]["token"]
            monkeypatch.setattr(service.secrets, "settings", lambda key: None)  # it has expired
            for wrong in ({}, {"Authorization": "Bearer ek_other"}):
                with pytest.raises(websockets.InvalidStatus) as refused:
                    await websockets.connect(address(url, resume=resume), additional_headers=wrong)
                assert refused.value.response.status_code == 401
            async with websockets.connect(address(url, resume=resume), additional_headers=headers) as again:
                told = json.loads(await again.recv())
            await asked.close()
    assert told["type"] == "session.resync_required"  # it did not say what it saw last


async def test_a_goodbye_ends_the_session_at_once() -> None:
    with anyio.fail_after(5):
        async with house() as (url, service):
            async with call(url, service):
                assert service.lobby.places.taken == 1
            await until(lambda: not service.lobby.places.taken)


async def test_who_does_not_ask_hears_nothing_is_not_waited_for_and_costs_no_journal() -> None:
    with anyio.fail_after(5):
        async with house() as (url, service), call(url, service, intent="none") as first:
            await first.write("你好")
            await first.until("response.output_audio.delta")
            assert only_session(service).outbox.journal is None
            first.lose()
            await until(lambda: not service.lobby.places.taken)
    assert "autoglm" not in first.seen[0]["session"]


async def test_who_asks_in_the_settings_may_come_back_too() -> None:
    with anyio.fail_after(5):
        async with house() as (url, service), call(url, service, intent="none") as first:
            await first.send("session.update", session={"type": "realtime", "autoglm": {"resume": True}})
            updated = await first.next("session.updated")
            await first.send("input_audio_buffer.clear")
            await first.lost()
            token = updated["session"]["autoglm"]["resume"]["token"]
            async with call(url, service, resume=token, last_event=updated["event_id"]) as second:
                await second.next("input_audio_buffer.cleared")
    assert kinds(second.seen) == ["session.resumed", "input_audio_buffer.cleared"]


@pytest.mark.parametrize("path", ["/api/paas/v4/realtime", "/api-ws/v1/realtime", "/v1/realtime"])
async def test_a_dialect_is_not_resumed(path) -> None:
    flat = {"modalities": ["text"], "input_audio_format": "pcm", "autoglm": {"resume": True}}
    with anyio.fail_after(5):
        async with house() as (url, service):
            socket = await websockets.connect(address(url, path, autoglm="resume"))
            await socket.send(json.dumps({"type": "session.update", "session": flat}))
            events = []
            while not events or events[-1]["type"] != "session.updated":
                events.append(json.loads(await socket.recv()))
            assert only_session(service).connection.resume_token is None
            socket.transport.abort()
            await until(lambda: not service.lobby.places.taken)
    assert "resume" not in events[-1]["session"].get("autoglm", {})


# --- Our own client --------------------------------------------------------------------------------------------------


def cut(client: autoglm.RealtimeClient) -> None:
    client._socket._socket.transport.abort()


async def test_our_client_comes_back_by_itself_in_mid_speech_and_in_mid_answer() -> None:
    events = []
    with anyio.fail_after(15):
        async with house() as (url, service), autoglm.connect(url, resume=True) as client:
            await client.until("session.created")
            await client.update_session(audio=SPOKEN["audio"])
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(client.play, speech(), 24_000))
                events += await client.until("input_audio_buffer.speech_started")
                cut(client)
                events += await client.until("session.resumed")
            cut(client)
            await client.play(silence(1500), 24_000, real_time=False)
            events += await client.until("response.output_audio.delta")
            cut(client)
            events += await client.until("response.done")
            received_ms = only_session(service).connection.received_ms
        await until(lambda: not service.lobby.places.taken)
    check_unique(events)
    assert received_ms == len(speech()) // 24 + 1500
    assert kinds(events).count("session.resumed") == 3
    assert kinds(events).count("input_audio_buffer.speech_started") == 1
    assert len(sound(events)) == len(SHORT) * MS_PER_CHARACTER * 48
    (completed,) = [e for e in events if e["type"] == "conversation.item.input_audio_transcription.completed"]
    assert completed["transcript"] == "请等一下好吗"


async def test_our_client_sends_each_request_once_however_often_the_connection_breaks() -> None:
    with anyio.fail_after(10):
        async with house() as (url, _), autoglm.connect(url, resume=True) as client:
            await client.until("session.created")
            await client.update_session(output_modalities=["text"])
            events = await client.until("session.updated")
            for _ in range(3):
                await client.send_text("在吗")
                cut(client)
                await client.send_text("长")
                await client.create_response()
                cut(client)
                events += await client.until("response.done")
    check_unique(events)
    assert "error" not in kinds(events)
    assert kinds(events).count("response.done") == 3
    assert words(events) == LONG * 3
    said = [e["item"] for e in events if e["type"] == "conversation.item.done" and e["item"].get("role") == "user"]
    assert [item["content"][0]["text"] for item in said] == ["在吗", "长"] * 3


async def test_our_client_tries_again_until_the_network_is_back() -> None:
    with anyio.fail_after(5):
        async with house() as (url, _), autoglm.connect(url, resume=True) as client:
            await client.until("session.created")
            reopen, failures = client._socket._reopen, []

            async def flaky(parameters):
                if len(failures) < 3:
                    failures.append(parameters)
                    raise OSError("no route to host")
                return await reopen(parameters)

            client._socket._reopen = flaky
            cut(client)
            events = await client.until("session.resumed")
    assert kinds(events) == ["session.resumed"]
    assert len(failures) == 3


async def test_our_client_says_when_it_cannot_come_back() -> None:
    with anyio.fail_after(5):
        async with house(resume_grace_s=0.0) as (url, _), autoglm.connect(url, resume=True) as client:
            await client.until("session.created")
            cut(client)
            with pytest.raises(SessionLostError, match="does not resume sessions"):
                await client.receive()
            with pytest.raises(AutoGLMError, match="does not resume sessions"):
                await client.send_text("在吗")
        async with house() as (url, service), autoglm.connect(url, resume=True) as client:
            await client.until("session.created")
            cut(client)
            only_session(service).close()
            with pytest.raises(SessionLostError, match="HTTP 404"):
                await client.receive()


async def test_our_client_does_not_come_back_to_a_session_that_was_ended_or_taken_over() -> None:
    with anyio.fail_after(5):
        async with (
            house(max_session_s=1.0) as (url, service),
            autoglm.connect(url, resume=True) as first,
            autoglm.connect(url, resume=True) as expiring,
        ):
            (created,) = await first.until("session.created")
            token = created["session"]["autoglm"]["resume"]["token"]
            async with call(url, service, resume=token, last_event=created["event_id"]):
                with pytest.raises(EOFError, match=str(CLOSE_TAKEN_OVER)):
                    await first.until("never")
            events = [event async for event in expiring]
    assert kinds(events) == ["session.created", "error"]
    assert events[-1]["error"]["code"] == "session_expired"


async def test_without_resume_a_lost_connection_is_the_end() -> None:
    with anyio.fail_after(5):
        async with house() as (url, service), autoglm.connect(url) as client:
            await client.until("session.created")
            client._socket.transport.abort()
            with pytest.raises(EOFError, match="lost"):
                await client.receive()
            await until(lambda: not service.lobby.places.taken)
