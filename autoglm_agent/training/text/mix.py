"""The weighted mixture of all text samples."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from autoglm_agent.training.sample import Sample, Split
from autoglm_agent.training.text import (
    dialogues,
    english_calls,
    english_heard,
    english_records,
    english_talk,
    memory,
    reasoning_corpus,
    refusals,
    tools_corpus,
    zoo,
)
from autoglm_agent.training.text.json_output import json_output

Maker = Callable[[random.Random, Split], Sample]

MAKERS: Final[Mapping[str, Maker]] = {
    "tool_call": tools_corpus.tool_call,
    "tool_choice_think": tools_corpus.tool_choice_think,
    "tool_free": tools_corpus.tool_free,
    "tool_result": tools_corpus.tool_result,
    "tool_none": tools_corpus.tool_none,
    "tool_parallel": tools_corpus.tool_parallel,
    "tool_missing": tools_corpus.tool_missing,
    "tool_followup": tools_corpus.tool_followup,
    "json_output": json_output,
    "talk": dialogues.single_turn,
    "chat": dialogues.chat,
    "memory": memory.memory,
    "zoo": zoo.zoo,
    "arithmetic": reasoning_corpus.arithmetic,
    "choice": reasoning_corpus.choice,
    "repeat_request": refusals.repeat_request,
    "unknown": refusals.unknown,
    "english_talk": english_talk.english_talk,
    "english_call": english_calls.english_call,
    "english_loop": english_calls.english_loop,
    "english_parallel": english_calls.english_parallel,
    "english_none": english_calls.english_none,
    "english_record": english_records.english_record,
    "english_heard": english_heard.english_heard,
}
"""The makers by name. `talk` and `chat` give several tasks (identity, greeting, thanks, fact, ...); the rest give their own."""

_NATIVE_WEIGHTS: Final[Mapping[str, float]] = {
    "tool_call": 0.235,
    "tool_choice_think": 0.04,
    "tool_free": 0.08,
    "tool_result": 0.09,
    "tool_none": 0.06,
    "tool_parallel": 0.045,
    "tool_missing": 0.025,
    "tool_followup": 0.02,
    "json_output": 0.01,
    "talk": 0.085,
    "chat": 0.03,
    "memory": 0.075,
    "zoo": 0.045,
    "arithmetic": 0.085,
    "choice": 0.01,
    "repeat_request": 0.035,
    "unknown": 0.03,
}
"""The tasks that nano is for, Mandarin first; their proportions stay as they are whatever else is added."""

_ENGLISH_WEIGHTS: Final[Mapping[str, float]] = {
    # Agent frameworks speak English to a model: tools and classes of any name with English requests, short talk, results
    # to be told. Most of it goes to calls, records and the loop around them, which programs rely on; their names are free,
    # so they need more samples than talk, which is a closed book.
    "english_call": 0.054,
    "english_loop": 0.04,
    "english_record": 0.04,
    "english_talk": 0.03,
    "english_parallel": 0.014,
    "english_none": 0.012,
    "english_heard": 0.01,
}
ENGLISH_SHARE: Final = sum(_ENGLISH_WEIGHTS.values())
"""A fifth of the text: enough for a quarter of the tool calls to be English, and little enough that what was learnt stays."""

TASK_WEIGHTS: Final[Mapping[str, float]] = {
    **{name: share * (1 - ENGLISH_SHARE) for name, share in _NATIVE_WEIGHTS.items()},
    **_ENGLISH_WEIGHTS,
}


def text_samples(rng: random.Random, split: Split, weights: Mapping[str, float] | None = None) -> Iterator[Sample]:
    """Samples without end; `weights` by the names of `MAKERS`. Deterministic for the state of `rng`."""
    table = TASK_WEIGHTS if weights is None else weights
    makers = [MAKERS[name] for name in table]
    shares = list(table.values())
    while True:
        for maker in rng.choices(makers, shares, k=64):
            yield maker(rng, split)
