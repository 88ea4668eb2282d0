"""Signs of listening, as recognisers write them, and the beginnings of requests that look like them."""

from __future__ import annotations

import pytest

from autoglm_agent.runtime.backchannels import is_listening


@pytest.mark.parametrize(
    "words",
    [
        "嗯",
        "恩恩",
        "嗯嗯嗯",
        "好的。",
        "对队",
        "对，对，对",
        "哦 原来如此",
        "嗯，知道了",
        "好好好",
        "OK",
        "Uh-huh.",
        "嗯 ok",
    ],
)
def test_signs_of_listening_are_known_alone_and_in_a_row(words) -> None:
    assert is_listening(words)


@pytest.mark.parametrize("words", ["知", "原来", "没", "嗯知道", "ye"])
def test_what_may_become_one_is_waited_for(words) -> None:
    assert is_listening(words)


@pytest.mark.parametrize(
    "words",
    ["", "停", "不对", "不", "等一下", "好了", "好像不对", "对不起", "知道为什么吗", "是不是", "明天", "yesterday"],
)
def test_words_that_want_something_are_none(words) -> None:
    assert not is_listening(words)


def test_whoever_goes_on_has_something_to_say() -> None:
    assert not is_listening("好" * 30)
