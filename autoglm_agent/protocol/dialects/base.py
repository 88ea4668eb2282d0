"""What the dialects share: flat sessions, beta event names, audio at other rates, camera frames, `session.finish`.

One object serves one connection. `decode` takes the client's frames and `encode` the session's events, each in order;
both are synchronous and never raise for what a client sent. Nothing here decides turns or answers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic_core import from_json, to_json

from autoglm_agent.protocol.connection import MAX_EVENT_ID_CHARS
from autoglm_agent.protocol.dialects import items, settings
from autoglm_agent.protocol.dialects.input_stream import GA_RATE_HZ, InputFormat, InputStream
from autoglm_agent.protocol.dialects.pending import Pending, Request
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.session import merge

Json = dict[str, Any]

#: Ten seconds of 24 kHz s16le, what a session queues before it pushes back: a longer append goes in as several.
APPEND_BYTES = 480_000
#: Silence sent after `session.finish` so that turn detection ends what was being said; longer than any usual hold.
FINISH_SILENCE_MS = 2_000
#: Sampling temperature in the echo of a client that gave none; accepted and not used.
DEFAULT_TEMPERATURE = 0.8

#: GA's event names and the beta's.
BETA_NAMES = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}
#: Requests that need no more than their known fields.
_PLAIN: dict[str, tuple[str, ...]] = {
    "conversation.item.retrieve": ("item_id",),
    "conversation.item.delete": ("item_id",),
    "conversation.item.truncate": ("item_id", "content_index", "audio_end_ms"),
    "response.cancel": ("response_id",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What one client frame means: `frames` for the session, or `replies` that go straight back to the client."""

    frames: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()


