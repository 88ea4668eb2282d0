"""What a `RealtimeVoice` tells of, as typed events, and how they follow from the events of the Realtime protocol.

Each has a `type`, as LangChain's voice examples do. Sound is s16le, mono, 24 kHz; times are milliseconds of the
session's audio.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """The session is open; `session_id` is also the agent's `thread_id` unless the config names another."""

    type: ClassVar[Literal["session_started"]] = "session_started"
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """The user speaks. Stop playing what was sent: if an answer was under way, `interrupted` follows at once."""

    type: ClassVar[Literal["speech_started"]] = "speech_started"
    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """The user's turn is over."""

    type: ClassVar[Literal["speech_stopped"]] = "speech_stopped"
    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SttChunk:
    """The transcript of `item_id` grew; what was told is never taken back."""

    type: ClassVar[Literal["stt_chunk"]] = "stt_chunk"
    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SttOutput:
    """All that was understood of `item_id`."""

    type: ClassVar[Literal["stt_output"]] = "stt_output"
    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSeen:
    """A frame was encoded, or `skipped` since it showed nothing new."""

    type: ClassVar[Literal["frame"]] = "frame"
    frame_id: str
    skipped: bool
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """The gate's weights; they sum to 1."""

    type: ClassVar[Literal["fusion"]] = "fusion"
    text: float
    image: float
    speech: float
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningChunk:
    """The agent's reasoning grew. It is never spoken."""

    type: ClassVar[Literal["reasoning_chunk"]] = "reasoning_chunk"
    response_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChunk:
    """The agent's answer grew."""

    type: ClassVar[Literal["agent_chunk"]] = "agent_chunk"
    response_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The agent called a tool. `arguments` is a JSON object as text."""

    type: ClassVar[Literal["tool_call"]] = "tool_call"
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """A tool returned."""

    type: ClassVar[Literal["tool_result"]] = "tool_result"
    call_id: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsChunk:
    """The answer's voice went on; sent about a second ahead of what is heard."""

    type: ClassVar[Literal["tts_chunk"]] = "tts_chunk"
    response_id: str
    audio: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """The user took the floor, or cancelled: the agent was stopped, and nothing of this answer follows."""

    type: ClassVar[Literal["interrupted"]] = "interrupted"
    response_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The answer is over: `completed`, `cancelled`, `failed` or `incomplete`."""

    type: ClassVar[Literal["turn_end"]] = "turn_end"
    response_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceError:
    """Something went wrong, in the agent or elsewhere; the session goes on."""

    type: ClassVar[Literal["error"]] = "error"
    message: str
    code: str | None


VoiceEvent = (
    SessionStarted
    | SpeechStarted
    | SpeechStopped
    | SttChunk
    | SttOutput
    | FrameSeen
    | Fusion
    | ReasoningChunk
    | AgentChunk
    | ToolCall
    | ToolResult
    | TtsChunk
    | Interrupted
    | TurnEnded
    | VoiceError
)

OPTIONAL_EVENTS = ["response.reasoning_text", "autoglm.fusion.updated", "autoglm.vision.frame_encoded"]
"""What a session must be asked to tell of."""

HARMLESS = "response_cancel_not_active"
"""The answer was over just before it was to be cancelled."""


def voice_events(event: Mapping[str, Any]) -> list[VoiceEvent]:
    """What a server's event means; most have one meaning, some none."""
    kind = event["type"]
    if kind.startswith("response."):
        return _answering(kind.removeprefix("response."), event)
    return _listening(kind, event)


def _listening(kind: str, event: Mapping[str, Any]) -> list[VoiceEvent]:
    match kind.removeprefix("conversation.item.input_audio_transcription."):
        case "session.created":
            return [SessionStarted(session_id=event["session"]["id"])]
        case "input_audio_buffer.speech_started":
            return [SpeechStarted(item_id=event["item_id"], audio_start_ms=event["audio_start_ms"])]
        case "input_audio_buffer.speech_stopped":
            return [SpeechStopped(item_id=event["item_id"], audio_end_ms=event["audio_end_ms"])]
        case "delta":
            return [SttChunk(item_id=event["item_id"], text=event["delta"])]
        case "completed":
            return [SttOutput(item_id=event["item_id"], text=event["transcript"])]
        case "autoglm.vision.frame_encoded":
            latency_ms = event["latency_ms"]
            return [FrameSeen(frame_id=event["frame_id"], skipped=event["skipped"], latency_ms=latency_ms)]
        case "autoglm.fusion.updated":
            return [Fusion(**event["weights"], audio_end_ms=event["audio_end_ms"])]
        case "conversation.item.done":
            return _tool_step(event["item"])
        case "error" | "failed":
            message, code = event["error"]["message"], event["error"].get("code")
            return [VoiceError(message=message, code=code)] if code != HARMLESS else []
    return []


def _answering(kind: str, event: Mapping[str, Any]) -> list[VoiceEvent]:
    match kind:
        case "reasoning_text.delta":
            return [ReasoningChunk(response_id=event["response_id"], text=event["delta"])]
        case "output_text.delta" | "output_audio_transcript.delta":
            return [AgentChunk(response_id=event["response_id"], text=event["delta"])]
        case "output_audio.delta":
            return [TtsChunk(response_id=event["response_id"], audio=base64.b64decode(event["delta"]))]
        case "done":
            return _ended(event["response"])
    return []


def _tool_step(item: Mapping[str, Any]) -> list[VoiceEvent]:
    match item["type"]:
        case "function_call":
            return [ToolCall(call_id=item["call_id"], name=item["name"], arguments=item["arguments"])]
        case "function_call_output":
            return [ToolResult(call_id=item["call_id"], output=item["output"])]
    return []


def _ended(response: Mapping[str, Any]) -> list[VoiceEvent]:
    ended = TurnEnded(response_id=response["id"], status=response["status"])
    if response["status"] != "cancelled":
        return [ended]
    reason = (response.get("status_details") or {}).get("reason") or "cancelled"
    return [Interrupted(response_id=response["id"], reason=reason), ended]
