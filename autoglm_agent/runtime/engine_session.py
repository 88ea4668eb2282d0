"""One session's conversation with the engine: requests out, each answer to the one who waits for it.

It matches answers to requests and holds no features and no policy. Live results that nobody waits for (partial
transcripts, gate weights) go to the two callbacks, on the event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

import anyio

from autoglm_agent.engine import messages as m
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.mailbox import Mailbox

T = TypeVar("T")


class EngineSession:
    """A session key on the bridge. `on_transcript` and `on_gate` hear what concerns no waiting request."""

    def __init__(
        self,
        bridge: ComputeBridge,
        session_id: str,
        *,
        on_transcript: Callable[[m.Transcript], None] = lambda transcript: None,
        on_gate: Callable[[m.GateWeights], None] = lambda weights: None,
        on_failure: Callable[[m.Failed], None] = lambda failed: None,
    ) -> None:
        self.session_id = session_id
        self._bridge = bridge
        self._on_transcript = on_transcript
        self._on_gate = on_gate
        self._on_failure = on_failure
        self._generations: dict[str, Mailbox] = {}
        self._frames: dict[str, _Answer[m.FrameEncoded]] = {}
        self._finals: dict[str, _Answer[m.Transcript]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver results while inside; afterwards the engine forgets the session."""
        with self._bridge.subscribe(self.session_id) as mailbox:
            async with background_tasks() as tasks:
                tasks.start_soon(self._pump, mailbox)
                try:
                    yield
                finally:
                    self._bridge.send_nowait(m.CloseSession(session_id=self.session_id))

    async def send(self, request: m.Request) -> None:
        """Send a request whose answer goes to a callback."""
        await self._bridge.send(request)

    def send_nowait(self, request: m.Request) -> None:
        """Send at once: cancels, closes, and what must not be overtaken."""
        self._bridge.send_nowait(request)

    @contextmanager
    def generation(self, request: m.Generate) -> Iterator[Mailbox]:
        """Ask for an answer; the results of this request alone. Leaving early cancels it in the engine."""
        results = Mailbox()
        self._generations[request.request_id] = results
        self._bridge.send_nowait(request)
        try:
            yield results
        finally:
            if self._generations.pop(request.request_id, None) is not None:
                self._bridge.send_nowait(m.Cancel(session_id=self.session_id, request_id=request.request_id))

    async def encode(self, frame_id: str, image: bytes) -> m.FrameEncoded | m.Failed:
        """Encode a picture and wait for it."""
        answer = self._frames[frame_id] = _Answer()
        await self._bridge.send(m.EncodeFrame(session_id=self.session_id, frame_id=frame_id, image=image))
        return await answer.wait()

    async def finish_stream(self, stream_id: str, pcm: bytes = b"") -> m.Transcript | m.Failed:
        """Push the last of an utterance and wait for its final transcript."""
        answer = self._finals[stream_id] = _Answer()
        await self._bridge.send(m.PushAudio(session_id=self.session_id, stream_id=stream_id, pcm=pcm, final=True))
        return await answer.wait()

    async def _pump(self, mailbox: Mailbox) -> None:
        async for result in mailbox:
            self._route(result)

    def _route(self, result: m.Result) -> None:
        match result:
            case m.Transcript():
                if result.final and result.stream_id in self._finals:
                    self._finals.pop(result.stream_id).set(result)
                self._on_transcript(result)
            case m.GateWeights():
                self._on_gate(result)
            case m.FrameEncoded():
                if result.frame_id in self._frames:
                    self._frames.pop(result.frame_id).set(result)
            case m.Failed():
                self._route_failure(result)
            case m.ReasoningDelta() | m.TextDelta() | m.ToolCallDone():
                if result.request_id in self._generations:
                    self._generations[result.request_id].put(result)
            case m.Finished():
                self._end_generation(result.request_id, result)

    def _route_failure(self, failed: m.Failed) -> None:
        if failed.request_id is not None:
            self._end_generation(failed.request_id, failed)
        elif failed.frame_id in self._frames:
            self._frames.pop(failed.frame_id).set(failed)
        elif failed.stream_id in self._finals:
            self._finals.pop(failed.stream_id).set(failed)
        else:
            self._on_failure(failed)

    def _end_generation(self, request_id: str, result: m.Finished | m.Failed) -> None:
        results = self._generations.pop(request_id, None)
        if results is not None:
            results.put(result)
            results.close()


class _Answer(Generic[T]):
    """A result to come, or the failure in its place."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._result: T | m.Failed | None = None

    def set(self, result: T | m.Failed) -> None:
        self._result = result
        self._event.set()

    async def wait(self) -> T | m.Failed:
        await self._event.wait()
        assert self._result is not None
        return self._result
