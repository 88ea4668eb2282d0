"""What can go wrong, as types: each error names its cause and the remedy. Leaf module; it imports nothing of ours."""


class AutoGLMError(Exception):
    """Base of every error this package raises on purpose. `str(error)` is fit to show to a user."""


class InputError(AutoGLMError):
    """The caller's input cannot be used: a missing file, a broken picture, a silent recording, a dead address."""


class DeviceError(AutoGLMError):
    """A microphone, loudspeaker or camera is missing, or has failed, or a package that it needs is not installed."""


class ModelNotFoundError(AutoGLMError):
    """The named model is neither `nano`, a checkpoint directory, nor a hub id that can be loaded."""


class CheckpointError(AutoGLMError):
    """A checkpoint exists but does not fit: a missing tensor, a wrong shape, an unknown format version."""


class ContextOverflowError(AutoGLMError):
    """The prompt is longer than the model's context. The message gives both lengths."""


class OverloadedError(AutoGLMError):
    """A bounded queue is full or the session cap is reached. Try again after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SessionLostError(AutoGLMError):
    """A client lost its connection and could not take its session up again. Begin a new one."""


class EngineDiedError(AutoGLMError):
    """The engine process ended while a request was in flight; it is being restarted and the request is lost."""
