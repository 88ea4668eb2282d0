"""Freely named English tools and requests for them: any verb, any noun, any parameters; names parted by hash.

What teaches here is reading a schema never seen: the request gives the values, their names in words or by a natural
phrase, in any order; the call takes the names of the schema and its order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text.english_params import Param, clause, drawn, label, of_split, shown
from autoglm_agent.training.text.phrases import phrases
from autoglm_agent.training.text.strings import pick, syllables

MAKE: Final = "create add make register new insert build prepare".split()
CHANGE: Final = "update change edit set adjust send submit save post store archive publish".split()
FIND: Final = "find fetch look_up search check read show list load inspect query".split()
NOUNS: Final[dict[str, str]] = {
    "invoice": "person price currency count date item", "order": "item count person color size place flag",
    "meeting": "title people date time minutes city", "event": "title city date time people tags",
    "ticket": "title priority person code flag", "booking": "person city date count time", "task": "title priority date person tags",
    "report": "title format date numbers city", "parcel": "code city place flag person", "recipe": "title tags minutes count",
    "account": "person email native flag", "profile": "native person city value", "client": "native email city",
    "playlist": "title native count mode", "note": "title native tags", "message": "person native email flag",
    "product": "item price color size tags", "shipment": "place item count code", "flight": "city date count time",
    "room": "city count date size", "survey": "title numbers people", "chart": "numbers color title format",
    "score": "person value numbers", "contract": "native person date price", "label": "native color size",
    "route": "city unit mode value", "sensor": "code value span mode", "budget": "price currency category span",
    "album": "native title count", "lesson": "title language minutes person", "filter": "span category tags",
    "file": "title format code", "alarm": "time title flag", "table": "count time person", "car": "color code city",
    "photo": "title size format", "group": "people title native", "course": "title language people", "badge": "person color code",
    "device": "code mode value", "story": "title native language", "quiz": "title count numbers", "pet": "person category value",
    "grid": "value span numbers", "counter": "value code", "window": "span color size", "plant": "item count color",
}  # fmt: skip
"""Nouns and the kinds of parameters that go with them; a tool takes some of these."""

_ABOUT: Final = (
    "{V} {n}.", "{V} {n}", "Tool to {v} {n}.", "{V} {n} with the given values.", "Use this to {v} {n}.",
    "{V} {n} and return the result.", "Can {v} {n}.",
)
_ASK: Final = {
    "train": (
        "{V} {n} {c}", "{V} {n} {c}.", "Please {v} {n} {c}.", "Can you {v} {n} {c}?", "{v} {n} {c}", "I need to {v} {n} {c}.",
        "Could you please {v} {n} {c}?", "I want you to {v} {n}, {c}.", "{V} {n}: {c}", "Let us {v} {n} {c}.", "Now {v} {n} {c}",
        "{V} {n} {c}, please.", "Use the tool to {v} {n} {c}.", "Use {f} {c}.", "Call {f} {c}",
        "Hi, {v} {n} {c}.",
    ),
    "eval": ("Would you {v} {n} {c}?", "I would like to {v} {n} {c}.", "Run {f} {c}."),
}  # fmt: skip
_BARE: Final = {
    "train": (
        "Please use {f}.", "Call {f}.", "{V} {n}.", "Can you {v} {n}?", "{V} {n} with the tool.", "Run {f} now.", "I need {n}, use the tool.",
        "Try {f}", "{v} {n} please", "Give me the result of {f}.", "What does {f} say?", "Execute {f}()",
    ),
    "eval": ("Would you {v} {n}?", "Please run {f}."),
}  # fmt: skip
_EXPLAIN: Final = {
    "train": (" ({x})", ", {x}", "; it is {x}", ""), "eval": (" - {x}", " ({x})"),
}
_WHAT_IT_IS: Final = (
    "a small firm in {c}", "a shop in {c}", "our new partner", "a friend of {p}", "a well known band", "an old client", "a school from {c}",
    "a family business",
)


@dataclass(frozen=True, slots=True)
class Task:
    """A tool, the arguments that a request wants, and the request."""

    schema: dict[str, Any]
    arguments: dict[str, Any]
    text: str
    noun: str
    params: tuple[Param, ...]

    @property
    def name(self) -> str:
        """The tool's name."""
        return str(self.schema["name"])

    @property
    def call(self) -> dict[str, Any]:
        """The wanted call as a message carries it."""
        return {"name": self.name, "arguments": self.arguments}

    @property
    def reasoning(self) -> str:
        """The trace: the tool, and each value by its name."""
        out = f"用{self.name}"
        for key, value in self.arguments.items():
            out += f"，{key}是{shown(value)}"
        return out + ("。" if self.arguments else "，没有参数。")


def cased(rng: random.Random, name: str) -> str:
    """A snake-case name in one of the usual styles."""
    draw = rng.random()
    parts = name.split("_")
    if draw < 0.66:
        return name
    if draw < 0.8:
        return parts[0] + "".join(part.title() for part in parts[1:])
    if draw < 0.92:
        return "".join(part.title() for part in parts)
    return "-".join(parts)


def _name(rng: random.Random, verb: str, noun: str) -> str:
    draw = rng.random()
    core = f"{verb}_{noun}"
    if draw < 0.15:
        core = f"{noun}_{pick(rng, ('maker', 'helper', 'service', 'manager', 'api', 'handler', verb))}"
    elif draw < 0.3:
        core += pick(rng, ("_tool", "_now", "_v2", "_entry", "_item", "_by_name", "_in_system", "_for_user"))
    elif draw < 0.4:
        core = f"{verb}_{pick(rng, ('my', 'one', 'any', 'office', 'shop', 'team', 'web', 'user'))}_{noun}"
    elif draw < 0.48:
        core = f"{syllables(rng, 1, 2)}_{noun}"
    return cased(rng, core)


