"""Endpointing by table: a window is 100 ms here, so that the tables can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoglm_agent.audio.endpointing import Endpointer, EndpointingConfig
from autoglm_agent.events import SilenceBegan, SpeechResumed, SpeechStarted, SpeechStopped

PROBABILITY = {"_": 0.05, "~": 0.4, "S": 0.9}  # silence, in between the thresholds, speech


def endpointer(**config):
    settings = {"prefix_padding_ms": 300, "silence_duration_ms": 500, "min_speech_ms": 200, "silence_onset_ms": 200}
    return Endpointer(EndpointingConfig(**{**settings, **config}), window=100, sample_rate_hz=1000)


def listen(track, machine=None):
    machine = machine or endpointer()
    return [event for letter in track for event in machine.push(PROBABILITY[letter])]


def start(ms):
    return SpeechStarted(audio_start_ms=ms)


def silence(ms):
    return SilenceBegan(audio_end_ms=ms)


def resume(ms):
    return SpeechResumed(audio_ms=ms)


def stop(now, end):
    return SpeechStopped(audio_end_ms=now, speech_end_ms=end)


@pytest.mark.parametrize(
    ("track", "events"),
    [
        ("__________", []),
        ("~~~~~~~~~~", []),
        ("_____S____", []),  # a click
        ("_____SS", [start(200)]),
        ("SS", [start(0)]),  # the padding does not reach before the beginning
        ("_____S~", [start(200)]),  # a dip within the hysteresis does not undo the onset
        ("_____S_SS", [start(400)]),  # a click, then speech
        ("_____SSSSS_____", [start(200), silence(1000), stop(1500, 1000)]),
        ("_____SSSSS____", [start(200), silence(1000)]),  # the hold is not over
        ("_____SSSSS_SSS", [start(200)]),  # a gap inside a word
        ("_____SSSSS___SSS_____", [start(200), silence(1000), resume(1300), silence(1600), stop(2100, 1600)]),
        ("_____SSSSS~~~~~SS", [start(200)]),  # in between is still speech
        ("_____SSSSS__~~~~", [start(200), silence(1000), stop(1500, 1000)]),  # but does not take silence back
        ("_SS_____SS", [start(0), silence(300), stop(800, 300), start(800)]),  # padding stops at the last utterance
    ],
)
def test_events_follow_the_track(track, events):
    assert listen(track) == events


def test_a_hold_shorter_than_the_onset_of_silence_still_tells_both_in_order():
    assert listen("SS_", endpointer(silence_duration_ms=100)) == [start(0), silence(200), stop(300, 200)]


def test_no_hold_at_all_stops_at_the_first_silent_window():
    assert listen("SS_", endpointer(silence_duration_ms=0)) == [start(0), silence(200), stop(300, 200)]


def test_the_hold_may_change_while_it_runs():
    machine = endpointer(silence_duration_ms=500)
    assert listen("SSS___", machine) == [start(0), silence(300)]
    machine.config = EndpointingConfig(silence_duration_ms=300)
    assert listen("_", machine) == [stop(700, 300)]


def test_a_higher_threshold_hears_less():
    assert listen("SSSS", endpointer(threshold=0.95)) == []


@pytest.mark.parametrize(
    ("track", "events"),
    [
        ("", []),
        ("_S", []),
        ("SSS", [stop(300, 300)]),
        ("SSS_", [stop(400, 300)]),
        ("SSS___", [stop(600, 300)]),
        ("SSS_____", []),
    ],
)
def test_the_end_of_the_input_closes_what_is_open(track, events):
    machine = endpointer()
    listen(track, machine)
    assert list(machine.finish()) == events
    assert not machine.in_speech
    assert machine.finish() == ()


def test_a_reset_forgets_the_utterance_and_its_padding():
    machine = endpointer()
    listen("_SSS", machine)
    assert machine.in_speech
    machine.reset()
    assert not machine.in_speech
    assert listen("____SS", machine) == [start(500)]
    machine.reset()
    assert listen("SS", machine) == [start(1000)]


@given(st.text(alphabet="_~S", max_size=120))
def test_whatever_is_said_events_alternate_and_times_do_not_run_back(track):
    machine = endpointer()
    events = [*listen(track, machine), *machine.finish()]
    spans, speaking, holding, last_stop = [], False, False, 0
    for event in events:
        match event:
            case SpeechStarted(audio_start_ms=ms):
                assert not speaking
                assert ms >= last_stop
                speaking, began = True, ms
            case SilenceBegan():
                assert speaking and not holding
                holding = True
            case SpeechResumed():
                assert holding
                holding = False
            case SpeechStopped(audio_end_ms=now, speech_end_ms=end):
                assert speaking
                assert began < end <= now
                spans.append((began, end))
                speaking, holding, last_stop = False, False, now
    assert not speaking
    assert machine.num_samples == 100 * len(track)
