"""Every way to call a model x every way to give reasoning x sync and async: one start, tokens in order, one end."""

import asyncio

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from langchain_autoglm import TurnFacts
from tests.integrations.langchain.thinkers import (
    ANSWER,
    GATE,
    LATENCY_MS,
    THOUGHT,
    USAGE,
    AsyncLog,
    Beside,
    Blocks,
    BrokenThoughtError,
    Log,
    Native,
    Thinker,
    ToldTwice,
)

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")

MODELS = [Thinker, Blocks, Beside, ToldTwice, Native]
STREAMING = [Blocks, Beside, ToldTwice, Native]
LOGS = [Log, AsyncLog]
QUESTION = "空调调到二十六度"
SAID = {"messages": [("user", QUESTION)]}


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


# Each path calls the model, checks the answer and returns how many turns it took.


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


def cases(paths, models=MODELS):
    """All but the model's own v3 events of a model that does not stream: it has none."""
    return [
        pytest.param(path, model, log, id=f"{path.__name__}-{model.__name__}-{log.__name__}")
        for path in paths
        for model in models
        for log in LOGS
        if not (model is Thinker and path in (events_v3, aevents_v3))
    ]


def check(log, turns, *, tokens):
    told = list(log.told.values())
    assert len(told) == turns
    for steps in told:
        assert steps[:-1] == ["start", *[("token", token) for token in tokens], ("end", "".join(THOUGHT))]
        facts = steps[-1]
        assert (facts.gate, facts.latency_ms, facts.model, facts.error) == (GATE, LATENCY_MS, "thinker", None)
        assert facts.usage == USAGE
        assert facts.streamed == (len(tokens) > 1)
    assert not log._machine._runs
    assert not log._watched


def tokens_of(path, model, piecewise):
    return THOUGHT if path in piecewise and model is not Thinker else ["".join(THOUGHT)]


@pytest.mark.parametrize(("path", "model", "log"), cases(WHOLE + PIECEWISE + V3))
def test_reasoning_is_told_once_and_in_order_in_sync_code(path, model, log) -> None:
    log = log()
    turns = path(model(), {"callbacks": [log]})
    check(log, turns, tokens=tokens_of(path, model, PIECEWISE + V3))


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "model", "log"), cases(AWHOLE + APIECEWISE + AV3))
async def test_reasoning_is_told_once_and_in_order_in_async_code(path, model, log) -> None:
    log = log()
    with anyio.fail_after(10):
        turns = await path(model(), {"callbacks": [log]})
    check(log, turns, tokens=tokens_of(path, model, APIECEWISE + AV3))


def check_broken(log, error, *, pieces=2):
    """One start, what was thought until then, one end, and why."""
    (steps,) = log.told.values()
    told = THOUGHT[:pieces]
    assert steps[:-1] == ["start", *[("token", token) for token in told], ("end", "".join(told))]
    assert isinstance(steps[-1], TurnFacts)
    assert isinstance(steps[-1].error, error)
    assert steps[-1].streamed
    assert not log._machine._runs
    assert not log._watched


@pytest.mark.parametrize(("path", "model", "log"), cases([invoke, *PIECEWISE, agent_events_v3], STREAMING))
def test_a_failure_in_the_middle_ends_the_reasoning(path, model, log) -> None:
    log = log()
    with pytest.raises(BrokenThoughtError):
        path(model(breaks_after=2, streaming=True), {"callbacks": [log]})
    check_broken(log, BrokenThoughtError)


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "model", "log"), cases([ainvoke, *APIECEWISE, *AV3], STREAMING))
async def test_a_failure_in_the_middle_ends_the_reasoning_in_async_code(path, model, log) -> None:
    log = log()
    with anyio.fail_after(10), pytest.raises(BrokenThoughtError):
        await path(model(breaks_after=2, streaming=True), {"callbacks": [log]})
    check_broken(log, BrokenThoughtError)


@pytest.mark.parametrize(("path", "model", "log"), cases([stream], [Blocks, Beside, ToldTwice]))
def test_closing_a_stream_ends_the_reasoning(path, model, log) -> None:
    log = log()
    pieces = model().stream(QUESTION, {"callbacks": [log]})
    next(pieces)
    next(pieces)
    pieces.close()
    check_broken(log, GeneratorExit)


@pytest.mark.parametrize(("path", "model", "log"), cases([chain_stream], [Blocks, Beside, ToldTwice]))
def test_a_sync_chain_that_is_closed_lets_the_model_finish_and_so_does_its_reasoning(path, model, log) -> None:
    log = log()
    pieces = chain(model()).stream({"said": QUESTION}, {"callbacks": [log]})
    next(pieces)
    pieces.close()  # LangChain reads the model to its end here, for its traces
    check(log, 1, tokens=THOUGHT)


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "model", "log"), cases([astream, agent_messages_async], [Blocks, Beside, ToldTwice]))
async def test_closing_an_async_stream_ends_the_reasoning(path, model, log) -> None:
    log, config = log(), {}
    config["callbacks"] = [log]
    model = model(stalls_after=2)
    pieces = (
        model.astream(QUESTION, config)
        if path is astream
        else agent(model).astream(SAID, config, stream_mode="messages")
    )
    with anyio.fail_after(10):
        await anext(pieces)
        await anext(pieces)
        await pieces.aclose()
        await anyio.wait_all_tasks_blocked()
    check_broken(log, (asyncio.CancelledError, GeneratorExit))


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "model", "log"), cases([ainvoke, *APIECEWISE, *AV3], STREAMING))
async def test_cancelling_the_task_ends_the_reasoning(path, model, log) -> None:
    log = log()
    task = asyncio.create_task(path(model(stalls_after=2, streaming=True), {"callbacks": [log]}))
    with anyio.fail_after(10):
        await log.two_pieces.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await anyio.wait_all_tasks_blocked()
    check_broken(log, (asyncio.CancelledError, GeneratorExit))
