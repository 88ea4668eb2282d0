"""How long the stages of one answer took, by the names of `autoglm ask --json`. It measures; it reports to nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from autoglm_agent.engine import messages as m


class Stages:
    """Times of one answer in wall-clock milliseconds. `first_token`, `first_text`, `total` count from the start.

    `speech`, `vision`, `queue`, `prefill` and `decode` are spans. Stages that did not happen are not in `ms`.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._start_s = clock()
        self.ms: dict[str, float] = {}

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Add the time spent inside to a stage."""
        begin_s = self._clock()
        try:
            yield
        finally:
            self.ms[name] = round(self.ms.get(name, 0.0) + (self._clock() - begin_s) * 1000, 1)

    def note(self, result: m.Result) -> None:
        """Take note of a result of the generation."""
        match result:
            case m.ReasoningDelta():
                self._reached("first_token")
            case m.TextDelta():
                self._reached("first_token")
                self._reached("first_text")
            case m.ToolCallDone():
                self._reached("first_token")
            case m.Finished():
                for name in ("queue", "prefill", "decode"):
                    self.ms[name] = round(getattr(result, f"{name}_ms"), 1)
                self._reached("total")
            case _:
                pass

    def _reached(self, name: str) -> None:
        if name not in self.ms:
            self.ms[name] = round((self._clock() - self._start_s) * 1000, 1)
