"""Reasoning that a model writes into its text, between `<think>` tags, told apart while it streams.

Models whose provider already yields reasoning blocks do not need it; for the others nothing else keeps their trace from
being spoken.
"""

from __future__ import annotations

from typing import Literal

OPEN, CLOSE = "<think>", "</think>"
Piece = tuple[Literal["reasoning", "text"], str]


class ThinkSplitter:
    """One message's text in, pieces out. A tag may be cut anywhere; only at the message's start does one count."""

    def __init__(self) -> None:
        self._state: Literal["start", "reasoning", "gap", "text"] = "start"
        self._held = ""

    def feed(self, text: str) -> list[Piece]:
        """More of the text."""
        self._held += text
        pieces: list[Piece] = []
        if self._state == "start":
            said = self._held.lstrip()
            if OPEN.startswith(said[: len(OPEN)]) and len(said) < len(OPEN):
                return []
            if said.startswith(OPEN):
                self._state, self._held = "reasoning", said[len(OPEN) :]
            else:
                self._state = "text"
        if self._state == "reasoning":
            pieces += self._reason()
        if self._state == "gap":  # blanks between the tag and the answer are neither
            self._held = self._held.lstrip()
            self._state = "text" if self._held else "gap"
        if self._state == "text" and self._held:
            pieces.append(("text", self._held))
            self._held = ""
        return pieces

    def flush(self) -> list[Piece]:
        """The message has ended."""
        held, self._held = self._held, ""
        return [("reasoning" if self._state == "reasoning" else "text", held)] if held else []

    def _reason(self) -> list[Piece]:
        thought, tag, after = self._held.partition(CLOSE)
        if tag:
            self._state, self._held = "gap", after
        else:
            kept = next((n for n in range(min(len(CLOSE), len(thought)), 0, -1) if CLOSE.startswith(thought[-n:])), 0)
            thought, self._held = thought[: len(thought) - kept], thought[len(thought) - kept :]
        return [("reasoning", thought)] if thought else []
