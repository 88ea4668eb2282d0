"""How texts are read, in many processes: toned pinyin and phones. No torch, so that a process is there in no time."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, NamedTuple

from autoglm_agent.training.speech.speech_phones import phones_of_pinyin, pinyin_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.context import ForkServerContext


class Reading(NamedTuple):
    """Toned pinyin as the synthesis takes it (empty for English), and the phones; None for what has none."""

    pinyin: str
    phones: tuple[int, ...] | None


def light_processes() -> ForkServerContext:
    """Processes that start in milliseconds: forked from one that has read the dictionaries and nothing heavy."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pypinyin", __name__, "autoglm_agent.training.speech.synthesis"])
    return context


def read(text: str) -> Reading:
    """The reading of one text."""
    pinyin = pinyin_of(text)
    try:
        phones = tuple(phones_of_pinyin(pinyin))
    except ValueError:
        phones = None
    return Reading("" if text.isascii() else " ".join(pinyin), phones)


def read_many(texts: Sequence[str], workers: int) -> list[Reading]:
    """The readings of all texts in their order: some 2,000 a second in one process."""
    if workers <= 1 or len(texts) < 1000:
        return [read(text) for text in texts]
    with light_processes().Pool(workers) as pool:
        return pool.map(read, texts, chunksize=256)
