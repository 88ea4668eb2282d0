"""`/health` and `/ready`."""

from __future__ import annotations

from typing import Literal

from autoglm_agent.protocol.wire.base import Maybe, Wire


class Health(Wire):
    """The server lives; `sessions` are those of the WebSocket."""

    status: Literal["ok"] = "ok"
    model: str
    engine: Literal["ready", "loading"]
    sessions: int


class Readiness(Wire):
    """Whether one more client could be served, and why not."""

    ready: bool
    reason: Maybe[Literal["loading", "full"]] = None
