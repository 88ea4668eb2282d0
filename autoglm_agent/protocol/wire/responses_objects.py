"""Wire form of `/v1/responses` replies: the response, its items, and the events of a stream (OpenAI API reference)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autoglm_agent.protocol.reply import Gate
from autoglm_agent.protocol.wire.base import Maybe, Wire
from autoglm_agent.protocol.wire.responses import FunctionChoice, ReasoningOptions, TextOptions
from autoglm_agent.protocol.wire.session import FunctionTool

ItemStatus = Literal["in_progress", "completed", "incomplete"]
ResponseStatus = Literal["in_progress", "completed", "incomplete", "failed"]


class OutputText(Wire):
    """Text that was answered."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[str] = Field(default_factory=list, max_length=0)
    logprobs: list[str] = Field(default_factory=list, max_length=0)


class ReasoningText(Wire):
    """The trace, as it was thought."""

    type: Literal["reasoning_text"] = "reasoning_text"
    text: str


class SummaryText(Wire):
    """The trace for clients that show summaries: the same words."""

    type: Literal["summary_text"] = "summary_text"
    text: str


class OutputMessage(Wire):
    """The answer."""

    type: Literal["message"] = "message"
    id: str
    role: Literal["assistant"] = "assistant"
    status: ItemStatus
    content: list[OutputText]


class OutputReasoning(Wire):
    """What was thought before it."""

    type: Literal["reasoning"] = "reasoning"
    id: str
    status: ItemStatus
    summary: list[SummaryText]
    content: Maybe[list[ReasoningText]] = None


class OutputFunctionCall(Wire):
    """A call."""

    type: Literal["function_call"] = "function_call"
    id: str
    status: ItemStatus
    call_id: str
    name: str
    arguments: str


OutputItem = OutputMessage | OutputReasoning | OutputFunctionCall


class InputTokensDetails(Wire):
    """Input tokens by kind. Nothing is written to a cache that outlives the request."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


class OutputTokensDetails(Wire):
    """Output tokens by kind."""

    reasoning_tokens: int = 0


class ResponsesUsage(Wire):
    """Token counts."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int


class ResponseFailure(Wire):
    """Why a response failed."""

    code: str
    message: str


class IncompleteDetails(Wire):
    """Why a response ended early."""

    reason: Literal["max_output_tokens"]


class EchoedTool(FunctionTool):
    """A function as it was offered. Arguments fit its schema, whether the client asked for it or not."""

    strict: bool = True


class ResponseObject(Wire):
    """A response, in whatever state. `autoglm_gate` and the stages' latencies are ours, where there are any."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: ResponseStatus
    background: Literal[False] = False
    error: ResponseFailure | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    model: str
    output: list[OutputItem]
    parallel_tool_calls: bool
    previous_response_id: str | None = None
    reasoning: ReasoningOptions
    store: bool
    temperature: float
    text: TextOptions
    tool_choice: FunctionChoice
    tools: list[EchoedTool]
    top_p: float
    truncation: Literal["auto", "disabled"]
    usage: ResponsesUsage | None = None
    autoglm_gate: Maybe[Gate] = None
    autoglm_latency_ms: Maybe[dict[str, float]] = None


class DeletedResponse(Wire):
    """A stored response is forgotten."""

    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


# --- Events ----------------------------------------------------------------------------------------------------------


class ResponsesEvent(Wire):
    """What all events have; they are numbered from 0."""

    type: str
    sequence_number: int


class ResponseStateChanged(ResponsesEvent):
    """The response as it is now."""

    type: Literal[
        "response.created",
        "response.in_progress",
        "response.completed",
        "response.incomplete",
        "response.failed",
    ]
    response: ResponseObject


class OutputItemEvent(ResponsesEvent):
    """An item began or ended."""

    type: Literal["response.output_item.added", "response.output_item.done"]
    output_index: int
    item: OutputItem


class ContentPartEvent(ResponsesEvent):
    """A part of an item began or ended."""

    type: Literal["response.content_part.added", "response.content_part.done"]
    item_id: str
    output_index: int
    content_index: int = 0
    part: OutputText | ReasoningText


class OutputTextDelta(ResponsesEvent):
    """A piece of the answer."""

    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    item_id: str
    output_index: int
    content_index: int = 0
    delta: str
    logprobs: list[str] = Field(default_factory=list, max_length=0)


class OutputTextDone(ResponsesEvent):
    """The whole answer."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    item_id: str
    output_index: int
    content_index: int = 0
    text: str
    logprobs: list[str] = Field(default_factory=list, max_length=0)


class ReasoningTextDelta(ResponsesEvent):
    """A piece of the trace."""

    type: Literal["response.reasoning_text.delta"] = "response.reasoning_text.delta"
    item_id: str
    output_index: int
    content_index: int = 0
    delta: str


class ReasoningTextDone(ResponsesEvent):
    """The whole trace."""

    type: Literal["response.reasoning_text.done"] = "response.reasoning_text.done"
    item_id: str
    output_index: int
    content_index: int = 0
    text: str


class SummaryPartEvent(ResponsesEvent):
    """The summary began or ended."""

    type: Literal["response.reasoning_summary_part.added", "response.reasoning_summary_part.done"]
    item_id: str
    output_index: int
    summary_index: int = 0
    part: SummaryText


class SummaryTextDelta(ResponsesEvent):
    """A piece of the summary."""

    type: Literal["response.reasoning_summary_text.delta"] = "response.reasoning_summary_text.delta"
    item_id: str
    output_index: int
    summary_index: int = 0
    delta: str


class SummaryTextDone(ResponsesEvent):
    """The whole summary."""

    type: Literal["response.reasoning_summary_text.done"] = "response.reasoning_summary_text.done"
    item_id: str
    output_index: int
    summary_index: int = 0
    text: str


class FunctionArgumentsDelta(ResponsesEvent):
    """A piece of a call's arguments; ours come whole."""

    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    item_id: str
    output_index: int
    delta: str


class FunctionArgumentsDone(ResponsesEvent):
    """All of a call's arguments."""

    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    item_id: str
    output_index: int
    name: str
    arguments: str


StreamEvent = (
    ResponseStateChanged
    | OutputItemEvent
    | ContentPartEvent
    | OutputTextDelta
    | OutputTextDone
    | ReasoningTextDelta
    | ReasoningTextDone
    | SummaryPartEvent
    | SummaryTextDelta
    | SummaryTextDone
    | FunctionArgumentsDelta
    | FunctionArgumentsDone
)
