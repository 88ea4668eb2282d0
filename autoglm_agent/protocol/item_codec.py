"""Between the wire form of items and the frozen values of `items`."""

from __future__ import annotations

from autoglm_agent.protocol.config import AudioFormat
from autoglm_agent.protocol.data_uri import parse_image
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.input_audio import decode_audio
from autoglm_agent.protocol.items import (
    AudioContent,
    Content,
    FunctionCallItem,
    FunctionCallOutputItem,
    ImageContent,
    Item,
    MessageItem,
    TextContent,
)
from autoglm_agent.protocol.wire import items as wire

InputPart = wire.InputTextPart | wire.InputAudioPart | wire.InputImagePart
OutputPart = wire.OutputTextPart | wire.OutputAudioPart


def from_wire(item: wire.Item, item_id: str, audio_format: AudioFormat, param: str = "item") -> Item:
    """Decode a client's item. Raises `RemoteProtocolError` for a picture or audio that is not what it says."""
    match item:
        case wire.FunctionCall():
            return FunctionCallItem(
                id=item_id, call_id=item.call_id or item_id, name=item.name, arguments=item.arguments
            )
        case wire.FunctionCallOutput():
            return FunctionCallOutputItem(id=item_id, call_id=item.call_id, output=item.output)
        case wire.SystemMessage() | wire.UserMessage() | wire.AssistantMessage():
            content = tuple(
                _content_from_wire(part, audio_format, f"{param}.content[{index}]")
                for index, part in enumerate(item.content)
            )
            return MessageItem(id=item_id, role=item.role, content=content)


def _content_from_wire(part: InputPart | OutputPart, audio_format: AudioFormat, param: str) -> Content:
    match part:
        case wire.InputTextPart() | wire.OutputTextPart():
            return TextContent(text=part.text)
        case wire.InputAudioPart():
            audio = None if part.audio is None else decode_audio(part.audio, f"{param}.audio")
            return AudioContent(transcript=part.transcript, audio=audio, format=audio_format.name)
        case wire.OutputAudioPart():
            return AudioContent(transcript=part.transcript or "")
        case wire.InputImagePart():
            if part.image_url is None:
                where = f"{param}.image_url"
                raise RemoteProtocolError(f"'{where}' is missing.", code="missing_required_parameter", param=where)
            mime, image = parse_image(part.image_url, f"{param}.image_url")
            return ImageContent(image=image, mime=mime, detail=part.detail or "auto")


def to_wire(item: Item) -> wire.Item:
    """Encode an item for the client. Audio and pictures stay out: one of them could exceed a frame."""
    match item:
        case FunctionCallItem():
            return wire.FunctionCall(
                id=item.id, status=item.status, call_id=item.call_id, name=item.name, arguments=item.arguments
            )
        case FunctionCallOutputItem():
            return wire.FunctionCallOutput(id=item.id, status=item.status, call_id=item.call_id, output=item.output)
        case MessageItem(role="assistant"):
            said = [_output_to_wire(part) for part in item.content]
            return wire.AssistantMessage(id=item.id, status=item.status, content=said)
        case MessageItem(role="system"):
            told = [wire.InputTextPart(text=part.text) for part in item.content if isinstance(part, TextContent)]
            return wire.SystemMessage(id=item.id, status=item.status, content=told)
        case MessageItem():
            given = [_input_to_wire(part) for part in item.content]
            return wire.UserMessage(id=item.id, status=item.status, content=given)


def _input_to_wire(part: Content) -> InputPart:
    match part:
        case TextContent():
            return wire.InputTextPart(text=part.text)
        case AudioContent():
            return wire.InputAudioPart(transcript=part.transcript)
        case ImageContent():
            return wire.InputImagePart(detail=part.detail)


def _output_to_wire(part: Content) -> OutputPart:
    if isinstance(part, AudioContent):
        return wire.OutputAudioPart(transcript=part.transcript or "")
    return wire.OutputTextPart(text=part.text if isinstance(part, TextContent) else "")
