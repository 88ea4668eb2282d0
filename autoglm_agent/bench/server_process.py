"""A server in a process of its own, which tells what it has used: so that a client's work is not counted as its own.

The engine is in a third process, as in service. Not here: what the clients do (`talking`).
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import anyio
import anyio.to_thread

from autoglm_agent.bench.report import rss_mb
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving, spare_collections
from autoglm_agent.settings import Settings

STOP_GRACE_S = 10.0  # sockets, sessions and the engine end in order; beyond this something hangs


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the process has used since it began: processor time of all its threads, memory now."""

    cpu_s: float
    rss_mb: float
    wall_s: float


class ServerProcess:
    """A server that runs. `url` is where."""

    def __init__(self, url: str, connection: Connection) -> None:
        self.url = url
        self._connection = connection

    async def usage(self) -> Usage:
        """Ask the process what it has used."""
        self._connection.send("usage")
        usage: Usage = await anyio.to_thread.run_sync(self._connection.recv)
        return usage


@asynccontextmanager
async def server_process(settings: Settings, spec: EngineSpec) -> AsyncIterator[ServerProcess]:
    """Start a server with the engine of `spec`; leaving stops both.

    Raises:
        AutoGLMError: the model cannot be loaded, or the server ended before it served.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs, settings, spec), name="autoglm-bench-server")
    process.start()
    theirs.close()
    try:
        started = await anyio.to_thread.run_sync(_receive, ours)
        if not isinstance(started, str):
            raise started or AutoGLMError("the server ended before it served; its log says why")
        yield ServerProcess(started, ours)
    finally:
        ours.close()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(process.join, STOP_GRACE_S)
        if process.is_alive():
            process.terminate()
            process.join()


def _receive(connection: Connection) -> str | AutoGLMError | None:
    """The address, or why there is none. None when the process has ended."""
    try:
        started: str | AutoGLMError = connection.recv()
    except EOFError:
        return None
    return started


def _main(connection: Connection, settings: Settings, spec: EngineSpec) -> None:
    """Entry of the process: serve until the other side closes the connection."""
    options = {"use_uvloop": importlib.util.find_spec("uvloop") is not None}
    try:
        anyio.run(_serve, connection, settings, spec, backend_options=options)
    except AutoGLMError as error:
        connection.send(error)


async def _serve(connection: Connection, settings: Settings, spec: EngineSpec) -> None:
    async with serving(settings, bridge=ComputeBridge.process(spec)) as (url, _):
        spare_collections()  # as `autoglm serve` does
        connection.send(url)
        while await anyio.to_thread.run_sync(_asked, connection):
            connection.send(Usage(cpu_s=time.process_time(), rss_mb=rss_mb(), wall_s=time.monotonic()))


def _asked(connection: Connection) -> bool:
    """Wait for the next question; False when there will be none."""
    try:
        connection.recv()
    except EOFError:
        return False
    return True
