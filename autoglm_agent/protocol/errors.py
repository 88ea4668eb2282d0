"""The two ways to be wrong: the client's, answered with an `error` event, and our own, raised."""

from __future__ import annotations

from autoglm_agent.errors import AutoGLMError


class RemoteProtocolError(AutoGLMError):
    """The client sent something that cannot be done. The connection answers it and stays open."""

    def __init__(self, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


class LocalProtocolError(AutoGLMError):
    """The runtime sent a fact that is illegal in the present state; the message names the fact and the state."""
