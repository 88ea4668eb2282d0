"""From pydantic's complaints to one OpenAI-style error: a message, a code and the path of the parameter."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from autoglm_agent.protocol.errors import RemoteProtocolError

_CODES = {
    "missing": "missing_required_parameter",
    "extra_forbidden": "unknown_parameter",
    "string_too_long": "string_above_max_length",
    "string_too_short": "string_below_min_length",
    "too_long": "array_above_max_length",
    "too_short": "array_below_min_length",
    "literal_error": "invalid_value",
    "union_tag_invalid": "invalid_value",
    "item_type_unknown": "invalid_value",
    "value_error": "invalid_value",
    "multiple_of": "invalid_value",
}
_BOUNDS = {
    "greater_than": "below_min_value",
    "greater_than_equal": "below_min_value",
    "less_than_equal": "above_max_value",
}

#: So much of what a client sent is repeated to it.
MAX_SHOWN_CHARS = 64

#: Names pydantic puts into a location for the branch of a union it tried; no parameter of ours is called so.
_TAGS = frozenset(
    "system developer user assistant tool function_call function_call_output item_reference input_text input_audio "
    "input_image output_text output_audio server_vad semantic_vad audio/pcm audio/pcmu audio/pcma int str image_url "
    "text refusal".split()
)


def _is_branch(part: str, parent: object) -> bool:
    """Whether a location's part names a union's branch and not a field. `image_url` and `text` can be both."""
    if part in {"image_url", "text", "input_audio"}:
        return isinstance(parent, int)
    if part in {"json_schema", "json_object"}:
        return parent == "format"
    return part in _TAGS or any(mark in part for mark in ".-[") or part[:1].isupper()


def parameter_path(location: Sequence[str | int], prefix: str = "") -> str | None:
    """Write a location as `session.tools[0].name`, without the branches of unions."""
    path = prefix
    parent: object = None
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _is_branch(part, parent):
            path += f".{part}" if path else part
        parent = part
    return path or None


def _code(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind in _BOUNDS:
        number = "integer" if isinstance(error["input"], int) else "decimal"
        return f"{number}_{_BOUNDS[kind]}"
    return _CODES.get(kind, "invalid_type")


def _telling(error: ErrorDetails) -> tuple[bool, int]:
    """Order errors: a broken bound inside a union says more than `not this literal`, and depth more than its lack."""
    return error["type"] in _BOUNDS or error["type"] == "multiple_of", len(error["loc"])


def invalid_request(error: ValidationError, prefix: str = "") -> RemoteProtocolError:
    """Make the one error a client is told of."""
    detail = max(error.errors(include_url=False), key=_telling)
    param = parameter_path(detail["loc"], prefix)
    return RemoteProtocolError(_message(detail, param), code=_code(detail), param=param)


def _message(detail: ErrorDetails, param: str | None) -> str:
    """Say what is wrong in the words of the API, where pydantic speaks of itself."""
    told, context = detail["msg"].removeprefix("Value error, "), detail.get("ctx", {})
    match detail["type"]:
        case "json_invalid":
            return f"The body is not valid JSON: {context['error']}."
        case "missing":
            return f"Missing required parameter: '{param}'."
        case "extra_forbidden":
            return f"Unknown parameter: '{param}'."
        case "union_tag_invalid":
            told = f"{context['tag'][:MAX_SHOWN_CHARS]!r} is not one of {context['expected_tags']}"
        case "union_tag_not_found":
            told = "it does not say what it is: its type, or a message's role, is missing"
        case "model_type" if param is None:
            return "The body must be a JSON object."
    where = f"'{param}'" if param else "request"
    return f"Invalid {where}: {told}."
