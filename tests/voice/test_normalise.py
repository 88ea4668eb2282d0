"""Texts as they are said: numbers, signs and foreign words; nothing is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoglm_agent.voice.normalise import PAUSES, Kind, pieces
from autoglm_agent.voice.numerals import integer
from autoglm_agent.voice.pinyin import syllables


def said(text):
    shown = {Kind.COMMA: "，", Kind.STOP: "。", Kind.QUESTION: "？"}
    words = [
        f" {piece.said} " if piece.kind is Kind.LATIN else piece.said or shown[piece.kind] for piece in pieces(text)
    ]
    return "".join(words).replace("  ", " ").strip()


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("现在26℃，湿度50%。", "现在二十六摄氏度，湿度百分之五十。"),
        ("2026年5月1日15:30", "二零二六年五月一日十五点三十分"),
        ("2026-05-01见", "二零二六年五月一日见"),
        ("8:05和12:00和2:30", "八点零五分和十二点和两点三十分"),
        ("１５：３０开会", "十五点三十分开会"),
        ("-5℃到3.5℃", "负五摄氏度到三点五摄氏度"),
        ("温度-10~5℃", "温度负十到五摄氏度"),
        ("20%-30%", "百分之二十到百分之三十"),
        ("3-5天", "三到五天"),
        ("电话13800001234", "电话幺三八零零零零幺二三四"),
        ("拨010-65529988", "拨零幺零六五五二九九八八"),
        ("人口1400000000人", "人口十四亿人"),
        ("价格¥1,234.5元", "价格一千二百三十四点五元"),
        ("才$5", "才五美元"),
        ("2个人，2月2日", "两个人，二月二日"),
        ("比分3:2", "比分三比二"),
        ("占1/2", "占二分之一"),
        ("1+1=2", "一加一等于二"),
        ("时速120km/h", "时速一百二十公里每小时"),
        ("用Python 3.11.2吧", "用 Python 三点一一点二吧"),
        ("**你好**：\n- 苹果\n- 香蕉", "你好。苹果。香蕉"),
        ("it is 26℃, 3.5% and $5!", "it is 26 degrees Celsius ， 3.5 percent and 5 dollars 。"),
        ("see example.com", "see example dot com"),
        ("😀你好🎉！", "你好。"),
        ("うれしい", ""),
        ("", ""),
    ],
)
def test_says(text, spoken):
    assert said(text) == spoken


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("0", "零"),
        ("10", "十"),
        ("12", "十二"),
        ("110", "一百一十"),
        ("200", "二百"),
        ("1001", "一千零一"),
        ("2000", "两千"),
        ("10500", "一万零五百"),
        ("20050", "两万零五十"),
        ("100010", "十万零一十"),
        ("120000", "十二万"),
        ("100000001", "一亿零一"),
        ("007", "零零七"),
    ],
)
def test_integers_are_read_as_in_mandarin(digits, spoken):
    assert integer(digits) == spoken


@given(st.text(max_size=60))
def test_any_text_gives_pieces_in_order_of_the_text(text):
    found = pieces(text)
    offsets = [piece.offset for piece in found]
    assert offsets == sorted(offsets)
    assert all(0 <= offset < len(text) for offset in offsets)
    assert all(piece.said or piece.kind in PAUSES for piece in found)


def test_a_number_points_at_itself_and_its_unit():
    assert [(piece.said, piece.offset) for piece in pieces("是26℃")] == [
        ("是", 0), ("二", 1), ("十", 1), ("六", 1), ("摄", 3), ("氏", 3), ("度", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hanzi", "pinyin"),
    [
        ("你好", "ni2 hao3"),
        ("银行很行", "yin2 hang2 hen3 xing2"),
        ("一百零一", "yi4 bai3 ling2 yi1"),
        ("不是", "bu2 shi4"),
        ("绿", "lv4"),
        ("嗯", "en2"),
    ],
)
def test_hanzi_are_read_by_the_phrase_with_sandhi(hanzi, pinyin):
    assert " ".join(syllables(hanzi)) == pinyin


def test_every_hanzi_gets_one_syllable_or_none():
    rare = "㐀龘你〇鿿好"
    assert len(syllables(rare)) == len(rare)
