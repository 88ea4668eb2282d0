"""The sentences of the speech corpus, their numbers, splits, pinyin and units."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from autoglm_agent.training.speech import speech_text
from autoglm_agent.training.speech.speech_phones import (
    PHONE_INDEX,
    PHONES,
    is_syllable,
    phones_of,
    phones_of_pinyin,
    pinyin_of,
    syllable_phones,
    syllables,
)
from autoglm_agent.training.text.spoken_numbers import spoken_form


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("26", "二十六"),
        ("3.5", "三点五"),
        ("12:30", "十二点三十分"),
        ("12：05", "十二点零五分"),
        ("8:00", "八点"),
        ("25%", "百分之二十五"),
        ("2019-03-05", "二零一九年三月五日"),
        ("2021年5月", "二零二一年五月"),
        ("10500", "一万零五百"),
        ("20010", "二万零一十"),
        ("100-150元", "一百到一百五十元"),
        ("2个", "两个"),
        ("12个", "十二个"),
        ("-5度", "负五度"),
        ("1,200元", "一千二百元"),
        ("13800138000", "幺三八零零幺三八零零零"),
        ("100000000", "一亿"),
        ("3/4", "四分之三"),
    ],
)
def test_numbers_are_written_out_as_spoken(written: str, spoken: str) -> None:
    assert spoken_form(written) == spoken


def test_pieces_are_split_at_punctuation_and_drop_other_scripts() -> None:
    text = "您好,房价是3.5元!(见附录)打开KTV。12:30见"
    assert list(speech_text.pieces(text)) == ["您好", "房价是三点五元", "见附录", "十二点三十分见"]


def test_bare_text_has_no_punctuation_and_keeps_english_words_apart() -> None:
    assert speech_text.bare("老师,您好!Open the door.") == "老师您好open the door"


def _tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, payload in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(payload)
            archive.addfile(info, io.BytesIO(payload))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder in miniature: the same layout, invented content."""
    speech, text = tmp_path / "speech", tmp_path / "text"
    speech.mkdir()
    text.mkdir()
    numbers = [spoken_form(str(value)) for value in range(100, 400)]
    rows = [f"h{index}.mp3\t今天一共有{number}个学生。" for index, number in enumerate(numbers)]
    (speech / "hsk_sentences.tsv").write_text("file\ttext\n" + "\n".join(rows), encoding="utf-8")
    _tar(speech / "audio_cmn_words.tar", {f"words/{number}个.mp3": b"" for number in numbers})
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as inner:
        inner.writestr("val.json", json.dumps({"1": {"messages": [{"content": "今天一共有二十个学生"}] * 50}}))
    _tar(text / "crosswoz.tar.gz", {"data/crosswoz/val.json.zip": zipped.getvalue()})
    _tar(text / "kdconv.tar.gz", {"data/film/dev.json": json.dumps([{"messages": [{"message": "好" * 9}]}]).encode()})
    with gzip.open(text / "smile_dialogues.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.write(json.dumps([["client", "今天一共有三十个学生,今天一共有龘十个学生"]]) + "\n")
    return tmp_path


def test_held_out_recordings_are_never_synthesised(data_dir: Path) -> None:
    sentences = set(speech_text.build_sentences(data_dir, limit=2_000))
    held = speech_text.held_out_pieces(data_dir)
    written = {speech_text.bare(text) for _, text in speech_text.hsk_sentences(data_dir)}
    assert 5 < len(held & written) < 60
    assert not held & sentences
    assert len(written & sentences) > 200


def test_sentences_are_distinct_reproducible_and_of_common_characters(data_dir: Path) -> None:
    sentences = speech_text.build_sentences(data_dir, limit=2_000)
    assert sentences == speech_text.build_sentences(data_dir, limit=2_000)
    assert len(sentences) == len(set(sentences))
    assert "今天一共有三十个学生" in sentences
    assert not any("龘" in sentence or "好好好" in sentence for sentence in sentences)
    assert any(sentence.isascii() for sentence in sentences)
    assert len(speech_text.build_sentences(data_dir, limit=100)) == 100


def test_sentence_file_round_trips_and_splits_are_disjoint(tmp_path: Path) -> None:
    sentences = [f"第{spoken_form(str(value))}句话" for value in range(2_000)]
    path = tmp_path / "sentences.txt.gz"
    speech_text.write_sentences(path, sentences)
    assert speech_text.read_sentences(path) == sentences
    train, evaluation = speech_text.read_sentences(path, "train"), speech_text.read_sentences(path, "eval")
    assert not set(train) & set(evaluation)
    assert len(train) + len(evaluation) == 2_000
    assert 5 <= len(evaluation) <= 45


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("打开空调", "da3 kai1 kong1 tiao2"),
        ("银行", "yin2 hang2"),
        ("旅行", "lv3 xing2"),
        ("你好", "ni2 hao3"),
        ("不是", "bu2 shi4"),
        ("一个", "yi2 ge4"),
        ("第一名", "di4 yi1 ming2"),
        ("二十一度", "er4 shi2 yi1 du4"),
        ("你好吗", "ni2 hao3 ma5"),
        ("open 门", "open men2"),
    ],
)
def test_pinyin_is_what_a_speaker_says(text: str, pinyin: str) -> None:
    assert pinyin_of(text) == pinyin.split()


def test_phones_are_initials_and_toned_finals() -> None:
    assert [PHONES[index] for index in phones_of("去学院知")] == ["q", "v4", "x", "ve2", "van4", "zh", "ii1"]
    assert [PHONES[index] for index in phones_of("ok 酒")] == ["en_o", "en_k", "j", "iou3"]


def test_phone_list_is_fixed_and_distinct() -> None:
    assert PHONES[0] == "<blank>"
    assert len(set(PHONES)) == len(PHONES) == 238
    assert (PHONE_INDEX["b"], PHONE_INDEX["a1"], PHONE_INDEX["en_a"]) == (1, 22, 212)


def test_every_common_character_has_phones_and_no_two_syllables_share_them() -> None:
    spelt: dict[tuple[int, ...], str] = {}
    characters = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFA)]
    for character in characters:
        (pinyin,) = pinyin_of(character)
        assert spelt.setdefault(tuple(phones_of(character)), pinyin) == pinyin
    assert len(spelt) > 1_000


@pytest.mark.parametrize("wrong", ["hello", "zhong", "zhong6", "xq1", "ma0", ""])
def test_what_is_no_syllable_is_refused(wrong: str) -> None:
    assert not is_syllable(wrong)
    with pytest.raises(ValueError, match="syllable"):
        syllable_phones(wrong)


def test_homophones_score_equal_by_syllable() -> None:
    assert syllables("银航", tones=True) == syllables("银行", tones=True)
    assert syllables("买", tones=True) != syllables("卖", tones=True)
    assert syllables("买", tones=False) == syllables("卖", tones=False)
    assert phones_of("银行") == phones_of_pinyin(["yin2", "hang2"])
