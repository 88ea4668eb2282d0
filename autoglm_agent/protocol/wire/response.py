"""Wire form of a response and its content parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from autoglm_agent.protocol.wire.base import Maybe, Wire
from autoglm_agent.protocol.wire.items import Item
from autoglm_agent.protocol.wire.session import Format


class TextPart(Wire):
    """A text part in `content_part` events."""

    type: Literal["text"] = "text"
    text: str = ""


class AudioPart(Wire):
    """An audio part in `content_part` events; the audio went before, in deltas."""

    type: Literal["audio"] = "audio"
    transcript: str = ""


ContentPart = Annotated[TextPart | AudioPart, Field(discriminator="type")]


class InputTokenDetails(Wire):
    """Input tokens by kind. Cached ones are counted among the others."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0


class OutputTokenDetails(Wire):
    """Output tokens by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0


class Usage(Wire):
    """What a response cost."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: InputTokenDetails
    output_token_details: OutputTokenDetails


class StatusError(Wire):
    """Why a response failed."""

    type: str
    code: str
    message: str


class StatusDetails(Wire):
    """Why a response did not complete."""

    type: Literal["cancelled", "incomplete", "failed"]
    reason: Maybe[Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"]] = None
    error: Maybe[StatusError] = None


class ResponseAudioOutput(Wire):
    """How the response is voiced."""

    format: Format
    voice: str


class ResponseAudio(Wire):
    """Audio settings of a response."""

    output: ResponseAudioOutput


class Response(Wire):
    """A response; in `response.created` without output and usage."""

    object: Literal["realtime.response"] = "realtime.response"
    id: str
    status: Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]
    status_details: StatusDetails | None = None
    output: list[Item] = Field(default_factory=list)
    conversation_id: str | None
    output_modalities: list[Literal["text", "audio"]]
    max_output_tokens: int | Literal["inf"]
    audio: Maybe[ResponseAudio] = None
    usage: Usage | None = None
    metadata: dict[str, str] | None = None
