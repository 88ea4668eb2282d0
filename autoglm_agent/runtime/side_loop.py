"""An event loop in a thread of its own, for callers that have none, have another, or have one after another.

A piece of work runs there as a task and hands out values; whoever asked reads them as an iterator, blocking or
asynchronous, and leaving the iterator cancels the work. Values that nobody has read yet wait here: how many there can
be, the work bounds. Not here: what the work does.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import os
import queue
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, TypeVar

import anyio

T = TypeVar("T")
Put = Callable[[T], None]
"""Takes a value to hand out."""
Work = Callable[[Put[T]], Awaitable[None]]
"""Something to do that hands out values meanwhile."""
STOP_GRACE_S = 10.0
"""What runs here stops within an engine's unit of work; beyond this something hangs, and the exit does not wait."""


class SideLoop:
    """The loop. It starts with the first work and ends with `close`, or with the program."""

    def __init__(self, name: str = "autoglm-side-loop") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._inbox: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._loop: asyncio.AbstractEventLoop
        self._woken: asyncio.Event
        self._is_closing = False

    def iterate(self, work: Work[T]) -> Generator[T, None, None]:
        """What `work` hands out, as it comes. Raises what it raises."""
        line: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        job = _Job(work, line.put, line.put)
        self._start(job)
        try:
            while not isinstance(item := line.get(), _End):
                yield item
        finally:
            self._cancel(job)
        item.check()

    async def aiterate(self, work: Work[T]) -> AsyncGenerator[T, None]:
        """What `work` hands out, as it comes, in the caller's own loop. Raises what it raises."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        line: deque[T | _End] = deque()

        def put(item: T | _End) -> None:
            line.append(item)
            if not arrived.is_set():  # a reader that is late finds all there is: it need not be woken for each
                loop.call_soon_threadsafe(arrived.set)

        job = _Job(work, put, put)
        self._start(job)
        try:
            while True:
                while line:
                    if isinstance(item := line.popleft(), _End):
                        item.check()
                        return
                    yield item
                arrived.clear()
                if not line:
                    await arrived.wait()
        finally:
            self._cancel(job)

    def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` there, wait for it and return what it returns."""

        async def once(put: Put[T]) -> None:
            put(await work())

        return next(self.iterate(once))

    def run_in_background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin `work` there; it is cancelled when the loop ends. It must not raise."""

        async def alone(put: Put[None]) -> None:
            await work()

        self._start(_Job(alone, _ignore, _ignore))

    def close(self) -> None:
        """Cancel all work, wait until it has ended, and end the loop. Later work starts another."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._is_closing = True
            self._loop.call_soon_threadsafe(self._woken.set)
        thread.join(STOP_GRACE_S)

    def _start(self, job: _Job[T]) -> None:
        with self._lock:
            if self._thread is None:
                self._launch()
            self._inbox.append(job.run)
            self._loop.call_soon_threadsafe(self._woken.set)

    def _cancel(self, job: _Job[T]) -> None:
        with self._lock:
            if self._thread is not None and not job.is_over:
                self._loop.call_soon_threadsafe(job.cancel)

    def _launch(self) -> None:
        started: Future[None] = Future()
        self._is_closing = False
        options = {"use_uvloop": importlib.util.find_spec("uvloop") is not None}
        main = partial(anyio.run, self._main, started, backend_options=options)
        self._thread = threading.Thread(target=main, name=self._name, daemon=True)
        self._thread.start()
        started.result()

    async def _main(self, started: Future[None]) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        async with anyio.create_task_group() as tasks:
            started.set_result(None)
            while not self._is_closing:
                while self._inbox:
                    tasks.start_soon(self._inbox.popleft())
                await self._woken.wait()
                self._woken.clear()
            tasks.cancel_scope.cancel()


class _Job(Generic[T]):
    """One piece of work. All but the constructor runs on the loop."""

    def __init__(self, work: Work[T], put: Put[T], end: Callable[[_End], None]) -> None:
        self._work, self._put, self._end = work, put, end
        self._scope: anyio.CancelScope | None = None
        self._is_unwanted = False
        self.is_over = False

    async def run(self) -> None:
        """Do the work and tell how it ended, whatever happens."""
        error: BaseException | None = None
        try:
            with anyio.CancelScope() as self._scope:
                if self._is_unwanted:
                    self._scope.cancel()
                await self._work(self._put)
            if self._scope.cancelled_caught:
                error = SideLoopClosedError("the work was cancelled")
        except Exception as caught:
            error = caught
        except BaseException:
            error = SideLoopClosedError("the loop was closed while the work was going on")
            raise
        finally:
            self.is_over = True
            try:
                self._end(_End(error))
            except RuntimeError:
                pass  # the reader's loop has ended, and the reader with it

    def cancel(self) -> None:
        """Stop the work, even if it has not begun."""
        self._is_unwanted = True
        if self._scope is not None:
            self._scope.cancel()


class SideLoopClosedError(RuntimeError):
    """The loop was closed while somebody still waited for its work."""


class _End:
    """The work is over."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def check(self) -> None:
        """Raise what the work raised."""
        if self._error is not None:
            raise self._error


def _ignore(value: object) -> None:
    """Nobody reads."""


_SHARED = SideLoop()


def shared_side_loop() -> SideLoop:
    """The one loop of this process: enough for any number of engines and connections, since it never computes."""
    return _SHARED


def _forget() -> None:
    """After a fork: the thread is not there in the child."""
    _SHARED.__init__()  # type: ignore[misc]  # the one object, as new: others hold on to it


atexit.register(_SHARED.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
