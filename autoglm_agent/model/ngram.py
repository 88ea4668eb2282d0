"""A small language model over tokens for the second pass of recognition: back-off n-grams in a few compact arrays.

P(w | h) is what is stored for (h, w), or else the back-off weight of h times P(w | h without its first token) (Katz,
1987). The estimates are made by `training.speech.ngram_counts`. Not here: the search that uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from autoglm_agent.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NGRAM_FILE = "ngram.npz"
STEP = 0.06
"""Log probabilities are kept in steps of this (natural logarithm): 255 of them reach to e^-15."""
MAX_CACHED = 200_000
"""Scores remembered; a long dictation must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Order:
    """The n-grams of one length, sorted: `first[i]` to `first[i + 1]` are the continuations of the shorter n-gram i.

    tokens uint16 [N], scores uint8 [N] (of -log P), backoff uint8 [N] (of -log of the weight), first int32 [M + 1].
    """

    tokens: NDArray[np.uint16]
    scores: NDArray[np.uint8]
    backoff: NDArray[np.uint8]
    first: NDArray[np.int32]

    def find(self, parent: int, token: int) -> int:
        """The index of the n-gram that continues `parent` by `token`; -1 if there is none."""
        begin, end = self.first[parent], self.first[parent + 1]
        at = int(begin + np.searchsorted(self.tokens[begin:end], token))
        return at if at < end and self.tokens[at] == token else -1


class NgramModel:
    """Scores a token after its predecessors."""

    def __init__(self, unigram: NDArray[np.uint8], unigram_backoff: NDArray[np.uint8], orders: list[Order]) -> None:
        self._unigram, self._unigram_backoff, self._orders = unigram, unigram_backoff, orders
        self.score = lru_cache(MAX_CACHED)(self._score)

    @property
    def context_size(self) -> int:
        """How many predecessors matter."""
        return len(self._orders)

    @property
    def begin(self) -> int:
        """The token that stands for the beginning of a sentence."""
        return 0

    @classmethod
    def load(cls, path: Path) -> NgramModel:
        """Read what `save` wrote. Raises CheckpointError for a file that is broken."""
        try:
            with path.open("rb") as file, np.load(file) as stored:
                orders = [_order(stored, n) for n in range(2, 2 + int(stored["num_orders"]))]
                return cls(stored["unigram"], stored["unigram_backoff"], orders)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise CheckpointError(f"{path} is broken ({error}); copy or save it again.") from error

    def save(self, path: Path) -> None:
        """Write the arrays, compressed."""
        arrays: dict[str, Any] = {"unigram": self._unigram, "unigram_backoff": self._unigram_backoff}
        for n, order in enumerate(self._orders, start=2):
            arrays |= {f"tokens{n}": order.tokens, f"scores{n}": order.scores, f"backoff{n}": order.backoff}
            arrays[f"sizes{n}"] = np.diff(order.first).astype(np.uint16)
        np.savez_compressed(path, num_orders=np.array(len(self._orders)), **arrays)

    def _score(self, context: tuple[int, ...], token: int) -> float:
        """Log P(token | context), the context's last `context_size` tokens."""
        context = context[-self.context_size :]
        penalty = 0
        while True:
            node, depth = self._node(context)
            if node >= 0:
                if not context:
                    return -STEP * (penalty + int(self._unigram[token]))
                found = self._orders[depth].find(node, token) if depth < len(self._orders) else -1
                if found >= 0:
                    return -STEP * (penalty + int(self._orders[depth].scores[found]))
                penalty += int(self._unigram_backoff[node] if depth == 0 else self._orders[depth - 1].backoff[node])
            context = context[1:]

    def _node(self, context: tuple[int, ...]) -> tuple[int, int]:
        """Index and order (0: single tokens) of a context; -1 if it was never seen. The empty one is (0, 0)."""
        if not context:
            return 0, 0
        node = context[0]
        for depth, token in enumerate(context[1:]):
            node = self._orders[depth].find(node, token)
            if node < 0:
                return -1, 0
        return node, len(context) - 1


def _order(stored: Mapping[str, NDArray[Any]], n: int) -> Order:
    """The n-grams of n tokens; of each shorter one the file has how many continue it."""
    first = np.concatenate(([0], np.cumsum(stored[f"sizes{n}"], dtype=np.int64))).astype(np.int32)
    return Order(stored[f"tokens{n}"], stored[f"scores{n}"], stored[f"backoff{n}"], first)
