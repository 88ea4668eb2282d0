"""Intents (what a user may want done) and the free tool schemas made for them.

An intent is independent of any one schema: each prompt gets names, descriptions, labels and units of its own, so that
the schema has to be read. The tables of intents are in `tools_home`, `tools_car`, `tools_robot` and `tools_daily`.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any, Final

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import strings
from autoglm_agent.training.text.phrases import Phrase, PhraseSet, is_sayable, phrases, said
from autoglm_agent.training.text.slots import Language, Slot, Style
from autoglm_agent.training.text.strings import pick


@dataclass(frozen=True, slots=True)
class Param:
    """An argument of an intent."""

    key: str
    names: tuple[str, ...]
    zh: tuple[str, ...]
    en: tuple[str, ...]
    slot: Slot
    required: bool = True


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that can be done: its names, descriptions, arguments and phrasings."""

    key: str
    names: tuple[str, ...]
    zh: tuple[str, ...]
    en: tuple[str, ...]
    goal: str
    params: tuple[Param, ...]
    say: PhraseSet
    done: str
    english: PhraseSet | None = None
    group: str = ""
    missing: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()


def param(key: str, names: str, zh: str, en: str, slot: Slot, *, required: bool = True) -> Param:
    """A parameter; names and descriptions are separated by bars."""
    return Param(key, tuple(names.split("|")), tuple(zh.split("|")), tuple(en.split("|")), slot, required)


def intent(
    key: str,
    names: str,
    zh: str,
    en: str,
    goal: str,
    say: str,
    done: str,
    *params: Param,
    english: str = "",
    group: str = "",
    missing: tuple[tuple[str, str], ...] = (),
    fields: tuple[tuple[str, str, str], ...] = (),
) -> Intent:
    """An intent; names and descriptions are separated by bars, phrasings by lines.

    `missing` pairs a phrasing that lacks a required argument with the question to ask. `fields` makes the intent a
    query: (JSON keys, how the answer words it, kind of value).
    """
    return Intent(
        key,
        tuple(names.split("|")),
        tuple(zh.split("|")),
        tuple(en.split("|")),
        goal,
        params,
        phrases(*(line.strip() for line in say.strip().splitlines())),
        done,
        phrases(*(line.strip() for line in english.strip().splitlines())) if english else None,
        group or key,
        missing,
        fields,
    )


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a user says, with the raw values it mentions and their wording."""

    text: str
    raws: dict[str, Any]
    texts: dict[str, str]
    style: Style


_FRAMES: Final = (
    ("请", ""), ("请帮我", ""), ("帮我", ""), ("帮我", "吧"), ("麻烦", ""), ("麻烦你", ""), ("麻烦帮我", "，谢谢"),
    ("能不能帮我", ""), ("能帮我", "吗"), ("可以帮我", "吗"), ("可不可以", ""), ("你帮我", ""), ("给我", ""), ("现在", ""),
    ("", "吧"), ("", "，谢谢"), ("", "，好吗"), ("", "，可以吗"), ("", "行吗"), ("我想", ""), ("我要", ""), ("我想让你", ""), ("你能", "吗"),
    ("劳驾", ""), ("快", ""), ("那就", "吧"), ("那个，", ""), ("你好，", ""), ("嗨，", ""), ("小助手，", ""), ("嗯，", ""),
    ("来，", ""), ("等会儿，", ""), ("请你", ""), ("好，", ""), ("先", ""), ("再", ""), ("拜托", ""), ("帮忙", ""), ("帮个忙，", ""),
)
_ENGLISH_FRAMES: Final = (
    ("", " please"), ("", " for me"), ("", " now"), ("", ", thanks"), ("", " right away"), ("hey, ", ""), ("okay, ", ""),
    ("please ", ""), ("can you ", ""), ("could you please ", ""), ("would you ", ""), ("I want you to ", ""), ("just ", ""),
)
_ROUND_QUESTIONS: Final = 7
"""So many of the frames also go round a question."""


def utter(
    rng: random.Random, split: Split, what: Intent, style: Style, phrase: Phrase | None = None, *, framed: bool = True
) -> Utterance:
    """Word an intent with drawn values. A phrasing that begins with `=` is taken as it is, without please or thanks."""
    if phrase is None:
        source = what.english if style == "english" and what.english else what.say
        phrase = source.draw(rng, split)
    slots = {param.key: param.slot for param in what.params}
    raws: dict[str, Any] = {}
    texts: dict[str, str] = {}
    out = []
    for piece in phrase.expand(rng):
        if isinstance(piece, str):
            out.append(piece)
        else:
            while piece.key not in raws:
                slot = slots[piece.key]
                text, raw = slot.draw(rng, split, style, piece.form)
                if not any(raw == raws[key] and slot is slots[key] for key in raws):
                    texts[piece.key], raws[piece.key] = text, raw
            out.append(texts[piece.key])
    sentence = "".join(out)
    if sentence[0] == "=":
        sentence = sentence[1:]
    elif framed and style == "english" and rng.random() < 0.3:
        asks = sentence.startswith(("what", "how", "will", "is ", "who", "when", "where", "which", "I ", "do "))
        before, after = _ENGLISH_FRAMES[int(rng.random() * (_ROUND_QUESTIONS if asks else len(_ENGLISH_FRAMES)))]
        sentence = before + sentence + after
    elif framed and style != "english" and rng.random() < 0.5:
        before, after = _FRAMES[int(rng.random() * len(_FRAMES))]
        sentence = before + sentence + ("" if after == "吧" and sentence[-1] in "吧了" else after)
    return Utterance(finish(rng, sentence, style), raws, texts, style)


def finish(rng: random.Random, text: str, style: Style) -> str:
    """Punctuate: none when spoken, now and then a full stop when typed."""
    if style == "spoken":
        return said(text) if is_sayable(text) else text
    if style == "english":
        return (text[0].upper() + text[1:]).rstrip()
    if rng.random() < 0.3 and text[-1] not in "？！。?.!":
        text += "？" if text[-1] in "吗呢" or text.endswith(("多少", "什么")) else "。"
    return text


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a prompt shows it, and the arguments of the wanted call (empty for a tool that is not wanted)."""

    schema: dict[str, Any]
    arguments: dict[str, Any]
    names: dict[str, str]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.schema["name"])

    @property
    def call(self) -> dict[str, Any]:
        """The call as a message carries it."""
        return {"name": self.name, "arguments": self.arguments}


