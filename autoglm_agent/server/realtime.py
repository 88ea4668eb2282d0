"""The WebSocket shell at `/v1/realtime`: one reader, one writer, and a session that knows nothing of either.

Admission comes before the handshake: at the cap a client gets 503 with Retry-After, without a key 401, and never a slow
session.
"""

from __future__ import annotations

import math
from typing import Any

import anyio
from fastapi import APIRouter, WebSocket
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from autoglm_agent.errors import OverloadedError
from autoglm_agent.protocol.handshake import read_subprotocols
from autoglm_agent.protocol.rest_errors import describe
from autoglm_agent.runtime.session import CLOSE_TOO_SLOW, Session
from autoglm_agent.server import auth
from autoglm_agent.server.service import Service

WRITE_TIMEOUT_S = 30.0
"""A client whose socket takes nothing for this long is gone; TCP alone would find out in minutes."""

router = APIRouter()


@router.websocket("/v1/realtime")
async def realtime(websocket: WebSocket) -> None:
    """OpenAI Realtime, GA names."""
    service: Service = websocket.app.state.service
    key = auth.presented_key(websocket)
    preset = service.secrets.settings(key)
    if preset is None and not auth.is_key(key, service.settings):
        await websocket.send_denial_response(_unauthorised())
        return
    try:
        with service.lobby.places.take():
            await _serve(websocket, service, preset)
    except OverloadedError as error:
        await websocket.send_denial_response(_overloaded(error))


async def _serve(websocket: WebSocket, service: Service, preset: dict[str, Any] | None) -> None:
    subprotocols = read_subprotocols(auth.offered_subprotocols(websocket))
    await websocket.accept(subprotocol=subprotocols.selected)
    transcription_only = websocket.query_params.get("intent") == "transcription"
    session = service.new_session(transcription_only=transcription_only, preset=preset)
    await service.lobby.start(session)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, websocket, session, tasks.cancel_scope)
            tasks.start_soon(_write, websocket, session, tasks.cancel_scope)
    finally:
        session.close()


async def _read(websocket: WebSocket, session: Session, scope: anyio.CancelScope) -> None:
    """Until the client leaves. Waiting in `receive` is what makes TCP push back on a client that sends too fast."""
    try:
        while True:
            await session.receive(await websocket.receive_text())
    except (WebSocketDisconnect, KeyError):  # KeyError: a binary frame, which the protocol does not have
        scope.cancel()


async def _write(websocket: WebSocket, session: Session, scope: anyio.CancelScope) -> None:
    """Until the session has ended and its last event is out, then close the socket with the session's code."""
    try:
        while texts := await session.outbox.take():
            for text in texts:
                with anyio.move_on_after(WRITE_TIMEOUT_S) as writing:
                    await websocket.send_text(text)
                if writing.cancelled_caught:
                    session.close(CLOSE_TOO_SLOW)
                    return
        await websocket.close(session.close_code)
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: the socket closed between two sends
        pass
    finally:
        scope.cancel()


def _unauthorised() -> JSONResponse:
    body = {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": "invalid_api_key"}
    return JSONResponse({"error": {**body, "param": None}}, 401, headers={"WWW-Authenticate": "Bearer"})


def _overloaded(error: OverloadedError) -> JSONResponse:
    status, body = describe(error)
    return JSONResponse(body.model_dump(), status, headers={"Retry-After": str(math.ceil(error.retry_after_s))})
