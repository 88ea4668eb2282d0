"""From the deltas of an answer to LangChain's stream events, version 3, as the answer comes.

Why not leave it to LangChain's bridge: that closes every block at the end of the message. Here the reasoning is closed
when the answer begins, so that whoever speaks or shows the answer need not wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from autoglm_agent.protocol.chat_deltas import AnswerEnded, AnswerPiece, CallPiece, ChatDelta, ReasoningPiece
from langchain_autoglm.chunks import PROVIDER, BlockIndices, parse_calls, response_metadata, usage_metadata

Event = dict[str, Any]
"""A `MessagesData` of `langchain_protocol`."""


class EventMaker:
    """Makes the events of one answer."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._indices = BlockIndices()
        self._open: dict[str, Any] | None = None
        self._started = False

    def events(self, delta: ChatDelta) -> Iterator[Event]:
        """The events for a delta."""
        if not self._started:
            self._started = True
            metadata = {"provider": PROVIDER, "model": self._model}
            yield {"event": "message-start", "role": "ai", "id": "", "metadata": metadata}
        match delta:
            case ReasoningPiece(text=text):
                yield from self._begin("reasoning", {"type": "reasoning", "reasoning": ""})
                yield from self._add("reasoning", text, {"type": "reasoning-delta", "reasoning": text})
            case AnswerPiece(text=text):
                yield from self._begin("text", {"type": "text", "text": ""})
                yield from self._add("text", text, {"type": "text-delta", "text": text})
            case CallPiece(arguments=text):
                block = {"type": "tool_call_chunk", "id": delta.call_id, "name": delta.name, "args": ""}
                yield from self._begin("call", block, delta.index)
                if text:
                    yield from self._add("args", text, {"type": "tool-call-delta", "args": text})
            case AnswerEnded():
                yield from self._finish_block()
                finish: Event = {"event": "message-finish", "metadata": response_metadata(delta)}
                usage = usage_metadata(delta)
                yield finish if usage is None else {**finish, "usage": usage}
            case _:
                assert_never(delta)

    def _begin(self, kind: str, block: dict[str, Any], call: int = 0) -> Iterator[Event]:
        if not self._indices.begin(kind, call):
            return
        yield from self._finish_block(upto=self._indices.current - 1)
        if kind == "call":
            block["index"] = self._indices.current
        self._open = block
        yield {"event": "content-block-start", "index": self._indices.current, "content": dict(block)}

    def _add(self, field: str, text: str, delta: dict[str, Any]) -> Iterator[Event]:
        assert self._open is not None  # `_begin` came before
        self._open[field] += text
        yield {"event": "content-block-delta", "index": self._indices.current, "delta": delta}

    def _finish_block(self, upto: int | None = None) -> Iterator[Event]:
        if self._open is None:
            return
        index = self._indices.current if upto is None else upto
        block, self._open = self._open, None
        yield {"event": "content-block-finish", "index": index, "content": _finished(block)}


def _finished(block: dict[str, Any]) -> dict[str, Any]:
    """A block as it stays: the arguments of a call are read."""
    if block["type"] != "tool_call_chunk":
        return block
    call = CallPiece(index=0, arguments=block["args"], call_id=block["id"], name=block["name"])
    valid, invalid = parse_calls([call])
    return dict(valid[0]) if valid else dict(invalid[0])
