"""How the demonstration looks: live on a terminal, as plain lines elsewhere. What happens is decided in `demo`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from autoglm_agent.client import Event
from autoglm_agent.commands.turn import TRANSCRIPTION, Turn

BAR_CELLS = 24
REDRAW_S = 0.08
"""Twelve pictures a second look fluent; each token redrawn would cost more than decoding it."""
GATE_STEP = 0.05
"""In plain lines a weight is told again when it moved by so much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a scene went."""

    title: str
    seconds: float
    latency_ms: dict[str, float]
    complaints: Sequence[str]


class View(Protocol):
    """Shows one turn at a time."""

    def begin(self, words: str, turn: Turn) -> None:
        """A turn begins in which `words` are said."""
        ...

    def show(self, event: Event, turn: Turn) -> None:
        """An event came, and `turn` has taken it."""
        ...

    def end(self, turn: Turn) -> None:
        """The turn is over."""
        ...


def make_view(console: Console, *, plain: bool) -> View:
    """Live where the console can redraw."""
    return PlainView(console) if plain or not console.is_terminal else LiveView(console)


class LiveView:
    """Redraws the turn in place."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._live: Live | None = None
        self._words, self._drawn_s = "", 0.0

    def begin(self, words: str, turn: Turn) -> None:
        """Open an area for the turn."""
        self._words = words
        self._live = Live(_picture(words, turn), console=self._console, auto_refresh=False)
        self._live.start()

    def show(self, event: Event, turn: Turn) -> None:
        """Redraw, but not too often."""
        if self._live is not None and self._clock() - self._drawn_s >= REDRAW_S:
            self._drawn_s = self._clock()
            self._live.update(_picture(self._words, turn), refresh=True)

    def end(self, turn: Turn) -> None:
        """Draw the last state and leave it there."""
        if self._live is not None:
            self._live.update(_picture(self._words, turn), refresh=True)
            self._live.stop()
            self._live = None


class PlainView:
    """Prints a line when something has become known."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._gate: dict[str, float] = {}

    def begin(self, words: str, turn: Turn) -> None:
        """Say what is played."""
        self._gate = {}
        if words:
            self._print("plays", words)

    def show(self, event: Event, turn: Turn) -> None:
        """Print what this event makes known."""
        kind = event["type"]
        if kind.startswith(TRANSCRIPTION):
            self._print("hears" if kind.endswith(".completed") else "hears…", turn.transcript)
        elif kind == "autoglm.vision.frame_encoded" and not event["skipped"]:
            self._print("sees", f"a frame, encoded in {turn.frame_ms:.0f} ms")
        elif kind == "autoglm.fusion.updated" and turn.gate and self._moved(turn.gate):
            self._gate = turn.gate
            self._print("gate", "  ".join(f"{name} {weight:.2f}" for name, weight in turn.gate.items()))
        elif kind == "response.reasoning_text.done":
            self._print("thinks", turn.reasoning)
        elif kind in ("response.output_text.done", "response.output_audio_transcript.done"):
            self._print("says", turn.text)
        elif kind == "response.function_call_arguments.done":
            call = turn.calls[-1]
            self._print("calls", f"{call.name}({call.arguments})")

    def end(self, turn: Turn) -> None:
        """Print the latencies."""
        if turn.latency_ms:
            self._print("took", _latencies(turn.latency_ms))

    def _moved(self, gate: dict[str, float]) -> bool:
        return any(abs(weight - self._gate.get(name, 0.0)) >= GATE_STEP for name, weight in gate.items())

    def _print(self, what: str, text: str) -> None:
        self._console.print(Text(f"  {what:<7} {text}"), soft_wrap=True)


def _picture(words: str, turn: Turn) -> Group:
    """A turn as rich draws it."""
    lines = [Text.assemble(("  plays   ", "dim"), words)] if words else []
    if turn.transcript:
        lines.append(Text.assemble(("  hears   ", "dim"), (turn.transcript, "bold")))
    if turn.frame_ms is not None:
        lines.append(Text.assemble(("  sees    ", "dim"), f"a frame, encoded in {turn.frame_ms:.0f} ms"))
    for name, weight in (turn.gate or {}).items():
        filled = round(weight * BAR_CELLS)
        bar = "█" * filled + "░" * (BAR_CELLS - filled)
        lines.append(Text.assemble((f"  {name:<8}", "dim"), (bar, "cyan"), f" {weight:.2f}"))
    if turn.reasoning:
        lines.append(Text(f"  thinks  {turn.reasoning}", style="dim"))
    lines += [
        Text.assemble(("  calls   ", "dim"), (f"{call.name}({call.arguments})", "magenta")) for call in turn.calls
    ]
    if turn.text:
        lines.append(Text.assemble(("  says    ", "dim"), (turn.text, "green")))
    if turn.latency_ms:
        lines.append(Text(f"  took    {_latencies(turn.latency_ms)}", style="dim"))
    return Group(*lines)


def _latencies(latency_ms: dict[str, float]) -> str:
    return ", ".join(f"{stage.replace('_', ' ')} {ms:.0f} ms" for stage, ms in latency_ms.items())


def summary(outcomes: Sequence[Outcome]) -> Table:
    """All scenes on one table."""
    table = Table(title="Demonstration", title_justify="left")
    table.add_column("")
    table.add_column("scene")
    table.add_column("seconds", justify="right")
    table.add_column("first text, ms", justify="right")
    table.add_column("what is wrong")
    for outcome in outcomes:
        first_ms = outcome.latency_ms.get("first_text")
        table.add_row(
            Text("✗", "red") if outcome.complaints else Text("✓", "green"),
            Text(outcome.title),
            f"{outcome.seconds:.1f}",
            "" if first_ms is None else f"{first_ms:.0f}",
            Text("; ".join(outcome.complaints)),
        )
    return table
