"""Digits and symbols written out as a Mandarin speaker says them: 26 -> 二十六, 3.5 -> 三点五, 12:30 -> 十二点三十分.

This is the small normalisation the speech corpus needs, not a general one: no currency but 元, no physical units, no
English. What it does not know it leaves, and the corpus then drops the sentence.
"""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_MAX_CARDINAL_DIGITS = 12
"""Longer numbers are identifiers (telephones, orders) and are read digit by digit."""


def digits_spoken(digits: str, *, telephone: bool = False) -> str:
    """Reads digit by digit; in telephone style 1 is said 幺, as in numbers of rooms and telephones."""
    spoken = "".join(DIGITS[int(digit)] for digit in digits)
    return spoken.replace("一", "幺") if telephone else spoken


def _group_spoken(value: int) -> str:
    """One group of up to four digits, without leading zero: 205 -> 二百零五."""
    spoken, pending_zero = "", False
    for power in (3, 2, 1, 0):
        digit = value // 10**power % 10
        if digit:
            spoken += ("零" if pending_zero and spoken else "") + DIGITS[digit] + _UNITS[power]
        pending_zero = digit == 0 if spoken else False
    return spoken


def cardinal(value: int) -> str:
    """The spoken cardinal of a whole number: 0 -> 零, 12 -> 十二, 10500 -> 一万零五百."""
    if value < 0:
        return "负" + cardinal(-value)
    if value == 0:
        return DIGITS[0]
    groups: list[int] = []
    while value:
        value, group = divmod(value, 10_000)
        groups.append(group)
    spoken = ""
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            continue
        gap = index + 1 < len(groups) and (group < 1000 or groups[index + 1] == 0)
        spoken += ("零" if spoken and gap else "") + _group_spoken(group) + _GROUPS[index]
    return spoken.removeprefix("一") if spoken.startswith("一十") else spoken


def number(text: str) -> str:
    """A number as written, with sign and decimals: -3.50 -> 负三点五零. Leading zeros and long runs go by digit."""
    negative, text = text.startswith("-"), text.removeprefix("-")
    whole, _, decimals = text.partition(".")
    by_digit = (len(whole) > 1 and whole[0] == "0") or len(whole) > _MAX_CARDINAL_DIGITS
    spoken = digits_spoken(whole) if by_digit else cardinal(int(whole or "0"))
    return ("负" if negative else "") + spoken + ("点" + digits_spoken(decimals) if decimals else "")


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return f"{cardinal(hour)}比{cardinal(minute)}"
    if minute == 0:
        return cardinal(hour) + "点"
    return f"{cardinal(hour)}点{'零' if minute < 10 else ''}{cardinal(minute)}分"


def _date(match: re.Match[str]) -> str:
    return f"{digits_spoken(match[1])}年{cardinal(int(match[2]))}月{cardinal(int(match[3]))}日"


_NUMBER = r"\d+(?:\.\d+)?"
_RULES: tuple[tuple[re.Pattern[str], object], ...] = (
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _date),
    (re.compile(r"(?<!\d)(\d{4})(?=年)"), lambda m: digits_spoken(m[1])),
    (re.compile(r"(?<!\d)(\d{1,2})[:](\d{2})(?!\d)"), _clock),
    (re.compile(rf"({_NUMBER})%"), lambda m: "百分之" + number(m[1])),
    (re.compile(r"(?<!\d)(\d{1,3})/(\d{1,3})(?!\d)"), lambda m: f"{cardinal(int(m[2]))}分之{cardinal(int(m[1]))}"),
    (re.compile(rf"[¥]({_NUMBER})"), lambda m: number(m[1]) + "元"),
    (re.compile(rf"(?<=\d)[-~—–]+(?={_NUMBER})"), "到"),
    (re.compile(r"(?<=\d)(?:°C|℃)"), "度"),
    (re.compile(r"(?<![\d.])(1\d{10}|0\d{9,11}|400\d{7})(?!\d)"), lambda m: digits_spoken(m[1], telephone=True)),
    (re.compile(r"(?<![\d.])2(?=[个位次年天只本件张条杯瓶间点种家部座块斤周岁台])"), "两"),
    (re.compile(rf"(?<![\d\w.])-{_NUMBER}|{_NUMBER}"), lambda m: number(m[0])),
)


def spoken_form(text: str) -> str:
    """Writes out the numbers, clock times, dates, percentages and ranges of `text`; the rest stays as it is.

    Full-width forms become half-width first. 2 before a counting word becomes 两.
    """
    text = "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)  # type: ignore[call-overload]
    return text
