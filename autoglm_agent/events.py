"""What happened in a session, as frozen facts in the past tense. Leaf module.

These are the events inside the runtime, not the wire's (`protocol` has those) and not the engine's results
(`engine.messages`). Times are milliseconds on the session's audio clock, which counts samples and starts at 0 when the
session's first audio arrives. Imports nothing of ours, no torch, no anyio, no web framework.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Speech was found. `audio_start_ms` includes the prefix padding, so it lies before the first voiced window."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceBegan:
    """The first silence inside an utterance: the end of the turn, perhaps. Time to prefill speculatively.

    `audio_end_ms` is where the last voiced window ended.
    """

    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechResumed:
    """Speech went on after a `SilenceBegan`, before the hold was over: what was prefilled is void."""

    audio_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """The silence lasted for the whole hold. `audio_end_ms` is the end of the utterance, without the hold."""

    audio_end_ms: int


VoiceEvent = SpeechStarted | SilenceBegan | SpeechResumed | SpeechStopped


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptUpdated:
    """The transcript of an utterance so far. `stable` only grows at its end; `unstable` may change; `final` ends it."""

    item_id: str
    stable: str
    unstable: str
    audio_ms: int
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEncoded:
    """A camera frame was encoded, or skipped because it looked like the one before."""

    frame_id: str
    skipped: bool
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionUpdated:
    """The gate's weights moved. They sum to 1; an absent modality has exactly 0."""

    text: float
    image: float
    speech: float
    audio_end_ms: int
    frame_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioShed:
    """Audio was thrown away because the session could not keep up. `ms` is how much."""

    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketAttached:
    """A client's connection took over the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketDetached:
    """The client's connection went away; the session may live on until its grace time is over."""


SessionEvent = (
    VoiceEvent | TranscriptUpdated | FrameEncoded | FusionUpdated | AudioShed | SocketAttached | SocketDetached
)
