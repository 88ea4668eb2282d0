"""`/v1/responses`, the reply: whole, or as the official events. One item after the other: reasoning, message, calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autoglm_agent.protocol.chat import ChatMessage, ChatToolCall
from autoglm_agent.protocol.items import TextContent
from autoglm_agent.protocol.reply import ChatUsage, FinishReason, Gate, server_sent
from autoglm_agent.protocol.responses_request import tells_summary
from autoglm_agent.protocol.rest_errors import ErrorDetail
from autoglm_agent.protocol.wire import responses_objects as w
from autoglm_agent.protocol.wire.responses import ReasoningOptions, ResponsesRequest


class ResponsesReply:
    """Encodes one answer; see `reply.Reply`.

    `new_id` makes item ids from a prefix, `clock` tells Unix seconds.
    """

    def __init__(
        self, request: ResponsesRequest, *, model: str, new_id: Callable[[str], str], clock: Callable[[], float]
    ) -> None:
        self.id = new_id("resp")
        self.is_stored = request.store is not False
        self._new_id = new_id
        self._clock = clock
        self._tells_reasoning = request.return_reasoning is not False
        self._tells_summary = tells_summary(request)
        self._state = _opened(request, self.id, model, round(clock()), is_stored=self.is_stored)
        self._number = 0
        self._done: list[w.OutputItem] = []
        self._open: w.OutputMessage | w.OutputReasoning | None = None
        self._text: list[str] = []

    # --- What comes --------------------------------------------------------------------------------------------------

    def start(self) -> str:
        """Return the first events: the response was created."""
        return self._told("response.created") + self._told("response.in_progress")

    def reasoning(self, text: str) -> str:
        """Add reasoning; return its events, empty when reasoning is not told."""
        if not self._tells_reasoning:
            return ""
        events = ""
        if not isinstance(self._open, w.OutputReasoning):
            events = self._close("completed") + self._begin_reasoning()
        self._text.append(text)
        place = self._place
        events += self._event(w.ReasoningTextDelta, **place, delta=text)
        if self._tells_summary:
            events += self._event(w.SummaryTextDelta, **place, delta=text)
        return events

    def content(self, text: str) -> str:
        """Add text; return its events."""
        events = ""
        if not isinstance(self._open, w.OutputMessage):
            events = self._close("completed") + self._begin_message()
        self._text.append(text)
        return events + self._event(w.OutputTextDelta, **self._place, delta=text)

    def tool_call(self, call_id: str, name: str, arguments: str) -> str:
        """Add a call; return its events."""
        events = self._close("completed")
        item = w.OutputFunctionCall(
            id=self._new_id("fc"), status="in_progress", call_id=call_id, name=name, arguments=""
        )
        place: dict[str, Any] = {"item_id": item.id, "output_index": len(self._done)}
        events += self._item("added", item)
        events += self._event(w.FunctionArgumentsDelta, **place, delta=arguments)
        events += self._event(w.FunctionArgumentsDone, **place, name=name, arguments=arguments)
        item = item.model_copy(update={"status": "completed", "arguments": arguments})
        events += self._item("done", item)
        self._done.append(item)
        return events

    # --- The end -----------------------------------------------------------------------------------------------------

    def finish(
        self,
        reason: FinishReason,
        usage: ChatUsage,
        gate: Gate | None = None,
        latency_ms: dict[str, float] | None = None,
    ) -> str:
        """Return the last events: the open item ends, then the response, whole."""
        events = self._end(reason, usage, gate, latency_ms)
        return events + self._told("response.incomplete" if reason == "length" else "response.completed")

    def fail(self, error: ErrorDetail) -> str:
        """Return the last events of a response that breaks."""
        events = self._close("incomplete")
        failure = w.ResponseFailure(code=error.code or "server_error", message=error.message)
        self._state = self._state.model_copy(update={"status": "failed", "error": failure, "output": self._done})
        return events + self._told("response.failed")

    def whole(
        self,
        reason: FinishReason,
        usage: ChatUsage,
        gate: Gate | None = None,
        latency_ms: dict[str, float] | None = None,
    ) -> w.ResponseObject:
        """Return the whole reply."""
        if self._state.status == "in_progress":
            self._end(reason, usage, gate, latency_ms)
        return self._state

    @property
    def response(self) -> w.ResponseObject:
        """The response as it is now."""
        return self._state

    def message(self) -> ChatMessage:
        """The answer as a response that follows has to know it; after the end."""
        text = "".join(part.text for item in self._done if isinstance(item, w.OutputMessage) for part in item.content)
        thought = [
            part.text for item in self._done if isinstance(item, w.OutputReasoning) for part in item.content or ()
        ]
        calls = [
            ChatToolCall(call_id=item.call_id, name=item.name, arguments=item.arguments)
            for item in self._done
            if isinstance(item, w.OutputFunctionCall)
        ]
        content = (TextContent(text=text),) if text else ()
        return ChatMessage(role="assistant", content=content, reasoning="".join(thought), tool_calls=tuple(calls))

    def _end(
        self, reason: FinishReason, usage: ChatUsage, gate: Gate | None, latency_ms: dict[str, float] | None
    ) -> str:
        is_cut = reason == "length"
        events = ""
        if not self._done and self._open is None:
            events = self._begin_message()  # an empty answer is an answer
        events += self._close("incomplete" if is_cut else "completed")
        self._state = self._state.model_copy(
            update={
                "status": "incomplete" if is_cut else "completed",
                "incomplete_details": w.IncompleteDetails(reason="max_output_tokens") if is_cut else None,
                "completed_at": None if is_cut else round(self._clock()),
                "output": self._done,
                "usage": _usage(usage),
                "autoglm_gate": gate,
                "autoglm_latency_ms": latency_ms,
            }
        )
        return events

    # --- Items -------------------------------------------------------------------------------------------------------

    @property
    def _place(self) -> dict[str, Any]:
        assert self._open is not None
        return {"item_id": self._open.id, "output_index": len(self._done)}

    def _begin_reasoning(self) -> str:
        self._open = w.OutputReasoning(id=self._new_id("rs"), status="in_progress", summary=[])
        events = self._item("added", self._open) + self._part("added", w.ReasoningText(text=""))
        if self._tells_summary:
            events += self._summary_part("added", "")
        return events

    def _begin_message(self) -> str:
        self._open = w.OutputMessage(id=self._new_id("msg"), status="in_progress", content=[])
        return self._item("added", self._open) + self._part("added", w.OutputText(text=""))

    def _close(self, status: w.ItemStatus) -> str:
        """End the open item, if there is one."""
        item, text = self._open, "".join(self._text)
        match item:
            case None:
                return ""
            case w.OutputMessage():
                part = w.OutputText(text=text)
                events = self._event(w.OutputTextDone, **self._place, text=text) + self._part("done", part)
                ended: w.OutputItem = item.model_copy(update={"status": status, "content": [part]})
            case w.OutputReasoning():
                thought = w.ReasoningText(text=text)
                events = self._event(w.ReasoningTextDone, **self._place, text=text) + self._part("done", thought)
                summary = [w.SummaryText(text=text)] if self._tells_summary else []
                if summary:
                    events += self._event(w.SummaryTextDone, **self._place, text=text)
                    events += self._summary_part("done", text)
                ended = item.model_copy(update={"status": status, "content": [thought], "summary": summary})
        events += self._item("done", ended)
        self._done.append(ended)
        self._open, self._text = None, []
        return events

    def _item(self, what: str, item: w.OutputItem) -> str:
        return self._event(
            w.OutputItemEvent, type=f"response.output_item.{what}", output_index=len(self._done), item=item
        )

    def _part(self, what: str, part: w.OutputText | w.ReasoningText) -> str:
        return self._event(w.ContentPartEvent, type=f"response.content_part.{what}", **self._place, part=part)

    def _summary_part(self, what: str, text: str) -> str:
        kind = f"response.reasoning_summary_part.{what}"
        return self._event(w.SummaryPartEvent, type=kind, **self._place, part=w.SummaryText(text=text))

    def _told(self, kind: str) -> str:
        return self._event(w.ResponseStateChanged, type=kind, response=self._state)

    def _event(self, kind: type[w.ResponsesEvent], **fields: Any) -> str:
        event = kind(sequence_number=self._number, **fields)
        self._number += 1
        return server_sent(event, event=event.type)


def _opened(
    request: ResponsesRequest, response_id: str, model: str, now_s: int, *, is_stored: bool
) -> w.ResponseObject:
    return w.ResponseObject(
        id=response_id,
        created_at=now_s,
        status="in_progress",
        instructions=request.instructions,
        max_output_tokens=request.max_output_tokens,
        metadata=request.metadata or {},
        model=model,
        output=[],
        parallel_tool_calls=request.parallel_tool_calls is not False,
        previous_response_id=request.previous_response_id,
        reasoning=request.reasoning or ReasoningOptions(),
        store=is_stored,
        temperature=request.temperature or 0.0,
        text=request.text,
        tool_choice=request.tool_choice or "auto",
        tools=[w.EchoedTool(**tool.model_dump()) for tool in request.tools or ()],
        top_p=request.top_p or 1.0,
        truncation=request.truncation or "disabled",
    )


def _usage(usage: ChatUsage) -> w.ResponsesUsage:
    return w.ResponsesUsage(
        input_tokens=usage.input_tokens,
        input_tokens_details=w.InputTokensDetails(
            cached_tokens=usage.cached_tokens, audio_tokens=usage.audio_tokens, image_tokens=usage.image_tokens
        ),
        output_tokens=usage.output_tokens,
        output_tokens_details=w.OutputTokensDetails(reasoning_tokens=usage.reasoning_tokens),
        total_tokens=usage.input_tokens + usage.output_tokens,
    )
