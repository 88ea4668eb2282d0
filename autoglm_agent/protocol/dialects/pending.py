"""What a connection still owes its client: requests without an answer, responses and turns that are not over.

Requests are tagged by their `event_id`, so that an error finds its request and gives the client's own id back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

#: With turn detection, silence on the wire before nothing more is expected: sound may still wait to be heard, and a
#: response follows its turn within milliseconds.
QUIET_WITH_DETECTION_S = 1.0
#: Without it every open matter is known; this lets the writer catch up with the reader.
QUIET_S = 0.2
#: A finish ends by now whatever is open. The `dashscope` client gives up after 20 s.
FINISH_LIMIT_S = 15.0
#: A response of the server's own may be taken for the one asked for; the error that then follows is still known here.
REMEMBERED = 16

_ANSWERS = {
    "session.updated": "session.update",
    "input_audio_buffer.committed": "input_audio_buffer.commit",
    "response.created": "response.create",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A client's request that waits. `settings` are a `session.update`'s own; `param` names a frame's field."""

    kind: str
    event_id: str | None
    settings: Json = field(default_factory=dict)
    param: str | None = None


class Pending:
    """Follows requests by tag, responses and spoken turns by id. `clock` gives seconds, monotonic."""

    def __init__(self, prefix: str, clock: Callable[[], float]) -> None:
        self._prefix = prefix
        self._clock = clock
        self._count = 0
        self._requests: dict[str, Request] = {}
        self._answered: deque[tuple[str, Request]] = deque(maxlen=REMEMBERED)
        self._responses: set[str] = set()
        self._untranscribed: set[str] = set()
        self._speaking = False
        self._finish_at: float | None = None
        self._busy_at = clock()
        self.transcribes = True
        self.detects = False

    @property
    def finishing(self) -> bool:
        """Whether the client has sent `session.finish`."""
        return self._finish_at is not None

    def ask(self, request: Request) -> str:
        """Remember a request; return its tag, the `event_id` to send it with."""
        self._count += 1
        tag = f"{self._prefix}_{self._count}"
        self._requests[tag] = request
        return tag

    def refused(self, tag: object) -> Request | None:
        """An error names `tag`: return the request it belongs to, if it is one of ours."""
        if not isinstance(tag, str):
            return None
        return self._requests.pop(tag, None) or dict(self._answered).get(tag)

    def follow(self, event: Mapping[str, Any]) -> Request | None:
        """Look at a GA server event. Return the request it answers, if any."""
        self._busy_at = self._clock()
        kind = event["type"]
        self._follow_turn(kind, event)
        if kind == "conversation.item.added":
            return self._requests.pop(event["item"]["id"], None)  # a camera frame's tag is its item's id
        asked = _ANSWERS.get(kind)
        tag = next((tag for tag, request in self._requests.items() if request.kind == asked), None)
        if tag is None:
            return None
        request = self._requests.pop(tag)
        self._answered.append((tag, request))
        return request

    def is_ours(self, item_id: object) -> bool:
        """Whether an item's id is a tag: a camera frame, which the dialects do not show as an item."""
        return isinstance(item_id, str) and item_id.startswith(f"{self._prefix}_")

    def finish(self) -> None:
        """The client wants to end when everything is over."""
        self._finish_at = self._busy_at = self._clock()

    def finished(self) -> bool:
        """Whether a wanted end has come."""
        if self._finish_at is None:
            return False
        now = self._clock()
        open_matters = self._requests or self._responses or self._untranscribed or self._speaking
        quiet_s = QUIET_WITH_DETECTION_S if self.detects else QUIET_S
        return now - self._finish_at >= FINISH_LIMIT_S or (not open_matters and now - self._busy_at >= quiet_s)

    def _follow_turn(self, kind: str, event: Mapping[str, Any]) -> None:
        match kind:
            case "response.created":
                self._responses.add(event["response"]["id"])
            case "response.done":
                self._responses.discard(event["response"]["id"])
            case "input_audio_buffer.speech_started":
                self._speaking = True
            case "input_audio_buffer.speech_stopped" | "input_audio_buffer.cleared":
                self._speaking = False
            case "input_audio_buffer.committed":
                self._speaking = False
                if self.transcribes:
                    self._untranscribed.add(event["item_id"])
            case (
                "conversation.item.input_audio_transcription.completed"
                | "conversation.item.input_audio_transcription.failed"
            ):
                self._untranscribed.discard(event["item_id"])
