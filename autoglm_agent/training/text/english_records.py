"""Structured output in English: facts or wishes in words, the record as JSON, or as the one call of a class's function.

The schema stands in the system prompt, or the request names the keys, or the class is the only tool. Fields and classes
are named freely. Where the request gives no values, the content is made up, short.
"""

from __future__ import annotations

import json
import random
from typing import Any, Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text.english_inventions import DRESS, Record, invention
from autoglm_agent.training.text.english_params import clause, drawn, of_split, shown
from autoglm_agent.training.text.english_schemas import schema_of, told
from autoglm_agent.training.text.english_tools import parameters
from autoglm_agent.training.text.phrases import belongs
from autoglm_agent.training.text.strings import pick

CLASSES: Final[dict[str, tuple[str, str]]] = {
    "Person": ("person age city email", "A person."), "Order": ("item count price person", "An order in a shop."),
    "Event": ("title city date time people", "Something that takes place."), "Book": ("title person count", "A book."),
    "Recipe": ("title tags minutes", "How to cook something."), "Trip": ("city date count price", "A journey."),
    "Contact": ("person email city native", "Someone to write to."), "Company": ("native city person", "A firm."),
    "Movie": ("title person value category", "A film."), "Pet": ("person age color size", "An animal at home."),
    "Product": ("item price color size", "A thing one can buy."), "Ticket": ("title priority person", "A problem to solve."),
    "Invoice": ("person price currency date", "A bill."), "Forecast": ("city date value", "What the weather will be."),
    "Team": ("title people city", "A group of people."), "House": ("place price size", "A house to let."),
    "Lesson": ("title language minutes person", "An hour at school."), "Song": ("native minutes person", "A song."),
    "Score": ("person numbers value", "Points of a player."), "Delivery": ("code place date flag", "A parcel on its way."),
}  # fmt: skip
NATURAL: Final[tuple[tuple[str, str], ...]] = (
    ("Person", "{person} is {age} years old and lives in {city}."), ("Person", "{person} from {city} is {age}."),
    ("Person", "My name is {person}, I am {age} and I live in {city}."), ("Person", "{person} ({age}) moved to {city}."),
    ("Book", "'{title}' by {person} has {count} pages."), ("Book", "{person} wrote '{title}', {count} pages long."),
    ("Order", "{person} bought {count} of {item} for {price}."), ("Order", "{count} times {item}, {price} in all, for {person}."),
    ("Trip", "We go to {city} on {date}, {count} of us."), ("Trip", "A trip to {city} for {count} costs {price}."),
    ("Event", "'{title}' takes place in {city} on {date} at {time}."), ("Event", "{people} meet for '{title}' in {city}."),
    ("Contact", "Write to {person} at {email}."), ("Contact", "{person} lives in {city}, mail {email}."),
    ("Product", "The {item} is {color} and costs {price}."), ("Product", "A {size} {item} in {color} for {price}."),
    ("Company", "{native} sits in {city} and is led by {person}."), ("Company", "{person} works for {native} in {city}."),
    ("Team", "{people} play for '{title}' in {city}."), ("Lesson", "{person} teaches {language} for {minutes} minutes."),
    ("Forecast", "It will be {value} degrees in {city} on {date}."), ("Invoice", "{person} owes {price} {currency} by {date}."),
    ("Movie", "'{title}' was made by {person} and scores {value}."), ("Delivery", "Parcel {code} comes on {date}."),
    ("Pet", "{person} is {age} years old, {size} and {color}."), ("Song", "{person} sings {native}, {minutes} minutes."),
    ("Score", "{person} got {numbers}, {value} in all."), ("Ticket", "{person} reports '{title}', priority {priority}."),
    ("Recipe", "'{title}' takes {minutes} minutes and needs {tags}."), ("House", "{size}, {price} a month."),
)  # fmt: skip
_FACTS: Final = {
    "train": (
        "{c}", "{n}: {c}", "Here is {a}: {c}.", "Extract {a}: {c}.", "{a}, {c}.", "Read {a} from this: {c}", "There is {a}, {c}.",
        "Fill in {a} {c}.", "I have {a} {c}", "Note {a} {c}.", "Make {a} {c}.",
    ),
    "eval": ("Parse {a} from: {c}", "We know {a} {c}."),
}  # fmt: skip
_BEFORE: Final = ("", "", "", "Extract the facts. ", "Read this: ", "Get the data from this: ", "What is said here? ", "Text: ")
_INVENT: Final = {
    "train": ("Make up {a}.", "Invent {a}.", "Give me {a}, any will do.", "An example of {a}, please.", "Think of {a}.", "I need some {n} for a test."),
    "eval": ("Come up with {a}.", "Show me {a}."),
}  # fmt: skip
_BY_KEYS: Final = {
    "train": (
        "{t} Answer in JSON with the keys {k}.", "{t} Give it as JSON with {k}, nothing else.", "{t} JSON only, keys: {k}.",
        "{t} Write a JSON object that has {k}.", "Use JSON with the fields {k}. {t}", "{t} Reply as a JSON object with {k} and no other text.",
        "{t} I want JSON: {k}.", "{t} Return JSON with the keys {k} and no more.", "{t} As JSON ({k}). Only the JSON.",
    ),
    "eval": ("{t} As JSON, please, with keys {k}.", "Put it in JSON with {k}: {t}"),
}  # fmt: skip


