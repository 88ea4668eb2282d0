"""Which dialect a connection speaks: by its path, or by its first `session.update` on the GA path."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import from_json

from autoglm_agent.protocol.dialects.base import Dialect
from autoglm_agent.protocol.dialects.glm import GlmDialect
from autoglm_agent.protocol.dialects.qwen import QwenDialect
from autoglm_agent.protocol.ids import IdSource

GA_PATH = "/v1/realtime"
GLM_PATH = "/api/paas/v4/realtime"
QWEN_PATH = "/api-ws/v1/realtime"

_BY_PATH: dict[str, type[Dialect]] = {GLM_PATH: GlmDialect, QWEN_PATH: QwenDialect}
#: Fields of a flat session that GA's nested one does not have at its top.
_FLAT_FIELDS = (
    "modalities",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "turn_detection",
)


class Detector:
    """A connection's dialect: known from its path, or None and perhaps told by its first `session.update`."""

    def __init__(self, path: str, *, ids: IdSource, clock: Callable[[], float]) -> None:
        self._ids = ids
        self._clock = clock
        chosen = _BY_PATH.get(path)
        self._open = chosen is None
        self.dialect = chosen(ids=ids, clock=clock) if chosen else None

    def see(self, text: str) -> Dialect | None:
        """Look at a client frame before it is taken. Return the dialect it, and all that follow, are in."""
        if self._open and '"session.update"' in text:
            self._decide(text)
        return self.dialect

    def _decide(self, text: str) -> None:
        try:
            event = from_json(text)
        except ValueError:
            return
        if not isinstance(event, dict) or event.get("type") != "session.update":
            return
        self._open = False
        chosen = dialect_of(event.get("session"))
        if chosen is not None:
            self.dialect = chosen(ids=self._ids, clock=self._clock, announced=True)


def dialect_of(session: object) -> type[Dialect] | None:
    """Tell the dialect of a first update's session; None for GA, whose sessions name their `type`."""
    if not isinstance(session, dict):
        return None
    if "beta_fields" in session:
        return GlmDialect
    if "type" in session or not any(name in session for name in _FLAT_FIELDS):
        return None
    detection, audio_format = session.get("turn_detection"), session.get("input_audio_format")
    if isinstance(detection, dict) and detection.get("type") == "client_vad":
        return GlmDialect
    return GlmDialect if isinstance(audio_format, str) and audio_format.startswith("wav") else QwenDialect
