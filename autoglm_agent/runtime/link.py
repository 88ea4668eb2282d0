"""One life of an engine: a process or a thread at the other end of a channel, with blocking calls and no event loop.

The bridge calls `send` from its writer thread and `recv` from its reader thread. A link is used once; when the engine
dies the bridge makes a new one.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import threading
from multiprocessing.connection import Connection
from typing import Protocol

from autoglm_agent.engine.process import Incoming, Outgoing, run_engine
from autoglm_agent.engine.spec import EngineSpec


class Link(Protocol):
    """The runtime's end of the channel to one engine."""

    def send(self, batch: Incoming) -> None:
        """Send a batch, or None to end. Raises OSError when the engine is gone."""
        ...

    def recv(self) -> Outgoing:
        """Wait for a message. Raises EOFError when the engine has ended."""
        ...

    def stop(self, grace_s: float) -> None:
        """Wait `grace_s` for the engine to end by itself, then end it. Afterwards `recv` raises EOFError."""
        ...


def _process_main(connection: Connection[Outgoing, Incoming], spec: EngineSpec) -> None:
    """Entry of the spawned process. An interrupt from the terminal is the runtime's affair: it closes the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_engine(connection, spec)


class ProcessLink:
    """An engine in a spawned process: its decode steps never hold the event loop's interpreter lock."""

    def __init__(self, spec: EngineSpec) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        self._connection = ours
        self._process = context.Process(target=_process_main, args=(theirs, spec), name="autoglm-engine", daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of the channel

    @property
    def pid(self) -> int | None:
        """The engine's process id."""
        return self._process.pid

    def send(self, batch: Incoming) -> None:
        """Send a batch; blocks while the pipe is full."""
        self._connection.send(batch)

    def recv(self) -> Outgoing:
        """Wait for a message."""
        try:
            message: Outgoing = self._connection.recv()
        except OSError as error:
            raise EOFError from error
        return message

    def stop(self, grace_s: float) -> None:
        """Join, then terminate, then kill: the last always ends it."""
        self._process.join(grace_s)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(1.0)  # a process in a kernel call may outlive SIGTERM; then SIGKILL
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class _QueueChannel:
    """The engine's end of a thread link: the shape of a connection over two queues."""

    def __init__(self) -> None:
        self.requests: queue.SimpleQueue[Incoming] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[Outgoing | None] = queue.SimpleQueue()

    def send(self, message: Outgoing) -> None:
        self.results.put(message)

    def recv(self) -> Incoming:
        return self.requests.get()

    def poll(self, timeout: float = 0.0) -> bool:
        del timeout  # the loop only ever asks whether something is there now
        return not self.requests.empty()

    def close(self) -> None:
        self.results.put(None)


class ThreadLink:
    """An engine in a thread of this process, for one-shot commands and in-process use; it cannot be killed."""

    def __init__(self, spec: EngineSpec) -> None:
        self._channel = _QueueChannel()
        self._thread = threading.Thread(target=self._main, args=(spec,), name="autoglm-engine", daemon=True)
        self._thread.start()

    def _main(self, spec: EngineSpec) -> None:
        run_engine(self._channel, spec)

    def send(self, batch: Incoming) -> None:
        """Queue a batch."""
        if not self._thread.is_alive():
            raise BrokenPipeError("the engine's thread has ended")
        self._channel.requests.put(batch)

    def recv(self) -> Outgoing:
        """Wait for a message."""
        message = self._channel.results.get()
        if message is None:
            raise EOFError
        return message

    def stop(self, grace_s: float) -> None:
        """Ask, wait, and leave a thread that does not end to the process's exit (it is a daemon)."""
        with contextlib.suppress(BrokenPipeError):
            self.send(None)
        self._thread.join(grace_s)
        self._channel.results.put(None)
