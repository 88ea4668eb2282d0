"""`RealtimeVoice`: what a live session with an agent in the middle yields. In virtual time, with the runtime's own ears."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import FrozenInstanceError
from typing import Any

import anyio
import numpy as np
import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from PIL import Image

from autoglm_agent.audio import pcm
from autoglm_agent.engine.scripted import Script
from autoglm_agent.errors import InputError
from langchain_autoglm import Frame, RealtimeVoice, recording
from langchain_autoglm.voice_events import AgentChunk
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel, by_word
from tests.integrations.langchain.voice_host import VIRTUAL, heard, spoken, text, typed, types, virtual_host
from tests.interaction.voices import MS_PER_CHARACTER, Metronome

pytestmark = pytest.mark.anyio

SCRIPT = Script(utterances=("车里太热了", "请等一下好吗"), ms_per_character=100)
STORY = "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲故事。"


@pytest.fixture
def anyio_backend():
    return VIRTUAL


@tool
async def set_temperature(degrees: int) -> str:
    """Set the air conditioner."""
    return f"set to {degrees}"


def model(**replies: Say) -> ScriptedModel:
    car = {
        "热": Say(reasoning="要调空调", call=("set_temperature", '{"degrees": 26}')),
        "result": Say("已调到二十六度。", reasoning="好了"),
        "等一下": Say("好，我等着。"),
    }
    return ScriptedModel(reply=by_word(**car | replies))


async def test_a_spoken_turn_is_told_step_by_step() -> None:
    tuned = Metronome()
    async with virtual_host(SCRIPT, tuned) as host:
        voice = RealtimeVoice(create_agent(model(), [set_temperature]), host=host)
        events = await heard(voice, recording(spoken()))
    wanted = [
        "session_started", "speech_started", "stt_chunk", "speech_stopped", "stt_output", "reasoning_chunk",
        "tool_call", "tool_result", "agent_chunk", "tts_chunk", "turn_end",
    ]  # fmt: skip
    order = types(events)
    assert [kind for kind in wanted if kind not in order] == []
    first = [order.index(kind) for kind in wanted]
    assert first == sorted(first)
    call, result = (next(e for e in events if e.type == kind) for kind in ("tool_call", "tool_result"))
    assert (call.name, call.arguments) == ("set_temperature", '{"degrees": 26}')
    assert (result.call_id, result.output) == (call.call_id, "set to 26")
    assert text(events, "stt_output") == "车里太热了"
    assert text(events, "stt_output").startswith(text(events, "stt_chunk"))
    assert text(events) == "已调到二十六度。"
    fusion = [e for e in events if e.type == "fusion"]
    assert fusion and all(sum((e.text, e.image, e.speech)) == pytest.approx(1) for e in fusion)
    sound = b"".join(e.audio for e in events if e.type == "tts_chunk")
    assert len(sound) == len("已调到二十六度。") * MS_PER_CHARACTER * 48
    with pytest.raises(FrozenInstanceError):
        call.name = "another"


async def test_reasoning_is_told_and_never_spoken() -> None:
    tuned = Metronome()
    agent = ScriptedModel(reply=lambda messages: Say("<think>藏起来</think>你好。", reasoning="用户在问好"))
    async with virtual_host(SCRIPT, tuned) as host:
        events = await heard(RealtimeVoice(agent, host=host), recording(spoken()))
    assert text(events, "reasoning_chunk") == "用户在问好藏起来"
    assert text(events) == "你好。"
    assert [said for said, _, _ in tuned.said] == ["你好。"]


async def test_speech_over_the_answer_cancels_the_agent_at_once() -> None:
    agent, answering = model(热=Say(STORY, stalls=True)), anyio.Event()

    async def session() -> AsyncIterator[Any]:
        async for packet in recording(spoken()):
            yield packet
        await answering.wait()
        await anyio.sleep(2)
        async for packet in recording(spoken()):
            yield packet

    events: list[Any] = []
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(create_agent(agent, []), host=host)
        async with aclosing(voice.astream(session())) as stream:
            async for event in stream:
                events.append(event)
                if event.type == "tts_chunk":
                    answering.set()
                if event.type == "interrupted":
                    running_at_interrupt = list(agent.running)
    (interrupted,) = [e for e in events if e.type == "interrupted"]
    assert interrupted.reason == "turn_detected"
    assert agent.cancelled == [STORY]
    assert running_at_interrupt == []
    at = events.index(interrupted)
    assert events[at - 1].type == "speech_started"
    assert events[at + 1].type == "turn_end" and events[at + 1].status == "cancelled"
    assert not [e for e in events[at + 2 :] if getattr(e, "response_id", None) == interrupted.response_id]
    assert text(events[at:]) == "好，我等着。"
    history = [message.text for message in agent.prompts[-1]]
    assert history[0] == "车里太热了" and history[-1] == "请等一下好吗"
    assert STORY.startswith(history[1]) and 5 < len(history[1]) < len(STORY)


async def test_a_checkpointer_remembers_within_a_session_and_not_across() -> None:
    agent, saver = model(other=Say("好的。")), InMemorySaver()
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(create_agent(agent, [], checkpointer=saver), host=host)
        first = await heard(voice, typed("我叫小王", "我叫什么"))
        second = await heard(voice, typed("我叫什么"))
    prompts = [[message.text for message in prompt] for prompt in agent.prompts]
    assert prompts == [["我叫小王"], ["我叫小王", "好的。", "我叫什么"], ["我叫什么"]]
    threads = {checkpoint.config["configurable"]["thread_id"] for checkpoint in saver.list(None)}
    assert threads == {first[0].session_id, second[0].session_id}
    assert len(threads) == 2


async def test_a_thread_that_the_config_names_goes_on_in_the_next_session() -> None:
    agent, config = model(other=Say("好的。")), {"configurable": {"thread_id": "anna"}}
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(create_agent(agent, [], checkpointer=InMemorySaver()), host=host)
        await heard(voice, typed("我叫小王"), config)
        await heard(voice, typed("我叫什么"), config)
    assert [message.text for message in agent.prompts[-1]] == ["我叫小王", "好的。", "我叫什么"]


async def test_a_graph_that_asks_the_user_is_answered_in_the_next_turn() -> None:
    answers: list[str] = []

    async def confirm(state: MessagesState) -> Any:
        answers.append(interrupt("真的要开窗吗？"))
        return {"messages": [("ai", "好的，开了。")]}

    graph = StateGraph(MessagesState).add_node(confirm).add_edge(START, "confirm").compile(checkpointer=InMemorySaver())
    async with virtual_host(SCRIPT) as host:
        events = await heard(RealtimeVoice(graph, host=host), typed("开窗", "对，开吧"))
    assert answers == ["对，开吧"]
    assert text(events) == "真的要开窗吗？好的，开了。"
    assert [e.status for e in events if e.type == "turn_end"] == ["completed"] * 2


class Seen(AsyncCallbackHandler):
    """Who ran inside whom, by name."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}
        self.parents: dict[Any, Any] = {}
        self.ended: list[str] = []
        self.reasons: list[Any] = []

    def _started(self, run_id: Any, parent_run_id: Any, name: str) -> None:
        self.names[run_id], self.parents[run_id] = name, parent_run_id

    async def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ):
        self._started(run_id, parent_run_id, kwargs.get("name") or "")

    async def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ):
        self._started(run_id, parent_run_id, "model")

    async def on_tool_start(
        self, serialized: Any, input_str: str, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ):
        self._started(run_id, parent_run_id, serialized["name"])

    async def on_chain_end(self, outputs: Any, *, run_id: Any, **kwargs: Any) -> None:
        self.ended.append(self.names[run_id])

    def above(self, name: str) -> set[str]:
        """The outermost run of everything called `name`."""
        tops = set()
        for run_id in [run_id for run_id, known in self.names.items() if known == name]:
            while self.parents[run_id] is not None:
                run_id = self.parents[run_id]
            tops.add(self.names[run_id])
        return tops


