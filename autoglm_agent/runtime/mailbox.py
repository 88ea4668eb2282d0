"""Where a session's engine results wait to be read: bounded, never blocking the thread that delivers for everybody.

Overflow policy: above `MERGE_ABOVE` waiting results, text that belongs together is joined and a newer state
(transcript, gate weights) replaces the older one. What remains is at most one entry per request in flight, and those
the session bounds; nothing is lost that a slow reader would still need.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

import anyio

from autoglm_agent.engine.messages import GateWeights, ReasoningDelta, Result, TextDelta, Transcript

MERGE_ABOVE = 32
"""Merging starts here: a reader that keeps up, even one that is a frame or two late, sees every token by itself."""


class Mailbox:
    """An async iterator of the results of one session. One reader. Leaving its context unsubscribes."""

    def __init__(self, on_close: Callable[[], None] = lambda: None) -> None:
        self._items: deque[Result] = deque()
        self._arrived = anyio.Event()
        self._closed = False
        self._on_close = on_close

    def __len__(self) -> int:
        """How many results wait."""
        return len(self._items)

    def put(self, result: Result) -> None:
        """Add a result; after `close` it is dropped. Called on the event loop."""
        if self._closed:
            return
        if len(self._items) < MERGE_ABOVE or not self._merge(result):
            self._items.append(result)
        self._arrived.set()

    def close(self) -> None:
        """Stop taking results; the reader gets what is left and then the end."""
        if not self._closed:
            self._closed = True
            self._on_close()
            self._arrived.set()

    def _merge(self, result: Result) -> bool:
        last = self._items[-1]
        match result:
            case TextDelta() | ReasoningDelta():
                if type(last) is type(result) and last.request_id == result.request_id:
                    self._items[-1] = replace(last, text=last.text + result.text)
                    return True
            case Transcript() | GateWeights():
                for index, waiting in enumerate(self._items):
                    if type(waiting) is type(result) and waiting.stream_id == result.stream_id:
                        del self._items[index]
                        break
            case _:
                pass
        return False

    def __enter__(self) -> Self:
        """Use as a context manager to unsubscribe at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unsubscribe."""
        self.close()

    def __aiter__(self) -> Self:
        """Iterate over results until closed."""
        return self

    async def __anext__(self) -> Result:
        """Wait for the next result."""
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._items.popleft()
