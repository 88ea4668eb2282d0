"""A small phrase grammar: `[optional]`, `(this|that)`, `{slot}` or `{slot:form}`. It knows nothing of tools or tasks.

A phrase is compiled once and expanded many times; expansion costs a few microseconds.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from zlib import crc32

from autoglm_agent.training.sample import Split

T = TypeVar("T")

EVAL_SHARE: Final = 8
"""One phrasing or value in this many is kept for evaluation."""

_SLOT: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NOT_SAID: Final = re.compile(r"[^\u4e00-\u9fff]")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Ref:
    """A slot in a phrase; `form` asks for a grammatical form of its text (as in `把灯{on:b}`)."""

    key: str
    form: str = ""


Piece = str | Ref
_Node = str | Ref | tuple[tuple["_Node", ...], ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase."""

    source: str
    nodes: tuple[_Node, ...]
    keys: frozenset[str]

    def expand(self, rng: random.Random) -> list[Piece]:
        """Choose among options and alternatives; slots stay as `Ref`."""
        out: list[Piece] = []
        _expand(self.nodes, rng, out)
        return out

    def text(self, rng: random.Random, values: dict[str, str] | None = None) -> str:
        """Expand and fill the slots from `values`."""
        return "".join(
            piece if isinstance(piece, str) else (values or {})[piece.key] for piece in self.expand(rng)
        )


def _expand(nodes: tuple[_Node, ...], rng: random.Random, out: list[Piece]) -> None:
    for node in nodes:
        if isinstance(node, tuple):
            _expand(node[int(rng.random() * len(node))], rng, out)
        else:
            out.append(node)


def compile_phrase(source: str) -> Phrase:
    """Parse one phrase; unbalanced brackets raise ValueError."""
    nodes, end = _parse(source, 0, "")
    if end != len(source):
        raise ValueError(f"unbalanced phrase: {source}")
    return Phrase(source, nodes, frozenset(match[1] for match in _SLOT.finditer(source)))


def _parse(source: str, at: int, closing: str) -> tuple[tuple[_Node, ...], int]:
    """Parse until `closing`; returns the nodes of the only branch, or one node holding the branches."""
    branches: list[tuple[_Node, ...]] = []
    nodes: list[_Node] = []
    while at < len(source) and source[at] != closing:
        char = source[at]
        if char in "[(":
            inner, at = _parse(source, at + 1, "]" if char == "[" else ")")
            options = inner[0]
            assert isinstance(options, tuple)
            nodes.append((*options, ()) if char == "[" else options)
        elif char == "|" and closing:
            branches.append(tuple(nodes))
            nodes = []
            at += 1
        elif char == "{":
            match = _SLOT.match(source, at)
            if match is None:
                raise ValueError(f"bad slot in phrase: {source}")
            nodes.append(Ref(match[1], match[2] or ""))
            at = match.end()
        elif char in "])":
            raise ValueError(f"unbalanced phrase: {source}")
        else:
            end = at
            while end < len(source) and source[end] not in "[](){}" and not (closing and source[end] == "|"):
                end += 1
            nodes.append(source[at:end])
            at = end
    if not closing:
        return tuple(nodes), at
    if at >= len(source):
        raise ValueError(f"unbalanced phrase: {source}")
    branches.append(tuple(nodes))
    return (tuple(branches),), at + 1


@dataclass(frozen=True, slots=True)
class PhraseSet:
    """Phrasings of one thing, parted into training and evaluation."""

    train: tuple[Phrase, ...]
    eval: tuple[Phrase, ...]

    def draw(self, rng: random.Random, split: Split) -> Phrase:
        """One phrasing of the split."""
        phrases = self.train if split == "train" else self.eval
        return phrases[int(rng.random() * len(phrases))]

    def text(self, rng: random.Random, split: Split, values: dict[str, str] | None = None) -> str:
        """One expanded phrasing with its slots filled."""
        return self.draw(rng, split).text(rng, values)


def phrases(*sources: str) -> PhraseSet:
    """Compile phrasings and part them by the hash of their source; sets of one or two serve both splits."""
    compiled = [compile_phrase(source) for source in sources]
    train, held_out = part(compiled, [phrase.source for phrase in compiled])
    return PhraseSet(tuple(train), tuple(held_out))


def part(items: Sequence[T], keys: Sequence[str]) -> tuple[list[T], list[T]]:
    """Part items by the hash of their keys: about one in `EVAL_SHARE` for evaluation, at least one if there are three."""
    if len(items) < 3:
        return list(items), list(items)
    order = sorted(range(len(items)), key=lambda index: crc32(keys[index].encode()))
    held_out = set(order[: max(1, len(items) // EVAL_SHARE)])
    return (
        [item for index, item in enumerate(items) if index not in held_out],
        [item for index, item in enumerate(items) if index in held_out],
    )


def belongs(text: str, split: Split) -> bool:
    """Whether an open value (a name, a made-up word) is of the split, by its hash."""
    return (crc32(text.encode()) % EVAL_SHARE == 0) == (split == "eval")


def said(text: str) -> str:
    """The text without punctuation and blanks, as a transcript has it."""
    return _NOT_SAID.sub("", text)


def is_sayable(text: str) -> bool:
    """Whether the text, punctuation aside, is all Chinese characters (the voice reads nothing else)."""
    return bool(_HAN.search(text)) and not re.search(r"[0-9A-Za-z\u3040-\u30ff\u00c0-\u024f%:+*/=<>{}$#@_℃-]", text)
