"""A LangChain agent as the server's brain: what its steps, words and mishaps look like to a client."""

from __future__ import annotations

import logging

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from autoglm_agent.engine.scripted import Script
from langchain_autoglm.brain import AgentBrain
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel, by_word
from tests.interaction.harness import CLIENTS, kinds, silence, speech, until
from tests.interaction.test_turns import jpeg, text_only

pytestmark = pytest.mark.anyio

SCRIPT = Script(utterances=("请等一下好吗",), ms_per_character=100)
STORY = "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲故事。"


@tool
async def set_temperature(degrees: int) -> str:
    """Set the air conditioner."""
    return f"set to {degrees}"


def model(**replies: Say) -> ScriptedModel:
    return ScriptedModel(
        reply=by_word(
            **{
                "热": Say(reasoning="要调空调", call=("set_temperature", '{"degrees": 26}')),
                "result": Say("已调到二十六度。", reasoning="好了"),
                "故事": Say(STORY, stalls=True),
                "等一下": Say("好，我等着。"),
                "坏": Say("我", fails="the model is out of order"),
                "other": Say("你好！"),
            }
            | replies
        )
    )


@pytest.fixture(params=list(CLIENTS))
def connect(request: pytest.FixtureRequest):
    return CLIENTS[request.param]


async def ask_for_reasoning(client) -> None:
    settings = {"output_modalities": ["text"], "autoglm": {"events": ["response.reasoning_text"]}}
    await client.send("session.update", session={"type": "realtime", **settings})
    await client.next("session.updated")


def text_in(events) -> str:
    return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")


async def test_an_agent_s_steps_are_told_as_reasoning_items_and_text(connect) -> None:
    brain = AgentBrain(create_agent(model(), [set_temperature]))
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=brain) as client:
            await ask_for_reasoning(client)
            await client.write("太热了")
            events = await client.until("response.done")
    told = [e for e in events if e["type"] != "response.output_text.delta"]
    steps = [e["item"] for e in told if e["type"] == "conversation.item.done"][1:-1]
    assert [(step["type"], step["status"]) for step in steps] == [
        ("function_call", "completed"),
        ("function_call_output", "completed"),
    ]
    assert (steps[0]["name"], steps[0]["arguments"]) == ("set_temperature", '{"degrees": 26}')
    assert (steps[1]["call_id"], steps[1]["output"]) == (steps[0]["call_id"], "set to 26")
    reasons = [e["text"] for e in told if e["type"] == "response.reasoning_text.done"]
    assert reasons == ["要调空调", "好了"]
    assert text_in(events) == "已调到二十六度。"
    response = events[-1]["response"]
    assert [item["type"] for item in response["output"]] == ["message"]  # a call in here is a client's to run
    assert response["usage"]["output_tokens"] > 0
    assert not [kind for kind in kinds(events) if "function_call_arguments" in kind]


async def test_the_conversation_is_given_to_an_agent_without_a_memory(connect) -> None:
    asked = model()
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=AgentBrain(create_agent(asked, [set_temperature]))) as client:
            await text_only(client)
            await client.send("session.update", session={"type": "realtime", "instructions": "只说中文"})
            await client.write("太热了")
            await client.until("response.done")
            await client.write("谢谢")
            await client.until("response.done")
    last = asked.prompts[-1]
    assert [type(message) for message in last] == [
        SystemMessage, HumanMessage, AIMessage, ToolMessage, AIMessage, HumanMessage,
    ]  # fmt: skip
    assert [message.text for message in last] == ["只说中文", "太热了", "", "set to 26", "已调到二十六度。", "谢谢"]
    assert last[2].tool_calls[0]["args"] == {"degrees": 26}


