"""Arabic numerals as Mandarin says them: 26 is 二十六, 2000 is 两千, a telephone number goes digit by digit.

Numerals only; what a numeral means in its sentence (a date, a time, a price) is `normalise`'s.
"""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
LONGEST_INTEGER = 16
"""Digits that can be said with 万亿; longer ones go digit by digit."""


def digit_by_digit(digits: str, *, one: str = "一") -> str:
    """010 -> 零一零. `one` is 幺 in telephone numbers."""
    return "".join(one if digit == "1" else DIGITS[int(digit)] for digit in digits)


def integer(digits: str) -> str:
    """26 -> 二十六, 10500 -> 一万零五百, 007 -> 零零七. Any count of digits."""
    if len(digits) > LONGEST_INTEGER or (len(digits) > 1 and digits[0] == "0"):
        return digit_by_digit(digits)
    if not digits.strip("0"):
        return "零"
    padded = digits.zfill(-(-len(digits) // 4) * 4)
    groups = [padded[start : start + 4] for start in range(0, len(padded), 4)]
    said = ""
    for index, group in enumerate(groups):
        rest = len(groups) - 1 - index
        if not int(group):
            continue
        gap = said and (group[0] == "0" or not int(groups[index - 1]))
        said += ("零" if gap else "") + _two_as_pair(_group(group.lstrip("0")), _GROUPS[rest]) + _GROUPS[rest]
    return said.removeprefix("一") if said.startswith("一十") else said


def number(text: str) -> str:
    """An unsigned numeral with thousands separators and a decimal part: 1,234.5 -> 一千二百三十四点五."""
    whole, _, decimals = text.replace(",", "").partition(".")
    return integer(whole) + (f"点{digit_by_digit(decimals)}" if decimals else "")


def _group(digits: str) -> str:
    """One to four digits without a leading zero."""
    said, gap = "", False
    for index, digit in enumerate(digits):
        place = _PLACES[len(digits) - 1 - index]
        if digit == "0":
            gap = True
            continue
        figure = "两" if digit == "2" and place == "千" else DIGITS[int(digit)]
        said, gap = said + ("零" if gap else "") + figure + place, False
    return said


def _two_as_pair(group: str, unit: str) -> str:
    """两万, but 二 and 十二万."""
    return "两" if group == "二" and unit else group
