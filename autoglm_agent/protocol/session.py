"""A session's settings: merging what clients send, echoing what is used, and giving the runtime a frozen view.

`session.update` is a partial deep merge over the wire form (PROTOCOL, "Session"): null clears, lists and tagged objects
are replaced whole, and the rest is filled with defaults. Whoever asks for `autoglm.resume` is told a token in every
echo from then on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from autoglm_agent.protocol.config import (
    AUDIO_FORMATS,
    AUTO_RETENTION_RATIO,
    SemanticVad,
    ServerVad,
    SessionConfig,
    SessionDefaults,
    ToolSpec,
    Transcription,
    TurnDetection,
)
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire import session as models

#: Settings that a client cannot choose: ours, or features we do not have (PROTOCOL, server rule 3).
_IGNORED = frozenset({"id", "object", "model", "expires_at", "tracing", "prompt", "client_secret"})
#: Settings for which null is a value and not "back to the default".
_NULLABLE = frozenset({"noise_reduction", "transcription", "turn_detection", "idle_timeout_ms", "include"})
#: Objects told apart by `type`: replaced whole when it changes.
_REPLACED_BY_TYPE = frozenset({"turn_detection", "format", "tool_choice"})
#: A settings echo must fit into one frame (1 MiB) with its envelope.
MAX_SESSION_BYTES = 900_000

Json = dict[str, Any]


def merge(current: Mapping[str, Any], patch: Mapping[str, Any], defaults: Mapping[str, Any]) -> Json:
    """Return `current` with `patch` laid over it. Null puts the default back where null is not a value."""
    merged = dict(current)
    for key, value in patch.items():
        if value is None:
            _clear(merged, key, defaults)
        elif isinstance(value, dict) and not _replaces(key, merged.get(key), value):
            below, fallback = merged.get(key), defaults.get(key)
            merged[key] = merge(
                below if isinstance(below, dict) else {}, value, fallback if isinstance(fallback, dict) else {}
            )
        else:
            merged[key] = value
    return merged


def _clear(merged: Json, key: str, defaults: Mapping[str, Any]) -> None:
    if key in _NULLABLE:
        merged[key] = None
    elif key in defaults:
        merged[key] = defaults[key]
    else:
        merged.pop(key, None)


def _replaces(key: str, current: object, value: Mapping[str, Any]) -> bool:
    if key not in _REPLACED_BY_TYPE:
        return False
    known = current.get("type") if isinstance(current, dict) else None
    return known is None or value.get("type", known) != known


class SessionState:
    """The settings in force, in wire form and as the frozen `config`."""

    def __init__(
        self,
        defaults: SessionDefaults,
        *,
        session_id: str,
        expires_at: int,
        transcription_only: bool = False,
        new_token: Callable[[], str] | None = None,
    ) -> None:
        """Begin with the defaults. Without `new_token`, which makes one that nobody can guess, there is no resuming."""
        self._offer = defaults
        self._new_token = new_token
        self._token: str | None = None
        self._asked_extension = False
        self._voice_fixed = False
        identity = {"id": session_id, "model": defaults.model, "expires_at": expires_at}
        self._defaults: Json = identity | _default_settings(defaults)
        self._settings: Json = dict(self._defaults)
        if transcription_only:
            self._settings["type"] = "transcription"
        self._wire = self._validate(self._settings)
        self.config = self._freeze(self._wire)

    @property
    def resume(self) -> models.Resume | None:
        """How this session can be taken up again; None when the client did not ask, or the server does not offer it."""
        grace_seconds = self._offer.resume_grace_seconds
        if not self.config.resume or grace_seconds is None or self._new_token is None:
            return None
        self._token = self._token or self._new_token()
        return models.Resume(token=self._token, grace_seconds=grace_seconds)

    def fix_voice(self) -> None:
        """Remember that audio was sent: from now on the voice stays."""
        self._voice_fixed = True

    def update(self, patch: Mapping[str, Any]) -> None:
        """Merge a client's settings. Raises `RemoteProtocolError` and changes nothing when they are wrong."""
        wanted = {key: value for key, value in patch.items() if key not in _IGNORED}
        for key in ("audio", "autoglm"):
            if wanted.get(key, {}) is not None and not isinstance(wanted.get(key, {}), dict):
                param = f"session.{key}"
                raise RemoteProtocolError(f"'{param}' must be an object.", code="invalid_type", param=param)
        settings = merge(self._settings, wanted, self._defaults)
        self._complete_turn_detection(settings)
        validated = self._validate(settings)
        config = self._freeze(validated)
        if self._voice_fixed and config.voice != self.config.voice:
            raise RemoteProtocolError(
                "The voice cannot be changed once the assistant has spoken.",
                code="cannot_update_voice",
                param="session.audio.output.voice",
            )
        self._asked_extension = self._asked_extension or "autoglm" in wanted
        self._settings, self._wire, self.config = settings, validated, config

    def echo(self) -> models.Session:
        """Return the settings as the client is told them: what is used, not what was asked for."""
        extension = (self._wire.autoglm or models.Extension()).model_copy(update={"resume": self.resume})
        hidden: Json = {"autoglm": extension if self._asked_extension else None}
        if isinstance(self._wire, models.TranscriptionSession):
            return self._wire.model_copy(update=hidden)
        output = self._wire.audio.output.model_copy(update={"voice": self.config.voice})
        audio = self._wire.audio.model_copy(update={"output": output})
        return self._wire.model_copy(update=hidden | {"audio": audio, "output_modalities": [self.config.modality]})

    def _complete_turn_detection(self, settings: Json) -> None:
        """A turn detection that never had a type is server_vad, the API's default."""
        detection = settings.get("audio", {}).get("input", {})
        detection = detection.get("turn_detection") if isinstance(detection, dict) else None
        if isinstance(detection, dict):
            detection.setdefault("type", "server_vad")

    def _validate(self, settings: Json) -> models.Session:
        kind = settings.get("type")
        if kind not in ("realtime", "transcription"):
            raise RemoteProtocolError(
                "'session.type' must be 'realtime' or 'transcription'.", code="invalid_value", param="session.type"
            )
        model = models.RealtimeSession if kind == "realtime" else models.TranscriptionSession
        settings = {key: value for key, value in settings.items() if key != "object"}
        try:
            validated = model.model_validate(settings)
        except ValidationError as error:
            raise invalid_request(error, "session") from None
        if len(validated.model_dump_json().encode()) > MAX_SESSION_BYTES:
            raise RemoteProtocolError(
                f"The session's settings exceed {MAX_SESSION_BYTES} bytes.",
                code="string_above_max_length",
                param="session",
            )
        return validated

    def _freeze(self, session: models.Session) -> SessionConfig:
        offer, extension = self._offer, session.autoglm or models.Extension()
        if isinstance(session, models.TranscriptionSession):
            full = models.RealtimeSession(
                id=session.id,
                model=offer.model,
                expires_at=session.expires_at,
                audio=models.Audio(input=session.audio.input),
            )
        else:
            full = session
        given, output = full.audio.input, full.audio.output
        return SessionConfig(
            kind=session.type,
            model=offer.model,
            instructions=full.instructions,
            modality=full.output_modalities[0] if offer.voices else "text",
            tools=freeze_tools(full.tools),
            tool_choice=freeze_tool_choice(full.tool_choice),
            parallel_tool_calls=full.parallel_tool_calls,
            max_output_tokens=None if full.max_output_tokens == "inf" else full.max_output_tokens,
            retention_ratio=_freeze_truncation(full.truncation),
            reasoning_effort=full.reasoning.effort if full.reasoning else None,
            enable_thinking=thinking(full.reasoning, extension.enable_thinking, offer.enable_thinking),
            input_format=AUDIO_FORMATS[given.format.type],
            noise_reduction=given.noise_reduction.type if given.noise_reduction else None,
            transcription=_freeze_transcription(given.transcription),
            turn_detection=_freeze_turn_detection(given.turn_detection),
            output_format=AUDIO_FORMATS[output.format.type],
            voice=known_voice(output.voice, offer.voices),
            speed=output.speed,
            events=frozenset(name.removesuffix(".delta").removesuffix(".done") for name in extension.events),
            chunk_ms=extension.chunk_ms,
            resume=bool(extension.resume),
        )