def parameters(rng: random.Random, params: list[Param]) -> dict[str, Any]:
    """The JSON schema of parameters, the keys in either order that libraries write."""
    properties = {param.name: param.schema for param in params}
    required = [param.name for param in params if param.required]
    if rng.random() < 0.5:
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return {"properties": properties, **({"required": required} if required else {}), "type": "object"}


def tool(rng: random.Random, name: str, about: str, params: list[Param]) -> dict[str, Any]:
    """A tool as a prompt shows it."""
    return {"name": name, "description": about, "parameters": parameters(rng, params)}


def task(rng: random.Random, split: Split, kinds: tuple[str, ...] | None = None, *, noun: str = "") -> Task:
    """A tool with up to four parameters and a request that gives their values. `kinds` chooses the parameters."""
    noun = noun or pick(rng, tuple(NOUNS))
    if kinds is None:
        own = NOUNS[noun].split()
        rng.shuffle(own)
        kinds = tuple(own[: (0, 1, 1, 1, 2, 2, 2, 3, 3, 4)[int(rng.random() * 10)]])
    verb = pick(rng, pick(rng, (MAKE, MAKE, CHANGE, FIND)) if kinds else FIND)  # type: ignore[arg-type]
    name = of_split(rng, split, lambda source: _name(source, verb, noun))
    taken: set[str] = set()
    params = [drawn(rng, split, kind, taken, given=index == 0 or rng.random() < 0.85) for index, kind in enumerate(kinds)]
    spoken_verb = verb.replace("_", " ") if verb != "new" else "add"
    said = pick(rng, (words.a(noun), words.a(noun), f"the {noun}", f"{words.a('new ' + noun)}" if verb in MAKE else f"this {noun}"))
    about = pick(rng, _ABOUT) if rng.random() < 0.93 else ""
    fill = {"v": spoken_verb, "V": spoken_verb.capitalize(), "n": said, "f": name}
    schema = tool(rng, name, about.format(**fill | {"n": words.a(noun)}), params)
    given = [param for param in params if param.value is not None]
    rng.shuffle(given)
    clauses = [clause(rng, split, param) for param in given]
    text = pick(rng, (_ASK if clauses else _BARE)[split])
    text = text.format(c=pick(rng, (", ", ", ", " and ", "; ")).join(clauses), **fill)
    arguments = {param.name: param.value for param in params if param.value is not None}
    return Task(schema, arguments, text, noun, tuple(params))


_NATIVE = phrases(
    "{V} {n} named '{x}'{e}", "{V} {n} called '{x}'{e}.", "Please {v} {n} for \"{x}\"{e}", "{v} {n} with the name {x}{e}",
    "I need {n} for {x}{e}.", "{V} {n} '{x}'{e}", "Put '{x}' in {n}{e}.", "Save \"{x}\" as {n}{e}", "Use {f} for {x}{e}",
)


def native_task(rng: random.Random, split: Split) -> Task:
    """A tool whose text argument is Chinese or Japanese in an English request; a second argument tells what that is."""
    noun = pick(rng, ("account", "profile", "client", "note", "message", "contract", "label", "album", "group", "company", "supplier", "shop"))
    verb = pick(rng, MAKE)
    name = of_split(rng, split, lambda source: _name(source, verb, noun))
    taken: set[str] = set()
    params = [drawn(rng, split, "native", taken)]
    text = str(params[0].value)
    extra = pick(rng, _WHAT_IT_IS).format(c=pick(rng, words.CITIES), p=pick(rng, words.FIRST_NAMES))
    explained = pick(rng, _EXPLAIN[split]).replace("{x}", extra)
    if explained:
        about_it = pick(rng, ("about", "details", "info", "comment", "kind", "what_it_is", "extra", "remark"))
        params.append(Param("title", about_it, {"type": "string"}, extra, rng.random() < 0.7))
    saying = {"v": verb if verb != "new" else "add", "n": words.a(noun), "f": name, "x": text, "e": explained}
    asked = _NATIVE.text(rng, split, saying | {"V": saying["v"].capitalize()})
    schema = tool(rng, name, pick(rng, _ABOUT).format(v=saying["v"], V=saying["v"].capitalize(), n=words.a(noun)), params)
    return Task(schema, {param.name: param.value for param in params}, asked, noun, tuple(params))


def others(rng: random.Random, split: Split, wanted: list[Task], most: int = 3) -> list[dict[str, Any]]:
    """Tools beside the wanted ones: other nouns, other names."""
    nouns = {each.noun for each in wanted}
    names = {each.name for each in wanted}
    out: list[dict[str, Any]] = []
    for _ in range(int(rng.random() * (most + 1))):
        other = task(rng, split)
        if other.noun not in nouns and other.name not in names:
            nouns.add(other.noun)
            names.add(other.name)
            out.append(other.schema)
    return out


def offered(rng: random.Random, wanted: list[Task], beside: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """All tools in any order."""
    tools = [each.schema for each in wanted] + beside
    rng.shuffle(tools)
    return tuple(tools)


def in_words(name: str) -> str:
    """A parameter's name as an answer says it."""
    return label(name)
