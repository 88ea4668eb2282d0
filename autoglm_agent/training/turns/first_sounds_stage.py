"""Trains the network that tells who wants the floor by the first sounds: minutes on a CPU, a hundred kilobytes.

Requests weigh as much as signs of listening and noises together, so that one half means: as likely one as the other.
Every frame of a beginning counts from when enough of it was heard to say anything. The forward pass is
`audio.first_sounds`'; tests hold the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from autoglm_agent.audio.first_sounds import (
    BANDS,
    FIRST_SOUNDS_FILE,
    HOP,
    JOINED,
    SAMPLE_RATE_HZ,
    FirstSounds,
    mel_frames,
)
from autoglm_agent.runtime.turn_policy import SOUNDED_MS, SURE_OF_WORDS
from autoglm_agent.training.speech.speech_augment import (
    AugmentConfig,
    babble,
    coloured_noise,
    through_rooms_and_bands,
)
from autoglm_agent.training.turns.first_sound_waves import LEAD_SAMPLES, Amounts, beginnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from autoglm_agent.training.turns.first_sound_waves import Beginning

WIDTH, UNITS = 96, 128
BATCH, RATE = 256, 3e-3
DROPPED = 0.15
MASKED_BANDS = 8
LOUDER = 0.25
"""Of a mel frame's unit: 3 dB."""
HEARD_SAMPLES = SAMPLE_RATE_HZ * 4 // 5
"""Of each beginning, from a random moment before its first sound."""
BEFORE_SAMPLES = (SAMPLE_RATE_HZ // 50, SAMPLE_RATE_HZ // 4)
"""How long before: voice activity finds an onset late, by 0 to 100 ms, and what is heard begins before it."""
JUDGED_AFTER_S = 0.12
"""From the first sound: before a syllable's middle nothing can be told."""
RINGING_S = 0.1
"""After the last sound a room still has something of it; later there is nothing to judge."""
TOLD_AFTER_S = 0.3
"""What an interruption may take."""
EVAL_SHARE = 0.08
ROOMS = AugmentConfig(reverb_share=0.3, band_share=0.3)
NOISE_SHARE, BABBLE_SHARE, SNR_DB = 0.6, 0.25, (3.0, 30.0)
SILENT = 1e-10
"""Power that is not divided by."""
HEARD_TIMES = 4
"""Epochs over the same rooms and noises: making them takes as long as three."""
LEVEL_DB = (-40.0, -14.0)
"""Of the sound itself, re full scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSoundsConfig:
    """How much is learned from, and for how long."""

    amounts: Amounts = field(default_factory=Amounts)
    epochs: int = 16
    seed: int = 0
    workers: int = 2


class FirstSoundsNetwork(nn.Module):
    """Scores (logits) after each frame: mel [B, T + JOINED - 1, BANDS] -> [B, T]."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = nn.Linear(JOINED * BANDS, WIDTH)
        self.recurrence = nn.GRU(WIDTH, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, mel: Tensor) -> Tensor:
        """Frames to scores."""
        wide = mel.unfold(1, JOINED, 1).flatten(2)  # [B, T, BANDS * JOINED]
        inner = functional.dropout(functional.relu(self.joined(wide)), DROPPED, self.training)
        states, _ = self.recurrence(inner)
        scores: Tensor = self.output(functional.dropout(states, DROPPED, self.training))[..., 0]
        return scores

    def portable(self) -> FirstSounds:
        """The same network without torch."""
        weights: dict[str, Any] = {
            "joined": self.joined.weight, "joined_bias": self.joined.bias, "input": self.recurrence.weight_ih_l0,
            "recurrent": self.recurrence.weight_hh_l0, "input_bias": self.recurrence.bias_ih_l0,
            "recurrent_bias": self.recurrence.bias_hh_l0, "output": self.output.weight.flatten(), "bias": self.output.bias,
        }  # fmt: skip
        return FirstSounds({name: weight.detach().numpy().copy() for name, weight in weights.items()})


@dataclass(frozen=True, slots=True)
class Rows:
    """Beginnings as arrays: waves int16 [N, S], lengths [N], and what is meant: requests 1, else 0; weights [N]."""

    waves: NDArray[np.int16]
    lengths: NDArray[np.int64]
    requests: NDArray[np.float32]
    weights: NDArray[np.float32]


def rows_of(found: Iterable[Beginning]) -> Rows:
    """The beginnings as arrays."""
    kept = list(found)
    requests = np.array([one.kind == "request" for one in kept], np.float32)
    share = max(1e-6, float(requests.mean()))
    weights = np.where(requests > 0, 0.5 / share, 0.5 / max(1e-6, 1 - share)).astype(np.float32)
    return Rows(np.stack([one.wave for one in kept]), np.array([one.length for one in kept]), requests, weights)


@dataclass(frozen=True, slots=True)
class Heard:
    """Beginnings as they are heard.

    `mel` float16 [N, T + JOINED - 1, BANDS]; `after_s` [N, T], seconds from the first sound to the end of each frame;
    `sounding_s` [N], how long the sound lasts.
    """

    mel: Tensor
    after_s: Tensor
    sounding_s: Tensor


def heard(rows: Rows, generator: torch.Generator) -> Heard:
    """All rows in random rooms and noises, at random levels."""
    parts = [_heard(rows, slice(at, at + BATCH), generator) for at in range(0, len(rows.lengths), BATCH)]
    return Heard(*(torch.cat([getattr(part, name) for part in parts]) for name in ("mel", "after_s", "sounding_s")))


def _heard(rows: Rows, which: slice, generator: torch.Generator) -> Heard:
    waves = torch.from_numpy(rows.waves[which].astype(np.float32) / 32768.0)
    count = len(waves)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    before = uniform(*BEFORE_SAMPLES).long()
    index = (LEAD_SAMPLES - before)[:, None] + torch.arange(HEARD_SAMPLES)
    waves = through_rooms_and_bands(waves.gather(1, index), ROOMS, generator)
    sounding = torch.from_numpy(rows.lengths[which]) - LEAD_SAMPLES
    steps = torch.arange(HEARD_SAMPLES)
    sound = (steps >= before[:, None]) & (steps < (before + sounding)[:, None])
    power = (waves.square() * sound).sum(1) / sound.sum(1).clamp(min=1)
    noise = coloured_noise(uniform(0, 2), HEARD_SAMPLES, generator)
    noise = torch.where((uniform(0, 1) < BABBLE_SHARE)[:, None], babble(waves, generator), noise)
    wanted = power * 10 ** (-uniform(*SNR_DB) / 10) * (uniform(0, 1) < NOISE_SHARE)
    waves = waves + noise * (wanted / noise.square().mean(1).clamp(min=SILENT)).sqrt()[:, None]
    level = 10 ** (uniform(*LEVEL_DB) / 20) * power.clamp(min=SILENT).rsqrt()
    waves = functional.pad((waves * level[:, None]).clamp(-1, 1), (HOP * JOINED, 0))
    ends = HOP * torch.arange(1, HEARD_SAMPLES // HOP + 1) - before[:, None]
    mel = torch.from_numpy(mel_frames(waves.numpy())).half()
    return Heard(mel, ends / SAMPLE_RATE_HZ, sounding / SAMPLE_RATE_HZ)


def fit(network: FirstSoundsNetwork, rows: Rows, config: FirstSoundsConfig) -> Iterator[str]:
    """Train in place; a line for each epoch. The same seed gives the same weights on the same machine."""
    torch.manual_seed(config.seed)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
    network.train()
    generator = torch.Generator().manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    steps = max(2, config.epochs * -(-len(rows.lengths) // BATCH))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    requests, weights = torch.from_numpy(rows.requests), torch.from_numpy(rows.weights)
    sounds = None
    for epoch in range(config.epochs):
        if sounds is None or epoch % HEARD_TIMES == 0:
            sounds = heard(rows, generator)
        total = 0.0
        for batch in torch.from_numpy(rng.permutation(len(rows.lengths))).split(BATCH):
            scores = network(_masked(sounds.mel[batch].float(), generator))
            after_s, until_s = sounds.after_s[batch], sounds.sounding_s[batch, None] + RINGING_S
            judged = ((after_s >= JUDGED_AFTER_S) & (after_s <= until_s)).float()
            judged = judged / judged.sum(1, keepdim=True).clamp(min=1)
            wanted = requests[batch, None].expand_as(scores)
            losses = functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
            loss = ((losses * judged).sum(1) * weights[batch]).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        yield f"epoch {epoch + 1}: {total / len(requests):.4f} nats"


def _masked(mel: Tensor, generator: torch.Generator) -> Tensor:
    """Some bands of each row silenced, and all of it louder or softer: no voice is remembered by its timbre alone."""
    first = torch.rand(len(mel), 1, 1, generator=generator) * (BANDS + MASKED_BANDS) - MASKED_BANDS
    band = torch.arange(BANDS)
    is_masked = (band >= first) & (band < first + MASKED_BANDS * torch.rand(len(mel), 1, 1, generator=generator))
    louder = LOUDER * (2 * torch.rand(len(mel), 1, 1, generator=generator) - 1)
    return torch.where(is_masked, 0.0, mel + louder)


def write_first_sounds(data: Path, out: Path, config: FirstSoundsConfig) -> Iterator[str]:
    """Train, and add the file to the checkpoint's folder `out`; yields a line for each step."""
    taught = rows_of(beginnings(data, "train", config.amounts, seed=config.seed, workers=config.workers))
    held_out = rows_of(
        beginnings(data, "eval", config.amounts.share(EVAL_SHARE), seed=config.seed, workers=config.workers)
    )
    yield f"{len(taught.lengths)} beginnings, {len(held_out.lengths)} held out"
    network = FirstSoundsNetwork()
    yield from fit(network, taught, config)
    out.mkdir(parents=True, exist_ok=True)
    network.portable().save(out / FIRST_SOUNDS_FILE)
    told, mistaken = told_apart(network, held_out, seed=config.seed)
    size_kb = (out / FIRST_SOUNDS_FILE).stat().st_size / 1e3
    yield (
        f"{out / FIRST_SOUNDS_FILE}: {size_kb:.0f} kB; of requests {100 * told:.1f} % are known after "
        f"{TOLD_AFTER_S * 1000:.0f} ms, of signs of listening and noises {100 * mistaken:.1f} % are ever taken for one"
    )


def told_apart(network: FirstSoundsNetwork, rows: Rows, *, seed: int = 0) -> tuple[float, float]:
    """Shares of requests that are known `TOLD_AFTER_S` after their first sound, and of all others ever taken for one."""
    network.train(False)
    sounds = heard(rows, torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        sure = torch.sigmoid(network(sounds.mel.float())) >= SURE_OF_WORDS
    sure = sure & (sounds.after_s >= SOUNDED_MS / 1000)
    requests = torch.from_numpy(rows.requests) > 0
    told = (sure & (sounds.after_s <= TOLD_AFTER_S)).any(1)[requests].float().mean()
    mistaken = (sure & (sounds.after_s <= sounds.sounding_s[:, None] + RINGING_S)).any(1)[~requests].float().mean()
    return float(told), float(mistaken)
