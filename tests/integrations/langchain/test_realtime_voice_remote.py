"""`RealtimeVoice` over a client of a real server: it hears, the agent answers here."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from autoglm_agent.client import RealtimeClient, connect
from autoglm_agent.engine.scripted import Script
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import InputError
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from langchain_autoglm import RealtimeVoice
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel, by_word
from tests.integrations.langchain.voice_host import spoken, text

pytestmark = pytest.mark.anyio

SCRIPT = Script(utterances=("车里太热了", "请等一下好吗"), ms_per_character=100)
STORY = "从前有一座山。"


@tool
async def set_temperature(degrees: int) -> str:
    """Set the air conditioner."""
    return f"set to {degrees}"


async def speak(client: RealtimeClient) -> None:
    """A turn, and the silence after it."""
    await client.play(spoken(), 16_000, real_time=False)
    await client.send_audio(bytes(2 * 24_000))


async def talked(agent: Any, *, until_turns: int, during: Any) -> list[Any]:
    """What a session yields until so many turns have ended; `during(event, client)` is what the user does meanwhile."""
    events: list[Any] = []
    with anyio.fail_after(20):
        bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
        async with serving(Settings(port=0, voice="none"), bridge=bridge) as (url, _), connect(url) as client:
            async with aclosing(RealtimeVoice(agent).astream(client)) as stream:
                async for event in stream:
                    events.append(event)
                    await during(event, client)
                    if sum(e.type == "turn_end" for e in events) == until_turns:
                        break
    return events


async def test_a_turn_that_the_server_heard_is_answered_by_the_agent_here() -> None:
    model = ScriptedModel(
        reply=by_word(
            热=Say(reasoning="要调空调", call=("set_temperature", '{"degrees": 26}')), result=Say("已调到二十六度。")
        )
    )

    async def during(event: Any, client: RealtimeClient) -> None:
        if event.type == "session_started":
            await speak(client)

    events = await talked(create_agent(model, [set_temperature]), until_turns=1, during=during)
    order = list(dict.fromkeys(event.type for event in events if event.type != "fusion"))
    assert order == [
        "session_started", "speech_started", "stt_chunk", "speech_stopped", "stt_output", "reasoning_chunk",
        "tool_call", "tool_result", "agent_chunk", "turn_end",
    ]  # fmt: skip
    assert text(events, "stt_output") == "车里太热了"
    assert text(events) == "已调到二十六度。"


@pytest.mark.parametrize("saver", [None, InMemorySaver], ids=["given the conversation", "own thread"])
async def test_speech_cancels_the_answer_and_the_agent_remembers_what_it_told(saver) -> None:
    model = ScriptedModel(reply=by_word(故事=Say(STORY, stalls=True), 热=Say("好，不讲了。")))
    spoke = False

    async def during(event: Any, client: RealtimeClient) -> None:
        nonlocal spoke
        if event.type == "session_started":
            await client.send_text("讲个故事")
        if event.type == "agent_chunk" and event.text == "。" and not spoke:
            spoke = True
            await speak(client)

    agent = create_agent(model, [], checkpointer=saver() if saver else None)
    events = await talked(agent, until_turns=2, during=during)
    (interrupted,) = [e for e in events if e.type == "interrupted"]
    at = events.index(interrupted)
    assert events[at - 1].type == "speech_started"
    assert not [e for e in events[at + 2 :] if getattr(e, "response_id", None) == interrupted.response_id]
    assert model.cancelled == [STORY]
    assert text(events) == STORY + "好，不讲了。"
    assert [message.text for message in model.prompts[-1]] == ["讲个故事", STORY, "车里太热了"]


async def test_a_written_message_over_an_answer_comes_after_what_was_told_of_it() -> None:
    model = ScriptedModel(reply=by_word(故事=Say(STORY, stalls=True), 等=Say("好。")))

    async def during(event: Any, client: RealtimeClient) -> None:
        if event.type == "session_started":
            await client.send_text("讲个故事")
        if event.type == "agent_chunk" and event.text == "山":
            await client.send_text("等一下")

    events = await talked(create_agent(model, []), until_turns=2, during=during)
    assert [e.status for e in events if e.type == "turn_end"] == ["cancelled", "completed"]
    first, told, second = [message.text for message in model.prompts[-1]]
    assert (first, second) == ("讲个故事", "等一下")
    assert told.startswith("从前有一座山")


async def test_settings_that_the_server_does_not_take_are_an_error() -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    voice = RealtimeVoice(ScriptedModel(reply=by_word()), settings={"audio": {"output": {"speed": 9}}})
    with anyio.fail_after(20):
        async with serving(Settings(port=0, voice="none"), bridge=bridge) as (url, _), connect(url) as client:
            with pytest.raises(InputError, match=r"does not take the settings of this RealtimeVoice: .*speed"):
                async for _ in voice.astream(client):
                    pass
