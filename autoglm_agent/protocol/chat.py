"""`/v1/chat/completions`, the request: from JSON to neutral, decoded values. The reply is in `chat_reply`.

Tolerant: fields that mean nothing here are ignored. Strict where ignoring would lie: more than one choice, log
probabilities and parts we cannot perceive are refused. Fetching addresses is the server's business, and off by default.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from autoglm_agent.protocol.config import ToolSpec
from autoglm_agent.protocol.data_uri import parse_image
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.input_audio import decode_audio
from autoglm_agent.protocol.items import AudioContent, Content, ImageContent, TextContent
from autoglm_agent.protocol.session import freeze_tools
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.chat import (
    AssistantMessage,
    AudioPart,
    ChatRequest,
    ImagePart,
    ImageUrl,
    Message,
    ResponseFormat,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
    UserPart,
)

#: Picture types a data URI may have here; REST clients upload more kinds than cameras make.
CHAT_IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
#: The schema of `json_object`.
ANY_OBJECT = '{"type":"object"}'


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
        return ANY_OBJECT
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
