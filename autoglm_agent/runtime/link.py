"""One life of an engine: a process or a thread at the other end of a socket pair.

A link is used once; when the engine dies the bridge makes a new one. Starting and stopping block for milliseconds and
are called in a worker thread; messages never pass through here.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
from typing import Protocol

from autoglm_agent.engine.channel import SocketChannel
from autoglm_agent.engine.process import run_engine
from autoglm_agent.engine.spec import EngineSpec

KILL_AFTER_S = 1.0
"""A process in a kernel call may outlive SIGTERM for a moment; then comes SIGKILL, which always ends it."""


class Link(Protocol):
    """An engine that runs, and the runtime's end of its socket pair."""

    end: socket.socket

    def stop(self, grace_s: float) -> None:
        """Wait `grace_s` for the engine to end by itself, then end it."""
        ...


def _process_main(end: socket.socket, spec: EngineSpec) -> None:
    """Entry of the spawned process. An interrupt from the terminal is the runtime's affair: it closes the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_engine(SocketChannel(end), spec)


class ProcessLink:
    """An engine in a spawned process: its decode steps never hold the event loop's interpreter lock."""

    def __init__(self, spec: EngineSpec) -> None:
        self.end, theirs = socket.socketpair()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_process_main, args=(theirs, spec), name="autoglm-engine", daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of the channel

    def stop(self, grace_s: float) -> None:
        """Join, then terminate, then kill."""
        self._process.join(grace_s)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(KILL_AFTER_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class ThreadLink:
    """An engine in a thread of this process, for one-shot commands and in-process use; it cannot be killed."""

    def __init__(self, spec: EngineSpec) -> None:
        self.end, theirs = socket.socketpair()
        self._thread = threading.Thread(
            target=run_engine, args=(SocketChannel(theirs), spec), name="autoglm-engine", daemon=True
        )
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Wait; a thread that does not end is left to the process's exit (it is a daemon)."""
        self._thread.join(grace_s)
