"""Wire form of `/v1/chat/completions` requests. Tolerant spellings are taken here; decoding is in `protocol.chat`."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from autoglm_agent.protocol.wire.base import Wire
from autoglm_agent.protocol.wire.session import FunctionTool


class TextPart(Wire):
    """Text. Some clients send reasoning or refusals back as parts; those of type `text` are the ones read."""

    type: Literal["text"]
    text: str


class ImageUrl(Wire):
    """Where a picture is: a data URI, or an address."""

    url: str
    detail: Literal["auto", "low", "high"] = "auto"


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


class AssistantMessage(Wire):
    """What was answered, with the reasoning when the caller kept it."""

    role: Literal["assistant"]
    content: str | list[TextPart] | None = None
    reasoning_content: str | None = Field(None, validation_alias=AliasChoices("reasoning_content", "reasoning"))
    tool_calls: list[ToolCallParam] | None = None


class ToolMessage(Wire):
    """What a tool returned."""

    role: Literal["tool"]
    content: str | list[TextPart]
    tool_call_id: str


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class Tool(Wire):
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
    """The body of a request. Switches for thinking stand at the top level, where `extra_body` puts them."""

    model: str = ""
    messages: list[Message] = Field(min_length=1)
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedToolChoice | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stop: str | list[str] | None = None
    seed: int | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    response_format: ResponseFormat | None = None
    enable_thinking: bool | None = None
    return_reasoning: bool | None = None
    chat_template_kwargs: ChatTemplateKwargs | None = None
    thinking: Thinking | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
