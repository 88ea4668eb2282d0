"""Every way to call a chat model: each asks, checks the answer and returns how many turns it took."""

from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from tests.integrations.langchain.thinkers import ANSWER

QUESTION = "你好"
COMMAND = "空调调到二十六度"
SAID = {"messages": [("user", COMMAND)]}


@tool
def set_ac(degrees: int) -> str:
    """Set the air conditioner."""
    return f"{degrees} degrees"


class Degrees(BaseModel):
    """How warm it shall be."""

    degrees: int = Field(ge=16, le=32)


def chain(model):
    return ChatPromptTemplate.from_messages([("user", "{said}")]) | model | StrOutputParser()


def agent(model):
    return create_agent(model, [set_ac])


def invoke(model, config):
    assert model.invoke(QUESTION, config).text == ANSWER
    return 1


def stream(model, config):
    assert "".join(chunk.text for chunk in model.stream(QUESTION, config)) == ANSWER
    return 1


def batch(model, config):
    assert [message.text for message in model.batch([QUESTION] * 3, config)] == [ANSWER] * 3
    return 3


def chain_invoke(model, config):
    assert chain(model).invoke({"said": QUESTION}, config) == ANSWER
    return 1


def chain_stream(model, config):
    assert "".join(chain(model).stream({"said": QUESTION}, config)) == ANSWER
    return 1


def structured(model, config):
    assert model.with_structured_output(Degrees).invoke(QUESTION, config) == Degrees(degrees=26)
    return 1


def agent_invoke(model, config):
    assert agent(model).invoke(SAID, config)["messages"][-1].text == ANSWER
    return 2


def agent_messages(model, config):
    pieces = [chunk for chunk, _ in agent(model).stream(SAID, config, stream_mode="messages")]
    assert "".join(piece.text for piece in pieces if piece.type != "tool") == ANSWER
    return 2


def events_v3(model, config):
    assert str(model.stream_events(QUESTION, config, version="v3").output.text) == ANSWER
    return 1


def agent_events_v3(model, config):
    assert agent(model).stream_events(SAID, config, version="v3").output["messages"][-1].text == ANSWER
    return 2


async def ainvoke(model, config):
    assert (await model.ainvoke(QUESTION, config)).text == ANSWER
    return 1


async def astream(model, config):
    assert "".join([chunk.text async for chunk in model.astream(QUESTION, config)]) == ANSWER
    return 1


async def abatch(model, config):
    assert [message.text for message in await model.abatch([QUESTION] * 3, config)] == [ANSWER] * 3
    return 3


async def chain_ainvoke(model, config):
    assert await chain(model).ainvoke({"said": QUESTION}, config) == ANSWER
    return 1


async def chain_astream(model, config):
    assert "".join([piece async for piece in chain(model).astream({"said": QUESTION}, config)]) == ANSWER
    return 1


async def structured_async(model, config):
    assert await model.with_structured_output(Degrees).ainvoke(QUESTION, config) == Degrees(degrees=26)
    return 1


async def agent_ainvoke(model, config):
    assert (await agent(model).ainvoke(SAID, config))["messages"][-1].text == ANSWER
    return 2


async def agent_messages_async(model, config):
    pieces = [chunk async for chunk, _ in agent(model).astream(SAID, config, stream_mode="messages")]
    assert "".join(piece.text for piece in pieces if piece.type != "tool") == ANSWER
    return 2


async def aevents_v2(model, config):
    events = [event async for event in model.astream_events(QUESTION, config, version="v2")]
    assert events[-1]["data"]["output"].text == ANSWER
    return 1


async def aevents_v3(model, config):
    async with await model.astream_events(QUESTION, config, version="v3") as stream:  # leaving it stops the model
        assert str((await stream.output).text) == ANSWER
    return 1


async def chain_aevents_v2(model, config):
    events = [event async for event in chain(model).astream_events({"said": QUESTION}, config, version="v2")]
    assert events[-1]["data"]["output"] == ANSWER
    return 1


async def agent_aevents_v2(model, config):
    events = [event async for event in agent(model).astream_events(SAID, config, version="v2")]
    assert events[-1]["data"]["output"]["messages"][-1].text == ANSWER
    return 2


async def agent_aevents_v3(model, config):
    async with await agent(model).astream_events(SAID, config, version="v3") as run:
        assert (await run.output())["messages"][-1].text == ANSWER
    return 2


WHOLE = [invoke, batch, chain_invoke, structured, agent_invoke]
PIECEWISE = [stream, chain_stream, agent_messages]
AWHOLE = [ainvoke, abatch, chain_ainvoke, structured_async, agent_ainvoke]
APIECEWISE = [astream, chain_astream, agent_messages_async, aevents_v2, chain_aevents_v2, agent_aevents_v2]
V3 = [events_v3, agent_events_v3]
AV3 = [aevents_v3, agent_aevents_v3]