async def test_a_handler_sees_the_agent_s_runs_nested_in_the_voice_s() -> None:
    seen = Seen()
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(create_agent(model(), [set_temperature]), host=host)
        await heard(voice, recording(spoken()), {"callbacks": [seen], "run_name": "in the car"})
    assert seen.above("model") == seen.above("set_temperature") == seen.above("LangGraph") == {"in the car"}
    assert [
        run_id for run_id, parent in seen.parents.items() if parent is None and seen.names[run_id] != "in the car"
    ] == []
    assert seen.ended[-1] == "in the car"


async def test_the_events_api_sees_voice_events_and_the_models_inside() -> None:
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(create_agent(model(), [set_temperature]), host=host)
        told = [event async for event in voice.astream_events(recording(spoken()), version="v2")]
    own = [e["data"]["chunk"].type for e in told if e["event"] == "on_chain_stream" and not e["parent_ids"]]
    assert "agent_chunk" in own and "tts_chunk" in own
    inner = [e for e in told if e["event"] == "on_chat_model_stream"]
    assert inner and all(e["parent_ids"][0] == told[0]["run_id"] for e in inner)


async def test_a_frame_reaches_the_agent_as_a_picture() -> None:
    agent, picture = model(other=Say("一个红色的方块。")), io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(picture, "JPEG")

    async def session() -> AsyncIterator[Any]:
        yield np.zeros(1600, dtype=np.float32)  # the microphone is on: a picture by itself is then the camera's
        yield Frame(picture.getvalue())
        async for packet in recording(spoken()):
            yield packet

    async with virtual_host(Script(utterances=("这是什么",))) as host:
        events = await heard(RealtimeVoice(agent, host=host), session())
    assert [e.skipped for e in events if e.type == "frame"] == [False]
    assert any(e.image > 0 for e in events if e.type == "fusion")
    blocks = agent.prompts[0][0].content_blocks
    assert [block["type"] for block in blocks] == ["image", "text"]
    assert base64.b64decode(blocks[0]["base64"]) == picture.getvalue()
    assert text(events) == "一个红色的方块。"


