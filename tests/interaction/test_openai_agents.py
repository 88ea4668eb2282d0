"""`openai-agents`' realtime runner as the client, unchanged: it keeps its own history, runs tools and plays audio."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import numpy as np
import pytest
from agents import GuardrailFunctionOutput, OutputGuardrail, function_tool, set_tracing_disabled
from agents.realtime import (
    RealtimeAgent,
    RealtimeModelSendRawMessage,
    RealtimePlaybackTracker,
    RealtimeRunner,
    RealtimeSession,
)
from langchain.agents import create_agent
from langchain_core.tools import tool

from autoglm_agent.audio import pcm
from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.runtime.brain import BrainMaker
from langchain_autoglm import AgentBrain
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel, by_word
from tests.interaction.harness import RATE_HZ, silence, speech
from tests.interaction.stock_client import check, stock_server
from tests.interaction.test_turns import jpeg

pytestmark = pytest.mark.anyio

STORY = "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲故事，讲的是什么呢？"


def calling(name: str, arguments: str = "{}") -> tuple[ToolCall, ...]:
    return (ToolCall(call_id=f"call_{name}", name=name, arguments=arguments),)


SCRIPT = Script(
    utterances=("请等一下好吗",),
    replies=(
        ScriptedReply(text=STORY, when="故事"),
        ScriptedReply(text="灯开了。", when="客厅的灯"),
        ScriptedReply(when="开灯", tool_calls=calling("turn_on", '{"room":"客厅"}')),
        ScriptedReply(text="我会修车。", when="assistant"),
        ScriptedReply(when="修车", tool_calls=calling("transfer_to_mechanic")),
        ScriptedReply(text="你好！", reasoning="在问好"),
    ),
)


@function_tool
def turn_on(room: str) -> str:
    """开灯"""
    return f"{room}的灯亮了"


@pytest.fixture(autouse=True)
def untraced():
    """Traces would go to OpenAI."""
    set_tracing_disabled(True)
    yield
    set_tracing_disabled(False)


class Run:
    """A session of the runner, and all it told of; what came over the wire is checked on the way."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.seen: list[Any] = []
        self._events = aiter(session)

    async def next(self, kind: str) -> Any:
        """The next event of this kind."""
        async for event in self._events:
            if event.type == "raw_model_event" and event.data.type == "raw_server_event":
                check(json.dumps(event.data.data).encode())
            elif event.type != "raw_model_event":
                self.seen.append(event)
            if event.type == kind:
                return event
        raise AssertionError("the session has ended")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Follow the history until it is as wanted."""
        while not condition():
            await self.next("history_updated")

    def told(self, kind: str) -> list[Any]:
        """The events of this kind so far."""
        return [event for event in self.seen if event.type == kind]

    async def answers(self, number: int) -> None:
        """Follow until so many responses are over."""
        while len(self.told("agent_end")) < number:
            await self.next("agent_end")

    async def say(self, samples: np.ndarray[Any, Any]) -> None:
        """Sound at 24 kHz in chunks of half a second."""
        data = pcm.encode(samples)
        for start in range(0, len(data), RATE_HZ):
            await self.session.send_audio(data[start : start + RATE_HZ])

    @property
    def dialogue(self) -> list[tuple[str, str | None]]:
        """The runner's own history: who said what."""
        messages = (item for item in self.session._history if item.type == "message")
        return [(item.role, _words(item.content[0]) if item.content else "") for item in messages]


def _words(part: Any) -> str | None:
    return part.text if part.type in ("text", "input_text") else part.transcript


@asynccontextmanager
async def running(
    agent: RealtimeAgent[None] | None = None,
    *,
    tracker: RealtimePlaybackTracker | None = None,
    brain: BrainMaker | None = None,
    **model_settings: Any,
) -> AsyncIterator[Run]:
    """The runner on a server of its own."""
    agent = agent or RealtimeAgent(name="小智", instructions="简短", tools=[turn_on])
    async with stock_server(SCRIPT, brain=brain) as (client, _):
        config: Any = {
            "url": f"{client.websocket_base_url}/realtime?model=nano",
            "api_key": "k",
            "initial_model_settings": model_settings,
        }
        if tracker is not None:
            config["playback_tracker"] = tracker
        runner = RealtimeRunner(agent, config={"guardrails_settings": {"debounce_text_length": 10}})
        async with await runner.run(model_config=config) as session:
            yield Run(session)


