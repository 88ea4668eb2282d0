"""Where work of milliseconds runs: beside the event loop, or on it where every run must be the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import anyio.to_thread

T = TypeVar("T")


class Work(Protocol):
    """Runs a function and gives its result."""

    def __call__(self, function: Callable[..., T], *arguments: object) -> Awaitable[T]:
        """As `function(*arguments)`."""
        ...


async def in_thread(function: Callable[..., T], *arguments: object) -> T:
    """In a worker thread: the loop goes on meanwhile."""
    return await anyio.to_thread.run_sync(function, *arguments)


async def at_once(function: Callable[..., T], *arguments: object) -> T:
    """On the loop itself: for replays that must give the same events in the same order."""
    return function(*arguments)
