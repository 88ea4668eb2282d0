"""Batched augmentation of waveforms in torch: speed, rooms, bands, noises, level; and masks on features.

Everything is elementwise work or a Fourier transform over the whole batch, without a Python loop over its rows, and is
drawn from a `torch.Generator` (of any device), so a step can be repeated. B is the batch, T samples or frames, F mel
bands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

SAMPLE_RATE_HZ = 16_000
_RIR_SAMPLES = SAMPLE_RATE_HZ // 2
"""Half a second: the decay of a living room or a car has fallen by 60 dB."""
_FLOOR = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig:
    """Shares of the batch and ranges of each distortion; the defaults are those of the speech training."""

    speed_share: float = 0.6
    speed: tuple[float, float] = (0.85, 1.18)
    reverb_share: float = 0.4
    rt60_s: tuple[float, float] = (0.08, 0.6)
    direct_to_reverberant_db: tuple[float, float] = (-3.0, 15.0)
    band_share: float = 0.3
    """Low-passed or band-passed like a telephone, a small loudspeaker or a lossy codec."""
    tilt_db: float = 6.0
    """A random spectral tilt of up to this many decibels from 100 Hz to 8 kHz, either way: microphones differ."""
    noise_share: float = 0.6
    snr_db: tuple[float, float] = (0.0, 30.0)
    babble_share: float = 0.25
    """Of the noisy ones: other utterances of the batch instead of coloured noise."""
    hum_share: float = 0.1
    level_db: tuple[float, float] = (-42.0, -14.0)
    """Root mean square of the result, re full scale."""


def _uniform(count: int, low: float, high: float, generator: torch.Generator, device: torch.device) -> Tensor:
    values = torch.rand(count, generator=generator, device=generator.device)
    return (low + (high - low) * values).to(device)


def _chosen(count: int, share: float, generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device).to(device) < share


def _normal(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device).to(device)


def fast_fft_length(minimum: int) -> int:
    """A length near above `minimum` that transforms fast: 2, 3 or 5 times a power of two (4, 5, 6, 8 eighths)."""
    power = 1 << max(3, (minimum - 1).bit_length() - 3)
    return -(-minimum // power) * power


def valid_mask(lengths: Tensor, size: int) -> Tensor:
    """(B, size) of bool: which samples belong to the utterance."""
    return torch.arange(size, device=lengths.device)[None, :] < lengths[:, None]


def mean_power(waves: Tensor, lengths: Tensor) -> Tensor:
    """Mean square over the valid samples, (B,)."""
    total: Tensor = (waves.square() * valid_mask(lengths, waves.shape[1])).sum(dim=1)
    return total / lengths.clamp(min=1)


def mix_at_snr(waves: Tensor, noise: Tensor, snr_db: Tensor | float, lengths: Tensor | None = None) -> Tensor:
    """`waves` plus `noise` (both (B, T)), the noise scaled to the signal-to-noise ratio over the valid samples.

    `snr_db` is one number or (B,); infinity adds nothing. Samples after the length become zero.
    """
    if lengths is None:
        lengths = torch.full((waves.shape[0],), waves.shape[1], device=waves.device)
    ratio = torch.as_tensor(snr_db, dtype=waves.dtype, device=waves.device)
    wanted = mean_power(waves, lengths) * 10 ** (-ratio / 10)
    gain = (wanted / mean_power(noise, lengths).clamp(min=_FLOOR)).sqrt()
    return (waves + gain[:, None] * noise) * valid_mask(lengths, waves.shape[1])


def coloured_noise(exponents: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """(B, size) of noise whose power falls as frequency to the `exponents` (B,): 0 white, 1 pink, 2 brown."""
    length = fast_fft_length(size)
    bins = length // 2 + 1
    shape = (exponents.shape[0], bins)
    spectrum = torch.complex(_normal(shape, generator, exponents.device), _normal(shape, generator, exponents.device))
    # Below 50 Hz the slope stops: rumble that no microphone passes would eat all the power.
    frequency = torch.arange(bins, device=exponents.device).clamp(min=max(1.0, 50 * length / SAMPLE_RATE_HZ))
    slope = torch.exp(-0.5 * exponents[:, None] * frequency.log()[None, :])
    noise: Tensor = torch.fft.irfft(spectrum * slope, n=length)
    return noise[:, :size]


def babble(waves: Tensor, generator: torch.Generator, voices: int = 4) -> Tensor:
    """(B, T): for each row the sum of `voices` other rows, each begun at a random place and wrapped around."""
    batch, size = waves.shape
    device = waves.device
    shares = torch.rand(voices, 2, generator=generator, device=generator.device).to(device)
    result = torch.zeros_like(waves)
    for row_share, place_share in shares:
        rows = (torch.arange(batch, device=device) + 1 + (row_share * (batch - 1)).long()) % batch
        places = (torch.arange(size, device=device) + (place_share * size).long()) % size
        result += waves.index_select(0, rows).index_select(1, places)
    return result


def hum(batch: int, size: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """(B, size): mains hum of 50 or 60 Hz with four odd and even harmonics of random strength and phase."""
    time = torch.arange(size, device=device) / SAMPLE_RATE_HZ
    base = torch.where(_chosen(batch, 0.5, generator, device), 50.0, 60.0)
    result = torch.zeros(batch, size, device=device)
    for harmonic in (1, 2, 3, 4, 6):
        strength = _uniform(batch, 0, 1, generator, device) / harmonic
        phase = _uniform(batch, 0, 2 * math.pi, generator, device)
        result += strength[:, None] * torch.sin(2 * math.pi * harmonic * base[:, None] * time + phase[:, None])
    return result


def room_responses(batch: int, config: AugmentConfig, generator: torch.Generator, device: torch.device) -> Tensor:
    """(B, L) impulse responses: a direct path and an exponentially decaying tail after a random first gap.

    Polack's statistical model (1988): Gaussian noise whose energy falls by 60 dB in the reverberation time.
    """
    time = torch.arange(_RIR_SAMPLES, device=device) / SAMPLE_RATE_HZ
    rt60 = _uniform(batch, *config.rt60_s, generator, device)
    tail = _normal((batch, _RIR_SAMPLES), generator, device) * torch.exp(-6.908 * time / rt60[:, None])
    gap = _uniform(batch, 0.001, 0.012, generator, device)
    tail = tail * (time > gap[:, None])
    ratio = _uniform(batch, *config.direct_to_reverberant_db, generator, device)
    tail = tail * (10 ** (-ratio / 20) / tail.square().sum(dim=1).clamp(min=_FLOOR).sqrt())[:, None]
    tail[:, 0] = 1.0
    return tail


def _band_response(
    batch: int, bins: int, config: AugmentConfig, generator: torch.Generator, device: torch.device
) -> Tensor:
    """(B, bins) of gain: a tilt for all, and for some a soft band from 60..400 Hz to 2.2..7.5 kHz."""
    frequency = torch.linspace(0, SAMPLE_RATE_HZ / 2, bins, device=device).clamp(min=1.0)
    tilt = _uniform(batch, -config.tilt_db, config.tilt_db, generator, device)
    octaves = torch.log2(frequency.clamp(min=100.0) / 900.0) / 6.3
    gain = 10 ** (tilt[:, None] * octaves[None, :] / 20)
    low = _uniform(batch, math.log(60.0), math.log(400.0), generator, device).exp()[:, None]
    high = _uniform(batch, math.log(2_200.0), math.log(7_500.0), generator, device).exp()[:, None]
    band = torch.rsqrt(1 + (low / frequency) ** 8) * torch.rsqrt(1 + (frequency / high) ** 12)
    return gain * torch.where(_chosen(batch, config.band_share, generator, device)[:, None], band, 1.0)


def through_rooms_and_bands(waves: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """The waves (B, T) heard in random rooms through random microphones: one forward and one inverse transform."""
    batch, size = waves.shape
    length = fast_fft_length(size + _RIR_SAMPLES)
    response = _band_response(batch, length // 2 + 1, config, generator, waves.device)
    rooms = torch.fft.rfft(room_responses(batch, config, generator, waves.device), n=length)
    wet = _chosen(batch, config.reverb_share, generator, waves.device)[:, None]
    spectrum = torch.fft.rfft(waves, n=length) * response
    heard: Tensor = torch.fft.irfft(spectrum * torch.where(wet, rooms, 1.0), n=length)
    return heard[:, :size]


def changed_speed(waves: Tensor, lengths: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """Each row at its own speed (tempo, pitch and formants together), by cubic interpolation; and the new lengths.

    The new T is the greatest new length. Frequencies above 7 kHz may alias by a little when sped up.
    """
    new_lengths = (lengths / factors).floor().long()
    size = int(new_lengths.max())
    place = torch.arange(size, device=waves.device)[None, :] * factors[:, None]
    whole = place.floor()
    part = (place - whole).to(waves.dtype)
    index = whole.long()
    last = waves.shape[1] - 1
    before, here, after, beyond = (waves.gather(1, (index + step).clamp(0, last)) for step in (-1, 0, 1, 2))
    # Catmull-Rom
    cubic: Tensor = here + 0.5 * part * (
        (after - before)
        + part * (2 * before - 5 * here + 4 * after - beyond + part * (3 * (here - after) + beyond - before))
    )
    return cubic * valid_mask(new_lengths, size), new_lengths


def with_noise(waves: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Coloured noise, babble or none for each row, and hum for some, at random ratios."""
    batch, size = waves.shape
    device = waves.device
    noise = coloured_noise(_uniform(batch, 0.0, 2.0, generator, device), size, generator)
    noise = noise * mean_power(noise, lengths).clamp(min=_FLOOR).rsqrt()[:, None]
    talk = babble(waves, generator)
    use_babble = _chosen(batch, config.babble_share, generator, device)[:, None]
    silence = torch.full((batch,), torch.inf, device=device)
    ratio = _uniform(batch, *config.snr_db, generator, device)
    ratio = torch.where(_chosen(batch, config.noise_share, generator, device), ratio, silence)
    result = mix_at_snr(waves, torch.where(use_babble, talk, noise), ratio, lengths)
    hum_ratio = _uniform(batch, 5.0, 30.0, generator, device)
    hum_ratio = torch.where(_chosen(batch, config.hum_share, generator, device), hum_ratio, silence)
    return mix_at_snr(result, hum(batch, size, generator, device), hum_ratio, lengths)


