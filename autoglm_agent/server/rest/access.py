"""Who may use a REST door, and which models there are."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from autoglm_agent.errors import ModelNotFoundError
from autoglm_agent.server import auth
from autoglm_agent.server.service import Service


def admitted(request: Request) -> Service:
    """The service, for a client that has a key. Raises HTTPException 401."""
    service: Service = request.app.state.service
    if not auth.is_key(auth.presented_key(request), service.settings):
        raise HTTPException(401, "Incorrect API key provided.", {"WWW-Authenticate": "Bearer"})
    return service


def check_model(service: Service, name: str) -> None:
    """Refuse a model that is not here; an empty name takes the one that is. Raises ModelNotFoundError."""
    if name and name not in service.model_names:
        raise ModelNotFoundError(
            f"The model {name!r} does not exist; this server has: {', '.join(service.model_names)}."
        )