async def test_a_written_turn() -> None:
    with anyio.fail_after(20):
        async with running(modalities=["text"]) as run:
            await run.session.send_message("你好")
            await run.next("agent_end")
    assert run.dialogue == [("user", "你好"), ("assistant", "你好！")]
    assert not run.told("error")
    assert not run.told("audio")


async def test_a_spoken_answer() -> None:
    with anyio.fail_after(20):
        async with running() as run:
            await run.session.send_message("你好")
            await run.next("agent_end")
    assert run.dialogue == [("user", "你好"), ("assistant", "你好！")]
    assert [event.type for event in run.seen if event.type.startswith("a")][-2:] == ["audio_end", "agent_end"]
    assert len(b"".join(event.audio.data for event in run.told("audio"))) > 300 * 48
    assert run.session._context_wrapper.usage.output_tokens == 6
    assert not run.told("error")


async def test_the_tools_of_an_agent_on_the_server_are_not_the_runner_s_to_run() -> None:
    @tool
    async def set_temperature(degrees: int) -> str:
        """Set the air conditioner."""
        return f"set to {degrees}"

    heat = Say("我看看。", call=("set_temperature", '{"degrees": 26}'))
    model = ScriptedModel(reply=by_word(热=heat, result=Say("已调到二十六度。")))
    with anyio.fail_after(20):
        async with running(brain=AgentBrain(create_agent(model, [set_temperature]))) as run:
            await run.session.send_message("太热了")
            await run.next("agent_end")
    assert run.dialogue == [("user", "太热了"), ("assistant", "我看看。\n已调到二十六度。")]
    assert not run.told("tool_start")
    assert not run.told("error")
    assert model.prompts[-1][-1].text == "set to 26"


async def test_a_spoken_turn_by_the_runner_s_own_settings() -> None:
    with anyio.fail_after(20):
        async with running() as run:
            await run.say(speech())
            await run.say(silence(3000))
            await run.next("agent_end")
            await run.until(lambda: run.dialogue[0] == ("user", "请等一下好吗"))
    assert run.dialogue[1] == ("assistant", "你好！")
    assert run.told("audio")
    assert not run.told("error")


@pytest.mark.parametrize("own_tracker", [False, True])
async def test_who_speaks_over_an_answer_stops_it_and_the_runner_s_history_keeps_what_was_heard(own_tracker) -> None:
    tracker = RealtimePlaybackTracker() if own_tracker else None
    with anyio.fail_after(20):
        async with running(tracker=tracker) as run:
            await run.session.send_message("讲个故事")
            for _ in range(8):
                audio = await run.next("audio")
                if tracker is not None:
                    tracker.on_play_bytes(audio.item_id, audio.content_index, audio.audio.data[: 80 * 48])
            await run.say(speech())
            await run.say(silence(3000))
            interrupted = await run.next("audio_interrupted")
            before = len(run.seen)
            await run.answers(2)
            await run.until(lambda: ("user", "请等一下好吗") in run.dialogue)
            await run.until(lambda: len(run.dialogue[1][1]) < len(STORY))
    assert interrupted.item_id == audio.item_id
    later = [event.item_id for event in run.seen[before:] if event.type == "audio"]
    assert later
    assert audio.item_id not in later
    (_, heard), answer = run.dialogue[1], run.dialogue[-1]
    assert heard
    assert STORY.startswith(heard)
    assert answer == ("assistant", "你好！")
    assert not run.told("error")


