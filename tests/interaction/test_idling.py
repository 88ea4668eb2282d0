"""A user who says nothing for long after an answer is spoken to again, once. In virtual time: seconds cost nothing."""

from __future__ import annotations

import anyio
import pytest

from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from tests.interaction.harness import RecordingEngine, kinds, memory_client, silence, speech

pytestmark = pytest.mark.anyio

SCRIPT = Script(utterances=("你好小智", ""), replies=(ScriptedReply(text="你好"), ScriptedReply(text="还在吗")))
TIMEOUT_MS = 6_000


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


def client_of(script):
    return memory_client(script, replay={"ears": VadHub(SileroVad(), in_thread=False)})


def session(idle_timeout_ms=TIMEOUT_MS, **detection):
    turn_detection = {"type": "server_vad", "idle_timeout_ms": idle_timeout_ms, **detection}
    return {"type": "realtime", "output_modalities": ["text"], "audio": {"input": {"turn_detection": turn_detection}}}


async def quiet(client, seconds) -> list[str]:
    """What comes within so many seconds."""
    seen = len(client.seen)
    with anyio.move_on_after(seconds):
        while True:
            await client.receive()
    return kinds(client.seen[seen:])


async def test_after_the_timeout_the_silence_is_committed_and_answered() -> None:
    engine = RecordingEngine(SCRIPT)
    async with client_of(engine) as client:
        await client.send("session.update", session=session())
        await client.say(speech())
        await client.say(silence(1000))
        await client.next("response.done")
        start_s = anyio.current_time()
        await client.say(silence(3000))
        timeout = await client.next("input_audio_buffer.timeout_triggered")
        assert anyio.current_time() - start_s == pytest.approx(TIMEOUT_MS / 1000, abs=0.01)
        events = await client.until("response.done")
    order = kinds(events)
    assert order[:3] == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
    assert events[0]["item_id"] == timeout["item_id"]
    assert timeout["audio_end_ms"] - timeout["audio_start_ms"] == pytest.approx(3000, abs=50)
    assert events[-1]["response"]["status"] == "completed"
    (part,) = engine.asked(m.Generate)[-1].turns[-1].content
    assert isinstance(part, m.AudioPart)


async def test_it_happens_once_until_the_user_speaks_again() -> None:
    async with client_of(SCRIPT) as client:
        await client.send("session.update", session=session())
        await client.write("你好")
        await client.next("response.done")
        await client.next("input_audio_buffer.timeout_triggered")
        await client.next("response.done")
        assert await quiet(client, 100) == []
        await client.say(speech())
        await client.say(silence(1000))
        await client.next("response.done")
        await client.next("input_audio_buffer.timeout_triggered")


async def test_a_client_that_acts_starts_the_time_anew() -> None:
    async with client_of(SCRIPT) as client:
        await client.send("session.update", session=session())
        await client.write("你好")
        await client.next("response.done")
        assert await quiet(client, 5) == []
        await client.write("再来", respond=False)
        added = await quiet(client, 60)
        assert "input_audio_buffer.timeout_triggered" not in added
        await client.send("response.create")
        await client.next("response.done")
        await client.next("input_audio_buffer.timeout_triggered")


async def test_nobody_is_prompted_who_did_not_ask_for_it_or_no_longer_does() -> None:
    async with client_of(SCRIPT) as client:
        await client.send("session.update", session=session(None))
        await client.write("你好")
        await client.next("response.done")
        assert await quiet(client, 60) == []
        await client.send("session.update", session=session(30_000))
        await client.write("你好")
        await client.next("response.done")
        await client.send("session.update", session=session(None))
        assert await quiet(client, 60) == ["session.updated"]


async def test_speech_that_begins_in_time_is_no_idleness() -> None:
    async with client_of(SCRIPT) as client:
        await client.send("session.update", session=session(silence_duration_ms=3000))
        await client.write("你好")
        await client.next("response.done")
        assert await quiet(client, 5.5) == []
        await client.say(speech())
        events = await quiet(client, 2)
        assert events == ["input_audio_buffer.speech_started"]


async def test_without_responses_of_its_own_the_session_only_commits() -> None:
    async with client_of(SCRIPT) as client:
        await client.send("session.update", session=session(create_response=False))
        await client.write("你好")
        await client.next("response.done")
        await client.next("input_audio_buffer.timeout_triggered")
        assert "response.created" not in await quiet(client, 60)
