"""Responses that were stored, so that others can go on from them: in memory, bounded, for the key that made them.

Overflow policy: the least recently used goes first, and is then "not stored"; a client that depends on more sends the
conversation whole. Nothing is written to disk, so a restart forgets all.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from autoglm_agent.protocol.chat import ChatMessage
from autoglm_agent.protocol.items import AudioContent, ImageContent, TextContent
from autoglm_agent.protocol.wire.responses_objects import ResponseObject

MAX_STORED = 4096
"""Responses held: some hundred conversations of ten turns."""
MAX_STORED_BYTES = 64 << 20
"""Text, pictures and recordings of all of them; what two share is counted twice."""
OVERHEAD_BYTES = 512
"""Of a message beside its content, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A response and the conversation it ends."""

    response: ResponseObject
    conversation: tuple[ChatMessage, ...]

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return sum(_size(message) for message in self.conversation) + len(self.response.model_dump_json())


class StoredResponses:
    """The responses that are kept."""

    def __init__(self, *, max_bytes: int = MAX_STORED_BYTES) -> None:
        self._max_bytes = max_bytes
        self._stored: OrderedDict[str, tuple[Stored, bytes, int]] = OrderedDict()
        self._lock = Lock()  # large requests are decoded, and look for what they go on from, in worker threads
        self.size_bytes = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._stored)

    def keep(self, stored: Stored, key: str | None) -> None:
        """Keep a response for whoever has `key`. One that is larger than all the room is not kept."""
        size = stored.size_bytes
        if size > self._max_bytes:
            return
        with self._lock:
            self._stored[stored.response.id] = stored, (key or "").encode(), size
            self.size_bytes += size
            while self.size_bytes > self._max_bytes or len(self._stored) > MAX_STORED:
                self._drop(next(iter(self._stored)))

    def find(self, response_id: str, key: str | None) -> Stored | None:
        """A response by its id, for the key that made it."""
        with self._lock:
            stored, owner, _ = self._stored.get(response_id, (None, b"", 0))
            if stored is None or not hmac.compare_digest(owner, (key or "").encode()):
                return None
            self._stored.move_to_end(response_id)
            return stored

    def forget(self, response_id: str) -> None:
        """Let a response go."""
        with self._lock:
            self._drop(response_id)

    def _drop(self, response_id: str) -> None:
        _, _, size = self._stored.pop(response_id)
        self.size_bytes -= size


def _size(message: ChatMessage) -> int:
    size = OVERHEAD_BYTES + 4 * len(message.reasoning)
    size += sum(4 * (len(call.name) + len(call.arguments)) for call in message.tool_calls)
    for content in message.content:
        match content:
            case TextContent():
                size += 4 * len(content.text)
            case AudioContent():
                size += len(content.audio or b"")
            case ImageContent():
                size += len(content.image)
    return size
