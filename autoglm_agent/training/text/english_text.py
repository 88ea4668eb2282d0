"""Short English sentences of common words, the small English share of the speech corpus. Templates, not a grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

SPOKEN_WORDS = ("speech", "speaker", "signal", "process", "project", "print", "open", "close")
"""The English words of the human recordings."""

_SLOTS: dict[str, tuple[str, ...]] = {
    "thing": tuple(
        "door window light lamp fan heater radio music phone car box file map book cup table chair bag camera "
        "screen speaker signal project computer printer report letter picture song game message page plan".split()
    ),
    "act": tuple(
        "open close print find show check start stop read send move clean bring take watch keep save process".split()
    ),
    "place": tuple("kitchen office bedroom garden school hotel station airport shop park bathroom hall garage".split()),
    "colour": tuple("red green blue yellow white black orange purple pink brown grey".split()),
    "number": tuple(
        "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty".split()
    ),
    "person": tuple(
        "my friend|my mother|my father|my sister|the teacher|the doctor|the driver|the speaker|she|he".split("|")
    ),
    "adjective": tuple(
        "good bad big small new old warm cold clean quiet loud fast slow easy hard happy tired ready".split()
    ),
    "fruit": tuple("apples bananas lemons milk water tea coffee bread rice soup fish eggs cake oranges".split()),
    "time": tuple(
        "today|tomorrow|tonight|this morning|this evening|on monday|on friday|next week|now|later".split("|")
    ),
    "word": SPOKEN_WORDS,
}
_TEMPLATES = tuple(
    """
please {act} the {thing}
{act} the {colour} {thing}
{act} the {thing} in the {place}
where is the {thing}
can you {act} the {thing} {time}
what is the {adjective} {thing}
i want {number} {fruit}
turn on the {thing}
turn off the {thing} in the {place}
set it to {number} degrees
{person} likes {fruit}
how are you {time}
the {thing} is {adjective}
there are {number} {fruit} on the table
{person} will go to the {place} {time}
who are you
what can you see
thank you very much
tell me about the {adjective} {place}
{word}
{word} {word}
{word} {word} {word}
open the {adjective} project
close the {thing} and open the {thing}
i do not want the {colour} {thing}
is the {thing} in the {place}
go to the {place}
say {word} {number} times
how many {fruit} are there
{number} {colour} {thing}
it is very {adjective} {time}
{word} the {thing} {time}
wake me up at {number} thirty
what is {number} and {number}
play some {adjective} music
hello {person}
""".strip().splitlines()
)
_SLOT = re.compile(r"\{(\w+)\}")


def english_sentences(rng: random.Random, count: int) -> list[str]:
    """Up to `count` distinct lower-case sentences; the words of the human recordings are among them."""
    found: dict[str, None] = {}
    for _ in range(count * 3):
        template = rng.choice(_TEMPLATES)
        found[_SLOT.sub(lambda slot: rng.choice(_SLOTS[slot[1]]), template)] = None
        if len(found) >= count:
            break
    return list(found)