class Dialect:
    """A connection's translator. Subclasses say what is theirs; `clock` gives seconds, monotonic."""

    #: Settings, in GA form, that a session in this dialect begins with.
    defaults: ClassVar[Json]
    #: Input formats by name; the first is the default.
    formats: ClassVar[dict[str, InputFormat]]
    #: Events that this dialect does not have.
    silent: ClassVar[frozenset[str]] = frozenset({"conversation.item.done"})
    #: Client events that are accepted and need nothing done.
    ignored: ClassVar[frozenset[str]] = frozenset()
    #: The event that carries a camera frame, and its field.
    frame_event: ClassVar[tuple[str, str]]

    def __init__(self, *, ids: IdSource, clock: Callable[[], float], announced: bool = False) -> None:
        """Prepare. `announced`: GA's `session.created` went out already, so the defaults come with the first update."""
        self._ids = ids
        self._clock = clock
        self._late_defaults = announced
        self._pending = Pending(ids.new("own")[:14], clock)
        self._input = InputStream(next(iter(self.formats.values())))
        self._calls = items.OpenCalls()
        self._told: Json = {}
        self.finished = False

    # --- What a shell calls -------------------------------------------------------------------------------------------

    def preset(self, settings_of_secret: Mapping[str, Any] | None) -> Json | None:
        """Give the settings, in GA form, to begin a session with; those of a client secret win."""
        return merge(self.defaults, settings_of_secret or {}, {})

    def decode(self, text: str) -> Decoded:
        """Translate one frame from the client."""
        event_id: str | None = None
        try:
            raw = from_json(text, allow_inf_nan=False)
        except (ValueError, TypeError):
            return Decoded(frames=(text,))  # the core says what is wrong with it
        if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
            return Decoded(frames=(text,))
        if self._pending.finishing:
            return Decoded()  # a microphone may still run; nothing more is taken
        try:
            event_id = _event_id(raw)
            return Decoded(frames=tuple(_json(frame) for frame in self._translate(raw["type"], raw, event_id)))
        except RemoteProtocolError as error:
            return Decoded(replies=(self._error(error, event_id),))

    def encode(self, text: str) -> list[str]:
        """Translate one event of the session. What `due` and `replies` gave passes unchanged."""
        event: Json = from_json(text)
        if event["type"] in ("heartbeat", "session.finished"):
            return [text]
        request = self._pending.follow(event)
        if event["type"] == "error":
            event["error"] = self._flat_error(event["error"])
        elif event["type"] in ("session.created", "session.updated"):
            event["session"] = self._echo(event["session"], request)
        return [_json(out) for out in self._events(event)]

    def due(self) -> list[str]:
        """Give the events that time has brought. After `session.finished`, `finished` is True: close the socket."""
        if self.finished or not self._pending.finished():
            return []
        self.finished = True
        return [_json({"type": "session.finished", "event_id": self._ids.new("event")})]

    # --- From the client ----------------------------------------------------------------------------------------------

    def _translate(self, kind: str, raw: Json, event_id: str | None) -> list[Json]:
        """Give the GA frames that mean the same. Raises `RemoteProtocolError`."""
        match kind:
            case "session.update":
                return [self._update(raw, event_id)]
            case "input_audio_buffer.append":
                return self._append(self._input.push(_text(raw, "audio")), event_id)
            case "input_audio_buffer.commit":
                return [*self._append(self._input.end(), None), self._ask({"type": kind}, kind, event_id)]
            case "input_audio_buffer.clear":
                self._input.reset()
                return [_frame(kind, event_id)]
        return self._translate_rest(kind, raw, event_id)

    def _translate_rest(self, kind: str, raw: Json, event_id: str | None) -> list[Json]:
        match kind:
            case "conversation.item.create":
                return [self._create_item(raw, event_id)]
            case "response.create":
                return [self._ask(_frame(kind, None, response=self._response(raw)), kind, event_id)]
            case "session.finish":
                return self._finish()
        if kind == self.frame_event[0]:
            return [self._show(raw, event_id)]
        if kind in _PLAIN:
            return [_frame(kind, event_id, **{name: raw[name] for name in _PLAIN[kind] if raw.get(name) is not None})]
        if kind in self.ignored:
            return []
        raise RemoteProtocolError(f"Invalid value: {kind[:64]!r} is no event here.", code="invalid_value", param="type")

    def _update(self, raw: Json, event_id: str | None) -> Json:
        flat = raw.get("session")
        if not isinstance(flat, dict):
            raise RemoteProtocolError("'session' must be an object.", code="invalid_type", param="session")
        audio_format = self._input_format(flat)
        own = self._own_settings(flat)
        nested = {"type": "realtime", **settings.from_flat(flat, "session")}
        nested = merge(nested, {"audio": {"input": self._listening(flat)}}, {})
        if isinstance(flat.get("autoglm"), dict):
            nested["autoglm"] = flat["autoglm"] | {"resume": False}  # what a translator knows dies with its socket
        if self._late_defaults:
            self._late_defaults = False
            nested = merge(self.defaults, nested, {})
        self._input.configure(audio_format)
        return self._ask(_frame("session.update", None, session=nested), "session.update", event_id, own)

    def _input_format(self, flat: Json) -> InputFormat:
        name = flat.get("input_audio_format")
        if not name:
            return self._input.format
        if not isinstance(name, str) or name not in self.formats:
            supported = ", ".join(f"'{known}'" for known in self.formats)
            raise RemoteProtocolError(
                f"Invalid value: {str(name)[:64]!r}. Supported values are: {supported}.",
                code="invalid_value",
                param="session.input_audio_format",
            )
        return self.formats[name]

    def _listening(self, flat: Json) -> Json:
        """Give the GA settings of `audio.input`: turn detection, transcription, noise reduction."""
        wanted: Json = {}
        if isinstance(flat.get("input_audio_transcription"), dict):
            wanted["transcription"] = flat["input_audio_transcription"]
        if flat.get("input_audio_noise_reduction") is not None:
            wanted["noise_reduction"] = flat["input_audio_noise_reduction"]
        return wanted

    def _own_settings(self, flat: Json) -> Json:
        """Give the settings that only this dialect has, for the echo. Raises `RemoteProtocolError`."""
        own: Json = {}
        if isinstance(flat.get("temperature"), int | float):
            own["temperature"] = float(flat["temperature"])
        return own

    def _append(self, audio: bytes, event_id: str | None) -> list[Json]:
        pieces = (audio[start : start + APPEND_BYTES] for start in range(0, len(audio), APPEND_BYTES))
        return [
            _frame("input_audio_buffer.append", event_id, audio=base64.b64encode(piece).decode("ascii"))
            for piece in pieces
        ]

    def _create_item(self, raw: Json, event_id: str | None) -> Json:
        item = raw.get("item")
        if not isinstance(item, dict):
            raise RemoteProtocolError("'item' must be an object.", code="invalid_type", param="item")
        after = {"previous_item_id": raw["previous_item_id"]} if raw.get("previous_item_id") else {}
        item = items.to_ga(item, self._input.format, self._calls)
        return _frame("conversation.item.create", event_id, item=item, **after)

    def _response(self, raw: Json) -> Json:
        wanted = raw.get("response")
        if wanted is None:
            return {}
        if not isinstance(wanted, dict):
            raise RemoteProtocolError("'response' must be an object.", code="invalid_type", param="response")
        nested = settings.from_flat(wanted, "response")
        if isinstance(wanted.get("input"), list):
            nested["input"] = [
                items.to_ga(item, self._input.format, self._calls) if isinstance(item, dict) else item
                for item in wanted["input"]
            ]
        return nested

    def _show(self, raw: Json, event_id: str | None) -> Json:
        name = self.frame_event[1]
        tag = self._pending.ask(Request(kind="frame", event_id=event_id, param=name))
        try:
            item = items.camera_frame(raw.get(name), name, tag)
        except RemoteProtocolError:
            self._pending.refused(tag)
            raise
        return _frame("conversation.item.create", tag, item=item)

    def _finish(self) -> list[Json]:
        self._pending.finish()
        rest = self._input.end()
        if self._pending.detects:
            rest += bytes(2 * GA_RATE_HZ * FINISH_SILENCE_MS // 1000)
        return self._append(rest, None)

    def _ask(self, frame: Json, kind: str, event_id: str | None, own: Json | None = None) -> Json:
        tag = self._pending.ask(Request(kind=kind, event_id=event_id, settings=own or {}))
        return frame | {"event_id": tag}

    # --- To the client ------------------------------------------------------------------------------------------------

    def _events(self, event: Json) -> list[Json]:
        """Give the dialect's events for a GA one: none, one or several."""
        kind = event["type"]
        if kind in self.silent or self._pending.is_ours(event.get("item", {}).get("id")):
            return []
        if self._pending.is_ours(event.get("previous_item_id")):
            event["previous_item_id"] = None
        if kind == "response.function_call_arguments.done":
            self._calls.called(event["call_id"])
        if "item" in event:
            event["item"] = items.from_ga(event["item"])
        if "response" in event:
            event["response"] = self._flat_response(event["response"])
        return [event | {"type": BETA_NAMES.get(kind, kind)}]

    def _echo(self, session: Json, request: Request | None) -> Json:
        """Give the settings in force, flat."""
        if request is not None:
            self._told |= request.settings
        heard = session["audio"]["input"]
        self._pending.detects = heard.get("turn_detection") is not None
        self._pending.transcribes = heard.get("transcription") is not None
        flat = settings.to_flat(session)
        return {
            **flat,
            "input_audio_format": self._input.format.name,
            "output_audio_format": "pcm",
            "temperature": DEFAULT_TEMPERATURE,
            **self._told,
        }

    def _flat_response(self, response: Json) -> Json:
        flat = settings.flat_response(response, str(self._told.get("output_audio_format", "pcm")))
        return flat | {"output": [items.from_ga(item) for item in response["output"]]}

    def _flat_error(self, error: Json) -> Json:
        """Name things as the client did, and give it back its own `event_id`."""
        request = self._pending.refused(error.get("event_id"))
        if request is not None:
            error = error | {"event_id": request.event_id}
            if request.param is not None:
                place = error.get("param") or ""
                message = error["message"].replace(place, request.param) if place else error["message"]
                error |= {"param": request.param, "message": message}
        return settings.flat_error(error)

    def _error(self, error: RemoteProtocolError, event_id: str | None) -> str:
        detail = {"type": "invalid_request_error", "code": error.code, "message": error.message, "param": error.param}
        detail["event_id"] = event_id
        return _json({"type": "error", "event_id": self._ids.new("event"), "error": settings.flat_error(detail)})


def _event_id(raw: Json) -> str | None:
    """Take the client's id. Some clients send an empty one with everything; one that is too long is not told back."""
    event_id = raw.get("event_id")
    return event_id if isinstance(event_id, str) and 0 < len(event_id) <= MAX_EVENT_ID_CHARS else None


def _text(raw: Json, name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        code = "missing_required_parameter" if value is None else "invalid_type"
        raise RemoteProtocolError(f"'{name}' must be a string.", code=code, param=name)
    return value


def _frame(kind: str, event_id: str | None, **fields: Any) -> Json:
    return {"type": kind, **({"event_id": event_id} if event_id else {}), **fields}


def _json(value: Json) -> str:
    return to_json(value).decode()
