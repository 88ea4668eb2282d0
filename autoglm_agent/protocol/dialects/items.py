"""Conversation items: from a dialect's habits to GA's form and back. It keeps nothing but which calls are open."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Mapping
from typing import Any

from autoglm_agent.protocol.dialects.input_stream import InputFormat, InputStream
from autoglm_agent.protocol.errors import RemoteProtocolError

Json = dict[str, Any]

#: Content types of the assistant's messages; user and system messages have the same names on both sides.
_TO_GA = {"text": "output_text", "audio": "output_audio"}
_FROM_GA = {"output_text": "text", "output_audio": "audio"}
#: Tool calls whose result may come without a `call_id`; far more than a model makes in one turn.
MAX_OPEN_CALLS = 64


class OpenCalls:
    """Tool calls without a result. GLM's clients send results without a `call_id`: they belong to the oldest call."""

    def __init__(self) -> None:
        self._ids: deque[str] = deque(maxlen=MAX_OPEN_CALLS)

    def called(self, call_id: str) -> None:
        """The model made a call."""
        self._ids.append(call_id)

    def answer(self, call_id: object) -> object:
        """The client has a result: return the id of its call, None when there is none."""
        if call_id:
            if call_id in self._ids:
                self._ids.remove(str(call_id))
            return call_id
        return self._ids.popleft() if self._ids else None


def to_ga(item: Mapping[str, Any], audio_format: InputFormat, calls: OpenCalls) -> Json:
    """Translate a client's item. Empty ids and nulls are left out; audio becomes 24 kHz.

    Raises `RemoteProtocolError` for audio that cannot be read.
    """
    ga = {
        key: value for key, value in item.items() if value is not None and not (key in ("id", "call_id") and not value)
    }
    if ga.get("type") == "function_call_output":
        call_id = calls.answer(ga.get("call_id"))
        return ga if call_id is None else ga | {"call_id": call_id}
    if isinstance(ga.get("content"), list):
        role = ga.get("role")
        ga["content"] = [
            _part_to_ga(part, role, audio_format, f"item.content[{index}]") for index, part in enumerate(ga["content"])
        ]
    return ga


def _part_to_ga(part: object, role: object, audio_format: InputFormat, param: str) -> object:
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if role == "assistant":
        return part | {"type": _TO_GA.get(str(kind), kind)}
    if kind == "text":
        return part | {"type": "input_text"}
    if kind == "input_audio" and isinstance(part.get("audio"), str):
        stream = InputStream(audio_format)
        audio = stream.push(part["audio"], f"{param}.audio") + stream.end()
        return part | {"audio": base64.b64encode(audio).decode("ascii")}
    return part


def from_ga(item: Mapping[str, Any]) -> Json:
    """Translate an item for the client."""
    if item.get("type") != "message":
        return dict(item)
    content = [part | {"type": _FROM_GA.get(part["type"], part["type"])} for part in item["content"]]
    return {**item, "content": content}


def camera_frame(encoded: object, param: str, item_id: str) -> Json:
    """Make the GA item of a raw base64 JPEG: a user's message of one picture and nothing else (the camera rule).

    Raises `RemoteProtocolError` when it is missing; whether it is base64 is checked with the item.
    """
    if not isinstance(encoded, str) or not encoded:
        raise RemoteProtocolError(f"'{param}' is missing.", code="missing_required_parameter", param=param)
    url = encoded if encoded.startswith("data:") else f"data:image/jpeg;base64,{encoded}"
    content = [{"type": "input_image", "image_url": url}]
    return {"type": "message", "role": "user", "id": item_id, "content": content}
