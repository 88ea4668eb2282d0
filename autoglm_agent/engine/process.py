"""The engine's own process (or thread): load, say `Ready`, then drain requests, step, and send what came out.

The loop knows nothing of sessions or sockets. Its channel is a `SocketChannel` or anything of that shape.
It ends when the other side closes the channel; an exception inside the engine ends it too, on purpose:
an engine in an unknown state is replaced, not repaired.
"""

from __future__ import annotations

import time
from typing import Protocol

from autoglm_agent.engine.messages import Request, Result
from autoglm_agent.engine.scripted import ScriptedEngine
from autoglm_agent.engine.spec import EngineProtocol, EngineSpec, LoadFailed, Ready, Startup
from autoglm_agent.errors import AutoGLMError

Incoming = list[Request]
"""A batch of requests."""

Outgoing = list[Result] | Startup
"""A batch of results; before the first one, how the loading went."""


class Channel(Protocol):
    """The part of `multiprocessing.connection.Connection` that the loop uses."""

    def send(self, message: Outgoing, /) -> None:
        """Send one message; may block until the other side reads."""
        ...

    def recv(self) -> Incoming:
        """Wait for one message. Raises EOFError when the other side is gone."""
        ...

    def poll(self) -> bool:
        """Whether a message is there."""
        ...

    def close(self) -> None:
        """Give the channel up; the other side then sees its end."""
        ...


def run_engine(channel: Channel, spec: EngineSpec) -> None:
    """Load the engine of `spec`, report `Ready` or `LoadFailed`, and serve until told to stop."""
    try:
        start_s = time.perf_counter()
        try:
            engine = build_engine(spec)
        except (AutoGLMError, ImportError, OSError, RuntimeError, ValueError) as error:
            channel.send(LoadFailed(kind=type(error).__name__, message=str(error) or repr(error)))
            return
        channel.send(Ready(model=spec.model, load_ms=(time.perf_counter() - start_s) * 1000))
        serve_engine(engine, channel)
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return  # the runtime is gone or going; nobody is left to tell
    finally:
        channel.close()


def build_engine(spec: EngineSpec) -> EngineProtocol:
    """The engine that `spec` describes. The real one is imported only here, so a scripted one needs no torch."""
    if spec.script is not None:
        return ScriptedEngine(spec.script)
    from autoglm_agent.engine import load_engine

    return load_engine(spec)


def serve_engine(engine: EngineProtocol, channel: Channel) -> None:
    """Serve until the channel ends. Requests are drained before every step: a cancel waits for one unit of work."""
    while True:
        while not engine.has_work or channel.poll():
            for request in channel.recv():
                engine.submit(request)
        results = engine.step()
        if results:
            channel.send(results)
