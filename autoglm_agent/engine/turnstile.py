"""Whose turn it is: the most urgent kind of work that there is, unless a lesser kind has waited beyond its patience.

So speech goes first and nothing starves, however much there is of what goes first. A unit given to patience is followed
by one given to urgency: under any load at least every other unit is speech, as long as there is speech.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["speech", "decode", "fusion", "prefill", "vision"]

PATIENCE_MS: dict[Kind, float] = {
    "speech": 0.0,
    "decode": 60.0,  # a reply that pauses longer than that is heard to stutter
    "fusion": 60.0,  # weights are shown while the user speaks; a chunk of speech takes longer than that to come
    "prefill": 40.0,  # beside replies being decoded a prompt gets about every other unit: the first token is waited for
    "vision": 100.0,  # frames come once a second or so
}
"""In the order of urgency."""


class Turnstile:
    """Remembers since when each kind has been waiting."""

    def __init__(self) -> None:
        self._since: dict[Kind, float] = {}
        self._was_patience = False

    def pick(self, there_is: dict[Kind, bool], now_s: float) -> Kind | None:
        """The kind to work on now, None when there is nothing."""
        for kind, waits in there_is.items():
            if not waits:
                self._since.pop(kind, None)
            else:
                self._since.setdefault(kind, now_s)
        picked: Kind | None = None
        longest_ms = 0.0
        for kind, since in self._since.items():
            late_ms = (now_s - since) * 1000 - PATIENCE_MS[kind]
            if not self._was_patience and late_ms > longest_ms and kind != "speech":
                picked, longest_ms = kind, late_ms
        self._was_patience = picked is not None
        if picked is None:
            picked = next((kind for kind in PATIENCE_MS if kind in self._since), None)
        if picked is not None:
            self._since[picked] = now_s
        return picked