def _default_settings(defaults: SessionDefaults) -> Json:
    detection, transcription = defaults.turn_detection, defaults.transcription
    voice = defaults.voices[0] if defaults.voices else ""
    return {
        "type": "realtime",
        "instructions": defaults.instructions,
        "output_modalities": [defaults.modality if defaults.voices else "text"],
        "tools": [],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": None if detection is None else _turn_detection_settings(detection),
                "transcription": None if transcription is None else asdict(transcription),
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": voice},
        },
        "autoglm": {"chunk_ms": defaults.chunk_ms},
    }


def _turn_detection_settings(detection: TurnDetection) -> Json:
    return {"type": "server_vad" if isinstance(detection, ServerVad) else "semantic_vad"} | asdict(detection)


def _freeze_turn_detection(detection: models.ServerVad | models.SemanticVad | None) -> TurnDetection | None:
    match detection:
        case None:
            return None
        case models.ServerVad():
            return ServerVad(**detection.model_dump(exclude={"type"}))
        case models.SemanticVad():
            return SemanticVad(**detection.model_dump(exclude={"type"}))


def _freeze_transcription(transcription: models.Transcription | None) -> Transcription | None:
    return None if transcription is None else Transcription(**transcription.model_dump())


def _freeze_truncation(truncation: str | models.RetentionRatio) -> float | None:
    """The share that stays; None where nothing may be left out."""
    if isinstance(truncation, models.RetentionRatio):
        return truncation.retention_ratio
    return AUTO_RETENTION_RATIO if truncation == "auto" else None


def freeze_tools(tools: list[models.FunctionTool]) -> tuple[ToolSpec, ...]:
    """Give tools with their schemas as text."""
    empty = {"type": "object", "properties": {}}
    return tuple(
        ToolSpec(
            name=tool.name,
            description=tool.description or "",
            parameters=json.dumps(tool.parameters or empty, ensure_ascii=False, separators=(",", ":")),
        )
        for tool in tools
    )


def freeze_tool_choice(choice: models.ToolChoice) -> str:
    """Give `auto`, `none`, `required` or the function's name."""
    return choice if isinstance(choice, str) else choice.name


def thinking(reasoning: models.Reasoning | None, explicit: bool | None, default: bool) -> bool:
    """Decide whether to think: our own switch first, then the standard effort, then the default."""
    if explicit is not None:
        return explicit
    if reasoning is None or reasoning.effort is None:
        return default
    return reasoning.effort not in ("none", "minimal")


def known_voice(voice: object, voices: tuple[str, ...]) -> str:
    """Give the voice that will be heard: the asked one if we have it, else our first; empty without any."""
    name = voice.get("id") if isinstance(voice, dict) else getattr(voice, "id", voice)
    if isinstance(name, str) and name in voices:
        return name
    return voices[0] if voices else ""
