"""Clauses: early enough, long enough, never inside a word or a number, and always the text itself."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoglm_agent.voice.clauses import FIRST_ANYWHERE, LONGEST, SHORTEST, ClauseCutter


def clauses_of(*deltas):
    cutter = ClauseCutter()
    return [clause for delta in deltas for clause in cutter.feed(delta)] + cutter.flush()


TOKENS = st.sampled_from(
    [
        *'我们今天的了吗去看。！？；，、：\n .,!?:;"”（）…—😀',
        "3.5",
        "15:30",
        "1,000",
        "15：30",
        "hello",
        "don't",
        " the ",
        "二十六",
    ]
)
TEXTS = st.lists(st.one_of(TOKENS, st.characters(exclude_categories=["Cs"])), max_size=120).map("".join)


@given(TEXTS, st.data())
def test_joined_clauses_are_the_text_and_the_same_for_every_split(text, data):
    splits = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *splits, len(text)]
    clauses = clauses_of(*(text[a:b] for a, b in itertools.pairwise(edges)))
    assert "".join(clauses) == text
    assert clauses == clauses_of(text) == clauses_of(*text)
    assert all(clauses)


@given(TEXTS)
def test_clauses_are_bounded_on_both_sides(text):
    clauses = clauses_of(text)
    assert all(len(clause) <= LONGEST for clause in clauses)
    assert all(len(clause) >= SHORTEST for clause in clauses[1:-1])


@given(
    st.lists(
        st.sampled_from(["3.5", "15:30", "1,000", "hello", "don't", "3.11.2", "我们", "去吧", "，", " ", "。"]),
        max_size=80,
    )
)
def test_no_cut_falls_inside_a_number_or_a_word(parts):
    text = "".join(parts)
    whole = [match.span() for match in re.finditer(r"[A-Za-z']+|\d+(?:[.:,]\d+)*", text)]
    at = 0
    clauses = clauses_of(text)
    if any(end - start > LONGEST // 2 for start, end in whole):
        return  # beyond what a word or a number can be
    for clause in clauses[:-1]:
        at += len(clause)
        assert not any(start < at < end for start, end in whole), (text, at)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("好的，今天天气很好，我们去公园吧。", ["好的，", "今天天气很好，", "我们去公园吧。"]),
        ("温度是3.5度，时间是15:30，一共1,000元。", ["温度是3.5度，", "时间是15:30，", "一共1,000元。"]),
        ("Hello, this is it. Bye now.", ["Hello,", " this is it.", " Bye now."]),
        ("Version 3.5 works.", ["Version 3.5 works."]),
        ("嗯。好。对。就这么办。", ["嗯。", "好。对。就这么办。"]),
        ("现在是：北京时间15：30整。", ["现在是：", "北京时间15：30整。"]),
        ("\n\n你好。", ["\n\n你好。"]),
        ("", []),
        ("🎉", ["🎉"]),
    ],
)
def test_cuts_where_a_speaker_would_pause(text, clauses):
    assert clauses_of(text) == clauses


def test_the_first_clause_is_given_before_the_sentence_ends():
    cutter = ClauseCutter()
    assert cutter.feed("今天北京的天气晴朗微风，") == ["今天北京的天气晴朗微风，"]
    cutter = ClauseCutter()
    given_after = next(n for n in range(1, 60) if cutter.feed("我"))
    assert given_after == FIRST_ANYWHERE + 1
    assert ClauseCutter().feed("今天我在路上看见了很多的漂亮小花") == ["今天我在路上看见了很多的"]


def test_a_full_stop_of_a_chinese_sentence_needs_no_next_character():
    assert ClauseCutter().feed("好的。") == ["好的。"]


def test_after_flush_another_answer_begins():
    cutter = ClauseCutter()
    assert cutter.feed("好的，没") == ["好的，"]
    assert cutter.flush() == ["没"]
    assert cutter.feed("嗯，好") == ["嗯，"]
