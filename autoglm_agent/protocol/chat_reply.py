"""`/v1/chat/completions`, the reply: whole, or as server-sent events. Reasoning stands beside content, never in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from autoglm_agent.protocol.wire.base import Maybe, Wire

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]

#: The end of a stream (OpenAI API reference, chat streaming).
DONE = "data: [DONE]\n\n"


class PromptTokensDetails(Wire):
    """Input tokens by kind."""

    cached_tokens: int = 0
    audio_tokens: int = 0


class CompletionTokensDetails(Wire):
    """Output tokens by kind."""

    reasoning_tokens: int = 0


class Usage(Wire):
    """Token counts."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails = PromptTokensDetails()
    completion_tokens_details: CompletionTokensDetails = CompletionTokensDetails()


class Function(Wire):
    """Name and arguments of a call."""

    name: Maybe[str] = None
    arguments: str


class ToolCall(Wire):
    """A call, whole."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class ToolCallDelta(Wire):
    """A call in a stream; ours come whole, in one delta."""

    index: int
    id: Maybe[str] = None
    type: Literal["function"] = "function"
    function: Function


class Message(Wire):
    """The answer. `content` is null when there are only calls."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    reasoning_content: Maybe[str] = None
    tool_calls: Maybe[list[ToolCall]] = None
    refusal: None = None


class Choice(Wire):
    """The one choice."""

    index: int = 0
    message: Message
    logprobs: None = None
    finish_reason: FinishReason


class Gate(Wire):
    """The fusion gate's weights over the question."""

    text: float
    image: float
    speech: float


class ChatCompletion(Wire):
    """A whole reply. `autoglm_gate` is ours: there only when the model has a gate. So are the stages' latencies."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    autoglm_gate: Maybe[Gate] = None
    autoglm_latency_ms: Maybe[dict[str, float]] = None


class Delta(Wire):
    """What one chunk adds."""

    role: Maybe[Literal["assistant"]] = None
    content: Maybe[str] = None
    reasoning_content: Maybe[str] = None
    tool_calls: Maybe[list[ToolCallDelta]] = None


class ChunkChoice(Wire):
    """The one choice, growing."""

    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: FinishReason | None = None


class ChatCompletionChunk(Wire):
    """One chunk. `usage` is in the last one only, whose `choices` are empty; gate and latencies beside the reason."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice] = Field(default_factory=list)
    usage: Maybe[Usage] = None
    autoglm_gate: Maybe[Gate] = None
    autoglm_latency_ms: Maybe[dict[str, float]] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatUsage:
    """Token counts of a generation; `cached`, `audio` are among the input, `reasoning` among the output."""

    input_tokens: int = 0
    cached_tokens: int = 0
    audio_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


class ChatReply:
    """Encodes one answer.

    Streaming: send `start()`, then what `reasoning`, `content` and `tool_call` return, then `finish(…)`.
    Whole: call the same methods, ignore what they return, and take `completion(…)`.
    With `return_reasoning` False the reasoning is dropped here.
    """

    def __init__(
        self,
        *,
        completion_id: str,
        model: str,
        created: int,
        include_usage: bool = False,
        return_reasoning: bool = True,
    ) -> None:
        self._id = completion_id
        self._model = model
        self._created = created
        self._include_usage = include_usage
        self._return_reasoning = return_reasoning
        self._reasoning: list[str] = []
        self._content: list[str] = []
        self._calls: list[ToolCall] = []

    def start(self) -> str:
        """Return the first chunk: the role."""
        return self._chunk(Delta(role="assistant", content=""))

    def reasoning(self, text: str) -> str:
        """Add reasoning; return its chunk, empty when reasoning is not told."""
        if not self._return_reasoning:
            return ""
        self._reasoning.append(text)
        return self._chunk(Delta(reasoning_content=text))

    def content(self, text: str) -> str:
        """Add text; return its chunk."""
        self._content.append(text)
        return self._chunk(Delta(content=text))

    def tool_call(self, call_id: str, name: str, arguments: str) -> str:
        """Add a call; return its chunk."""
        function = Function(name=name, arguments=arguments)
        delta = ToolCallDelta(index=len(self._calls), id=call_id, function=function)
        self._calls.append(ToolCall(id=call_id, function=function))
        return self._chunk(Delta(tool_calls=[delta]))

    def finish(
        self,
        reason: FinishReason,
        usage: ChatUsage,
        gate: Gate | None = None,
        latency_ms: dict[str, float] | None = None,
    ) -> str:
        """Return the end of the stream: the reason, the counts when they were asked for, and `[DONE]`."""
        choice = ChunkChoice(delta=Delta(), finish_reason=reason)
        text = self._send([choice], autoglm_gate=gate, autoglm_latency_ms=latency_ms)
        if self._include_usage:
            text += self._send([], usage=encode_usage(usage))
        return text + DONE

    def completion(
        self,
        reason: FinishReason,
        usage: ChatUsage,
        gate: Gate | None = None,
        latency_ms: dict[str, float] | None = None,
    ) -> ChatCompletion:
        """Return the whole reply."""
        message = Message(
            content="".join(self._content) if self._content or not self._calls else None,
            reasoning_content="".join(self._reasoning) or None,
            tool_calls=self._calls or None,
        )
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[Choice(message=message, finish_reason=reason)],
            usage=encode_usage(usage),
            autoglm_gate=gate,
            autoglm_latency_ms=latency_ms,
        )

    def _chunk(self, delta: Delta) -> str:
        return self._send([ChunkChoice(delta=delta)])

    def _send(self, choices: list[ChunkChoice], **more: Any) -> str:
        chunk = ChatCompletionChunk(id=self._id, created=self._created, model=self._model, choices=choices, **more)
        return server_sent(chunk)


def server_sent(value: Wire) -> str:
    """Write one server-sent event."""
    return f"data: {value.model_dump_json()}\n\n"


def encode_usage(usage: ChatUsage) -> Usage:
    """Count as OpenAI does."""
    return Usage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=usage.cached_tokens, audio_tokens=usage.audio_tokens),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=usage.reasoning_tokens),
    )
