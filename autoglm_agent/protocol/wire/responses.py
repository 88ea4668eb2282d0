"""Wire form of `/v1/responses` requests. Decoding is in `protocol.responses_request`, replies in `responses_objects`.

Tolerant where nothing is lost: an item without a type is a message, and chat completions' names of parts are taken.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from autoglm_agent.protocol.wire.base import Maybe, Wire
from autoglm_agent.protocol.wire.chat import (
    MAX_TOOLS,
    ChatTemplateKwargs,
    Effort,
    ImageDetail,
    InputAudio,
    Thinking,
    Unsupported,
)
from autoglm_agent.protocol.wire.session import FunctionTool

MAX_METADATA = 16
"""Pairs of metadata, as many as OpenAI takes."""


class InputText(Wire):
    """Text, typed or answered."""

    type: Literal["input_text", "output_text", "text", "summary_text", "reasoning_text"]
    text: str


class InputRefusal(Wire):
    """A refusal that some other model gave; taken, and not read."""

    type: Literal["refusal"]
    refusal: str


class InputImage(Wire):
    """A picture as a data URI. Addresses are refused, this server fetches nothing; it keeps no files either."""

    type: Literal["input_image"]
    image_url: str
    detail: ImageDetail | None = None
    file_id: Unsupported = None


class InputSpeech(Wire):
    """Speech: base64 of a whole audio file."""

    type: Literal["input_audio"]
    input_audio: InputAudio


InputPart = Annotated[InputText | InputRefusal | InputImage | InputSpeech, Field(discriminator="type")]
TextOnly = Annotated[InputText | InputRefusal, Field(discriminator="type")]


class InputMessage(Wire):
    """A message of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[InputPart]


class InputReasoning(Wire):
    """A trace of ours sent back; it goes with the answer that follows. Encrypted ones of others are not read."""

    type: Literal["reasoning"]
    summary: list[TextOnly] = Field(default_factory=list)
    content: list[TextOnly] | None = None


class InputFunctionCall(Wire):
    """A call in the history."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str


class InputFunctionCallOutput(Wire):
    """What a function returned."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[TextOnly]


def _kind(value: Any) -> str:
    """Name the branch for an item: by its type, which a message may leave out. A dash marks it as no parameter."""
    kind = value.get("type", "message") if isinstance(value, dict) else getattr(value, "type", "message")
    return f"item-{kind}"


InputItem = Annotated[
    Annotated[InputMessage, Tag("item-message")]
    | Annotated[InputReasoning, Tag("item-reasoning")]
    | Annotated[InputFunctionCall, Tag("item-function_call")]
    | Annotated[InputFunctionCallOutput, Tag("item-function_call_output")],
    Discriminator(
        _kind,
        custom_error_type="item_type_unknown",
        custom_error_message="items are of type message, reasoning, function_call or function_call_output",
    ),
]


class NamedFunctionChoice(Wire):
    """Call this function."""

    type: Literal["function"]
    name: str


class AllowedFunctionsChoice(Wire):
    """Call none but these functions."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"] = "auto"
    tools: list[NamedFunctionChoice] = Field(min_length=1, max_length=MAX_TOOLS)


FunctionChoice = (
    Literal["auto", "none", "required"]
    | Annotated[NamedFunctionChoice | AllowedFunctionsChoice, Field(discriminator="type")]
)


class ReasoningOptions(Wire):
    """How hard to think. A `summary` of any kind is the trace itself, which is short."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Maybe[Literal["auto", "concise", "detailed"]] = None


class TextFormat(Wire):
    """Free text."""

    type: Literal["text"] = "text"


class JsonObjectFormat(Wire):
    """Any JSON object."""

    type: Literal["json_object"]


class JsonSchemaFormat(Wire):
    """JSON by a schema, which binds the answer as it is written."""

    type: Literal["json_schema"]
    name: str = "answer"
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None
    description: Maybe[str] = None


AnswerFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class TextOptions(Wire):
    """What the answer's text is to be."""

    format: AnswerFormat = TextFormat()


def _none_as_empty(value: Any) -> Any:
    return {} if value is None else value


class ResponsesRequest(Wire):
    """The body of a request. The switches of chat completions for thinking are taken at the top level, too.

    Fields that are not named here are ignored, among them `include`, `user` and `service_tier`.
    """

    model: str = Field("", description="Empty takes the model that is loaded.")
    input: str | Annotated[list[InputItem], Field(min_length=1)]
    instructions: str | None = None
    previous_response_id: str | None = Field(None, description="Go on from a response that was stored.")
    store: bool | None = Field(None, description="False: keep nothing. Memory is bounded: the oldest goes first.")
    tools: list[FunctionTool] | None = Field(None, max_length=MAX_TOOLS)
    tool_choice: FunctionChoice | None = None
    parallel_tool_calls: bool | None = Field(None, description="False: at most one call in an answer.")
    stream: bool | None = False
    temperature: float | None = Field(None, ge=0, le=2, description="0, the default, always takes the likeliest.")
    top_p: float | None = Field(None, gt=0, le=1)
    max_output_tokens: int | None = Field(None, ge=1, description="Reasoning included; 4096 at most.")
    text: Annotated[TextOptions, BeforeValidator(_none_as_empty)] = TextOptions()
    reasoning: ReasoningOptions | None = None
    truncation: Literal["auto", "disabled"] | None = None
    metadata: Annotated[dict[str, str], Field(max_length=MAX_METADATA)] | None = None
    background: Literal[False] | None = Field(None, description="Not supported; leave it out.")
    conversation: Unsupported = Field(None, description="Not supported; use `previous_response_id`.")
    prompt: Unsupported = None
    top_logprobs: Literal[0] | None = Field(None, description="Log probabilities are not supported.")
    enable_thinking: bool | None = None
    return_reasoning: bool | None = Field(
        None, description="False: think without telling. True: tell it as a summary as well."
    )
    chat_template_kwargs: ChatTemplateKwargs | None = None
    thinking: Thinking | None = None
