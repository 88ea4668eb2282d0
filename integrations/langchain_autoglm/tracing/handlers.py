"""Handlers to subclass, for a program that wants to watch a model think; sync and async over one state machine.

They are LangChain callbacks: give them as `config={"callbacks": [handler]}` or to the model's constructor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

from langchain_autoglm.tracing import custom_events
from langchain_autoglm.tracing.blocks import final_message
from langchain_autoglm.tracing.machine import (
    ReasoningEnded,
    ReasoningGrew,
    ReasoningStarted,
    TurnFacts,
)
from langchain_autoglm.tracing.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, GenerationChunk, LLMResult

    from langchain_autoglm.tracing.machine import Step


class ReasoningTraceHandler(Watching, BaseCallbackHandler):
    """Watches models think: override any of the four hooks.

    Works with every chat model whose reasoning LangChain knows, however it is called: `invoke`, `stream`, `batch`,
    their async twins, v3 events, chains, agents. Each stretch of reasoning gives one `on_reasoning_start`, its tokens
    in order and one `on_reasoning_end`, also when the call fails, the stream is closed or the task is cancelled. A
    model that thinks again after some text has two stretches. What did not come as a stream is told whole at the end.

    Runs inline, so that tokens keep their order: hooks must not block. A hook that raises is logged by LangChain and
    the model goes on, unless the handler's `raise_error` is true. `run_id` tells concurrent calls apart.

    Not told: a call cancelled before its first token, and a v3 sync stream that is dropped half read; LangChain
    makes no callback there.
    """

    run_inline = True

    def on_reasoning_start(self, run_id: UUID) -> None:
        """The model begins to think."""

    def on_reasoning_token(self, token: str, run_id: UUID) -> None:
        """A piece of reasoning came."""

    def on_reasoning_end(self, text: str, run_id: UUID) -> None:
        """The stretch of reasoning is over; `text` is all of it."""

    def on_turn_end(self, facts: TurnFacts, run_id: UUID) -> None:
        """The call is over, with or without reasoning: the gate's weights, latencies and usage of the turn."""

    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any) -> None:
        """Nothing to do: a run is known from its first token."""

    def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """A streamed chunk came."""
        message = getattr(chunk, "message", None)
        if message is not None:
            steps = self._machine.chunk(run_id, message)
            self._watch(run_id)
            self._tell(steps, run_id)

    def on_stream_event(self, event: Mapping[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """A v3 stream event came."""
        steps = self._machine.event(run_id, event)
        self._watch(run_id)
        self._tell(steps, run_id)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """The call came back."""
        self._unwatch(run_id)
        self._tell(self._machine.finish(run_id, final_message(response)), run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """The call failed, or its stream was closed."""
        self._unwatch(run_id)
        self._tell(self._machine.fail(run_id, error), run_id)

    async def _give_up(self, run_id: UUID, error: BaseException) -> None:
        self._tell(self._machine.fail(run_id, error), run_id)

    def _tell(self, steps: list[Step], run_id: UUID) -> None:
        for step in steps:
            match step:
                case ReasoningStarted():
                    self.on_reasoning_start(run_id)
                case ReasoningGrew(token=token):
                    self.on_reasoning_token(token, run_id)
                case ReasoningEnded(text=text):
                    self.on_reasoning_end(text, run_id)
                case TurnFacts():
                    self.on_turn_end(step, run_id)
                case _:
                    assert_never(step)
            if self.custom_events:
                custom_events.send(step, run_id)


class AsyncReasoningTraceHandler(Watching, AsyncCallbackHandler):
    """`ReasoningTraceHandler` with coroutines for hooks: the model waits for each, so order holds.

    Meant for `ainvoke`, `astream` and their like; called from sync code each hook runs in an event loop of its own.
    """

    run_inline = True  # in the task of the model, so that its end is seen

    async def on_reasoning_start(self, run_id: UUID) -> None:
        """The model begins to think."""

    async def on_reasoning_token(self, token: str, run_id: UUID) -> None:
        """A piece of reasoning came."""

    async def on_reasoning_end(self, text: str, run_id: UUID) -> None:
        """The stretch of reasoning is over; `text` is all of it."""

    async def on_turn_end(self, facts: TurnFacts, run_id: UUID) -> None:
        """The call is over, with or without reasoning: the gate's weights, latencies and usage of the turn."""

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        """Nothing to do: a run is known from its first token."""

    async def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """A streamed chunk came."""
        message = getattr(chunk, "message", None)
        if message is not None:
            steps = self._machine.chunk(run_id, message)
            self._watch(run_id)
            await self._tell(steps, run_id)

    async def on_stream_event(self, event: Mapping[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """A v3 stream event came."""
        steps = self._machine.event(run_id, event)
        self._watch(run_id)
        await self._tell(steps, run_id)

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """The call came back."""
        self._unwatch(run_id)
        await self._tell(self._machine.finish(run_id, final_message(response)), run_id)

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """The call failed, or its stream was closed."""
        self._unwatch(run_id)
        await self._tell(self._machine.fail(run_id, error), run_id)

    async def _give_up(self, run_id: UUID, error: BaseException) -> None:
        await self._tell(self._machine.fail(run_id, error), run_id)

    async def _tell(self, steps: list[Step], run_id: UUID) -> None:
        for step in steps:
            match step:
                case ReasoningStarted():
                    await self.on_reasoning_start(run_id)
                case ReasoningGrew(token=token):
                    await self.on_reasoning_token(token, run_id)
                case ReasoningEnded(text=text):
                    await self.on_reasoning_end(text, run_id)
                case TurnFacts():
                    await self.on_turn_end(step, run_id)
                case _:
                    assert_never(step)
            if self.custom_events:
                await custom_events.asend(step, run_id)
