"""Running the server: uvicorn around the application, inside or as the whole of a program.

`serve` is the command's; `serving` puts a server into a larger program (the demo, tests) and gives its address.
"""

from __future__ import annotations

import gc
import importlib.util
import signal
import socket
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import anyio
import uvicorn

from autoglm_agent.engine.spec import Ready
from autoglm_agent.errors import AutoGLMError, InputError
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.brain import BrainMaker
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.server.app import create_app
from autoglm_agent.server.service import Service, open_service
from autoglm_agent.settings import Settings
from autoglm_agent.voice.speech import Synthesiser

MAX_FRAME_BYTES = 21 << 20
"""The largest legal append, 15 MiB of audio, is 20 MiB of base64 in its JSON frame."""
BACKLOG = 256
"""Connections the system may hold while the loop is busy: a reconnect of every session at once."""
GC_THRESHOLDS = (10_000, 20, 50)
"""Objects made between collections of the youngest, and how many of each generation make one of the next."""
SHUTDOWN_GRACE_S = 5
"""Sockets that do not close by themselves in this time are cut."""


class _Server(uvicorn.Server):
    """Tells when it serves. With `handles_signals` an interrupt or a SIGTERM ends it in good order."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None], *, handles_signals: bool) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._handles_signals = handles_signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Not uvicorn's own, which raises the signal again afterwards and so skips our shutdown."""
        if not self._handles_signals:
            yield  # the program around us has its own
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(settings: Settings, *, announce: Callable[[str], None] = print) -> None:
    """Serve until interrupted. `announce` gets one line when clients may come.

    Raises:
        InputError: the address cannot be listened on, or the agent cannot be had.
        ModelNotFoundError, CheckpointError: the model cannot be loaded.
    """
    backend_options = {"use_uvloop": importlib.util.find_spec("uvloop") is not None}
    anyio.run(_serve, settings, announce, backend_options=backend_options)


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Take connections from the start, so that `/ready` can say that the model loads; what is asked meanwhile waits."""
    failure: AutoGLMError | None = None
    with _bind(settings) as listener:
        async with open_service(settings) as service, background_tasks() as tasks:
            started = anyio.Event()
            server = _Server(_config(service), started.set, handles_signals=True)

            async def tell_when_ready() -> None:
                nonlocal failure
                await started.wait()
                try:
                    loaded = await service.bridge.ready()
                except AutoGLMError as error:
                    failure, server.should_exit = error, True
                    return
                spare_collections()
                announce(ready_line(_url(listener), service, loaded))

            tasks.start_soon(tell_when_ready)
            await server.serve([listener])
    if failure is not None:
        raise failure


@asynccontextmanager
async def serving(
    settings: Settings,
    *,
    bridge: AbstractAsyncContextManager[ComputeBridge] | None = None,
    ears: VadHub[Any] | None = None,
    voice: AbstractAsyncContextManager[Synthesiser | None] | None = None,
    brain: BrainMaker | None = None,
) -> AsyncIterator[tuple[str, Service]]:
    """A server inside a running program: its address (`http://host:port`) and its parts. Port 0 takes a free one."""
    with _bind(settings) as listener:
        async with (
            open_service(settings, bridge=bridge, ears=ears, voice=voice, brain=brain) as service,
            background_tasks() as tasks,
        ):
            await service.bridge.ready()
            started, ended = anyio.Event(), anyio.Event()
            server = _Server(_config(service), started.set, handles_signals=False)
            tasks.start_soon(_run, server, listener, ended)
            await started.wait()
            try:
                yield _url(listener), service
            finally:
                server.should_exit = True
                with anyio.CancelScope(shield=True):
                    await ended.wait()


async def _run(server: _Server, listener: socket.socket, ended: anyio.Event) -> None:
    try:
        await server.serve([listener])
    finally:
        ended.set()


def spare_collections() -> None:
    """Let the garbage collector look at what sessions make and not, again and again, at all that was imported.

    A full collection stops every session for tens of milliseconds; cycles are few, so it may come seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def ready_line(url: str, service: Service, loaded: Ready) -> str:
    """What the operator reads when clients may come."""
    return (
        f"autoglm ready: {service.model} loaded in {loaded.load_ms / 1000:.1f} s; "
        f"page {url}/, realtime {url.replace('http', 'ws', 1)}/v1/realtime, REST {url}/v1, docs {url}/docs"
    )


def _bind(settings: Settings) -> socket.socket:
    """Take the port before the model loads. Raises InputError when it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another --host or --port"
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _config(service: Service) -> uvicorn.Config:
    level = service.settings.log_level
    return uvicorn.Config(
        create_app(service),
        log_level="warning" if level == "info" else level,  # our own line says what info would
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # base64 of speech does not shrink; compressing it costs more than a session
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
        lifespan="off",
        access_log=level == "debug",
    )
