"""The server's events as objects with types, to `match` on: `case OutputTextDelta(): print(event.delta)`.

The classes are those the server writes them with; OpenAI's Realtime reference tells what each means, and
`response.reasoning_text.*` and `autoglm.*` are ours. Here is only their reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from autoglm_agent.protocol.wire.server_events import (
    SERVER_EVENTS,
    ContentPartAdded,
    ContentPartDone,
    EndOfTurnPredicted,
    Error,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    FusionUpdated,
    InputAudioCleared,
    InputAudioCommitted,
    InputAudioShed,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTimeoutTriggered,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    OutputAudioDelta,
    OutputAudioDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
    ReasoningTextDelta,
    ReasoningTextDone,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionResumed,
    SessionResyncRequired,
    SessionUpdated,
    StageLatency,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionFailed,
    VisionFrameEncoded,
)

__all__ = [
    "AnyEvent",
    "ContentPartAdded",
    "ContentPartDone",
    "EndOfTurnPredicted",
    "Error",
    "FunctionArgumentsDelta",
    "FunctionArgumentsDone",
    "FusionUpdated",
    "InputAudioCleared",
    "InputAudioCommitted",
    "InputAudioShed",
    "InputSpeechStarted",
    "InputSpeechStopped",
    "InputTimeoutTriggered",
    "ItemAdded",
    "ItemDeleted",
    "ItemDone",
    "ItemRetrieved",
    "ItemTruncated",
    "OutputAudioDelta",
    "OutputAudioDone",
    "OutputItemAdded",
    "OutputItemDone",
    "OutputTextDelta",
    "OutputTextDone",
    "OutputTranscriptDelta",
    "OutputTranscriptDone",
    "ReasoningTextDelta",
    "ReasoningTextDone",
    "ResponseCreated",
    "ResponseDone",
    "SessionCreated",
    "SessionResumed",
    "SessionResyncRequired",
    "SessionUpdated",
    "StageLatency",
    "TranscriptionCompleted",
    "TranscriptionDelta",
    "TranscriptionFailed",
    "UnknownEvent",
    "VisionFrameEncoded",
    "read_event",
]


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event this version does not know, or of another shape: other servers have their own."""

    type: str
    json: dict[str, Any]


AnyEvent = ServerEvent | UnknownEvent


def read_event(event: dict[str, Any]) -> AnyEvent:
    """An event's JSON as an object. Never raises: what cannot be read is an `UnknownEvent`."""
    kind = str(event.get("type"))
    try:
        return SERVER_EVENTS[kind].model_validate(event)
    except (KeyError, ValidationError):
        return UnknownEvent(kind, event)
