"""Small operations on single waveforms (numpy, mono): resample, trim, level, join. Batches on a GPU are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000

_FRAME = SAMPLE_RATE_HZ // 100
LEAD_SAMPLES = SAMPLE_RATE_HZ // 10
"""Kept before the first loud frame: an unvoiced consonant's onset is below the threshold."""
TAIL_SAMPLES = SAMPLE_RATE_HZ * 3 // 20
"""Kept after the last loud frame: the decay of a vowel and of the room."""
_TRIM_NOISE_CAP = 10 ** (-24 / 20)
LEVEL_RMS = 0.08
"""RMS of the loud frames after levelling; leaves 15 dB of headroom for peaks."""


def _fast_length(minimum: int) -> int:
    """The least product of 2s, 3s and 5s that is not below `minimum`: transforms of other lengths are slow."""
    best = 1 << max(0, minimum - 1).bit_length()
    power_of_5 = 1
    while power_of_5 < best:
        power = power_of_5
        while power < best:
            length = power
            while length < minimum:
                length *= 2
            best = min(best, length)
            power *= 3
        power_of_5 *= 5
    return best


def resampled(wave: NDArray[np.float32], ratio_up: int, ratio_down: int) -> NDArray[np.float32]:
    """`wave` at `ratio_up / ratio_down` times its rate, band-limited by its Fourier transform (exact for any ratio).

    The ends are padded with silence, so nothing wraps from the end to the start.
    """
    if ratio_up == ratio_down or wave.size == 0:
        return wave
    blocks = _fast_length(-(-(wave.size + 64) // ratio_down))
    size_in, size_out = blocks * ratio_down, blocks * ratio_up
    spectrum = np.fft.rfft(wave, n=size_in)[: size_out // 2 + 1]
    result = np.fft.irfft(spectrum, n=size_out) * (ratio_up / ratio_down)
    length = -(-wave.size * ratio_up // ratio_down)
    return result[:length].astype(np.float32)


def to_16k(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """`wave` of `rate_hz` at 16 kHz."""
    common = int(np.gcd(rate_hz, SAMPLE_RATE_HZ))
    return resampled(wave, SAMPLE_RATE_HZ // common, rate_hz // common)


def frame_rms(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """RMS of each whole 10 ms frame, (frames,)."""
    frames = wave[: wave.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    loudness: NDArray[np.float32] = np.sqrt((frames * frames).mean(axis=1)).astype(np.float32)
    return loudness


def trimmed(
    wave: NDArray[np.float32], lead: int = LEAD_SAMPLES, tail: int = TAIL_SAMPLES, below_peak_db: float = 36.0
) -> NDArray[np.float32]:
    """`wave` without the silence at its ends but for `lead` and `tail` samples.

    Silence is what is `below_peak_db` under the loudest frame, or no louder than steady noise.
    """
    loudness = frame_rms(wave)
    if loudness.size == 0 or loudness.max() <= 0:
        return wave
    peak = float(loudness.max())
    noise = min(2.5 * float(np.percentile(loudness, 10)), peak * _TRIM_NOISE_CAP)
    loud = np.flatnonzero(loudness > max(peak * 10 ** (-below_peak_db / 20), noise))
    start = max(0, int(loud[0]) * _FRAME - lead)
    return wave[start : (int(loud[-1]) + 1) * _FRAME + tail]


def levelled(wave: NDArray[np.float32], rms: float = LEVEL_RMS) -> NDArray[np.float32]:
    """`wave` scaled so that its loud frames have this RMS and no sample exceeds 0.95."""
    loudness = frame_rms(wave)
    if loudness.size == 0 or loudness.max() <= 0:
        return wave
    active = loudness[loudness > 0.1 * loudness.max()]
    gain = rms / float(np.sqrt((active**2).mean()))
    return wave * np.float32(min(gain, 0.95 / float(np.abs(wave).max())))


def joined(parts: list[NDArray[np.float32]], overlaps: list[int]) -> NDArray[np.float32]:
    """The parts one after another; `overlaps[i]` samples of part i and i + 1 are crossfaded (negative: a pause).

    The length is the sum of the lengths less the sum of the overlaps; an overlap never exceeds half of either part.
    """
    if not parts:
        return np.zeros(0, np.float32)
    limits = [min(lap, a.size // 2, b.size // 2) for lap, a, b in zip(overlaps, parts, parts[1:], strict=False)]
    result = np.zeros(sum(part.size for part in parts) - sum(limits), np.float32)
    position = 0
    for index, part in enumerate(parts):
        shaped = part.copy()
        before = limits[index - 1] if index else 0
        after = limits[index] if index < len(limits) else 0
        if before > 0:
            shaped[:before] *= np.linspace(0, 1, before, dtype=np.float32)
        if after > 0:
            shaped[-after:] *= np.linspace(1, 0, after, dtype=np.float32)
        result[position : position + part.size] += shaped
        position += part.size - after
    return result


def to_int16(wave: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples in [-1, 1] as 16-bit integers, clipped."""
    samples: NDArray[np.int16] = np.clip(np.rint(wave * 32767.0), -32768, 32767).astype(np.int16)
    return samples


def to_float(wave: NDArray[np.int16]) -> NDArray[np.float32]:
    """16-bit integers as samples in [-1, 1]."""
    return wave.astype(np.float32) / np.float32(32768.0)
