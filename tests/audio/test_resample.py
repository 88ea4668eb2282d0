"""Streaming resampling equals resampling at once."""

import numpy as np
import pytest

from autoglm_agent.audio.resample import Resampler, resample

RATES = [(24_000, 16_000), (48_000, 16_000), (44_100, 16_000), (8_000, 16_000), (16_000, 24_000), (16_000, 16_000)]


def noise(num_samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, num_samples).astype(np.float32)


def in_pieces(samples, sizes, source_hz, target_hz):
    resampler = Resampler(source_hz, target_hz)
    pieces, start = [], 0
    while start < len(samples):
        size = next(sizes)
        pieces.append(resampler.push(samples[start : start + size]))
        start += size
    return np.concatenate([*pieces, resampler.flush()])


def always(size):
    while True:
        yield size


def at_random(seed, longest):
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(0, longest))


@pytest.mark.parametrize(("source_hz", "target_hz"), RATES)
@pytest.mark.parametrize(
    "sizes", [always(1), always(7), always(480), always(4096), at_random(1, 50), at_random(2, 5000)], ids=str
)
def test_any_chunking_gives_the_same_samples(source_hz, target_hz, sizes):
    samples = noise(6000)
    assert np.array_equal(in_pieces(samples, sizes, source_hz, target_hz), resample(samples, source_hz, target_hz))


@pytest.mark.parametrize(("source_hz", "target_hz"), RATES)
def test_the_length_follows_the_rates(source_hz, target_hz):
    seconds = 2
    assert abs(len(resample(noise(seconds * source_hz), source_hz, target_hz)) - seconds * target_hz) <= 1


@pytest.mark.parametrize("source_hz", [8_000, 24_000, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_its_level_and_its_place(source_hz):
    def tone(rate):
        return np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)

    heard = resample(tone(source_hz), source_hz, 16_000)
    middle = slice(2_000, 14_000)  # the edges of the recording ring
    assert np.abs(heard[middle] - tone(16_000)[middle]).max() < 1e-3


def test_what_the_target_cannot_carry_is_removed_not_folded():
    rate = 48_000
    whistle = np.sin(2 * np.pi * 12_000 * np.arange(rate) / rate).astype(np.float32)
    assert np.abs(resample(whistle, rate, 16_000)[2_000:14_000]).max() < 1e-3


def test_two_packets_of_silence_are_enough_to_hear_the_first():
    resampler = Resampler(24_000, 16_000)
    heard = sum(len(resampler.push(noise(480, seed))) for seed in range(10))
    assert 200 - heard / 16 < 40  # milliseconds held back


@pytest.mark.parametrize("rates", [(0, 16_000), (16_000, -1)])
def test_a_rate_that_is_not_positive_is_refused(rates):
    with pytest.raises(ValueError, match="positive"):
        Resampler(*rates)
