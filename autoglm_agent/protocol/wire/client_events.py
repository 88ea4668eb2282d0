"""Client events. An unknown top-level field is refused (`unknown_parameter`); inside, unknown fields are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from autoglm_agent.protocol.wire.base import IdRef, Maybe, Text, Wire
from autoglm_agent.protocol.wire.items import Item, ItemOrReference
from autoglm_agent.protocol.wire.session import Format, FunctionTool, MaxOutputTokens, Reasoning, ToolChoice


class ClientEvent(Wire):
    """What every client event has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: Maybe[Annotated[str, Field(max_length=512)]] = None


class SessionUpdate(ClientEvent):
    """Change settings. The session stays raw here: merging needs to know null from absent."""

    type: Literal["session.update"] = "session.update"
    session: dict[str, Any]


class InputAudioAppend(ClientEvent):
    """Add base64 audio to the input buffer."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


class InputAudioCommit(ClientEvent):
    """Make the buffer a user message."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class InputAudioClear(ClientEvent):
    """Throw the buffer away."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class ItemCreate(ClientEvent):
    """Put an item into the conversation."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: Item
    previous_item_id: Maybe[IdRef] = None


class ItemRetrieve(ClientEvent):
    """Show an item."""

    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: IdRef


class ItemDelete(ClientEvent):
    """Take an item out of the conversation."""

    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: IdRef


class ItemTruncate(ClientEvent):
    """Tell how much of the assistant's audio was played."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: IdRef
    content_index: int = Field(ge=0)
    audio_end_ms: int = Field(ge=0)


class ResponseAudioOutputParams(Wire):
    """Voice settings of one response."""

    format: Maybe[Format] = None
    voice: Maybe[Any] = None


class ResponseAudioParams(Wire):
    """Audio settings of one response."""

    output: Maybe[ResponseAudioOutputParams] = None


#: 16 pairs, as the API allows.
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]


class ResponseParams(Wire):
    """What one response does differently from the session."""

    conversation: Maybe[Literal["auto", "none"]] = None
    input: Maybe[list[ItemOrReference]] = None
    instructions: Maybe[Text] = None
    metadata: Maybe[Metadata] = None
    output_modalities: Maybe[Annotated[list[Literal["text", "audio"]], Field(min_length=1, max_length=1)]] = None
    audio: Maybe[ResponseAudioParams] = None
    tools: Maybe[list[FunctionTool]] = None
    tool_choice: Maybe[ToolChoice] = None
    max_output_tokens: Maybe[MaxOutputTokens] = None
    reasoning: Maybe[Reasoning] = None
    parallel_tool_calls: Maybe[bool] = None


class ResponseCreate(ClientEvent):
    """Answer."""

    type: Literal["response.create"] = "response.create"
    response: Maybe[ResponseParams] = None


class ResponseCancel(ClientEvent):
    """Stop answering."""

    type: Literal["response.cancel"] = "response.cancel"
    response_id: Maybe[IdRef] = None


AnyClientEvent = Annotated[
    SessionUpdate
    | InputAudioAppend
    | InputAudioCommit
    | InputAudioClear
    | ItemCreate
    | ItemRetrieve
    | ItemDelete
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel,
    Field(discriminator="type"),
]

CLIENT_EVENTS: dict[str, type[ClientEvent]] = {
    event.model_fields["type"].default: event for event in get_args(get_args(AnyClientEvent)[0])
}
client_event_adapter: TypeAdapter[AnyClientEvent] = TypeAdapter(AnyClientEvent)
