"""What the end of a turn is learned from, and that a little of it is learned; torch and numpy agree."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from autoglm_agent.errors import InputError
from autoglm_agent.model.turn_ends import TURN_ENDS_FILE, TurnEnds
from autoglm_agent.training.text.raw_text import PACK_NAME
from autoglm_agent.training.turns.turn_stage import (
    TurnNetwork,
    TurnStageConfig,
    fit,
    rows_of,
    separation,
    write_turns,
)
from autoglm_agent.training.turns.turn_texts import Said, WordGaps, dialogue_sentences, sentences

COMMANDS = [f"{begin}{thing}{end}" for begin in ("把", "帮我把", "请把") for thing in ("灯", "空调", "电视", "窗户")
            for end in ("打开", "关掉", "关上", "开一下")]  # fmt: skip
CHARACTERS = "".join(sorted(set("".join(COMMANDS))))


def test_sentences_are_as_heard_and_remember_their_commas() -> None:
    found = list(sentences("你好，我想找一家餐馆，评分4分以上。谢谢！OK？嗯"))
    assert found == [Said("你好我想找一家餐馆评分四分以上", (2, 9)), Said("谢谢")]


def test_word_gaps_lie_between_words() -> None:
    gaps = WordGaps().of("帮我查一下北京的天气")
    assert 5 in gaps and 4 not in gaps and 9 not in gaps
    assert WordGaps().of("turn on it") == (4, 7)


def test_an_end_weighs_as_much_as_all_pauses_together() -> None:
    rows = rows_of([Said("你好我想找一家餐馆", (2,)), Said("谢谢")], "你好我想", WordGaps())
    assert rows.ends.sum(1).tolist() == [1, 1]
    assert rows.weights[0, :8].sum() == pytest.approx(1)
    assert rows.weights[0, 1] == rows.weights[0].max(where=rows.ends[0] == 0, initial=0)
    assert rows.weights[0, 0] == 0  # nobody pauses after one character
    assert rows.ids[0, :4].tolist() == [1, 2, 3, 4] and rows.ids[0, 4] == 0


def no_noise(characters: str) -> np.ndarray:
    return np.repeat(np.arange(len(characters) + 1)[:, None], 4, axis=1)


def test_torch_and_numpy_give_the_same_probabilities() -> None:
    torch.manual_seed(0)
    network = TurnNetwork(len(CHARACTERS))
    portable = network.portable(CHARACTERS)
    for text in COMMANDS[:5]:
        ids = torch.tensor([[CHARACTERS.index(character) + 1 for character in text]])
        assert portable.probability(text) == pytest.approx(torch.sigmoid(network(ids))[0, -1].item(), abs=1e-5)


def test_a_command_and_its_beginning_are_learned_apart_and_the_same_twice() -> None:
    texts, gaps = [Said(text) for text in COMMANDS], WordGaps()
    found = []
    for _ in range(2):
        network = TurnNetwork(len(CHARACTERS))
        rows = rows_of(texts, CHARACTERS, gaps)
        lines = list(fit(network, rows, TurnStageConfig(epochs=60), no_noise(CHARACTERS)))
        found.append(network.portable(CHARACTERS))
    assert len(lines) == 60
    assert found[0].probability("把灯打开") == found[1].probability("把灯打开") > 0.8
    assert found[0].probability("帮我把空调") < 0.2
    assert separation(found[0], texts, gaps) > 0.95


def test_the_stage_adds_a_small_file_to_a_checkpoint_from_the_packs(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    turns = [
        [f"你好，我想去{place}。{place}在哪里？", "请稍等。"] for place in ("北京", "上海", "故宫", "长城", "动物园")
    ]
    with gzip.open(tmp_path / "text" / PACK_NAME, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in turns * 20)
    config = TurnStageConfig(dialogues=100, tasks=100, epochs=1)
    lines = list(write_turns(tmp_path, tmp_path / "nano", config))
    assert "an end scores above a pause" in lines[-1]
    assert 0 < TurnEnds.load(tmp_path / "nano" / TURN_ENDS_FILE).probability("你好") < 1


def test_the_splits_never_meet_and_a_folder_without_texts_says_so(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    turns = [
        [f"我有{a}个{b}。", "好。"]
        for a in ("一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "很多", "几", "好多", "好几", "不少")
        for b in ("苹果", "梨", "朋友", "问题", "孩子", "想法", "同学", "老师", "房间", "杯子")
    ]
    with gzip.open(tmp_path / "text" / PACK_NAME, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in turns)
    train, held_out = (dialogue_sentences(tmp_path, split) for split in ("train", "eval"))
    assert len(train) > len(held_out) > 0
    assert not {said.text for said in train} & {said.text for said in held_out}
    with pytest.raises(InputError, match="is no data folder"):
        dialogue_sentences(tmp_path / "text", "train")
