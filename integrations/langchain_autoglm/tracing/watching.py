"""What both kinds of handlers share: the state machine, and an eye on tasks that are cancelled.

When the task of an `ainvoke` is cancelled, LangChain (core 1.7) tells handlers nothing and awaits nothing of theirs. So
the task itself is watched, and the reasoning that was under way is ended in a task of its own, the only one of the
house without a group: there is no caller left who could own it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self

from langchain_autoglm.tracing.machine import ReasoningMachine

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

logger = logging.getLogger(__name__)


class Watching:
    """Holds the machine; `watch` a run from its first token on, `unwatch` it when LangChain says that it is over."""

    custom_events: bool = False
    """Whether steps are sent as custom events, too (`astream_events`, LangGraph's `stream_mode="custom"`)."""

    _machine: ReasoningMachine
    _watched: dict[UUID, tuple[asyncio.Task[Any], Callable[[asyncio.Task[Any]], None]]]
    _closing: set[asyncio.Task[None]]

    def __new__(cls, *_: object, **__: object) -> Self:
        """Set up here, so that a subclass need not call our constructor."""
        handler = super().__new__(cls)
        handler._machine = ReasoningMachine()
        handler._watched = {}
        handler._closing = set()
        return handler

    async def _give_up(self, run_id: UUID, error: BaseException) -> None:
        """End a run that nobody will say anything of any more."""
        raise NotImplementedError

    def _watch(self, run_id: UUID) -> None:
        """Notice when the task that now makes tokens for `run_id` is cancelled."""
        if run_id not in self._machine or run_id in self._watched:
            return
        try:
            task = asyncio.current_task()
        except RuntimeError:  # a plain thread: what stops it raises where LangChain sees it
            return
        if task is None:
            return

        def done(task: asyncio.Task[Any]) -> None:
            if self._watched.pop(run_id, None) and task.cancelled():
                closing = task.get_loop().create_task(self._close(run_id))
                self._closing.add(closing)  # a loop holds its tasks weakly
                closing.add_done_callback(self._closing.discard)

        self._watched[run_id] = (task, done)
        task.add_done_callback(done)

    def _unwatch(self, run_id: UUID) -> None:
        if watched := self._watched.pop(run_id, None):
            task, done = watched
            task.remove_done_callback(done)

    async def _close(self, run_id: UUID) -> None:
        if run_id not in self._machine:  # LangChain did say that it is over
            return
        try:
            await self._give_up(run_id, asyncio.CancelledError())
        except Exception as error:  # as LangChain treats handlers
            logger.warning("Error in %s of a cancelled call: %r", type(self).__name__, error)
