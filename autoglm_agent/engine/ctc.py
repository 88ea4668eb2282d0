"""From CTC scores to a transcript: greedy while the utterance is heard, searched with a language model when it ends.

The first pass takes the best class of every frame, so its transcript only ever grows at its end: a chunk's frames never
change once encoded. The second pass may correct what sounds alike. Bytes that never become a character are never given
out.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from autoglm_agent.model.tokenizer import Detokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autoglm_agent.engine.ctc_search import CtcSearch


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


class Recognition:
    """Both passes over one utterance; without a search the first has the last word, too."""

    def __init__(self, token_bytes: list[bytes], greedy: GreedyCtc, search: CtcSearch | None) -> None:
        self._token_bytes, self._greedy, self._search = token_bytes, greedy, search
        self._final: str | None = None

    @property
    def text(self) -> str:
        """The transcript so far; the searched one once the utterance has ended."""
        return self._greedy.text if self._final is None else self._final

    @property
    def num_candidates(self) -> int:
        """How many of each frame's likeliest classes `push` wants."""
        return 1 if self._search is None else self._search.num_candidates

    def push(self, classes: Sequence[Sequence[int]], scores: Sequence[Sequence[float]]) -> None:
        """Take new frames in order: the likeliest classes of each, best first, and their log probabilities."""
        self._greedy.push(ids[0] for ids in classes)
        if self._search is not None:
            self._search.push(classes, scores)

    def end(self) -> None:
        """No more frames will come."""
        if self._search is not None:
            detokenizer = Detokenizer(self._token_bytes)
            self._final = "".join(detokenizer.push(index) for index in self._search.best()).strip()

    def fork(self) -> Recognition:
        """A copy that goes its own way."""
        copy = Recognition(self._token_bytes, self._greedy.fork(), self._search.fork() if self._search else None)
        copy._final = self._final
        return copy