@pytest.mark.parametrize("form", ["arrays", "bytes", "odd bytes", "one piece"])
async def test_any_cut_and_form_of_the_sound_is_heard_alike(form) -> None:
    async def session() -> AsyncIterator[Any]:
        async for packet in recording(spoken(), real_time=form != "one piece"):
            yield packet

    async def cut() -> AsyncIterator[Any]:
        if form == "arrays":
            async for packet in session():
                yield packet
            return
        data = b"".join([pcm.encode(packet) async for packet in session()])
        step = {"bytes": 640, "odd bytes": 333, "one piece": len(data)}[form]
        for start in range(0, len(data), step):
            yield data[start : start + step]

    async with virtual_host(Script(utterances=("车里太热了",))) as host:
        events = await heard(RealtimeVoice(model(), host=host), cut())
    assert text(events, "stt_output") == "车里太热了"
    started, stopped = (next(e for e in events if e.type == kind) for kind in ("speech_started", "speech_stopped"))
    assert (started.audio_start_ms, stopped.audio_end_ms) == (0, 2_176)  # to the window, however it was cut


async def test_a_written_message_interrupts_the_answer_to_the_one_before() -> None:
    async def session() -> AsyncIterator[str]:
        yield "讲个故事"
        await anyio.sleep(1)
        yield "请等一下"

    agent = model(故事=Say(STORY, stalls=True))
    async with virtual_host(SCRIPT) as host:
        events = await heard(RealtimeVoice(agent, host=host), session())
    assert [e.status for e in events if e.type == "turn_end"] == ["cancelled", "completed"]
    assert [e.reason for e in events if e.type == "interrupted"] == ["client_cancelled"]
    assert agent.cancelled == [STORY]
    assert text(events).endswith("好，我等着。")


