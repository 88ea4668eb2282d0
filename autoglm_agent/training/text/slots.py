"""Kinds of arguments: how a value is said, how a schema describes it, what JSON value a call carries.

A slot draws a raw value with its wording; `build` then makes a schema for it and the JSON value under that schema,
which may differ (another unit, another language, another label): the schema must be read.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol
from zlib import crc32

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import numerals, strings
from autoglm_agent.training.text.phrases import EVAL_SHARE
from autoglm_agent.training.text.strings import pick

Style = Literal["spoken", "typed", "english"]
Language = Literal["zh", "en"]


class Built(NamedTuple):
    """A parameter as a schema gives it. `names` replaces the parameter's own names when the unit decides them."""

    schema: dict[str, Any]
    value: Any
    names: tuple[str, ...] = ()


class Slot(Protocol):
    """One kind of argument."""

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """The wording of a value and the raw value."""
        ...

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """A schema and the JSON value of `raw` under it; `raw` None when the value is not asked for."""
        ...

    def show(self, raw: Any) -> str:
        """The raw value in a typed Chinese reply."""
        ...


def split_values(values: list[float], salt: str) -> tuple[list[float], list[float]]:
    """Part numbers by their hash; at least one for evaluation."""
    key = {value: crc32(f"{salt}:{value}".encode()) for value in values}
    held_out = [value for value in values if key[value] % EVAL_SHARE == 0] or [min(values, key=key.__getitem__)]
    return [value for value in values if value not in held_out] or values, held_out


@dataclass(frozen=True)
class Number:
    """A number with a unit, e.g. 二十六度."""

    low: float
    high: float
    step: float = 1
    unit: str = ""
    typed_units: tuple[str, ...] = ()
    salt: str = "n"
    halves: bool = False
    bounds: bool = True
    parts: tuple[list[float], list[float]] = field(init=False)

    def __post_init__(self) -> None:
        """Part the values once."""
        count = int((self.high - self.low) / self.step) + 1
        values = [numerals.plain(self.low + index * self.step) for index in range(count)]
        object.__setattr__(self, "parts", split_values(list(values), self.salt))

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """The number with its unit."""
        values = self.parts[split == "eval"]
        number = values[int(rng.random() * len(values))]
        if self.halves and rng.random() < 0.12 and split == "train" and number < self.high:
            number = number + 0.5
        return self.say(rng, number, style), number

    def say(self, rng: random.Random, number: float, style: Style) -> str:
        """Word the number."""
        if style == "english":
            return numerals.type_number(number)
        if style == "typed" and rng.random() < 0.75:
            return numerals.type_number(number) + (pick(rng, self.typed_units) if self.typed_units else self.unit)
        if number % 1 == 0.5 and self.unit in ("度", "米") and rng.random() < 0.5:
            whole = int(number)
            return ("两" if whole == 2 else numerals.say_int(whole)) + self.unit + "半" if whole else "半" + self.unit
        if self.unit in ("", "度", "档", "频道"):
            return numerals.say_number(number) + self.unit
        return numerals.say_count(number, self.unit)

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """An integer or number, with or without bounds."""
        whole = not self.halves and self.step == int(self.step)
        kind = "integer" if whole and rng.random() < 0.75 else "number"
        schema: dict[str, Any] = {"type": kind}
        if self.bounds and rng.random() < 0.15:
            schema["minimum"] = numerals.plain(self.low)
            schema["maximum"] = numerals.plain(self.high) + (1 if self.halves else 0)
        return Built(schema, None if raw is None else numerals.plain(raw))

    def show(self, raw: Any) -> str:
        """26度."""
        return numerals.type_number(raw) + self.unit


