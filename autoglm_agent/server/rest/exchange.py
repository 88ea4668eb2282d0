"""One request whose answer takes a while, in a place of its own.

The place is taken before the body is read, so what waits in memory is bounded. Meanwhile the client is watched: one
that hangs up cancels what the engine does for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from autoglm_agent.errors import AutoGLMError
from autoglm_agent.protocol.rest_errors import ErrorDetail, describe
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.server.rest.errors import error_response
from autoglm_agent.server.service import Service

EVENT_STREAM = "text/event-stream; charset=utf-8"


class EventStream:
    """Server-sent events to one client; the status line goes out with the first."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def write(self, events: str) -> None:
        """Send some events; waits while the client reads too slowly."""
        if not events:
            return
        if not self.has_begun:
            self.has_begun = True
            # The last one keeps nginx from collecting events before it passes them on.
            headers = {"content-type": EVENT_STREAM, "cache-control": "no-cache", "x-accel-buffering": "no"}
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            await self._send({"type": "http.response.start", "status": 200, "headers": raw})
        await self._send({"type": "http.response.body", "body": events.encode(), "more_body": True})

    async def end(self) -> None:
        """Nothing more comes."""
        await self._send({"type": "http.response.body", "body": b""})


class Exchange(Response, ABC):
    """A response that reads its request when its turn has come. Doors say how to read and how to answer."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.service = service

    @abstractmethod
    async def read(self, request: Request) -> None:
        """Read and check the request. Raises AutoGLMError or HTTPException."""

    @abstractmethod
    async def answer(self, stream: EventStream) -> Response | None:
        """Answer: a response, or None when the answer went into `stream`. Raises AutoGLMError."""

    def fail(self, error: ErrorDetail) -> str:
        """The events that end a stream which breaks."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be the ASGI application of this one request."""
        stream = EventStream(send)
        async with background_tasks() as tasks:
            try:
                with self.service.chats.take():
                    await self.read(Request(scope, receive))
                    tasks.start_soon(_watch, receive, tasks.cancel_scope)
                    response = await self.answer(stream)
                await (response(scope, receive, send) if response is not None else stream.end())
            except ClientDisconnect:
                return
            except (AutoGLMError, HTTPException) as error:
                if stream.has_begun:
                    await stream.write(self.fail(describe(error)[1].error))
                    await stream.end()
                else:
                    await error_response(error)(scope, receive, send)


async def _watch(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
