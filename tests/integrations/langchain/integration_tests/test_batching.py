"""Calls made at once are in the engine at once, and are computed together."""

import asyncio

import anyio
import anyio.lowlevel
import pytest

from autoglm_agent.engine.scripted import ScriptedReply
from langchain_autoglm import ChatAutoGLM
from tests.integrations.langchain.conftest import server
from tests.integrations.langchain.scripts import engine

CALLS = 50
WAITING = engine(ScriptedReply(text="等", stalls=True))

pytestmark = pytest.mark.anyio


async def test_fifty_calls_in_process_are_one_batch():
    model = ChatAutoGLM(engine=WAITING)
    with anyio.fail_after(20):
        task = asyncio.create_task(model.abatch(["你好"] * CALLS))
        while (seen := await anyio.to_thread.run_sync(model.local_engine().metrics)).generations_running < CALLS:
            await anyio.lowlevel.checkpoint()
        assert seen.steps["decode"] < seen.output_tokens == CALLS  # several tokens in a step
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while (await anyio.to_thread.run_sync(model.local_engine().metrics)).generations_running:
            await anyio.lowlevel.checkpoint()


async def test_fifty_calls_over_http_are_in_the_engine_together():
    with server(WAITING, max_sessions=CALLS) as (url, service):
        with anyio.fail_after(20):
            task = asyncio.create_task(ChatAutoGLM(base_url=url).abatch(["你好"] * CALLS))
            while service.bridge.in_flight < CALLS:
                await anyio.lowlevel.checkpoint()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while service.bridge.in_flight:
                await anyio.lowlevel.checkpoint()


def test_threads_share_the_engine_too():
    model = ChatAutoGLM(engine=engine(ScriptedReply(text="好的")))
    answers = model.batch(["你好"] * CALLS, config={"max_concurrency": 16})
    assert [answer.content for answer in answers] == ["好的"] * CALLS
    assert model.local_engine() is ChatAutoGLM(engine=engine(ScriptedReply(text="好的"))).local_engine()
    metrics = model.local_engine().metrics()
    assert metrics.output_tokens == 2 * CALLS