@dataclass(frozen=True)
class Percent(Number):
    """A share in percent; a few schemas want a fraction instead."""

    low: float = 0
    high: float = 100
    step: float = 5
    bounds: bool = True
    salt: str = "percent"

    def say(self, rng: random.Random, number: float, style: Style) -> str:
        """百分之五十, or 50%."""
        if style == "english":
            return f"{int(number)}%" if rng.random() < 0.5 else f"{int(number)} percent"
        if style == "typed" and rng.random() < 0.8:
            return f"{int(number)}%"
        if number == 50 and rng.random() < 0.3:
            return "一半"
        return numerals.say_percent(number)

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """An integer of percent, or a fraction from 0 to 1."""
        if rng.random() < 0.06:
            note = "0到1" if language == "zh" else "fraction 0-1"
            return Built({"type": "number", "description": note}, None if raw is None else numerals.plain(raw / 100))
        schema: dict[str, Any] = {"type": "integer"}
        if rng.random() < 0.5:
            schema["description"] = pick(rng, ("百分比", "0-100", "百分之几")) if language == "zh" else pick(rng, ("percent", "0-100"))
        return Built(schema, None if raw is None else int(raw))

    def show(self, raw: Any) -> str:
        """50%."""
        return f"{int(raw)}%"


@dataclass(frozen=True)
class Clock:
    """A time of day, wanted as HH:MM."""

    salt: str = "clock"

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """下午三点半."""
        for _ in range(100):
            minutes = 5 * rng.randrange(288) if rng.random() < 0.4 else 30 * rng.randrange(12, 47)
            if (crc32(f"clock:{minutes}".encode()) % EVAL_SHARE == 0) == (split == "eval"):
                break
        if style == "english":
            hour, minute = divmod(minutes, 60)
            return f"{(hour - 1) % 12 + 1}:{minute:02d} {'am' if hour < 12 else 'pm'}", minutes
        return numerals.say_clock(minutes, rng, typed=style == "typed"), minutes

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """A string; the description names the format."""
        note = pick(rng, ("HH:MM", "24小时制HH:MM", "时间，HH:MM")) if language == "zh" else pick(rng, ("HH:MM", "24-hour HH:MM"))
        return Built({"type": "string", "description": note}, None if raw is None else f"{raw // 60:02d}:{raw % 60:02d}")

    def show(self, raw: Any) -> str:
        """15:30."""
        return f"{raw // 60}:{raw % 60:02d}"


_UNITS: Final = (
    ("minutes", 60, ("minutes", "mins", "duration_minutes", "duration"), ("分钟", "分钟数", "单位分钟"), ("minutes", "in minutes")),
    ("seconds", 1, ("seconds", "secs", "duration_seconds", "duration"), ("秒", "秒数", "单位秒"), ("seconds", "in seconds")),
)


