"""What an agent remembers of an answer that was interrupted: the words that were heard. In virtual time, with a voice."""

from __future__ import annotations

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from langchain_autoglm.brain import AgentBrain
from langchain_autoglm.conversation import INTERRUPTED
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel, by_word
from tests.interaction.harness import silence, speech
from tests.interaction.test_agent_brain import SCRIPT, STORY
from tests.interaction.test_speaking import hear_for, sound, talking, transcript_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@tool
async def drive_home() -> str:
    """Take the passenger home."""
    await anyio.sleep_forever()
    return "there"


def model(story: Say) -> ScriptedModel:
    return ScriptedModel(
        reply=by_word(故事=story, 等一下=Say("好，我等着。"), 回家=Say("马上。", call=("drive_home", "{}")))
    )


async def interrupted(brain, ask: str, *, after_s: float) -> tuple[str, int]:
    """Ask, listen, speak over the answer, get the next one; what the history keeps of the first, and its sound."""
    async with talking(SCRIPT, brain=brain) as (client, _):
        await client.write(ask)
        first = await client.next("response.output_audio.delta")
        await hear_for(client, after_s)
        await client.say(speech())
        await client.say(silence(1000))
        await client.until("response.done")
        await client.until("response.done")
        return await transcript_of(client, first["item_id"]), len(sound(client.seen))


@pytest.mark.parametrize("saver", [None, InMemorySaver], ids=["given the conversation", "own thread"])
@pytest.mark.parametrize("stalls", [False, True], ids=["whole answer made", "still being made"])
async def test_the_agent_remembers_what_was_heard_of_an_interrupted_answer(saver, stalls) -> None:
    asked = model(Say(STORY, stalls=stalls))
    agent = create_agent(asked, [], checkpointer=saver() if saver else None)
    heard, _ = await interrupted(AgentBrain(agent), "讲个故事", after_s=3.0)
    assert STORY.startswith(heard)
    assert 10 < len(heard) < len(STORY) / 2 + 5
    last = asked.prompts[-1]
    assert [(type(m), m.text) for m in last] == [
        (HumanMessage, "讲个故事"), (AIMessage, heard), (HumanMessage, "请等一下好吗"),
    ]  # fmt: skip


@pytest.mark.parametrize("saver", [None, InMemorySaver], ids=["given the conversation", "own thread"])
async def test_a_tool_that_was_interrupted_is_no_open_call_in_the_next_turn(saver) -> None:
    asked = model(Say(""))
    agent = create_agent(asked, [drive_home], checkpointer=saver() if saver else None)
    heard, _ = await interrupted(AgentBrain(agent), "送我回家", after_s=0.7)
    assert heard == "马上。"
    last = asked.prompts[-1]
    calls = [call["id"] for m in last if isinstance(m, AIMessage) for call in m.tool_calls]
    results = [(m.tool_call_id, m.text) for m in last if isinstance(m, ToolMessage)]
    assert calls == ["call_1"]
    assert results == [("call_1", INTERRUPTED)]
    assert last[-1].text == "请等一下好吗"


async def test_reasoning_is_never_spoken() -> None:
    asked = ScriptedModel(reply=lambda messages: Say("<think>藏起来</think>你好。", reasoning="用户在问好"))
    async with talking(SCRIPT, brain=AgentBrain(create_agent(asked, []))) as (client, voice):
        await client.write("你好")
        events = await client.until("response.done")
    assert [text for text, _, _ in voice.said] == ["你好。"]
    assert events[-1]["response"]["output"][0]["content"][0]["transcript"] == "你好。"
