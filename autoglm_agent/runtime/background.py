"""Tasks that accompany a block of code: started inside it, cancelled when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def background_tasks() -> AsyncIterator[TaskGroup]:
    """A task group that ends with its body and lets the body's own exception out bare.

    A plain task group wraps it in an exception group, which no caller expects who only asked a question. What a task
    raises does come as a group: then something beside the body broke.
    """
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
