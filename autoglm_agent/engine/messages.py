"""The engine's wire: requests and results, frozen and serialisable, each with the key of the session it belongs to.

Nothing here holds a tensor or assumes shared memory: the engine may be a thread, a process, or another machine. Caches
inside the engine are addressed by `session_id`; after a loss the runtime rebuilds them from the history it keeps.
This module imports no torch and no other room but `errors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from autoglm_agent.engine.metrics import EngineMetrics

# --- The prompt: what a conversation looks like to the engine -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text the user typed, the assistant said, or a tool returned."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """A picture that was encoded under `frame_id` by `EncodeFrame` in the same session."""

    frame_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPart:
    """A spoken utterance heard under `stream_id` in the same session, with the transcript its CTC path gave."""

    stream_id: str
    transcript: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call the assistant made. `arguments` is a JSON object as text."""

    call_id: str
    name: str
    arguments: str


Part = TextPart | ImagePart | AudioPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of the history. A tool's answer has role `tool` and carries `tool_call_id`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: tuple[Part, ...] = ()
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function the model may call. `parameters` is a JSON schema as text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are chosen. Temperature 0 is greedy and then the same prompt gives the same tokens."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    max_tokens: int = 512
    stop: tuple[str, ...] = ()


# --- Requests -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStream:
    """Start an utterance. `chunk_ms` is the algorithmic latency (chunk + lookahead), a multiple of 40 ms."""

    session_id: str
    stream_id: str
    chunk_ms: int = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAudio:
    """Append `pcm`: s16le mono at 16 kHz. `final` flushes the last partial chunk and yields a final `Transcript`."""

    session_id: str
    stream_id: str
    pcm: bytes
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkStream:
    """Copy the utterance `stream_id`, with all audio pushed so far, as `new_stream_id`; both then go their own way.

    At the first silence the copy is ended and its block prefilled on trial; if speech resumes only the copy is closed.
    The state of a stream is never changed in place, so a copy costs no computation.
    """

    session_id: str
    stream_id: str
    new_stream_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStream:
    """Forget the utterance and its features. Prompts may no longer refer to it."""

    session_id: str
    stream_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeFrame:
    """Encode a picture (`image`: the bytes of a JPEG or PNG file) under `frame_id`."""

    session_id: str
    frame_id: str
    image: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFrame:
    """Forget an encoded picture that will not enter the history."""

    session_id: str
    frame_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse:
    """Ask for the gate's weights over the history, the utterance so far and the newest frame. Cheap: running means."""

    session_id: str
    history: tuple[Turn, ...] = ()
    stream_id: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Answer the conversation. `prefill_only` fills the key-value cache and stops: the speculative prefill.

    `return_reasoning` False thinks without telling. `tool_choice` is `auto`, `none`, `required` or a function's name.
    `json_schema` (a JSON schema as text) binds the answer, after thinking, to JSON that fits it.
    `uniform_gate` is for evaluation: it replaces the gate's weights by equal ones.
    """

    session_id: str
    request_id: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    enable_thinking: bool = True
    max_thinking_tokens: int = 256
    return_reasoning: bool = True
    sampling: Sampling = field(default_factory=Sampling)
    json_schema: str | None = None
    prefill_only: bool = False
    uniform_gate: bool = False
    drop_speech_features: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop a generation. Answered by `Finished(reason="cancelled")`; an unknown id is ignored."""

    session_id: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """Forget everything held for the session."""

    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMetrics:
    """Ask what the engine is doing; it holds nothing for a session that asks no more than this."""

    session_id: str


Request = (
    OpenStream
    | PushAudio
    | ForkStream
    | CloseStream
    | EncodeFrame
    | DropFrame
    | Fuse
    | Generate
    | Cancel
    | CloseSession
    | ReadMetrics
)

# --- Results --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The transcript so far: `stable` only ever grows at its end, `unstable` may still change. `final` ends it.

    `end_of_turn` is how likely the user has finished by these words, from 0 to 1; None from an engine that cannot tell.
    """

    session_id: str
    stream_id: str
    stable: str
    unstable: str
    audio_ms: int
    final: bool
    compute_ms: float
    end_of_turn: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEncoded:
    """The picture is ready to be referred to."""

    session_id: str
    frame_id: str
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWeights:
    """The cross-modal gate's weights. They sum to 1; an absent modality has exactly 0."""

    session_id: str
    text: float
    image: float
    speech: float
    stream_id: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """A piece of the reasoning trace."""

    session_id: str
    request_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the answer."""

    session_id: str
    request_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDone:
    """A complete tool call; `arguments` is valid JSON."""

    session_id: str
    request_id: str
    call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one generation. `cached` of the input tokens were not computed again."""

    input_tokens: int
    cached_tokens: int
    audio_tokens: int
    image_tokens: int
    output_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The generation ended. `gate` is None when the prompt had no trained gate to ask."""

    session_id: str
    request_id: str
    reason: Literal["stop", "tool_calls", "length", "cancelled", "prefilled"]
    usage: Usage
    gate: GateWeights | None
    queue_ms: float
    prefill_ms: float
    decode_ms: float


FailureCode = Literal[
    "feature_missing", "context_overflow", "bad_image", "bad_audio", "bad_request", "overloaded", "internal"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A request could not be done. `code` is stable for programs, `message` is for people.

    `feature_missing`: a part refers to a stream or frame the engine does not hold; send it again, then ask again.
    `bad_request`: a parameter no engine could honour (a chunk size, a tool's schema, an unknown tool); change it.
    """

    session_id: str
    request_id: str | None
    code: FailureCode
    message: str
    stream_id: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsRead:
    """What the engine was doing when it was asked."""

    session_id: str
    metrics: EngineMetrics


Result = (
    Transcript
    | FrameEncoded
    | GateWeights
    | ReasoningDelta
    | TextDelta
    | ToolCallDone
    | Finished
    | Failed
    | MetricsRead
)
