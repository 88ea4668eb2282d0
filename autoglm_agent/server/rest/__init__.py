"""The REST doors, a module each: chat completions, responses, transcriptions, models, status, documentation.

Shells: they decode, call the runtime and encode. Errors leave in OpenAI's shape, whatever the door.
"""

from __future__ import annotations

from fastapi import APIRouter

from autoglm_agent.server.rest import chat, docs, models, responses, secrets, status, transcriptions
from autoglm_agent.server.rest.errors import install_error_handlers

DOORS = tuple(module.router for module in (chat, responses, transcriptions, models, secrets, status, docs))

router = APIRouter()
for door in DOORS:
    router.include_router(door)

__all__ = ["DOORS", "install_error_handlers", "router"]
