"""Sentences as they are heard, with the places where a speaker may pause: what `autoglm train turns` learns from.

Whole sentences are turns that ended. A pause can fall anywhere, most likely between words and where a comma stood.
Text only. A sentence's split is a hash of the sentence, or of its phrasing where the task's generators decide it.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from autoglm_agent.errors import InputError
from autoglm_agent.model.ngram import NGRAM_FILE, NgramModel
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.model.turn_ends import CONTEXT
from autoglm_agent.training.speech.speech_text import (
    bare,
    hash_share,
    held_out_pieces,
    hsk_sentences,
    hsk_split,
    pieces,
    raw_texts,
)
from autoglm_agent.training.text.english_text import english_sentences
from autoglm_agent.training.text.raw_text import PACK_NAME, raw_dialogues
from autoglm_agent.training.text.task_text import spoken_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from autoglm_agent.training.sample import Split

EVAL_SHARE = 0.02
LEAST_CHARACTERS = 2
"""Nobody pauses to think before the second character."""
LOOSE = 2.5
"""Natural logarithm by which a pair of characters is likelier than by chance, below which a word may end between them."""
ENGLISH_SHARE = 0.02
WORDS = (
    "你好 您好 嗨 谢谢 谢谢你 多谢 再见 拜拜 好 好的 好吧 对 对的 是 是的 不是 不对 不用 不要 不用了 停 停下 停止 暂停 继续 "
    "开始 取消 确定 可以 行 不行 算了 没有 没事 没关系 知道了 明白了 听到了 在吗 在不在 早 早上好 下午好 晚上好 晚安 救命 小声点 "
    "大声点 快点 慢点 回来 过来 走吧 别说了 再说一遍 下一首 上一首 换一首"
).split()
"""Turns of a word, which dialogues write as the beginning of a longer one (你好，……) and speakers let stand alone."""
WORD_SHARE, BRIEF, BRIEF_TIMES = 0.1, 6, 4
"""`WORDS` as a share of the rest; and how often a task's text of up to `BRIEF` characters is taken: few are made."""

_SENTENCE_END = re.compile(r"[。？！!?…\n~～]+|\.(?!\d)")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as it is heard, and after how many characters a comma stood."""

    text: str
    commas: tuple[int, ...] = ()


class WordGaps:
    """Finds where a word may end, by how strongly neighbours belong together in the recogniser's language model."""

    def __init__(self, directory: Path = NANO_DIR) -> None:
        self._directory = directory if (directory / NGRAM_FILE).is_file() else NANO_DIR
        self._tokens: dict[str, int] = {}

    def of(self, text: str) -> tuple[int, ...]:
        """After how many characters a word may end, the end of the text left out."""
        if text.isascii():
            return tuple(i for i, character in enumerate(text) if character == " ")
        tokens = [self._token(character) for character in text]
        score = self._words.score
        return tuple(
            i for i in range(LEAST_CHARACTERS, len(text))
            if score((tokens[i - 1],), tokens[i]) - score((), tokens[i]) < LOOSE
        )

    @cached_property
    def _words(self) -> NgramModel:
        return NgramModel.load(self._directory / NGRAM_FILE)

    @cached_property
    def _tokenizer(self) -> AutoGLMTokenizer:
        tokenizer: AutoGLMTokenizer = AutoGLMTokenizer.from_pretrained(NANO_DIR)
        return tokenizer

    def _token(self, character: str) -> int:
        if character not in self._tokens:
            self._tokens[character] = self._tokenizer.encode_ids(character)[0]
        return self._tokens[character]


def dialogue_sentences(data: Path, split: Split) -> list[Said]:
    """The sentences of the public dialogues in their order, repeated as said: of the sets themselves or `prepare`'s pack.

    What is often a whole turn (你好, 谢谢) must be often seen as one. Those of the two splits never meet.

    Raises:
        InputError: the folder holds neither.
    """
    held = held_out_pieces(data) if _is_public(data) else frozenset()
    return [
        said for text in _messages(data) for said in sentences(text)
        if (hash_share(said.text, "turn") < EVAL_SHARE) == (split == "eval") and said.text not in held
    ]


def turn_texts(data: Path, split: Split, *, dialogues: int, tasks: int, seed: int) -> list[Said]:
    """At most `dialogues` sentences of the public sets, `tasks` of our own tasks, a little English; shuffled."""
    rng = random.Random(seed)
    found = dialogue_sentences(data, split)
    rng.shuffle(found)
    found = found[:dialogues]
    for text in spoken_texts(tasks, seed, split, repeats=True):
        found += [Said(text)] * (BRIEF_TIMES if len(text) <= BRIEF else 1)
    if split == "train":  # there are no others of their kind to hold out
        found += [Said(word) for word in rng.choices(WORDS, k=round(WORD_SHARE * len(found)))]
    english = english_sentences(rng, round(ENGLISH_SHARE * len(found)))
    found += [Said(text) for text in english if (hash_share(text, "turn") < EVAL_SHARE) == (split == "eval")]
    rng.shuffle(found)
    return found


def sentences(text: str) -> Iterator[Said]:
    """The sentences of a text as they are heard; those with anything that is not said in Chinese are left out."""
    for sentence in _SENTENCE_END.split(text):
        parts = list(pieces(sentence))
        said = "".join(parts)
        if not LEAST_CHARACTERS <= len(said) <= CONTEXT or said != bare(sentence):
            continue
        ends = [sum(map(len, parts[: i + 1])) for i in range(len(parts) - 1)]
        yield Said(said, tuple(ends))


def _is_public(data: Path) -> bool:
    return (data / "speech" / "hsk_sentences.tsv").is_file()


def _messages(data: Path) -> Iterable[str]:
    if _is_public(data):
        held = {text for _, text in hsk_sentences(data) if hsk_split(text) == "eval"}
        return (text for text in raw_texts(data) if text not in held)
    if (data / "text" / PACK_NAME).is_file():
        return (message.text for sample in raw_dialogues(data / "text") for message in sample.messages)
    raise InputError(
        f"{data} is no data folder: neither speech/hsk_sentences.tsv (the public sets) nor text/{PACK_NAME} "
        "(the packs of `autoglm train prepare`) is in it; give one of the two."
    )
