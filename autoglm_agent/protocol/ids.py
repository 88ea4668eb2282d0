"""Where ids come from. Injected, so that a test sees the same ids twice."""

from __future__ import annotations

import os
from itertools import count
from typing import Protocol

#: The longest id we make or accept (PROTOCOL: ids are at most 32 characters).
MAX_ID_CHARS = 32


class IdSource(Protocol):
    """Makes ids that are unique within a server and at most 32 characters long."""

    def new(self, prefix: str) -> str:
        """Return a fresh id that starts with `prefix` and an underscore."""
        ...


class RandomIds:
    """Unguessable ids: 96 random bits, enough that a million sessions never meet."""

    def new(self, prefix: str) -> str:
        """Return `prefix_` and 24 hex digits."""
        return f"{prefix}_{os.urandom(12).hex()}"


class CountingIds:
    """Predictable ids for tests and replays: `item_1`, `resp_2` and so on."""

    def __init__(self) -> None:
        self._next = count(1)

    def new(self, prefix: str) -> str:
        """Return `prefix_` and the next number."""
        return f"{prefix}_{next(self._next)}"
