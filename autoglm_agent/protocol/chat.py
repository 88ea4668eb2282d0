"""`/v1/chat/completions`, the request: from JSON to neutral, decoded values. The reply is in `chat_reply`.

Tolerant: fields that mean nothing here are ignored. Strict where ignoring would lie: more than one choice, log
probabilities and parts we cannot perceive are refused. Fetching addresses is the server's business, and off by default.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import ValidationError

from autoglm_agent.protocol.config import ToolSpec
from autoglm_agent.protocol.data_uri import parse_image
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.input_audio import decode_audio
from autoglm_agent.protocol.items import AudioContent, Content, ImageContent, TextContent
from autoglm_agent.protocol.session import freeze_tools
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.chat import (
    AllowedToolChoice,
    AssistantMessage,
    AudioPart,
    ChatRequest,
    ChatTemplateKwargs,
    ImageDetail,
    ImagePart,
    Message,
    NamedToolChoice,
    RefusalPart,
    ResponseFormat,
    SystemMessage,
    TextPart,
    Thinking,
    ToolChoice,
    ToolMessage,
    UserMessage,
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
    `truncate`: what does not fit the context is left out from the oldest on, instead of an error.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    truncate: bool = False
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
    choice, names = _tool_choice(request.tool_choice or "auto")
    tools = freeze_tools([tool.function for tool in request.tools or []])
    return ChatTurns(
        model=request.model,
        messages=tuple(
            _decode_message(message, f"messages[{index}]", allow_urls) for index, message in enumerate(request.messages)
        ),
        tools=allowed_tools(tools, names),
        tool_choice=choice,
        parallel_tool_calls=request.parallel_tool_calls is not False,
        stream=bool(request.stream),
        include_usage=bool(request.stream_options and request.stream_options.include_usage),
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_completion_tokens or request.max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=request.seed,
        json_schema=_schema(request.response_format),
        enable_thinking=read_thinking(request, request.reasoning_effort),
        return_reasoning=request.return_reasoning is not False,
        reasoning_effort=request.reasoning_effort,
    )


def _tool_choice(choice: ToolChoice) -> tuple[str, list[str] | None]:
    """Return the engine's tool choice and, where the caller narrowed them, the names of the functions left."""
    match choice:
        case NamedToolChoice():
            return choice.function.name, None
        case AllowedToolChoice(allowed_tools=allowed):
            return allowed.mode, [tool.function.name for tool in allowed.tools]
        case _:
            return choice, None


def allowed_tools(tools: tuple[ToolSpec, ...], names: list[str] | None) -> tuple[ToolSpec, ...]:
    """Leave the tools of these names; all of them when `names` is None. Raises `RemoteProtocolError`."""
    if names is None:
        return tools
    unknown = [name for name in names if name not in {tool.name for tool in tools}]
    if unknown:
        message = f"'tool_choice' allows {unknown[0]!r}, which is not among the tools."
        raise RemoteProtocolError(message, code="invalid_value", param="tool_choice")
    return tuple(tool for tool in tools if tool.name in names)


class ThinkingSwitches(Protocol):
    """The switches that chat completions and responses share."""

    @property
    def enable_thinking(self) -> bool | None:
        """Our own."""
        ...

    @property
    def chat_template_kwargs(self) -> ChatTemplateKwargs | None:
        """That of vLLM and SGLang."""
        ...

    @property
    def thinking(self) -> Thinking | None:
        """GLM's."""
        ...


def read_thinking(request: ThinkingSwitches, effort: str | None) -> bool | None:
    """Read the switches, the most explicit first. None: the caller did not say."""
    if request.enable_thinking is not None:
        return request.enable_thinking
    if request.chat_template_kwargs and request.chat_template_kwargs.enable_thinking is not None:
        return request.chat_template_kwargs.enable_thinking
    if request.thinking:
        return request.thinking.type == "enabled"
    return effort not in ("none", "minimal") if effort else None


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
    content: str | Sequence[TextPart | RefusalPart | ImagePart | AudioPart] | None, param: str, allow_urls: bool
) -> tuple[Content, ...]:
    if content is None or isinstance(content, str):
        return (TextContent(text=content),) if content else ()
    parts = enumerate(content)
    return tuple(_decode_part(p, f"{param}[{i}]", allow_urls) for i, p in parts if not isinstance(p, RefusalPart))


def _decode_part(part: TextPart | ImagePart | AudioPart, param: str, allow_urls: bool) -> Content:
    match part:
        case TextPart():
            return TextContent(text=part.text)
        case AudioPart():
            audio = decode_audio(part.input_audio.data, f"{param}.input_audio.data")
            return AudioContent(audio=audio, format=part.input_audio.format)
        case ImagePart():
            picture = part.image_url
            return decode_picture(picture.url, f"{param}.image_url.url", picture.detail, allow_urls)


def decode_picture(url: str, param: str, detail: ImageDetail, allow_urls: bool = False) -> ImageContent:
    """Decode a data URI; see `decode_chat` for addresses. Raises `RemoteProtocolError`."""
    if url.startswith(("http://", "https://")):
        if allow_urls:
            return ImageContent(image=b"", mime="", detail=detail, url=url)
        raise RemoteProtocolError(
            f"'{param}' is an address; this server does not fetch. Send the picture as a data URI.",
            code="invalid_image_url",
            param=param,
        )
    mime, image = parse_image(url, param, CHAT_IMAGE_TYPES)
    return ImageContent(image=image, mime=mime, detail=detail)
