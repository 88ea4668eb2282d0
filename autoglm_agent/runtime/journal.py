"""The journal: the newest events of a session that may be resumed, so that they can be repeated over another socket.

Bound: `JOURNAL_BYTES` a session; the oldest events make room, and a client that missed them is told how things stand
instead. Only sessions whose client asked have one. Not a log: what a client is known to have seen is forgotten.
"""

from __future__ import annotations

import sys
from collections import deque

from pydantic_core import from_json

JOURNAL_BYTES = 2 << 20
"""2 MiB: half a minute of voice at 24 kHz, or several answers as text. It is what a phone misses in a tunnel."""
REMEMBERED_BEGINNINGS = 16
"""Each return gives the point from which the journal is complete another name; a client knows one of the last."""


class Journal:
    """Events as texts, oldest first, and the ids of the event before the first of them."""

    def __init__(self, *, max_bytes: int = JOURNAL_BYTES) -> None:
        self._max_bytes = max_bytes
        self._texts: deque[str] = deque()
        self._bytes = 0
        self._seen: deque[str] = deque(maxlen=REMEMBERED_BEGINNINGS)

    @property
    def held_bytes(self) -> int:
        """Memory that the events take."""
        return self._bytes

    def add(self, texts: list[str]) -> None:
        """Remember events; the oldest are forgotten when there are too many."""
        for text in texts:
            self._texts.append(text)
            self._bytes += sys.getsizeof(text)
        while self._bytes > self._max_bytes:
            self._drop_first()
            self._seen.clear()  # a client that had seen all before it has missed it now

    def after(self, event_id: str | None) -> list[str] | None:
        """Give what followed the event that the client saw last, and forget the rest; None when that is not known."""
        if event_id is None:
            return None
        if event_id not in self._seen:
            position = self._position(event_id)
            if position is None:
                return None
            for _ in range(position + 1):
                self._drop_first()
            self._seen.clear()
            self._seen.append(event_id)
        return list(self._texts)

    def welcomed(self, text: str, *, is_complete: bool) -> None:
        """The client got `text` in front of what was given; from a snapshot on, nothing earlier is of use."""
        if not is_complete:
            self._texts.clear()
            self._seen.clear()
            self._bytes = 0
        self._seen.append(_event_id(text))

    def _position(self, event_id: str) -> int | None:
        for position, text in enumerate(self._texts):
            if event_id in text and _event_id(text) == event_id:  # a client's own ids are in events too, elsewhere
                return position
        return None

    def _drop_first(self) -> None:
        self._bytes -= sys.getsizeof(self._texts.popleft())


def _event_id(text: str) -> str:
    event_id: str = from_json(text)["event_id"]
    return event_id
