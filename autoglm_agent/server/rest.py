"""The REST shells: chat completions, models, health. They decode, call the runtime and encode; errors are OpenAI's."""

from __future__ import annotations

import logging
import math
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from autoglm_agent.engine import messages as m
from autoglm_agent.errors import AutoGLMError, ModelNotFoundError, OverloadedError
from autoglm_agent.protocol.chat import ChatTurns, decode_chat, parse_chat
from autoglm_agent.protocol.chat_reply import ChatReply, ChatUsage, FinishReason, Gate
from autoglm_agent.protocol.models import list_models
from autoglm_agent.protocol.rest_errors import ErrorBody, ErrorDetail, describe
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.chat import complete
from autoglm_agent.runtime.stages import Stages
from autoglm_agent.server import auth
from autoglm_agent.server.service import Service

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 32 << 20
"""Two pictures of 10 MB as base64, and a long conversation."""

router = APIRouter()


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """The server lives. `engine` says whether it could answer at this moment."""
    service: Service = request.app.state.service
    return {
        "status": "ok",
        "model": service.model,
        "engine": "ready" if service.bridge.is_ready else "loading",
        "sessions": service.lobby.places.taken,
    }


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when the engine takes requests, 503 while it loads: for load balancers."""
    service: Service = request.app.state.service
    is_ready = service.bridge.is_ready
    return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)


@router.get("/v1/models")
async def models(request: Request) -> JSONResponse:
    """The names the loaded model answers to."""
    service: Service = request.app.state.service
    _authorise(request, service)
    return JSONResponse(list_models(service.model_names, created=round(service.started_at)).model_dump())


@router.post("/v1/realtime/client_secrets")
async def client_secrets(request: Request) -> JSONResponse:
    """Make a short-lived key for a browser, with the settings its session begins with."""
    service: Service = request.app.state.service
    _authorise(request, service)
    secret = service.secrets.grant(await _body(request), service.session_defaults)
    return JSONResponse(secret.model_dump(mode="json"))


@router.post("/v1/chat/completions")
async def chat_completions(request: Request) -> Response:
    """Chat completions, whole or streamed as server-sent events."""
    service: Service = request.app.state.service
    _authorise(request, service)
    chat = decode_chat(parse_chat(await _body(request)))
    if chat.model and chat.model not in service.model_names:
        raise ModelNotFoundError(
            f"The model {chat.model!r} does not exist; this server has: {', '.join(service.model_names)}."
        )
    return _ChatResponse(service, chat)


class _ChatResponse(Response):
    """Answers while it watches the client: one that hangs up cancels its generation."""

    def __init__(self, service: Service, chat: ChatTurns) -> None:
        super().__init__()
        self._service = service
        self._chat = chat
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with background_tasks() as tasks:
            tasks.start_soon(self._watch, receive, tasks.cancel_scope)
            try:
                with self._service.chats.take():
                    await self._answer(scope, receive, send)
            except AutoGLMError as error:
                await self._send_error(error, scope, receive, send)

    async def _watch(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        service, chat = self._service, self._chat
        reply = ChatReply(
            completion_id=service.ids.new("chatcmpl"),
            model=service.model,
            created=round(service.wall_clock()),
            include_usage=chat.include_usage,
            return_reasoning=chat.return_reasoning,
        )

        async def on_result(result: m.Result) -> None:
            await self._stream(send, _encode(reply, result))

        if chat.stream:
            await self._stream(send, reply.start())
        stages = Stages()
        finished = await complete(service.bridge, chat, on_result, new_id=service.ids.new, stages=stages)
        reason, usage, gate = _reason(finished), _usage(finished.usage), _gate(finished)
        if chat.stream:
            await self._stream(send, reply.finish(reason, usage, gate, stages.ms))
            await send({"type": "http.response.body", "body": b""})
        else:
            completion = reply.completion(reason, usage, gate, stages.ms)
            await JSONResponse(completion.model_dump())(scope, receive, send)

    async def _stream(self, send: Send, text: str) -> None:
        """Send a piece of the stream; the status line goes out with the first."""
        if not self._chat.stream or not text:
            return
        if not self._started:
            self._started = True
            headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _send_error(self, error: AutoGLMError, scope: Scope, receive: Receive, send: Send) -> None:
        """As a status while there is a choice; in a stream that has begun, as its last event."""
        if self._started:
            _, body = describe(error)
            await send({"type": "http.response.body", "body": f"data: {body.model_dump_json()}\n\n".encode()})
        else:
            await error_response(error)(scope, receive, send)


def error_response(error: Exception) -> JSONResponse:
    """An error as OpenAI's clients expect it."""
    status, body = describe(error)
    headers = {"Retry-After": str(math.ceil(error.retry_after_s))} if isinstance(error, OverloadedError) else None
    return JSONResponse(body.model_dump(), status, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Every error leaves in the same shape, the unexpected ones without their details."""

    async def on_error(request: Request, error: Exception) -> JSONResponse:
        return error_response(error)

    async def on_http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        body = ErrorBody(error=ErrorDetail(message=str(error.detail), type="invalid_request_error"))
        return JSONResponse(body.model_dump(), error.status_code, headers=error.headers)

    app.add_exception_handler(AutoGLMError, on_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_error)


def _authorise(request: Request, service: Service) -> None:
    if not auth.is_key(auth.presented_key(request), service.settings):
        raise HTTPException(401, "Incorrect API key provided.", {"WWW-Authenticate": "Bearer"})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"The request has more than {MAX_BODY_BYTES >> 20} MiB.")
    return bytes(body)


def _encode(reply: ChatReply, result: m.Result) -> str:
    match result:
        case m.ReasoningDelta():
            return reply.reasoning(result.text)
        case m.TextDelta():
            return reply.content(result.text)
        case m.ToolCallDone(call=call):
            return reply.tool_call(call.call_id, call.name, call.arguments)
        case _:
            raise TypeError(f"{type(result).__name__} is no part of an answer")


def _reason(finished: m.Finished) -> FinishReason:
    return finished.reason if finished.reason in ("length", "tool_calls") else "stop"


def _usage(usage: m.Usage) -> ChatUsage:
    return ChatUsage(
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        audio_tokens=usage.audio_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )


def _gate(finished: m.Finished) -> Gate | None:
    gate = finished.gate
    return Gate(text=gate.text, image=gate.image, speech=gate.speech) if gate is not None else None
