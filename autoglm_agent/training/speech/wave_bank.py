"""Recordings held on the device as one flat array, and the batches drawn from it.

A training example is up to four recordings in a row with silence around them; examples of like length fill one batch of
a fixed size, so that the device sees a dozen shapes and no more (its attention and convolutions are planned once for
each). Composition happens on the device by gathering, with a change of speed for free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
MAX_SEGMENTS = 4
COPIED_TOGETHER = 4096
SIZES_S = (1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 3.6, 4.0, 4.8, 5.6, 6.8, 8.4, 10.4, 12.4, 14.4)
"""Lengths that examples are padded to, in seconds; all are multiples of 40 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How often a source is drawn, and how often its recordings are joined in rows of 2 to `MAX_SEGMENTS`."""

    share: float
    join: float = 0.1
    min_speed: float = 0.9
    max_speed: float = 1.1


@dataclass(frozen=True, slots=True)
class Batch:
    """Segments of B examples: recording index or -1, where each begins (samples), its speed; and each example's length.

    `size` is the common padded length in samples.
    """

    recordings: NDArray[np.int64]
    begins: NDArray[np.int64]
    speeds: NDArray[np.float32]
    lengths: NDArray[np.int64]
    size: int


Example = tuple[list[int], list[int], list[float], int]
"""Recordings, where each begins, its speed, and the length of the whole."""


class WaveBank:
    """All recordings: int16 on the device, labels on the host."""

    def __init__(
        self,
        waves: Sequence[NDArray[np.int16]],
        tokens: Sequence[Sequence[int]],
        phones: Sequence[Sequence[int]],
        sources: Sequence[str],
        device: torch.device | str,
    ) -> None:
        lengths = np.array([len(w) for w in waves], dtype=np.int64)
        flat = torch.zeros(int(lengths.sum()) + 2, dtype=torch.int16, device=device)
        at = 0
        for begin in range(0, len(waves), COPIED_TOGETHER):  # never all of it twice on the host
            part = torch.from_numpy(np.concatenate(waves[begin : begin + COPIED_TOGETHER]))
            flat[at : at + len(part)] = part.to(device)
            at += len(part)
        self._hold(flat, lengths, tokens, phones, sources)

    @classmethod
    def of_flat(
        cls,
        flat: Tensor,
        lengths: NDArray[np.int64],
        tokens: Sequence[Sequence[int]],
        phones: Sequence[Sequence[int]],
        sources: Sequence[str],
    ) -> WaveBank:
        """A bank over samples that are joined already: int16 on the device, two zeros at the end."""
        bank = cls.__new__(cls)
        bank._hold(flat, lengths, tokens, phones, sources)
        return bank

    def _hold(
        self,
        flat: Tensor,
        lengths: NDArray[np.int64],
        tokens: Sequence[Sequence[int]],
        phones: Sequence[Sequence[int]],
        sources: Sequence[str],
    ) -> None:
        self.flat, self.lengths, self.tokens, self.phones = flat, lengths, tokens, phones
        self.sources = np.array(sources)
        self.device = flat.device
        self.offsets = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        self._offsets = torch.from_numpy(self.offsets).to(self.device)
        self._lengths = torch.from_numpy(lengths).to(self.device)

    def compose(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Samples float [B, N] in [-1, 1] and lengths int64 [B]."""
        out = torch.zeros(len(batch.lengths), batch.size, device=self.device)
        clock = torch.arange(batch.size, device=self.device)
        for k in range(batch.recordings.shape[1]):
            which = torch.from_numpy(batch.recordings[:, k]).to(self.device)
            if not bool((batch.recordings[:, k] >= 0).any()):
                break
            begin = torch.from_numpy(batch.begins[:, k]).to(self.device)
            speed = torch.from_numpy(batch.speeds[:, k]).to(self.device)
            safe = which.clamp(min=0)
            at = (clock - begin[:, None]).float() * speed[:, None]
            inside = (at >= 0) & (at < (self._lengths[safe] - 1)[:, None]) & (which >= 0)[:, None]
            whole = at.floor().long().clamp(min=0)
            index = torch.where(inside, self._offsets[safe][:, None] + whole, 0)
            share = at - whole
            wave = self.flat[index].float() * (1 - share) + self.flat[index + 1].float() * share
            out += torch.where(inside, wave, 0)
        return out / 32768.0, torch.from_numpy(batch.lengths).to(self.device)

    def labels(self, batch: Batch, kind: str) -> tuple[Tensor, Tensor]:
        """Targets of all examples flattened (on the device), and the length of each (on the host).

        `kind` is "tokens" or "phones".
        """
        table = self.tokens if kind == "tokens" else self.phones
        rows = [[label for r in row if r >= 0 for label in table[r]] for row in batch.recordings]
        lengths = torch.tensor([len(row) for row in rows])
        flat = torch.tensor([label for row in rows for label in row], dtype=torch.long)
        return flat.to(self.device), lengths

    def batches(
        self, recipes: Mapping[str, Recipe], *, budget_s: float, seed: int, max_s: float = SIZES_S[-1]
    ) -> Iterator[Batch]:
        """Endless batches of about `budget_s` padded seconds: each size has its own, fixed number of examples."""
        rng = np.random.default_rng(seed)
        members = {name: np.flatnonzero(self.sources == name) for name in recipes}
        names = [name for name in recipes if len(members[name])]
        shares = np.array([recipes[name].share for name in names])
        # Shares are of seconds, not of recordings: short words must not crowd out sentences' time.
        means = np.array([self.lengths[members[name]].mean() for name in names])
        odds = shares / means
        odds /= odds.sum()
        sizes = np.array([round(s * SAMPLE_RATE_HZ) for s in SIZES_S])
        gathered: list[list[Example]] = [[] for _ in sizes]
        while True:
            for pick in rng.choice(len(names), size=1024, p=odds):
                example = self._example(rng, members[names[pick]], recipes[names[pick]], max_s)
                at = int(np.searchsorted(sizes, example[3]))
                gathered[at].append(example)
                if len(gathered[at]) >= max(1, int(budget_s * SAMPLE_RATE_HZ) // int(sizes[at])):
                    yield _batch(gathered[at], int(sizes[at]))
                    gathered[at] = []

    def _example(
        self, rng: np.random.Generator, members: NDArray[np.int64], recipe: Recipe, max_s: float
    ) -> Example:
        wanted = int(rng.integers(2, MAX_SEGMENTS + 1)) if rng.random() < recipe.join else 1
        recordings: list[int] = []
        begins: list[int] = []
        speeds: list[float] = []
        at = int(rng.exponential(0.12) * SAMPLE_RATE_HZ)
        for _ in range(wanted):
            which = int(members[rng.integers(len(members))])
            speed = float(rng.uniform(recipe.min_speed, recipe.max_speed))
            duration = int(self.lengths[which] / speed)
            if at + duration > max_s * SAMPLE_RATE_HZ:
                if recordings:
                    break
                # Longer than the longest size: only its beginning, and so its speed, can give.
                at, speed = 0, max(speed, int(self.lengths[which]) / (max_s * SAMPLE_RATE_HZ))
                duration = int(self.lengths[which] / speed)
            recordings.append(which)
            begins.append(at)
            speeds.append(speed)
            at += duration + int(rng.exponential(0.15) * SAMPLE_RATE_HZ)
        return recordings, begins, speeds, min(int(max_s * SAMPLE_RATE_HZ), at + int(rng.uniform(0, 0.3) * SAMPLE_RATE_HZ))


def _batch(examples: list[Example], padded: int) -> Batch:
    size = len(examples)
    recordings = np.full((size, MAX_SEGMENTS), -1, dtype=np.int64)
    begins = np.zeros((size, MAX_SEGMENTS), dtype=np.int64)
    speeds = np.ones((size, MAX_SEGMENTS), dtype=np.float32)
    for i, (which, begin, speed, _) in enumerate(examples):
        recordings[i, : len(which)] = which
        begins[i, : len(which)] = begin
        speeds[i, : len(which)] = speed
    return Batch(recordings, begins, speeds, np.array([e[3] for e in examples], dtype=np.int64), padded)
