"""Greedy CTC: from the best class of every frame to a transcript that only ever grows at its end.

A chunk's frames never change once encoded, so nothing given out is ever taken back. Bytes that never become a character
are never given out.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from autoglm_agent.model.tokenizer import Detokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable


class GreedyCtc:
    """Merges repeats, drops blanks, and turns token ids into text. The blank is the padding id."""

    def __init__(self, token_bytes: list[bytes], blank: int, num_special_tokens: int) -> None:
        self._token_bytes = token_bytes
        self._blank, self._num_special_tokens = blank, num_special_tokens
        self._detokenizer = Detokenizer(token_bytes)
        self._last = blank
        self._text = ""

    @property
    def text(self) -> str:
        """The transcript so far: whole characters, no space at either end."""
        return self._text.strip()

    def push(self, classes: Iterable[int]) -> None:
        """Take the best class of each new frame, in order."""
        for index in classes:
            if index != self._last and index != self._blank and index >= self._num_special_tokens:
                self._text += self._detokenizer.push(index)
            self._last = index

    def fork(self) -> GreedyCtc:
        """A copy that goes its own way."""
        copy = GreedyCtc(self._token_bytes, self._blank, self._num_special_tokens)
        copy._detokenizer = deepcopy(self._detokenizer, {id(self._token_bytes): self._token_bytes})
        copy._last, copy._text = self._last, self._text
        return copy
