"""The WebSocket shell at `/v1/realtime`: one reader, one writer, and a session that knows nothing of either.

Admission comes before the handshake: at the cap a client gets 503 with Retry-After, without a key 401, and never a slow
session. Other vendors' paths and dialects go through a translator here; the session behind it always speaks GA.

Resuming. Only a client that asks hears of it: with `?autoglm=resume`, answered in `session.created`, or with
`session.update{session: {autoglm: {resume: true}}}`, answered in `session.updated`. Both then have
`session.autoglm.resume{token, grace_seconds}`. When its socket is lost, the session waits for it so long, in its place.

- The client reconnects with `?resume=TOKEN&last_event=ID`, the last `event_id` it saw, and the key as before; the key
  that opened the session is good for this even when it has expired. Other parameters count for nothing.
- The first event is `session.resumed{session, received_audio_ms, received_events}`, then comes what followed ID; or it
  is `session.resync_required{session, items, previous_item_id, …}` when the journal does not reach back to ID, or no ID
  is given. Audio is repeated from `received_audio_ms`; other frames are counted by `received_events`.
- A token that is wrong, or whose session has ended, gets 404 with the code `session_not_found` before the handshake.
- A second socket takes the session over at once; the first is closed with 4001, after which nobody should reconnect.
- A client that closes with code 1000 has said goodbye: its session ends at once. Every other end is a loss.
- Connections in a dialect cannot be resumed.
"""

from __future__ import annotations

import math
from contextlib import ExitStack, suppress
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from fastapi import APIRouter, WebSocket
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from autoglm_agent.errors import OverloadedError
from autoglm_agent.protocol.dialects.base import Dialect
from autoglm_agent.protocol.dialects.detect import GA_PATH, GLM_PATH, QWEN_PATH, Detector
from autoglm_agent.protocol.handshake import read_subprotocols
from autoglm_agent.protocol.rest_errors import describe
from autoglm_agent.protocol.session import merge
from autoglm_agent.runtime.session import CLOSE_NORMAL, CLOSE_TOO_SLOW, Session
from autoglm_agent.server import auth
from autoglm_agent.server.calls import Call
from autoglm_agent.server.service import Service

WRITE_TIMEOUT_S = 30.0
"""A client whose socket takes nothing for this long is gone; TCP alone would find out in minutes."""

TICK_S = 0.1
"""How often a dialect is asked what is due: well below what a person or a timeout of seconds notices."""

CLOSE_TAKEN_OVER = 4001
"""Another socket of the same client has the session now (codes from 4000 are an application's own, RFC 6455, 7.4.2)."""

CLOSE_TIMEOUT_S = 1.0
"""A socket that was taken over is as a rule dead; nobody waits for its goodbye."""

BINARY_REFUSED = "A frame must be text: an event in JSON. Sound goes in as base64, in `input_audio_buffer.append`."

router = APIRouter()


@router.websocket(GA_PATH)
@router.websocket(GLM_PATH)
@router.websocket(QWEN_PATH)
async def realtime(websocket: WebSocket) -> None:
    """OpenAI Realtime, GA names; GLM-Realtime and Qwen-Omni-Realtime on their own paths."""
    service: Service = websocket.app.state.service
    key = auth.presented_key(websocket)
    token = websocket.query_params.get("resume") if websocket.url.path == GA_PATH else None
    call = service.calls.find(token) if token is not None else None
    preset = service.secrets.settings(key)
    try:
        known = preset is not None or (call is not None and call.was_opened_with(key))
        if not known and not auth.may_talk(key, service.settings, service.wall_clock()):
            await _deny(websocket, _unauthorised())
        elif token is None:
            await _begin(websocket, service, key, preset)
        elif call is None:
            await _deny(websocket, _not_found())
        else:
            await _accept(websocket)
            await _converse(websocket, call, resumes=True)
    except auth.TokenRefusedError as error:
        await _deny(websocket, _unauthorised(str(error), error.code))
    except OverloadedError as error:
        await _deny(websocket, _overloaded(error))


@router.websocket("/{path:path}")
async def elsewhere(websocket: WebSocket) -> None:
    """A wrong address. It comes last: what is no door above ends here."""
    await _deny(websocket, _no_door())


async def _deny(websocket: WebSocket, response: JSONResponse) -> None:
    """Refuse the handshake."""
    await websocket.send_denial_response(response)
    await checkpoint()  # until it has let the connection go, uvicorn takes it for unanswered and logs an error


async def _accept(websocket: WebSocket) -> None:
    subprotocols = read_subprotocols(auth.offered_subprotocols(websocket))
    await websocket.accept(subprotocol=subprotocols.selected)


