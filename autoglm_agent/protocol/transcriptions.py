"""`/v1/audio/transcriptions`: reading the form's fields and writing the replies. The recording is not seen here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.transcriptions import (
    DurationUsage,
    TranscriptionForm,
    TranscriptionJson,
    TranscriptionVerbose,
)

LISTS = frozenset({"include", "timestamp_granularities"})
"""Fields that may come several times."""
MANDARIN = {"zh": "chinese", "cmn": "chinese", "yue": "cantonese", "chinese": "chinese", "mandarin": "chinese"}
"""What nano hears, by the names clients send, and as Whisper calls it."""


def parse_form(fields: Mapping[str, Sequence[str]]) -> TranscriptionForm:
    """Validate the fields of the form. Raises `RemoteProtocolError`."""
    given = {name: list(values) if name in LISTS else values[-1] for name, values in fields.items()}
    try:
        form = TranscriptionForm.model_validate(given)
    except ValidationError as error:
        raise invalid_request(error) from None
    if form.stream and form.response_format == "verbose_json":
        message = "'response_format' verbose_json cannot be streamed; take json."
        raise RemoteProtocolError(message, code="invalid_value", param="response_format")
    return form


def spoken_language(form: TranscriptionForm, languages: Mapping[str, str] | None) -> str:
    """Name the language of the recording. `languages` are those the model hears; None: it takes any.

    Raises `RemoteProtocolError` for another: the answer would be nonsense.
    """
    if form.language is None or not form.language.strip():
        return next(iter(languages.values())) if languages else "unknown"
    name = form.language.strip().lower()
    if languages is None:
        return name
    known = languages.get(name) or languages.get(name.replace("_", "-").partition("-")[0])
    if known is None:
        message = f"'language' {form.language!r} is not one this model hears; it hears {', '.join(languages)}."
        raise RemoteProtocolError(message, code="invalid_value", param="language")
    return known


def encode_whole(
    form: TranscriptionForm, text: str, audio_s: float, language: str
) -> TranscriptionJson | TranscriptionVerbose:
    """Write the reply in JSON."""
    seconds = round(audio_s, 3)
    usage = DurationUsage(seconds=seconds)
    if form.response_format == "verbose_json":
        return TranscriptionVerbose(language=language, duration=seconds, text=text, usage=usage)
    return TranscriptionJson(text=text, usage=usage)
