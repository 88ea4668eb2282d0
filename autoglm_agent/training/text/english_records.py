"""Structured output in English: facts or wishes in words, the record as JSON, or as the one call of a class's function.

The schema stands in the system prompt, or the request names the keys, or the class is the only tool. Fields and classes
are named freely. Where the request gives no values, the content is made up: a pair of lines, a person, an event.
"""

from __future__ import annotations

import json
import random
from typing import Any, Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text.english_params import Param, clause, drawn, label, of_split, shown
from autoglm_agent.training.text.english_tools import parameters
from autoglm_agent.training.text.phrases import phrases
from autoglm_agent.training.text.strings import pick

CLASSES: Final[dict[str, tuple[str, str]]] = {
    "Person": ("person value city email", "A person."), "Order": ("item count price person", "An order in a shop."),
    "Event": ("title city date time people", "Something that takes place."), "Book": ("title person count", "A book."),
    "Recipe": ("title tags minutes", "How to cook something."), "Trip": ("city date count price", "A journey."),
    "Contact": ("person email city native", "Someone to write to."), "Company": ("native city person", "A firm."),
    "Movie": ("title person value category", "A film."), "Pet": ("person value color size", "An animal at home."),
    "Product": ("item price color size", "A thing one can buy."), "Ticket": ("title priority person", "A problem to solve."),
    "Invoice": ("person price currency date", "A bill."), "Forecast": ("city date value", "What the weather will be."),
    "Team": ("title people city", "A group of people."), "House": ("place price size", "A house to let."),
    "Lesson": ("title language minutes person", "An hour at school."), "Song": ("native minutes person", "A song."),
    "Score": ("person numbers value", "Points of a player."), "Delivery": ("code place date flag", "A parcel on its way."),
}  # fmt: skip
_DRESS: Final = ("{}", "{}", "{}Info", "{}Data", "{}Record", "My{}", "{}Model", "New{}", "{}Schema", "{}Entry", "Simple{}", "{}Details")
_FACTS: Final = {
    "train": (
        "{c}", "{n}: {c}", "Here is {a}: {c}.", "Extract {a}: {c}.", "{a}, {c}.", "Read {a} from this: {c}", "There is {a}, {c}.",
        "Fill in {a} {c}.", "I have {a} {c}", "Note {a} {c}.", "Make {a} {c}.",
    ),
    "eval": ("Parse {a} from: {c}", "We know {a} {c}."),
}  # fmt: skip
_INVENT: Final = {
    "train": ("Make up {a}.", "Invent {a}.", "Give me {a}, any will do.", "An example of {a}, please.", "Think of {a}.", "I need some {n} for a test."),
    "eval": ("Come up with {a}.", "Show me {a}."),
}  # fmt: skip
_BY_SCHEMA: Final = (
    "Answer in JSON with this schema: {s}", "Reply with JSON that fits this schema: {s}", "Output JSON only, schema: {s}",
    "Answer with a JSON object of this schema: {s}", "Return only JSON for {s}",
)
_BY_KEYS: Final = {
    "train": (
        "{t} Answer in JSON with the keys {k}.", "{t} Give it as JSON with {k}, nothing else.", "{t} JSON only, keys: {k}.",
        "{t} Write a JSON object that has {k}.", "Use JSON with the fields {k}. {t}", "{t} Reply as a JSON object with {k} and no other text.",
        "{t} I want JSON: {k}.",
    ),
    "eval": ("{t} As JSON, please, with keys {k}.", "Put it in JSON with {k}: {t}"),
}  # fmt: skip
_PAIR_FIELDS: Final = (
    ("question", "reply"), ("riddle", "solution"), ("opening", "ending"), ("first_line", "second_line"), ("ask", "answer"), ("start", "finish"),
    ("lead", "twist"), ("part_one", "part_two"), ("front", "back"), ("call", "response"), ("hook", "payoff"), ("problem", "surprise"),
)  # fmt: skip
_PAIR_CLASSES: Final = "Riddle Gag FunnyPair TwoLiner Pun Teaser Laugh QuizCard Wit Banter PartyLine KnockKnock".split()
_PAIR_ABOUT: Final = ("{} to read out.", "A {}.", "{} for the listener.", "Something funny in two parts.", "")
_PAIR_NOTES: Final = (
    ("what is asked first", "what makes people laugh"), ("the first part", "the second part"), ("how it begins", "how it ends"),
    ("text that comes first", "text that comes last"),
)
_PAIR_ASK: Final = phrases(
    "Give me a riddle about {xs}.", "I'd like a joke on {xs}[, please].", "Make me laugh about {xs}.", "Something funny about {ax}, please.",
    "Do you know a good one about {xs}?", "A short joke with {ax}[, please].", "Invent a riddle on {xs}.", "Say something silly about {xs}.",
    "Can you joke about {xs}?",
)
_ONLY: Final = (" Only the first part.", " Leave out the second part.", " Not the ending yet.", " Keep the last part to yourself.")


