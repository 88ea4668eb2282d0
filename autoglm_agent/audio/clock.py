"""The sample clock: time as a count of samples. Whole numbers only, so nothing drifts however long a session lasts."""

from __future__ import annotations


def samples_to_ms(num_samples: int, sample_rate_hz: int) -> int:
    """Whole milliseconds that `num_samples` fill."""
    return num_samples * 1000 // sample_rate_hz


def ms_to_samples(ms: int, sample_rate_hz: int) -> int:
    """The sample at which millisecond `ms` begins: the least count for which `samples_to_ms` gives `ms`."""
    return -(-ms * sample_rate_hz // 1000)


class SampleClock:
    """Counts the samples of one stream from 0."""

    def __init__(self, sample_rate_hz: int) -> None:
        if sample_rate_hz <= 0:
            raise ValueError(f"a sample rate is positive, not {sample_rate_hz}")
        self.sample_rate_hz = sample_rate_hz
        self.num_samples = 0

    @property
    def now_ms(self) -> int:
        """Milliseconds of audio so far, rounded down; taken from the count, so roundings do not add up."""
        return samples_to_ms(self.num_samples, self.sample_rate_hz)

    def advance(self, num_samples: int) -> int:
        """Count `num_samples` more and return `now_ms`."""
        if num_samples < 0:
            raise ValueError(f"time does not run backwards: {num_samples} samples")
        self.num_samples += num_samples
        return self.now_ms
