"""Sessions and responses: flat, as the dialects write them, and nested, as GA does. Pure functions over JSON.

Fields that neither side has a meaning for (sampling parameters, search) are left out; the echo tells what is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoglm_agent.protocol.errors import RemoteProtocolError

Json = dict[str, Any]

#: The upper bound of `max_output_tokens` in GA; dialects allow more.
MAX_OUTPUT_TOKENS = 4_096
#: Fields of a session and of `response.create` that have the same name and form on both sides.
_SAME = ("instructions", "metadata", "conversation", "parallel_tool_calls", "reasoning")
_TOKEN_LIMITS = ("max_output_tokens", "max_response_output_tokens", "max_tokens")

#: GA's parameter paths and the dialects' own, longest first, for errors.
_PARAMS = (
    ("session.audio.input.turn_detection", "session.turn_detection"),
    ("session.audio.input.transcription", "session.input_audio_transcription"),
    ("session.audio.input.noise_reduction", "session.input_audio_noise_reduction"),
    ("session.audio.output.voice", "session.voice"),
    ("session.output_modalities", "session.modalities"),
    ("response.output_modalities", "response.modalities"),
    ("response.audio.output.voice", "response.voice"),
)


def from_flat(flat: Mapping[str, Any], param: str) -> Json:
    """Translate what sessions and `response.create` have in common. Null and empty choices mean unchanged.

    Raises `RemoteProtocolError` for modalities that are none; everything else is the GA core's to judge.
    """
    nested: Json = {name: flat[name] for name in _SAME if flat.get(name) is not None}
    if flat.get("tools") is not None:
        tools = flat["tools"]
        nested["tools"] = [_flat_tool(tool) for tool in tools] if isinstance(tools, list) else tools
    if flat.get("tool_choice"):
        nested["tool_choice"] = _tool_choice(flat["tool_choice"])
    if flat.get("modalities") is not None:
        nested["output_modalities"] = _modality(flat["modalities"], f"{param}.modalities")
    if flat.get("voice"):
        nested["audio"] = {"output": {"voice": flat["voice"]}}
    for name in _TOKEN_LIMITS:
        limit = flat.get(name)
        if limit is not None:
            nested["max_output_tokens"] = min(limit, MAX_OUTPUT_TOKENS) if isinstance(limit, int) else limit
            break
    return nested


def _modality(modalities: object, param: str) -> list[str]:
    """Speech always comes with its text, so that asking for audio alone is the same."""
    if not isinstance(modalities, list) or not {"text", "audio"} & {
        name for name in modalities if isinstance(name, str)
    }:
        raise RemoteProtocolError(
            f"'{param}' must be ['text'] or ['text', 'audio'].", code="invalid_value", param=param
        )
    return ["audio"] if "audio" in modalities else ["text"]


def _flat_tool(tool: object) -> object:
    """Tools may be nested as in chat completions."""
    if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
        return {"type": "function", **tool["function"]}
    return tool


def _tool_choice(choice: object) -> object:
    if isinstance(choice, dict) and "function" in choice:
        function = choice["function"]
        return {"type": "function", "name": function.get("name") if isinstance(function, dict) else function}
    return choice


def to_flat(session: Mapping[str, Any]) -> Json:
    """Flatten a GA session echo. Audio formats and the fields of one dialect alone are added by the dialect."""
    given, output = session["audio"]["input"], session["audio"].get("output", {})
    flat = {
        "id": session["id"],
        "object": "realtime.session",
        "model": session["model"],
        "expires_at": session["expires_at"],
        "modalities": flat_modalities(session.get("output_modalities", ["text"])),
        "instructions": session.get("instructions", ""),
        "voice": output.get("voice", ""),
        "input_audio_transcription": _transcription(given.get("transcription"), session["model"]),
        "turn_detection": given.get("turn_detection"),
        "tools": session.get("tools", []),
        "tool_choice": session.get("tool_choice", "auto"),
        "max_response_output_tokens": session.get("max_output_tokens", "inf"),
    }
    return flat | ({"autoglm": session["autoglm"]} if "autoglm" in session else {})


def _transcription(transcription: Json | None, model: str) -> Json | None:
    return None if transcription is None else {"model": model} | transcription


def flat_modalities(modalities: list[str]) -> list[str]:
    """Name what comes out as the dialects do: speech includes its text."""
    return ["text", "audio"] if "audio" in modalities else ["text"]


def flat_response(response: Mapping[str, Any], output_format: str) -> Json:
    """Flatten a response of `response.created` or `response.done`; its items are translated elsewhere."""
    flat = {key: value for key, value in response.items() if key not in ("output_modalities", "audio")}
    flat["modalities"] = flat_modalities(response["output_modalities"])
    if "audio" in response:
        flat |= {"voice": response["audio"]["output"]["voice"], "output_audio_format": output_format}
    return flat


def flat_error(error: Mapping[str, Any]) -> Json:
    """Leave out what is null and name parameters as the client did. An error always has a code."""
    flat = {key: value for key, value in error.items() if value is not None}
    for nested, own in _PARAMS:
        for key in ("message", "param"):
            if key in flat:
                flat[key] = flat[key].replace(nested, own)
    flat.setdefault("code", flat["type"])
    return flat
