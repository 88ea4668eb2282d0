"""The second pass of recognition: CTC prefix search with a language model, beside the greedy first pass.

Greedy CTC tells what is heard while it is heard; characters that sound alike need their neighbours to be told apart,
and that is what the search gives once an utterance ends. It runs along chunk by chunk, a few hypotheses wide, so that
the end costs nothing. Source: prefix beam search of Hannun et al. (2014), shallow fusion of Gulcehre et al. (2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autoglm_agent.model.ngram import NgramModel

BEAM = 10
"""Hypotheses kept: twice as many change one character in a thousand."""
CANDIDATES = 8
"""Classes looked at in a frame; what is less likely than the eighth is noise."""
MIN_LOG_PROBABILITY = math.log(2e-4)
"""And none below this."""
LANGUAGE_WEIGHT = 0.5
LENGTH_BONUS = 1.2
"""Natural logarithm a token, against the language model's wish for few. Both were tuned on sentences of the training
split that the ears had not been trained on."""
NEVER = -math.inf


@dataclass(slots=True, eq=False, weakref_slot=True)
class Prefix:
    """A hypothesis as a link to the one it extends, so that long utterances share their beginnings.

    Extensions are held weakly: what has left the beam, and led to nothing in it, goes.
    """

    parent: Prefix | None
    token: int
    context: tuple[int, ...]
    language: float
    """Of all its tokens, weight and bonus applied."""
    children: WeakValueDictionary[int, Prefix] = field(default_factory=WeakValueDictionary)

    def tokens(self) -> list[int]:
        """All tokens from the beginning."""
        found = []
        node: Prefix | None = self
        while node is not None and node.parent is not None:
            found.append(node.token)
            node = node.parent
        return found[::-1]


@dataclass(slots=True)
class CtcSearch:
    """Takes the likeliest classes of each frame; gives the best tokens so far. Hypotheses share nothing with copies."""

    model: NgramModel
    blank: int
    num_special_tokens: int
    beam: dict[Prefix, tuple[float, float]] = field(default_factory=dict)
    """Log probability of each prefix with a blank at the end, and without."""

    def __post_init__(self) -> None:
        if not self.beam:
            self.beam = {Prefix(None, self.blank, (self.model.begin,), 0.0): (0.0, NEVER)}

    @property
    def num_candidates(self) -> int:
        """How many classes of a frame `push` wants."""
        return CANDIDATES

    def push(self, classes: Sequence[Sequence[int]], scores: Sequence[Sequence[float]]) -> None:
        """Take frames in order: the likeliest classes of each, best first, and their log probabilities."""
        for ids, log_probabilities in zip(classes, scores, strict=True):
            self._push(ids, log_probabilities)

    def best(self) -> list[int]:
        """The tokens of the best hypothesis."""
        prefix, _ = max(self.beam.items(), key=lambda item: item[0].language + _sum(*item[1]))
        return prefix.tokens()

    def fork(self) -> CtcSearch:
        """A copy that goes its own way; prefixes are shared, for they only ever gain children."""
        return CtcSearch(self.model, self.blank, self.num_special_tokens, dict(self.beam))

    def _push(self, ids: Sequence[int], log_probabilities: Sequence[float]) -> None:
        grown: dict[Prefix, list[float]] = {}
        frame = [(i, p) for i, p in zip(ids, log_probabilities, strict=True) if p >= MIN_LOG_PROBABILITY]
        for prefix, (blank_end, token_end) in self.beam.items():
            total = _sum(blank_end, token_end)
            for index, p in frame:
                if index == self.blank:
                    _add(grown, prefix, 0, total + p)
                elif index < self.num_special_tokens:
                    continue
                elif index == prefix.token:
                    _add(grown, prefix, 1, token_end + p)
                    if blank_end > NEVER:
                        _add(grown, self._extended(prefix, index), 1, blank_end + p)
                else:
                    _add(grown, self._extended(prefix, index), 1, total + p)
        kept = sorted(grown, key=lambda prefix: prefix.language + _sum(*grown[prefix]), reverse=True)[:BEAM]
        self.beam = {prefix: (grown[prefix][0], grown[prefix][1]) for prefix in kept} or self.beam

    def _extended(self, prefix: Prefix, token: int) -> Prefix:
        child = prefix.children.get(token)
        if child is None:
            language = LANGUAGE_WEIGHT * self.model.score(prefix.context, token) + LENGTH_BONUS
            context = (*prefix.context, token)[-self.model.context_size :]
            child = prefix.children[token] = Prefix(prefix, token, context, prefix.language + language)
        return child


def _sum(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + math.log1p(math.exp(b - a))


def _add(grown: dict[Prefix, list[float]], prefix: Prefix, end: int, score: float) -> None:
    ends = grown.get(prefix)
    if ends is None:
        ends = grown[prefix] = [NEVER, NEVER]
    ends[end] = _sum(ends[end], score)
