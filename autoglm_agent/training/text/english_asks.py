"""English requests that name no parameter: a question on one thing, a piece in a manner, a sum of a kind; each one tool."""

from __future__ import annotations

import random
from typing import Any, Final

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text import strings
from autoglm_agent.training.text.english_params import Param, drawn, of_split
from autoglm_agent.training.text.english_tools import Task, cased, tool
from autoglm_agent.training.text.phrases import PhraseSet, phrases
from autoglm_agent.training.text.strings import pick

_FETCH: Final = "get fetch find look_up read check query tell show ask_for".split()
_ABOUT: Final[dict[str, tuple[str, ...]]] = {
    "city": (
        "temperature", "humidity", "population", "air quality", "traffic", "sunrise", "sunset", "rainfall", "wind speed", "local time",
        "area", "altitude", "tide", "snow depth", "bus fare", "hotel price", "pollen level", "noise level", "holiday", "forecast",
    ),
    "person": ("age", "birthday", "office", "phone number", "salary", "score", "job title", "shoe size", "team", "hobby", "height", "desk"),
    "item": ("price", "weight", "stock", "color", "material", "rating", "warranty", "shelf", "supplier", "discount", "length"),
    "code": ("status", "owner", "total", "location", "expiry", "progress", "version", "balance", "delay", "gate"),
}  # fmt: skip
_OF: Final = {
    "city": phrases(
        "What is the {q} in {x}?", "what's the {q} in {x}", "Tell me the {q} of {x}.", "How is the {q} in {x}?", "{Q} in {x}?", "I need the {q} for {x}.",
        "Check the {q} at {x}.", "Do you know the {q} of {x}?", "Show me the {q} in {x}, please.",
    ),
    "person": phrases(
        "What is the {q} of {x}?", "What is {x}'s {q}?", "Tell me {x}'s {q}.", "{x}'s {q}?", "I need the {q} of {x}.", "Find out {x}'s {q}.",
        "Do you know the {q} of {x}?", "Which {q} does {x} have?",
    ),
    "item": phrases(
        "What is the {q} of the {x}?", "Tell me the {q} of the {x}.", "{Q} of the {x}?", "Check the {q} of a {x}.", "Which {q} does the {x} have?",
        "I want to know the {q} of the {x}.",
    ),
    "code": phrases(
        "What is the {q} of {x}?", "Check the {q} of {x}.", "{Q} of {x}?", "Tell me the {q} for {x}.", "I need the {q} of {x}", "Look up {x} and its {q}.",
    ),
}
_PIECES: Final = (
    "letter toast slogan melody logo invitation headline speech lullaby caption reply ringtone drawing apology "
    "introduction ad chant banner cheer goodbye".split()
)
_MANNERS: Final = (
    "formal royal robotic cheerful sad angry polite lazy heroic poetic medieval modern childish mysterious noisy calm Viking cowboy "
    "detective wizard clown astronaut sailor gentle fancy rustic futuristic".split()
)
_MANNER_NAMES: Final = (
    "tone style_name manner mood voice flavour kind way character attitude spirit feel look taste texture".split()
)
_PIECE: Final = phrases(
    "Make {a} {p} with the tool.", "I want {a} {p}.", "Create {a} {p}, use the tool.", "Please write {a} {p}.", "With the tool, make {a} {p}",
    "Call the tool for {a} {p}.", "{A} {p}, please.", "Could you do {a} {p}?", "Compose {a} {p} for me.", "Using the tool, write {a} {p}.", "Use the tool to write {a} {p}", "Let the tool make {a} {p}.",
)
_OPS: Final[dict[str, PhraseSet]] = {
    "sum": phrases("How much is {x} plus {y}?", "{x} and {y} together?", "Add up {x} and {y}.", "Total of {x} and {y}, please.", "{x} plus {y}"),
    "difference": phrases("How much is {x} minus {y}?", "Start at {x} and take away {y}.", "{x} less {y}?", "{x} minus {y}"),
    "product": phrases("How much is {x} times {y}?", "Multiply {x} with {y}.", "{x} by {y}, multiplied?", "{x} times {y}"),
    "quotient": phrases("How much is {x} divided by {y}?", "Divide {x} by {y}.", "{x} over {y}?"),
    "power": phrases("{x} to the power of {y}?", "Raise {x} to {y}.", "Power: {x} and {y}."),
    "average": phrases("What is the average of {x} and {y}?", "The mean of {x} and {y}?", "Average {x} and {y}."),
    "larger": phrases("Which is larger, {x} or {y}?", "The larger one of {x} and {y}?", "Compare {x} with {y}."),
}  # fmt: skip
_PAIRS: Final = (("left", "right"), ("first", "second"), ("x", "y"), ("p", "q"), ("n1", "n2"), ("one", "two"), ("base", "other"), ("u", "v"), ("lhs", "rhs"), ("m", "k"))


