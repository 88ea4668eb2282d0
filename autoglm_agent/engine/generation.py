"""One reply being generated: from the scores of the next token to results, stop strings and the end.

It owns no cache and computes nothing of the network; `text` gives it scores and takes tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.rules import ReplyRules
from autoglm_agent.engine.sampling import Sampler
from autoglm_agent.model.reply import ReasoningPiece, ReplyParser, TextPiece, ToolCallPiece

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from autoglm_agent.engine.grammar import Grammars
    from autoglm_agent.engine.prompt import Prompt
    from autoglm_agent.engine.slots import Slot
    from autoglm_agent.model.chat import ChatLayout
    from autoglm_agent.model.reply import Piece

Reason = Literal["stop", "tool_calls", "length", "cancelled", "prefilled"]


class StopFilter:
    """Text up to the first stop string. What may be the beginning of one waits until it is known."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = stops
        self._held = ""
        self.found = False

    def push(self, text: str) -> str:
        """The text that is safe to give out."""
        if not self._stops:
            return text
        held = self._held + text
        hits = [at for stop in self._stops if (at := held.find(stop)) >= 0]
        if hits:
            self.found, self._held = True, ""
            return held[: min(hits)]
        longest = max(len(stop) for stop in self._stops) - 1
        begin = max(0, len(held) - longest)
        keep = next((i for i in range(begin, len(held)) if any(s.startswith(held[i:]) for s in self._stops)), len(held))
        self._held = held[keep:]
        return held[:keep]

    def flush(self) -> str:
        """What still waits, now that nothing follows."""
        held, self._held = self._held, ""
        return held


class Generation:
    """A request for a reply, its progress and its times (seconds of the engine's clock)."""

    def __init__(self, request: m.Generate, submitted_s: float) -> None:
        self.request = request
        self.submitted_s, self.started_s, self.first_s = submitted_s, submitted_s, submitted_s
        self.prompt: Prompt | None = None
        self.slot: Slot | None = None
        self.cached_tokens = 0
        self.next_token = 0
        """The token chosen last: the next decoding step computes its keys."""
        self.reason: Reason | None = None
        self._output_tokens = self._reasoning_tokens = self._calls = 0

    def prepare(self, layout: ChatLayout, grammars: Grammars) -> None:
        """Make ready to choose tokens. Raise `InputError` for parameters that cannot be honoured."""
        request = self.request
        self._stop_ids, self._end_think = layout.stop_ids, layout.end_think
        self._sampler = Sampler(request.sampling)
        self._rules = ReplyRules(layout, grammars, request)
        self._parser = ReplyParser(layout, thinking=layout.starts_thinking(enable_thinking=request.enable_thinking))
        self._stops = StopFilter(request.sampling.stop)

    def choose(self, scores: Tensor) -> list[m.Result]:
        """Choose the next token by its scores [vocab], which are changed; then `reason` tells whether it ended."""
        token_id = self._rules.forced(self._parser, self._reasoning_tokens)
        if token_id is None:
            self._rules.forbid(scores, self._parser)
            token_id = self._sampler.choose(scores)
        if token_id in self._stop_ids:
            self.reason = "tool_calls" if self._calls else "stop"
            return self._results(self._parser.finish()) + self._flush()
        self.next_token = token_id
        self._output_tokens += 1
        self._reasoning_tokens += self._parser.is_thinking and token_id != self._end_think
        self._rules.accept(token_id, self._parser)
        results = self._results(self._parser.push(token_id))
        if self.reason is None and self._output_tokens >= self.request.sampling.max_tokens:
            results += self.end("length")
        return results

    def end(self, reason: Reason) -> list[m.Result]:
        """End from outside: no room, or nobody wants it any more. Gives out what was waiting."""
        self.reason = reason
        if reason == "cancelled":
            return []
        return self._results(self._parser.finish()) + self._flush()

    def finished(self, now_s: float) -> m.Finished:
        """The last word."""
        request, prompt = self.request, self.prompt
        gate = None
        if prompt is not None and self.slot is not None and self.slot.gates and prompt.fused_at:
            weights = self.slot.gates.get(prompt.fused_at[-1])
            if weights is not None:
                text, image, speech = weights
                gate = m.GateWeights(session_id=request.session_id, text=text, image=image, speech=speech)
        return m.Finished(
            session_id=request.session_id,
            request_id=request.request_id,
            reason=self.reason or "stop",
            usage=m.Usage(
                input_tokens=len(prompt) if prompt else 0,
                cached_tokens=self.cached_tokens,
                audio_tokens=prompt.num_audio_tokens if prompt else 0,
                image_tokens=prompt.num_image_tokens if prompt else 0,
                output_tokens=self._output_tokens,
                reasoning_tokens=self._reasoning_tokens,
            ),
            gate=gate,
            queue_ms=(self.started_s - self.submitted_s) * 1000,
            prefill_ms=(self.first_s - self.started_s) * 1000,
            decode_ms=(now_s - self.first_s) * 1000,
        )

    def _results(self, pieces: Iterable[Piece]) -> list[m.Result]:
        """Pieces of the reply as results; a stop string ends the reply."""
        results: list[m.Result] = []
        ids = {"session_id": self.request.session_id, "request_id": self.request.request_id}
        for piece in pieces:
            match piece:
                case ReasoningPiece(text=text):
                    if self.request.return_reasoning:
                        results.append(m.ReasoningDelta(**ids, text=text))
                case TextPiece(text=text) if not self._stops.found:
                    shown = self._stops.push(text)
                    if shown:
                        results.append(m.TextDelta(**ids, text=shown))
                case ToolCallPiece(name=name, arguments=arguments):
                    results += self._flush()
                    self._calls += 1
                    call_id = f"call_{self.request.request_id}_{self._calls}"
                    call = m.ToolCall(call_id=call_id, name=name, arguments=arguments)
                    results.append(m.ToolCallDone(**ids, call=call))
                case _:
                    pass
        if self._stops.found and self.reason is None:
            self.reason = "stop"
        return results

    def _flush(self) -> list[m.Result]:
        text = self._stops.flush()
        if not text:
            return []
        ids = {"session_id": self.request.session_id, "request_id": self.request.request_id}
        return [m.TextDelta(**ids, text=text)]
