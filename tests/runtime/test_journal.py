"""The journal alone: what followed an event, as far back as its memory goes."""

from __future__ import annotations

import json
import sys

import pytest

from autoglm_agent.runtime.journal import Journal


def event(number: int, **fields) -> str:
    return json.dumps({"type": "x", "event_id": f"event_{number}", **fields})


def filled(count: int = 5, **options) -> Journal:
    journal = Journal(**options)
    journal.add([event(number) for number in range(count)])
    return journal


@pytest.mark.parametrize("seen", range(5))
def test_it_gives_what_followed(seen) -> None:
    assert filled().after(f"event_{seen}") == [event(number) for number in range(seen + 1, 5)]


def test_what_was_seen_is_forgotten_and_the_same_question_gets_the_same_answer() -> None:
    journal = filled()
    before = journal.held_bytes
    first = journal.after("event_2")
    assert journal.held_bytes < before
    assert journal.after("event_2") == first
    assert journal.after("event_1") is None


@pytest.mark.parametrize("seen", ["event_9", "", None])
def test_an_event_it_does_not_know_has_no_answer(seen) -> None:
    assert filled().after(seen) is None


def test_a_return_may_be_named_by_its_own_event_too() -> None:
    journal = filled()
    missed = journal.after("event_2")
    for number in range(100, 110):
        journal.welcomed(event(number), is_complete=True)
    assert journal.after("event_109") == missed
    assert journal.after("event_2") == missed
    assert journal.after("event_3") == missed[1:]
    assert journal.after("event_109") is None


def test_after_a_snapshot_only_what_is_new_counts() -> None:
    journal = filled()
    journal.welcomed(event(100), is_complete=False)
    journal.add([event(5)])
    assert journal.after("event_4") is None
    assert journal.after("event_100") == [event(5)]


def test_the_oldest_make_room_and_are_then_missed() -> None:
    size = sys.getsizeof(event(0))
    journal = filled(8, max_bytes=3 * size)
    assert journal.held_bytes == 3 * size
    assert journal.after("event_4") is None
    assert journal.after("event_5") == [event(6), event(7)]
    journal.add([event(8), event(9)])
    assert journal.after("event_6") is None  # 7 is gone by now, wherever the client stood


def test_an_event_larger_than_the_journal_is_not_kept() -> None:
    journal = filled(max_bytes=1000)
    journal.add([event(5, text="x" * 2000)])
    assert journal.held_bytes == 0
    assert journal.after("event_4") is None


def test_ids_that_a_client_chose_are_not_mistaken_for_ours() -> None:
    journal = Journal()
    journal.add([event(0, error={"event_id": "event_1"}), event(1), event(2)])
    assert journal.after("event_1") == [event(2)]
