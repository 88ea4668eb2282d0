"""The reader of transcripts that tells whether the user has finished: bounds, its file, and what nano's has learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autoglm_agent.errors import CheckpointError
from autoglm_agent.model.tokenizer import NANO_DIR
from autoglm_agent.model.turn_ends import CONTEXT, TURN_ENDS_FILE, TurnEnds, heard

CHARACTERS = "你好吗把灯打开"
WIDTH, UNITS = 6, 10


@pytest.fixture(scope="module")
def ends() -> TurnEnds:
    rng = np.random.default_rng(0)
    shapes = {
        "embedding": (len(CHARACTERS) + 1, WIDTH),
        "input": (3 * UNITS, WIDTH),
        "recurrent": (3 * UNITS, UNITS),
        "input_bias": (3 * UNITS,),
        "recurrent_bias": (3 * UNITS,),
        "output": (UNITS,),
        "bias": (1,),
    }
    return TurnEnds(CHARACTERS, {name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()})


def test_nothing_understood_is_undecided(ends: TurnEnds) -> None:
    assert ends.probability("") == ends.probability("。") == 0.5


def test_only_what_is_heard_counts(ends: TurnEnds) -> None:
    assert ends.probability("你好，把灯打开。") == ends.probability("你好把灯打开")
    assert ends.probability("你好") != ends.probability("好你")
    assert heard("Turn  ON 灯, 好！") == "turn on灯好"


def test_unknown_characters_are_one_another(ends: TurnEnds) -> None:
    assert ends.probability("你餐") == ends.probability("你馆") != ends.probability("你好")


def test_a_long_transcript_is_read_from_its_end(ends: TurnEnds) -> None:
    end = "把灯打开吗" * (CONTEXT // 5)
    assert ends.probability("你好" * 500 + end) == ends.probability(end)


def test_the_file_gives_the_same_judgement_back(ends: TurnEnds, tmp_path: Path) -> None:
    path = tmp_path / TURN_ENDS_FILE
    ends.save(path)
    again = TurnEnds.load(path)
    for text in ("你好", "把灯打开", "把灯", "餐馆"):
        assert again.probability(text) == pytest.approx(ends.probability(text), abs=0.03)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more"])
def test_a_broken_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / TURN_ENDS_FILE
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"turn_ends\.npz is broken"):
        TurnEnds.load(path)


@pytest.mark.trained
def test_nano_knows_a_command_from_its_beginning() -> None:
    ends = TurnEnds.load(NANO_DIR / TURN_ENDS_FILE)
    for whole, beginning in [
        ("今天天气怎么样", "今天天气"),
        ("帮我查一下北京的天气", "帮我查一下"),
        ("三加五等于几", "三加五等于"),
        ("把空调调到二十六度", "把空调调到二十六度然后"),
    ]:
        assert ends.probability(whole) > 0.5 > ends.probability(beginning), (whole, beginning)
