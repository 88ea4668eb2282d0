"""The WebSocket shell at `/v1/realtime`: one reader, one writer, and a session that knows nothing of either.

Admission comes before the handshake: at the cap a client gets 503 with Retry-After, without a key 401, and never a slow
session. Other vendors' paths and dialects go through a translator here; the session behind it always speaks GA.
"""

from __future__ import annotations

import math
from typing import Any

import anyio
from anyio.abc import TaskGroup
from fastapi import APIRouter, WebSocket
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from autoglm_agent.errors import OverloadedError
from autoglm_agent.protocol.dialects.base import Dialect
from autoglm_agent.protocol.dialects.detect import GA_PATH, GLM_PATH, QWEN_PATH, Detector
from autoglm_agent.protocol.handshake import read_subprotocols
from autoglm_agent.protocol.rest_errors import describe
from autoglm_agent.runtime.session import CLOSE_TOO_SLOW, Session
from autoglm_agent.server import auth
from autoglm_agent.server.service import Service

WRITE_TIMEOUT_S = 30.0
"""A client whose socket takes nothing for this long is gone; TCP alone would find out in minutes."""

TICK_S = 0.1
"""How often a dialect is asked what is due: well below what a person or a timeout of seconds notices."""

router = APIRouter()


@router.websocket(GA_PATH)
@router.websocket(GLM_PATH)
@router.websocket(QWEN_PATH)
async def realtime(websocket: WebSocket) -> None:
    """OpenAI Realtime, GA names; GLM-Realtime and Qwen-Omni-Realtime on their own paths."""
    service: Service = websocket.app.state.service
    key = auth.presented_key(websocket)
    preset = service.secrets.settings(key)
    try:
        if preset is None and not auth.may_talk(key, service.settings, service.wall_clock()):
            await websocket.send_denial_response(_unauthorised())
            return
        with service.lobby.places.take():
            await _serve(websocket, service, preset)
    except auth.TokenRefusedError as error:
        await websocket.send_denial_response(_unauthorised(str(error), error.code))
    except OverloadedError as error:
        await websocket.send_denial_response(_overloaded(error))


async def _serve(websocket: WebSocket, service: Service, preset: dict[str, Any] | None) -> None:
    subprotocols = read_subprotocols(auth.offered_subprotocols(websocket))
    await websocket.accept(subprotocol=subprotocols.selected)
    detector = Detector(websocket.url.path, ids=service.ids, clock=service.clock)
    transcription_only = websocket.query_params.get("intent") == "transcription"
    if detector.dialect is not None:
        preset, transcription_only = detector.dialect.preset(preset), False
    session = service.new_session(transcription_only=transcription_only, preset=preset)
    await service.lobby.start(session)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, websocket, session, detector, tasks)
            tasks.start_soon(_write, websocket, session, detector, tasks.cancel_scope)
    finally:
        session.close()


async def _read(websocket: WebSocket, session: Session, detector: Detector, tasks: TaskGroup) -> None:
    """Until the client leaves. Waiting in `receive` is what makes TCP push back on a client that sends too fast."""
    timed = False
    try:
        while True:
            if detector.dialect is not None and not timed:
                timed = True
                tasks.start_soon(_keep_time, session, detector.dialect)
            text = await websocket.receive_text()
            dialect = detector.see(text)
            if dialect is None:
                await session.receive(text)
                continue
            decoded = dialect.decode(text)
            session.outbox.put(list(decoded.replies))
            for frame in decoded.frames:
                await session.receive(frame)
    except (WebSocketDisconnect, KeyError):  # KeyError: a binary frame, which the protocol does not have
        tasks.cancel_scope.cancel()


async def _keep_time(session: Session, dialect: Dialect) -> None:
    """Send what a dialect's clock brings; end the session when the dialect is finished with it."""
    while not dialect.finished:
        await anyio.sleep(TICK_S)
        session.outbox.put(dialect.due())
    session.close()


async def _write(websocket: WebSocket, session: Session, detector: Detector, scope: anyio.CancelScope) -> None:
    """Until the session has ended and its last event is out, then close the socket with the session's code."""
    try:
        while texts := await session.outbox.take():
            for text in _translated(texts, detector.dialect):
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


def _translated(texts: list[str], dialect: Dialect | None) -> list[str]:
    return texts if dialect is None else [out for text in texts for out in dialect.encode(text)]


def _unauthorised(message: str = "Incorrect API key provided.", code: str = "invalid_api_key") -> JSONResponse:
    body = {"message": message, "type": "invalid_request_error", "code": code}
    return JSONResponse({"error": {**body, "param": None}}, 401, headers={"WWW-Authenticate": "Bearer"})


def _overloaded(error: OverloadedError) -> JSONResponse:
    status, body = describe(error)
    return JSONResponse(body.model_dump(), status, headers={"Retry-After": str(math.ceil(error.retry_after_s))})