def asking_task(rng: random.Random, split: Split) -> Task:
    """A request of one of the three kinds."""
    draw = rng.random()
    return _question(rng, split) if draw < 0.5 else _piece(rng, split) if draw < 0.72 else _sum(rng, split)


def _question(rng: random.Random, split: Split) -> Task:
    kind = pick(rng, ("city", "city", "person", "item", "code"))
    asked = pick(rng, _ABOUT[kind])
    verb = pick(rng, _FETCH)
    key = asked.replace(" ", "_")
    forms = ("{v}_{q}", "{v}_{q}", "{q}_lookup", "{v}_current_{q}", "{v}_{q}_of", "{q}_finder", "{q}", "{v}_{q}_by_{k}", "{q}_service")
    name = of_split(rng, split, lambda source: cased(source, pick(source, forms).format(v=verb, q=key, k=kind)))
    param = drawn(rng, split, kind, set())
    if kind == "city" and rng.random() < 0.15:
        region = pick(rng, ("OR", "NV", "Texas", "Italy", "UK", "Spain", "Ohio"))
        param = Param(kind, param.name, param.schema, f"{param.value}, {region}", param.required)
    text = _OF[kind].text(rng, split, {"q": asked, "Q": asked.capitalize(), "x": str(param.value)})
    about = pick(rng, ("Get the {q} of a {k}.", "{Q} of a {k}.", "Look up the {q}.", "Returns the {q} for the given {k}.", "The {q}."))
    schema = tool(rng, name, about.format(q=asked, Q=asked.capitalize(), k="thing" if kind == "code" else kind), [param])
    return Task(schema, {param.name: param.value}, text, asked, (param,))


_TWO: Final = ("{x} and {y}", "{x} and in {y}", "both {x} and {y}", "{x}, and of {y}", "{x} and also {y}")


def asked_twice(rng: random.Random, split: Split) -> tuple[list[Task], str]:
    """One question on two things: two calls of one tool."""
    while True:
        first, second = _question(rng, split), _question(rng, split)
        x, param = str(next(iter(first.arguments.values()))), first.params[0]
        y = next(iter(second.arguments.values()))
        if param.kind == second.params[0].kind and x != y and "'s" not in first.text and first.text.count(x) == 1:
            break
    joint = pick(rng, _TWO if param.kind == "city" else (*_TWO[:1], *_TWO[2:]))
    text = first.text.replace(x, joint.format(x=x, y=y))
    return [first, Task(first.schema, {param.name: y}, text, first.noun, first.params)], text


def _piece(rng: random.Random, split: Split) -> Task:
    piece = pick(rng, _PIECES).replace("_", " ")
    manner = strings.draw(lambda source: pick(source, _MANNERS) if source.random() < 0.8 else strings.syllables(source, 2, 2), rng, split)
    core = piece.replace(" ", "_")
    forms = ("{p}_writer", "make_{p}", "{p}_generator", "write_{p}", "compose_{p}", "{p}_tool", "new_{p}", "{p}_studio")
    name = of_split(rng, split, lambda source: cased(source, pick(source, forms).format(p=core)))
    schema: dict[str, Any] = {"type": "string"}
    if rng.random() < 0.3:
        schema["description"] = pick(rng, ("how it should sound", "the manner", "which kind", "its style"))
    param = Param("title", pick(rng, _MANNER_NAMES), schema, manner, True)
    article = words.a(manner)
    text = _PIECE.text(rng, split, {"a": article, "A": article.capitalize(), "p": piece})
    about = pick(rng, ("Makes {a} in some manner.", "Write {a}.", "{P} in a chosen style.", "Compose {a} for any mood."))
    shown = tool(rng, name, about.format(a=words.a(piece), P=piece.capitalize()), [param])
    return Task(shown, {param.name: manner}, text, piece, (param,))


def _sum(rng: random.Random, split: Split) -> Task:
    operation = pick(rng, tuple(_OPS))
    numbers = [int(rng.random() * 10 ** (1 + int(rng.random() * 3))) + 1 for _ in range(2)]
    if rng.random() < 0.1:
        numbers[0] = -numbers[0]
    forms = ("{o}", "calc_{o}", "{o}_of_two", "compute_{o}", "{o}_tool", "math_{o}", "quick_{o}", "find_{o}", "{o}_numbers")
    name = of_split(rng, split, lambda source: cased(source, pick(source, forms).format(o=operation)))
    names = pick(rng, _PAIRS)  # type: ignore[arg-type]
    kind = "integer" if rng.random() < 0.75 else "number"
    params = [Param("value", each, {"type": kind}, number, True) for each, number in zip(names, numbers, strict=True)]
    text = _OPS[operation].text(rng, split, {"x": str(numbers[0]), "y": str(numbers[1])})
    about = pick(rng, ("The {o} of two numbers.", "Compute the {o}.", "Returns the {o}.", "{o}")).format(o=operation)
    schema = tool(rng, name, about, params)
    return Task(schema, {param.name: param.value for param in params}, text, operation, tuple(params))
