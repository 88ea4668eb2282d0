"""The playground page at `/`: its files as they are in `server/page`, and what the page must know before it connects.

No build step and no other host: the content security policy allows this origin alone. A browser does not tell a page
why a WebSocket was refused, so the page asks `page/status` before and after. Addresses inside the page are relative;
behind a proxy it works under any prefix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from autoglm_agent.runtime.lobby import RETRY_AFTER_S
from autoglm_agent.server import auth
from autoglm_agent.server.service import Service

INDEX: Final = "index.html"
TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".flac": "audio/flac",
}
SAMPLES: Final[Mapping[str, str]] = {"sample.png": "toys.png", "sample.flac": "toys.flac", "car.flac": "car.flac"}
"""Media of the demonstration that the page's examples use, fetched only when somebody tries one."""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect", "media", "worker")),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[Mapping[str, str]] = {
    # Names carry no version, so a browser asks whether its copy is still good; that costs 304s of a few bytes.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

KeyState = Literal["open", "good", "missing", "wrong"]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page, ready to be sent."""

    body: bytes
    content_type: str
    etag: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every file of the page by its name. Read once: together they are smaller than one picture."""
    package = resources.files("autoglm_agent")
    page = {entry.name: entry for entry in (package / "server" / "page").iterdir() if entry.is_file()}
    samples = {name: package / "media" / source for name, source in SAMPLES.items()}
    return {name: _asset(name, entry.read_bytes()) for name, entry in {**page, **samples}.items()}


def _asset(name: str, body: bytes) -> Asset:
    suffix = name[name.rindex(".") :]
    return Asset(body, TYPES[suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"')


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """The page."""
    return _send(INDEX, request)


@router.get("/page/status")
async def status(request: Request, resume: str | None = None) -> JSONResponse:
    """Whether a session could be had now, and with what. `resume` asks after a session by its token."""
    service: Service = request.app.state.service
    places, key = service.lobby.places, _key_state(request, service)
    found: dict[str, Any] = {
        "model": service.model,
        "ready": service.bridge.is_ready,
        "key": key,
        "sessions": places.taken,
        "max_sessions": service.settings.max_sessions,
        "has_place": places.taken < service.settings.max_sessions,
        "retry_after_s": RETRY_AFTER_S,
        "voices": list(service.session_defaults.voices),
        "chunk_ms": service.settings.speech_chunk_ms,
    }
    if resume is not None:
        found["can_resume"] = service.calls.find(resume) is not None
    return JSONResponse(found, headers={**HEADERS, "Cache-Control": "no-store"})


@router.api_route("/page/{name}", methods=["GET", "HEAD"])
async def file(request: Request, name: str) -> Response:
    """A file of the page."""
    return _send(name, request)


def _send(name: str, request: Request) -> Response:
    asset = assets().get(name)
    if asset is None:
        raise HTTPException(404, f"The page has no file {name!r}.")
    headers = {**HEADERS, "ETag": asset.etag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, headers=headers, media_type=asset.content_type)


def _key_state(request: Request, service: Service) -> KeyState:
    if not service.settings.api_keys:
        return "open"
    key = auth.presented_key(request)
    if key is None:
        return "missing"
    try:
        known = service.secrets.settings(key) is not None
        return "good" if known or auth.may_talk(key, service.settings, service.wall_clock()) else "wrong"
    except auth.TokenRefusedError:
        return "wrong"
