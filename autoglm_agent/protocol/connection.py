"""The realtime connection, sans I/O: client text in, commands out; facts in, server text out.

It owns the session's settings, the conversation, the accounting of input audio, the order of events and the state of
every response. It owns no socket, no task, no model and no audio: the runtime does.

Use:
    connection = RealtimeConnection(SessionDefaults(model="nano"), ids=RandomIds(), clock=time.time)
    connection.open()                                   # session.created
    for command in connection.receive_text(frame): ...  # act on it
    connection.send(TextDelta(response_id=…, text="好"))
    for text in connection.events_to_send(): await socket.send(text)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_never

from pydantic import ValidationError
from pydantic_core import from_json

from autoglm_agent.protocol import facts, requests, resuming
from autoglm_agent.protocol.commands import Command, CreateResponse
from autoglm_agent.protocol.config import SessionConfig, SessionDefaults
from autoglm_agent.protocol.conversation import Conversation
from autoglm_agent.protocol.errors import LocalProtocolError, RemoteProtocolError
from autoglm_agent.protocol.facts import Fact
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.input_audio import InputAudio
from autoglm_agent.protocol.items import Item
from autoglm_agent.protocol.optional_events import OptionalFact, optional_event
from autoglm_agent.protocol.outbox import Outbox
from autoglm_agent.protocol.requests import Parts
from autoglm_agent.protocol.responses import Responses
from autoglm_agent.protocol.session import SessionState
from autoglm_agent.protocol.transcripts import Transcripts
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire import server_events as events
from autoglm_agent.protocol.wire.client_events import CLIENT_EVENTS, AnyClientEvent, client_event_adapter

#: The longest `event_id` a client may choose (Realtime API reference).
MAX_EVENT_ID_CHARS = 512


class RealtimeConnection:
    """One client's protocol state. Not thread safe; synchronous; never blocks."""

    def __init__(
        self,
        defaults: SessionDefaults,
        *,
        ids: IdSource,
        clock: Callable[[], float],
        transcription_only: bool = False,
        preset: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare a session. `clock` gives Unix seconds (for `expires_at`).

        `preset` are settings in wire form, those of a client secret. Raises `RemoteProtocolError` when they are wrong.
        """
        self._id = ids.new("sess")
        self._max_seconds = defaults.max_session_seconds
        expires_at = int(clock()) + defaults.max_session_seconds
        self._received_events = 0
        session = SessionState(
            defaults,
            session_id=self._id,
            expires_at=expires_at,
            transcription_only=transcription_only,
            new_token=lambda: ids.new("resume"),
        )
        if preset:
            session.update(preset)
        outbox, conversation, input_audio = Outbox(ids), Conversation(), InputAudio(ids)
        self._parts = Parts(
            ids=ids,
            outbox=outbox,
            session=session,
            conversation=conversation,
            input_audio=input_audio,
            transcripts=Transcripts(session, conversation, input_audio, outbox),
            responses=Responses(conversation, ids, outbox),
            voices=defaults.voices,
        )

    @property
    def session_id(self) -> str:
        """The session's id (`sess_…`)."""
        return self._id

    @property
    def config(self) -> SessionConfig:
        """The settings in force."""
        return self._parts.session.config

    @property
    def input_item_id(self) -> str:
        """The id that the audio now being buffered will have as an item. Changes at commit and clear."""
        return self._parts.input_audio.item_id

    @property
    def buffered_ms(self) -> int:
        """Milliseconds of audio since the last commit or clear."""
        return self._parts.input_audio.buffered_ms

    @property
    def received_ms(self) -> int:
        """Milliseconds of audio since the session began; the clock of `audio_start_ms` and `audio_end_ms`."""
        return self._parts.input_audio.received_ms

    @property
    def resume_token(self) -> str | None:
        """What a client that lost its socket shows to come back; None when this client cannot."""
        resume = self._parts.session.resume
        return resume.token if resume is not None else None

    @property
    def active_response_id(self) -> str | None:
        """The response of the default conversation that is requested or in progress."""
        return self._parts.responses.active_id

    def message_id(self, response_id: str) -> str | None:
        """The item that an open response says its words in, once there are some."""
        return self._parts.responses.message_id(response_id)

    def open(self) -> None:
        """Queue `session.created`. Call once, first."""
        session = self._parts.session.echo()
        self._put(events.SessionCreated(event_id=self._event_id(), session=session))

    def receive_text(self, data: str) -> tuple[Command, ...]:
        """Take one frame from the client. Never raises for what a client sent: it queues an `error` event instead."""
        client_event_id: str | None = None
        self._received_events += 1
        try:
            raw = _parse_json(data)
            client_event_id = _event_id_of(raw)
            return requests.handle(_parse_event(raw), self._parts)
        except RemoteProtocolError as error:
            self._refuse(error, client_event_id)
            return ()

    def reconnected(self, *, is_complete: bool) -> None:
        """The client is back over another socket: queue `session.resumed`, or a snapshot if it has missed too much."""
        resuming.welcome_back(self._parts, is_complete=is_complete, received_events=self._received_events)

    def open_response(self) -> CreateResponse:
        """Begin a response of the server's own (turn detection). Raises `LocalProtocolError` when one is active."""
        try:
            return requests.open_own_response(self._parts)
        except RemoteProtocolError as error:
            raise LocalProtocolError(error.message) from error

    def send(self, fact: Fact) -> None:
        """Queue the events that tell the client of `fact`. Raises `LocalProtocolError` for an illegal order."""
        match fact:
            case facts.SpeechStarted() | facts.SpeechStopped() | facts.AudioCommitted() | facts.IdleTimedOut():
                self._listen(fact)
            case facts.TranscriptDelta() | facts.TranscriptCompleted() | facts.TranscriptFailed():
                self._parts.transcripts.take(fact)
            case facts.AudioDelta():
                self._parts.responses.apply(fact)
                self._parts.session.fix_voice()
            case (
                facts.ResponseStarted()
                | facts.ReasoningDelta()
                | facts.TextDelta()
                | facts.ToolCallDone()
                | facts.OwnToolCalled()
                | facts.OwnToolAnswered()
                | facts.UsageMeasured()
                | facts.ResponseFinished()
            ):
                self._parts.responses.apply(fact)
            case facts.ItemHeard():
                self._hear(fact)
            case facts.ErrorRaised():
                self._error(fact.type, fact.message, fact.code, fact.param)
            case facts.SessionExpired():
                message = f"Your session hit the maximum duration of {self._max_seconds // 60} minutes."
                self._error("invalid_request_error", message, "session_expired")
            case (
                facts.GateUpdated()
                | facts.FrameEncoded()
                | facts.TurnPredicted()
                | facts.LatencyMeasured()
                | facts.AudioShed()
            ):
                self._tell_if_wanted(fact)
            case _:
                assert_never(fact)

    def events_to_send(self) -> list[str]:
        """Take the queued server events, oldest first, each a JSON text under 1 MiB."""
        return self._parts.outbox.drain()

    def wants(self, event: str) -> bool:
        """Whether the client asked for an optional event (one of `config.OPTIONAL_EVENTS`)."""
        return event in self.config.events

    def history(self) -> tuple[Item, ...]:
        """The conversation in order, decoded: what a response without `input` answers."""
        return self._parts.conversation.history()

    def item(self, item_id: str) -> Item | None:
        """One item of the conversation or a camera frame not yet used; None when unknown."""
        return self._parts.conversation.get(item_id)

    # --- Facts ------------------------------------------------------------------------------------------------------

    def _listen(
        self, fact: facts.SpeechStarted | facts.SpeechStopped | facts.AudioCommitted | facts.IdleTimedOut
    ) -> None:
        buffer, item_id = self._parts.input_audio, self._parts.input_audio.item_id
        match fact:
            case facts.SpeechStarted(audio_start_ms=start):
                buffer.speak(fact)
                self._put(events.InputSpeechStarted(event_id=self._event_id(), item_id=item_id, audio_start_ms=start))
            case facts.SpeechStopped(audio_end_ms=end):
                if buffer.speak(fact):
                    self._put(events.InputSpeechStopped(event_id=self._event_id(), item_id=item_id, audio_end_ms=end))
            case facts.IdleTimedOut(audio_start_ms=start, audio_end_ms=end):
                self._put(
                    events.InputTimeoutTriggered(
                        event_id=self._event_id(), item_id=item_id, audio_start_ms=start, audio_end_ms=end
                    )
                )
            case facts.AudioCommitted():
                requests.commit(self._parts)

    def _hear(self, fact: facts.ItemHeard) -> None:
        saying = self._parts.responses.saying(fact.item_id)
        if saying is not None:
            saying.hear(fact.text)
        else:
            self._parts.conversation.hear(fact.item_id, fact.text)

    def _tell_if_wanted(self, fact: OptionalFact) -> None:
        name, event = optional_event(fact, self._event_id())
        if self.wants(name):
            self._put(event)

    # --- Errors and events ------------------------------------------------------------------------------------------

    def _refuse(self, error: RemoteProtocolError, client_event_id: str | None) -> None:
        self._error("invalid_request_error", error.message, error.code, error.param, client_event_id)

    def _error(
        self, kind: str, message: str, code: str | None, param: str | None = None, client_event_id: str | None = None
    ) -> None:
        detail = events.ErrorDetail(type=kind, code=code, message=message, param=param, event_id=client_event_id)
        self._put(events.Error(event_id=self._event_id(), error=detail))

    def _event_id(self) -> str:
        return self._parts.outbox.event_id()

    def _put(self, event: events.ServerEvent) -> None:
        self._parts.outbox.put(event)


def _parse_json(data: str) -> dict[str, Any]:
    try:
        raw = from_json(data, allow_inf_nan=False)
    except (ValueError, TypeError):  # TypeError: text with lone surrogates, which no UTF-8 frame can hold
        raise RemoteProtocolError("The message is not valid JSON.", code="invalid_json") from None
    if not isinstance(raw, dict):
        raise RemoteProtocolError("The message must be a JSON object.", code="invalid_json")
    return raw


def _event_id_of(raw: dict[str, Any]) -> str | None:
    event_id = raw.get("event_id")
    return event_id if isinstance(event_id, str) and len(event_id) <= MAX_EVENT_ID_CHARS else None


def _parse_event(raw: dict[str, Any]) -> AnyClientEvent:
    kind = raw.get("type")
    if kind is None:
        raise RemoteProtocolError("'type' is missing.", code="missing_required_parameter", param="type")
    if not isinstance(kind, str) or kind not in CLIENT_EVENTS:
        supported = ", ".join(f"'{name}'" for name in CLIENT_EVENTS)
        shown = repr(kind)[:64]
        raise RemoteProtocolError(
            f"Invalid value: {shown}. Supported values are: {supported}.", code="invalid_value", param="type"
        )
    try:
        return client_event_adapter.validate_python(raw)
    except ValidationError as error:
        raise invalid_request(error) from None
