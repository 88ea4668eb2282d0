"""Augmentation on batches: what was asked is what is heard, rows do not leak, seeds repeat."""

from __future__ import annotations

import math

import pytest
import torch

from autoglm_agent.training.speech import speech_augment as augment
from autoglm_agent.training.speech.speech_augment import AugmentConfig

LENGTHS = torch.tensor([16_000, 9_000, 12_345, 16_000])


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _tones() -> torch.Tensor:
    time = torch.arange(16_000) / 16_000
    waves = 0.2 * torch.sin(2 * math.pi * torch.tensor([[200.0], [400.0], [800.0], [1_600.0]]) * time)
    return waves * augment.valid_mask(LENGTHS, 16_000)


def _loudest_hertz(wave: torch.Tensor) -> float:
    return float(torch.fft.rfft(wave).abs().argmax()) * 16_000 / wave.shape[0]


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 10.0, 25.0])
def test_mixture_has_the_ratio_that_was_asked(snr_db: float) -> None:
    waves = _tones()
    noise = torch.randn(waves.shape, generator=_generator())
    mixed = augment.mix_at_snr(waves, noise, snr_db, LENGTHS)
    added = augment.mean_power(mixed - waves, LENGTHS)
    heard = 10 * torch.log10(augment.mean_power(waves, LENGTHS) / added)
    torch.testing.assert_close(heard, torch.full((4,), snr_db), atol=0.01, rtol=0)
    assert not mixed[~augment.valid_mask(LENGTHS, 16_000)].any()


def test_infinite_ratio_adds_nothing_and_silence_stays_finite() -> None:
    waves = _tones()
    noise = torch.randn(waves.shape, generator=_generator())
    torch.testing.assert_close(augment.mix_at_snr(waves, noise, math.inf, LENGTHS), waves)
    silent, _ = augment.augment_waves(torch.zeros(4, 16_000), LENGTHS, _generator())
    assert silent.isfinite().all()


def test_noise_has_the_colour_that_was_asked() -> None:
    exponents = torch.tensor([0.0, 1.0, 2.0])
    power = torch.fft.rfft(augment.coloured_noise(exponents, 65_536, _generator())).abs().square()
    low, high = power[:, 2_048:4_096].mean(dim=1), power[:, 8_192:16_384].mean(dim=1)
    fall = torch.log2(low / high) / 2
    torch.testing.assert_close(fall, exponents, atol=0.1, rtol=0)


def test_speed_changes_length_and_pitch_of_each_row_alone() -> None:
    factors = torch.tensor([1.0, 0.8, 1.25, 1.0])
    waves, lengths = augment.changed_speed(_tones(), LENGTHS, factors)
    assert lengths.tolist() == [16_000, 11_250, 9_876, 16_000]
    assert waves.shape == (4, 16_000)
    torch.testing.assert_close(waves[0], _tones()[0])
    assert _loudest_hertz(waves[1, :11_250]) == pytest.approx(320, abs=3)
    assert _loudest_hertz(waves[2, :9_876]) == pytest.approx(1_000, abs=3)
    assert not waves[2, 9_876:].any()


def test_reverberation_follows_the_sound_and_decays() -> None:
    config = AugmentConfig(reverb_share=1.0, rt60_s=(0.3, 0.3), tilt_db=0.0, band_share=0.0)
    click = torch.zeros(2, 16_000)
    click[:, 4_000] = 1.0
    heard = augment.through_rooms_and_bands(click, config, _generator())
    early = heard[:, 4_200:5_000].square().sum(dim=1)
    late = heard[:, 7_000:7_800].square().sum(dim=1)
    before = heard[:, :3_999].square().sum(dim=1)
    assert bool((early > 100 * late).all())
    assert bool((late > 0).all())
    assert bool((before < 1e-6 * early).all())


def test_without_any_share_only_the_level_changes() -> None:
    config = AugmentConfig(
        speed_share=0.0,
        reverb_share=0.0,
        band_share=0.0,
        tilt_db=0.0,
        noise_share=0.0,
        hum_share=0.0,
        level_db=(-20, -20),
    )
    heard, lengths = augment.augment_waves(_tones(), LENGTHS, _generator(), config)
    assert torch.equal(lengths, LENGTHS)
    expected = _tones() * (0.1 / (0.2 / 2**0.5))
    torch.testing.assert_close(heard, expected, atol=2e-3, rtol=0)


def test_same_seed_same_batch_other_seed_other_batch() -> None:
    first, lengths = augment.augment_waves(_tones(), LENGTHS, _generator(3))
    again, _ = augment.augment_waves(_tones(), LENGTHS, _generator(3))
    other, _ = augment.augment_waves(_tones(), LENGTHS, _generator(4))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)
    assert first.abs().max() <= 1.0
    assert first.shape[1] == int(lengths.max())


def test_babble_is_made_of_other_rows_only() -> None:
    waves = torch.zeros(4, 8_000)
    waves[2] = 1.0
    talk = augment.babble(waves, _generator(), voices=6)
    assert not talk[2].any()
    assert talk[[0, 1, 3]].any()


def test_masks_cover_their_share_of_time_and_bands_and_spare_the_rest() -> None:
    features = torch.randn(64, 200, 80, generator=_generator())
    lengths = torch.full((64,), 200)
    masked = augment.spec_augment(features, lengths, _generator(5), time_share=0.1, bands=16)
    changed = masked != features
    assert bool((changed.all(dim=2).sum(dim=1) <= 2 * 21).all())
    assert bool((changed.all(dim=1).sum(dim=1) <= 2 * 17).all())
    assert 0.1 < float(changed.float().mean()) < 0.4
    assert torch.equal(masked, augment.spec_augment(features, lengths, _generator(5), time_share=0.1, bands=16))
