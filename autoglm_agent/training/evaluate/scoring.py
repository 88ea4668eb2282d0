"""Error rates. Characters for sentences, syllables for words; everything is micro-averaged over a set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_IGNORED = re.compile(r"[\s，。！？、；：,.!?;:“”‘’\"'（）()《》…—\-]+")
_LETTERS = re.compile(r"[a-z0-9]+|.")


def units(text: str) -> list[str]:
    """Characters of Chinese, words of English; punctuation, spaces and case do not count."""
    return [unit for part in text.lower().split() for unit in _LETTERS.findall(_IGNORED.sub("", part))]


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Levenshtein distance."""
    previous = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        current = [i]
        for j, got in enumerate(hypothesis, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (wanted != got)))
        previous = current
    return previous[-1]


def error_rate(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> float:
    """Errors per hundred reference units over the whole set."""
    errors = sum(edit_distance(r, h) for r, h in zip(references, hypotheses, strict=True))
    return 100.0 * errors / max(1, sum(len(r) for r in references))


def character_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """CER in per cent; an English word counts as one unit."""
    return error_rate([units(r) for r in references], [units(h) for h in hypotheses])


def syllable_error_rate(references: Sequence[str], hypotheses: Sequence[str], *, tones: bool = False) -> float:
    """Errors per hundred syllables, by default without tones: homophones are no errors."""
    from autoglm_agent.training.speech.speech_phones import syllables

    def read(text: str) -> list[str]:
        return syllables(text, tones=tones)

    return error_rate([read(r) for r in references], [read(h) for h in hypotheses])
