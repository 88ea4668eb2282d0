"""Trains the network that tells the end of a turn from a pause inside it: minutes on a CPU, and a few hundred kilobytes.

Every sentence weighs as much at its end as at all its possible pauses together, so that a probability of one half
means: as likely an end as a pause. The forward pass is `model.turn_ends`'; tests hold the two together.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from autoglm_agent.model.turn_ends import CONTEXT, TURN_ENDS_FILE, TurnEnds
from autoglm_agent.training.turns.turn_texts import LEAST_CHARACTERS, Said, WordGaps, turn_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH, UNITS = 24, 96
MIN_COUNT = 10
"""A character seen less often is one of the others."""
COMMA_WEIGHT, LOOSE_WEIGHT = 2.0, 0.15
"""Of a pause where a comma stood, and within a word, beside one between words."""
MISHEARD_SHARE = 0.03
"""Of the characters, replaced by one that sounds alike: transcripts are not flawless."""
BATCH, RATE = 256, 4e-3


@dataclass(frozen=True, slots=True)
class TurnStageConfig:
    """How much is learned from, and for how long."""

    dialogues: int = 160_000
    tasks: int = 80_000
    epochs: int = 5
    seed: int = 0


class TurnNetwork(nn.Module):
    """Scores (logits) of the end after each character: ids int64 [B, T] -> [B, T]."""

    def __init__(self, num_characters: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_characters + 1, WIDTH)
        self.recurrence = nn.GRU(WIDTH, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] -> [B, T]."""
        states, _ = self.recurrence(self.embedding(ids))
        scores: Tensor = self.output(states)[..., 0]
        return scores

    def portable(self, characters: str) -> TurnEnds:
        """The same network without torch."""
        weights: dict[str, Any] = {
            "embedding": self.embedding.weight, "input": self.recurrence.weight_ih_l0,
            "recurrent": self.recurrence.weight_hh_l0, "input_bias": self.recurrence.bias_ih_l0,
            "recurrent_bias": self.recurrence.bias_hh_l0, "output": self.output.weight.flatten(), "bias": self.output.bias,
        }
        return TurnEnds(characters, {name: weight.detach().numpy().copy() for name, weight in weights.items()})


@dataclass(frozen=True, slots=True)
class Rows:
    """Sentences as arrays [N, T]: character ids (0: other, padding, too), and what an end or a pause there weighs.

    `ends` are 1 at a sentence's last character.
    """

    ids: NDArray[np.int64]
    ends: NDArray[np.float32]
    weights: NDArray[np.float32]


def write_turns(data: Path, out: Path, config: TurnStageConfig) -> Iterator[str]:
    """Train, and add the file to the checkpoint's folder `out`; yields a line for each step."""
    taught = turn_texts(data, "train", dialogues=config.dialogues, tasks=config.tasks, seed=config.seed)
    held_out = turn_texts(data, "eval", dialogues=4_000, tasks=2_000, seed=config.seed)
    yield f"{len(taught)} sentences, {len(held_out)} held out"
    counts = Counter(character for said in taught for character in said.text)
    characters = "".join(sorted(character for character, count in counts.items() if count >= MIN_COUNT))
    gaps = WordGaps(out)
    network = TurnNetwork(len(characters))
    yield from fit(network, rows_of(taught, characters, gaps), config, _homophones(characters))
    ends = network.portable(characters)
    out.mkdir(parents=True, exist_ok=True)
    ends.save(out / TURN_ENDS_FILE)
    found = separation(TurnEnds.load(out / TURN_ENDS_FILE), held_out, gaps)
    size_kb = (out / TURN_ENDS_FILE).stat().st_size / 1e3
    yield f"{out / TURN_ENDS_FILE}: {size_kb:.0f} kB; an end scores above a pause in {100 * found:.1f} % of pairs"


def fit(network: TurnNetwork, rows: Rows, config: TurnStageConfig, homophones: NDArray[np.int64]) -> Iterator[str]:
    """Train in place. The same seed gives the same weights on the same machine."""
    torch.manual_seed(config.seed)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    rng = np.random.default_rng(config.seed)
    order_of = np.argsort((rows.weights > 0).sum(1), kind="stable")
    batches = [order_of[at : at + BATCH] for at in range(0, len(order_of), BATCH)]
    steps = config.epochs * len(batches)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=max(2, steps), pct_start=0.1)
    for epoch in range(config.epochs):
        total = 0.0
        for number in rng.permutation(len(batches)):
            batch = batches[number]
            length = int((rows.weights[batch] > 0).nonzero()[1].max()) + 1
            ids = _misheard(rows.ids[batch, :length], homophones, rng)
            scores = network(torch.from_numpy(ids))
            loss = functional.binary_cross_entropy_with_logits(
                scores, torch.from_numpy(rows.ends[batch, :length]),
                torch.from_numpy(rows.weights[batch, :length]), reduction="sum",
            ) / (2 * len(batch))  # fmt: skip
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        yield f"epoch {epoch + 1}: {total / len(rows.ids):.4f} nats"


def rows_of(texts: Sequence[Said], characters: str, gaps: WordGaps) -> Rows:
    """The sentences as arrays."""
    index = {character: i for i, character in enumerate(characters, start=1)}
    ids = np.zeros((len(texts), CONTEXT), np.int64)
    ends, weights = np.zeros((2, len(texts), CONTEXT), np.float32)
    for row, said in enumerate(texts):
        size = min(len(said.text), CONTEXT)
        ids[row, :size] = [index.get(character, 0) for character in said.text[:size]]
        pauses = weights[row, : size - 1]
        pauses[LEAST_CHARACTERS - 1 :] = LOOSE_WEIGHT
        pauses[[at - 1 for at in gaps.of(said.text) if at < size]] = 1.0
        pauses[[at - 1 for at in said.commas if at < size]] = COMMA_WEIGHT
        pauses /= max(1e-6, float(pauses.sum()))
        if size == len(said.text):
            ends[row, size - 1] = weights[row, size - 1] = 1.0
    return Rows(ids, ends, weights)


def separation(ends: TurnEnds, texts: Sequence[Said], gaps: WordGaps, seed: int = 0) -> float:
    """How often an end scores above a pause between words of another sentence (the area under the ROC curve)."""
    rng = random.Random(seed)
    finished = np.array([ends.probability(said.text) for said in texts])
    places = [(said.text, gaps.of(said.text)) for said in texts]
    paused = np.array([ends.probability(text[: rng.choice(at)]) for text, at in places if at])
    ranks = np.searchsorted(np.sort(paused), finished, "left") + np.searchsorted(np.sort(paused), finished, "right")
    return float(ranks.mean() / (2 * max(1, len(paused))))


def _homophones(characters: str) -> NDArray[np.int64]:
    """For each character id four that sound alike, tones aside: [V + 1, 4]; itself where there is none."""
    from pypinyin import lazy_pinyin  # an extra of training

    alike: dict[str, list[int]] = defaultdict(list)
    sounds = ["", *(lazy_pinyin(character)[0] for character in characters)]
    for i, sound in enumerate(sounds):
        alike[sound].append(i)
    rng = np.random.default_rng(0)
    return np.array([rng.choice(alike[sound], 4) for sound in sounds], np.int64)


def _misheard(ids: NDArray[np.int64], homophones: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Some characters replaced by ones that sound alike."""
    other = homophones[ids, rng.integers(0, homophones.shape[1], ids.shape)]
    replaced: NDArray[np.int64] = np.where(rng.random(ids.shape) < MISHEARD_SHARE, other, ids)
    return replaced
