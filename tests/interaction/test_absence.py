"""While a client that may come back is away: nothing is cut short, played to nobody, or taken for silence.

In virtual time: half a minute of absence costs nothing.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import anyio
import pytest

from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.runtime.speaking import LEAD_MS
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from tests.interaction.harness import Client, kinds, memory_client, silence, speech
from tests.interaction.test_speaking import STORY, hear_for, sound, transcript_of
from tests.interaction.voices import MS_PER_CHARACTER, Metronome, entered

pytestmark = pytest.mark.anyio

SCRIPT = Script(
    utterances=("请等一下好吗",),
    ms_per_character=100,
    replies=(ScriptedReply(text=STORY, when="故事"), ScriptedReply(text="你好！")),
)
SECOND = 24_000


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


class Phone:
    """A client in and out of a tunnel."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._session = client._transport._session

    @property
    def is_over(self) -> bool:
        return self._session._closed.is_set()

    async def lose(self, seconds: float) -> None:
        """Lose the socket, and what was on its way; so much time goes by."""
        self._session.lose_client()
        self.client._transport._waiting.clear()
        await anyio.sleep(seconds)

    async def come_back(self) -> list[dict]:
        """The first event, and what comes at once after it."""
        self._session.resume(self.client.seen[-1]["event_id"])
        seen = len(self.client.seen)
        self.client._transport._waiting = await self._session.outbox.take()
        while self.client._transport._waiting:
            await self.client.receive()
        return self.client.seen[seen:]


@asynccontextmanager
async def phone(**audio_input):
    replay = {"ears": VadHub(SileroVad(), in_thread=False), "voice": entered(Metronome()), "clock": anyio.current_time}
    session = {"type": "realtime", "autoglm": {"resume": True}, "audio": {"input": audio_input}}
    async with memory_client(SCRIPT, replay=replay, resume_grace_s=30) as client:
        await client.send("session.update", session=session)
        await client.until("session.updated")
        yield Phone(client)


async def test_speech_that_a_lost_socket_cut_off_is_not_a_turn_and_goes_on_after_it() -> None:
    async with phone(transcription={"model": "nano"}) as caller:
        client = caller.client
        await client.say(speech()[: SECOND * 5 // 4])
        await client.until("input_audio_buffer.speech_started")
        await caller.lose(25)
        told = await caller.come_back()
        assert "input_audio_buffer.speech_stopped" not in kinds(told)
        await anyio.sleep(1.2)  # less than a muted microphone gets
        await client.say(speech()[SECOND * 5 // 4 :])
        await client.say(silence(1500))
        await client.until("response.done")
    seen = client.seen
    assert kinds(seen).count("input_audio_buffer.committed") == 1
    (completed,) = [e for e in seen if e["type"] == "conversation.item.input_audio_transcription.completed"]
    assert completed["transcript"] == "请等一下好吗"


async def test_who_comes_back_and_says_no_more_was_muted() -> None:
    async with phone() as caller:
        await caller.client.say(speech()[: SECOND * 5 // 4])
        await caller.client.until("input_audio_buffer.speech_started")
        await caller.lose(25)
        await caller.come_back()
        start_s = anyio.current_time()
        await caller.client.until("input_audio_buffer.committed")
        waited_s = anyio.current_time() - start_s
    assert 1.0 < waited_s < 3.0


async def test_a_voice_waits_for_its_listener_and_what_nobody_heard_is_not_history() -> None:
    async with phone() as caller:
        client = caller.client
        await client.write("讲个故事")
        item_id = (await client.next("response.output_audio.delta"))["item_id"]
        await hear_for(client, 1.0)
        heard_before = len(sound(client.seen)) // 48
        await caller.lose(20)
        again = await caller.come_back()
        assert len(sound(again)) // 48 <= LEAD_MS + 200
        await client.say(speech())  # interrupts about two seconds after the return
        await client.say(silence(1000))
        events = await client.until("response.done")
        await client.until("response.done")
        heard = await transcript_of(client, item_id)
    assert events[-1]["response"]["status"] == "cancelled"
    assert STORY.startswith(heard)
    assert len(heard) * MS_PER_CHARACTER <= heard_before + LEAD_MS + 400


async def test_a_voice_that_was_lost_on_its_way_is_heard_only_when_it_comes_again() -> None:
    async with phone() as caller:
        client = caller.client
        await client.write("讲个故事")
        item_id = (await client.next("response.output_audio.delta"))["item_id"]
        await hear_for(client, 1.0)
        arrived_ms = len(sound(client.seen)) // 48
        await anyio.sleep(1.0)  # sent, and never read
        await caller.lose(10)
        again = await caller.come_back()
        assert len(sound(again)) // 48 == pytest.approx(1_000, abs=200)
        await client.say(speech())  # at once
        await client.until("response.done")
        heard = await transcript_of(client, item_id)
    assert len(heard) * MS_PER_CHARACTER == pytest.approx(arrived_ms, abs=MS_PER_CHARACTER)


async def test_an_answer_of_words_is_finished_in_the_absence_and_repeated_whole() -> None:
    async with phone() as caller:
        client = caller.client
        await client.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
        await client.write("讲个故事")
        await client.until("response.output_text.delta")
        await caller.lose(5)
        events = await caller.come_back()
    assert events[0]["type"] == "session.resumed"
    assert events[-1]["type"] == "response.done"
    told = [event["delta"] for event in client.seen if event["type"] == "response.output_text.delta"]
    assert "".join(told) == STORY


async def test_events_that_were_taken_and_never_arrived_are_repeated_however_often() -> None:
    async with phone() as caller:
        client = caller.client
        for _ in range(4):
            await client.send("input_audio_buffer.clear")
        await caller.lose(1)
        caller._session.resume(client.seen[-1]["event_id"])  # this socket brings nothing to its client
        await caller._session.outbox.take()
        await caller.lose(1)
        first = await caller.come_back()
        await caller.lose(1)
        client.seen.pop()
        client.seen.pop()
        second = await caller.come_back()
    assert kinds(first) == ["session.resumed", *["input_audio_buffer.cleared"] * 4]
    assert second[1:] == first[-2:]


async def test_an_absence_is_no_idleness() -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 6_000}
    async with phone(turn_detection=detection) as caller:
        client = caller.client
        await client.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
        await client.write("你好")
        await client.until("response.done")
        await client.say(silence(500))
        await caller.lose(20)
        assert kinds(await caller.come_back()) == ["session.resumed"]
        start_s = anyio.current_time()
        await client.until("input_audio_buffer.timeout_triggered")
    assert anyio.current_time() - start_s == pytest.approx(6.0, abs=0.1)


async def test_the_session_ends_when_the_grace_is_over_and_not_before() -> None:
    async with phone() as caller:
        await caller.lose(29)
        await caller.come_back()
        await caller.lose(29)
        assert not caller.is_over
        await anyio.sleep(2)
        assert caller.is_over
        caller._session.resume(None)  # too late, and no harm
        rest = [json.loads(text) for text in await caller._session.outbox.take()]
    assert rest == []
