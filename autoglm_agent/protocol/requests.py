"""What each client event does: change the protocol's state, acknowledge, and hand the runtime its commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from autoglm_agent.protocol import commands
from autoglm_agent.protocol.commands import Command
from autoglm_agent.protocol.config import ResponseConfig
from autoglm_agent.protocol.conversation import Conversation, is_frame
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.facts import ResponseFinished
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.input_audio import InputAudio
from autoglm_agent.protocol.item_codec import from_wire, to_wire
from autoglm_agent.protocol.items import AudioContent, ImageContent, Item, MessageItem
from autoglm_agent.protocol.outbox import Outbox
from autoglm_agent.protocol.responses import Responses, response_config, session_response_config
from autoglm_agent.protocol.session import SessionState
from autoglm_agent.protocol.transcripts import Transcripts
from autoglm_agent.protocol.wire import client_events as client
from autoglm_agent.protocol.wire import items as wire_items
from autoglm_agent.protocol.wire import server_events as events

#: How many items `response.create` may carry in its `input`.
MAX_INPUT_ITEMS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The connection's parts, which client events and facts both work on."""

    ids: IdSource
    outbox: Outbox
    session: SessionState
    conversation: Conversation
    input_audio: InputAudio
    transcripts: Transcripts
    responses: Responses
    voices: tuple[str, ...]


def handle(event: client.AnyClientEvent, parts: Parts) -> tuple[Command, ...]:
    """Do what a client event asks. Raises `RemoteProtocolError` with nothing done."""
    match event:
        case client.InputAudioAppend() | client.InputAudioCommit() | client.InputAudioClear():
            return _handle_audio(event, parts)
        case client.ItemCreate() | client.ItemRetrieve() | client.ItemDelete() | client.ItemTruncate():
            return _handle_item(event, parts)
        case client.SessionUpdate():
            return _update_session(event, parts)
        case client.ResponseCreate():
            return (_create_response(event, parts),)
        case client.ResponseCancel():
            return _cancel(event, parts)
        case _:
            assert_never(event)


def _handle_audio(
    event: client.InputAudioAppend | client.InputAudioCommit | client.InputAudioClear, parts: Parts
) -> tuple[Command, ...]:
    match event:
        case client.InputAudioAppend():
            return _append(event, parts)
        case client.InputAudioCommit():
            parts.input_audio.check_commit()
            return (commands.CommitAudio(item_id=commit(parts)),)
        case client.InputAudioClear():
            return _clear(parts)


def _handle_item(
    event: client.ItemCreate | client.ItemRetrieve | client.ItemDelete | client.ItemTruncate, parts: Parts
) -> tuple[Command, ...]:
    match event:
        case client.ItemCreate():
            return _create_item(event, parts)
        case client.ItemRetrieve():
            return _retrieve(event, parts)
        case client.ItemDelete():
            return _delete(event, parts)
        case client.ItemTruncate():
            return _truncate(event, parts)


# --- Session --------------------------------------------------------------------------------------------------------


def _update_session(event: client.SessionUpdate, parts: Parts) -> tuple[Command, ...]:
    previous = parts.session.config
    parts.session.update(event.session)
    parts.outbox.put(events.SessionUpdated(event_id=parts.outbox.event_id(), session=parts.session.echo()))
    return (commands.UpdateSession(config=parts.session.config, previous=previous),)


# --- Input audio ----------------------------------------------------------------------------------------------------


def _append(event: client.InputAudioAppend, parts: Parts) -> tuple[Command, ...]:
    audio_format = parts.session.config.input_format
    audio = parts.input_audio.append(event.audio, audio_format)
    dropped = parts.conversation.microphone_on()
    forget = (commands.ForgetFrames(item_ids=dropped),) if dropped else ()
    return (*forget, commands.AppendAudio(audio=audio, format=audio_format)) if audio else forget


def commit(parts: Parts) -> str:
    """Make the buffer a user message behind the newest camera frame; acknowledge; return its id."""
    parts.conversation.use_frames()
    item_id = parts.input_audio.take()
    item = MessageItem(id=item_id, role="user", content=(AudioContent(format=parts.session.config.input_format.name),))
    previous = parts.conversation.insert(item)
    parts.outbox.put(
        events.InputAudioCommitted(event_id=parts.outbox.event_id(), item_id=item_id, previous_item_id=previous)
    )
    _announce(item, previous, parts)
    parts.transcripts.committed(item_id)
    return item_id


def _clear(parts: Parts) -> tuple[Command, ...]:
    item_id = parts.input_audio.take()
    parts.transcripts.forget()
    parts.outbox.put(events.InputAudioCleared(event_id=parts.outbox.event_id()))
    return (commands.ClearAudio(item_id=item_id),)


# --- Conversation ---------------------------------------------------------------------------------------------------


def _announce(item: Item, previous: str | None, parts: Parts) -> None:
    shown, new_id = to_wire(item), parts.outbox.event_id
    parts.outbox.put(events.ItemAdded(event_id=new_id(), previous_item_id=previous, item=shown))
    parts.outbox.put(events.ItemDone(event_id=new_id(), previous_item_id=previous, item=shown))


