"""What the engine still owes: the requests in flight, so that each gets an answer even when the engine dies."""

from __future__ import annotations

from typing import Literal

from autoglm_agent.engine import messages as m

_Kind = Literal["generation", "frame", "stream"]


class InFlight:
    """Requests that will be answered: generations, frames, and utterances until their final transcript.

    Gate weights are a state and not an answer: a lost one is followed by the next, so `Fuse` is not tracked.
    """

    def __init__(self) -> None:
        self._owed: dict[str, dict[tuple[_Kind, str], None]] = {}

    def __len__(self) -> int:
        """The number of requests in flight over all sessions."""
        return sum(len(owed) for owed in list(self._owed.values()))  # a copy: other threads may ask, too

    def note_request(self, request: m.Request) -> None:
        """Remember what `request` will be answered by, or forget what it gives up."""
        owed = self._owed.setdefault(request.session_id, {})
        match request:
            case m.Generate():
                owed["generation", request.request_id] = None
            case m.EncodeFrame():
                owed["frame", request.frame_id] = None
            case m.OpenStream():
                owed["stream", request.stream_id] = None
            case m.ForkStream():
                owed["stream", request.new_stream_id] = None
            case m.CloseStream():
                owed.pop(("stream", request.stream_id), None)
            case m.DropFrame():
                owed.pop(("frame", request.frame_id), None)
            case m.CloseSession():
                owed.clear()
            case m.PushAudio() | m.Fuse() | m.Cancel() | m.ReadMetrics():
                pass
        if not owed:
            del self._owed[request.session_id]

    def note_result(self, result: m.Result) -> None:
        """Strike off what `result` answers."""
        owed = self._owed.get(result.session_id)
        if owed is None:
            return
        match result:
            case m.Finished():
                owed.pop(("generation", result.request_id), None)
            case m.FrameEncoded():
                owed.pop(("frame", result.frame_id), None)
            case m.Transcript() if result.final:
                owed.pop(("stream", result.stream_id), None)
            case m.Failed():
                if result.request_id is not None:
                    owed.pop(("generation", result.request_id), None)
                elif result.frame_id is not None:
                    owed.pop(("frame", result.frame_id), None)
                elif result.stream_id is not None:
                    owed.pop(("stream", result.stream_id), None)
            case _:
                pass
        if not owed:
            del self._owed[result.session_id]

    def fail_all(self, message: str) -> list[m.Failed]:
        """Empty the list; one `Failed(code="internal")` for each request that was on it."""
        failures = [
            m.Failed(
                session_id=session_id,
                request_id=key if kind == "generation" else None,
                code="internal",
                message=message,
                stream_id=key if kind == "stream" else None,
                frame_id=key if kind == "frame" else None,
            )
            for session_id, owed in self._owed.items()
            for kind, key in owed
        ]
        self._owed.clear()
        return failures
