"""The language model of recognition: a proper distribution, what it learnt, and that it survives its file."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import pytest

from autoglm_agent.errors import CheckpointError
from autoglm_agent.model.ngram import NgramModel
from autoglm_agent.training.speech.ngram_counts import count_ngrams

VOCAB = 12
SENTENCES = [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 6], [7, 2, 3, 4], [1, 2, 3, 4]]


@pytest.fixture(scope="module")
def model() -> NgramModel:
    rng = random.Random(0)
    noise = [[rng.randrange(1, VOCAB) for _ in range(6)] for _ in range(300)]
    return count_ngrams([*SENTENCES * 20, *noise], VOCAB, (1, 2, 3))


def test_the_probabilities_after_any_context_sum_to_one(model: NgramModel) -> None:
    for context in [(), (0,), (1, 2), (1, 2, 3), (9, 9, 9), (0, 11, 1), (5, 1, 2, 3)]:
        total = sum(math.exp(model.score(context, token)) for token in range(1, VOCAB))
        assert total == pytest.approx(1, abs=0.06), context  # half a step of 0.06 in each


def test_what_followed_before_is_expected_again(model: NgramModel) -> None:
    assert model.score((1, 2, 3), 4) > model.score((1, 2, 3), 5) > model.score((1, 2, 3), 9)
    assert model.score((0,), 1) > model.score((0,), 2), "sentences begin with 1"
    assert model.score((8, 2, 3), 4) > math.log(0.3), "an unknown beginning does not matter"


def test_only_the_last_tokens_of_a_context_matter(model: NgramModel) -> None:
    for before, token in itertools.product(([9, 9], [1]), range(1, VOCAB)):
        assert model.score((*before, 1, 2, 3), token) == model.score((1, 2, 3), token)


def test_pruning_keeps_the_distribution_proper() -> None:
    pruned = count_ngrams(SENTENCES * 3, VOCAB, (4, 6, 6))
    for context in [(1,), (1, 2), (7,), (7, 2, 3)]:
        assert sum(math.exp(pruned.score(context, token)) for token in range(1, VOCAB)) == pytest.approx(1, abs=0.06)


def test_a_saved_model_scores_the_same_and_a_broken_file_is_told(model: NgramModel, tmp_path: Path) -> None:
    model.save(tmp_path / "ngram.npz")
    again = NgramModel.load(tmp_path / "ngram.npz")
    for context in itertools.product(range(VOCAB), repeat=2):
        assert [again.score(context, t) for t in range(VOCAB)] == [model.score(context, t) for t in range(VOCAB)]
    (tmp_path / "ngram.npz").write_bytes((tmp_path / "ngram.npz").read_bytes()[:200])
    with pytest.raises(CheckpointError, match=r"ngram\.npz is broken .* copy or save it again"):
        NgramModel.load(tmp_path / "ngram.npz")
