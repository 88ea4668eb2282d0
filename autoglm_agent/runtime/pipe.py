"""Messages over a socket, the event loop's end: what `engine.channel` is to the engine. It never blocks the loop."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from typing import Any

import anyio
from anyio.abc import SocketStream

from autoglm_agent.engine.channel import PIECE_BYTES, Decoder, encode


class Pipe:
    """One reader and one writer at a time."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream

    @classmethod
    async def over(cls, end: socket.socket) -> Pipe:
        """Take over the runtime's end of a socket pair."""
        return cls(await SocketStream.from_socket(end))

    async def send(self, message: Any) -> None:
        """Send one message; waits while the other side does not read. Raises EOFError when it is gone."""
        try:
            await self._stream.send(encode(message))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise EOFError("the other side is gone") from error

    async def messages(self) -> AsyncGenerator[Any, None]:
        """Messages until the other side is gone."""
        decoder = Decoder()
        while True:
            try:
                data = await self._stream.receive(PIECE_BYTES)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            for message in decoder.feed(data):
                yield message

    async def aclose(self) -> None:
        """Close our end; the engine then sees the end of the channel."""
        await self._stream.aclose()
