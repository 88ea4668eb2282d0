"""Rows of English: calls of tools with names never trained, the loop around them, records as JSON and as calls, short talk.

Rows without aims: English is for agent frameworks, which speak it to a model; Mandarin is what nano is for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from autoglm_agent.training.evaluate.answers import exact_tool_match
from autoglm_agent.training.evaluate.eval_cases import typed
from autoglm_agent.training.evaluate.eval_replies import answered, made, right
from autoglm_agent.training.evaluate.eval_rows import Context, Group, Measured, Spec
from autoglm_agent.training.text.mix import MAKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autoglm_agent.training.evaluate.eval_cases import Reply
    from autoglm_agent.training.sample import Sample


def english(context: Context) -> Mapping[str, Measured]:
    """Held-out names of tools and classes, held-out wordings and values."""
    count = context.amounts.replies
    found = {
        key: right(answered(context, _drawn(context, maker, count, fits), key))
        for key, (maker, fits) in {
            "english_call": ("english_call", lambda sample: sample.task == "english_call"),
            "english_parallel": ("english_parallel", _any),
            "english_loop": ("english_loop", _any),
            "english_none": ("english_none", _any),
        }.items()
    }
    found["english_talk"] = right(answered(context, made(context, "english_talk", count), "english_talk"))
    pairs = answered(context, _drawn(context, "english_record", count, is_given), "english_record")
    found["english_record"] = right(pairs, record_is_right)
    found["english_record_form"] = right(pairs, record_has_its_keys)
    free = answered(context, _drawn(context, "english_record", count, lambda sample: not is_given(sample)), "english_invention")
    found["english_invention"] = right(free, record_has_its_keys)
    return found


def _any(_: Sample) -> bool:
    return True


def _drawn(context: Context, maker: str, count: int, fits: Callable[[Sample], bool]) -> list[Sample]:
    """Held-out samples that fit."""
    rng = context.material.rng(maker)
    found: list[Sample] = []
    while len(found) < count:
        sample = typed(MAKERS[maker](rng, "eval"))
        if fits(sample):
            found.append(sample)
    return found


def wanted_record(sample: Sample) -> dict[str, Any]:
    """The record that a sample wants, as a call or as text."""
    last = sample.messages[-1]
    return dict(last.tool_calls[0]["arguments"] if last.tool_calls else json.loads(last.text))


def is_given(sample: Sample) -> bool:
    """Whether the request holds all values: then the record is settled, else it is invented."""
    said = sample.messages[-2].text.lower()
    return all(str(leaf).lower() in said for leaf in _leaves(wanted_record(sample)) if not isinstance(leaf, bool))


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for each in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(each)]
    return [value]


def record_is_right(sample: Sample, reply: Reply) -> bool:
    """The same values under the same keys, in the form that was asked for."""
    wanted, got = wanted_record(sample), _record(sample, reply)
    return got is not None and exact_tool_match([{"arguments": wanted}], [{"arguments": got}])


def record_has_its_keys(sample: Sample, reply: Reply) -> bool:
    """Valid JSON, or the wanted call, of exactly the wanted keys and no empty text."""
    got = _record(sample, reply)
    return got is not None and got.keys() == wanted_record(sample).keys() and all(value != "" for value in got.values())


def _record(sample: Sample, reply: Reply) -> dict[str, Any] | None:
    calls = sample.messages[-1].tool_calls
    if calls:
        if len(reply.calls) != 1 or reply.calls[0].get("name") != calls[0]["name"]:
            return None
        got = reply.calls[0].get("arguments")
    else:
        got = reply.text
    try:
        record = json.loads(got) if isinstance(got, str) else got
    except json.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


GROUPS: Final[tuple[Group, ...]] = (
    Group(
        name="english", title="English", measure=english,
        specs=(
            Spec(key="english_call", title="call exact, names never trained"),
            Spec(key="english_parallel", title="several calls exact"),
            Spec(key="english_loop", title="answer from a result, or the next call"),
            Spec(key="english_none", title="no call where none is wanted"),
            Spec(key="english_record", title="record exact, values given"),
            Spec(key="english_record_form", title="of these, valid with the right keys"),
            Spec(key="english_invention", title="record invented, valid with the right keys"),
            Spec(key="english_talk", title="short talk"),
        ),
    ),
)
