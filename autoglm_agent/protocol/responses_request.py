"""`/v1/responses`, the request: from JSON to the same neutral values as a chat completion. See also `responses_reply`.

Responses that are stored live with the server; here the stored conversation is simply put in front.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from autoglm_agent.protocol.chat import (
    ANY_OBJECT,
    ChatMessage,
    ChatToolCall,
    ChatTurns,
    allowed_tools,
    decode_picture,
    read_thinking,
)
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.input_audio import decode_audio
from autoglm_agent.protocol.items import AudioContent, Content, TextContent
from autoglm_agent.protocol.session import freeze_tools
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.responses import (
    AllowedFunctionsChoice,
    AnswerFormat,
    FunctionChoice,
    InputFunctionCall,
    InputFunctionCallOutput,
    InputImage,
    InputItem,
    InputMessage,
    InputPart,
    InputReasoning,
    InputRefusal,
    InputSpeech,
    InputText,
    JsonObjectFormat,
    JsonSchemaFormat,
    NamedFunctionChoice,
    ResponsesRequest,
)


def parse_responses(body: bytes | str) -> ResponsesRequest:
    """Validate a JSON body. Raises `RemoteProtocolError`."""
    try:
        return ResponsesRequest.model_validate_json(body)
    except ValidationError as error:
        raise invalid_request(error) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesTurns:
    """A request, decoded: what the model is asked, and what of it a response that follows has to know.

    `conversation` is without the instructions, which every request brings anew.
    """

    chat: ChatTurns
    conversation: tuple[ChatMessage, ...]


def decode_responses(request: ResponsesRequest, previous: Sequence[ChatMessage] = ()) -> ResponsesTurns:
    """Decode a request behind the conversation it goes on from.

    Raises `RemoteProtocolError` for a picture or audio that is not base64, and for addresses.
    """
    conversation = (*previous, *_decode_input(request.input))
    instructions = _system(request.instructions)
    choice, names = _tool_choice(request.tool_choice or "auto")
    reasoning = request.reasoning
    effort = reasoning.effort if reasoning is not None else None
    chat = ChatTurns(
        model=request.model,
        messages=(*instructions, *conversation),
        tools=allowed_tools(freeze_tools(request.tools or []), names),
        tool_choice=choice,
        parallel_tool_calls=request.parallel_tool_calls is not False,
        truncate=request.truncation == "auto",
        stream=bool(request.stream),
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_output_tokens,
        json_schema=_schema(request.text.format),
        enable_thinking=read_thinking(request, effort),
        return_reasoning=request.return_reasoning is not False,
        reasoning_effort=effort,
    )
    return ResponsesTurns(chat=chat, conversation=conversation)


def tells_summary(request: ResponsesRequest) -> bool:
    """Whether the trace is also told as a summary, the only form that some clients show."""
    if request.return_reasoning is not None:
        return request.return_reasoning
    asked = request.reasoning
    return asked is not None and (asked.summary or asked.generate_summary) is not None


def _system(instructions: str | None) -> tuple[ChatMessage, ...]:
    return (ChatMessage(role="system", content=(TextContent(text=instructions),)),) if instructions else ()


def _schema(wanted: AnswerFormat) -> str | None:
    match wanted:
        case JsonSchemaFormat():
            return json.dumps(wanted.schema_, ensure_ascii=False)
        case JsonObjectFormat():
            return ANY_OBJECT
        case _:
            return None


def _tool_choice(choice: FunctionChoice) -> tuple[str, list[str] | None]:
    """Return the engine's tool choice and, where the caller narrowed them, the names of the functions left."""
    match choice:
        case NamedFunctionChoice(name=name):
            return name, None
        case AllowedFunctionsChoice():
            return choice.mode, [tool.name for tool in choice.tools]
        case _:
            return choice, None


def _decode_input(given: str | list[InputItem]) -> tuple[ChatMessage, ...]:
    if isinstance(given, str):
        return (ChatMessage(role="user", content=(TextContent(text=given),) if given else ()),)
    return tuple(_join(_decode_item(item, f"input[{index}]") for index, item in enumerate(given)))


def _decode_item(item: InputItem, param: str) -> ChatMessage:
    match item:
        case InputMessage():
            role = "system" if item.role == "developer" else item.role
            return ChatMessage(role=role, content=_decode_content(item.content, f"{param}.content"))
        case InputReasoning():
            return ChatMessage(role="assistant", reasoning=_joined(item.content or item.summary))
        case InputFunctionCall():
            call = ChatToolCall(call_id=item.call_id, name=item.name, arguments=item.arguments)
            return ChatMessage(role="assistant", tool_calls=(call,))
        case InputFunctionCallOutput():
            output = item.output if isinstance(item.output, str) else _joined(item.output)
            content = (TextContent(text=output),) if output else ()
            return ChatMessage(role="tool", content=content, tool_call_id=item.call_id)


def _joined(parts: Iterable[InputText | InputRefusal]) -> str:
    return "".join(part.text for part in parts if isinstance(part, InputText))


def _join(messages: Iterable[ChatMessage]) -> Iterable[ChatMessage]:
    """Put a trace, a text and calls that follow each other into the one message they were."""
    open_message: ChatMessage | None = None
    for message in messages:
        if message.role != "assistant":
            if open_message is not None:
                yield open_message
            open_message = None
            yield message
        elif open_message is None:
            open_message = message
        elif message.content or (message.reasoning and (open_message.content or open_message.tool_calls)):
            if open_message.content or open_message.tool_calls:
                yield open_message
                open_message = message
            else:
                open_message = replace(open_message, content=message.content)
        else:
            reasoning = open_message.reasoning + message.reasoning
            open_message = replace(
                open_message, reasoning=reasoning, tool_calls=open_message.tool_calls + message.tool_calls
            )
    if open_message is not None:
        yield open_message


def _decode_content(content: str | list[InputPart], param: str) -> tuple[Content, ...]:
    if isinstance(content, str):
        return (TextContent(text=content),) if content else ()
    parts = enumerate(content)
    return tuple(_decode_part(p, f"{param}[{i}]") for i, p in parts if not isinstance(p, InputRefusal))


def _decode_part(part: InputText | InputImage | InputSpeech, param: str) -> Content:
    match part:
        case InputText():
            return TextContent(text=part.text)
        case InputSpeech():
            audio = decode_audio(part.input_audio.data, f"{param}.input_audio.data")
            return AudioContent(audio=audio, format=part.input_audio.format)
        case InputImage():
            return decode_picture(part.image_url, f"{param}.image_url", part.detail or "auto")


def not_stored(response_id: str) -> RemoteProtocolError:
    """The error for an id that is not, or no longer, known."""
    return RemoteProtocolError(
        f"There is no stored response {response_id!r}: it was never stored, or it has made room for newer ones. "
        "Send the conversation whole.",
        code="previous_response_not_found",
        param="previous_response_id",
    )
