"""The engine of `bench conversations`: a model's ears, or ears that read along in the script, and known replies.

What is said in reply does not matter to turn taking, that it lasts does: a reply is recited at once and whole, as long
as the script wants it. Not here: any measurement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.spec import EngineProtocol

SPEECH = (m.OpenStream, m.PushAudio, m.ForkStream, m.CloseStream, m.CloseSession)
BYTES_PER_MS = 32
PRE_ROLL_S = 0.45
"""A stream that is opened now begins with what was said so long before: the padding, and the windows that decided."""


@dataclass(slots=True)
class Lines:
    """What one conversation's user has said so far, a character and the moment of its end, and what it is answered."""

    replies: deque[str]
    said: list[tuple[float, str]]

    def next_reply(self) -> str:
        """The next; the last one again and again."""
        return self.replies.popleft() if len(self.replies) > 1 else self.replies[0]


Script = dict[str, Lines]
"""By session."""

EndOfTurn = Callable[[str], float | None]


class TalkEngine:
    """Speech goes to `ears`, everything else is answered here. Implements `EngineProtocol`."""

    def __init__(self, ears: EngineProtocol, script: Script) -> None:
        self._ears, self._script = ears, script
        self._out: list[m.Result] = []

    @property
    def has_work(self) -> bool:
        """Whether a step would produce something."""
        return bool(self._out) or self._ears.has_work

    def submit(self, request: m.Request) -> None:
        """Take a request."""
        if isinstance(request, SPEECH):
            self._ears.submit(request)
        elif isinstance(request, m.Generate):
            self._out += self._reply(request)

    def step(self) -> list[m.Result]:
        """One step of the ears, and what was answered."""
        out, self._out = self._out, []
        return out + (self._ears.step() if self._ears.has_work else [])

    def _reply(self, request: m.Generate) -> list[m.Result]:
        ids = {"session_id": request.session_id, "request_id": request.request_id}
        usage = m.Usage(
            input_tokens=1, cached_tokens=0, audio_tokens=0, image_tokens=0, output_tokens=1, reasoning_tokens=0
        )
        end = m.Finished(**ids, reason="stop", usage=usage, gate=None, queue_ms=0.0, prefill_ms=0.0, decode_ms=0.0)
        if request.prefill_only:
            return [replace(end, reason="prefilled")]
        return [m.TextDelta(**ids, text=self._script[request.session_id].next_reply()), end]


@dataclass(slots=True)
class _Stream:
    since_s: float
    audio_ms: int = 0


class ScriptedEars:
    """Understands every word as soon as it has been said, and nothing else. Implements `EngineProtocol`.

    `end_of_turn` tells how likely nothing follows the words so far, as a model's ears would.
    """

    def __init__(self, script: Script, clock: Callable[[], float], end_of_turn: EndOfTurn) -> None:
        self._script, self._clock, self._end_of_turn = script, clock, end_of_turn
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._out: list[m.Result] = []

    @property
    def has_work(self) -> bool:
        """Whether something was understood."""
        return bool(self._out)

    def submit(self, request: m.Request) -> None:
        """Take a request about speech."""
        match request:
            case m.OpenStream(session_id=session_id, stream_id=stream_id):
                self._streams[session_id, stream_id] = _Stream(self._clock() - PRE_ROLL_S)
            case m.PushAudio():
                self._out += self._hear(request)
            case m.ForkStream(session_id=session_id, stream_id=stream_id, new_stream_id=copy_id):
                if (session_id, stream_id) in self._streams:
                    self._streams[session_id, copy_id] = replace(self._streams[session_id, stream_id])
            case m.CloseStream(session_id=session_id, stream_id=stream_id):
                self._streams.pop((session_id, stream_id), None)
            case m.CloseSession(session_id=session_id):
                for key in [key for key in self._streams if key[0] == session_id]:
                    del self._streams[key]
            case _:
                pass

    def step(self) -> list[m.Result]:
        """All that was understood."""
        out, self._out = self._out, []
        return out

    def _hear(self, push: m.PushAudio) -> list[m.Result]:
        stream = self._streams.get((push.session_id, push.stream_id))
        if stream is None:
            return []
        stream.audio_ms += len(push.pcm) // BYTES_PER_MS
        now_s = self._clock()
        said = self._script[push.session_id].said
        text = "".join(character for end_s, character in said if stream.since_s < end_s <= now_s)
        return [
            m.Transcript(
                session_id=push.session_id,
                stream_id=push.stream_id,
                stable=text,
                unstable="",
                audio_ms=stream.audio_ms,
                final=push.final,
                compute_ms=0.0,
                end_of_turn=self._end_of_turn(text),
            )
        ]
