"""The search of the second pass: paths that say the same count together, and neighbours decide what sounds alike."""

import gc
import math
import random

import pytest

from autoglm_agent.engine.ctc import GreedyCtc, Recognition
from autoglm_agent.engine.ctc_search import BEAM, CANDIDATES, CtcSearch, Prefix
from autoglm_agent.training.speech.ngram_counts import count_ngrams

BLANK, SPECIAL, VOCAB = 0, 2, 12


@pytest.fixture(scope="module")
def indifferent():
    """Every token is as likely as any other."""
    return count_ngrams([[token] for token in range(SPECIAL, VOCAB)] * 5, VOCAB, (1,))


@pytest.fixture(scope="module")
def knowing():
    """3 is followed by 4, and 6 by 7."""
    return count_ngrams([[3, 4], [6, 7], [3, 4, 6, 7]] * 50, VOCAB, (1, 1))


def frames(*rows):
    """Frames as {class: probability}: classes and log probabilities, best first."""
    ordered = [sorted(row.items(), key=lambda item: -item[1]) for row in rows]
    return [[i for i, _ in row] for row in ordered], [[math.log(p) for _, p in row] for row in ordered]


def searched(model, *rows):
    search = CtcSearch(model, BLANK, SPECIAL)
    search.push(*frames(*rows))
    return search.best()


def test_paths_that_say_the_same_count_together(indifferent):
    rows = [{BLANK: 0.4, 3: 0.35, 4: 0.25}, {BLANK: 0.4, 3: 0.35, 4: 0.25}]
    classes, _ = frames(*rows)
    assert [row[0] for row in classes] == [BLANK, BLANK], "the greedy path is silence"
    assert searched(indifferent, *rows) == [3], "3-, -3 and 33 together are likelier"


def test_a_repeat_needs_a_blank_between(indifferent):
    sure = {3: 0.98, BLANK: 0.02}
    assert searched(indifferent, sure, sure) == [3]
    assert searched(indifferent, sure, {BLANK: 0.98, 3: 0.02}, sure) == [3, 3]


def test_neighbours_decide_what_sounds_alike(knowing, indifferent):
    rows = [{3: 0.95, BLANK: 0.05}, {BLANK: 0.95, 3: 0.05}, {7: 0.5, 4: 0.45, BLANK: 0.05}]
    assert searched(indifferent, *rows) == [3, 7]
    assert searched(knowing, *rows) == [3, 4]
    clear = [*rows[:2], {7: 0.999, 4: 0.0005, BLANK: 0.0005}]
    assert searched(knowing, *clear) == [3, 7], "but not against the ear"


def test_special_tokens_are_never_told(indifferent):
    assert searched(indifferent, {1: 0.9, 5: 0.08, BLANK: 0.02}) == [5]


def test_a_copy_goes_its_own_way(knowing):
    search = CtcSearch(knowing, BLANK, SPECIAL)
    search.push(*frames({3: 0.9, BLANK: 0.1}, {BLANK: 1.0}))
    copy = search.fork()
    copy.push(*frames({4: 0.9, BLANK: 0.1}))
    assert search.best() == [3]
    assert copy.best() == [3, 4]


def test_hypotheses_that_lost_are_forgotten(indifferent):
    rng = random.Random(1)
    search = CtcSearch(indifferent, BLANK, SPECIAL)
    for _ in range(600):
        weights = [rng.random() for _ in range(CANDIDATES)]
        chosen = rng.sample(range(VOCAB), CANDIDATES)
        search.push(*frames({i: w / sum(weights) for i, w in zip(chosen, weights, strict=True)}))
    gc.collect()
    alive = sum(type(each) is Prefix for each in gc.get_objects())
    assert len(search.best()) > 100
    assert alive < 2 * len(search.best()) + 60 * BEAM, "one line of ancestors, and what the beam grew last"


def test_the_first_pass_is_told_while_the_utterance_lasts_and_the_second_when_it_ends(knowing):
    letters = [bytes([97 + i]) if i >= SPECIAL else b"" for i in range(VOCAB)]
    greedy = GreedyCtc(letters, BLANK, SPECIAL)
    recognition = Recognition(letters, greedy, CtcSearch(knowing, BLANK, SPECIAL))
    recognition.push(*frames({3: 0.95, BLANK: 0.05}, {BLANK: 0.95, 3: 0.05}, {7: 0.5, 4: 0.45, BLANK: 0.05}))
    copy = recognition.fork()
    assert recognition.text == "dh"
    recognition.end()
    assert recognition.text == "de"
    assert copy.text == "dh", "the copy has not ended"
    alone = Recognition(letters, GreedyCtc(letters, BLANK, SPECIAL), None)
    alone.push([[3], [BLANK]], [[0.0], [0.0]])
    alone.end()
    assert (alone.text, alone.num_candidates, recognition.num_candidates) == ("d", 1, CANDIDATES)
