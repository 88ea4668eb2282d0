"""What the replies of chat completions and of responses share: one interface, so that one server shell sends both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from autoglm_agent.protocol.rest_errors import ErrorDetail
from autoglm_agent.protocol.wire.base import Wire

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatUsage:
    """Token counts of a generation; `cached`, `audio` are among the input, `reasoning` among the output."""

    input_tokens: int = 0
    cached_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


class Gate(Wire):
    """The fusion gate's weights over the question."""

    text: float
    image: float
    speech: float


class Reply(Protocol):
    """Encodes one answer.

    Streaming: send `start()`, then what `reasoning`, `content` and `tool_call` return, then `finish(…)` or `fail(…)`.
    Whole: call the same methods, ignore what they return, and take `whole(…)`.
    """

    def start(self) -> str:
        """Return the first events."""
        ...

    def reasoning(self, text: str) -> str:
        """Add reasoning; return its events, empty when reasoning is not told."""
        ...

    def content(self, text: str) -> str:
        """Add text; return its events."""
        ...

    def tool_call(self, call_id: str, name: str, arguments: str) -> str:
        """Add a whole call; return its events."""
        ...

    def finish(
        self,
        reason: FinishReason,
        usage: ChatUsage,
        gate: Gate | None = None,
        latency_ms: dict[str, float] | None = None,
    ) -> str:
        """Return the last events."""
        ...

    def fail(self, error: ErrorDetail) -> str:
        """Return the last events of a stream that breaks."""
        ...

    def whole(
        self,
        reason: FinishReason,
        usage: ChatUsage,
        gate: Gate | None = None,
        latency_ms: dict[str, float] | None = None,
    ) -> Wire:
        """Return the whole reply."""
        ...


def server_sent(value: Wire, *, event: str | None = None) -> str:
    """Write one server-sent event."""
    head = f"event: {event}\n" if event is not None else ""
    return f"{head}data: {value.model_dump_json()}\n\n"
