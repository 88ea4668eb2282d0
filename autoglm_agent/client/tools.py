"""Functions that the model may call: what it is told of them, and running what it calls. Not here: when."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ToolFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """An async function under a name. `parameters` is the JSON schema of its keyword arguments."""

    name: str
    description: str
    run: ToolFunction
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})

    @property
    def definition(self) -> dict[str, Any]:
        """As a session's settings take it."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }


async def run_tool(tools: Mapping[str, Tool], name: str, arguments: str) -> str:
    """Run one call and return its result for the model: JSON, or text as it is. What goes wrong is told to the model.

    Args:
        tools: by name.
        name: the function that was called.
        arguments: a JSON object as text, as the model wrote it.
    """
    tool = tools.get(name)
    if tool is None:
        return _error(f"there is no function {name}")
    try:
        given = json.loads(arguments or "{}")
        inspect.signature(tool.run).bind(**given)
    except (ValueError, TypeError) as error:
        return _error(f"the arguments do not fit: {error}")
    try:
        result = await tool.run(**given)
        if isinstance(result, str):
            return result
        return json.dumps({"status": "ok"} if result is None else result, ensure_ascii=False)
    except Exception as error:  # the boundary: a function that fails is an answer, not the end of the talk
        return _error(str(error) or type(error).__name__)


def _error(message: str) -> str:
    return json.dumps({"error": message}, ensure_ascii=False)
