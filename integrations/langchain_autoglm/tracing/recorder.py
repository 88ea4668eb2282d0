"""A handler that keeps what models thought, for tests, logs and evaluation."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from langchain_autoglm.tracing.handlers import ReasoningTraceHandler
from langchain_autoglm.tracing.machine import TurnFacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

MAX_TRACES = 1000  # some days of one household; a recorder left in a server must not grow for ever


@dataclass(slots=True, kw_only=True)
class ReasoningTrace:
    """One call of a model: its reasoning and what is known of the turn.

    `stretches` holds each uninterrupted stretch of reasoning, `tokens` its pieces as they came, `thinking_ms` the time
    from the first start to the last end; 0 when it came in one piece. `facts` is None while the call is under way.
    """

    run_id: UUID
    tokens: list[str] = field(default_factory=list)
    stretches: list[str] = field(default_factory=list)
    thinking_ms: float = 0.0
    facts: TurnFacts | None = None

    @property
    def text(self) -> str:
        """All of the reasoning; empty for a model that did not think."""
        return "".join(self.tokens)


class ReasoningRecorder(ReasoningTraceHandler):
    """Collects a trace for each call; works in sync and async code alike.

    `traces` holds the finished calls in the order they ended, `live` those under way. Beyond `max_traces` the oldest
    are dropped; None keeps all.
    """

    def __init__(
        self, *, max_traces: int | None = MAX_TRACES, clock_s: Callable[[], float] = time.perf_counter
    ) -> None:
        self.traces: deque[ReasoningTrace] = deque(maxlen=max_traces)
        self.live: dict[UUID, ReasoningTrace] = {}
        self._clock_s = clock_s
        self._started_s: dict[UUID, float] = {}

    @property
    def last(self) -> ReasoningTrace:
        """The call that ended last. Raises LookupError when none has."""
        if not self.traces:
            raise LookupError("nothing recorded yet: give the recorder as a callback to a call, and let it end")
        return self.traces[-1]

    def clear(self) -> None:
        """Forget the finished calls."""
        self.traces.clear()

    def on_reasoning_start(self, run_id: UUID) -> None:
        """Open the trace."""
        self.live.setdefault(run_id, ReasoningTrace(run_id=run_id))
        self._started_s.setdefault(run_id, self._clock_s())

    def on_reasoning_token(self, token: str, run_id: UUID) -> None:
        """Note the piece."""
        self.live[run_id].tokens.append(token)

    def on_reasoning_end(self, text: str, run_id: UUID) -> None:
        """Note the stretch."""
        trace = self.live[run_id]
        trace.stretches.append(text)
        trace.thinking_ms = (self._clock_s() - self._started_s[run_id]) * 1000

    def on_turn_end(self, facts: TurnFacts, run_id: UUID) -> None:
        """Close the trace."""
        trace = self.live.pop(run_id, None) or ReasoningTrace(run_id=run_id)
        self._started_s.pop(run_id, None)
        trace.facts = facts
        self.traces.append(trace)
