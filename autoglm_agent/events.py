"""What the ears noticed, as frozen facts in the past tense. Leaf module.

These come from `audio.endpointing`; what the wire is told about them are `protocol.facts`, and the engine has results
of its own (`engine.messages`). Times are milliseconds of the session's audio, counted in samples from its first one.
Imports nothing of ours, no torch, no anyio, no web framework.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Speech was found. `audio_start_ms` includes the prefix padding, so it lies before the first voiced window."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceBegan:
    """A silence inside an utterance: the end of the turn, perhaps, so time to prefill speculatively.

    `audio_end_ms` is where the voice ended.
    """

    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechResumed:
    """Speech went on after a `SilenceBegan`, before the hold was over: what was prefilled is void."""

    audio_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """The silence lasted for the whole hold, or the input ended.

    `audio_end_ms` is now, the hold included, as in the Realtime API's `speech_stopped`; `speech_end_ms` is where the
    voice ended.
    """

    audio_end_ms: int
    speech_end_ms: int


VoiceEvent = SpeechStarted | SilenceBegan | SpeechResumed | SpeechStopped
