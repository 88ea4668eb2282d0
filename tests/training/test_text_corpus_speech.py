"""The sentences for speech synthesis, the wording of numbers, and the pack of real dialogues."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from autoglm_agent.training.text import numerals
from autoglm_agent.training.text.phrases import compile_phrase, part
from autoglm_agent.training.text.raw_text import build_text_pack, raw_dialogues
from autoglm_agent.training.text.task_text import spoken_texts


def test_spoken_texts_are_distinct_and_the_splits_apart() -> None:
    train = list(spoken_texts(800, 1, "train"))
    held_out = list(spoken_texts(300, 1, "eval"))
    assert len(set(train)) == 800
    assert len(set(held_out)) == 300
    assert not set(train) & set(held_out)
    assert all("\u4e00" <= char <= "\u9fff" for text in train + held_out for char in text)
    assert list(spoken_texts(50, 1, "train")) == train[:50]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (26.5, "二十六点五"),
        (105, "一百零五"),
        (110, "一百一十"),
        (200, "两百"),
        (1005, "一千零五"),
        (2222, "两千两百二十二"),
        (10_500, "一万零五百"),
        (-3, "负三"),
        (0.1, "零点一"),
    ],
)
def test_numbers_are_said_as_in_mandarin(number: float, words: str) -> None:
    assert numerals.say_number(number) == words


def test_times_and_shares_are_said_as_in_mandarin() -> None:
    rng = random.Random(0)
    assert numerals.say_percent(50) == "百分之五十"
    assert numerals.say_percent(100) == "百分之百"
    assert {numerals.say_duration(1800, rng) for _ in range(40)} == {"半小时", "半个小时", "三十分钟"}
    assert numerals.say_duration(125, rng) == "两分五秒"
    assert numerals.say_clock(15 * 60 + 30, rng) == "下午三点半"
    assert numerals.say_clock(14 * 60, rng).startswith("下午两点")


def test_phrases_expand_their_options_and_slots() -> None:
    phrase = compile_phrase("把[{room}的]灯(打开|开开)到{level:b}")
    assert phrase.keys == {"room", "level"}
    texts = {phrase.text(random.Random(seed), {"room": "客厅", "level": "三"}) for seed in range(60)}
    assert texts == {"把灯打开到三", "把灯开开到三", "把客厅的灯打开到三", "把客厅的灯开开到三"}
    for broken in ("(a|b", "a)", "[a", "{}"):
        with pytest.raises(ValueError, match="phrase"):
            compile_phrase(broken)


def test_parting_is_stable_and_leaves_something_for_both() -> None:
    words = [f"w{index}" for index in range(20)]
    train, held_out = part(words, words)
    assert (train, held_out) == part(words, words)
    assert len(held_out) == 2
    assert sorted(train + held_out) == sorted(words)


def test_the_pack_cuts_real_dialogues_into_short_whole_turns(tmp_path: Path) -> None:
    source = tmp_path / "text"
    source.mkdir()
    dialogue = [
        ["client", "你好。" * 10],
        ["counselor", "请说。" * 10],
        ["client", "我" * 30],
        ["counselor", "嗯" * 300],
    ]
    with gzip.open(source / "smile_dialogues.jsonl.gz", "wt") as out:
        out.write(json.dumps(dialogue) + "\n")
    woz = {"1": {"messages": [{"role": "usr", "content": "找餐馆"}, {"role": "sys", "content": "好的"}]}}
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("val.json", json.dumps(woz))
    kd = [{"messages": [{"message": "知道他吗"}, {"message": "知道😀的"}, {"message": "没有回答"}]}]
    for name, member, data in (
        ("crosswoz.tar.gz", "data/crosswoz/val.json.zip", inner.getvalue()),
        ("kdconv.tar.gz", "data/film/dev.json", json.dumps(kd).encode()),
    ):
        with tarfile.open(source / name, "w:gz") as tar:
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    build_text_pack(source, tmp_path / "pack")
    samples = list(raw_dialogues(tmp_path / "pack"))
    texts = sorted([message.text for message in sample.messages] for sample in samples)
    assert texts == sorted([["你好。" * 10, "请说。" * 10], ["找餐馆", "好的"], ["知道他吗", "知道的"]])
    assert all(
        message.role == ("assistant" if index % 2 else "user")
        for sample in samples
        for index, message in enumerate(sample.messages)
    )
