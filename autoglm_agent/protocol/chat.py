"""`/v1/chat/completions`, the request: from JSON to neutral, decoded values. The reply is in `chat_reply`.

Tolerant: fields that mean nothing here are ignored. Strict where ignoring would lie: more than one choice, log
probabilities and parts we cannot perceive are refused. Fetching addresses is the server's business, and off by default.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, ValidationError

from autoglm_agent.protocol.config import ToolSpec
from autoglm_agent.protocol.data_uri import parse_image
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.input_audio import decode_audio
from autoglm_agent.protocol.items import AudioContent, Content, ImageContent, TextContent
from autoglm_agent.protocol.session import freeze_tools
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.base import Wire
from autoglm_agent.protocol.wire.session import FunctionTool

#: Picture types a data URI may have here; REST clients upload more kinds than cameras make.
CHAT_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")

# --- The wire -------------------------------------------------------------------------------------------------------


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


# --- Neutral values -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatToolCall:
    """A call in the history. `arguments` is JSON as text."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message, decoded. `developer` became `system`; a tool's answer carries `tool_call_id`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: tuple[Content, ...] = ()
    reasoning: str = ""
    tool_calls: tuple[ChatToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTurns:
    """A request, decoded. None means that the caller did not say; the server has its defaults.

    `tool_choice` is `auto`, `none`, `required` or a function's name. `json_schema` (as text) binds the answer.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    stream: bool = False
    include_usage: bool = False
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    json_schema: str | None = None
    enable_thinking: bool | None = None
    return_reasoning: bool = True
    reasoning_effort: str | None = None


def parse_chat(body: bytes | str) -> ChatRequest:
    """Validate a JSON body. Raises `RemoteProtocolError`."""
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise invalid_request(error) from None


def decode_chat(request: ChatRequest, *, allow_urls: bool = False) -> ChatTurns:
    """Decode a request. With `allow_urls` a picture's http(s) address is left in `ImageContent.url` to be fetched.

    Raises `RemoteProtocolError` for a picture or audio that is not base64, and for addresses otherwise.
    """
    stop = request.stop or []
    choice = request.tool_choice or "auto"
    return ChatTurns(
        model=request.model,
        messages=tuple(
            _decode_message(message, f"messages[{index}]", allow_urls) for index, message in enumerate(request.messages)
        ),
        tools=freeze_tools([tool.function for tool in request.tools or []]),
        tool_choice=choice if isinstance(choice, str) else choice.function.name,
        stream=bool(request.stream),
        include_usage=bool(request.stream_options and request.stream_options.include_usage),
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_completion_tokens or request.max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=request.seed,
        json_schema=_schema(request.response_format),
        enable_thinking=_thinking(request),
        return_reasoning=request.return_reasoning is not False,
        reasoning_effort=request.reasoning_effort,
    )


def _thinking(request: ChatRequest) -> bool | None:
    """Read the switches, the most explicit first."""
    if request.enable_thinking is not None:
        return request.enable_thinking
    if request.chat_template_kwargs and request.chat_template_kwargs.enable_thinking is not None:
        return request.chat_template_kwargs.enable_thinking
    if request.thinking:
        return request.thinking.type == "enabled"
    if request.reasoning_effort:
        return request.reasoning_effort not in ("none", "minimal")
    return None


def _schema(wanted: ResponseFormat | None) -> str | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return '{"type":"object"}'
    if wanted.json_schema is None:
        param = "response_format.json_schema"
        raise RemoteProtocolError(f"'{param}' is missing.", code="missing_required_parameter", param=param)
    return json.dumps(wanted.json_schema.schema_, ensure_ascii=False)


def _decode_message(message: Message, param: str, allow_urls: bool) -> ChatMessage:
    content = _decode_content(message.content, f"{param}.content", allow_urls)
    match message:
        case SystemMessage():
            return ChatMessage(role="system", content=content)
        case UserMessage():
            return ChatMessage(role="user", content=content)
        case ToolMessage():
            return ChatMessage(role="tool", content=content, tool_call_id=message.tool_call_id)
        case AssistantMessage():
            calls = tuple(
                ChatToolCall(call_id=call.id, name=call.function.name, arguments=call.function.arguments)
                for call in message.tool_calls or ()
            )
            reasoning = message.reasoning_content or ""
            return ChatMessage(role="assistant", content=content, reasoning=reasoning, tool_calls=calls)


def _decode_content(
    content: str | list[TextPart] | list[UserPart] | None, param: str, allow_urls: bool
) -> tuple[Content, ...]:
    if content is None or isinstance(content, str):
        return (TextContent(text=content),) if content else ()
    return tuple(_decode_part(part, f"{param}[{index}]", allow_urls) for index, part in enumerate(content))


def _decode_part(part: TextPart | ImagePart | AudioPart, param: str, allow_urls: bool) -> Content:
    match part:
        case TextPart():
            return TextContent(text=part.text)
        case AudioPart():
            audio = decode_audio(part.input_audio.data, f"{param}.input_audio.data")
            return AudioContent(audio=audio, format=part.input_audio.format)
        case ImagePart():
            return _decode_picture(part.image_url, f"{param}.image_url.url", allow_urls)


def _decode_picture(picture: ImageUrl, param: str, allow_urls: bool) -> ImageContent:
    if picture.url.startswith(("http://", "https://")):
        if allow_urls:
            return ImageContent(image=b"", mime="", detail=picture.detail, url=picture.url)
        raise RemoteProtocolError(
            f"'{param}' is an address; this server does not fetch. Send the picture as a data URI.",
            code="invalid_image_url",
            param=param,
        )
    mime, image = parse_image(picture.url, param, CHAT_IMAGE_TYPES)
    return ImageContent(image=image, mime=mime, detail=picture.detail)
