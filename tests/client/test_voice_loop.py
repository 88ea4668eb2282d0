"""A voice loop with real sessions over memory, in virtual time: a long talk costs nothing."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest

from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.bench.echo_room import EchoRoom, room_response
from autoglm_agent.bench.memory_socket import MemorySocket
from autoglm_agent.client import EchoGuard, PictureCamera, RealtimeClient, RecordingLoudspeaker, Tool, VoiceLoop
from autoglm_agent.client.devices import BLOCK, BLOCK_S, SAMPLE_RATE_HZ
from autoglm_agent.client.recordings import RecordedMicrophone, read_recording
from autoglm_agent.client.voice_loop import MAX_ROUNDS, OUTGOING_BLOCKS
from autoglm_agent.commands.scenes import MEDIA_DIR
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.server.service import open_service
from autoglm_agent.settings import Settings
from autoglm_agent.voice.speech import Speech
from tests.interaction.harness import RecordingEngine, speech
from tests.interaction.voices import MS_PER_CHARACTER, Metronome, entered

pytestmark = pytest.mark.anyio

STORY = "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲故事，讲的是什么呢？"
GREETING, COMMAND = speech(), read_recording(MEDIA_DIR / "car.flac")


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


class OwnVoice(Metronome):
    """Says a recording again and again, as long as the text wants it."""

    sound = (np.concatenate([read_recording(MEDIA_DIR / f"zoo{n}.flac") for n in (1, 2, 3)]) * 32767).astype("<i2")

    async def speak(self, text: str, *, voice: str, speed: float) -> Speech:
        said = await super().speak(text, voice=voice, speed=speed)
        return Speech(np.resize(self.sound, len(said.pcm) // 2).tobytes(), said.marks)


@asynccontextmanager
async def session(script, voice=None):
    """A client of a session over memory, and the engine behind it."""
    engine = RecordingEngine(script)
    async with open_service(
        Settings(voice="none"),
        bridge=ComputeBridge.local(engine),
        ears=VadHub(SileroVad(), in_thread=False),
        voice=entered(voice or Metronome()),
        clock=anyio.current_time,
    ) as service:
        session = service.new_session()
        await service.lobby.start(session)
        yield RealtimeClient(MemorySocket(session)), engine
        session.close()


class Talk:
    """A voice loop with a microphone to speak into; remembers what the server told and when."""

    def __init__(self, client, **parts) -> None:
        self.microphone = RecordedMicrophone()
        self.loudspeaker = RecordingLoudspeaker()
        self.told, self._news = [], anyio.Event()
        parts = {"microphone": self.microphone, "loudspeaker": self.loudspeaker} | parts
        self.loop = VoiceLoop(client, on_event=self._note, **parts)

    def _note(self, event) -> None:
        self.told.append((anyio.current_time(), event))
        self._news.set()

    async def until(self, kind) -> None:
        while kind not in self.kinds():
            self._news = anyio.Event()
            await self._news.wait()

    async def run(self, script) -> None:
        with anyio.fail_after(120):
            await self.loop.run(script)

    def kinds(self):
        return [event["type"] for _, event in self.told]

    def first(self, kind):
        return next((at_s, event) for at_s, event in self.told if event["type"] == kind)


def script(*replies, utterances=("请讲故事",), **more) -> Script:
    return Script(utterances=utterances, replies=replies, ms_per_character=100, **more)


async def test_a_question_is_heard_and_the_answer_played_to_its_end() -> None:
    async with session(script(ScriptedReply(text=STORY))) as (client, _):
        talk = Talk(client)

        async def ask() -> None:
            await talk.microphone.say(GREETING)
            await talk.loop.answered(0)

        await talk.run(ask)
    assert talk.loop.answers == 1
    assert np.count_nonzero(talk.loudspeaker.played) == len(STORY) * MS_PER_CHARACTER * SAMPLE_RATE_HZ // 1000
    assert "conversation.item.truncated" not in talk.kinds()
    assert talk.loop.lost_ms == 0


async def test_an_interruption_stops_the_sound_at_once_and_tells_to_the_block_how_much_was_heard() -> None:
    stories = script(ScriptedReply(text=STORY), ScriptedReply(text="好的。"), utterances=("请讲故事", "等一下"))
    async with session(stories) as (client, _):
        talk = Talk(client)

        async def interrupt() -> None:
            await talk.microphone.say(GREETING)
            await talk.until("response.output_audio.delta")
            await anyio.sleep(2.0)
            await talk.microphone.say(COMMAND)
            await talk.loop.answered(0)

        await talk.run(interrupt)
    started = [at_s for at_s, event in talk.told if event["type"] == "input_audio_buffer.speech_started"]
    _, truncated = talk.first("conversation.item.truncated")
    at_block = np.flatnonzero(talk.loudspeaker.played.reshape(-1, BLOCK).any(axis=1)) * BLOCK_S
    before = at_block[at_block < started[1] + 2 * BLOCK_S]
    assert truncated["audio_end_ms"] == pytest.approx(len(before) * BLOCK_S * 1000, abs=1)
    assert before[-1] <= started[1]
    # Between the interruption and the next answer nothing sounds; then come three characters.
    assert len(at_block) - len(before) == 3 * MS_PER_CHARACTER / 1000 / BLOCK_S
    cancelled = [e["response"]["status"] for _, e in talk.told if e["type"] == "response.done"]
    assert cancelled == ["cancelled", "completed"]


@pytest.mark.parametrize("guarded", [True, False])
async def test_own_voice_in_the_microphone_interrupts_only_without_the_guard(guarded) -> None:
    stories = script(ScriptedReply(text=STORY), utterances=("请讲故事", "从前有一座山"))
    async with session(stories, OwnVoice()) as (client, _):
        room = EchoRoom(room_response(np.random.default_rng(1), level_db=-10.0))
        talk = Talk(client, microphone=room, loudspeaker=room, guard=EchoGuard() if guarded else None)

        async def ask() -> None:
            await room.mouth.say(GREETING)
            with anyio.move_on_after(15):
                await talk.loop.answered(0)

        await talk.run(ask)
    interruptions = talk.kinds().count("input_audio_buffer.speech_started") - 1
    assert (interruptions, talk.loop.answers) == (0, 1) if guarded else interruptions > 3


async def test_a_user_interrupts_through_the_guard() -> None:
    stories = script(ScriptedReply(text=STORY), ScriptedReply(text="好的。"), utterances=("请讲故事", "等一下"))
    async with session(stories, OwnVoice()) as (client, _):
        room = EchoRoom(room_response(np.random.default_rng(2), level_db=-10.0))
        talk = Talk(client, microphone=room, loudspeaker=room, guard=EchoGuard())
        spoke_s = 0.0

        async def interrupt() -> None:
            nonlocal spoke_s
            await room.mouth.say(GREETING)
            await talk.until("response.output_audio.delta")
            await anyio.sleep(2.5)
            spoke_s = anyio.current_time()
            await room.mouth.say(COMMAND)
            await talk.loop.answered(0)

        await talk.run(interrupt)
    started = [at_s for at_s, event in talk.told if event["type"] == "input_audio_buffer.speech_started"]
    assert len(started) == 2
    assert 0 < started[1] - spoke_s < 1.0


# --- Tools and the camera --------------------------------------------------------------------------------------------


def call(name, arguments, call_id="call_1"):
    return m.ToolCall(call_id=call_id, name=name, arguments=arguments)


def outputs(engine):
    """What the model was told of its calls, in the newest generation."""
    turns = engine.asked(m.Generate)[-1].turns
    return [part.text for turn in turns if turn.role == "tool" for part in turn.content]


async def ask_with_tools(tools, calls, *, words=STORY[:6]):
    replies = (ScriptedReply(tool_calls=calls, when="请讲"), ScriptedReply(text=words))
    async with session(script(*replies)) as (client, engine):
        talk = Talk(client, tools=tools)

        async def ask() -> None:
            await talk.microphone.say(GREETING)
            await talk.loop.answered(0)

        await talk.run(ask)
        return talk, engine


async def test_a_call_runs_its_function_and_the_result_is_answered() -> None:
    given = []

    async def set_temperature(degrees: float) -> dict:
        given.append(degrees)
        await anyio.sleep(0.3)
        return {"temperature": degrees}

    schema = {"type": "object", "properties": {"degrees": {"type": "number"}}, "required": ["degrees"]}
    tool = Tool(name="set_temperature", description="设置温度", parameters=schema, run=set_temperature)
    talk, engine = await ask_with_tools([tool], (call("set_temperature", '{"degrees": 26}'),))
    assert given == [26]
    assert outputs(engine) == ['{"temperature": 26}']
    assert [t.name for t in engine.asked(m.Generate)[-1].tools] == ["set_temperature"]
    assert talk.loop.answers == 1
    assert talk.loudspeaker.played.any()


async def fails() -> None:
    raise RuntimeError("the motor is stuck")


async def nothing(x: int = 0) -> None:
    """Return nothing."""


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (call("fails", "{}"), '{"error": "the motor is stuck"}'),
        (call("elsewhere", "{}"), '{"error": "there is no function elsewhere"}'),
        (call("nothing", '{"y": 1}'), "the arguments do not fit"),
        (call("nothing", '{"x": '), "the arguments do not fit"),
        (call("nothing", '{"x": 1}'), '{"status": "ok"}'),
    ],
)
async def test_a_call_that_goes_wrong_is_told_to_the_model_and_the_talk_goes_on(made, told) -> None:
    tools = [Tool(name=f.__name__, description="", run=f) for f in (fails, nothing)]
    talk, engine = await ask_with_tools(tools, (made,))
    assert told in outputs(engine)[0]
    assert talk.loop.answers == 1


@pytest.mark.parametrize(("keep", "seen"), [(None, 2), (1, 2), (0, 1)])
async def test_answered_turns_are_forgotten_when_that_is_wanted(keep, seen) -> None:
    stories = script(ScriptedReply(text="好的。"), utterances=("请讲故事", "请再讲"))
    async with session(stories) as (client, engine):
        talk = Talk(client, keep_turns=keep)

        async def ask() -> None:
            for answers in range(3):
                await talk.microphone.say(GREETING)
                await talk.loop.answered(answers)
                await anyio.sleep(1)

        await talk.run(ask)
    generations = [g for g in engine.asked(m.Generate) if not g.prefill_only]
    users = [sum(turn.role == "user" for turn in generation.turns) for generation in generations]
    assert users[:2] == [1, seen]
    assert users[2] == (3 if keep is None else seen)
    assert "error" not in talk.kinds()


async def test_a_model_that_calls_on_and_on_is_stopped() -> None:
    ran = []

    async def again() -> None:
        ran.append(anyio.current_time())

    async with session(script(ScriptedReply(tool_calls=(call("again", "{}"),)))) as (client, _):
        talk = Talk(client, tools=[Tool(name="again", description="", run=again)])

        async def ask() -> None:
            for answers in range(2):
                await talk.microphone.say(GREETING)
                await talk.loop.answered(answers)

        await talk.run(ask)
    assert len(ran) == 2 * MAX_ROUNDS
    assert talk.loop.answers == 2


async def test_who_speaks_while_a_function_runs_stops_it_and_is_answered() -> None:
    stopped = []

    async def drive() -> None:
        try:
            await anyio.sleep(60)
        except anyio.get_cancelled_exc_class():
            stopped.append(anyio.current_time())
            raise

    replies = (ScriptedReply(tool_calls=(call("drive", "{}"),), when="请讲"), ScriptedReply(text="好的。"))
    async with session(script(*replies, utterances=("请讲故事", "停一下"))) as (client, engine):
        talk = Talk(client, tools=[Tool(name="drive", description="", run=drive)])

        async def interrupt() -> None:
            await talk.microphone.say(GREETING)
            await talk.until("response.done")
            await anyio.sleep(1)
            await talk.microphone.say(COMMAND)
            await talk.loop.answered(0)

        await talk.run(interrupt)
    assert len(stopped) == 1
    assert "cancelled" in outputs(engine)[0]
    assert "error" not in talk.kinds()
    assert talk.loop.answers == 1


async def test_the_camera_is_looked_through_once_a_second() -> None:
    async with session(script(ScriptedReply(text="好。"))) as (client, engine):
        camera = PictureCamera(MEDIA_DIR / "toys.png")
        looks = []
        look = camera.look

        async def counted():
            looks.append(anyio.current_time())
            return await look()

        camera.look = counted
        talk = Talk(client, camera=camera)

        async def ask() -> None:
            await anyio.sleep(1.5)
            await talk.microphone.say(GREETING)
            await talk.loop.answered(0)

        await talk.run(ask)
    assert np.diff(looks) == pytest.approx(1.0)
    asked = engine.asked(m.Generate)[-1]
    assert any(isinstance(part, m.ImagePart) for turn in asked.turns for part in turn.content)


# --- Trouble ---------------------------------------------------------------------------------------------------------


async def test_a_session_that_closes_ends_the_loop_with_an_error() -> None:
    async with session(script(ScriptedReply(text="好。"))) as (client, _):
        talk = Talk(client)

        async def close() -> None:
            await client._socket.close()
            await anyio.sleep(5)

        with pytest.raises(AutoGLMError, match="closed the session"):
            await talk.run(close)


async def test_a_network_that_takes_nothing_costs_the_oldest_sound_and_holds_up_neither_device() -> None:
    class Stuck:
        async def send(self, message="") -> None:
            await anyio.sleep_forever()

        recv = send

    talk = Talk(RealtimeClient(Stuck()))
    await talk.run(lambda: anyio.sleep(15))
    assert len(talk.loudspeaker.played) == pytest.approx(15 * SAMPLE_RATE_HZ, abs=2 * BLOCK)
    assert talk.loop.lost_ms == pytest.approx(15_000 - OUTGOING_BLOCKS * 20, abs=100)
