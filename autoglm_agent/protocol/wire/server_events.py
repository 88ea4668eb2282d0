"""Server events, GA names. Order and state are the connection's; here is only their shape."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter

from autoglm_agent.protocol.wire.base import Maybe, Wire
from autoglm_agent.protocol.wire.items import Item
from autoglm_agent.protocol.wire.response import ContentPart, Response
from autoglm_agent.protocol.wire.session import RealtimeSession, TranscriptionSession


class ServerEvent(Wire):
    """What every server event has."""

    event_id: str


# --- Session and errors ---------------------------------------------------------------------------------------------


class ErrorDetail(Wire):
    """What went wrong. `event_id` is the client's, when it gave one."""

    type: str
    code: str | None = None
    message: str
    param: str | None = None
    event_id: str | None = None


class Error(ServerEvent):
    """Something could not be done; the connection goes on."""

    type: Literal["error"] = "error"
    error: ErrorDetail


SessionUnion = Annotated[RealtimeSession | TranscriptionSession, Field(discriminator="type")]


class SessionCreated(ServerEvent):
    """The first event."""

    type: Literal["session.created"] = "session.created"
    session: SessionUnion


class SessionUpdated(ServerEvent):
    """All settings, after a change."""

    type: Literal["session.updated"] = "session.updated"
    session: SessionUnion


class SessionResumed(ServerEvent):
    """The client is back. What followed the last event it saw comes next; it repeats its audio from there on.

    `received_events` counts the client's frames, all of them since the session began: what it sent later was lost.
    """

    type: Literal["session.resumed"] = "session.resumed"
    session: SessionUnion
    received_audio_ms: int
    received_events: int


class SessionResyncRequired(ServerEvent):
    """The client is back, and missed more than can be repeated: this is how things stand.

    `items` are the newest of the conversation, in order, without audio and pictures, as many as fit into the event;
    `previous_item_id` is in front of them. An answer that is being made goes on with its next event.
    """

    type: Literal["session.resync_required"] = "session.resync_required"
    session: SessionUnion
    items: list[Item]
    previous_item_id: str | None
    received_audio_ms: int
    received_events: int


# --- Conversation ---------------------------------------------------------------------------------------------------


class ItemAdded(ServerEvent):
    """An item has its place."""

    type: Literal["conversation.item.added"] = "conversation.item.added"
    previous_item_id: str | None
    item: Item


class ItemDone(ServerEvent):
    """An item is final."""

    type: Literal["conversation.item.done"] = "conversation.item.done"
    previous_item_id: str | None
    item: Item


class ItemRetrieved(ServerEvent):
    """The item that was asked for."""

    type: Literal["conversation.item.retrieved"] = "conversation.item.retrieved"
    item: Item


class ItemDeleted(ServerEvent):
    """The item is gone."""

    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str


class ItemTruncated(ServerEvent):
    """What was not heard is gone."""

    type: Literal["conversation.item.truncated"] = "conversation.item.truncated"
    item_id: str
    content_index: int
    audio_end_ms: int


class TranscriptionDelta(ServerEvent):
    """The user's transcript grew at its end."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str


class DurationUsage(Wire):
    """Transcription is counted in seconds of audio."""

    type: Literal["duration"] = "duration"
    seconds: float


class TranscriptionCompleted(ServerEvent):
    """The user's final transcript."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    usage: DurationUsage


class TranscriptionError(Wire):
    """Why there is no transcript."""

    type: str
    code: str
    message: str


class TranscriptionFailed(ServerEvent):
    """There is no transcript."""

    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: TranscriptionError


# --- Input audio ----------------------------------------------------------------------------------------------------


class InputAudioCommitted(ServerEvent):
    """The buffer became an item."""

    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | None


class InputAudioCleared(ServerEvent):
    """The buffer is empty."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


class InputSpeechStarted(ServerEvent):
    """Voice began; stock clients stop their playback here."""

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    item_id: str
    audio_start_ms: int


class InputSpeechStopped(ServerEvent):
    """Voice ended."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    item_id: str
    audio_end_ms: int


class InputTimeoutTriggered(ServerEvent):
    """Nobody spoke for too long."""

    type: Literal["input_audio_buffer.timeout_triggered"] = "input_audio_buffer.timeout_triggered"
    item_id: str
    audio_start_ms: int
    audio_end_ms: int


# --- Responses ------------------------------------------------------------------------------------------------------


class ResponseCreated(ServerEvent):
    """A response began."""

    type: Literal["response.created"] = "response.created"
    response: Response


class ResponseDone(ServerEvent):
    """A response ended; exactly one for each."""

    type: Literal["response.done"] = "response.done"
    response: Response