def _create_item(event: client.ItemCreate, parts: Parts) -> tuple[Command, ...]:
    conversation = parts.conversation
    item_id = event.item.id or parts.ids.new("item")
    conversation.check_new(item_id)
    item = from_wire(event.item, item_id, parts.session.config.input_format)
    conversation.check_room(item)
    if is_frame(item) and event.previous_item_id is None:
        return _show_frame(item, parts)
    if event.previous_item_id is None and isinstance(item, MessageItem) and item.role == "user":
        conversation.use_frames()
    previous = conversation.insert(item, event.previous_item_id)
    _announce(item, previous, parts)
    return (commands.CreateItem(item=item),)


def _show_frame(item: Item, parts: Parts) -> tuple[Command, ...]:
    previous, dropped = parts.conversation.show(item)
    _announce(item, previous, parts)
    assert isinstance(item, MessageItem) and isinstance(item.content[0], ImageContent)
    picture = item.content[0]
    show = commands.ShowFrame(item_id=item.id, image=picture.image, mime=picture.mime)
    return (show, commands.ForgetFrames(item_ids=dropped)) if dropped else (show,)


def _retrieve(event: client.ItemRetrieve, parts: Parts) -> tuple[Command, ...]:
    item = parts.conversation.require(event.item_id, "item_retrieve_invalid_item_id")
    parts.outbox.put(events.ItemRetrieved(event_id=parts.outbox.event_id(), item=to_wire(item)))
    return ()


def _delete(event: client.ItemDelete, parts: Parts) -> tuple[Command, ...]:
    parts.conversation.delete(event.item_id)
    parts.outbox.put(events.ItemDeleted(event_id=parts.outbox.event_id(), item_id=event.item_id))
    return (commands.DeleteItem(item_id=event.item_id),)


def _truncate(event: client.ItemTruncate, parts: Parts) -> tuple[Command, ...]:
    parts.conversation.require(event.item_id, "item_truncate_invalid_item_id")
    if event.content_index != 0:
        raise RemoteProtocolError("The item has one content part, 0.", code="invalid_value", param="content_index")
    saying = parts.responses.saying(event.item_id)
    if saying is not None:
        end_ms = saying.truncate(event.audio_end_ms)
    else:
        end_ms = parts.conversation.truncate(event.item_id, event.audio_end_ms)
    told = {"item_id": event.item_id, "content_index": 0, "audio_end_ms": end_ms}
    parts.outbox.put(events.ItemTruncated.model_validate({"event_id": parts.outbox.event_id(), **told}))
    return (commands.TruncateItem(item_id=event.item_id, content_index=0, audio_end_ms=end_ms),)


# --- Responses ------------------------------------------------------------------------------------------------------


def _create_response(event: client.ResponseCreate, parts: Parts) -> commands.CreateResponse:
    params = event.response or client.ResponseParams()
    config = response_config(parts.session.config, params, parts.voices)
    given = None if params.input is None else tuple(_input_items(params.input, parts))
    in_band = params.conversation != "none"
    response_id = _open(config, in_band, params.metadata, parts)
    if given is None and in_band:
        parts.conversation.use_frames_for_response()
    return commands.CreateResponse(
        response_id=response_id,
        config=config,
        conversation="auto" if in_band else "none",
        input=given,
        metadata=params.metadata,
    )


def open_own_response(parts: Parts) -> commands.CreateResponse:
    """Open a response that turn detection asks for."""
    config = session_response_config(parts.session.config)
    return commands.CreateResponse(response_id=_open(config, True, None, parts), config=config)


def _open(config: ResponseConfig, in_band: bool, metadata: dict[str, str] | None, parts: Parts) -> str:
    if parts.session.config.kind == "transcription":
        raise RemoteProtocolError("A transcription session gives no responses.", code="invalid_value", param="type")
    show = "response.reasoning_text" in parts.session.config.events
    return parts.responses.open(config, in_band=in_band, metadata=metadata, show_reasoning=show)


def _input_items(given: list[wire_items.ItemOrReference], parts: Parts) -> list[Item]:
    if len(given) > MAX_INPUT_ITEMS:
        raise RemoteProtocolError(
            f"'response.input' has more than {MAX_INPUT_ITEMS} items.",
            code="array_above_max_length",
            param="response.input",
        )
    items: list[Item] = []
    for index, entry in enumerate(given):
        param = f"response.input[{index}]"
        if isinstance(entry, wire_items.ItemReference):
            known = parts.conversation.get(entry.id)
            if known is None:
                raise RemoteProtocolError(f"There is no item '{entry.id}'.", code="invalid_value", param=f"{param}.id")
            items.append(known)
        else:
            item_id = entry.id or parts.ids.new("item")
            items.append(from_wire(entry, item_id, parts.session.config.input_format, param))
    return items


def _cancel(event: client.ResponseCancel, parts: Parts) -> tuple[Command, ...]:
    response_id = event.response_id or parts.responses.active_id
    if response_id is None or not parts.responses.is_open(response_id):
        raise RemoteProtocolError(
            "Cancellation failed: no active response found.", code="response_cancel_not_active", param="response_id"
        )
    parts.responses.apply(ResponseFinished(response_id=response_id, status="cancelled", reason="client_cancelled"))
    return (commands.CancelResponse(response_id=response_id),)
