"""An async generator whose work lives in one task of its own.

LangChain steps a generator from a new task each time, and cancels by closing it. A session's task group must be entered
and left in one task, and an agent should be cancelled once and then be left alone to clean up. So here, and nowhere
else, a task is made by hand; it never outlives its generator by more than a grace.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import anyio

logger = logging.getLogger(__name__)
T = TypeVar("T")

BUFFER = 16
"""What may wait for the reader before the work waits: some tokens, a few seconds of sound."""
GRACE_S = 5.0
"""Work that was cancelled has so long to clean up, as the engine has to stop; then it is told of and left behind."""


async def hosted(
    work: Callable[[Callable[[T], Awaitable[None]]], Awaitable[None]], *, grace_s: float = GRACE_S
) -> AsyncGenerator[T, None]:
    """Yield what `work` hands to the function it is given; raise what it raises.

    Closing the generator, or cancelling whoever waits for it, cancels `work` once and waits for its end.
    """
    send, receive = anyio.create_memory_object_stream[T](BUFFER)

    async def run() -> None:
        async with send:
            await work(send.send)

    task = asyncio.create_task(run())
    try:
        async with receive:
            async for item in receive:
                yield item
        await task
    finally:
        if not task.done():
            task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([task], timeout=grace_s)
        send.close()  # a task cancelled before its first step has not done so
        if not task.done():
            logger.warning("work that was cancelled does not end; it is left behind after %.0f s", grace_s)
        elif not task.cancelled() and (error := task.exception()) is not None:
            logger.debug("ended with %r", error)