class InResponse(ServerEvent):
    """Events that belong to a response's item."""

    response_id: str
    output_index: int


class OutputItemAdded(InResponse):
    """The response opened an item."""

    type: Literal["response.output_item.added"] = "response.output_item.added"
    item: Item


class OutputItemDone(InResponse):
    """The response closed an item."""

    type: Literal["response.output_item.done"] = "response.output_item.done"
    item: Item


class FunctionArgumentsDelta(InResponse):
    """A call's arguments grew."""

    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    item_id: str
    call_id: str
    delta: str


class FunctionArgumentsDone(InResponse):
    """A call's arguments are whole."""

    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    item_id: str
    call_id: str
    name: str
    arguments: str


class InPart(InResponse):
    """Events that belong to a content part."""

    item_id: str
    content_index: int = 0


class ContentPartAdded(InPart):
    """The item opened a part."""

    type: Literal["response.content_part.added"] = "response.content_part.added"
    part: ContentPart


class ContentPartDone(InPart):
    """The item closed a part."""

    type: Literal["response.content_part.done"] = "response.content_part.done"
    part: ContentPart


class OutputTextDelta(InPart):
    """The text grew."""

    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str


class OutputTextDone(InPart):
    """The text is whole."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str


class OutputAudioDelta(InPart):
    """More base64 voice."""

    type: Literal["response.output_audio.delta"] = "response.output_audio.delta"
    delta: str


class OutputAudioDone(InPart):
    """No more voice."""

    type: Literal["response.output_audio.done"] = "response.output_audio.done"


class OutputTranscriptDelta(InPart):
    """What is spoken grew."""

    type: Literal["response.output_audio_transcript.delta"] = "response.output_audio_transcript.delta"
    delta: str


class OutputTranscriptDone(InPart):
    """What was spoken."""

    type: Literal["response.output_audio_transcript.done"] = "response.output_audio_transcript.done"
    transcript: str


# --- Ours, only when asked for --------------------------------------------------------------------------------------


class ReasoningTextDelta(InPart):
    """The reasoning trace grew."""

    type: Literal["response.reasoning_text.delta"] = "response.reasoning_text.delta"
    delta: str


class ReasoningTextDone(InPart):
    """The reasoning trace is whole."""

    type: Literal["response.reasoning_text.done"] = "response.reasoning_text.done"
    text: str


class FusionWeights(Wire):
    """The gate's weights; they sum to 1."""

    text: float
    image: float
    speech: float


class FusionUpdated(ServerEvent):
    """The gate moved."""

    type: Literal["autoglm.fusion.updated"] = "autoglm.fusion.updated"
    item_id: Maybe[str] = None
    weights: FusionWeights
    audio_end_ms: int
    frame_id: Maybe[str] = None


class VisionFrameEncoded(ServerEvent):
    """A frame was encoded or skipped."""

    type: Literal["autoglm.vision.frame_encoded"] = "autoglm.vision.frame_encoded"
    frame_id: str
    skipped: bool
    latency_ms: float


class EndOfTurnPredicted(ServerEvent):
    """How likely the user has finished."""

    type: Literal["autoglm.turn.predicted"] = "autoglm.turn.predicted"
    end_of_turn_probability: float


class StageLatency(ServerEvent):
    """A stage took this long."""

    type: Literal["autoglm.latency"] = "autoglm.latency"
    stage: str
    ms: float


class InputAudioShed(ServerEvent):
    """So much input was thrown away."""

    type: Literal["autoglm.audio.shed"] = "autoglm.audio.shed"
    ms: int


AnyServerEvent = Annotated[
    Error
    | SessionCreated
    | SessionUpdated
    | SessionResumed
    | SessionResyncRequired
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | TranscriptionDelta
    | TranscriptionCompleted
    | TranscriptionFailed
    | InputAudioCommitted
    | InputAudioCleared
    | InputSpeechStarted
    | InputSpeechStopped
    | InputTimeoutTriggered
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | FunctionArgumentsDelta
    | FunctionArgumentsDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | OutputAudioDelta
    | OutputAudioDone
    | OutputTranscriptDelta
    | OutputTranscriptDone
    | ReasoningTextDelta
    | ReasoningTextDone
    | FusionUpdated
    | VisionFrameEncoded
    | EndOfTurnPredicted
    | StageLatency
    | InputAudioShed,
    Field(discriminator="type"),
]

SERVER_EVENTS: dict[str, type[ServerEvent]] = {
    event.model_fields["type"].default: event for event in get_args(get_args(AnyServerEvent)[0])
}
server_event_adapter: TypeAdapter[AnyServerEvent] = TypeAdapter(AnyServerEvent)
