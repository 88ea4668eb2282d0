"""Answers with a voice: order, pace, interruptions, what was heard. In virtual time: a long answer costs nothing."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager

import anyio
import pytest

from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.runtime.speaking import LEAD_MS
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from tests.interaction.harness import kinds, memory_client, silence, speech
from tests.interaction.voices import MS_PER_CHARACTER, Metronome, entered

pytestmark = pytest.mark.anyio

STORY = "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲故事，讲的是什么呢？"
SCRIPT = Script(
    utterances=("请等一下好吗",),
    ms_per_character=100,
    replies=(
        ScriptedReply(text=STORY, reasoning="要讲故事", when="故事"),
        ScriptedReply(text="好的，我在听。", when="等一下"),
        ScriptedReply(text="你好！"),
    ),
)


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@asynccontextmanager
async def talking(script=SCRIPT, voice=None, brain=None, **output):
    """A client that gets voices, and the voice."""
    voice = voice or Metronome()
    replay = {
        "ears": VadHub(SileroVad(), in_thread=False), "voice": entered(voice), "clock": anyio.current_time,
    }  # fmt: skip
    async with memory_client(script, replay=replay, brain=brain) as client:
        if output:
            await client.send("session.update", session={"type": "realtime", "audio": {"output": output}})
        yield client, voice


def sound(events) -> bytes:
    return b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")


async def transcript_of(client, item_id) -> str:
    await client.send("conversation.item.retrieve", item_id=item_id)
    item = (await client.next("conversation.item.retrieved"))["item"]
    return item["content"][0]["transcript"]


async def hear_for(client, seconds):
    """What comes within so many seconds."""
    seen = len(client.seen)
    with anyio.move_on_after(seconds):
        while True:
            await client.receive()
    return client.seen[seen:]


async def test_an_answer_is_spoken_in_the_order_of_the_protocol() -> None:
    async with talking() as (client, voice):
        await client.write("你好")
        events = await client.until("response.done")
    order = [kind for kind in kinds(events) if kind.startswith(("response.", "conversation.item.done"))]
    assert list(dict.fromkeys(order[order.index("response.created") :])) == [
        "response.created", "response.output_item.added", "response.content_part.added",
        "response.output_audio_transcript.delta", "response.output_audio.delta", "response.output_audio.done",
        "response.output_audio_transcript.done", "response.content_part.done", "conversation.item.done",
        "response.output_item.done", "response.done",
    ]  # fmt: skip
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "output_audio", "transcript": "你好！"}]
    assert voice.said == [("你好！", "tick", 1.0)]
    assert len(sound(events)) == 3 * MS_PER_CHARACTER * 48


async def test_a_voice_is_sent_a_little_ahead_of_what_is_heard_and_reasoning_is_never_spoken() -> None:
    async with talking() as (client, voice):
        await client.write("讲个故事")
        await client.next("response.output_audio.delta")
        start_s = anyio.current_time()
        events = await client.until("response.done")
        took_ms = (anyio.current_time() - start_s) * 1000
    whole_ms = len(STORY) * MS_PER_CHARACTER
    assert took_ms == pytest.approx(whole_ms - LEAD_MS, abs=50)
    assert "".join(text for text, _, _ in voice.said) == STORY
    assert len(voice.said) > 3
    assert events[-1]["response"]["output"][0]["content"][0]["transcript"] == STORY


async def test_who_speaks_over_an_answer_stops_it_and_the_history_keeps_what_was_heard() -> None:
    async with talking() as (client, _):
        await client.write("讲个故事")
        item_id = (await client.next("response.output_audio.delta"))["item_id"]
        await hear_for(client, 3.0)
        await client.say(speech())
        await client.say(silence(1000))
        events = await client.until("response.created")
        done = next(e for e in events if e["type"] == "response.done")["response"]
        await client.until("response.done")
        heard = await transcript_of(client, item_id)
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
    after = kinds(events)[kinds(events).index("input_audio_buffer.speech_started") :]
    assert "response.output_audio.delta" not in after
    assert after.index("response.done") < after.index("input_audio_buffer.speech_stopped")
    assert STORY.startswith(heard)
    assert len(heard) == pytest.approx(3_000 / MS_PER_CHARACTER, abs=1)


async def test_a_sign_of_listening_only_pauses_the_answer() -> None:
    script = Script(utterances=("嗯",), replies=SCRIPT.replies, ms_per_character=40)
    async with talking(script) as (client, _):
        await client.write("讲个故事")
        events = await client.until("response.output_audio.delta")
        await client.say(speech("thanks.opus")[: 24_000 * 3 // 4])
        paused = await hear_for(client, 1.2)
        await client.say(silence(1000))
        rest = await client.until("response.done")
    assert len(sound([*events, *paused])) <= LEAD_MS * 48
    assert "input_audio_buffer.speech_started" not in kinds(client.seen)
    assert rest[-1]["response"]["status"] == "completed"
    assert len(sound(client.seen)) == len(STORY) * MS_PER_CHARACTER * 48


async def test_a_client_that_stops_playing_cuts_the_history_at_the_word() -> None:
    async with talking() as (client, _):
        await client.write("讲个故事")
        done = await client.next("response.done")
        item_id = done["response"]["output"][0]["id"]
        for end_ms, words in ((9_000, 45), (1_310, 7), (0, 0)):
            await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=end_ms)
            truncated = await client.next("conversation.item.truncated")
            assert truncated["audio_end_ms"] == min(end_ms, len(STORY) * MS_PER_CHARACTER)
            assert await transcript_of(client, item_id) == STORY[:words]


async def test_what_is_still_being_played_can_be_interrupted_too() -> None:
    async with talking() as (client, _):
        await client.write("讲个故事")
        done = await client.next("response.done")
        await client.say(speech())
        await client.say(silence(1000))
        await client.until("response.done")
        heard = await transcript_of(client, done["response"]["output"][0]["id"])
    missing_ms = (len(STORY) - len(heard)) * MS_PER_CHARACTER
    assert 0 < missing_ms <= LEAD_MS


async def test_a_cancelled_answer_keeps_what_was_heard() -> None:
    async with talking() as (client, _):
        await client.write("讲个故事")
        item_id = (await client.next("response.output_audio.delta"))["item_id"]
        await hear_for(client, 2.0)
        await client.send("response.cancel")
        await client.until("response.done")
        heard = await transcript_of(client, item_id)
        later = await hear_for(client, 5.0)
    assert len(heard) == pytest.approx(2_000 / MS_PER_CHARACTER, abs=1)
    assert not sound(later)


async def test_a_voice_that_fails_costs_no_word() -> None:
    async with talking(voice=Metronome(fails_on="庙")) as (client, _):
        await client.write("讲个故事")
        events = await client.until("response.done")
    errors = [e["error"]["code"] for e in events if e["type"] == "error"]
    assert errors == ["voice_failed"]
    assert events[-1]["response"]["status"] == "completed"
    assert events[-1]["response"]["output"][0]["content"][0]["transcript"] == STORY
    assert 0 < len(sound(events)) < len(STORY) * MS_PER_CHARACTER * 48


@pytest.mark.parametrize("name", ["audio/pcmu", "audio/pcma"])
async def test_telephones_get_their_own_format(name) -> None:
    async with talking(format={"type": name}, voice=None, speed=1.25) as (client, voice):
        await client.write("你好")
        events = await client.until("response.done")
    assert events[-1]["response"]["audio"]["output"]["format"] == {"type": name}
    assert voice.said[0][2] == 1.25
    assert len(sound(events)) == 3 * MS_PER_CHARACTER * 8