@dataclass(frozen=True)
class Duration:
    """A length of time; the schema decides whether minutes or seconds are wanted."""

    salt: str = "duration"

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """五分钟, 半小时, 三十秒."""
        for _ in range(100):
            seconds = self._seconds(rng)
            if (crc32(f"duration:{seconds}".encode()) % EVAL_SHARE == 0) == (split == "eval"):
                break
        if style == "english":
            minutes, rest = divmod(seconds, 60)
            return (f"{minutes} minutes" if not rest else f"{seconds} seconds"), seconds
        return numerals.say_duration(seconds, rng, typed=style == "typed"), seconds

    def _seconds(self, rng: random.Random) -> int:
        kind = rng.random()
        if kind < 0.6:
            return 60 * rng.randrange(1, 60)
        if kind < 0.75:
            return 10 * rng.randrange(1, 10)
        return 1800 * rng.randrange(1, 21)

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """An integer of minutes or of seconds, told by name or description."""
        _, size, names, zh, en = _UNITS[0] if raw is not None and raw % 60 == 0 and rng.random() < 0.8 else _UNITS[1]
        if raw is None:
            size, names, zh, en = 60, _UNITS[0][2], _UNITS[0][3], _UNITS[0][4]
        note = pick(rng, zh) if language == "zh" else pick(rng, en)
        return Built({"type": "integer", "description": note}, None if raw is None else raw // size, names)

    def show(self, raw: Any) -> str:
        """5分钟."""
        return f"{raw // 60}分钟" if raw % 60 == 0 else f"{raw}秒"


@dataclass(frozen=True)
class Text:
    """A string copied from the request."""

    make: Callable[[random.Random], str]
    english: Callable[[random.Random], str] = strings.english

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """The string itself."""
        text = strings.draw(self.english if style == "english" else self.make, rng, split)
        if style == "spoken":
            text = text.replace("，", "")
        return text, text

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """A plain string."""
        return Built({"type": "string"}, raw)

    def show(self, raw: Any) -> str:
        """The string."""
        return str(raw)


@dataclass(frozen=True)
class PhoneNumber(Text):
    """A telephone number, said digit by digit."""

    make: Callable[[random.Random], str] = strings.phone_number

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """Digit by digit, as in 幺三八零."""
        number = strings.draw(strings.phone_number, rng, split)
        return (numerals.say_digits(number, one=pick(rng, ("幺", "一"))) if style == "spoken" else number), number


class Option(NamedTuple):
    """One member of an enumeration: labels in Chinese and English, and how people say it."""

    zh: str
    en: str
    said: tuple[str, ...]
    ba: tuple[str, ...] = ()


def options(table: str) -> tuple[Option, ...]:
    """Read `label en said,said/ba,ba; ...`: one option between semicolons; what is said defaults to the label."""
    out = []
    for row in table.split(";"):
        zh, en, *rest = row.split()
        said, _, ba = (rest[0] if rest else zh).partition("/")
        out.append(Option(zh, en, tuple(said.split(",")), tuple(ba.split(",")) if ba else ()))
    return tuple(out)


@dataclass(frozen=True)
class Choice:
    """An enumeration; as an enum of Chinese or English labels, or as a free string that is copied (`open`)."""

    options: tuple[Option, ...]
    open: bool = False
    min_shown: int = 2

    def draw(self, rng: random.Random, split: Split, style: Style, form: str) -> tuple[str, Any]:
        """One wording of one option; the raw value is its index, or the index and the wording when it is open."""
        index = int(rng.random() * len(self.options))
        option = self.options[index]
        if style == "english":
            return option.en.replace("_", " "), index
        return pick(rng, option.ba if form == "b" and option.ba else option.said), index

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """An enum with the option among others in any order."""
        if self.open and rng.random() < 0.5:
            copied = None if raw is None else self.options[raw].en.replace("_", " ") if style == "english" else self.options[raw].zh
            return Built({"type": "string"}, copied)
        count = self.min_shown + int(rng.random() * 3)
        shown = rng.sample(range(len(self.options)), min(count, len(self.options)))
        if raw is not None and raw not in shown:
            shown[int(rng.random() * len(shown))] = raw
        labels: list[str]
        if language == "zh":
            labels = [self.options[index].zh for index in shown]
            value = None if raw is None else self.options[raw].zh
        else:
            change = str.upper if rng.random() < 0.15 else str
            labels = [change(self.options[index].en) for index in shown]
            value = None if raw is None else change(self.options[raw].en)
        return Built({"type": "string", "enum": labels}, value)

    def show(self, raw: Any) -> str:
        """The Chinese label."""
        return str(self.options[raw].zh)


_SWITCH: Final = options("开 on 打开,开启,开,开一下/打开,开开,开启,打开一下;关 off 关闭,关掉,关上,关,关一下/关掉,关了,关上,关闭")
_SWITCH_LABELS: Final = (("on", "off"), ("open", "close"), ("ON", "OFF"), ("开", "关"), ("打开", "关闭"), ("enable", "disable"))


@dataclass(frozen=True)
class Switch(Choice):
    """On or off: a boolean, or one of two labels."""

    options: tuple[Option, ...] = _SWITCH

    def build(self, rng: random.Random, raw: Any, language: Language, style: Style) -> Built:
        """A boolean in half of the schemas."""
        if rng.random() < 0.5:
            note = pick(rng, ("true为打开", "是否打开", "开为true")) if language == "zh" else "true to turn on"
            return Built({"type": "boolean", "description": note}, None if raw is None else raw == 0,
                         ("on", "enabled", "open", "state", "is_on"))
        labels = pick_labels(rng, language)
        shown = list(labels) if rng.random() < 0.5 else [labels[1], labels[0]]
        return Built({"type": "string", "enum": shown}, None if raw is None else labels[raw])

    def show(self, raw: Any) -> str:
        """打开 or 关闭."""
        return "关闭" if raw else "打开"


def pick_labels(rng: random.Random, language: Language) -> tuple[str, str]:
    """The two labels of a switch."""
    pairs = _SWITCH_LABELS[3:5] if language == "zh" else (*_SWITCH_LABELS[:3], _SWITCH_LABELS[5])
    return pairs[int(rng.random() * len(pairs))]