def a_pair(rng: random.Random) -> tuple[str, str, str]:
    """An animal, a question about it, and a silly answer."""
    animal, adjective = pick(rng, words.ANIMALS), pick(rng, words.ADJECTIVES)
    food, thing, place = pick(rng, words.FOODS), pick(rng, words.THINGS), pick(rng, ("zoo", "park", "beach", "market", "library", "bakery"))
    ask, answer = pick(rng, (  # type: ignore[arg-type]
        ("Why did the {x} go to the {p}?", "To buy {f}!"), ("What does {ax} like best?", "{AA} {t}!"),
        ("Where do {xs} go on holiday?", "To the {p}!"), ("Why does the {x} need {at}?", "To eat {f}!"),
        ("What do you call {aa} {x}?", "Mr. {A}!"), ("Why is the {x} so {a}?", "It had too much {f}!"),
        ("What did the {x} say to the {t}?", "You look {a} today!"), ("How does {ax} pay?", "With {f}!"),
    ))  # fmt: skip
    slots = {"x": animal, "xs": words.many(animal), "ax": words.a(animal), "a": adjective, "aa": words.a(adjective), "AA": words.a(adjective).capitalize(), "at": words.a(thing), "A": adjective.title(), "f": food, "t": thing, "p": place}
    return animal, ask.format(**slots), answer.format(**slots)


def _pair_record(rng: random.Random, split: Split) -> tuple[str, str, list[Param], str]:
    """Class, description, fields, request."""
    animal, ask, answer = a_pair(rng)
    names = pick(rng, _PAIR_FIELDS) if rng.random() < 0.8 else tuple(rng.sample([n for pair in _PAIR_FIELDS for n in pair], 2))  # type: ignore[arg-type]
    notes = pick(rng, _PAIR_NOTES)  # type: ignore[arg-type]
    described = rng.random() < 0.6
    schemas: list[dict[str, Any]] = [{"description": note, "type": "string"} if described else {"type": "string"} for note in notes]
    request, second, needed = _PAIR_ASK.text(rng, split, {"xs": words.many(animal), "ax": words.a(animal)}), answer, True
    if rng.random() < 0.3:
        needed = False
        inner = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
        schemas[1] = {**inner, **({"description": notes[1]} if described else {})}
        if rng.random() < 0.5:
            request, second = request + pick(rng, _ONLY), ""
    fields = [Param("title", names[0], schemas[0], ask, True), Param("title", names[1], schemas[1], second or None, needed)]
    name = of_split(rng, split, lambda source: pick(source, _DRESS).format(pick(source, _PAIR_CLASSES)))
    return name, pick(rng, _PAIR_ABOUT).format(label(name).title()), fields, request


def _record(rng: random.Random, split: Split) -> tuple[str, str, list[Param], str]:
    """Class, description, fields, request: facts given or, now and then, to be made up."""
    base = pick(rng, tuple(CLASSES))
    kinds, about = CLASSES[base]
    chosen = kinds.split()
    if len(chosen) > 2 and rng.random() < 0.6:
        chosen.remove(pick(rng, chosen[1:]))
    taken: set[str] = set()
    invented = rng.random() < 0.15
    fields = [drawn(rng, split, kind, taken, given=invented or index == 0 or rng.random() < 0.9) for index, kind in enumerate(chosen)]
    name = of_split(rng, split, lambda source: pick(source, _DRESS).format(base))
    slots = {"n": base.lower(), "a": words.a(base.lower())}
    if invented:
        text = pick(rng, _INVENT[split]).format(**slots)
    else:
        given = [field for field in fields if field.value is not None]
        if rng.random() < 0.4:
            rng.shuffle(given)
        parts = pick(rng, (", ", ", ", "; ", ". ")).join(clause(rng, split, field) for field in given)
        text = pick(rng, _FACTS[split]).format(c=parts, **slots)
    return name, about if rng.random() < 0.8 else "", fields, text[0].upper() + text[1:]


def english_record(rng: random.Random, split: Split) -> Sample:
    """A record by schema in the system prompt, by keys in the request, or by the function of a class."""
    name, about, fields, text = _pair_record(rng, split) if rng.random() < 0.35 else _record(rng, split)
    wanted = {field.name: field.value for field in fields if field.value is not None}
    reasoning = "，".join(f"{key}是{shown(value)}" for key, value in wanted.items()) + "。"
    key = [[shown(value) if not isinstance(value, (list, dict)) else next(iter(_leaves(value)))] for value in wanted.values()]
    draw = rng.random()
    if draw < 0.4:
        schema = {"name": name, "description": about, "parameters": parameters(rng, fields)}
        reply = Message(role="assistant", reasoning=f"用{name}，{reasoning}", tool_calls=({"name": name, "arguments": wanted},))
        return Sample(task="english_record_call", messages=(*_intro(rng), Message(role="user", text=text), reply), tools=(schema,))
    reply = Message(role="assistant", text=json.dumps(wanted, ensure_ascii=False, separators=(",", ":")), reasoning=reasoning)
    if draw < 0.75:
        schema = parameters(rng, fields)
        if rng.random() < 0.5:
            schema = {"title": name, **({"description": about} if about else {}), **schema}
        asked = pick(rng, _BY_SCHEMA).replace("{s}", json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
        messages = (Message(role="system", text=asked), Message(role="user", text=text), reply)
    else:
        quoted = pick(rng, ("'{}'", '"{}"', "{}"))
        keys = shown([quoted.format(each) for each in wanted])
        asked = pick(rng, _BY_KEYS[split]).replace("{k}", keys).replace("{t}", text if text[-1] in ".?!" else text + ".")
        messages = (*_intro(rng), Message(role="user", text=asked), reply)
    return Sample(task="english_record", messages=messages, answer=key)


def _intro(rng: random.Random) -> tuple[Message, ...]:
    return (Message(role="system", text="You are a helpful assistant."),) if rng.random() < 0.15 else ()


def _leaves(value: Any) -> list[str]:
    return [str(each) for each in (value.values() if isinstance(value, dict) else value)]
