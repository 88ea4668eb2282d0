"""What listeners say without wanting the floor: 嗯, 好的, 对对, 原来如此 — and the ways a recogniser writes it.

A decision over words alone. That short sounds without words are none either is `turn_policy`'s.
"""

from __future__ import annotations

import re
from functools import lru_cache

WORDS = (
    "嗯", "哦", "啊", "呀", "好", "好的", "好吧", "好啊", "对", "对的", "对呀", "是", "是的", "是吗", "是啊", "行",
    "可以", "没错", "明白", "明白了", "知道了", "懂了", "原来如此", "原来是这样", "这样啊", "真的", "真的吗",
    "有道理", "uh huh", "mm hmm", "yeah", "yes", "okay", "ok", "right", "i see",
)  # fmt: skip
"""One or several of them, in any order. Not 好了 and 够了, which stop somebody, nor 不, which objects."""

ALIKE = {
    "嗯": "恩摁唔哼衡跟根奔分门安尔", "哦": "噢喔", "啊": "阿", "好": "号浩毫", "对": "队兑堆", "是": "适事世式",
    "的": "得地德", "行": "型形刑", "没": "每美梅", "错": "措挫", "明": "名鸣", "白": "百", "知": "之支", "道": "到",
    "原": "元圆源",
}  # fmt: skip
"""What a syllable without a sentence around it is written as instead. A hum has many spellings; none of them is a word
that somebody says alone."""

HEARD_AS = str.maketrans({written: said for said, others in ALIKE.items() for written in others})

_NOT_WORDS = re.compile(r"[^一-鿿a-z]+")
LONGEST = 16
"""Characters; who says more has something to say."""


@lru_cache(256)
def is_listening(transcript: str) -> bool:
    """Whether the words so far are only signs of listening, or the beginning of one. Nothing understood is neither."""
    said = _NOT_WORDS.sub(" ", transcript.lower().translate(HEARD_AS)).strip()
    said = re.sub(r"(?<=[一-鿿]) | (?=[一-鿿])", "", said)
    if not said or len(said) > LONGEST:
        return False
    reached = {0}  # how far whole words can account for what was said
    for position in range(len(said)):
        if position not in reached:
            continue
        rest = said[position:].removeprefix(" ")
        if any(word.startswith(rest) for word in WORDS):
            return True
        reached.update(len(said) - len(rest) + len(word) for word in WORDS if rest.startswith(word))
    return len(said) in reached