def build_tool(rng: random.Random, what: Intent, utterance: Utterance | None, language: Language) -> Tool:
    """Make a schema for an intent and, if it is the wanted one, the arguments of its call."""
    style: Style = utterance.style if utterance else "typed"
    raws = utterance.raws if utterance else {}
    cased, made_up = _case(rng)
    properties: dict[str, Any] = {}
    required: list[str] = []
    arguments: dict[str, Any] = {}
    names: dict[str, str] = {}
    for each in what.params:
        raw = raws.get(each.key)
        if raw is None and not each.required and rng.random() < 0.5:
            continue
        built = each.slot.build(rng, raw, language, style)
        name = cased(pick(rng, built.names or each.names))
        if name in properties:
            name = cased(each.names[0])
        schema = dict(built.schema)
        odd = rng.random() < 0.03
        if odd:
            name = strings.syllables(rng, 1, 2)
        if odd or rng.random() < 0.3:
            own = pick(rng, each.zh if language == "zh" else each.en)
            extra = schema.get("description")
            schema["description"] = f"{own}{'，' if language == 'zh' else ', '}{extra}" if extra and extra != own else own
        if not each.required and "enum" not in schema and rng.random() < 0.06:
            schema = {"anyOf": [schema, {"type": "null"}], "default": None}  # as pydantic writes an optional field
        properties[name] = schema
        if each.required or (raw is not None and rng.random() < 0.15):
            required.append(name)
        if raw is not None:
            names[each.key] = name
            arguments[name] = built.value
    name = strings.syllables(rng) if made_up else cased(pick(rng, what.names), function=True)
    about = "" if rng.random() < 0.04 and not made_up else pick(rng, what.zh if language == "zh" else what.en)
    schema = function_schema(rng, name, about, properties, required)
    places = list(schema["parameters"]["properties"])
    # Values come in the order of the schema, in the trace as in the call: what was worked out is then copied.
    ordered = {key: arguments[key] for key in places if key in arguments}
    return Tool(schema, ordered, dict(sorted(names.items(), key=lambda item: places.index(item[1]))))


def function_schema(
    rng: random.Random, name: str, about: str, properties: dict[str, Any], required: list[str]
) -> dict[str, Any]:
    """An OpenAI function: name, description, parameters; the order of the keys varies as it does between libraries."""
    if len(properties) > 1 and rng.random() < 0.5:
        items = list(properties.items())
        rng.shuffle(items)
        properties = dict(items)
    parameters: dict[str, Any]
    if rng.random() < 0.7:
        parameters = {"type": "object", "properties": properties}
        if required:
            parameters["required"] = required
    else:
        parameters = {"properties": properties, **({"required": required} if required else {}), "type": "object"}
    if about and rng.random() < 0.9:
        return {"name": name, "description": about, "parameters": parameters}
    return {"description": about, "name": name, "parameters": parameters} if about else {"name": name, "parameters": parameters}


_PREFIXES: Final = ("home ", "car ", "my ", "do ", "api ", "smart ", "sys ", "device ")
_SUFFIXES: Final = (" v2", " tool", " cmd", " now", " action", " fn", " 1")


class _Cased:
    """Renders words in one naming style."""

    def __init__(self, rng: random.Random, style: float) -> None:
        self._rng = rng
        self._style = style

    def __call__(self, words: str, *, function: bool = False) -> str:
        rng = self._rng
        if function and rng.random() < 0.1:
            words = pick(rng, _PREFIXES) + words if rng.random() < 0.5 else words + pick(rng, _SUFFIXES)
        if self._style < 0.62:
            return words.replace(" ", "_").replace("-", "_")
        parts = words.replace("_", " ").replace("-", " ").split()
        if self._style < 0.8:
            return parts[0] + "".join(part.title() for part in parts[1:])
        if self._style < 0.86 and function and len(parts) > 1:
            return parts[-1] + "." + parts[0] + "".join(part.title() for part in parts[1:-1])
        if self._style < 0.92:
            return "".join(part.title() for part in parts) if function else "_".join(parts)
        if self._style < 0.96:
            return "-".join(parts) if function else "_".join(parts)
        return "".join(parts)


def _case(rng: random.Random) -> tuple[_Cased, bool]:
    return _Cased(rng, rng.random()), rng.random() < 0.07


def explain(utterance: Utterance, what: Intent, tool: Tool) -> str:
    """A true trace: what is wanted, which tool, how the words become values."""
    out = f"要{what.goal}，用{tool.name}"
    for key, name in tool.names.items():
        value = tool.arguments[name]
        shown = value if isinstance(value, str) else json.dumps(value)
        word = utterance.texts[key]
        out += f"，{name}是{shown}" if shown == word else f"，{name}是{word}，即{shown}"
    return out + "。"