def levelled_waves(waves: Tensor, lengths: Tensor, level_db: Tensor) -> Tensor:
    """Each row at its level (RMS, dB re full scale), clipped at full scale as a converter would."""
    gain = 10 ** (level_db / 20) * mean_power(waves, lengths).clamp(min=_FLOOR).rsqrt()
    return (waves * gain[:, None]).clamp(-1.0, 1.0)


def augment_waves(
    waves: Tensor, lengths: Tensor, generator: torch.Generator, config: AugmentConfig | None = None
) -> tuple[Tensor, Tensor]:
    """The batch (B, T) of 16 kHz waves in [-1, 1], lengths (B,), after all distortions; T and lengths change."""
    config = config or AugmentConfig()
    batch, device = waves.shape[0], waves.device
    factors = _uniform(batch, *config.speed, generator, device)
    factors = torch.where(_chosen(batch, config.speed_share, generator, device), factors, 1.0)
    waves, lengths = changed_speed(waves, lengths, factors)
    waves = through_rooms_and_bands(waves, config, generator)
    waves = with_noise(waves, lengths, config, generator)
    return levelled_waves(waves, lengths, _uniform(batch, *config.level_db, generator, device)), lengths


def spec_augment(
    features: Tensor,
    lengths: Tensor,
    generator: torch.Generator,
    *,
    time_masks: int = 2,
    time_share: float = 0.06,
    band_masks: int = 2,
    bands: int = 12,
) -> Tensor:
    """Masks of time and of bands on (B, T, F) features, set to the mean of the row (Park et al. 2019).

    A time mask is at most `time_share` of the utterance, a band mask at most `bands` wide. No loop over the batch.
    """
    batch, size, width = features.shape
    device = features.device

    def spans(count: int, longest: Tensor, total: Tensor, positions: int) -> Tensor:
        share = torch.rand(batch, count, 2, generator=generator, device=generator.device).to(device)
        extent = share[..., 0] * longest[:, None]
        start = share[..., 1] * (total[:, None] - extent)
        place = torch.arange(positions, device=device)[None, None, :]
        return ((place >= start[..., None]) & (place < (start + extent)[..., None])).any(dim=1)

    in_time = spans(time_masks, lengths * time_share, lengths.float(), size)
    wide = torch.full((batch,), float(width), device=device)
    in_band = spans(band_masks, torch.full_like(wide, float(bands)), wide, width)
    valid = valid_mask(lengths, size)[..., None]
    mean = (features * valid).sum(dim=(1, 2), keepdim=True) / (lengths.clamp(min=1) * width)[:, None, None]
    return torch.where(in_time[:, :, None] | in_band[:, None, :], mean.to(features.dtype), features)
