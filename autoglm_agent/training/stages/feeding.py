"""Batches made in worker processes, so that the process that feeds the device only feeds it."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import multiprocessing.queues
    from collections.abc import Callable, Iterator

T = TypeVar("T")
AHEAD = 4
"""Batches a worker may be ahead: hides a slow one, and bounds the memory."""


def _work(make: Callable[[int], Iterator[T]], seed: int, queue: multiprocessing.queues.Queue[T]) -> None:
    for item in make(seed):
        queue.put(item)


def parallel(make: Callable[[int], Iterator[T]], *, workers: int, seed: int) -> Iterator[T]:
    """What `make(seed)` yields in each of many processes, read in turn; with 0 workers, made here.

    The processes are forked, so `make` may hold anything; it must not touch a device. Each has a queue of its own: the
    order does not depend on which worker is quick.
    """
    if workers <= 0:
        yield from make(seed)
        return
    context = multiprocessing.get_context("fork")
    queues: list[multiprocessing.queues.Queue[T]] = [context.Queue(maxsize=AHEAD) for _ in range(workers)]
    processes = [
        context.Process(target=_work, args=(make, seed * 1000 + i, queue), daemon=True) for i, queue in enumerate(queues)
    ]
    for process in processes:
        process.start()
    try:
        while True:
            for queue in queues:
                yield queue.get()
    finally:
        for process in processes:
            process.terminate()
            process.join()
