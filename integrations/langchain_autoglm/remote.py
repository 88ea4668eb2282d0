"""A model behind `/v1/chat/completions`, over one pool of connections for the whole process.

Always streamed, also when the caller wants the answer whole: so a caller that leaves closes the connection, and the
server stops computing.
"""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import anyio
import httpx

from autoglm_agent.protocol.chat_deltas import ChunkReader
from langchain_autoglm.errors import AutoGLMConnectionError, from_status, no_such_path
from langchain_autoglm.transports import Put, Request

PATH = "/v1/chat/completions"
CONNECT_TIMEOUT_S = 10.0
"""To reach a host; how long an answer may take is the caller's `timeout`."""
END_OF_BODY_S = 1.0
"""After the last event the body ends at once; a server that lets us wait loses the connection, not the answer."""
MAX_CONNECTIONS = 1000
"""More than a batch ever asks at once: what exceeds it waits for a place."""
MAX_IDLE_CONNECTIONS = 50
NO_SUCH_PATH = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED)
"""Of a path that is not there; whoever says more than the status does means something else."""


class RemoteTransport:
    """The way to a server. `base_url` may end in `/v1` or not."""

    def __init__(self, base_url: str, api_key: str | None, headers: dict[str, str] | None = None) -> None:
        self._url = base_url.rstrip("/").removesuffix("/v1") + PATH
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._headers |= headers or {}

    async def ready(self) -> None:
        """Nothing takes its time but the request."""

    async def answer(self, request: Request, put: Put) -> None:
        """Answer a request."""
        body = {**request, "stream": True, "stream_options": {"include_usage": True}}
        reader = ChunkReader()
        async with pool().stream("POST", self._url, json=body, headers=self._headers) as response:
            if response.status_code != httpx.codes.OK:
                raise await _error(response)
            await _read(response, reader, put)
        if not reader.is_complete:
            raise AutoGLMConnectionError("the server ended the stream in the middle of the answer.")
        put(reader.end())


def pool() -> httpx.AsyncClient:
    """The connections of the side loop, which all requests share."""
    return _pool(asyncio.get_running_loop())


@cache  # a process has one side loop; a new one, after a fork, has its own connections
def _pool(loop: asyncio.AbstractEventLoop) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_IDLE_CONNECTIONS)
    return httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S), limits=limits)


async def _read(response: httpx.Response, reader: ChunkReader, put: Put) -> None:
    """Hand out the deltas of a stream of server-sent events, to its end: so the connection can be used again."""
    with anyio.CancelScope() as scope:
        async for line in response.aiter_lines():
            data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
            if data == "[DONE]":
                scope.deadline = anyio.current_time() + END_OF_BODY_S
            elif data:
                event = json.loads(data)
                if "error" in event:
                    raise from_status(500, *_told(event))
                for delta in reader.feed(event):
                    put(delta)


async def _error(response: httpx.Response) -> Exception:
    """What a reply that is no stream tells."""
    text = (await response.aread()).decode(errors="replace")
    try:
        message, code = _told(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code = "", None
    if response.status_code in NO_SUCH_PATH and code is None and message in ("", response.reason_phrase):
        return no_such_path(response.status_code, str(response.url))
    message = message or text[:500] or response.reason_phrase
    retry_after = response.headers.get("retry-after", "")
    seconds = float(retry_after) if retry_after.replace(".", "", 1).isdigit() else None
    return from_status(response.status_code, f"{message} (HTTP {response.status_code})", code, seconds)


def _told(body: dict[str, Any]) -> tuple[str, str | None]:
    error = body["error"]
    return (error, None) if isinstance(error, str) else (str(error.get("message")), error.get("code"))
