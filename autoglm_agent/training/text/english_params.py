"""Freely named parameters of English tools and records: a schema, a value, and how a request words the two."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text import numerals, strings
from autoglm_agent.training.text.phrases import belongs
from autoglm_agent.training.text.strings import pick

Value = Callable[[random.Random, Split], Any]
ENUMS: Final[dict[str, tuple[str, ...]]] = {
    "color": ("red", "green", "blue", "black", "white", "yellow"),
    "size": ("small", "medium", "large"),
    "priority": ("low", "normal", "high", "urgent"),
    "currency": ("EUR", "USD", "GBP", "CNY", "JPY"),
    "format": ("pdf", "csv", "html", "txt"),
    "mode": ("fast", "slow", "auto"),
    "category": ("work", "home", "travel", "sport"),
    "unit": ("km", "miles", "meters"),
    "language": ("English", "Chinese", "Japanese", "French"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of parameter: names it goes by, what its description says, natural wordings with {v}, how it is drawn."""

    names: tuple[str, ...]
    about: tuple[str, ...]
    says: tuple[str, ...]
    draw: Value
    type: str = "string"


def _open(make: Callable[[random.Random], str]) -> Value:
    return lambda rng, split: strings.draw(make, rng, split)


def _whole(low: int, high: int) -> Value:
    return lambda rng, _: low + int((high - low) * rng.random() ** 2)


def _list(make: Callable[[random.Random], Any]) -> Value:
    return lambda rng, _: list(dict.fromkeys(make(rng) for _ in range(1 + int(rng.random() * 3.5))))


def _kind(names: str, about: str, says: str, draw: Value, type: str = "string") -> Kind:
    return Kind(tuple(names.split()), tuple(about.split("|")), tuple(s for s in says.split("|") if s), draw, type)


