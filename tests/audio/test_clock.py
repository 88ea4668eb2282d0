"""The sample clock: exact however long, however cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoglm_agent.audio.clock import SampleClock, ms_to_samples, samples_to_ms

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])


@given(ms=st.integers(0, 10**9), rate=RATES)
def test_a_millisecond_begins_at_the_first_sample_that_reads_as_it(ms, rate):
    first = ms_to_samples(ms, rate)
    assert samples_to_ms(first, rate) == ms
    assert first == 0 or samples_to_ms(first - 1, rate) == ms - 1


@given(chunks=st.lists(st.integers(0, 5000), max_size=50), rate=RATES)
def test_roundings_do_not_add_up(chunks, rate):
    clock = SampleClock(rate)
    for chunk in chunks:
        clock.advance(chunk)
    assert clock.now_ms == sum(chunks) * 1000 // rate


def test_a_day_of_odd_packets_does_not_drift():
    clock = SampleClock(44_100)
    for _ in range(86_400):
        clock.advance(44_100 - 441 + 441)
    assert clock.now_ms == 86_400_000


def test_time_does_not_run_backwards():
    clock = SampleClock(16_000)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="positive"):
        SampleClock(0)
