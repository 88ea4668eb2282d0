"""Marks to what was heard: the history is cut where the user interrupted."""

import pytest

from autoglm_agent.voice.speech import Mark, Speech

TEXT = "好的，26℃。"
SPEECH = Speech(pcm=bytes(48 * 1000), marks=(Mark(0, 0), Mark(1, 200), Mark(3, 500), Mark(5, 800)))


@pytest.mark.parametrize(
    ("heard_ms", "heard"),
    [
        (-5, ""),
        (0, ""),
        (100, ""),
        (101, "好"),
        (350, "好"),
        (351, "好的，"),
        (651, "好的，26"),
        (900, "好的，26"),
        (901, TEXT),
        (9_999, TEXT),
    ],
)
def test_a_word_counts_as_heard_once_more_than_half_of_it_sounded(heard_ms, heard):
    assert TEXT[: SPEECH.characters_heard(TEXT, heard_ms)] == heard


def test_nothing_is_heard_of_a_text_whose_first_word_was_cut_off_even_its_opening_quote():
    assert Speech(pcm=bytes(48 * 400), marks=(Mark(1, 0),)).characters_heard("“好", 100) == 0


def test_a_text_without_sound_counts_as_heard():
    assert Speech(pcm=b"", marks=()).characters_heard("🎉", 0) == 1


def test_duration_is_counted_in_samples_of_24_khz():
    assert SPEECH.duration_ms == 1000