async def test_an_agent_that_fails_is_told_of_and_the_session_goes_on() -> None:
    agent = model(坏=Say("我", fails="out of order"), other=Say("好的。"))
    logging.getLogger("langchain_autoglm.brain").disabled = True
    try:
        async with virtual_host(SCRIPT) as host:
            events = await heard(RealtimeVoice(create_agent(agent, []), host=host), typed("弄坏它", "你好"))
    finally:
        logging.getLogger("langchain_autoglm.brain").disabled = False
    (error,) = [e for e in events if e.type == "error"]
    assert (error.code, error.message) == ("agent_failed", "the agent failed with RuntimeError: out of order")
    assert [e.status for e in events if e.type == "turn_end"] == ["failed", "completed"]


async def test_hanging_up_in_the_middle_stops_the_agent() -> None:
    agent = model(故事=Say(STORY, stalls=True))
    async with virtual_host(SCRIPT) as host:
        async with aclosing(RealtimeVoice(agent, host=host).astream(typed("讲个故事"))) as events:
            async for event in events:
                if isinstance(event, AgentChunk):
                    break
        assert agent.running == [] and agent.cancelled == [STORY]
        again = await heard(RealtimeVoice(model(other=Say("好的。")), host=host), typed("你好"))
    assert text(again) == "好的。"


async def test_what_the_session_raises_is_raised() -> None:
    async def session() -> AsyncIterator[Any]:
        yield "你好"
        raise OSError("the microphone was unplugged")

    async with virtual_host(SCRIPT) as host:
        with pytest.raises(OSError, match="unplugged"):
            await heard(RealtimeVoice(model(), host=host), session())

        async def wrong() -> AsyncIterator[Any]:
            yield 42

        with pytest.raises(TypeError, match="gave a int; give sound as bytes"):
            await heard(RealtimeVoice(model(), host=host), wrong())


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ({"voice": "nobody"}, r"no voice 'nobody' here; leave it out of the settings, and 'tick' speaks"),
        ({"voice": {"id": "nobody"}}, r"no voice 'nobody' here"),
        ({"speed": 9}, r"does not take the settings of this RealtimeVoice: .*speed"),
    ],
)
async def test_settings_that_the_session_does_not_take_are_an_error(output, told) -> None:
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(model(), host=host, settings={"audio": {"output": output}})
        with pytest.raises(InputError, match=told):
            await heard(voice, typed("你好"))
        voice = RealtimeVoice(model(), host=host, settings={"audio": {"output": {"voice": "tock"}}})
        assert text(await heard(voice, typed("请等一下"))) == "好，我等着。"


@pytest.mark.parametrize("session", ["file.wav", b"\0\0", [b"\0\0"]], ids=["path", "bytes", "list"])
async def test_what_is_no_session_is_refused_before_an_engine_is_loaded(session, monkeypatch) -> None:
    monkeypatch.setattr("langchain_autoglm.voice.open_host", None)
    with pytest.raises(TypeError, match=rf"a {type(session).__name__} is no live session; .* recording\(path\)"):
        await heard(RealtimeVoice(model()), session)


def test_a_recording_that_cannot_be_read_is_refused_at_once(tmp_path) -> None:
    with pytest.raises(InputError, match=r"nothing\.wav does not exist"):
        recording(tmp_path / "nothing.wav")
    (tmp_path / "broken.wav").write_text("no sound")
    with pytest.raises(InputError, match=r"broken\.wav"):
        recording(str(tmp_path / "broken.wav"))


async def test_ainvoke_gives_the_conversation() -> None:
    async with virtual_host(SCRIPT) as host:
        voice = RealtimeVoice(create_agent(model(), [set_temperature]), host=host)
        messages = await voice.ainvoke(recording(spoken()))
    assert [(message.type, message.text) for message in messages] == [
        ("human", "车里太热了"),
        ("ai", "已调到二十六度。"),
    ]


def test_what_cannot_be_used_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"StateGraph that has not been compiled; name the result of its compile\(\)"):
        RealtimeVoice(StateGraph(MessagesState))
    with pytest.raises(TypeError, match=r"takes city, food; .* Say it with to_input"):
        RealtimeVoice(ChatPromptTemplate.from_template("{food} in {city}") | model())
    with pytest.raises(NotImplementedError, match="use `astream`"):
        RealtimeVoice(model()).invoke(typed("你好"))
