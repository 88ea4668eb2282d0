"""What users say aloud in the tasks: the sentences for which speech is synthesised."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from autoglm_agent.training.sample import Sample, Split
from autoglm_agent.training.text.mix import text_samples
from autoglm_agent.training.text.phrases import belongs

_SHORT: Final = 5
"""Remarks of up to this length (你好, 你是谁) are so common that both splits would hold them: they are for training."""
_LONGEST: Final = 40
_WEIGHTS: Final = {
    "tool_call": 0.5, "tool_parallel": 0.05, "tool_missing": 0.04, "tool_followup": 0.03, "talk": 0.12, "memory": 0.1,
    "zoo": 0.08,
    "arithmetic": 0.07, "choice": 0.01,
}
_PICTURE_SHARE: Final = 0.2
"""How many of the texts are questions on pictures."""


def spoken_texts(n: int, seed: int, split: Split, *, repeats: bool = False) -> Iterator[str]:
    """`n` different spoken user turns of all tasks, all in Chinese characters; those of the two splits never meet.

    With `repeats` they are as often the same as they are made: short ones come again and again.
    """
    rng = random.Random(seed)
    talk, pictures = text_samples(rng, split, _WEIGHTS), _picture_samples(rng, split)
    seen: set[str] = set()
    given = stale = 0
    while given < n and stale < 2000:
        source = pictures if rng.random() < _PICTURE_SHARE else talk
        stale += 1
        for text in _spoken(next(source)):
            if (text in seen and not repeats) or not _fits(text, split):
                continue
            seen.add(text)
            given, stale = given + 1, 0
            yield text
            if given == n:
                return


def command_texts(n: int, seed: int, split: Split) -> Iterator[str]:
    """`n` different commands to the home, the car and the robot, as they are said.

    Intents that take a name, a place or a title are left out: half of those are made up here, and nobody could write an
    invented name from its sound. All that is said, such names among it, is in `spoken_texts`.
    """
    from autoglm_agent.training.text.slots import Text
    from autoglm_agent.training.text.tools_base import utter
    from autoglm_agent.training.text.tools_corpus import DOMAINS

    rng = random.Random(seed)
    home, car, robot, *_ = DOMAINS
    intents = [what for domain in (home, car, robot) for what in domain if not any(type(p.slot) is Text for p in what.params)]
    seen: set[str] = set()
    stale = 0
    while len(seen) < n and stale < 5000:
        stale += 1
        text = utter(rng, split, rng.choice(intents), "spoken").text
        if text not in seen and _fits(text, split):
            seen.add(text)
            stale = 0
            yield text


def _spoken(sample: Sample) -> Iterator[str]:
    return (message.text for message in sample.messages if message.spoken and message.text)


def _fits(text: str, split: Split) -> bool:
    if len(text) > _LONGEST or not all("\u4e00" <= char <= "\u9fff" for char in text):
        return False
    if len(text) <= _SHORT:
        return split == "train"
    return belongs(text, split)


def _picture_samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    from autoglm_agent.training.pictures import joint, labels, photos, scenes  # they load fonts and pictures

    sources = (
        scenes.spoken_samples(rng, split), joint.samples(rng, split), labels.samples(rng, split),
        photos.samples(rng, split),
    )
    while True:
        yield next(rng.choices(sources, (0.45, 0.35, 0.12, 0.08))[0])
