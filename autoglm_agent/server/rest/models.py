"""`/v1/models`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from autoglm_agent.protocol.models import Model, list_models
from autoglm_agent.server.rest.access import admitted, check_model

router = APIRouter()


@router.get("/v1/models")
async def models(request: Request) -> JSONResponse:
    """The names the loaded model answers to."""
    service = admitted(request)
    return JSONResponse(list_models(service.model_names, created=round(service.started_at)).model_dump())


@router.get("/v1/models/{model_id:path}")
async def model(request: Request, model_id: str) -> JSONResponse:
    """One of them."""
    service = admitted(request)
    check_model(service, model_id)
    return JSONResponse(Model(id=model_id, created=round(service.started_at)).model_dump())
