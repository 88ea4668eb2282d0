"""Agents of the langchain package around ChatAutoGLM: tools in a loop, and a structured answer at the end."""

import json

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool
from pydantic import BaseModel

from autoglm_agent.engine.scripted import ScriptedReply
from langchain_autoglm import ChatAutoGLM
from tests.integrations.langchain.conftest import server
from tests.integrations.langchain.scripts import call, engine

WEATHER = {"place": "杭州", "degrees": 21}
SPEC = engine(
    ScriptedReply(reasoning="说说。", text="你好。"),
    ScriptedReply(when="晴", reasoning="查到了。", text="杭州今天晴，二十一度。"),
    ScriptedReply(when="晴", json=True, text=json.dumps(WEATHER, ensure_ascii=False)),
    call("look_up_weather", when="杭州", reasoning="要查。", place="杭州"),
)

pytestmark = pytest.mark.anyio


class Weather(BaseModel):
    """Weather somewhere."""

    place: str
    degrees: int


@tool
def look_up_weather(place: str) -> str:
    """Look the weather up."""
    return f"{place}：晴，21度"


@pytest.fixture(scope="module")
def url():
    with server(SPEC) as (address, _):
        yield address


@pytest.fixture(params=["in process", "remote"])
def model(request, url):
    return ChatAutoGLM(engine=SPEC) if request.param == "in process" else ChatAutoGLM(base_url=url)


QUESTION = {"messages": [{"role": "user", "content": "杭州天气怎么样？"}]}


async def test_an_agent_calls_its_tool_and_answers(model):
    agent = create_agent(model, [look_up_weather])
    for done in (agent.invoke(QUESTION), await agent.ainvoke(QUESTION)):
        assert [message.type for message in done["messages"]] == ["human", "ai", "tool", "ai"]
        assert done["messages"][-1].text == "杭州今天晴，二十一度。"


async def test_its_tokens_stream_with_their_reasoning(model):
    agent = create_agent(model, [look_up_weather])
    seen = [chunk async for chunk, _ in agent.astream(QUESTION, stream_mode="messages")]
    chunks = [chunk for chunk in seen if isinstance(chunk, AIMessageChunk)]
    thoughts = [b["reasoning"] for c in chunks for b in c.content_blocks if b["type"] == "reasoning"]
    assert "".join(thoughts) == "要查。查到了。"
    assert "".join(chunk.text for chunk in chunks) == "杭州今天晴，二十一度。"


async def test_a_structured_answer_comes_after_the_tools(model):
    agent = create_agent(model, [look_up_weather], response_format=Weather)
    done = await agent.ainvoke(QUESTION)
    assert done["structured_response"] == Weather(**WEATHER)
    assert "tool" in [message.type for message in done["messages"]]
