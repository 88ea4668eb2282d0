"""A model inside a program: chat completions without a server, for callers in any thread and any event loop.

Requests are bodies of `/v1/chat/completions`, answers come as the deltas of `protocol.chat_deltas`. One engine serves
all who name the same spec and batches over them. Sessions over time, speech as it is spoken: see `session`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import PurePath
from typing import Any

import anyio
from pydantic import ValidationError

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.metrics import EngineMetrics
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import AutoGLMError, EngineDiedError
from autoglm_agent.protocol.chat import ChatTurns, decode_chat
from autoglm_agent.protocol.chat_deltas import AnswerEnded, AnswerPiece, CallPiece, ChatDelta, ReasoningPiece
from autoglm_agent.protocol.chat_reply import ChatUsage
from autoglm_agent.protocol.ids import IdSource, RandomIds
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.chat import ChatRequest
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.chat import complete
from autoglm_agent.runtime.side_loop import SideLoop, shared_side_loop
from autoglm_agent.runtime.stages import Stages

ALIASES = {"autoglm-phone-9b": "nano"}
"""The name the design was made public under; the embedded model answers to it and says its own."""


class ChatEngine:
    """The engine of `spec` in a thread of this process, started by the first request. `shared` gives the common one.

    `stream` and `astream` answer a request; closing the iterator early stops the computation within one step.
    """

    def __init__(self, spec: EngineSpec, *, loop: SideLoop | None = None, ids: IdSource | None = None) -> None:
        self.spec = spec
        self._loop = loop or shared_side_loop()
        self._ids = ids or RandomIds()
        self._life: _Life | None = None

    @classmethod
    def shared(cls, spec: EngineSpec) -> ChatEngine:
        """The engine that all callers in this process who name this spec share."""
        return _shared(replace(spec, model=ALIASES.get(spec.model, spec.model)))

    @property
    def model_name(self) -> str:
        """The model's name, as answers tell it."""
        return PurePath(self.spec.model).name

    def stream(self, request: Mapping[str, Any]) -> Generator[ChatDelta, None, None]:
        """Answer a body of `/v1/chat/completions`, as a blocking iterator whose last value is `AnswerEnded`.

        Raises:
            RemoteProtocolError: the request is malformed; the message names the field.
            ModelNotFoundError, CheckpointError: the model cannot be loaded.
            AutoGLMError: as `runtime.chat.complete`.
        """
        return self._loop.iterate(partial(self.answer, request))

    async def astream(self, request: Mapping[str, Any]) -> AsyncGenerator[ChatDelta, None]:
        """As `stream`, in the caller's event loop."""
        async with aclosing(self._loop.aiterate(partial(self.answer, request))) as deltas:
            async for delta in deltas:
                yield delta

    def metrics(self) -> EngineMetrics:
        """What the engine is doing at this moment; starts it if need be."""
        return self._loop.call(self._metrics)

    def close(self) -> None:
        """Stop the engine and free its memory; requests that are running fail. A later request starts it again."""
        self._loop.call(self._close)

    # --- On the side loop --------------------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Wait until the engine takes requests. For work on the side loop, as are all methods below."""
        await self._alive()

    async def answer(self, request: Mapping[str, Any], put: Callable[[ChatDelta], None]) -> None:
        """Answer a request, handing each delta to `put`."""
        chat = _decode(request)
        life = await self._alive()
        stages = Stages()
        calls = 0

        async def on_result(result: m.Result) -> None:
            nonlocal calls
            match result:
                case m.ReasoningDelta(text=text):
                    put(ReasoningPiece(text=text))
                case m.TextDelta(text=text):
                    put(AnswerPiece(text=text))
                case m.ToolCallDone(call=call):
                    piece = CallPiece(index=calls, arguments=call.arguments, call_id=call.call_id, name=call.name)
                    put(piece)
                    calls += 1

        with anyio.CancelScope() as scope, life.holding(scope):
            finished = await complete(life.bridge, chat, on_result, new_id=self._ids.new, stages=stages)
        if scope.cancelled_caught:
            raise EngineDiedError("the engine was closed in the middle of the answer")
        put(_ended(self.model_name, finished, stages))

    async def _alive(self) -> _Life:
        while self._life is not None and self._life.closing.is_set():
            await self._life.ended.wait()
        if self._life is None:
            self._life = _Life()
            self._loop.run_in_background(partial(self._live, self._life))
        life = self._life
        await life.opened.wait()
        try:
            await life.bridge.ready()
        except AutoGLMError:
            life.closing.set()  # a model that is there next time loads then
            raise
        return life

    async def _live(self, life: _Life) -> None:
        """One life of the engine, from the first request to `close`."""
        try:
            async with ComputeBridge.thread(self.spec) as life.bridge:
                life.opened.set()
                await life.closing.wait()
                life.let_go()
        finally:
            self._life = None
            life.ended.set()

    async def _close(self) -> None:
        if self._life is not None:
            self._life.closing.set()
            await self._life.ended.wait()

    async def _metrics(self) -> EngineMetrics:
        return await (await self._alive()).bridge.metrics()


class _Life:
    """An engine from its start to its end, and the requests it is answering."""

    def __init__(self) -> None:
        self.bridge: ComputeBridge
        self.opened, self.closing, self.ended = anyio.Event(), anyio.Event(), anyio.Event()
        self._requests: set[anyio.CancelScope] = set()

    @contextmanager
    def holding(self, request: anyio.CancelScope) -> Iterator[None]:
        """Know a request as long as it runs."""
        self._requests.add(request)
        try:
            yield
        finally:
            self._requests.discard(request)

    def let_go(self) -> None:
        """End the requests: there will be no answers."""
        for request in self._requests:
            request.cancel()


def _decode(request: Mapping[str, Any]) -> ChatTurns:
    try:
        return decode_chat(ChatRequest.model_validate(request))
    except ValidationError as error:
        raise invalid_request(error) from None


def _ended(model: str, finished: m.Finished, stages: Stages) -> AnswerEnded:
    gate, usage = finished.gate, finished.usage
    return AnswerEnded(
        model=model,
        reason=finished.reason,
        usage=ChatUsage(
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            audio_tokens=usage.audio_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
        ),
        gate={name: round(getattr(gate, name), 4) for name in ("text", "image", "speech")} if gate else None,
        latency_ms=stages.ms,
    )


@cache  # an engine that is closed or could not load weighs nothing
def _shared(spec: EngineSpec) -> ChatEngine:
    return ChatEngine(spec)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.cache_clear)  # their threads are not there in the child
