"""What chat completions and responses have in common: one generation, told by a `Reply`, whole or as events."""

from __future__ import annotations

from abc import abstractmethod

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol.chat import ChatTurns
from autoglm_agent.protocol.reply import ChatUsage, FinishReason, Gate, Reply
from autoglm_agent.protocol.rest_errors import ErrorDetail
from autoglm_agent.runtime.chat import complete
from autoglm_agent.runtime.stages import Stages
from autoglm_agent.server.rest.access import check_model
from autoglm_agent.server.rest.bodies import read_body
from autoglm_agent.server.rest.exchange import EventStream, Exchange
from autoglm_agent.server.service import Service

SMALL_BODY_BYTES = 64 << 10
"""Decoded on the event loop in about a millisecond; larger ones, pictures in base64, in a worker thread."""


class Answering(Exchange):
    """An exchange whose request decodes to a conversation."""

    door: str
    """The name in the metrics."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._turns: tuple[ChatTurns, Reply] | None = None

    @abstractmethod
    def decode(self, body: bytes) -> tuple[ChatTurns, Reply]:
        """The conversation, and who tells its answer. May run in a worker thread. Raises RemoteProtocolError."""

    def ended(self) -> None:
        """The answer is complete."""

    async def read(self, request: Request) -> None:
        """Read and decode the body."""
        body = await read_body(request)
        small = len(body) <= SMALL_BODY_BYTES
        chat, reply = self.decode(body) if small else await self.service.work(self.decode, body)
        check_model(self.service, chat.model)
        self._turns = chat, reply

    async def answer(self, stream: EventStream) -> Response | None:
        """Generate."""
        assert self._turns is not None  # `read` came first
        service, (chat, reply) = self.service, self._turns
        started_s, has_begun = service.clock(), False

        async def on_result(result: m.Result) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                service.metrics.first_token(self.door, service.clock() - started_s)
            events = encode_result(reply, result)
            if chat.stream:
                await stream.write(events)

        if chat.stream:
            await stream.write(reply.start())
        stages = Stages()
        finished = await complete(service.bridge, chat, on_result, new_id=service.ids.new, stages=stages)
        reason, usage, gate = _reason(finished), _usage(finished.usage), _gate(finished)
        if not chat.stream:
            whole = reply.whole(reason, usage, gate, stages.ms)
            self.ended()
            return JSONResponse(whole.model_dump(mode="json"))
        last = reply.finish(reason, usage, gate, stages.ms)
        self.ended()
        await stream.write(last)
        return None

    def fail(self, error: ErrorDetail) -> str:
        """The events that end a stream which breaks."""
        assert self._turns is not None
        return self._turns[1].fail(error)


def encode_result(reply: Reply, result: m.Result) -> str:
    """A piece of the answer as events."""
    match result:
        case m.ReasoningDelta():
            return reply.reasoning(result.text)
        case m.TextDelta():
            return reply.content(result.text)
        case m.ToolCallDone(call=call):
            return reply.tool_call(call.call_id, call.name, call.arguments)
        case _:
            raise TypeError(f"{type(result).__name__} is no part of an answer")


def _reason(finished: m.Finished) -> FinishReason:
    return finished.reason if finished.reason in ("length", "tool_calls") else "stop"


def _usage(usage: m.Usage) -> ChatUsage:
    return ChatUsage(
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        audio_tokens=usage.audio_tokens,
        image_tokens=usage.image_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )


def _gate(finished: m.Finished) -> Gate | None:
    gate = finished.gate
    return Gate(text=gate.text, image=gate.image, speech=gate.speech) if gate is not None else None
