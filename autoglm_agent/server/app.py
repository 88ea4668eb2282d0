"""The ASGI application: routes over a `Service`. It owns nothing; whoever made the service stops it."""

from __future__ import annotations

from fastapi import FastAPI

from autoglm_agent import __version__
from autoglm_agent.server import page, realtime, rest
from autoglm_agent.server.metrics import Measured
from autoglm_agent.server.service import Service


def create_app(service: Service) -> FastAPI:
    """The application for a running service."""
    app = FastAPI(title="autoglm-agent", version=__version__, openapi_url=None)
    app.state.service = service
    app.add_middleware(Measured, metrics=service.metrics)
    app.include_router(rest.router)
    app.include_router(realtime.router)
    app.include_router(page.router)
    rest.install_error_handlers(app)
    return app
