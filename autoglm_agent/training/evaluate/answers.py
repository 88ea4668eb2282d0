"""Checking a reply against the key of a sample, and a list of calls against the expected one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from autoglm_agent.training.evaluate.answer_keys import AnswerKey, check

Answer = Sequence[Sequence[str]]
"""Groups of alternatives: of every group one alternative has to be in the reply."""


def check_reply(answer: Answer | AnswerKey | None, reply: str) -> bool:
    """Whether of every group one alternative is contained in the reply; letters of any case. No key: any reply will do.

    The keys of the pictures are dictionaries of patterns; they are checked by `answer_keys.check`.
    """
    if answer is None:
        return bool(reply.strip())
    if isinstance(answer, dict):
        return check(answer, reply)
    lowered = reply.lower()
    return all(any(_contains(lowered, alternative.lower()) for alternative in group) for group in answer)


def _contains(reply: str, wanted: str) -> bool:
    """Whether the reply contains the text; a number is not found within a longer number."""
    if not (wanted[:1].isdigit() or wanted[-1:].isdigit()):
        return wanted in reply
    before = r"(?<!\d)(?<!\d\.)" if wanted[:1].isdigit() else ""
    after = r"(?!\.?\d)" if wanted[-1:].isdigit() else ""
    return re.search(before + re.escape(wanted) + after, reply) is not None


def exact_tool_match(expected: Sequence[dict[str, Any]], got: Sequence[dict[str, Any]]) -> bool:
    """Whether the calls are the same, in order: names equal, arguments equal as JSON values (26 equals 26.0, not "26")."""
    return len(expected) == len(got) and all(
        one.get("name") == two.get("name") and _same(_arguments(one), _arguments(two))
        for one, two in zip(expected, got, strict=True)
    )


def _arguments(call: dict[str, Any]) -> Any:
    arguments = call.get("arguments", {})
    if isinstance(arguments, str):
        try:
            return json.loads(arguments)
        except json.JSONDecodeError:
            return arguments
    return arguments


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return bool(one == two)
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(_same(left, right) for left, right in zip(one, two, strict=True))
    return type(one) is type(two) and bool(one == two)
