"""Errors on the wire: every one in OpenAI's shape, the unexpected ones without their details."""

from __future__ import annotations

import math

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from autoglm_agent.errors import AutoGLMError, OverloadedError
from autoglm_agent.protocol.rest_errors import ErrorBody, ErrorDetail, describe

HTTP_CODES = {
    401: "invalid_api_key",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    415: "unsupported_media_type",
}


def error_response(error: Exception) -> JSONResponse:
    """An error as OpenAI's clients expect it."""
    if isinstance(error, HTTPException):
        code = HTTP_CODES.get(error.status_code)
        body = ErrorBody(error=ErrorDetail(message=str(error.detail), type="invalid_request_error", code=code))
        return JSONResponse(body.model_dump(), error.status_code, headers=error.headers)
    status, body = describe(error)
    headers = {"Retry-After": str(math.ceil(error.retry_after_s))} if isinstance(error, OverloadedError) else None
    return JSONResponse(body.model_dump(), status, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Let every error of the application leave this way."""

    async def on_error(request: Request, error: Exception) -> JSONResponse:
        return error_response(error)

    for kind in (AutoGLMError, HTTPException, Exception):
        app.add_exception_handler(kind, on_error)
