"""A session's settings as frozen values: what the runtime obeys after the merge rules have been applied.

The wire form, with its nulls and nesting, is `wire.session`; the merge rules are in `session`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AudioFormatName = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
Modality = Literal["text", "audio"]

AUTO_RETENTION_RATIO = 0.6
"""Of `truncation: "auto"`. Every cut makes the cached keys behind it worthless, so cuts are large and rare."""

#: Names a client may put into `session.autoglm.events`.
OPTIONAL_EVENTS = (
    "response.reasoning_text",
    "autoglm.fusion.updated",
    "autoglm.vision.frame_encoded",
    "autoglm.turn.predicted",
    "autoglm.latency",
    "autoglm.audio.shed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """An audio encoding, mono. `audio/pcm` is s16le; `audio/pcmu` and `audio/pcma` are G.711 with one byte a sample."""

    name: AudioFormatName
    sample_rate_hz: int
    bytes_per_sample: int


AUDIO_FORMATS: dict[AudioFormatName, AudioFormat] = {
    "audio/pcm": AudioFormat(name="audio/pcm", sample_rate_hz=24_000, bytes_per_sample=2),
    "audio/pcmu": AudioFormat(name="audio/pcmu", sample_rate_hz=8_000, bytes_per_sample=1),
    "audio/pcma": AudioFormat(name="audio/pcma", sample_rate_hz=8_000, bytes_per_sample=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """Turn taking by silence."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVad:
    """Turn taking by end-of-turn probability. `max_wait_ms` is the longest silence tolerated (8, 4 or 2 s)."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True

    @property
    def max_wait_ms(self) -> int:
        """The longest silence before the turn ends anyway (Realtime API reference, `semantic_vad.eagerness`)."""
        return {"low": 8_000, "medium": 4_000, "auto": 4_000, "high": 2_000}[self.eagerness]


TurnDetection = ServerVad | SemanticVad


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """The client wants transcription events. Model and prompt are accepted and only echoed."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A function the model may call. `parameters` is a JSON schema as text."""

    name: str
    description: str = ""
    parameters: str = '{"type":"object","properties":{}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """The settings in force. `tool_choice` is `auto`, `none`, `required` or a function's name.

    `max_output_tokens` None means as many as the model may. `turn_detection` None means the client commits.
    `retention_ratio` is the share of the conversation that stays when the context overflows; None: the response fails.
    `events` are names out of `OPTIONAL_EVENTS`. `chunk_ms` is the recogniser's chunk + lookahead. `resume`: the client
    asked to be able to come back after a lost connection.
    """

    kind: Literal["realtime", "transcription"]
    model: str
    instructions: str
    modality: Modality
    tools: tuple[ToolSpec, ...]
    tool_choice: str
    parallel_tool_calls: bool
    max_output_tokens: int | None
    retention_ratio: float | None
    reasoning_effort: str | None
    enable_thinking: bool
    input_format: AudioFormat
    noise_reduction: str | None
    transcription: Transcription | None
    turn_detection: TurnDetection | None
    output_format: AudioFormat
    voice: str
    speed: float
    events: frozenset[str]
    chunk_ms: int
    resume: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDefaults:
    """What the server offers. `voices` empty: there is no voice, so `output_modalities` is always `["text"]`.

    A session lasts `max_session_seconds` (60 minutes, the documented limit of the Realtime API). Whoever asks may come
    back within `resume_grace_seconds` of losing the connection; None: nobody may.
    """

    model: str = "nano"
    instructions: str = ""
    modality: Modality = "audio"
    voices: tuple[str, ...] = ()
    enable_thinking: bool = True
    chunk_ms: int = 320
    turn_detection: TurnDetection | None = ServerVad()
    transcription: Transcription | None = None
    max_session_seconds: int = 3_600
    resume_grace_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseConfig:
    """The settings of one response: the session's, overridden by what `response.create` said."""

    instructions: str
    modality: Modality
    tools: tuple[ToolSpec, ...]
    tool_choice: str
    parallel_tool_calls: bool
    max_output_tokens: int | None
    reasoning_effort: str | None
    enable_thinking: bool
    output_format: AudioFormat
    voice: str
    speed: float
