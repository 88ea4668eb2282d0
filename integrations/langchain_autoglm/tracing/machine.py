"""What happens to the reasoning of each run, whichever way its tokens come: one start, tokens in order, one end.

A pure state machine: callbacks in, steps out. Not here: LangChain's handlers, clocks, output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_autoglm.tracing.blocks import part_of_event, parts_of_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.messages.ai import UsageMetadata

    from langchain_autoglm.tracing.blocks import Part


@dataclass(frozen=True, slots=True)
class ReasoningStarted:
    """The model began to think."""


@dataclass(frozen=True, slots=True)
class ReasoningGrew:
    """The model thought on."""

    token: str


@dataclass(frozen=True, slots=True)
class ReasoningEnded:
    """The model stopped to think; `text` is the whole of it since the start."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFacts:
    """What is known of a turn when it is over.

    `gate` holds the weights of "text", "image" and "speech", `latency_ms` the milliseconds of each stage; both are None
    for models that have none. `usage` counts tokens as LangChain does. `streamed` tells whether the answer came piece
    by piece. `error` is what ended the turn early: the model's failure, a closed stream (`GeneratorExit`) or a
    cancelled task (`CancelledError`).
    """

    model: str | None = None
    gate: Mapping[str, float] | None = None
    latency_ms: Mapping[str, float] | None = None
    usage: UsageMetadata | None = None
    streamed: bool = False
    error: BaseException | None = None


Step: TypeAlias = ReasoningStarted | ReasoningGrew | ReasoningEnded | TurnFacts


@dataclass(slots=True)
class _Run:
    """A turn under way. Some models tell the same token as a chunk and as an event: the first way is listened to."""

    way: str
    open: list[str] | None = None
    ever_open: bool = False
    spoken: set[int] = field(default_factory=set)


class ReasoningMachine:
    """The reasoning of any number of runs at once. A run is known from its first token until it finishes or fails."""

    def __init__(self) -> None:
        self._runs: dict[UUID, _Run] = {}

    def __contains__(self, run_id: UUID) -> bool:
        return run_id in self._runs

    def chunk(self, run_id: UUID, message: BaseMessage) -> list[Step]:
        """A streamed chunk came."""
        parts = list(parts_of_message(message))
        if not parts:
            return []
        run = self._runs.setdefault(run_id, _Run("chunks"))
        return _advance(run, parts) if run.way == "chunks" else []

    def event(self, run_id: UUID, event: Mapping[str, Any]) -> list[Step]:
        """A v3 stream event came."""
        run = self._runs.get(run_id) or _Run("events")
        if run.way != "events":
            return []
        part = part_of_event(event, run.spoken)
        if part is None:
            return []
        self._runs[run_id] = run
        return _advance(run, [part])

    def finish(self, run_id: UUID, message: AIMessage | None) -> list[Step]:
        """The call came back with `message`, whose reasoning is told now unless it was told before."""
        run = self._runs.pop(run_id, None)
        streamed = run is not None
        run = run or _Run("whole")
        steps: list[Step] = []
        if message is not None and not run.ever_open:
            steps += _advance(run, parts_of_message(message))
        return [*steps, *_end(run), _facts(message, streamed=streamed)]

    def fail(self, run_id: UUID, error: BaseException) -> list[Step]:
        """The call failed or was given up."""
        run = self._runs.pop(run_id, None)
        return [*(_end(run) if run else ()), TurnFacts(streamed=run is not None, error=error)]


def _advance(run: _Run, parts: Iterable[Part]) -> list[Step]:
    steps: list[Step] = []
    for part in parts:
        if not isinstance(part, str):
            steps += _end(run)
            continue
        if run.open is None:
            run.open, run.ever_open = [], True
            steps.append(ReasoningStarted())
        run.open.append(part)
        steps.append(ReasoningGrew(part))
    return steps


def _end(run: _Run) -> list[Step]:
    if run.open is None:
        return []
    text, run.open = "".join(run.open), None
    return [ReasoningEnded(text)]


def _facts(message: AIMessage | None, *, streamed: bool) -> TurnFacts:
    if message is None:
        return TurnFacts(streamed=streamed)
    told = message.response_metadata
    gate, latency_ms = told.get("gate"), told.get("latency_ms")
    return TurnFacts(
        model=told.get("model_name"),
        gate=gate if isinstance(gate, dict) else None,
        latency_ms=latency_ms if isinstance(latency_ms, dict) else None,
        usage=message.usage_metadata,
        streamed=streamed,
    )
