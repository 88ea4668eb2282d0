"""Servers that synchronous clients can call: real sockets, in a thread of their own."""

from contextlib import contextmanager

import pytest
from anyio.from_thread import start_blocking_portal

from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings

CALLS = tuple(
    ToolCall(call_id=f"call_{room}", name="turn_on", arguments=f'{{"room":"{room}"}}') for room in ("客厅", "卧室")
)
SCRIPT = Script(
    utterances=("你好小智",),
    replies=(
        ScriptedReply(when="开灯", tool_calls=CALLS),
        ScriptedReply(text="从前有一座山", when="故事", stalls=True),
        ScriptedReply(text="", when="沉默"),
        ScriptedReply(text="一二三", when="死", dies=True),
        ScriptedReply(text="你好呀", reasoning="在问好"),
    ),
)


@contextmanager
def running_server(script=None, **settings):
    """The address of a server, with a scripted engine or with nano, and its parts."""
    bridge = ComputeBridge.thread(EngineSpec(script=script)) if script is not None else None
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(Settings(port=0, voice="none", **settings), bridge=bridge)) as server,
    ):
        yield server


@pytest.fixture(scope="package")
def scripted_url():
    with running_server(SCRIPT) as (url, _):
        yield url


@pytest.fixture(scope="package")
def nano_url():
    with running_server() as (url, _):
        yield url
