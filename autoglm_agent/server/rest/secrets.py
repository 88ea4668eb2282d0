"""`POST /v1/realtime/client_secrets`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from autoglm_agent.server.rest.access import admitted
from autoglm_agent.server.rest.bodies import read_body

router = APIRouter()

MAX_SECRET_BYTES = 1 << 20
"""A session's settings with tools and instructions; the same as a frame of the socket."""


@router.post("/v1/realtime/client_secrets")
async def client_secrets(request: Request) -> JSONResponse:
    """Make a short-lived key for a browser, with the settings its session begins with."""
    service = admitted(request)
    secret = service.secrets.grant(await read_body(request, MAX_SECRET_BYTES), service.session_defaults)
    return JSONResponse(secret.model_dump(mode="json"))
