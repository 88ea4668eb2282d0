"""What operators and load balancers ask: does it live, can it take more, what does it do. No key is asked for."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from autoglm_agent.protocol.status import Health, Readiness
from autoglm_agent.server.service import Service

router = APIRouter()


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """The server lives. `engine` says whether it could answer at this moment."""
    service: Service = request.app.state.service
    is_ready = service.bridge.is_ready
    body = Health(model=service.model, engine="ready" if is_ready else "loading", sessions=service.lobby.places.taken)
    return JSONResponse(body.model_dump())


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when one more client could be served, 503 while the model loads or all places are taken."""
    service: Service = request.app.state.service
    reason: Literal["loading", "full"] | None = None
    if not service.bridge.is_ready:
        reason = "loading"
    elif service.lobby.places.is_full or service.chats.is_full:
        reason = "full"
    return JSONResponse(Readiness(ready=reason is None, reason=reason).model_dump(), 503 if reason else 200)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counters, gauges and histograms in Prometheus' text format."""
    service: Service = request.app.state.service
    return Response(service.metrics.exposition(service), media_type=service.metrics.media_type)
