"""An engine in the caller's own thread: what `ask`, `transcribe` and evaluation use.

Not here: choosing what to ask, or showing it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autoglm_agent.engine import messages as m

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autoglm_agent.engine.messages import Request, Result
    from autoglm_agent.engine.spec import EngineProtocol

PIECE_MS = 30_000  # audio handed over before it is encoded, well below what a stream may have waiting
BYTES_PER_MS = 32
DEPENDENT = (m.Generate, m.Fuse, m.CloseStream, m.DropFrame, m.CloseSession)


def run_to_completion(engine: EngineProtocol, requests: Iterable[Request]) -> Iterator[Result]:
    """Submit `requests` and work until nothing is left, giving out results as they come.

    A generation or a question to the gate waits until what was submitted before it is done, so that it may refer to it;
    neighbouring generations are worked on together, and so are all streams and pictures. Audio may be of any length.
    """
    previous: Request | None = None
    waiting_bytes = 0
    for request in requests:
        if isinstance(request, DEPENDENT) and type(request) is not type(previous):
            yield from drain(engine)
        previous = request
        for piece in _pieces(request):
            if isinstance(piece, m.PushAudio):
                waiting_bytes += len(piece.pcm)
                if waiting_bytes > PIECE_MS * BYTES_PER_MS:
                    yield from drain(engine)
                    waiting_bytes = len(piece.pcm)
            engine.submit(piece)
    yield from drain(engine)


def drain(engine: EngineProtocol) -> Iterator[Result]:
    """Work until nothing is left."""
    while engine.has_work:
        yield from engine.step()


def _pieces(request: Request) -> Iterator[Request]:
    """A long push as several; anything else as it is."""
    size = PIECE_MS * BYTES_PER_MS
    if not isinstance(request, m.PushAudio) or len(request.pcm) <= size:
        yield request
        return
    for begin in range(0, len(request.pcm), size):
        piece = request.pcm[begin : begin + size]
        last = begin + size >= len(request.pcm)
        yield m.PushAudio(
            session_id=request.session_id, stream_id=request.stream_id, pcm=piece, final=request.final and last
        )
