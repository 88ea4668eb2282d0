"""The compute bridge: the only place where the event loop meets the engine, and it never waits for it to compute.

Messages cross a socket pair: the loop writes and reads it like any other socket, so no thread of ours competes for the
interpreter lock. The bridge restarts an engine that died, answers every request that was in flight with
`Failed(code="internal")`, and holds no state of any conversation: what the new engine lacks, the sessions send again
when it says `feature_missing`.

Bounds: `send` waits while `BACKLOG` requests are unsent; results wait in a merging `Mailbox` per session, so a slow
session delays nobody else.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from itertools import count

import anyio
import anyio.lowlevel
import anyio.to_thread

from autoglm_agent.engine.messages import MetricsRead, ReadMetrics, Request, Result
from autoglm_agent.engine.metrics import EngineMetrics
from autoglm_agent.engine.process import Outgoing
from autoglm_agent.engine.spec import EngineProtocol, EngineSpec, LoadFailed, Ready
from autoglm_agent.errors import AutoGLMError, CheckpointError, InputError, ModelNotFoundError
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.in_flight import InFlight
from autoglm_agent.runtime.link import Link, ProcessLink, ThreadLink
from autoglm_agent.runtime.mailbox import Mailbox
from autoglm_agent.runtime.pipe import Pipe

logger = logging.getLogger(__name__)

BACKLOG = 1024
"""Requests not written yet before `send` waits: a second of 20 ms packets of 20 sessions."""
BATCH = 256
"""Requests in one message at most, so that a cancel behind a burst is at most one message away."""
STOP_GRACE_S = 5.0
"""An engine asked to stop finishes its unit of work (≤ 25 ms) and frees its memory; beyond this it hangs."""
FIRST_RESTART_DELAY_S = 0.1
"""The first restart is almost at once; each further death without a `Ready` between doubles the wait."""
LONGEST_RESTART_DELAY_S = 10.0
"""A broken installation is tried again six times a minute, not continuously."""
METRICS_WAIT_S = 10.0
"""An engine answers between two units of work of ≤ 25 ms; one that takes this long hangs or has died."""

LOAD_ERRORS = {error.__name__: error for error in (CheckpointError, InputError, ModelNotFoundError)}
"""Causes of a failed load that callers tell apart; they cross from the engine's side by name."""


