"""The lobby: how many sessions there may be, and the task group they live in, one error boundary around each.

A session belongs to the lobby and not to its socket, so that it can outlive a lost one.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup, TaskStatus

from autoglm_agent.errors import OverloadedError
from autoglm_agent.runtime.session import Session

logger = logging.getLogger(__name__)

CLOSE_INTERNAL_ERROR = 1011


class Lobby:
    """Admits at most `max_sessions` sessions and runs them."""

    def __init__(self, tasks: TaskGroup, *, max_sessions: int) -> None:
        self._tasks = tasks
        self._max_sessions = max_sessions
        self._admitted = 0

    @property
    def sessions(self) -> int:
        """Sessions admitted at this moment."""
        return self._admitted

    def admit(self) -> Admission:
        """Reserve a place, before anything is promised to the client. Raises OverloadedError at the cap."""
        if self._admitted >= self._max_sessions:
            raise OverloadedError(f"all {self._max_sessions} sessions are taken; try again later", retry_after_s=5.0)
        self._admitted += 1
        return Admission(self)

    def _leave(self) -> None:
        self._admitted -= 1

    async def start(self, session: Session) -> None:
        """Run a session beside the others and return when it is open."""
        await self._tasks.start(self._guard, session)

    async def _guard(self, session: Session, *, task_status: TaskStatus[None]) -> None:
        try:
            await session.run(task_status=task_status)
        except Exception:  # the boundary between sessions: one that breaks ends alone
            logger.exception("session %s broke", session.connection.session_id)
            session.close(CLOSE_INTERNAL_ERROR)


class Admission:
    """A reserved place; a context manager that gives it back."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._held = True

    def release(self) -> None:
        """Give the place back; a second time does nothing."""
        if self._held:
            self._held = False
            self._lobby._leave()

    def __enter__(self) -> Admission:
        """Hold the place."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Give it back."""
        self.release()


@asynccontextmanager
async def open_lobby(*, max_sessions: int) -> AsyncIterator[Lobby]:
    """A lobby for as long as the server runs; leaving it ends every session."""
    async with anyio.create_task_group() as tasks:
        yield Lobby(tasks, max_sessions=max_sessions)
        tasks.cancel_scope.cancel()
