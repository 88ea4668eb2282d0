"""The speech stage in miniature, on the CPU: banks, batches, losses, and that it learns to tell tones apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.training.speech.speech_data import load_bank, save_bank
from autoglm_agent.training.speech.wave_bank import Batch, Recipe, WaveBank
from autoglm_agent.training.stages.progress import Curves, plot_curves
from autoglm_agent.training.stages.speech_stage import (
    SpeechStageConfig,
    collapse,
    ctc_losses,
    train_speech,
    transcribe_batch,
)

RATE = 16_000


def tone(hertz: float, seconds: float) -> np.ndarray[Any, np.dtype[np.int16]]:
    clock = np.arange(int(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * hertz * clock)).astype(np.int16)


@pytest.fixture
def bank() -> WaveBank:
    """Three tones, each the sound of one token and one phone."""
    return WaveBank(
        [tone(300, 0.5), tone(900, 0.5), tone(2700, 0.5)], [[40], [41], [42]], [[1], [2], [3]], ["a", "a", "b"], "cpu"
    )


def test_composition_places_recordings_at_their_time_and_speed(bank: WaveBank) -> None:
    batch = Batch(
        np.array([[0, 1, -1, -1]]),
        np.array([[1600, 12_800, 0, 0]]),
        np.array([[1.0, 2.0, 1, 1]], np.float32),
        np.array([20_000]),
        20_480,
    )
    samples, lengths = bank.compose(batch)
    assert samples.shape[1] % 640 == 0
    assert lengths.tolist() == [20_000]
    assert samples[0, :1600].abs().max() == 0
    torch.testing.assert_close(
        samples[0, 1600 : 1600 + 7900], torch.from_numpy(tone(300, 0.5)[:7900].astype(np.float32)) / 32768
    )
    spectrum = torch.fft.rfft(samples[0, 12_800 : 12_800 + 3200]).abs()
    assert abs(int(spectrum.argmax()) * RATE / 3200 - 1800) < 10  # 900 Hz at double speed
    assert samples[0, 12_800 + 4100 :].abs().max() == 0


def test_labels_follow_the_order_of_the_segments(bank: WaveBank) -> None:
    batch = Batch(
        np.array([[2, 0, -1, -1], [1, -1, -1, -1]]),
        np.zeros((2, 4), np.int64),
        np.ones((2, 4), np.float32),
        np.array([1, 1]),
        640,
    )
    flat, lengths = bank.labels(batch, "tokens")
    assert flat.tolist() == [42, 40, 41]
    assert lengths.tolist() == [2, 1]


def test_batches_stay_within_their_budget_and_repeat_by_seed(bank: WaveBank) -> None:
    recipes = {"a": Recipe(share=0.5, join=0.5), "b": Recipe(share=0.5)}
    first = bank.batches(recipes, budget_s=20.0, seed=3)
    second = bank.batches(recipes, budget_s=20.0, seed=3)
    for _ in range(30):
        one, two = next(first), next(second)
        assert np.array_equal(one.recordings, two.recordings)
        assert one.lengths.max() <= one.size
        assert len(one.lengths) * one.size <= 20.0 * RATE


def test_a_kept_bank_is_the_same_bank(bank: WaveBank, tmp_path: Path) -> None:
    save_bank(bank, tmp_path)
    again = load_bank(tmp_path, "cpu")
    assert torch.equal(again.flat, bank.flat)
    assert list(again.tokens) == list(bank.tokens)


def test_ctc_leaves_out_examples_without_a_label() -> None:
    logits = torch.randn(2, 10, 5, generator=torch.Generator().manual_seed(0))
    both = ctc_losses(logits, torch.tensor([10, 10]), torch.tensor([1, 2]), torch.tensor([2, 0]))
    one = ctc_losses(logits[:1], torch.tensor([10]), torch.tensor([1, 2]), torch.tensor([2]))
    torch.testing.assert_close(both, one)


def test_collapse_merges_repeats_and_drops_blanks() -> None:
    assert collapse([0, 3, 3, 0, 3, 5, 5, 0]) == [3, 3, 5]


def test_the_stage_learns_tones_logs_its_curves_and_repeats(bank: WaveBank, tmp_path: Path) -> None:
    def run(name: str) -> tuple[list[list[int]], str]:
        torch.manual_seed(0)
        encoder = AutoGLMForConditionalGeneration(AutoGLMConfig.tiny()).speech
        saved: list[int] = []
        train_speech(
            encoder, bank, {"a": Recipe(share=0.6), "b": Recipe(share=0.4)},
            SpeechStageConfig(
                steps=300, budget_s=5, lr=1e-2, token_fade_steps=(0, 1), eval_every=300, warmup_steps=10, decay_share=0.3
            ),
            Curves(tmp_path / name, "speech"),
            augment=lambda waves, _lengths, _generator: waves,
            mask_mel=lambda mel, _lengths, _generator: mel,
            evaluate=lambda: {"checked": 1.0}, save=lambda: saved.append(1),
        )  # fmt: skip
        assert saved
        waves = [torch.from_numpy(tone(hertz, 0.6)).float() / 32768 for hertz in (300, 900, 2700)]
        log = (tmp_path / name / "speech.jsonl").read_text()
        return transcribe_batch(encoder.eval(), waves, 8), log

    heard, log = run("one")
    assert heard == [[40], [41], [42]]
    assert '"token_loss"' in log
    assert '"checked"' in log
    plot_curves([tmp_path / "one" / "speech.jsonl"], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000
    again, _ = run("two")
    assert again == heard
