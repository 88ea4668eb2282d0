"""Stateful resampling of a stream: any chunking of the input gives the same output, sample for sample.

The filter is soxr's `HQ`; it holds back about 37 ms (24 or 48 kHz to 16 kHz), which `flush` gives out. One object
serves one stream once.
"""

from __future__ import annotations

import numpy as np
import soxr

from autoglm_agent.audio.pcm import Samples

QUALITY = "HQ"
"""20 bits of stop band. `LQ` holds back 17 ms less but rolls off from 6 kHz on; `VHQ` holds back twice as long."""


class Resampler:
    """From `source_hz` to `target_hz`, mono. Equal rates pass through untouched and hold nothing back."""

    def __init__(self, source_hz: int, target_hz: int) -> None:
        if source_hz <= 0 or target_hz <= 0:
            raise ValueError(f"sample rates are positive, not {source_hz} and {target_hz}")
        self.source_hz = source_hz
        self.target_hz = target_hz
        self._stream = None
        if source_hz != target_hz:
            self._stream = soxr.ResampleStream(source_hz, target_hz, 1, dtype="float32", quality=QUALITY)

    def push(self, samples: Samples) -> Samples:
        """What can be said by now: `float32 [num_samples]`, often nothing for a short chunk."""
        return self._run(samples, last=False)

    def flush(self) -> Samples:
        """The rest. The stream has ended; make a new object for another."""
        return self._run(np.zeros(0, dtype=np.float32), last=True)

    def _run(self, samples: Samples, *, last: bool) -> Samples:
        if self._stream is None:
            return samples
        out: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples, dtype=np.float32), last=last)
        return out


def resample(samples: Samples, source_hz: int, target_hz: int) -> Samples:
    """A whole recording at once, equal to what a `Resampler` gives in pieces."""
    resampler = Resampler(source_hz, target_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])
