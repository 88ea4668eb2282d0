"""A client's socket without a network: it ends in a session of this process, so that both keep virtual time."""

from __future__ import annotations

from collections import deque

from websockets.exceptions import ConnectionClosedOK

from autoglm_agent.runtime.session import Session


class MemorySocket:
    """A `client.resuming.Socket` into a session that runs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._texts = deque[str]()

    async def send(self, message: str, /) -> None:
        """Give the session a frame."""
        await self._session.receive(message)

    async def recv(self) -> str:
        """The session's next event. Raises ConnectionClosed when it has ended."""
        if not self._texts:
            self._texts.extend(await self._session.outbox.take())
        if not self._texts:
            raise ConnectionClosedOK(None, None)
        return self._texts.popleft()

    async def close(self) -> None:
        """End the session."""
        self._session.close()