async def test_speech_and_pictures_reach_the_agent_as_words_and_image(connect) -> None:
    asked = model()
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=AgentBrain(create_agent(asked, []))) as client:
            await text_only(client)
            content = [{"type": "input_image", "image_url": jpeg()}]
            await client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            await client.say(speech())
            await client.say(silence(1000))
            events = await client.until("response.done")
    (message,) = asked.prompts[-1]
    assert [block["type"] for block in message.content_blocks] == ["image", "text"]
    assert message.content_blocks[0]["mime_type"] == "image/jpeg"
    assert message.text == "请等一下好吗"
    assert text_in(events) == "好，我等着。"


async def test_new_speech_cancels_the_agent_and_its_answer_ends(connect) -> None:
    asked = model()
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=AgentBrain(create_agent(asked, []))) as client:
            await text_only(client)
            await client.write("讲个故事")
            await client.until("response.output_text.delta")
            assert asked.running == [STORY]
            await client.say(speech())
            await client.say(silence(1000))
            events = await client.until("response.done")
            assert events[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
            await until(lambda: asked.cancelled == [STORY] and not asked.running)
            answered = await client.until("response.done")
    assert text_in(answered) == "好，我等着。"
    after = client.seen[len(client.seen) - len(answered) :]
    assert not [e for e in after if e.get("response_id") == events[-1]["response"]["id"]]


async def test_a_client_s_cancel_stops_the_agent(connect) -> None:
    asked = model()
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=AgentBrain(create_agent(asked, []))) as client:
            await text_only(client)
            await client.write("讲个故事")
            await client.until("response.output_text.delta")
            await client.send("response.cancel")
            done = await client.next("response.done")
            await until(lambda: asked.cancelled == [STORY])
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}


async def test_an_agent_that_fails_costs_its_answer_and_the_session_goes_on(connect, caplog) -> None:
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=AgentBrain(create_agent(model(), []))) as client:
            await text_only(client)
            with caplog.at_level(logging.CRITICAL, logger="langchain_autoglm.brain"):
                await client.write("弄坏它")
                events = await client.until("response.done")
            await client.write("你好")
            again = await client.until("response.done")
    error = next(e["error"] for e in events if e["type"] == "error")
    assert error["code"] == "agent_failed"
    assert error["message"] == "the agent failed with RuntimeError: the model is out of order"
    assert events[-1]["response"]["status"] == "failed"
    assert events[-1]["response"]["status_details"]["error"]["code"] == "agent_failed"
    assert again[-1]["response"]["status"] == "completed"
    assert text_in(again) == "你好！"


async def test_a_chain_answers_and_what_is_out_of_band_is_not_remembered(connect) -> None:
    asked = model()
    chain = ChatPromptTemplate.from_messages([("system", "你在车里。"), ("human", "{question}")]) | asked
    with anyio.fail_after(10):
        async with connect(SCRIPT, brain=AgentBrain(chain)) as client:
            await text_only(client)
            item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你是谁"}]}
            await client.send("response.create", response={"conversation": "none", "input": [item]})
            apart = await client.until("response.done")
            await client.write("你好")
            events = await client.until("response.done")
    assert text_in(apart) == text_in(events) == "你好！"
    assert [message.text for message in asked.prompts[0]] == ["你在车里。", "你是谁"]
    assert [message.text for message in asked.prompts[1]] == ["你在车里。", "你好"]


async def test_a_graph_with_a_checkpointer_has_a_thread_for_each_session(connect) -> None:
    asked = model()
    brain = AgentBrain(create_agent(asked, [set_temperature], checkpointer=InMemorySaver()))
    with anyio.fail_after(10):
        for first in ("我叫小王", "我叫小李"):
            async with connect(SCRIPT, brain=brain) as client:
                await text_only(client)
                for text in (first, "谢谢"):
                    await client.write(text)
                    await client.until("response.done")
    said = [[message.text for message in prompt] for prompt in asked.prompts]
    assert said == [["我叫小王"], ["我叫小王", "你好！", "谢谢"], ["我叫小李"], ["我叫小李", "你好！", "谢谢"]]
