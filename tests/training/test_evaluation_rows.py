"""Every row is scored rightly: an oracle reaches the top of each, a mute and deaf subject the bottom."""

import random

import numpy as np
import pytest

from autoglm_agent.training.evaluate.answer_keys import micro_f1
from autoglm_agent.training.evaluate.eval_cases import Heard, Reply, is_right, perfect, wanted_at
from autoglm_agent.training.evaluate.eval_gate import auc
from autoglm_agent.training.evaluate.eval_recordings import HeldOut
from autoglm_agent.training.evaluate.eval_replies import f1
from autoglm_agent.training.evaluate.eval_rows import AMOUNTS, Context, Measured, Spec, gain, rows_of
from autoglm_agent.training.evaluate.eval_sets import Material, open_sentences
from autoglm_agent.training.evaluate.eval_speech import last_word_delay_ms
from autoglm_agent.training.evaluate.evaluation import GROUPS, measure
from autoglm_agent.training.pictures import labels, photos
from autoglm_agent.training.speech.speech_text import sentence_split

TAIL = 32_000
ZERO_FOR_ORACLE = {"refusals_needless"}
BY_NAME = {group.name: group for group in GROUPS}
HEARING = [group for group in GROUPS if group.title == "hearing"]
ANSWERING = [group for group in GROUPS if group.title not in ("hearing", "turns", "gate", "size and speed")]


class LengthCoded(Material):
    """Says nothing and draws nothing: the length of a wave tells which text it stands for."""

    def __init__(self, data=None):
        super().__init__(data=data)
        self.said = {}

    def wave(self, text):
        wave = np.full(4_000 + len(self.said), 1000, np.int16)
        self.said[len(wave)] = text
        return wave

    def speak(self, texts, *, lang=None):
        return [self.wave(text) for text in texts]

    def draw(self, pictures, name, *, blur_px=0.0):
        return [b"picture"] * len(pictures)

    renderer = None


class Recordings:
    """A data folder of three words and a photograph."""

    def __init__(self):
        self.material = None

    def recordings(self, source, count, seed):
        return [HeldOut(self.material.wave(text), text) for text in ("苹果", "香蕉", "飞机")]

    def photographs(self, count, seed):
        return [(each, b"photo") for each in photos.CLASSES]


class Oracle:
    """Knows every answer, and weighs as the gate should."""

    def __init__(self, material):
        self.material = material

    def answer(self, cases):
        return [[self.reply(case, ask) for ask in case.asks] for case in cases]

    def reply(self, case, ask):
        if not ask.gate_only:
            return perfect(case.sample)
        user = case.sample.messages[wanted_at(case.sample) - 1]
        text, image, speech = 0.2, 0.0, 0.0
        if user.picture is not None:
            image = 0.5 if case.sample.needs_image else 0.01
        if user.spoken:
            speech = 0.4
        total = text + image + speech
        return Reply(gate=(text / total, image / total, speech / total))

    def hear(self, waves, chunk_ms):
        said = self.material.said
        texts = [said.get(len(wave)) or said[len(wave) - TAIL] for wave in waves]
        return [Heard(text, ((320, text[:1]), (640, text))) for text in texts]


class Nobody:
    """Neither hears nor answers."""

    def answer(self, cases):
        return [[Reply() for _ in case.asks] for case in cases]

    def hear(self, waves, chunk_ms):
        return [Heard("", ()) for _ in waves]


def context(subject_of, amounts="tiny"):
    data = Recordings()
    material = LengthCoded(data)
    data.material = material
    return Context(subject=subject_of(material), amounts=AMOUNTS[amounts], material=material)


def rows(group, subject_of):
    return {row.key: row for row in measure([group], context(subject_of))}


def test_rows_have_keys_of_their_own():
    keys = [spec.key for group in GROUPS for spec in group.specs]
    assert len(keys) == len(set(keys)) > 60
    assert len(BY_NAME) == len(GROUPS)


@pytest.mark.parametrize("group", ANSWERING, ids=lambda group: group.name)
def test_an_oracle_answers_everything_right_and_an_empty_reply_nothing(group):
    best, worst = rows(group, Oracle), rows(group, lambda _: Nobody())
    for key, row in best.items():
        if row.value is None:  # a few samples may hold none of a kind
            assert key.startswith(("scene_", "tool_", "thinking_", "labels_fonts"))
            continue
        expected = 0.0 if row.unit == "points" or key in ZERO_FOR_ORACLE else 100.0
        assert row.value == expected, key
        assert worst[key].value == 0.0, key
        assert row.n > 0


