"""Messages over a socket, the engine's blocking end: a length, then a pickle. The runtime's end is `runtime.pipe`.

Both ends belong to one program (a socket pair it made itself), which is what makes unpickling safe. Across machines the
same messages travel by whatever serialisation the transport has.
"""

from __future__ import annotations

import pickle
import socket
import struct
from typing import Any

HEADER = struct.Struct("!Q")
"""The length of the pickle that follows, in bytes."""
PIECE_BYTES = 1 << 16
"""What is read at a time: the kernel's buffer for a local socket is not much larger."""


def encode(message: Any) -> bytes:
    """One message, framed."""
    payload = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(payload)) + payload


class Decoder:
    """Cuts a stream of bytes into messages, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """The messages that are whole by now."""
        self._buffer += data
        messages = []
        start = 0
        while len(self._buffer) - start >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer, start)
            begin, end = start + HEADER.size, start + HEADER.size + length
            if end > len(self._buffer):
                break
            messages.append(pickle.loads(self._buffer[begin:end]))
            start = end
        del self._buffer[:start]
        return messages


class SocketChannel:
    """The shape of a connection over a socket: blocking, for the one thread that runs the engine."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._decoder = Decoder()
        self._waiting: list[Any] = []

    def send(self, message: Any, /) -> None:
        """Send one message; blocks until the other side reads."""
        self._socket.sendall(encode(message))

    def recv(self) -> Any:
        """Wait for one message. Raises EOFError when the other side is gone."""
        while not self._waiting:
            self._read()
        return self._waiting.pop(0)

    def poll(self) -> bool:
        """Whether a message is there. Raises EOFError when the other side is gone."""
        while not self._waiting:
            try:
                self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            self._read()
        return True

    def close(self) -> None:
        """Give the channel up; the other side then sees its end."""
        self._socket.close()

    def _read(self) -> None:
        data = self._socket.recv(PIECE_BYTES)
        if not data:
            raise EOFError("the other side is gone")
        self._waiting += self._decoder.feed(data)
