"""GLM-Realtime: WAV or 16 kHz input, `client_vad`, `beta_fields`, video frames, heartbeats.

Its clients send the whole session with every update, and null or zero where they mean nothing: an update without a
`turn_detection` goes back to `client_vad`, as the API says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autoglm_agent.protocol.dialects.base import Dialect, Json
from autoglm_agent.protocol.dialects.input_stream import InputFormat
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.ids import IdSource

#: The API's own period: clients take a connection for dead when heartbeats stay away.
HEARTBEAT_S = 30.0
HEARTBEAT = '{"type":"heartbeat"}'

_BETA_FIELDS = {"chat_mode": "audio", "tts_source": "e2e", "auto_search": False}


class GlmDialect(Dialect):
    """A GLM-Realtime connection."""

    defaults: ClassVar[Json] = {"audio": {"input": {"turn_detection": None, "transcription": {}}}}
    formats: ClassVar[dict[str, InputFormat]] = {
        "wav": InputFormat(name="wav", rate_hz=None),
        "wav16": InputFormat(name="wav16", rate_hz=None),
        "wav24": InputFormat(name="wav24", rate_hz=None),
        "wav48": InputFormat(name="wav48", rate_hz=None),
        "pcm": InputFormat(name="pcm", rate_hz=16_000),
        "pcm16": InputFormat(name="pcm16", rate_hz=16_000),
        "pcm24": InputFormat(name="pcm24", rate_hz=24_000),
    }
    silent = Dialect.silent | {"conversation.item.input_audio_transcription.delta"}
    #: A hint that speech may be over; the first silence is tried here without it.
    ignored = frozenset({"input_audio_buffer.pre_commit"})
    frame_event = ("input_audio_buffer.append_video_frame", "video_frame")

    def __init__(
        self,
        *,
        ids: IdSource,
        clock: Callable[[], float],
        announced: bool = False,
        heartbeat_s: float | None = None,
    ) -> None:
        """Prepare, as every dialect. `heartbeat_s` None is the API's own period."""
        super().__init__(ids=ids, clock=clock, announced=announced)
        self._heartbeat_s = HEARTBEAT_S if heartbeat_s is None else heartbeat_s
        self._beat_at = clock()
        self._told["beta_fields"] = dict(_BETA_FIELDS)

    def due(self) -> list[str]:
        """Give a heartbeat when none went out for its period, besides what every dialect has."""
        texts = super().due()
        if not self.finished and self._clock() - self._beat_at >= self._heartbeat_s:
            self._beat_at = self._clock()
            texts.append(HEARTBEAT)
        return texts

    def _listening(self, flat: Json) -> Json:
        return super()._listening(flat) | {"turn_detection": _turn_detection(flat.get("turn_detection"))}

    def _own_settings(self, flat: Json) -> Json:
        own = super()._own_settings(flat)
        fields = flat.get("beta_fields")
        if fields is not None and not isinstance(fields, dict):
            raise RemoteProtocolError(
                "'session.beta_fields' must be an object.", code="invalid_type", param="session.beta_fields"
            )
        if isinstance(flat.get("input_audio_transcription"), dict):
            own["input_audio_transcription"] = flat["input_audio_transcription"]
        given = {name: value for name, value in (fields or {}).items() if value is not None}
        own["beta_fields"] = self._told["beta_fields"] | given | {"auto_search": False}  # there is no search here
        return own

    def _echo(self, session: Json, request: Any) -> Json:
        flat = super()._echo(session, request)
        if "input_audio_transcription" not in self._told:  # always on; clients know one model's name, their own
            del flat["input_audio_transcription"]
        return flat | {"turn_detection": flat["turn_detection"] or {"type": "client_vad"}}

    def _events(self, event: Json) -> list[Json]:
        out = super()._events(event)
        for told in out:
            if told["type"] == "conversation.item.created" and told["item"].get("status") == "in_progress":
                told["item"] = {key: value for key, value in told["item"].items() if key != "status"}
        if event["type"] in ("session.created", "session.updated"):  # the API beats at once after these
            self._beat_at = self._clock()
            return [*out, {"type": "heartbeat"}]
        if event["type"] == "response.done" and event["response"]["status"] == "cancelled":
            cancelled = {"type": "response.cancelled", "event_id": self._ids.new("event")}
            return [cancelled | {"response": out[0]["response"]}, *out]
        return out


def _turn_detection(wanted: object) -> object:
    """Give GA's turn detection: null for `client_vad`, and the defaults where a client sends zeros."""
    if not isinstance(wanted, dict) or wanted.get("type") in (None, "", "none", "client_vad"):
        return wanted if isinstance(wanted, str | list) else None
    return {key: value for key, value in wanted.items() if isinstance(value, bool) or value}
