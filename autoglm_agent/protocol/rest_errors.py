"""Errors as OpenAI's REST API tells them: a status and `{error: {message, type, param, code}}`."""

from __future__ import annotations

from autoglm_agent.errors import (
    AutoGLMError,
    ContextOverflowError,
    EngineDiedError,
    InputError,
    ModelNotFoundError,
    OverloadedError,
)
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.wire.base import Wire


class ErrorDetail(Wire):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(Wire):
    """The body of every reply that is an error, and of the event that ends a broken stream."""

    error: ErrorDetail


def describe(error: Exception) -> tuple[int, ErrorBody]:
    """Return HTTP status and body for an exception. What is not ours is told as an internal error, without details."""
    message = str(error)
    match error:
        case RemoteProtocolError():
            return 400, _body(error.message, "invalid_request_error", error.code, error.param)
        case ContextOverflowError():
            return 400, _body(message, "invalid_request_error", "context_length_exceeded", "messages")
        case InputError():
            return 400, _body(message, "invalid_request_error", "invalid_value")
        case ModelNotFoundError():
            return 404, _body(message, "invalid_request_error", "model_not_found", "model")
        case OverloadedError():
            return 503, _body(message, "server_error", "overloaded")
        case EngineDiedError():
            return 500, _body(message, "server_error", "engine_died")
        case AutoGLMError():
            return 500, _body(message, "server_error", "server_error")
        case _:
            return 500, _body("The server had an error.", "server_error", "server_error")


def _body(message: str, kind: str, code: str, param: str | None = None) -> ErrorBody:
    return ErrorBody(error=ErrorDetail(message=message, type=kind, code=code, param=param))
