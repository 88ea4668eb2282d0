"""What goes wrong, in LangChain's terms: each error is one of its `ModelError` family and one of `autoglm_agent` too.

So code that catches either goes on working. `is_retryable` says what may succeed when it is tried again.
"""

from __future__ import annotations

import httpx
from langchain_core import exceptions as core

from autoglm_agent import errors as ours
from autoglm_agent.protocol.errors import RemoteProtocolError


class AutoGLMInvalidRequestError(core.ModelInvalidRequestError, ours.InputError):
    """The request cannot be answered as it is; the message names the field or the content."""


class AutoGLMContextOverflowError(core.ContextOverflowError, ours.ContextOverflowError):
    """The conversation is longer than the model's context."""


class AutoGLMModelNotFoundError(core.ModelNotFoundError, ours.ModelNotFoundError):
    """There is no such model, here or on the server."""


class AutoGLMAuthenticationError(core.ModelAuthenticationError, ours.AutoGLMError):
    """The server wants another key."""


class AutoGLMPermissionDeniedError(core.ModelPermissionDeniedError, ours.AutoGLMError):
    """The key does not allow this."""


class AutoGLMRateLimitError(core.ModelRateLimitError, ours.OverloadedError):
    """The engine or the server has all it can do; `retry_after_s` says when to try again."""


class AutoGLMAPIError(core.ModelAPIError, ours.EngineDiedError):
    """The engine or the server failed in the middle."""


class AutoGLMConnectionError(core.ModelConnectionError, ours.AutoGLMError):
    """The server cannot be reached, or went away."""


class AutoGLMTimeoutError(core.ModelTimeoutError, ours.AutoGLMError, TimeoutError):
    """Nothing came for `timeout` seconds."""


class AutoGLMLoadError(core.ModelError, ours.CheckpointError):
    """The model is there but cannot be loaded."""


def translated(error: Exception) -> Exception:
    """The error in LangChain's terms; one that is no fault of model, request or connection as it is."""
    message = str(error)
    match error:
        case core.ModelError():
            return error
        case ours.ContextOverflowError():
            return AutoGLMContextOverflowError(message)
        case ours.ModelNotFoundError():
            return AutoGLMModelNotFoundError(message)
        case ours.CheckpointError():
            return AutoGLMLoadError(message)
        case ours.OverloadedError(retry_after_s=seconds):
            return AutoGLMRateLimitError(message, retry_after_s=seconds)
        case ours.InputError() | RemoteProtocolError():
            return AutoGLMInvalidRequestError(message)
        case ours.AutoGLMError():
            return AutoGLMAPIError(message)
        case httpx.HTTPError() | httpx.InvalidURL():
            return _of_the_way(error)
        case _:
            return error


def _of_the_way(error: httpx.HTTPError | httpx.InvalidURL) -> Exception:
    """What kept a request from its server."""
    why = str(error) or type(error).__name__
    match error:
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return AutoGLMInvalidRequestError(f"base_url is no address of http or https: {why}")
        case httpx.TimeoutException():
            return AutoGLMTimeoutError(f"the server{_at(error)} did not answer in time: {why}")
        case _:
            return AutoGLMConnectionError(f"the server{_at(error)} cannot be reached: {why}")


def _at(error: httpx.HTTPError) -> str:
    """The host that was asked, where it is known."""
    try:
        url = error.request.url
    except RuntimeError:  # httpx's way of saying that it is not
        return ""
    return f" at {url.scheme}://{url.netloc.decode()}"


def no_such_path(status: int, url: str) -> Exception:
    """The server has no models at this address: not our way to say that there is no such model."""
    return AutoGLMInvalidRequestError(
        f"nothing answers chats at {url} (HTTP {status}); check base_url: it is the server's address, "
        "with or without /v1, like http://127.0.0.1:8000"
    )


def from_status(status: int, message: str, code: str | None, retry_after_s: float | None = None) -> Exception:
    """The error that a server tells by its HTTP status and the `code` in its body."""
    if code == "context_length_exceeded":
        return AutoGLMContextOverflowError(message)
    match status:
        case 401:
            return AutoGLMAuthenticationError(f"{message} Set api_key or AUTOGLM_API_KEY.")
        case 403:
            return AutoGLMPermissionDeniedError(message)
        case 404:
            return AutoGLMModelNotFoundError(message)
        case 408:
            return AutoGLMTimeoutError(message)
        case 429 | 503:
            return AutoGLMRateLimitError(message, retry_after_s=1.0 if retry_after_s is None else retry_after_s)
        case _ if status < 500:
            return AutoGLMInvalidRequestError(message)
        case _:
            return AutoGLMAPIError(message)
