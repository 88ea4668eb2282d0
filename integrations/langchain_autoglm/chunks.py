"""From the deltas of an answer to LangChain's chunks and messages.

An answer with a trace has indexed blocks, reasoning and text; one without has plain text. Blocks and tool calls share
one space of indices, as merging wants it. What must not be merged (names, reasons, times) is in the last chunk alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.output_parsers.openai_tools import make_invalid_tool_call, parse_tool_call
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from autoglm_agent.protocol.chat_deltas import AnswerEnded, AnswerPiece, CallPiece, ChatDelta, ReasoningPiece

PROVIDER = "autoglm"


class BlockIndices:
    """Numbers the blocks of one answer: a new number whenever another kind, or another call, begins."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None
        self._next = 0
        self.current = 0

    def begin(self, kind: str, call: int = 0) -> bool:
        """Be in a block of this kind; say whether it is a new one, whose number then is `current`."""
        if self._last == (kind, call):
            return False
        self._last = kind, call
        self.current, self._next = self._next, self._next + 1
        return True


class ChunkMaker:
    """Makes the chunks of one answer."""

    def __init__(self) -> None:
        self._indices = BlockIndices()
        self._has_reasoned = False

    def chunk(self, delta: ChatDelta) -> ChatGenerationChunk:
        """The chunk for a delta."""
        match delta:
            case ReasoningPiece(text=text):
                self._has_reasoned = True
                self._indices.begin("reasoning")
                block = {"type": "reasoning", "reasoning": text, "index": self._indices.current}
                return ChatGenerationChunk(message=AIMessageChunk(content=[block]))
            case AnswerPiece(text=text):
                self._indices.begin("text")
                if not self._has_reasoned:
                    return ChatGenerationChunk(message=AIMessageChunk(content=text))
                block = {"type": "text", "text": text, "index": self._indices.current}
                return ChatGenerationChunk(message=AIMessageChunk(content=[block]))
            case CallPiece():
                self._indices.begin("call", delta.index)
                call = tool_call_chunk(
                    name=delta.name, args=delta.arguments, id=delta.call_id, index=self._indices.current
                )
                return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
            case AnswerEnded():
                return ChatGenerationChunk(
                    message=AIMessageChunk(
                        content="",
                        response_metadata=response_metadata(delta),
                        usage_metadata=usage_metadata(delta),
                        chunk_position="last",
                    )
                )
            case _:
                assert_never(delta)


def to_result(deltas: Iterable[ChatDelta]) -> ChatResult:
    """The whole answer, as the merged chunks would give it."""
    reasoning, text = "", ""
    calls: dict[int, CallPiece] = {}
    ended = AnswerEnded(model="", reason="stop")
    for delta in deltas:
        match delta:
            case ReasoningPiece():
                reasoning += delta.text
            case AnswerPiece():
                text += delta.text
            case CallPiece():
                calls[delta.index] = _joined(calls.get(delta.index), delta)
            case AnswerEnded():
                ended = delta
            case _:
                assert_never(delta)
    blocks: list[str | dict[str, Any]] = [{"type": "reasoning", "reasoning": reasoning}]
    blocks += [{"type": "text", "text": text}] if text else []
    valid, invalid = parse_calls(calls.values())
    message = AIMessage(
        content=blocks if reasoning else text,
        tool_calls=valid,
        invalid_tool_calls=invalid,
        response_metadata=response_metadata(ended),
        usage_metadata=usage_metadata(ended),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def parse_calls(calls: Iterable[CallPiece]) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Whole calls with their arguments read; those whose arguments are no JSON object apart."""
    valid: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for call in calls:
        raw = {"id": call.call_id, "function": {"name": call.name, "arguments": call.arguments or "{}"}}
        try:
            valid.append(ToolCall(**parse_tool_call(raw, return_id=True)))  # type: ignore[typeddict-item]
        except Exception as error:
            invalid.append(make_invalid_tool_call(raw, str(error)))
    return valid, invalid


def response_metadata(ended: AnswerEnded) -> dict[str, Any]:
    """What is told of an answer besides its content. `gate` is there when the model has one."""
    told: dict[str, Any] = {
        "model_provider": PROVIDER,
        "model_name": ended.model,
        "finish_reason": ended.reason,
        "latency_ms": ended.latency_ms,
    }
    if ended.gate is not None:
        told["gate"] = ended.gate
    return told


def usage_metadata(ended: AnswerEnded) -> UsageMetadata | None:
    """Token counts; None when the server did not count."""
    usage = ended.usage
    if usage is None:
        return None
    return UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        input_token_details=InputTokenDetails(audio=usage.audio_tokens, cache_read=usage.cached_tokens),
        output_token_details=OutputTokenDetails(reasoning=usage.reasoning_tokens),
    )


def _joined(before: CallPiece | None, piece: CallPiece) -> CallPiece:
    if before is None:
        return piece
    return CallPiece(
        index=piece.index,
        arguments=before.arguments + piece.arguments,
        call_id=before.call_id or piece.call_id,
        name=before.name or piece.name,
    )
