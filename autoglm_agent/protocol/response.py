"""A response's life: requested, in progress, finished. Legal moves are data (`TRANSITIONS`).

What a fact makes of items and parts is in `output`; here are the beginning, the end and what is between them legal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import Literal, assert_never

from autoglm_agent.protocol.config import AUDIO_FORMATS, AudioFormat, ResponseConfig
from autoglm_agent.protocol.errors import LocalProtocolError
from autoglm_agent.protocol.facts import (
    NO_USAGE,
    AudioDelta,
    OwnToolAnswered,
    OwnToolCalled,
    ReasoningDelta,
    ResponseFact,
    ResponseFinished,
    ResponseStarted,
    ResponseUsage,
    TextDelta,
    ToolCallDone,
    UsageMeasured,
)
from autoglm_agent.protocol.item_codec import to_wire
from autoglm_agent.protocol.outbox import Outbox
from autoglm_agent.protocol.output import Output
from autoglm_agent.protocol.wire import response as wire
from autoglm_agent.protocol.wire import server_events as events
from autoglm_agent.protocol.wire.session import Format, PcmaFormat, PcmFormat, PcmuFormat


class ResponseState(Enum):
    """Where a response stands. A finished one is forgotten, so that nothing can follow `response.done`."""

    REQUESTED = auto()
    IN_PROGRESS = auto()
    FINISHED = auto()


TRANSITIONS: Mapping[ResponseState, Mapping[type[ResponseFact], ResponseState]] = {
    ResponseState.REQUESTED: {
        ResponseStarted: ResponseState.IN_PROGRESS,
        UsageMeasured: ResponseState.REQUESTED,
        ResponseFinished: ResponseState.FINISHED,
    },
    ResponseState.IN_PROGRESS: {
        ReasoningDelta: ResponseState.IN_PROGRESS,
        TextDelta: ResponseState.IN_PROGRESS,
        AudioDelta: ResponseState.IN_PROGRESS,
        ToolCallDone: ResponseState.IN_PROGRESS,
        OwnToolCalled: ResponseState.IN_PROGRESS,
        OwnToolAnswered: ResponseState.IN_PROGRESS,
        UsageMeasured: ResponseState.IN_PROGRESS,
        ResponseFinished: ResponseState.FINISHED,
    },
    ResponseState.FINISHED: {},
}


class OpenResponse:
    """One response between its request and its `response.done`."""

    def __init__(
        self,
        response_id: str,
        config: ResponseConfig,
        output: Output,
        outbox: Outbox,
        *,
        conversation_id: str | None,
        metadata: dict[str, str] | None,
    ) -> None:
        """Prepare. `conversation_id` None is out of band."""
        self.id = response_id
        self.output = output
        self.conversation_id = conversation_id
        self.state = ResponseState.REQUESTED
        self._config = config
        self._outbox = outbox
        self._metadata = metadata
        self._usage: ResponseUsage | None = None

    @property
    def finished(self) -> bool:
        """Whether `response.done` is out."""
        return self.state is ResponseState.FINISHED

    def apply(self, fact: ResponseFact) -> None:
        """Make the events of one fact. Raises `LocalProtocolError` when it is not legal now."""
        following = TRANSITIONS[self.state].get(type(fact))
        if following is None:
            raise LocalProtocolError(f"{type(fact).__name__} while response {self.id} is {self.state.name}")
        match fact:
            case ResponseStarted():
                self._created()
            case ReasoningDelta():
                self.output.reason(fact.text)
            case TextDelta():
                self.output.say(fact.text)
            case AudioDelta():
                self.output.voice(fact.audio)
            case ToolCallDone():
                self.output.call(fact)
            case OwnToolCalled() | OwnToolAnswered():
                self.output.step(fact)
            case UsageMeasured():
                self._usage = fact.usage
            case ResponseFinished():
                self._finish(fact)
            case _:
                assert_never(fact)
        self.state = following

    def _created(self) -> None:
        self._outbox.put(
            events.ResponseCreated(event_id=self._outbox.event_id(), response=self._to_wire("in_progress"))
        )

    def _finish(self, fact: ResponseFinished) -> None:
        """Close all parts, then the response. One that never started is created first: done never comes alone."""
        if self.state is ResponseState.REQUESTED:
            self._created()
        self.output.close("completed" if fact.status == "completed" else "incomplete")
        usage = fact.usage or self._usage or replace(NO_USAGE, output_tokens=self.output.num_deltas)
        done = self._to_wire(fact.status).model_copy(
            update={
                "output": [to_wire(item) for item in self.output.items],
                "status_details": _status_details(fact),
                "usage": _usage_to_wire(usage),
            }
        )
        self._outbox.put(events.ResponseDone(event_id=self._outbox.event_id(), response=done))

    def _to_wire(
        self, status: Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]
    ) -> wire.Response:
        config = self._config
        voiced = wire.ResponseAudio(
            output=wire.ResponseAudioOutput(format=format_to_wire(config.output_format), voice=config.voice)
        )
        return wire.Response(
            id=self.id,
            status=status,
            conversation_id=self.conversation_id,
            output_modalities=[config.modality],
            max_output_tokens=config.max_output_tokens or "inf",
            audio=voiced if config.modality == "audio" else None,
            metadata=self._metadata,
        )


def format_to_wire(audio_format: AudioFormat) -> Format:
    """Name an audio format on the wire."""
    match audio_format.name:
        case "audio/pcm":
            return PcmFormat()
        case "audio/pcmu":
            return PcmuFormat()
        case "audio/pcma":
            return PcmaFormat()


def format_from_wire(audio_format: Format) -> AudioFormat:
    """Look an audio format up."""
    return AUDIO_FORMATS[audio_format.type]


def _status_details(fact: ResponseFinished) -> wire.StatusDetails | None:
    if fact.status == "completed":
        return None
    error = None
    if fact.status == "failed":
        error = wire.StatusError(type="server_error", code=fact.error_code, message=fact.error_message)
    return wire.StatusDetails(type=fact.status, reason=fact.reason, error=error)


def _usage_to_wire(usage: ResponseUsage) -> wire.Usage:
    text_in = usage.input_tokens - usage.input_audio_tokens - usage.input_image_tokens
    return wire.Usage(
        total_tokens=usage.input_tokens + usage.output_tokens,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_token_details=wire.InputTokenDetails(
            text_tokens=max(text_in, 0),
            audio_tokens=usage.input_audio_tokens,
            image_tokens=usage.input_image_tokens,
            cached_tokens=usage.cached_tokens,
        ),
        output_token_details=wire.OutputTokenDetails(
            text_tokens=max(usage.output_tokens - usage.output_audio_tokens, 0),
            audio_tokens=usage.output_audio_tokens,
        ),
    )