def _record(rng: random.Random, split: Split) -> Record:
    """Facts given, in a sentence or one by one; or, now and then, to be made up."""
    draw = rng.random()
    natural = draw < 0.45
    if natural:
        base, sentence = _natural(rng, split)
        chosen = [kind for kind in (*CLASSES[base][0].split(), "age", "code") if f"{{{kind}}}" in sentence]
        chosen = list(dict.fromkeys(chosen))
    else:
        base, sentence = pick(rng, tuple(CLASSES)), ""
        chosen = CLASSES[base][0].split()
        if len(chosen) > 2 and rng.random() < 0.6:
            chosen.remove(pick(rng, chosen[1:]))
    if rng.random() < 0.2:
        rng.shuffle(chosen)
    taken: set[str] = set()
    invented = draw > 0.88
    sure = natural or invented
    fields = [drawn(rng, split, kind, taken, given=sure or index == 0 or rng.random() < 0.9) for index, kind in enumerate(chosen)]
    slots = {"n": base.lower(), "a": words.a(base.lower())}
    if natural:
        text = pick(rng, _BEFORE) + sentence.format(**{field.kind: shown(field.value) for field in fields})
    elif invented:
        text = pick(rng, _INVENT[split]).format(**slots)
    else:
        given = [field for field in fields if field.value is not None]
        if rng.random() < 0.4:
            rng.shuffle(given)
        parts = pick(rng, (", ", ", ", "; ", ". ")).join(clause(rng, split, field) for field in given)
        text = pick(rng, _FACTS[split]).format(c=parts, **slots)
    name = of_split(rng, split, lambda source: pick(source, DRESS).format(base))
    return Record(name, CLASSES[base][1] if rng.random() < 0.8 else "", fields, text[0].upper() + text[1:])


def _natural(rng: random.Random, split: Split) -> tuple[str, str]:
    """A sentence of the split and its class."""
    while True:
        base, sentence = NATURAL[int(rng.random() * len(NATURAL))]
        if belongs(sentence, split):
            return base, sentence


def english_record(rng: random.Random, split: Split) -> Sample:
    """A record by schema in the system prompt, by keys in the request, or by the function of a class."""
    name, about, fields, text = invention(rng, split) if rng.random() < 0.42 else _record(rng, split)
    wanted = {field.name: field.value for field in fields if field.value is not None}
    reasoning = "，".join(f"{key}是{shown(value)}" for key, value in wanted.items()) + "。"
    key = [[str(leaf)] for value in wanted.values() for leaf in _leaves(value)]
    draw = rng.random()
    if draw < 0.34:
        schema = {"name": name, "description": about, "parameters": parameters(rng, fields)}
        reply = Message(role="assistant", reasoning=f"用{name}，{reasoning}", tool_calls=({"name": name, "arguments": wanted},))
        messages: tuple[Message, ...] = (*_intro(rng), Message(role="user", text=text), reply)
        return Sample(task="english_record_call", messages=messages, tools=(schema,))
    reply = Message(role="assistant", text=json.dumps(wanted, ensure_ascii=False, separators=(",", ":")), reasoning=reasoning)
    if draw < 0.8:
        system = Message(role="system", text=told(rng, schema_of(rng, name, about, fields)))
        messages = (system, *_intro(rng), Message(role="user", text=text), reply)
    else:
        quoted = pick(rng, ("'{}'", "'{}'", '"{}"', "{}"))
        keys = shown([quoted.format(each) for each in wanted])
        asked = pick(rng, _BY_KEYS[split]).replace("{k}", keys).replace("{t}", text if text[-1] in ".?!" else text + ".")
        messages = (*_intro(rng), Message(role="user", text=asked), reply)
    return Sample(task="english_record", messages=messages, answer=key)


def _intro(rng: random.Random) -> tuple[Message, ...]:
    return (Message(role="system", text="You are a helpful assistant."),) if rng.random() < 0.15 else ()


def _leaves(value: Any) -> list[Any]:
    """The values as JSON writes them."""
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, dict | list):
        return list(value.values() if isinstance(value, dict) else value)
    return [value]
