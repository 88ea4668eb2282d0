"""The lobby: how many sessions there may be, and the task group they live in, one error boundary around each.

A session belongs to the lobby and not to its socket, so that it can outlive a lost one.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio.abc import TaskGroup, TaskStatus

from autoglm_agent.errors import OverloadedError
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.session import Session

logger = logging.getLogger(__name__)

CLOSE_INTERNAL_ERROR = 1011


RETRY_AFTER_S = 5.0
"""About a turn of a conversation: places become free when people hang up, not within milliseconds."""


class Places:
    """A fixed number of places; who finds none is told at once, not kept waiting."""

    def __init__(self, limit: int, *, name: str) -> None:
        self.limit = limit
        self._name = name
        self.taken = 0
        self.turned_away = 0

    @property
    def is_full(self) -> bool:
        """Whether the next one would be turned away."""
        return self.taken >= self.limit

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place, before anything is promised to the client. Raises OverloadedError when all are taken."""
        if self.is_full:
            self.turned_away += 1
            raise OverloadedError(
                f"all {self.limit} {self._name} are taken; try again later", retry_after_s=RETRY_AFTER_S
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Lobby:
    """Runs sessions, each behind its own error boundary."""

    def __init__(self, tasks: TaskGroup, *, max_sessions: int) -> None:
        self._tasks = tasks
        self.places = Places(max_sessions, name="sessions")

    async def start(self, session: Session, on_end: Callable[[], None] = lambda: None) -> None:
        """Run a session beside the others and return when it is open. `on_end` is called when it has ended."""
        await self._tasks.start(self._guard, session, on_end)

    async def _guard(self, session: Session, on_end: Callable[[], None], *, task_status: TaskStatus[None]) -> None:
        try:
            await session.run(task_status=task_status)
        except Exception:  # the boundary between sessions: one that breaks ends alone
            logger.exception("session %s broke", session.connection.session_id)
            session.close(CLOSE_INTERNAL_ERROR)
        finally:
            on_end()


@asynccontextmanager
async def open_lobby(*, max_sessions: int) -> AsyncIterator[Lobby]:
    """A lobby for as long as the server runs; leaving it ends every session."""
    async with background_tasks() as tasks:
        yield Lobby(tasks, max_sessions=max_sessions)
