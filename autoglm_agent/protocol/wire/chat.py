"""Wire form of `/v1/chat/completions` requests. Tolerant spellings are taken here; decoding is in `protocol.chat`."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from autoglm_agent.protocol.wire.base import Wire
from autoglm_agent.protocol.wire.session import FunctionTool

MAX_TOOLS = 128
"""Functions in one request, as many as OpenAI takes."""
MAX_STOPS = 16
"""Texts that end an answer. OpenAI takes four; every one is searched for at every token."""

Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Stop = Annotated[str, Field(min_length=1, max_length=256)]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
#: What this server cannot do: the field may be there, but empty.
Unsupported = Annotated[None, Field(description="Not supported; leave it out.")]


class TextPart(Wire):
    """Text."""

    type: Literal["text"]
    text: str


class RefusalPart(Wire):
    """A refusal that some other model gave; taken, and not read."""

    type: Literal["refusal"]
    refusal: str


ImageDetail = Annotated[Literal["auto", "low", "high"], BeforeValidator(lambda d: "high" if d == "original" else d)]
"""Accepted; every picture is seen at 640×480. `original`, a newer word, is taken as `high`."""


class ImageUrl(Wire):
    """A picture as a data URI. Addresses are refused: this server fetches nothing."""

    url: str
    detail: ImageDetail = "auto"


def _as_object(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


class ImagePart(Wire):
    """A picture."""

    type: Literal["image_url"]
    image_url: Annotated[ImageUrl, BeforeValidator(_as_object)]


class InputAudio(Wire):
    """Base64 of a whole audio file."""

    data: str
    format: str = "wav"


class AudioPart(Wire):
    """Speech."""

    type: Literal["input_audio"]
    input_audio: InputAudio


UserPart = Annotated[TextPart | ImagePart | AudioPart, Field(discriminator="type")]


def _as_json(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


class CalledFunction(Wire):
    """Name and arguments of a call; arguments are JSON as text, an object is tolerated."""

    name: str
    arguments: Annotated[str, BeforeValidator(_as_json)] = "{}"


class ToolCallParam(Wire):
    """A call in the history."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class SystemMessage(Wire):
    """Instructions."""

    role: Literal["system", "developer"]
    content: str | list[TextPart]


class UserMessage(Wire):
    """What the user wrote, showed and said."""

    role: Literal["user"]
    content: str | list[UserPart]


AssistantPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]


class AssistantMessage(Wire):
    """What was answered, with the reasoning when the caller kept it."""

    role: Literal["assistant"]
    content: str | list[AssistantPart] | None = None
    reasoning_content: str | None = Field(None, validation_alias=AliasChoices("reasoning_content", "reasoning"))
    tool_calls: list[ToolCallParam] | None = None


class ToolMessage(Wire):
    """What a tool returned."""

    role: Literal["tool"]
    content: str | list[TextPart]
    tool_call_id: str


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class ChatTool(Wire):
    """A function on offer."""

    type: Literal["function"] = "function"
    function: FunctionTool


class NamedFunction(Wire):
    """A function by name."""

    name: str


class NamedToolChoice(Wire):
    """Call this function."""

    type: Literal["function"]
    function: NamedFunction


class AllowedTool(Wire):
    """One of the functions that may be called."""

    type: Literal["function"]
    function: NamedFunction


class AllowedTools(Wire):
    """Some of the functions on offer."""

    mode: Literal["auto", "required"] = "auto"
    tools: list[AllowedTool] = Field(min_length=1, max_length=MAX_TOOLS)


class AllowedToolChoice(Wire):
    """Call none but these functions."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


ToolChoice = (
    Literal["auto", "none", "required"] | Annotated[NamedToolChoice | AllowedToolChoice, Field(discriminator="type")]
)


class StreamOptions(Wire):
    """`include_usage` adds a last chunk with the counts."""

    include_usage: bool = False


class JsonSchema(Wire):
    """A named schema."""

    name: str = "answer"
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema")


class ResponseFormat(Wire):
    """Free text, any JSON object, or JSON by a schema."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchema | None = None


class Thinking(Wire):
    """The switch as GLM's own API spells it."""

    type: Literal["enabled", "disabled"]


class ChatTemplateKwargs(Wire):
    """The switch as vLLM and SGLang spell it."""

    enable_thinking: bool | None = None


class ChatRequest(Wire):
    """The body of a request. Switches for thinking stand at the top level, where `extra_body` puts them.

    Fields that are not named here are ignored, among them the penalties, `store`, `metadata` and `user`.
    """

    model: str = Field("", description="Empty takes the model that is loaded.")
    messages: list[Message] = Field(min_length=1)
    tools: list[ChatTool] | None = Field(None, max_length=MAX_TOOLS)
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = Field(None, description="False: at most one call in an answer.")
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2, description="0, the default, always takes the likeliest.")
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1, description="The old name of `max_completion_tokens`.")
    max_completion_tokens: int | None = Field(None, ge=1, description="Reasoning included; 4096 at most.")
    stop: Stop | Annotated[list[Stop], Field(max_length=MAX_STOPS)] | None = None
    seed: Seed | None = None
    n: Literal[1] | None = Field(None, description="There is one choice.")
    logprobs: Literal[False] | None = Field(None, description="Log probabilities are not supported.")
    top_logprobs: Literal[0] | None = None
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = Field(
        None, description="Not supported; leave it out."
    )
    modalities: list[Literal["text"]] | None = Field(
        None, description="Answers are text here; `/v1/realtime` answers with a voice."
    )
    functions: Unsupported = Field(None, description="Not supported; use `tools`.")
    function_call: Unsupported = Field(None, description="Not supported; use `tool_choice`.")
    web_search_options: Unsupported = None
    response_format: ResponseFormat | None = None
    enable_thinking: bool | None = None
    return_reasoning: bool | None = Field(None, description="False: think without telling.")
    chat_template_kwargs: ChatTemplateKwargs | None = None
    thinking: Thinking | None = None
    reasoning_effort: Effort | None = None