class ComputeBridge:
    """Sends requests to an engine and hands each session its results. Make one with `process`, `thread` or `local`."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, Mailbox] = {}
        self._in_flight = InFlight()
        self._outbox: deque[Request] = deque()
        self._room = anyio.Event()
        self._startup: Ready | LoadFailed | None = None
        self._started = anyio.Event()
        self._restarts = 0
        self._submitted = anyio.Event()
        self._questions = count()

    @classmethod
    def process(cls, spec: EngineSpec) -> contextlib.AbstractAsyncContextManager[ComputeBridge]:
        """An engine in a process of its own: what `serve` uses."""
        return cls._linked(lambda: ProcessLink(spec))

    @classmethod
    def thread(cls, spec: EngineSpec) -> contextlib.AbstractAsyncContextManager[ComputeBridge]:
        """An engine in a thread: for one-shot commands and in-process use, where nobody else needs the loop."""
        return cls._linked(lambda: ThreadLink(spec))

    @classmethod
    @asynccontextmanager
    async def local(cls, engine: EngineProtocol) -> AsyncIterator[ComputeBridge]:
        """`engine` stepped on the event loop itself: deterministic, for tests with scripted engines."""
        bridge = cls()
        bridge._startup = Ready(model="local", load_ms=0.0)
        bridge._started.set()
        async with background_tasks() as tasks:
            tasks.start_soon(bridge._step_locally, engine)
            yield bridge

    @classmethod
    @asynccontextmanager
    async def _linked(cls, make_link: Callable[[], Link]) -> AsyncIterator[ComputeBridge]:
        bridge = cls()
        async with background_tasks() as tasks:
            tasks.start_soon(bridge._supervise, make_link)
            yield bridge

    # --- For sessions ------------------------------------------------------------------------------------------------

    async def ready(self) -> Ready:
        """Wait until the engine takes requests. Raises ModelNotFoundError or AutoGLMError when it cannot load."""
        while self._startup is None:
            await self._started.wait()
        if isinstance(self._startup, LoadFailed):
            raise LOAD_ERRORS.get(self._startup.kind, AutoGLMError)(self._startup.message)
        return self._startup

    @property
    def is_ready(self) -> bool:
        """Whether an engine is up at this moment."""
        return isinstance(self._startup, Ready)

    @property
    def restarts(self) -> int:
        """How often a dead engine was replaced."""
        return self._restarts

    @property
    def in_flight(self) -> int:
        """Requests that the engine has not answered yet."""
        return len(self._in_flight)

    async def send(self, request: Request) -> None:
        """Queue `request` for the engine; waits while the backlog is full."""
        while len(self._outbox) >= BACKLOG:
            if self._room.is_set():  # several sessions may wait for the same event
                self._room = anyio.Event()
            await self._room.wait()
        self.send_nowait(request)

    def send_nowait(self, request: Request) -> None:
        """Queue `request` whatever the backlog: for cancels and closes, which are few and must not wait."""
        self._in_flight.note_request(request)
        if isinstance(self._startup, LoadFailed):
            self._deliver([*self._in_flight.fail_all(self._startup.message)])
            return
        self._outbox.append(request)
        self._submitted.set()

    def subscribe(self, session_id: str) -> Mailbox:
        """The results of one session, as an async iterator and a context manager. One subscriber per session."""
        if session_id in self._mailboxes:
            raise ValueError(f"session {session_id!r} is already subscribed")

        def unsubscribe() -> None:
            del self._mailboxes[session_id]

        mailbox = Mailbox(on_close=unsubscribe)
        self._mailboxes[session_id] = mailbox
        return mailbox

    async def metrics(self) -> EngineMetrics:
        """Ask the engine what it is doing. Raises TimeoutError when it does not say: it loads, hangs or has died."""
        session_id = f"metrics_{next(self._questions)}"
        with self.subscribe(session_id) as results, anyio.fail_after(METRICS_WAIT_S):
            await self.send(ReadMetrics(session_id=session_id))
            result = await anext(results)
        assert isinstance(result, MetricsRead)  # the one answer this session can get
        return result.metrics

    # --- The engine's side -------------------------------------------------------------------------------------------

    def _deliver(self, results: list[Result]) -> None:
        for result in results:
            self._in_flight.note_result(result)
            mailbox = self._mailboxes.get(result.session_id)
            if mailbox is not None:
                mailbox.put(result)

    def _receive(self, message: Outgoing) -> None:
        if isinstance(message, list):
            self._deliver(message)
            return
        self._startup = message
        self._started.set()

    async def _step_locally(self, engine: EngineProtocol) -> None:
        while True:
            while self._outbox:
                engine.submit(self._outbox.popleft())
            self._room.set()
            if engine.has_work:
                self._deliver(engine.step())
                await anyio.lowlevel.checkpoint()
            else:
                self._submitted = anyio.Event()
                await self._submitted.wait()

    async def _supervise(self, make_link: Callable[[], Link]) -> None:
        delay_s = FIRST_RESTART_DELAY_S
        while True:
            link = await anyio.to_thread.run_sync(make_link)
            await self._live(link)
            if isinstance(self._startup, LoadFailed) and self._restarts == 0:
                self._lose_in_flight(self._startup.message)
                return  # it never worked and will not: `ready` raises, requests fail
            delay_s = FIRST_RESTART_DELAY_S if self.is_ready else min(delay_s * 2, LONGEST_RESTART_DELAY_S)
            self._startup, self._started = None, anyio.Event()
            self._restarts += 1
            logger.warning("the engine died; restart %d in %.1f s", self._restarts, delay_s)
            self._lose_in_flight("the engine died and is being restarted")
            await anyio.sleep(delay_s)

    async def _live(self, link: Link) -> None:
        """One life of the engine: returns when its channel ends; when cancelled, stops it first."""
        pipe = await Pipe.over(link.end)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write, pipe)
                async with aclosing(pipe.messages()) as messages:
                    async for message in messages:
                        self._receive(message)
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await pipe.aclose()  # the engine takes the end of its channel as the end of its work
                await anyio.to_thread.run_sync(link.stop, STOP_GRACE_S if self.is_ready else 0.0)

    async def _write(self, pipe: Pipe) -> None:
        with contextlib.suppress(EOFError):  # a dead engine: the reader sees the end, too, and that is reported
            while True:
                while not self._outbox:
                    self._submitted = anyio.Event()
                    await self._submitted.wait()
                batch = [self._outbox.popleft() for _ in range(min(len(self._outbox), BATCH))]
                self._room.set()
                await pipe.send(batch)

    def _lose_in_flight(self, message: str) -> None:
        self._outbox.clear()  # meant for the dead engine: they are among the failed
        self._room.set()
        self._deliver([*self._in_flight.fail_all(message)])
