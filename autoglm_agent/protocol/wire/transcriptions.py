"""Wire form of `/v1/audio/transcriptions`: the fields of the form beside the file, and what is answered."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autoglm_agent.protocol.wire.base import Wire
from autoglm_agent.protocol.wire.chat import Unsupported


class TranscriptionForm(Wire):
    """The fields. Those not named here are ignored, among them `temperature`, `prompt` and `chunking_strategy`."""

    model: str = Field(default="", description="Empty takes the model that is loaded.")
    language: str | None = Field(default=None, max_length=35, description="ISO 639-1. nano hears Mandarin: `zh`.")
    response_format: Literal["json", "text", "verbose_json"] = "json"
    stream: bool = False
    prompt: str | None = Field(default=None, description="Accepted; it changes nothing.")
    temperature: float | None = Field(default=None, ge=0, le=1, description="Accepted; it changes nothing.")
    include: list[str] = Field(
        default_factory=list, max_length=0, description="Log probabilities are not supported; leave it out."
    )
    timestamp_granularities: list[str] = Field(
        default_factory=list, max_length=0, description="Not supported: the times of words are not known."
    )
    known_speaker_names: Unsupported = None
    known_speaker_references: Unsupported = None


class DurationUsage(Wire):
    """How much was heard."""

    type: Literal["duration"] = "duration"
    seconds: float


class TranscriptionJson(Wire):
    """What was said."""

    text: str
    usage: DurationUsage


class TranscriptionVerbose(Wire):
    """What was said, in which language, and how long it took to say. `duration` is in seconds."""

    task: Literal["transcribe"] = "transcribe"
    language: str
    duration: float
    text: str
    usage: DurationUsage


class TranscriptTextDelta(Wire):
    """A piece of the text, as it is heard."""

    type: Literal["transcript.text.delta"] = "transcript.text.delta"
    delta: str


class TranscriptTextDone(Wire):
    """The whole text, which may correct what sounds alike."""

    type: Literal["transcript.text.done"] = "transcript.text.done"
    text: str
