"""The acoustic units of the auxiliary CTC: initials and toned finals of Mandarin, letters for English.

Text becomes pinyin as it is spoken (tone sandhi of 一, 不 and of third tones), so that the units match the
sound. The same pinyin is what the synthesis says and what words are scored by.
"""

from __future__ import annotations

import re
from functools import lru_cache

INITIALS = tuple("b p m f d t n l g k h j q x zh ch sh r z c s".split())
FINALS = tuple(
    "a o e ai ei ao ou an en ang eng ong er i ia ie iao iou ian in iang ing iong io "
    "u ua uo uai uei uan uen uang ueng v ve van vn ii".split()
)
"""Full spellings; `ii` is the apical vowel of zi, ci, si, zhi, chi, shi, ri."""
TONES = ("1", "2", "3", "4", "5")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
PHONES: tuple[str, ...] = (
    "<blank>",
    *INITIALS,
    *(final + tone for final in FINALS for tone in TONES),
    *(f"en_{letter}" for letter in LETTERS),
)
"""All units in a fixed order; index 0 is the blank of the CTC. Only append: trained checkpoints hold these indices."""
PHONE_INDEX: dict[str, int] = {phone: index for index, phone in enumerate(PHONES)}

_ZERO_INITIAL = dict(
    pair.split(":")
    for pair in (
        "yi:i ya:ia yo:io ye:ie yao:iao you:iou yan:ian yin:in yang:iang ying:ing yong:iong yu:v yue:ve yuan:van "
        "yun:vn wu:u wa:ua wo:uo wai:uai wei:uei wan:uan wen:uen wang:uang weng:ueng"
    ).split()
)
_SHORT_FINALS = {"iu": "iou", "ui": "uei", "un": "uen", "ue": "ve"}
_INTERJECTIONS = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei", "r": "er"}
_SYLLABLE = re.compile(r"([a-zê]+)([1-5])")
_INITIAL = re.compile(r"zh|ch|sh|[bpmfdtnlgkhjqxrzcs]")
_COUNTED_ONE = re.compile(r"[第十百千万零点二三四五六七八九]一|一(?=[零二三四五六七八九点])")
"""一 as a digit or an ordinal keeps its first tone; the general rule of pypinyin would change it."""
_TOKEN = re.compile(r"[一-鿿]+|[a-z]+")


@lru_cache(maxsize=4096)
def syllable_phones(pinyin: str) -> tuple[str, ...]:
    """The one or two units of a toned syllable: zhong1 -> (zh, ong1), yue4 -> (ve4,).

    Raises ValueError for what is no Mandarin syllable.
    """
    match = _SYLLABLE.fullmatch(pinyin)
    if match is None:
        raise ValueError(f"not a toned syllable: {pinyin!r}")
    letters, tone = _INTERJECTIONS.get(match[1], match[1]), match[2]
    if letters in _ZERO_INITIAL:
        return (_ZERO_INITIAL[letters] + tone,)
    initial_match = _INITIAL.match(letters)
    initial = initial_match[0] if initial_match else ""
    final = letters[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    if initial in ("zh", "ch", "sh", "r", "z", "c", "s") and final == "i":
        final = "ii"
    final = _SHORT_FINALS.get(final, final)
    if final + tone not in PHONE_INDEX:
        raise ValueError(f"not a Mandarin syllable: {pinyin!r}")
    return (initial, final + tone) if initial else (final + tone,)


def is_syllable(pinyin: str) -> bool:
    """True for a toned syllable that has units here."""
    try:
        syllable_phones(pinyin)
    except ValueError:
        return False
    return pinyin[:-1] not in _INTERJECTIONS


def pinyin_of(text: str) -> list[str]:
    """`text` as a list of toned syllables (tone 5: neutral, ü as v) and lower-case English words.

    Polyphones are read by the phrase they stand in (空调 kong1 tiao2, 银行 yin2 hang2).
    """
    from pypinyin import Style, lazy_pinyin  # 100 MB of dictionaries; only training needs them

    result: list[str] = []
    for token in _TOKEN.findall(text.lower()):
        if token[0] <= "z":
            result.append(token)
        else:
            toned = lazy_pinyin(token, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True, v_to_u=False)
            if len(toned) == len(token):
                for position in (match.end() - 1 for match in _COUNTED_ONE.finditer(token)):
                    toned[position] = "yi1"
            result.extend(toned)
    return result


def phones_of_pinyin(pinyin: list[str]) -> list[int]:
    """Indices into `PHONES` of syllables and English words as `pinyin_of` gives them; English is spelt in letters."""
    names: list[str] = []
    for item in pinyin:
        names.extend(syllable_phones(item) if item[-1].isdigit() else (f"en_{letter}" for letter in item))
    return [PHONE_INDEX[name] for name in names]


def phones_of(text: str) -> list[int]:
    """The unit sequence of a sentence, indices into `PHONES`. Raises ValueError for unreadable characters."""
    return phones_of_pinyin(pinyin_of(text))


def syllables(text: str, *, tones: bool) -> list[str]:
    """What a text sounds like, for scoring words with homophones: toned or toneless syllables, English words whole."""
    return [item if tones else item.rstrip("12345") for item in pinyin_of(text)]
