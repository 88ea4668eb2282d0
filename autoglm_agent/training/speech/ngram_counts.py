"""Counts sentences into the language model of recognition: n-grams with absolute discounting, pruned to a megabyte or two.

P(w | h) = (c(h, w) - D) / c(h) + D * N(h) / c(h) * P(w | h'), where N(h) counts what follows h and h' is h without its
first token (Ney, Essen and Kneser, 1994). Rare n-grams are dropped and their share goes to the back-off weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autoglm_agent.model.ngram import NGRAM_FILE, STEP, NgramModel, Order
from autoglm_agent.training.speech.pack import load_sentences, recorded_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

MIN_COUNTS = (2, 3, 4)
"""How often an n-gram of two, three, four tokens must occur to be kept; not falling, so that prefixes are kept as well."""


def count_ngrams(sentences: Iterable[Sequence[int]], vocab_size: int, min_counts: Sequence[int] = MIN_COUNTS) -> NgramModel:
    """The model of the sentences (token ids, none of them 0, which stands for the beginning)."""
    flat, place = _flattened(sentences)
    codes, counts = np.unique(flat[place > 0], return_counts=True)
    unigram = np.full(vocab_size, 0.1)  # what never occurred is unlikely, not impossible
    unigram[codes] += counts
    unigram[0] = 0
    unigram /= unigram.sum()
    lower_codes, lower = np.arange(vocab_size, dtype=np.int64), unigram
    kept = np.ones(vocab_size, bool)
    backoff_of: list[Floats] = []
    orders: list[tuple[Codes, Floats, Codes]] = []
    for n, least in enumerate(min_counts, start=2):
        codes, counts = _ngrams(flat, place, n, vocab_size)
        below = lower[np.searchsorted(lower_codes, codes % vocab_size ** (n - 1))]
        context = codes // vocab_size
        probability = _estimated(counts, context, below)
        mine = counts >= least
        parents = lower_codes[kept]
        at = np.searchsorted(parents, context[mine])
        left, right = np.ones(len(parents)), np.ones(len(parents))
        np.subtract.at(left, at, probability[mine])
        np.subtract.at(right, at, below[mine])
        backoff_of.append(left.clip(1e-6) / right.clip(1e-6))
        sizes = np.bincount(at, minlength=len(parents))
        orders.append((codes[mine] % vocab_size, probability[mine], sizes))
        lower_codes, lower, kept = codes, probability, mine
    backoff_of.append(np.ones(int(kept.sum())))
    built = [
        Order(tokens.astype(np.uint16), _steps(p), _steps(backoff), np.concatenate(([0], np.cumsum(sizes))).astype(np.int32))
        for (tokens, p, sizes), backoff in zip(orders, backoff_of[1:], strict=True)
    ]
    return NgramModel(_steps(unigram), _steps(backoff_of[0]), built)


def write_words(pack: Path, out: Path, *, commands: int, seed: int) -> Iterator[str]:
    """Count the training texts of a pack and of the tasks into `out`; yields a line for each step."""
    from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
    from autoglm_agent.training.text.task_text import spoken_texts

    tokenizer = AutoGLMTokenizer.from_pretrained(NANO_DIR)
    texts = load_sentences(pack, "train")
    yield f"{len(texts)} sentences"
    said = recorded_texts(pack)
    texts += 2 * [text for source, text in said if source == "hsk"] + [text for source, text in said if source == "word"]
    texts += spoken_texts(commands, seed, "train")
    model = count_ngrams((tokenizer.encode_ids(text) for text in texts), len(tokenizer))
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / NGRAM_FILE)
    yield f"{out / NGRAM_FILE}: {(out / NGRAM_FILE).stat().st_size / 1e6:.2f} MB from {len(texts)} texts"


def _flattened(sentences: Iterable[Sequence[int]]) -> tuple[Codes, Codes]:
    """All sentences one after another, each behind a 0; and each token's place in its sentence."""
    tokens: list[int] = []
    places: list[int] = []
    for sentence in sentences:
        tokens += (0, *sentence)
        places += range(len(sentence) + 1)
    return np.array(tokens, np.int64), np.array(places, np.int64)


def _ngrams(flat: Codes, place: Codes, n: int, vocab_size: int) -> tuple[Codes, Codes]:
    """The n-grams as numbers in base `vocab_size`, sorted, and how often each occurs."""
    ends = np.flatnonzero(place >= n - 1)
    code = np.zeros(len(ends), np.int64)
    for back in range(n - 1, -1, -1):
        code = code * vocab_size + flat[ends - back]
    codes, counts = np.unique(code, return_counts=True)
    return codes, counts


def _estimated(counts: Codes, context: Codes, below: Floats) -> Floats:
    """P of each n-gram's last token after its context, `below` being the estimates without the first token."""
    contexts, group = np.unique(context, return_inverse=True)
    total = np.bincount(group, counts, len(contexts))[group]
    followers = np.bincount(group, minlength=len(contexts))[group]
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    discount = once / max(1, once + 2 * twice)
    estimated: Floats = (counts - discount + discount * followers * below) / total
    return estimated


def _steps(values: Floats) -> NDArray[np.uint8]:
    """-log of the values in steps, as they are stored; weights above 1 count as 1."""
    steps: NDArray[np.uint8] = (-np.log(values.clip(1e-12)) / STEP).round().clip(0, 255).astype(np.uint8)
    return steps
