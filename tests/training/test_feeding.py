"""Batches from worker processes come in an order that does not depend on who is quick."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

from autoglm_agent.training.stages.feeding import parallel


def numbers(seed: int) -> Iterator[tuple[int, int]]:
    return ((seed, i) for i in count())


def test_workers_are_read_in_turn() -> None:
    stream = parallel(numbers, workers=2, seed=3)
    assert list(islice(stream, 5)) == [(3000, 0), (3001, 0), (3000, 1), (3001, 1), (3000, 2)]
    stream.close()  # type: ignore[attr-defined]


def test_without_workers_the_seed_is_used_as_it_is() -> None:
    assert list(islice(parallel(numbers, workers=0, seed=3), 2)) == [(3, 0), (3, 1)]