@pytest.mark.parametrize("detection", [None, {"type": "server_vad", "interrupt_response": False}])
async def test_the_runner_interrupts_by_itself(detection) -> None:
    with anyio.fail_after(20):
        async with running(turn_detection=detection) as run:
            await run.session.send_message("讲个故事")
            for _ in range(8):
                audio = await run.next("audio")
            await run.session.interrupt()
            await run.next("audio_interrupted")
            await run.next("agent_end")
            await run.until(lambda: 0 < len(run.dialogue[1][1]) < len(STORY))
            await run.session.send_message("你好")
            await run.next("agent_end")
    later = run.seen[run.seen.index(run.told("audio_interrupted")[0]) :]
    assert audio.item_id not in {event.item_id for event in later if event.type == "audio"}
    assert run.dialogue[2:] == [("user", "你好"), ("assistant", "你好！")]
    assert not run.told("error")


async def test_a_push_to_talk_turn() -> None:
    with anyio.fail_after(20):
        async with running(turn_detection=None) as run:
            await run.say(speech())
            await run.session.send_audio(bytes(4_800), commit=True)
            await run.session.model.send_event(RealtimeModelSendRawMessage(message={"type": "response.create"}))
            await run.next("agent_end")
            await run.until(lambda: run.dialogue[0] == ("user", "请等一下好吗"))
    assert run.dialogue[1] == ("assistant", "你好！")
    assert not run.told("error")


async def test_a_tool_is_run_and_its_result_answered() -> None:
    with anyio.fail_after(20):
        async with running() as run:
            await run.session.send_message("请开灯")
            start = await run.next("tool_start")
            end = await run.next("tool_end")
            await run.answers(2)
    assert (start.tool.name, json.loads(start.arguments)) == ("turn_on", {"room": "客厅"})
    assert end.output == "客厅的灯亮了"
    assert run.dialogue[-1] == ("assistant", "灯开了。")
    assert run.told("audio")
    assert not run.told("error")


async def test_a_handoff_changes_the_agent_and_its_settings() -> None:
    mechanic = RealtimeAgent(name="mechanic", instructions="修车")
    with anyio.fail_after(20):
        async with running(RealtimeAgent(name="小智", handoffs=[mechanic])) as run:
            await run.session.send_message("要修车")
            handoff = await run.next("handoff")
            await run.answers(2)
    assert (handoff.from_agent.name, handoff.to_agent.name) == ("小智", "mechanic")
    assert run.told("agent_end")[-1].agent is mechanic
    assert run.dialogue[-1] == ("assistant", "我会修车。")
    assert not run.told("error")


async def test_a_picture_is_seen() -> None:
    picture = {"type": "input_image", "image_url": jpeg(), "detail": "high"}
    text = {"type": "input_text", "text": "这是什么？"}
    with anyio.fail_after(20):
        async with running(modalities=["text"]) as run:
            await run.session.send_message({"type": "message", "role": "user", "content": [picture, text]})
            await run.next("agent_end")
    assert [part.type for part in run.session._history[0].content] == ["input_image", "input_text"]
    assert run.dialogue[-1] == ("assistant", "你好！")
    assert not run.told("error")


async def test_a_guardrail_cuts_an_answer_off() -> None:
    async def forbid_monks(context, agent, text):
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered="和尚" in text)

    agent = RealtimeAgent(name="小智", output_guardrails=[OutputGuardrail(guardrail_function=forbid_monks)])
    with anyio.fail_after(20):
        async with running(agent) as run:
            await run.session.send_message("讲个故事")
            await run.next("guardrail_tripped")
            await run.answers(2)
    assert run.dialogue[-1] == ("assistant", "你好！")
    assert {event.item_id for event in run.told("audio")} - {run.told("audio_interrupted")[0].item_id}
    assert not run.told("error")


async def test_a_mistake_is_told_and_the_session_goes_on() -> None:
    with anyio.fail_after(20):
        async with running(modalities=["text"]) as run:
            await run.session.model.send_event(RealtimeModelSendRawMessage(message={"type": "response.cancel"}))
            error = await run.next("error")
            await run.session.send_message("你好")
            await run.next("agent_end")
    assert error.error.code == "response_cancel_not_active"
    assert run.dialogue[-1] == ("assistant", "你好！")
