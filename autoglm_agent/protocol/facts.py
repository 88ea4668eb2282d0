"""Facts: what happened in the runtime, in the past tense. `RealtimeConnection.send` turns them into server events.

A fact names what happened once; how many events that makes, and in which order, is the connection's business. Facts of
a response that is already over are dropped, so a late result after a barge-in cannot reach the client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# --- Listening ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Voice began, `audio_start_ms` into the session's audio (prefix padding included).

    It cancels nothing: when it interrupts, send `ResponseFinished(status="cancelled", reason="turn_detected")` next.
    """

    audio_start_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """Voice ended, `audio_end_ms` into the session's audio."""

    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioCommitted:
    """Turn detection ended the user's turn: the buffer becomes item `connection.input_item_id` (read it before)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTimedOut:
    """Nobody spoke for `idle_timeout_ms`. Send `AudioCommitted` after it, then a response."""

    audio_start_ms: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptDelta:
    """The stable transcript of `item_id` grew by `text`. Held back until the item has been announced."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptCompleted:
    """The final transcript of `item_id`, whose audio lasts `audio_seconds`. It also enters the history."""

    item_id: str
    transcript: str
    audio_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptFailed:
    """The audio of `item_id` could not be transcribed."""

    item_id: str
    message: str
    code: str = "transcription_failed"


# --- Answering ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseUsage:
    """Token counts of one response. `input_tokens` and `output_tokens` are totals of their details."""

    input_tokens: int = 0
    cached_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_tokens: int = 0
    output_audio_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStarted:
    """Work on a response began. `response_id` is from `CreateResponse`, the client's or `open_response()`'s."""

    response_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """The reasoning trace grew. On the wire only for clients that asked; always kept with the item."""

    response_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """The answer grew: text in a text response, the spoken transcript in an audio response."""

    response_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioDelta:
    """The answer's voice grew by whole samples in the response's output format. Any size: it is cut into frames."""

    response_id: str
    audio: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDone:
    """The model called a tool. `call_id` None: the connection makes one."""

    response_id: str
    name: str
    arguments: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnToolCalled:
    """An agent on the server's side called a tool and will answer it itself.

    It becomes an item of the conversation and not of the response: clients run the calls they find in a response.
    """

    response_id: str
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnToolAnswered:
    """A tool that an agent on the server's side called has returned; another item of the conversation."""

    response_id: str
    call_id: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageMeasured:
    """What the response has cost so far; used when it is cancelled before `ResponseFinished` can tell."""

    response_id: str
    usage: ResponseUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFinished:
    """The response ended. `error_message` and `error_code` belong to `failed`.

    `reason`: `turn_detected` or `client_cancelled` with `cancelled`; `max_output_tokens` or `content_filter` with
    `incomplete`. A client's own `response.cancel` has been answered before: this fact is then dropped.
    """

    response_id: str
    status: Literal["completed", "cancelled", "failed", "incomplete"] = "completed"
    reason: Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"] | None = None
    usage: ResponseUsage | None = None
    error_message: str = ""
    error_code: str = "server_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemHeard:
    """Of the assistant's item only `text` was heard. It changes the history; no event tells."""

    item_id: str
    text: str


# --- Perceiving and measuring; each only for clients that asked -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GateUpdated:
    """The fusion gate's weights, summing to 1, as of `audio_end_ms` of audio."""

    text: float
    image: float
    speech: float
    audio_end_ms: int
    item_id: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEncoded:
    """A frame went through the vision encoder, or was `skipped` as a near-duplicate or superseded."""

    frame_id: str
    skipped: bool
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPredicted:
    """How likely the user has finished."""

    end_of_turn_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMeasured:
    """A stage (`asr_final`, `first_token`, `first_audio`, `interrupt`, …) took `ms`."""

    stage: str
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioShed:
    """`ms` of input were thrown away because the buffer was full."""

    ms: int


# --- Trouble --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRaised:
    """Something failed outside any response (a broken picture, an engine restart). The session goes on."""

    message: str
    code: str | None = None
    param: str | None = None
    type: Literal["invalid_request_error", "server_error"] = "server_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExpired:
    """The session's time is over. Close the socket with 1001 after this."""


Fact = (
    SpeechStarted
    | SpeechStopped
    | AudioCommitted
    | IdleTimedOut
    | TranscriptDelta
    | TranscriptCompleted
    | TranscriptFailed
    | ResponseStarted
    | ReasoningDelta
    | TextDelta
    | AudioDelta
    | ToolCallDone
    | OwnToolCalled
    | OwnToolAnswered
    | UsageMeasured
    | ResponseFinished
    | ItemHeard
    | GateUpdated
    | FrameEncoded
    | TurnPredicted
    | LatencyMeasured
    | AudioShed
    | ErrorRaised
    | SessionExpired
)

#: Facts that belong to a response; the response state machine's inputs.
ResponseFact = (
    ResponseStarted
    | ReasoningDelta
    | TextDelta
    | AudioDelta
    | ToolCallDone
    | OwnToolCalled
    | OwnToolAnswered
    | UsageMeasured
    | ResponseFinished
)

#: The usage of a response nobody measured.
NO_USAGE = ResponseUsage()
