"""An answer to a chat request as it comes, piece by piece: the same values from an engine and from a server's stream.

`ChunkReader` reads the chunks of `/v1/chat/completions`, ours and those of other servers of that shape. Opening the
stream is not its business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autoglm_agent.protocol.chat_reply import ChatUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPiece:
    """A piece of the reasoning trace."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPiece:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPiece:
    """A tool call, the `index`th, or what follows of it: `call_id` and `name` come once, `arguments` may be partial."""

    index: int
    arguments: str
    call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEnded:
    """The end. `gate` has the weights of text, image and speech; None when the model has no gate.

    `latency_ms` has the stages by the names of `autoglm ask --json`, those that took place.
    """

    model: str
    reason: str
    usage: ChatUsage | None = None
    gate: dict[str, float] | None = None
    latency_ms: dict[str, float] = field(default_factory=dict)


ChatDelta = ReasoningPiece | AnswerPiece | CallPiece | AnswerEnded


class ChunkReader:
    """Reads one stream of chat completion chunks. Feed it each decoded chunk, then ask for `end`."""

    def __init__(self) -> None:
        self._model = ""
        self._reason: str | None = None
        self._usage: ChatUsage | None = None
        self._gate: dict[str, float] | None = None
        self._latency_ms: dict[str, float] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the stream said why it ended; one that did not was cut off."""
        return self._reason is not None

    def feed(self, chunk: Mapping[str, Any]) -> Iterator[ChatDelta]:
        """The pieces of one chunk."""
        self._model = chunk.get("model") or self._model
        if chunk.get("usage"):
            self._usage = _usage(chunk["usage"])
        self._gate = chunk.get("autoglm_gate") or self._gate
        self._latency_ms |= chunk.get("autoglm_latency_ms") or {}
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            reasoning = delta.get("reasoning_content") or delta.get("reasoning")
            if reasoning:
                yield ReasoningPiece(text=reasoning)
            if delta.get("content"):
                yield AnswerPiece(text=delta["content"])
            for call in delta.get("tool_calls") or ():
                yield _call(call)
            self._reason = choice.get("finish_reason") or self._reason

    def end(self) -> AnswerEnded:
        """The last piece, once the stream is over."""
        return AnswerEnded(
            model=self._model,
            reason=self._reason or "stop",
            usage=self._usage,
            gate=self._gate,
            latency_ms=self._latency_ms,
        )


def _call(call: Mapping[str, Any]) -> CallPiece:
    function = call.get("function") or {}
    return CallPiece(
        index=call.get("index") or 0,
        arguments=function.get("arguments") or "",
        call_id=call.get("id"),
        name=function.get("name"),
    )


def _usage(usage: Mapping[str, Any]) -> ChatUsage:
    before, after = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return ChatUsage(
        input_tokens=usage.get("prompt_tokens") or 0,
        cached_tokens=before.get("cached_tokens") or 0,
        audio_tokens=before.get("audio_tokens") or 0,
        output_tokens=usage.get("completion_tokens") or 0,
        reasoning_tokens=after.get("reasoning_tokens") or 0,
    )
