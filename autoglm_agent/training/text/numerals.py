"""Numbers as they are said in Mandarin and as they are typed. Nothing else."""

from __future__ import annotations

import random
from typing import Final

DIGITS: Final = "零一二三四五六七八九"
_UNITS: Final = ("", "十", "百", "千")


def say_int(number: int) -> str:
    """A whole number below a hundred million in Chinese words: 105 is 一百零五, 12 is 十二, 200 is 两百."""
    if number < 0:
        return "负" + say_int(-number)
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        rest = "" if low == 0 else ("零" if low < 1000 else "") + _say_below_10000(low, leading=False)
        return ("两" if high == 2 else _say_below_10000(high, leading=True)) + "万" + rest
    return _say_below_10000(number, leading=True)


def _say_below_10000(number: int, *, leading: bool) -> str:
    if number == 0:
        return "零"
    out = ""
    gap = False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit == 0:
            gap = bool(out)
            continue
        if gap:
            out += "零"
            gap = False
        if digit == 1 and power == 1 and not out and leading:
            out += "十"
        elif digit == 2 and power >= 2:
            out += "两" + _UNITS[power]
        else:
            out += DIGITS[digit] + _UNITS[power]
    return out


def say_number(number: float) -> str:
    """A number with at most two decimals: 26.5 is 二十六点五."""
    if number == int(number):
        return say_int(int(number))
    whole, _, decimals = f"{abs(number):.2f}".rstrip("0").partition(".")
    sign = "负" if number < 0 else ""
    return sign + say_int(int(whole)) + "点" + say_digits(decimals)


def say_digits(digits: str, *, one: str = "一") -> str:
    """A string of digits one by one; telephone numbers say 幺 for one."""
    return "".join(one if digit == "1" else DIGITS[int(digit)] for digit in digits)


def say_count(number: float, unit: str) -> str:
    """A number with its measure word: 2 minutes is 两分钟, 2.5 degrees 两度半 or 二点五度 is left to the caller."""
    if number == 2:
        return "两" + unit
    return say_number(number) + unit


def say_percent(number: float) -> str:
    """百分之五十."""
    return "百分之" + ("百" if number == 100 else say_number(number))


def type_number(number: float) -> str:
    """Digits without a needless fraction: 26 and 26.5."""
    return str(int(number)) if number == int(number) else f"{number:.2f}".rstrip("0")


def plain(number: float) -> int | float:
    """An int where the number is whole: what JSON should hold."""
    return int(number) if number == int(number) else round(number, 2)


def say_clock(minutes: int, rng: random.Random, *, typed: bool = False) -> str:
    """A time of day with its part of the day: 930 is 下午三点半, or 下午3:30 typed."""
    hour, minute = divmod(minutes, 60)
    part, shown = day_part(hour, rng)
    if typed:
        if rng.random() < 0.4:
            return f"{hour}:{minute:02d}"
        if rng.random() < 0.5:
            return f"{part}{shown}:{minute:02d}"
        tail = "" if minute == 0 else "半" if minute == 30 else f"{minute}分"
        return f"{part}{shown}点{tail}"
    if minute == 0:
        tail = rng.choice(("", "", "整"))
    elif minute == 30:
        tail = "半"
    elif minute == 15:
        tail = rng.choice(("一刻", "十五分", "十五"))
    elif minute == 45:
        tail = rng.choice(("三刻", "四十五分", "四十五"))
    else:
        tail = ("零" if minute < 10 else "") + say_int(minute) + ("分" if minute < 10 else rng.choice(("", "分")))
    return f"{part}{'两' if shown == 2 else say_int(shown)}点{tail}"


def day_part(hour: int, rng: random.Random) -> tuple[str, int]:
    """The name of the part of the day and the hour on a twelve-hour dial; noon is 中午十二点, midnight 零点."""
    if hour == 0:
        return "凌晨", 0
    if hour < 5:
        return "凌晨", hour
    if hour < 11:
        return rng.choice(("早上", "上午")), hour
    if hour == 11:
        return "上午", 11
    if hour == 12:
        return "中午", 12
    if hour < 18:
        return "下午", hour - 12
    return "晚上", hour - 12


_LENGTHS: Final = {30: ("半分钟", "三十秒"), 90: ("一分半钟", "九十秒"), 1800: ("半小时", "半个小时", "三十分钟"),
                   5400: ("一个半小时", "一个半钟头", "九十分钟"), 9000: ("两个半小时",), 900: ("一刻钟", "十五分钟"),
                   2700: ("三刻钟", "四十五分钟")}


def say_duration(seconds: int, rng: random.Random, *, typed: bool = False) -> str:
    """A length of time: 1800 is 半小时 or 三十分钟, or 30分钟 typed."""
    if not typed and seconds in _LENGTHS:
        return rng.choice(_LENGTHS[seconds])
    number = str if typed else lambda n: "两" if n == 2 else say_int(n)
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    out = number(hours) + rng.choice(("小时", "个小时")) if hours else ""
    if minutes:
        out += number(minutes) + ("分" if rest else "分钟")
    return out + (number(rest) + "秒" if rest else "")
