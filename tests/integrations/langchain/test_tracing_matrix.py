"""Every way to call a model x every way to give reasoning x sync and async: one start, tokens in order, one end."""

import asyncio

import anyio
import pytest

from langchain_autoglm import TurnFacts
from tests.integrations.langchain.thinkers import (
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
from tests.integrations.langchain.ways import (
    APIECEWISE,
    AV3,
    AWHOLE,
    PIECEWISE,
    QUESTION,
    SAID,
    V3,
    WHOLE,
    aevents_v3,
    agent,
    agent_events_v3,
    agent_messages_async,
    ainvoke,
    astream,
    chain,
    chain_stream,
    events_v3,
    invoke,
    stream,
)

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")

MODELS = [Thinker, Blocks, Beside, ToldTwice, Native]
STREAMING = [Blocks, Beside, ToldTwice, Native]
LOGS = [Log, AsyncLog]


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