@pytest.mark.parametrize("group", [g for g in HEARING if g.name != "delay"], ids=lambda group: group.name)
def test_perfect_hearing_has_no_errors_and_deafness_only_errors(group):
    best, worst = rows(group, Oracle), rows(group, lambda _: Nobody())
    assert {row.value for row in best.values()} == {0.0}
    assert {row.value for row in worst.values()} == {100.0}
    assert all(row.passed is not False for row in best.values())


def test_the_gate_of_an_oracle_passes_its_lines():
    found = rows(BY_NAME["gate"], Oracle)
    assert found["gate_auc"].value == 1.0
    assert found["gate_narrated"].value == 100.0
    assert found["gate_alone"].value == 100.0
    assert all(row.passed for row in found.values() if row.target)


def test_a_gate_that_never_moves_fails_its_lines():
    class Even(Oracle):
        def reply(self, case, ask):
            return Reply(gate=(1 / 3, 1 / 3, 1 / 3))

    found = rows(BY_NAME["gate"], Even)
    assert found["gate_auc"].value == 0.5
    assert [row.passed for row in found.values() if row.target] == [False] * 4


def test_without_a_gate_nothing_is_claimed():
    assert {row.note for row in rows(BY_NAME["gate"], lambda _: Nobody()).values()} == {"nothing was measured"}


def test_what_a_part_adds_is_the_difference_without_it():
    class NeedsPicture(Oracle):
        def reply(self, case, ask):
            return perfect(case.sample) if ask.image else Reply(text="不知道")

    found = rows(BY_NAME["joint"], NeedsPicture)
    assert (found["joint"].value, found["joint_no_picture"].value) == (100.0, 0.0)
    assert found["joint_gain_no_picture"].value == 100.0
    assert found["joint_gain_no_picture"].passed and found["joint_gain_uniform"].passed is False


def test_a_gain_by_thinking_is_seen():
    class Thinker(Oracle):
        def reply(self, case, ask):
            return perfect(case.sample) if ask.think else Reply()

    found = rows(BY_NAME["thinking"], Thinker)
    assert (found["thinking_on"].value, found["thinking_gain"].value) == (100.0, 100.0)
    assert "n ≥ 500" in found["thinking_gain"].note


def test_what_is_claimed_by_a_difference_is_asked_often_enough_in_full():
    assert min(AMOUNTS["full"].joint, AMOUNTS["full"].thinking) >= 500
    assert gain(Measured(90.0, 500), Measured(80.0, 500)) == Measured(10.0, 500)


def test_a_call_where_none_is_wanted_is_wrong():
    sample = labels.ingredient_list(random.Random(0), "eval")
    reply = perfect(sample)
    assert is_right(sample, reply)
    reply.calls.append({"name": "search", "arguments": {}})
    assert not is_right(sample, reply)


def test_auc_counts_pairs_and_halves_ties():
    assert auc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auc([0.1, 0.2], [0.9, 0.8]) == 0.0
    assert auc([0.5, 0.5], [0.5]) == 0.5
    assert auc([0.9, 0.4], [0.5, 0.1]) == 0.75


def test_micro_f1_weighs_items_not_lists():
    assert micro_f1([(3, 0, 0), (0, 1, 1)]) == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    sample = labels.ingredient_list(random.Random(1), "eval")
    items = sample.answer["items"]
    half = Reply(text=f"配料有{'、'.join(items[:2])}。")
    expected = 100 * 2 * 2 / (2 * 2 + len(items) - 2)
    assert f1([(sample, half)]).value == pytest.approx(expected)


def test_the_delay_counts_from_the_last_sample_that_sounds():
    wave = np.concatenate([np.full(16_000, 5000, np.int16), np.zeros(8_000, np.int16)])
    heard = Heard("你好", ((640, "你"), (1280, "你好"), (1600, "你好")))
    assert last_word_delay_ms(wave, heard) == pytest.approx(280.0)
    assert last_word_delay_ms(wave, Heard("", ())) is None


def test_targets_judge_values_and_missing_ones_are_open():
    group = BY_NAME["refusals"]
    found = rows_of(group, {"refusals": Measured(90.0, 10)}, "why")
    assert [(row.value, row.passed, row.note) for row in found][:2] == [(90.0, True, ""), (None, None, "why")]
    assert Spec(key="k", title="t", at_most=5.0).passes(5.1) is False


def test_the_shipped_sentences_are_of_the_held_out_split():
    sentences = open_sentences(10_000)
    assert len(set(sentences)) == len(sentences) >= 800
    assert {sentence_split(sentence) for sentence in sentences} == {"eval"}
