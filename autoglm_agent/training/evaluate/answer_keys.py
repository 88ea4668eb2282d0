"""What a reply must say, as plain data that fits JSON, and how to check a reply against it.

A key is a dictionary:
  `all`:   list of alternatives, each a list of regular expressions; of each list at least one must be found;
  `none`:  list of regular expressions, none of which may be found;
  `items`: for lists read from a picture: the true items, scored by micro-F1 with `item_counts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict


class AnswerKey(TypedDict, total=False):
    """See the module's docstring."""

    all: list[list[str]]
    none: list[str]
    items: list[str]


_CHINESE_NUMBERS = ("零|没有", "一(?!共|样)", "两|二", "三", "四", "五", "六", "七", "八", "九", "十")
_ENGLISH_NUMBERS = ("no|zero", "one|a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(value: int) -> list[str]:
    """Alternatives for a count as digits or as a numeral in either language."""
    return [rf"(?<!\d){value}(?!\d)", _CHINESE_NUMBERS[value], rf"(?i)\b({_ENGLISH_NUMBERS[value]})\b"]


def check(key: AnswerKey, reply: str) -> bool:
    """Whether the reply says all that the key asks for and nothing that it forbids; `items` must be there exactly."""
    if not all(any(re.search(option, reply) for option in options) for options in key.get("all", ())):
        return False
    if any(re.search(option, reply) for option in key.get("none", ())):
        return False
    if "items" in key:
        hits, extra, missed = item_counts(key, reply)
        return hits > 0 and extra == 0 and missed == 0
    return True


def item_counts(key: AnswerKey, reply: str) -> tuple[int, int, int]:
    """(true positives, false positives, misses) of the items in a reply such as `配料有水、白砂糖、柠檬酸。`."""
    said = set(split_items(reply))
    truth = set(key["items"])
    return len(said & truth), len(said - truth), len(truth - said)


def split_items(reply: str) -> Iterable[str]:
    """The items of the list in a reply's first clause, without its opening words (`配料有`, `上面写着：`)."""
    clause = re.split(r"[。，,；;\n]", reply, maxsplit=1)[0]
    first, *rest = clause.split("、")
    first = re.sub(r"^.*(?:有|是|着|包括|含|：|:)", "", first)
    return [item for part in (first, *rest) if (item := part.strip(" ：:"))]


def micro_f1(counts: Iterable[tuple[int, int, int]]) -> float:
    """Micro-averaged F1 over the counts of many replies."""
    hits, extra, missed = (int(sum(column)) for column in zip(*counts, strict=True))
    return 2 * hits / max(1, 2 * hits + extra + missed)
