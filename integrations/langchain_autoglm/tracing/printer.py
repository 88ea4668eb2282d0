"""A handler that shows in a terminal, or in any text stream, what a model thinks while it thinks it."""

from __future__ import annotations

import sys
from threading import RLock
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from langchain_autoglm.tracing.handlers import ReasoningTraceHandler

if TYPE_CHECKING:
    from uuid import UUID

    from langchain_autoglm.tracing.machine import TurnFacts

QUIET = "dim italic"


class ReasoningPrinter(ReasoningTraceHandler):
    """Prints `thinks …` live and, when the turn is over, a line with gate, latencies and tokens.

    To a terminal in a quiet style, elsewhere plain. `file` is where to, by default what `sys.stdout` is when needed.
    `label` precedes the reasoning; `facts=False` leaves out the last line. Works in sync and async code. Of calls at
    the same time one is shown live, the others whole once it has ended, never mixed.
    """

    def __init__(self, file: TextIO | None = None, *, label: str = "thinks", facts: bool = True) -> None:
        self._file = file
        self._label = label
        self._facts = facts
        self._lock = RLock()  # `batch` calls from several threads
        self._live: UUID | None = None
        self._waiting: list[str] = []

    def on_reasoning_start(self, run_id: UUID) -> None:
        """Begin a line, unless another call is being shown."""
        with self._lock:
            if self._live is None:
                self._live = run_id
                self._print(f"{self._label}  ")

    def on_reasoning_token(self, token: str, run_id: UUID) -> None:
        """Print the piece if its call is the one shown."""
        with self._lock:
            if self._live == run_id:
                self._print(token)

    def on_reasoning_end(self, text: str, run_id: UUID) -> None:
        """End the line."""
        with self._lock:
            if self._live == run_id:
                self._live = None
                self._print("\n")
                self._flush()
            else:
                self._line(f"{self._label}  {text}\n")

    def on_turn_end(self, facts: TurnFacts, run_id: UUID) -> None:
        """Print what is known of the turn."""
        line = _line_of(facts)
        if self._facts and line:
            with self._lock:
                # Whoever streams has most likely printed the text and stands at its end.
                self._line(f"\n{line}\n" if facts.streamed else f"{line}\n")

    def _line(self, text: str) -> None:
        self._waiting.append(text)
        if self._live is None:
            self._flush()

    def _flush(self) -> None:
        while self._waiting:
            self._print(self._waiting.pop(0))

    def _print(self, text: str) -> None:
        file = self._file or sys.stdout
        if file.isatty():
            Console(file=file).print(text, end="", style=QUIET, soft_wrap=True, markup=False, highlight=False)
        else:
            file.write(text)
        file.flush()


def _line_of(facts: TurnFacts) -> str:
    """The facts as `gate text 0.22 image 0.32 speech 0.45 · prefill 12 ms · 20 of 35 tokens for thinking`."""
    shown: list[str] = []
    if facts.error is not None:
        shown.append(f"ended early: {type(facts.error).__name__}")
    if facts.gate:
        shown.append("gate " + " ".join(f"{name} {weight:.2f}" for name, weight in facts.gate.items()))
    if facts.latency_ms:
        shown.append(", ".join(f"{stage.replace('_', ' ')} {ms:.0f} ms" for stage, ms in facts.latency_ms.items()))
    if facts.usage:
        thinking = facts.usage.get("output_token_details", {}).get("reasoning")
        total = facts.usage["output_tokens"]
        shown.append(f"{total} tokens" if thinking is None else f"{thinking} of {total} tokens for thinking")
    return " · ".join(shown)