async def _begin(websocket: WebSocket, service: Service, key: str | None, preset: dict[str, Any] | None) -> None:
    """A client's first socket. Raises OverloadedError before anything is promised to it."""
    with ExitStack() as place:
        place.enter_context(service.lobby.places.take())
        await _accept(websocket)
        detector = Detector(websocket.url.path, ids=service.ids, clock=service.clock)
        transcription_only = websocket.query_params.get("intent") == "transcription"
        if detector.dialect is not None:
            preset, transcription_only = detector.dialect.preset(preset), False
        elif websocket.query_params.get("autoglm") == "resume":
            preset = merge(preset or {}, {"autoglm": {"resume": True}}, {})
        session = service.new_session(
            transcription_only=transcription_only, preset=preset, can_resume=detector.dialect is None
        )
        call = service.calls.add(session, detector, key, place.pop_all())
    await service.lobby.start(session, on_end=call.end)
    await _converse(websocket, call)


async def _converse(websocket: WebSocket, call: Call, *, resumes: bool = False) -> None:
    """Carry frames and events until the socket is gone, the session has ended, or another socket takes the call."""
    session = call.session
    with anyio.CancelScope() as scope:
        hold = await call.take(scope)
        try:
            if resumes:
                session.resume(websocket.query_params.get("last_event"))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_read, websocket, call, tasks)
                tasks.start_soon(_write, websocket, call, tasks.cancel_scope)
        finally:
            call.let_go(hold)
            if not hold.was_taken_over:
                _leave(call)
    if hold.was_taken_over:
        with anyio.move_on_after(CLOSE_TIMEOUT_S):
            await _close(websocket, CLOSE_TAKEN_OVER)


def _leave(call: Call) -> None:
    """The socket is gone and no other came: the session waits for its client, or ends."""
    if call.detector.dialect is None:
        call.session.lose_client()
    else:
        call.session.close()


async def _read(websocket: WebSocket, call: Call, tasks: TaskGroup) -> None:
    """Until the client leaves. Waiting in `receive` is what makes TCP push back on a client that sends too fast."""
    session, detector, timed = call.session, call.detector, False
    try:
        while True:
            if detector.dialect is not None and not timed:
                timed = True
                tasks.start_soon(_keep_time, session, detector.dialect)
            try:
                text = await websocket.receive_text()
            except KeyError:  # raw sound, as a rule; the protocol has text frames only
                session.refuse(BINARY_REFUSED, "invalid_frame")
                continue
            dialect = detector.see(text)
            if dialect is None:
                await session.receive(text)
                continue
            decoded = dialect.decode(text)
            session.outbox.put(list(decoded.replies))
            for frame in decoded.frames:
                await session.receive(frame)
    except WebSocketDisconnect as gone:
        if gone.code == CLOSE_NORMAL:
            session.close()
        tasks.cancel_scope.cancel()


async def _keep_time(session: Session, dialect: Dialect) -> None:
    """Send what a dialect's clock brings; end the session when the dialect is finished with it."""
    while not dialect.finished:
        await anyio.sleep(TICK_S)
        session.outbox.put(dialect.due())
    session.close()


async def _write(websocket: WebSocket, call: Call, scope: anyio.CancelScope) -> None:
    """Until the session has ended and its last event is out, then close the socket with the session's code."""
    session = call.session
    try:
        while texts := await session.outbox.take():
            for text in _translated(texts, call.detector.dialect):
                with anyio.move_on_after(WRITE_TIMEOUT_S) as writing:
                    await websocket.send_text(text)
                if writing.cancelled_caught:
                    if session.connection.resume_token is None:
                        session.close(CLOSE_TOO_SLOW)
                    return
        await _close(websocket, session.close_code)
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: the socket closed between two sends
        pass
    finally:
        scope.cancel()


async def _close(websocket: WebSocket, code: int) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # it is closed already
        await websocket.close(code)


def _translated(texts: list[str], dialect: Dialect | None) -> list[str]:
    return texts if dialect is None else [out for text in texts for out in dialect.encode(text)]


def _unauthorised(message: str = "Incorrect API key provided.", code: str = "invalid_api_key") -> JSONResponse:
    body = {"message": message, "type": "invalid_request_error", "code": code}
    return JSONResponse({"error": {**body, "param": None}}, 401, headers={"WWW-Authenticate": "Bearer"})


def _not_found() -> JSONResponse:
    message = "There is no session to resume with this token: it has ended, or its time to come back is over."
    body = {"message": message, "type": "invalid_request_error", "code": "session_not_found", "param": "resume"}
    return JSONResponse({"error": body}, 404)


def _no_door() -> JSONResponse:
    message = f"There is no realtime session at this path; connect to {GA_PATH}, {GLM_PATH} or {QWEN_PATH}."
    body = {"message": message, "type": "invalid_request_error", "code": "not_found", "param": None}
    return JSONResponse({"error": body}, 404)


def _overloaded(error: OverloadedError) -> JSONResponse:
    status, body = describe(error)
    return JSONResponse(body.model_dump(), status, headers={"Retry-After": str(math.ceil(error.retry_after_s))})
