"""What an engine is doing, as numbers: a snapshot to be scraped, logged or asserted on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoglm_agent.engine.turnstile import Kind

WINDOW = 256  # steps of each kind that the times are taken over: a few seconds of load


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMetrics:
    """Counts now (queues, batches, slots) and since the start (tokens, steps); step times over the last steps."""

    streams_ready: int
    frames_waiting: int
    generations_waiting: int
    generations_running: int
    speech_batch: int
    decode_batch: int
    slots_used: int
    slot_evictions: int
    frames_held: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    steps: dict[Kind, int]
    step_ms_p50: dict[Kind, float]
    step_ms_max: dict[Kind, float]


class StepTimes:
    """How long the last steps of each kind took."""

    def __init__(self) -> None:
        self.counts: dict[Kind, int] = {}
        self._recent: dict[Kind, deque[float]] = {}

    def add(self, kind: Kind, ms: float) -> None:
        """A step was done."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self._recent.setdefault(kind, deque(maxlen=WINDOW)).append(ms)

    def p50(self) -> dict[Kind, float]:
        """The median of each kind."""
        return {kind: sorted(times)[len(times) // 2] for kind, times in self._recent.items()}

    def longest(self) -> dict[Kind, float]:
        """The longest of each kind."""
        return {kind: max(times) for kind, times in self._recent.items()}
