"""A socket that outlives its connection: reconnects with backoff, has the session resumed, and repeats what was lost.

The server counts the frames it has received, so each of ours arrives once; it repeats the events after the last one we
have seen, so each of those is received once too. `server/realtime` says what is on the wire. Bound: `KEPT_CHARS` of the
newest frames are kept; who has more of them under way when the connection breaks has lost the session. While the
connection is away `send` waits, so a recording loses nothing and a microphone is held up.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
import websockets
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from autoglm_agent.errors import SessionLostError

KEPT_CHARS = 4 << 20
"""A minute of audio at 24 kHz: the 40 s that a dead connection may go unnoticed, and some pictures."""
FIRST_DELAY_S = 0.1
"""The first attempt is made at once; this much later the second: most losses are a change of network."""
LONGEST_DELAY_S = 2.0
"""Delays double up to this, within the server's grace of about half a minute."""
LOST_CODES = (1012, 1013)
"""A server that restarts or cannot keep up may have us back; every other close frame is meant."""


class Socket(Protocol):
    """What a client needs of a WebSocket."""

    async def send(self, message: str, /) -> None:
        """Send a text frame."""

    async def recv(self) -> str | bytes:
        """Receive a frame."""

    async def close(self) -> None:
        """Say goodbye."""


Open = Callable[[dict[str, str]], Awaitable[websockets.ClientConnection]]
"""Connects, with these parameters added to the address. Raises what `websockets.connect` raises."""


class _Sent:
    """The newest frames sent, numbered from 1 as the server counts them."""

    def __init__(self) -> None:
        self._frames: deque[str] = deque()
        self._chars = 0
        self.last = 0

    def add(self, text: str) -> None:
        self._frames.append(text)
        self._chars += len(text)
        self.last += 1
        while self._chars > KEPT_CHARS and len(self._frames) > 1:
            self._chars -= len(self._frames.popleft())

    def frame(self, number: int) -> str:
        index = number - 1 - (self.last - len(self._frames))
        if index < 0:
            raise SessionLostError("the connection was lost with more under way than is kept; begin a new session")
        return self._frames[index]


class ResumingSocket:
    """Sends and receives like a socket, over as many connections as it takes. One task receives, any may send."""

    def __init__(self, socket: websockets.ClientConnection, reopen: Open) -> None:
        """Take over a fresh connection of which nothing was received yet."""
        self._socket = socket
        self._reopen = reopen
        self._gone: websockets.ClientConnection | None = None
        self._failure: Exception | None = None
        self._sent = _Sent()
        self._sending, self._returning = anyio.Lock(), anyio.Lock()
        self._welcome: str | None = None
        self._last_event: str | None = None
        self._token: str | None = None
        self._grace_s = 0.0

    async def send(self, message: str, /) -> None:
        """Send one frame, in order. Raises as `recv`."""
        async with self._sending:
            self._sent.add(message)
            socket = self._socket
            try:
                await socket.send(message)
            except ConnectionClosed as closed:
                await self._come_back(socket, closed)

    async def recv(self) -> str | bytes:
        """Receive one event, those of the return (`session.resumed`, `session.resync_required`) among them.

        Raises:
            ConnectionClosed: the server has closed the session.
            SessionLostError: the connection was lost and the session could not be taken up again.
        """
        while True:
            if self._welcome is not None:
                text, self._welcome = self._welcome, None
                return self._seen(text)
            socket = self._socket
            try:
                text = str(await socket.recv())
            except ConnectionClosed as closed:
                await self._come_back(socket, closed)
                continue
            if socket is not self._gone:  # else a sender saw it break: this event is repeated
                return self._seen(text)

    async def close(self) -> None:
        """Say goodbye: the session ends."""
        await self._socket.close()

    def _seen(self, text: str) -> str:
        event = json.loads(text)
        self._last_event = event.get("event_id", self._last_event)
        offer = ((event.get("session") or {}).get("autoglm") or {}).get("resume")
        if offer:
            self._token, self._grace_s = offer["token"], float(offer["grace_seconds"])
        return text

    # --- Coming back -------------------------------------------------------------------------------------------------

    async def _come_back(self, socket: websockets.ClientConnection, closed: ConnectionClosed) -> None:
        """Replace `socket`, which has closed, unless that was meant or somebody has done it already."""
        async with self._returning:
            if self._socket is not socket:
                return
            self._gone = socket
            if self._failure is None and closed.rcvd is not None and closed.rcvd.code not in LOST_CODES:
                self._failure = closed
            if self._failure is not None:
                raise self._failure
            try:
                self._socket = await self._returned()
            except SessionLostError as error:
                self._failure = error
                raise

    async def _returned(self) -> websockets.ClientConnection:
        """Try until the grace is over."""
        if self._token is None:
            raise SessionLostError("the connection was lost, and the server does not resume sessions")
        delay_s, problem = FIRST_DELAY_S, "no answer"
        with anyio.move_on_after(self._grace_s):
            while True:
                try:
                    return await self._attempt(self._token)
                except InvalidStatus as refusal:
                    status = refusal.response.status_code
                    if status < 500:
                        raise SessionLostError(
                            f"the connection was lost, and the server does not resume the session (HTTP {status})"
                        ) from refusal
                    problem = f"HTTP {status}"
                except (OSError, InvalidHandshake, ConnectionClosed) as error:
                    problem = str(error) or type(error).__name__
                await anyio.sleep(delay_s * random.uniform(0.5, 1.0))  # so that not all clients come at once
                delay_s = min(2 * delay_s, LONGEST_DELAY_S)
        raise SessionLostError(
            f"the connection was lost and not restored within {self._grace_s:.0f} s ({problem}); begin a new session"
        )

    async def _attempt(self, token: str) -> websockets.ClientConnection:
        """One new connection on which everything lost has been sent again."""
        seen = {"last_event": self._last_event} if self._last_event else {}
        socket = await self._reopen({"resume": token, **seen})
        try:
            welcome = str(await socket.recv())
            number = int(json.loads(welcome)["received_events"])
            while number < self._sent.last:  # a sender may add to them meanwhile
                number += 1
                await socket.send(self._sent.frame(number))
        except BaseException:
            socket.transport.abort()  # no goodbye: that would end the session
            raise
        self._welcome = welcome
        return socket
