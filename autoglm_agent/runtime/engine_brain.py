"""The default brain: the engine's own text generation over the session's features and cached keys."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.config import ResponseConfig, SessionConfig
from autoglm_agent.protocol.items import Item
from autoglm_agent.runtime.answering import MAX_OUTPUT_TOKENS, answer, engine_tools, thinking
from autoglm_agent.runtime.brain import Question, Thought
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.features import Features
from autoglm_agent.runtime.history import Pending, to_turns
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.window import HistoryWindow

ERROR_CODES = {
    "context_overflow": "context_length_exceeded",
    "overloaded": "rate_limit_exceeded",
    "bad_request": "invalid_value",
}
"""The engine's codes in the API's words; everything else is a `server_error`."""


class EngineBrain:
    """A `Brain` that asks the engine which hears and sees the session."""

    def __init__(self, line: Line, engine: EngineSession, features: Features) -> None:
        self._line = line
        self._engine = engine
        self._features = features
        self._window = HistoryWindow()

    async def answer(self, question: Question) -> AsyncGenerator[Thought, None]:
        """Generate: reasoning, text and calls as they come."""
        generated = answer(
            self._engine,
            self._features,
            lambda: self._request(question.config, question.items),
            shrink=lambda: self._shrink(question.items),
        )
        async with aclosing(generated) as results:
            async for result in results:
                for thought in self._thoughts(question.response_id, result):
                    yield thought

    async def prefill(self, items: tuple[Item, ...], config: SessionConfig, pending: Pending) -> None:
        """Fill the key-value cache with the turn."""
        await self._features.prepare(items)
        request = self._request(config, items, pending=pending)
        with self._engine.generation(request) as results:
            async for _ in results:
                pass  # `prefilled`, or a failure that the real request will meet again and report

    def _shrink(self, items: tuple[Item, ...]) -> bool:
        """Show the model less of the conversation, if the client lets us."""
        ratio = self._line.connection.config.retention_ratio
        return ratio is not None and self._window.shrink(items, ratio)

    def _request(
        self, config: ResponseConfig | SessionConfig, items: tuple[Item, ...], *, pending: Pending | None = None
    ) -> m.Generate:
        think, budget = thinking(config.enable_thinking, config.reasoning_effort)
        return m.Generate(
            session_id=self._engine.session_id,
            request_id=self._line.new_id("gen"),
            turns=to_turns(
                self._window.visible(items), self._features, instructions=config.instructions, pending=pending
            ),
            tools=engine_tools(config.tools),
            tool_choice=config.tool_choice,
            enable_thinking=think,
            max_thinking_tokens=budget,
            sampling=m.Sampling(max_tokens=config.max_output_tokens or MAX_OUTPUT_TOKENS),
            prefill_only=pending is not None,
        )

    def _thoughts(self, response_id: str, result: m.Result) -> Iterator[Thought]:
        match result:
            case m.ReasoningDelta(text=text):
                yield f.ReasoningDelta(response_id=response_id, text=text)
            case m.TextDelta(text=text):
                yield f.TextDelta(response_id=response_id, text=text)
            case m.ToolCallDone(call=call):
                yield f.ToolCallDone(
                    response_id=response_id, name=call.name, arguments=call.arguments, call_id=call.call_id or None
                )
            case m.Finished():
                yield from self._finished(response_id, result)
            case m.Failed(message=message, code=code):
                yield f.ResponseFinished(
                    response_id=response_id,
                    status="failed",
                    error_message=message,
                    error_code=ERROR_CODES.get(code, "server_error"),
                )
            case _:
                raise TypeError(f"{type(result).__name__} is no part of an answer")

    def _finished(self, response_id: str, finished: m.Finished) -> Iterator[Thought]:
        gate = finished.gate
        if gate is not None:
            audio_end_ms = self._line.connection.received_ms
            yield f.GateUpdated(text=gate.text, image=gate.image, speech=gate.speech, audio_end_ms=audio_end_ms)
        usage = f.ResponseUsage(
            input_tokens=finished.usage.input_tokens,
            cached_tokens=finished.usage.cached_tokens,
            input_audio_tokens=finished.usage.audio_tokens,
            input_image_tokens=finished.usage.image_tokens,
            output_tokens=finished.usage.output_tokens,
        )
        if finished.reason == "length":
            yield f.ResponseFinished(
                response_id=response_id, status="incomplete", reason="max_output_tokens", usage=usage
            )
        else:
            yield f.ResponseFinished(response_id=response_id, usage=usage)
