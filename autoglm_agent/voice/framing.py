"""Messages between the synthesis process and its parent: a small JSON header and a body of PCM, each with its length.

The same code at both ends, so neither anyio nor a socket is here.
"""

from __future__ import annotations

import json
import struct
from typing import Any

READY_ID = 0
"""The `id` of the message that says that the process is there; requests count from 1."""
RECEIVE_BYTES = 1 << 16
"""What either end reads at once: a request whole, a second of speech."""
_LENGTHS = struct.Struct("<II")


def encode(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One message."""
    head = json.dumps(header, ensure_ascii=True).encode()
    return _LENGTHS.pack(len(head), len(body)) + head + body


class Decoder:
    """Bytes in, whole messages out. It holds one message at most, since each end sends only when the other waits."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """The messages that are complete by now, in order: header and body."""
        self._data += data
        messages = []
        while len(self._data) >= _LENGTHS.size:
            head, body = _LENGTHS.unpack_from(self._data)
            start, end = _LENGTHS.size + head, _LENGTHS.size + head + body
            if len(self._data) < end:
                break
            messages.append((json.loads(self._data[_LENGTHS.size : start]), bytes(self._data[start:end])))
            del self._data[:end]
        return messages