KINDS: Final[dict[str, Kind]] = {
    "person": _kind(
        "name person customer client guest owner recipient employee user member full_name contact assignee",
        "name of the person|full name|who it is for|the person's name", "for {v}|for {v}", _open(words.person),
    ),
    "title": _kind(
        "title subject topic label heading summary text note", "the title|short title|what it is about|title to use",
        "called '{v}'|titled '{v}'|named \"{v}\"|with the title '{v}'", _open(words.title),
    ),
    "native": _kind(
        "name title text label display_name nickname company content phrase", "the name in its own language|text, kept as it is|name",
        "named '{v}'|called '{v}'|with the name '{v}'|for {v}|named \"{v}\"|called {v}", _open(words.native),
    ),
    "item": _kind(
        "item product thing object article part", "the item|name of the product|which thing", "for the {v}|with item {v}",
        _open(words.item),
    ),
    "city": _kind(
        "city place town location destination where venue", "the city|where it is|a place, e.g. a city",
        "in {v}|in {v}|at {v}", _open(words.city),
    ),
    "date": _kind("date day when on_date due_date start_date", "the day|a date|when", "on {v}|for {v}", lambda rng, _: words.date(rng)),
    "time": _kind("time at start hour start_time", "time of day|when it starts", "at {v}", lambda rng, _: words.clock(rng)),
    "code": _kind("id code ref reference number key serial", "identifier|reference code", "with id {v}|{v}", _open(words.code)),
    "email": _kind("email mail address to email_address", "e-mail address", "to {v}|with email {v}", _open(words.email)),
    "count": _kind(
        "count quantity amount number n copies units total", "how many|a whole number|number of pieces",
        "with {n} {v}|{n} {v}", _whole(1, 100), "integer",
    ),
    "minutes": _kind(
        "minutes duration length duration_minutes timeout", "length in minutes|minutes", "for {v} minutes|lasting {v} minutes",
        _whole(5, 180), "integer",
    ),
    "value": _kind(
        "x value level score index position limit rate year age", "a number|the value|an integer", "", _whole(-20, 900), "integer",
    ),
    "age": _kind("age years years_old how_old age_in_years", "age in years|how old", "aged {v}|{v} years old", _whole(1, 99), "integer"),
    "price": _kind(
        "price cost amount budget fee total", "price|amount of money|the cost", "at {v}|for {v}|with a price of {v}",
        lambda rng, _: numerals.plain(round(1 + 300 * rng.random() ** 2, int(rng.random() * 2.5))), "number",
    ),
    "flag": _kind(
        "urgent notify public gift_wrap express verbose draft paid active", "true or false|a flag", "",
        lambda rng, _: rng.random() < 0.5, "boolean",
    ),
    "tags": _kind(
        "tags items labels things products keywords", "list of names|several words", "with {n} {v}",
        _list(lambda rng: pick(rng, words.THINGS + words.FOODS)), "strings",
    ),
    "people": _kind(
        "people attendees guests members players names", "list of people|who takes part", "with {v}|with {n} {v}",
        _list(lambda rng: pick(rng, words.FIRST_NAMES)), "strings",
    ),
    "numbers": _kind(
        "numbers values scores points data sizes", "list of integers|several numbers", "with {v}|for {n} {v}",
        _list(lambda rng: int(rng.random() * 100)), "integers",
    ),
    "place": _kind("address venue site home shipping", "street and city|where it is", "", lambda rng, split: {
        "street": words.street(rng), "city": strings.draw(words.city, rng, split)}, "object"),
    "span": _kind("range bounds limits window", "lowest and highest value", "", lambda rng, _: {
        "min": int(rng.random() * 20), "max": 20 + int(rng.random() * 80)}, "object"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Param:
    """A drawn parameter; `value` is None where nothing was given and nothing is required."""

    kind: str
    name: str
    schema: dict[str, Any]
    value: Any
    required: bool


def drawn(rng: random.Random, split: Split, kind: str, taken: set[str], *, given: bool = True) -> Param:
    """A parameter of a kind under a free name that is not taken; `taken` gains it."""
    if kind in ENUMS:
        options = list(ENUMS[kind])
        rng.shuffle(options)
        options = options[: 2 + int(rng.random() * (len(options) - 1))]
        name = _free(rng, (kind, f"{kind}_name", f"{kind}_type", f"the_{kind}", f"{kind}Option"), taken)
        schema: dict[str, Any] = {"enum": options, "type": "string"}
        return _optional(rng, Param(kind, name, schema, pick(rng, options) if given else None, given))
    what = KINDS[kind]
    name = _free(rng, what.names, taken)
    value = what.draw(rng, split)
    schema = _schema(rng, what.type, value)
    if rng.random() < 0.5:
        schema["description"] = pick(rng, what.about)
    if rng.random() < 0.12:
        schema["title"] = label(name).title()  # as pydantic writes it
    if rng.random() < 0.5:
        schema = dict(reversed(schema.items()))
    return _optional(rng, Param(kind, name, schema, value if given else None, given))


def _free(rng: random.Random, names: tuple[str, ...], taken: set[str]) -> str:
    for _ in range(30):
        name = pick(rng, names)
        draw = rng.random()
        if draw < 0.06:
            name = strings.syllables(rng, 1, 2)
        elif draw < 0.2:
            name = f"{pick(rng, ('new', 'my', 'target', 'main', 'first', 'the', 'given'))}_{name}"
        elif draw < 0.23:
            name = f"_{name}"
        if rng.random() < 0.12 and "_" in name.strip("_"):
            head, *tail = name.lstrip("_").split("_")
            name = head + "".join(part.title() for part in tail)
        if name not in taken:
            taken.add(name)
            return name
    name = strings.syllables(rng, 3, 3)
    taken.add(name)
    return name


def _schema(rng: random.Random, type_: str, value: Any) -> dict[str, Any]:
    if type_ == "strings":
        return {"type": "array", "items": {"type": "string"}}
    if type_ == "integers":
        return {"type": "array", "items": {"type": "integer"}}
    if type_ == "object":
        inner = {key: {"type": "string" if isinstance(each, str) else "integer"} for key, each in value.items()}
        return {"type": "object", "properties": inner, "required": list(inner)}
    schema: dict[str, Any] = {"type": type_}
    if type_ == "integer" and rng.random() < 0.15:
        schema |= {"minimum": -100, "maximum": 1000} if rng.random() < 0.5 else {"exclusiveMinimum": -500, "exclusiveMaximum": 2000}
    return schema


def _optional(rng: random.Random, param: Param) -> Param:
    """Some parameters may be left out; written as pydantic does, or simply not required."""
    if param.required and rng.random() < 0.8:
        return param
    schema = param.schema
    if rng.random() < 0.4 and "enum" not in schema:
        schema = {"anyOf": [{k: v for k, v in schema.items() if k != "description"}, {"type": "null"}], "default": None}
        if "description" in param.schema:
            schema["description"] = param.schema["description"]
    return Param(param.kind, param.name, schema, param.value, False)


def label(name: str) -> str:
    """How people call a parameter: its name in words."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in name)
    return spaced.replace("_", " ").strip()


def shown(value: Any) -> str:
    """A value as a request words it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        parts = [str(each) for each in value]
        return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)


_PLAIN: Final[dict[Split, tuple[str, ...]]] = {
    "train": ("with {n} {v}", "{n} {v}", "{n}: {v}", "{n} = {v}", "with {n} set to {v}", "the {n} is {v}", "{n} should be {v}", "using {v} as the {n}"),
    "eval": ("with {v} as {n}", "where {n} is {v}"),
}  # fmt: skip


def clause(rng: random.Random, split: Split, param: Param) -> str:
    """A part of a request that tells a parameter's value, naturally where its kind allows."""
    says = () if param.kind in ENUMS else KINDS[param.kind].says
    form = pick(rng, says) if says and rng.random() < 0.5 else pick(rng, _PLAIN[split])
    name = param.name if rng.random() < 0.25 else label(param.name)
    if "the {n}" in form:
        name = name.removeprefix("the ")
    text = shown(param.value)
    if isinstance(param.value, bool) and rng.random() < 0.3:
        return f"{'with' if param.value else 'without'} {name}"
    if isinstance(param.value, str) and "'" not in form and '"' not in form and rng.random() < 0.2:
        text = pick(rng, ("'{}'", '"{}"')).format(text)
    return form.replace("{n}", name).replace("{v}", text)


def of_split(rng: random.Random, split: Split, make: Callable[[random.Random], str]) -> str:
    """A name of the split: tools seen in one are never asked for in the other."""
    for _ in range(200):
        name = make(rng)
        if belongs(name, split):
            return name
    return strings.draw(lambda source: strings.syllables(source, 3, 4), rng, split)
