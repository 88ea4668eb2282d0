"""Wire form of a session. The models carry the defaults of the Realtime API; `protocol.session` has the merge rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from autoglm_agent.protocol.config import OPTIONAL_EVENTS
from autoglm_agent.protocol.wire.base import Maybe, Text, Wire


class PcmFormat(Wire):
    """16-bit little-endian mono; 24 kHz is the only legal rate."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[24000] = 24000


class PcmuFormat(Wire):
    """G.711 μ-law at 8 kHz."""

    type: Literal["audio/pcmu"] = "audio/pcmu"


class PcmaFormat(Wire):
    """G.711 A-law at 8 kHz."""

    type: Literal["audio/pcma"] = "audio/pcma"


Format = Annotated[PcmFormat | PcmuFormat | PcmaFormat, Field(discriminator="type")]


class ServerVad(Wire):
    """Turn taking by silence. The idle timeout's bounds are the Realtime API's."""

    type: Literal["server_vad"] = "server_vad"
    threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    prefix_padding_ms: Annotated[int, Field(ge=0, le=5_000)] = 300
    silence_duration_ms: Annotated[int, Field(ge=0, le=30_000)] = 500
    idle_timeout_ms: Annotated[int, Field(ge=5_000, le=30_000)] | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Wire):
    """Turn taking by meaning."""

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class NoiseReduction(Wire):
    """Accepted and echoed; nothing is filtered."""

    type: Literal["near_field", "far_field"]


class Transcription(Wire):
    """Whether and how the user's speech is transcribed for the client."""

    model: Maybe[str] = None
    language: Maybe[str] = None
    prompt: Maybe[str] = None


class AudioInput(Wire):
    """What comes in."""

    format: Format = PcmFormat()
    noise_reduction: NoiseReduction | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = None


class VoiceReference(Wire):
    """A custom voice by id."""

    id: str


class AudioOutput(Wire):
    """What goes out."""

    format: Format = PcmFormat()
    voice: str | VoiceReference = ""
    speed: Annotated[float, Field(ge=0.25, le=1.5)] = 1.0


class Audio(Wire):
    """Both directions."""

    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class TranscriptionAudio(Wire):
    """The one direction of a transcription session. Whatever was asked for, the end of a turn brings no response."""

    input: AudioInput = AudioInput()

    @field_validator("input")
    @classmethod
    def _unanswered(cls, given: AudioInput) -> AudioInput:
        detection = given.turn_detection
        if detection is None:
            return given
        return given.model_copy(update={"turn_detection": detection.model_copy(update={"create_response": False})})


class FunctionTool(Wire):
    """A function the model may call."""

    type: Literal["function"] = "function"
    name: str = Field(min_length=1, max_length=128)
    description: Maybe[Text] = None
    parameters: Maybe[dict[str, Any]] = None


class ToolChoiceFunction(Wire):
    """Call this function."""

    type: Literal["function"] = "function"
    name: str


ToolChoice = Literal["auto", "none", "required"] | ToolChoiceFunction
#: Bounds of the Realtime API.
MaxOutputTokens = Annotated[int, Field(ge=1, le=4_096)] | Literal["inf"]


class Reasoning(Wire):
    """How hard to think. `none` and `minimal` turn thinking off."""

    effort: Maybe[Literal["none", "minimal", "low", "medium", "high", "xhigh"]] = None


class RetentionRatio(Wire):
    """Leave out the oldest exchanges until so large a share of the conversation is left. Token limits are not kept."""

    type: Literal["retention_ratio"] = "retention_ratio"
    retention_ratio: Annotated[float, Field(ge=0.0, le=1.0)]
    token_limits: Maybe[dict[str, Any]] = None


class Resume(Wire):
    """How to come back after a lost connection: with `token`, within `grace_seconds` of the loss."""

    token: str
    grace_seconds: int


class Extension(Wire):
    """`session.autoglm`: what this server adds. `chunk_ms` is the recogniser's chunk + lookahead in steps of 40 ms.

    A client sets `resume` to true to ask for it (false or null: not); it is told, and may send back, the object.
    """

    events: list[str] = Field(default_factory=list)
    enable_thinking: Maybe[bool] = None
    chunk_ms: Annotated[int, Field(ge=80, le=1_280, multiple_of=40)] = 320
    resume: Maybe[bool | Resume] = None

    @field_validator("events")
    @classmethod
    def _known(cls, events: list[str]) -> list[str]:
        for name in events:
            if name.removesuffix(".delta").removesuffix(".done") not in OPTIONAL_EVENTS:
                raise ValueError(f"unknown event {name!r}; supported are {', '.join(OPTIONAL_EVENTS)}")
        return events


class RealtimeSession(Wire):
    """A session that answers, complete, as it is echoed."""

    type: Literal["realtime"] = "realtime"
    object: Literal["realtime.session"] = "realtime.session"
    id: str
    model: str
    expires_at: int
    output_modalities: Annotated[list[Literal["text", "audio"]], Field(min_length=1, max_length=1)] = ["audio"]  # noqa: RUF012 (pydantic copies it)
    instructions: Text = ""
    tools: list[FunctionTool] = Field(default_factory=list)
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    max_output_tokens: MaxOutputTokens = "inf"
    tracing: None = None
    prompt: None = None
    truncation: Literal["auto", "disabled"] | RetentionRatio = "auto"
    include: list[str] | None = None
    reasoning: Maybe[Reasoning] = None
    audio: Audio = Audio()
    autoglm: Maybe[Extension] = None


class TranscriptionSession(Wire):
    """A session that only transcribes. It has no model of its own: that is named in `audio.input.transcription`."""

    type: Literal["transcription"] = "transcription"
    object: Literal["realtime.transcription_session"] = "realtime.transcription_session"
    id: str
    expires_at: int
    include: list[str] | None = None
    audio: TranscriptionAudio = TranscriptionAudio()
    autoglm: Maybe[Extension] = None


Session = RealtimeSession | TranscriptionSession
