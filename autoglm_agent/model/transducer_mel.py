"""The mel features of NVIDIA's streaming transducers, as a stream: frame for frame those of the whole recording.

Centred 25 ms frames every 10 ms with pre-emphasis, natural logarithm, not normalised. What `transformers` computes per
chunk begins each chunk's pre-emphasis anew; here the state goes on, so that any chunking gives the same frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers.audio_utils import mel_filter_bank

FFT_SAMPLES = 512
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
PRE_EMPHASIS = 0.97
LOG_GUARD = 2.0**-24


@dataclass(slots=True)
class MelState:
    """The emphasised samples that later frames still need, the last raw sample, samples taken and frames given."""

    samples: Tensor
    last: Tensor
    num_samples: int = 0
    num_frames: int = 0


class TransducerMel:
    """Samples to log-mel frames."""

    hop_samples = HOP_SAMPLES

    def __init__(self, num_mel_bins: int) -> None:
        self.num_mel_bins = num_mel_bins
        bins = FFT_SAMPLES // 2 + 1
        bank = mel_filter_bank(bins, num_mel_bins, 0.0, 8000.0, 16000, norm="slaney", mel_scale="slaney")
        self._bank = torch.from_numpy(bank).float()
        margin = (FFT_SAMPLES - WINDOW_SAMPLES) // 2
        self._window = functional.pad(torch.hann_window(WINDOW_SAMPLES, periodic=False), (margin, margin))

    def initial_state(self) -> MelState:
        """Before the first sample: half a frame of silence, because frames are centred."""
        return MelState(torch.zeros(FFT_SAMPLES // 2), torch.zeros(1))

    def push(self, state: MelState, samples: Tensor) -> Tensor:
        """Take samples [N] into the state; give the frames [n, mels] that are complete."""
        if not len(samples):
            return torch.zeros(0, self.num_mel_bins)
        emphasised = samples - PRE_EMPHASIS * torch.cat((state.last, samples[:-1]))
        state.last = samples[-1:].clone()
        state.num_samples += len(samples)
        state.samples = torch.cat((state.samples, emphasised))
        return self._frames(state)

    def flush(self, state: MelState) -> Tensor:
        """The frames that reach behind the end; a recording of N samples has N // 160 frames."""
        state.samples = torch.cat((state.samples, torch.zeros(FFT_SAMPLES // 2)))
        frames = self._frames(state)
        surplus = state.num_frames - state.num_samples // HOP_SAMPLES
        return frames[: len(frames) - surplus] if surplus > 0 else frames

    def _frames(self, state: MelState) -> Tensor:
        count = (len(state.samples) - FFT_SAMPLES) // HOP_SAMPLES + 1
        if count <= 0:
            return torch.zeros(0, self.num_mel_bins)
        cut = state.samples.unfold(0, FFT_SAMPLES, HOP_SAMPLES)[:count] * self._window
        state.samples = state.samples[count * HOP_SAMPLES :]
        state.num_frames += count
        return torch.log(torch.fft.rfft(cut).abs().square() @ self._bank + LOG_GUARD)
