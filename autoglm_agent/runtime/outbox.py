"""What waits to be written to a client: events as text, bounded in bytes.

Overflow policy: above `SOFT_LIMIT` whoever produces on behalf of the model waits (`room`), so a slow client slows its
own answers only; facts of control are never dropped and never wait. Above `HARD_LIMIT` the client has stopped reading:
the outbox overflows and the session ends. While the reader is lost nothing waits: events go to the journal alone, for a
session that has one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from autoglm_agent.runtime.journal import Journal

SOFT_LIMIT = 1 << 20
"""1 MiB: the largest single event, or minutes of text; a client that lags further gains nothing from a longer queue."""
HARD_LIMIT = 8 << 20
"""8 MiB: only acknowledgements and transcripts can pile up this far, over many minutes."""


class Outbox:
    """A queue of event texts with one reader, the socket's writer."""

    def __init__(
        self,
        *,
        soft_limit: int = SOFT_LIMIT,
        hard_limit: int = HARD_LIMIT,
        on_overflow: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_overflow = on_overflow
        self._soft_limit = soft_limit
        self._hard_limit = hard_limit
        self._texts: deque[str] = deque()
        self._bytes = 0
        self._taken_bytes = 0
        self._changed = anyio.Event()
        self._room = anyio.Event()
        self._closed = False
        self._reader_is_back: anyio.Event | None = None
        self.overflowed = False
        self.journal: Journal | None = None

    @property
    def waiting_bytes(self) -> int:
        """Characters queued or being written: in UTF-8 at most three times as many bytes."""
        return self._bytes

    def put(self, texts: list[str]) -> None:
        """Queue events. Past the hard limit they are dropped and `on_overflow` is called: the session must end."""
        if self._closed or not texts:
            return
        if self.journal is not None:
            self.journal.add(texts)
        if self.is_lost:
            return
        self._bytes += sum(map(len, texts))
        if self._bytes > self._hard_limit:
            self.overflowed = True
            self.close()
            self._on_overflow()
            return
        self._texts.extend(texts)
        self._changed.set()

    async def room(self) -> None:
        """Wait until the queue is below the soft limit."""
        while self._bytes > self._soft_limit and not self._closed:
            if self._room.is_set():  # several answers may wait for the same event
                self._room = anyio.Event()
            await self._room.wait()

    async def take(self) -> list[str]:
        """Wait for events and take all of them, oldest first; an empty list means closed and drained.

        What was taken counts as waiting until the next call: only then has the socket accepted it.
        """
        self._bytes -= self._taken_bytes
        self._taken_bytes = 0
        self._room.set()
        while not self._texts and not self._closed:
            self._changed = anyio.Event()
            await self._changed.wait()
        texts = list(self._texts)
        self._texts.clear()
        self._taken_bytes = self._bytes
        return texts

    # --- The reader lost, and another one ----------------------------------------------------------------------------

    @property
    def is_lost(self) -> bool:
        """Whether nobody reads now, and somebody may again."""
        return self._reader_is_back is not None

    def lose_reader(self) -> anyio.Event:
        """The reader is gone, and with it what it had not taken. Give the event that tells of the next reader."""
        self._reader_is_back = self._reader_is_back or anyio.Event()
        self._empty()
        return self._reader_is_back

    def find_reader(self, texts: list[str]) -> None:
        """Another reader comes: it begins with `texts`."""
        self._empty()
        if self._reader_is_back is not None:
            self._reader_is_back.set()
            self._reader_is_back = None
        self._bytes = sum(map(len, texts))
        self._texts.extend(texts)
        self._changed.set()

    async def reader(self) -> None:
        """Wait while nobody reads."""
        while self._reader_is_back is not None:
            await self._reader_is_back.wait()

    def _empty(self) -> None:
        self._texts.clear()
        self._bytes = self._taken_bytes = 0
        self._room.set()

    def close(self) -> None:
        """No more events; the reader drains what is left."""
        self._closed = True
        self._changed.set()
        self._room.set()
