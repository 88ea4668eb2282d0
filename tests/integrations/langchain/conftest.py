"""Servers for the remote half of the tests, each on a loop in a thread of its own, as another program would be."""

import threading
from contextlib import contextmanager

import anyio
import pytest

from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.side_loop import SideLoop
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.integrations.langchain.scripts import STANDARD, engine


@contextmanager
def server(spec, **settings):
    """A server with the engine of `spec`; gives its address and its parts."""
    loop, started, ended, found = SideLoop("test-server"), threading.Event(), threading.Event(), []

    async def serve():
        settled, stop = Settings(port=0, voice="none", **settings), anyio.Event()
        async with serving(settled, bridge=ComputeBridge.thread(spec)) as (url, service):
            found.extend((url, service, stop))
            started.set()
            await stop.wait()
        ended.set()

    async def leave():
        found[2].set()

    loop.run_in_background(serve)
    assert started.wait(20)
    try:
        yield found[0], found[1]
    finally:
        loop.call(leave)
        assert ended.wait(20)
        loop.close()


@pytest.fixture(scope="session")
def standard_url():
    """A server whose scripted engine takes the standard suites."""
    with server(engine(*STANDARD.replies, utterances=STANDARD.utterances), max_sessions=100) as (url, _):
        yield url
