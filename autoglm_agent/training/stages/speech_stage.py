"""Stage `speech`: the Conformer learns to hear, from synthetic and human recordings, for several latencies at once.

Two CTC losses: phones from a middle layer, tokens from the last, the second faded in once the first has left the plateau.
Every batch draws its chunk size, so that one set of weights serves them all. Not here: where recordings come from.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from autoglm_agent.training.stages.optim import Optimiser
from autoglm_agent.training.stages.progress import Budget, StepProfiler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from autoglm_agent.model.speech import SpeechEncoder, SpeechOutput
    from autoglm_agent.training.speech.wave_bank import Recipe, WaveBank
    from autoglm_agent.training.stages.progress import Curves

CHUNK_CHOICES: tuple[int | None, ...] = (4, 8, 8, 8, 12, 16, 16, 16, 24, None)
"""Frames of 40 ms; the runtime's default (8) and the published latency (16) come up most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStageConfig:
    """Knobs of the stage. It runs for `steps`, or for `minutes`."""

    steps: int | None = None
    minutes: float | None = None
    budget_s: float = 800.0
    lr: float = 2e-3
    token_fade_steps: tuple[int, int] = (400, 900)
    warm_start: bool = False
    warmup_steps: int = 300
    decay_share: float = 0.5
    seed: int = 0
    eval_every: int = 1000
    profile: bool = False


def ctc_losses(
    logits: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor
) -> Tensor:
    """CTC per label over the examples that have one: a scalar.

    logits [B, T, classes] and flat targets are on the device, both lengths int64 [B] on the host (no waiting for it).
    """
    log_probs = functional.log_softmax(logits.float(), dim=-1).transpose(0, 1)
    per_example = functional.ctc_loss(
        log_probs, targets, lengths, target_lengths, blank=0, reduction="none", zero_infinity=True
    )
    wanted = (target_lengths > 0).to(logits.device, non_blocking=True)
    return (per_example * wanted).sum() / max(1, int(target_lengths.sum()))


def train_speech(
    encoder: SpeechEncoder,
    bank: WaveBank,
    recipes: dict[str, Recipe],
    config: SpeechStageConfig,
    curves: Curves,
    *,
    augment: Callable[[Tensor, Tensor, torch.Generator], Tensor],
    mask_mel: Callable[[Tensor, Tensor, torch.Generator], Tensor],
    evaluate: Callable[[], dict[str, float]],
    save: Callable[[], Path | None],
) -> None:
    """Run the stage in place.

    Args:
        encoder: on the bank's device.
        augment: (samples [B, N], lengths, generator) -> samples, on the device.
        mask_mel: (log-mel [B, T, mels], lengths in mel frames, generator) -> log-mel: SpecAugment.
        evaluate: error rates in per cent by name.
        save: writes the weights; called at every evaluation.
    """
    device = bank.device
    generator = torch.Generator(device).manual_seed(config.seed)
    rng = random.Random(config.seed)
    optimiser = Optimiser(
        ((n, p) for n, p in encoder.named_parameters() if not n.startswith("adapter")),
        lr=config.lr, decay_share=config.decay_share,
        warmup_steps=config.warmup_steps,
    )
    batches = bank.batches(recipes, budget_s=config.budget_s, seed=config.seed)
    logged_at = time.monotonic()
    budget = Budget(steps=config.steps, minutes=config.minutes)
    sums = {"phone_loss": torch.zeros((), device=device), "token_loss": torch.zeros((), device=device)}
    step = 0
    profiler = StepProfiler(enabled=config.profile)
    spent, over = 0.0, False
    while not over:
        batch = next(batches)
        begin, end = config.token_fade_steps
        fade = 1.0 if config.warm_start else min(1.0, max(0.0, (step - begin) / (end - begin)))
        samples, lengths = bank.compose(batch)
        samples = augment(samples, lengths, generator)
        with torch.no_grad():
            mel = encoder.features(functional.pad(samples, (240, -samples.shape[1] % 640)))
            mel = mask_mel(mel, lengths // 160, generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            output = encoder.encode_mel(mel, (lengths + 639) // 640, rng.choice(CHUNK_CHOICES))
        frames = torch.from_numpy((batch.lengths + 639) // 640)
        phone = ctc_losses(output.phones, frames, *bank.labels(batch, "phones"))
        token = ctc_losses(output.tokens, frames, *bank.labels(batch, "tokens"))
        (0.4 * phone + fade * token).backward()
        optimiser.step(spent)
        sums["phone_loss"] += phone.detach()
        sums["token_loss"] += token.detach()
        step += 1
        profiler.step()
        spent = budget.spent(step)
        over = spent >= 1
        if step % 100 == 0 or over:
            count = 100 if step % 100 == 0 else max(1, step % 100)
            values = {key: float(value) / count for key, value in sums.items()}
            for value in sums.values():
                value.zero_()
            now = time.monotonic()
            values |= {"lr": optimiser.lr * optimiser.factor(spent), "steps_per_s": count / (now - logged_at)}
            logged_at = now
            curves.add(step, values, spent=spent)
        if step % config.eval_every == 0 or over:
            curves.add(step, evaluate(), spent=spent)
            save()


@torch.no_grad()
def transcribe_batch(encoder: SpeechEncoder, waves: Sequence[Tensor], chunk_frames: int | None) -> list[list[int]]:
    """Greedy CTC of whole recordings (float [N] each, on the encoder's device): token ids per recording."""
    lengths = torch.tensor([len(w) for w in waves], device=waves[0].device)
    padded = torch.nn.utils.rnn.pad_sequence(list(waves), batch_first=True)
    device = padded.device
    mel = encoder.features(functional.pad(padded, (240, -padded.shape[1] % 640)))
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        output: SpeechOutput = encoder.encode_mel(mel, (lengths + 639) // 640, chunk_frames)
    best = output.tokens.argmax(-1)
    return [collapse(row[:n].tolist()) for row, n in zip(best, output.lengths.tolist(), strict=True)]


def collapse(frames: Sequence[int], blank: int = 0) -> list[int]:
    """Merge repeats, drop blanks."""
    out: list[int] = []
    previous = blank
    for token in frames:
        if token not in (previous, blank):
            out.append(token)
        previous = token
    return out
