"""Qwen-Omni-Realtime: 16 kHz input, an image buffer, growing transcripts as whole texts, `session.finish`."""

from __future__ import annotations

from typing import Any, ClassVar

from autoglm_agent.protocol.dialects.base import Dialect, Json
from autoglm_agent.protocol.dialects.input_stream import MAX_RATE_HZ, MIN_RATE_HZ, InputFormat
from autoglm_agent.protocol.errors import RemoteProtocolError

_DELTA = "conversation.item.input_audio_transcription.delta"
_TEXT = "conversation.item.input_audio_transcription.text"
_OUTPUT_FORMATS = ("pcm", "pcm16", "pcm24")


class QwenDialect(Dialect):
    """A Qwen-Omni-Realtime connection."""

    #: Detection and transcription are on from the start, with the API's own hold of 800 ms.
    defaults: ClassVar[Json] = {
        "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 800}, "transcription": {}}}
    }
    formats: ClassVar[dict[str, InputFormat]] = {
        "pcm": InputFormat(name="pcm", rate_hz=16_000),
        "pcm16": InputFormat(name="pcm16", rate_hz=16_000),
        "pcm24": InputFormat(name="pcm24", rate_hz=24_000),
        "wav": InputFormat(name="wav", rate_hz=None),
    }
    frame_event = ("input_image_buffer.append", "image")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._partials: dict[str, str] = {}

    def _input_format(self, flat: Json) -> InputFormat:
        """Also read `audio.input.format{type, sample_rate}` and a `sample_rate` beside the name, as newer SDKs do."""
        audio = flat.get("audio")
        heard = audio.get("input") if isinstance(audio, dict) else None
        nested = heard.get("format") if isinstance(heard, dict) else None
        if isinstance(nested, dict):
            name, rate_hz = nested.get("type"), nested.get("sample_rate")
        else:
            name, rate_hz = flat.get("input_audio_format"), flat.get("sample_rate")
        chosen = super()._input_format({"input_audio_format": name})
        if rate_hz is None or chosen.rate_hz is None:
            return chosen
        if not isinstance(rate_hz, int) or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise RemoteProtocolError(
                f"'session.sample_rate' must be {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz.",
                code="invalid_value",
                param="session.sample_rate",
            )
        return InputFormat(name=chosen.name, rate_hz=rate_hz)

    def _listening(self, flat: Json) -> Json:
        wanted = super()._listening(flat)
        for own, nested in (("turn_detection", "turn_detection"), ("input_audio_transcription", "transcription")):
            if own in flat and flat[own] is None:
                wanted[nested] = None
        if flat.get("turn_detection") is not None:
            wanted["turn_detection"] = _turn_detection(flat["turn_detection"])
        return wanted

    def _own_settings(self, flat: Json) -> Json:
        own = super()._own_settings(flat)
        if flat.get("output_audio_format") in _OUTPUT_FORMATS:  # three names of what is sent, 24 kHz s16le
            own["output_audio_format"] = flat["output_audio_format"]
        return own

    def _events(self, event: Json) -> list[Json]:
        match event["type"]:
            case "conversation.item.input_audio_transcription.delta":
                return [self._partial(event)]
            case (
                "conversation.item.input_audio_transcription.completed"
                | "conversation.item.input_audio_transcription.failed"
            ):
                self._partials.pop(event["item_id"], None)
        return super()._events(event)

    def _partial(self, event: Json) -> Json:
        """Tell the transcript so far. Only what stays is ever told, so the draft behind it is empty."""
        item_id = event["item_id"]
        text = self._partials[item_id] = self._partials.get(item_id, "") + event["delta"]
        kept = {key: value for key, value in event.items() if key != "delta"}
        return kept | {"type": _TEXT, "text": text, "stash": ""}

    def _flat_response(self, response: Json) -> Json:
        flat = super()._flat_response(response)
        usage = flat.get("usage")
        if usage is None:
            return flat
        details = {"input_token_details": "input_tokens_details", "output_token_details": "output_tokens_details"}
        return flat | {"usage": {details.get(key, key): value for key, value in usage.items()}}


def _turn_detection(wanted: object) -> object:
    """Give GA's turn detection. Thresholds go from -1 to 1 here and from 0 to 1 there."""
    if not isinstance(wanted, dict):
        return wanted
    kept = {key: value for key, value in wanted.items() if value is not None}
    if isinstance(kept.get("threshold"), int | float):
        kept["threshold"] = max(0.0, kept["threshold"])
    return kept
