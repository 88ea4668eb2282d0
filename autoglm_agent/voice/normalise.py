"""From any text to what can be said: hanzi, words of Latin letters, pauses; each knows where in the text it came from.

Numbers, dates, times, prices and units are spelled out in Mandarin when the text has hanzi or no letters at all; in an
English text espeak-ng reads most of them itself. Emoji, markup and other scripts are passed over without a word.
Pronunciation is not here (`pinyin`), and no text is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from autoglm_agent.voice.numerals import digit_by_digit, integer, number


class Kind(Enum):
    """What a piece is."""

    HANZI = "hanzi"
    LATIN = "latin"
    COMMA = "comma"
    STOP = "stop"
    QUESTION = "question"


PAUSES = frozenset({Kind.COMMA, Kind.STOP, Kind.QUESTION})


@dataclass(frozen=True, slots=True)
class Piece:
    """Something said in one go: one hanzi or one Latin word; or a pause, whose `said` is empty."""

    kind: Kind
    said: str
    offset: int
    """The character of the original text that it stands for."""


Reading = list[tuple[str, int]]
"""Parts of a reading, each with the offset of what it reads."""
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], Reading]]

_NARROWED = {0xFF01 + i: 0x21 + i for i in range(94) if chr(0x21 + i).isalnum() or chr(0x21 + i) in "%+=$&@/."}
"""Full-width letters, digits and signs to ASCII, one to one, so that offsets stay."""
_HANZI = re.compile(r"[㐀-䶿一-鿿〇]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]+(?:['’][A-Za-z]+)*")
_PAUSE_KINDS = {
    **dict.fromkeys("，、：；,:;—", Kind.COMMA),
    **dict.fromkeys("。！!.…\n", Kind.STOP),
    **dict.fromkeys("？?", Kind.QUESTION),
}

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_MINUS = r"(?:(?<![\w%％℃°)）])[-−])?"
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "km²": "平方公里", "m²": "平方米", "m³": "立方米", "㎡": "平方米",
    "km": "公里", "kg": "公斤", "cm": "厘米", "mm": "毫米", "mg": "毫克", "mL": "毫升", "ml": "毫升",
    "ms": "毫秒", "kWh": "千瓦时", "kW": "千瓦", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "Hz": "赫兹",
    "m": "米", "g": "克", "L": "升", "t": "吨", "W": "瓦", "V": "伏", "h": "小时", "s": "秒", "℃": "摄氏度",
    "°C": "摄氏度", "℉": "华氏度", "°F": "华氏度", "°": "度",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_CURRENCIES = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_PAIR_BEFORE = "个位次天件条张本只台辆周点块种名家遍杯瓶份岁年米倍小分"
"""Measure words before which 2 is 两; 分 stands for 分钟 and 小 for 小时."""
_COUNTED = re.compile(r"\s?[元人米公里块万亿个岁天次步吨克户台辆]")
"""After these a long row of digits is an amount, not a telephone number."""
_TELEPHONE_DIGITS = 7
"""From this length on a row of digits is read one by one: fewer are amounts, years, house numbers."""
_SYMBOLS = {
    "℃": "摄氏度", "℉": "华氏度", "㎡": "平方米", "×": "乘", "÷": "除以", "≈": "约等于", "±": "正负", "≥": "大于等于",
    "≤": "小于等于", "&": "和",
}  # fmt: skip
_OPERATORS = {"+": "加", "=": "等于", ">": "大于", "<": "小于"}
"""Said only between two operands: elsewhere they are markup."""
_RANGE = re.compile(r"(?<=[\d%％℃°年月日号点分元万亿])\s?[-~～–—−]\s?(?=[\d¥￥$€£])")
_ENGLISH_SYMBOLS = {
    "℃": "degrees Celsius", "℉": "degrees Fahrenheit", "°": "degrees", "%": "percent", "&": "and", "+": "plus",
    "=": "equals", "×": "times", "@": "at", "÷": "divided by",
}  # fmt: skip
_ENGLISH_PRICE = re.compile(rf"([$€£¥￥])\s?({_NUMBER})", re.ASCII)
_ENGLISH_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yuan", "￥": "yuan"}
_ENGLISH_TOKEN = re.compile(rf"{_MINUS}(?:\d{{1,2}}:\d{{2}}|{_NUMBER})(?:st|nd|rd|th)?(?![A-Za-z])|\d", re.ASCII)
_DOTTED = re.compile(r"(?<=[A-Za-z])[.](?=[A-Za-z])")


def pieces(text: str) -> list[Piece]:
    """What is to be said, in order. Offsets never fall; empty for a text with nothing to say."""
    text = text.translate(_NARROWED)
    english = _LATIN_WORD.search(text) is not None and _HANZI.search(text) is None
    found: list[Piece] = []
    position = 0
    while position < len(text):
        taken, position = (_english if english else _mandarin)(text, position)
        found += taken
    return _without_idle_pauses(found)


def _mandarin(text: str, position: int) -> tuple[list[Piece], int]:
    """The pieces that begin here, and where the next ones begin."""
    for pattern, read in _RULES:
        match = pattern.match(text, position)
        if match:
            return [piece for said, offset in read(match) for piece in _hanzi(said, offset)], match.end()
    character = text[position]
    said = _SYMBOLS.get(character, "")
    if character in _OPERATORS and _between_operands(text, position):
        said = _OPERATORS[character]
    if said:
        return list(_hanzi(said, position)), position + 1
    if _DOTTED.match(text, position):
        return list(_hanzi("点", position)), position + 1
    return _common(text, position)


def _english(text: str, position: int) -> tuple[list[Piece], int]:
    """As `_mandarin`, for a text without hanzi."""
    price = _ENGLISH_PRICE.match(text, position)
    if price:
        said = (price[2], _ENGLISH_CURRENCIES[price[1]])
        return [Piece(Kind.LATIN, word, position) for word in said], price.end()
    token = _ENGLISH_TOKEN.match(text, position)
    if token:
        said_number = token[0].replace("−", "-")
        if len(said_number) >= _TELEPHONE_DIGITS and said_number.isdecimal():
            return [Piece(Kind.LATIN, digit, position + i) for i, digit in enumerate(said_number)], token.end()
        return [Piece(Kind.LATIN, said_number, position)], token.end()
    symbol = "dot" if _DOTTED.match(text, position) else _ENGLISH_SYMBOLS.get(text[position], "")
    if symbol:
        return [Piece(Kind.LATIN, word, position) for word in symbol.split()], position + 1
    return _common(text, position)


def _common(text: str, position: int) -> tuple[list[Piece], int]:
    word = _LATIN_WORD.match(text, position)
    if word:
        return [Piece(Kind.LATIN, word[0].replace("’", "'"), position)], word.end()
    character = text[position]
    if _HANZI.match(character):
        return [Piece(Kind.HANZI, character, position)], position + 1
    kind = _PAUSE_KINDS.get(character)
    return ([Piece(kind, "", position)] if kind else []), position + 1


def _hanzi(said: str, offset: int) -> Iterator[Piece]:
    return (Piece(Kind.HANZI, character, offset) for character in said)


def _between_operands(text: str, position: int) -> bool:
    before, after = text[:position].rstrip(" "), text[position + 1 :].lstrip(" ")
    return bool(before and after) and (before[-1].isalnum() or before[-1] in "%)）") and after[0].isalnum()


def _without_idle_pauses(found: list[Piece]) -> list[Piece]:
    """Of several pauses in a row the longest; none at the beginning."""
    kept: list[Piece] = []
    for piece in found:
        if piece.kind in PAUSES and (not kept or kept[-1].kind in PAUSES):
            if kept and kept[-1].kind is Kind.COMMA:
                kept[-1] = piece
            continue
        kept.append(piece)
    return kept


# --- Rules for what has digits in it, the most special first ---------------------------------------------------------


def _read_date(match: re.Match[str]) -> Reading:
    return [
        (digit_by_digit(match[1]) + "年", match.start(1)),
        (integer(match[2].lstrip("0")) + "月", match.start(2)),
        (integer(match[3].lstrip("0")) + "日", match.start(3)),
    ]


def _read_time(match: re.Match[str]) -> Reading:
    hour = match[1] if len(match[1]) == 1 else match[1].removeprefix("0")
    reading = [("两点" if hour == "2" else integer(hour) + "点", match.start(1))]
    if match[2] != "00" or match[3]:
        reading.append((_two_figures(match[2]) + "分", match.start(2)))
    if match[3]:
        reading.append((_two_figures(match[3]) + "秒", match.start(3)))
    return reading


def _two_figures(digits: str) -> str:
    """05 -> 零五, 30 -> 三十."""
    return integer(digits) if digits != "00" else "零"


def _read_digits(match: re.Match[str], one: str = "一") -> Reading:
    signs = {"+": "加", ".": "点"}
    reading = []
    for index, character in enumerate(match[0], match.start()):
        said = digit_by_digit(character, one=one) if character.isdecimal() else signs.get(character, "")
        if said:
            reading.append((said, index))
    return reading


def _read_telephone(match: re.Match[str]) -> Reading:
    return _read_digits(match, one="幺")


def _read_price(match: re.Match[str]) -> Reading:
    return [(number(match[2]) + match[3] + _CURRENCIES[match[1]], match.start())]


def _read_share(match: re.Match[str]) -> Reading:
    whole = "百分之" if match[3] == "%" else "千分之"
    return [(("负" if match[1] else "") + whole + number(match[2]), match.start())]


def _read_fraction(match: re.Match[str]) -> Reading:
    return [(f"{integer(match[2])}分之{integer(match[1])}", match.start())]


def _read_score(match: re.Match[str]) -> Reading:
    return [(integer(match[1]) + "比", match.start(1)), (integer(match[2]), match.start(2))]


def _read_number(match: re.Match[str]) -> Reading:
    sign, digits, unit = match[1], match[2], match[3]
    after = match.string[match.end() : match.end() + 3]
    if len(digits) >= _TELEPHONE_DIGITS and digits.isdecimal() and not unit and not _is_amount(digits, after):
        return [
            ("负" if sign else "", match.start()),
            *((c, match.start(2) + i) for i, c in enumerate(_by_ones(digits))),
        ]
    pair = digits == "2" and (unit or after.lstrip(" ")[:1] in tuple(_PAIR_BEFORE))
    reading = [(("负" if sign else "") + ("两" if pair and unit not in ("℃", "°C") else number(digits)), match.start())]
    return [*reading, (_UNITS[unit], match.start(3))] if unit else reading


def _is_amount(digits: str, after: str) -> bool:
    return _COUNTED.match(after) is not None or digits.endswith("0000")


def _by_ones(digits: str) -> str:
    return digit_by_digit(digits, one="幺")


def _read_range(match: re.Match[str]) -> Reading:
    return [("到", match.start())]


def _ascii(pattern: str) -> re.Pattern[str]:
    r"""`\d` and `\w` are ASCII: digits of other scripts are passed over, and a hanzi before a minus is no operand."""
    return re.compile(pattern, re.ASCII)


_RULES: tuple[Rule, ...] = (
    (_ascii(r"(?<!\d)(\d{4})[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12]\d|3[01])(?!\d)"), _read_date),
    (_ascii(r"(?<!\d)(?:1[1-9]\d\d|20\d\d)(?=\s?年)"), _read_digits),
    (_ascii(r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?!\d)"), _read_time),
    (_ascii(r"(?<![\d+])(?:\+\d{1,3}[- ]?)?(?:1\d{2}[- ]\d{4}[- ]\d{4}|0\d{2,3}-\d{7,8})(?!\d)"), _read_telephone),
    (_ascii(r"(?:(?<!\d)400-\d{3,4}-\d{3,4}|\d{3}-\d{3,4}-\d{4}|\+\d{8,15})(?!\d)"), _read_telephone),
    (_ascii(rf"([¥￥$€£])\s?({_NUMBER})\s?([万亿千百]*)元?"), _read_price),
    (_ascii(rf"({_MINUS})({_NUMBER})\s?([%‰])"), _read_share),
    (_ascii(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])"), _read_fraction),
    (_ascii(r"(?<!\d)(\d{1,4})[:：](\d{1,4})(?!\d)"), _read_score),
    (_ascii(r"\d+(?:\.\d+){2,}"), _read_digits),
    (_ascii(rf"({_MINUS})({_NUMBER})(?:\s?({_UNIT})(?![A-Za-z]))?"), _read_number),
    (_RANGE, _read_range),
)
