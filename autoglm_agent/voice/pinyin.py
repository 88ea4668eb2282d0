"""Toned pinyin for espeak-ng's Mandarin, read by the phrase, with tone sandhi; by pypinyin, imported on first use.

Training has its own reading for labels (`training.speech.speech_phones`); this one serves the ear alone and gives one
syllable for each hanzi.
"""

from __future__ import annotations

import re

_COUNTED_ONE = re.compile(r"[第十百千万亿零点二三四五六七八九]一|一(?=[零二三四五六七八九点月])")
"""一 as a digit or an ordinal keeps its first tone; the general rule would change it."""
_INTERJECTIONS = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}
"""Syllables without a vowel, which espeak-ng would spell in English letters."""
_SYLLABLE = re.compile(r"([a-zê]+)([1-5])")


def syllables(hanzi: str) -> list[str]:
    """The syllable of each character (tone 5: neutral; ü as v); empty for one that has no reading."""
    from pypinyin import Style, lazy_pinyin  # 60 MB of dictionaries: only the synthesis process pays for them

    def read(part: str) -> list[str]:
        return list(lazy_pinyin(part, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True, v_to_u=False))

    toned = read(hanzi)
    if len(toned) != len(hanzi):  # unknown characters come back in one lump
        toned = [(read(character) or [""])[0] for character in hanzi]
    for position in (match.end() - 1 for match in _COUNTED_ONE.finditer(hanzi)):
        toned[position] = "yi1"
    return [_pronounceable(syllable) for syllable in toned]


def _pronounceable(syllable: str) -> str:
    match = _SYLLABLE.fullmatch(syllable)
    return _INTERJECTIONS.get(match[1], match[1]) + match[2] if match else ""
