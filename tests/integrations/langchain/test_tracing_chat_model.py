"""The reasoning trace of ChatAutoGLM, in process and over HTTP, in every way it can be called."""

import asyncio

import anyio
import pytest

from autoglm_agent.engine.scripted import ScriptedReply
from langchain_autoglm import ChatAutoGLM, ReasoningRecorder
from tests.integrations.langchain.conftest import server
from tests.integrations.langchain.scripts import call, engine
from tests.integrations.langchain.thinkers import ANSWER, THOUGHT, AsyncLog, Log
from tests.integrations.langchain.ways import (
    APIECEWISE,
    AV3,
    AWHOLE,
    COMMAND,
    PIECEWISE,
    V3,
    WHOLE,
    agent,
)

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")

THOUGHT = "".join(THOUGHT)
STALLED = "卡住"
SPEC = engine(
    ScriptedReply(when=STALLED, reasoning=THOUGHT, stalls=True),
    call("set_ac", when=COMMAND, reasoning=THOUGHT, degrees=26),
    ScriptedReply(json=True, reasoning=THOUGHT, text='{"degrees": 26}'),
    ScriptedReply(reasoning=THOUGHT, text=ANSWER),
)
LOGS = [Log, AsyncLog]


@pytest.fixture(scope="module")
def url():
    with server(SPEC, max_sessions=100) as (url, _):
        yield url


@pytest.fixture(params=["in process", "remote"])
def model(request):
    """Makes the chat model."""
    where = {"engine": SPEC} if request.param == "in process" else {"base_url": request.getfixturevalue("url")}
    return lambda **more: ChatAutoGLM(**where, **more)


def check(log, turns, tokens):
    told = list(log.told.values())
    assert len(told) == turns
    for *steps, facts in told:
        assert steps == ["start", *[("token", token) for token in tokens], ("end", THOUGHT)]
        assert facts.gate == {"text": 1.0, "image": 0.0, "speech": 0.0}
        assert {"prefill", "decode", "total"} <= facts.latency_ms.keys()
        assert facts.usage["output_token_details"]["reasoning"] == len(THOUGHT)
        assert facts.model == "nano"
        assert facts.error is None
    assert not log._machine._runs
    assert not log._watched


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("path", WHOLE + PIECEWISE + V3)
def test_our_model_s_reasoning_is_told_once_and_in_order_in_sync_code(path, log, model) -> None:
    log = log()
    turns = path(model(), {"callbacks": [log]})
    check(log, turns, [THOUGHT] if path in WHOLE else THOUGHT)


@pytest.mark.anyio
@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("path", AWHOLE + APIECEWISE + AV3)
async def test_our_model_s_reasoning_is_told_once_and_in_order_in_async_code(path, log, model) -> None:
    log = log()
    with anyio.fail_after(20):
        turns = await path(model(), {"callbacks": [log]})
    check(log, turns, [THOUGHT] if path in AWHOLE else THOUGHT)


@pytest.mark.parametrize("log", LOGS)
def test_invoke_streams_the_reasoning_of_a_model_told_to_stream(log, model) -> None:
    log = log()
    assert model(streaming=True).invoke("你好", {"callbacks": [log]}).text == ANSWER
    check(log, 1, THOUGHT)


async def stalled_invoke(model, config):
    await model.ainvoke(STALLED, config)


async def stalled_stream(model, config):
    async for _ in model.astream(STALLED, config):
        pass


async def stalled_agent(model, config):
    await agent(model).ainvoke({"messages": [("user", STALLED)]}, config)


@pytest.mark.anyio
@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("path", [stalled_invoke, stalled_stream, stalled_agent])
async def test_cancelling_the_task_ends_our_model_s_reasoning(path, log, model) -> None:
    log = log()
    task = asyncio.create_task(path(model(streaming=True), {"callbacks": [log]}))
    with anyio.fail_after(20):
        await log.two_pieces.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await anyio.wait_all_tasks_blocked()
    ((*steps, facts),) = log.told.values()
    told = [token for _, token in steps[1:-1]]
    assert steps[0] == "start"
    assert len(told) >= 2
    name, text = steps[-1]
    assert name == "end"
    assert THOUGHT.startswith(text)
    assert "".join(told) in (text, text[:-1])  # the cancelled task may have been inside the hook for the last one
    assert isinstance(facts.error, asyncio.CancelledError | GeneratorExit)


def test_without_thinking_there_is_no_reasoning_but_the_facts(model) -> None:
    recorder = ReasoningRecorder()
    model(reasoning=False).invoke("你好", {"callbacks": [recorder]})
    assert recorder.last.text == ""
    assert recorder.last.facts.gate == {"text": 1.0, "image": 0.0, "speech": 0.0}
