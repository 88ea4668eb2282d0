"""Whoever leaves an answer early stops its computation, in process and behind a server; seen in the engine's metrics."""

import asyncio
import time
from contextlib import aclosing

import anyio
import anyio.lowlevel
import pytest
from langchain_core.messages import AIMessageChunk

from autoglm_agent.engine.scripted import ScriptedReply
from langchain_autoglm import ChatAutoGLM
from tests.integrations.langchain.conftest import server
from tests.integrations.langchain.scripts import engine

SPEC = engine(ScriptedReply(text="一二三四五", stalls=True))  # three tokens, then it waits to be cancelled

pytestmark = pytest.mark.anyio


class InProcess:
    model = ChatAutoGLM(model="nano", engine=SPEC)

    def running(self):
        return self.model.local_engine().metrics().generations_running


class Remote:
    def __init__(self, url, service):
        self.model, self._service = ChatAutoGLM(base_url=url), service

    def running(self):
        return self._service.bridge.in_flight


@pytest.fixture(scope="module")
def remote():
    with server(SPEC) as (url, service):
        yield Remote(url, service)


@pytest.fixture(params=["in process", "remote"])
def place(request, remote):
    return InProcess() if request.param == "in process" else remote


def soon_free(place):
    """Whether the engine is free within a second: a server has to see that its client is gone."""
    give_up = time.monotonic() + 1.0
    while place.running() and time.monotonic() < give_up:
        pass
    return place.running() == 0


def test_closing_a_stream(place):
    chunks = place.model.stream("数数")
    assert isinstance(next(chunks), AIMessageChunk)
    assert place.running() == 1
    chunks.close()
    assert soon_free(place)


async def test_closing_an_asynchronous_stream(place):
    with anyio.fail_after(5):
        async with aclosing(place.model.astream("数数")) as chunks:
            async for _ in chunks:
                assert place.running() == 1
                break
        assert await anyio.to_thread.run_sync(soon_free, place)


async def test_cancelling_a_task_that_waits_for_the_whole_answer(place):
    with anyio.fail_after(5):
        task = asyncio.create_task(place.model.ainvoke("数数"))
        while place.running() == 0:
            await anyio.lowlevel.checkpoint()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await anyio.to_thread.run_sync(soon_free, place)


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
async def test_closing_a_stream_of_events(place):
    with anyio.fail_after(5):
        stream = await place.model.astream_events("数数", version="v3")
        async for event in stream:
            if event["event"] == "content-block-delta":
                break
        assert place.running() == 1
        await stream.aclose()
        assert await anyio.to_thread.run_sync(soon_free, place)


async def test_an_exception_of_the_one_who_reads(place):
    with anyio.fail_after(5), pytest.raises(ZeroDivisionError):
        async with aclosing(place.model.astream("数数")) as chunks:
            async for _ in chunks:
                raise ZeroDivisionError
    assert await anyio.to_thread.run_sync(soon_free, place)


def test_an_engine_stops_within_a_step():
    """A long answer: what is computed after the close is what was on its way, not the rest of the answer."""
    model = ChatAutoGLM(engine=engine(ScriptedReply(text="长" * 4000)))
    chunks = model.stream("讲")
    next(chunks)
    chunks.close()
    after = model.local_engine().metrics()
    assert after.generations_running == 0
    assert after.output_tokens < 4000
    assert model.local_engine().metrics().output_tokens == after.output_tokens
