"""Stage `eyes`: the vision encoder learns what lies in each cell of a picture, before any language is asked of it.

Drawn pictures come with perfect knowledge: which characters and things are centred in which stride-32 cell, and their
colours; photographs come with their class. Reading so learnt from millions of characters a minute; through replies alone
it took eight minutes to begin. The heads are thrown away; the features stay.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from autoglm_agent.training.pictures.picture_packing import PackedPictures, Packer
from autoglm_agent.training.pictures.pictures import PhotoPicture
from autoglm_agent.training.pictures.sprites import Atlas
from autoglm_agent.training.stages.optim import Optimiser
from autoglm_agent.training.stages.progress import Budget, StepProfiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from autoglm_agent.model.vision import VisionEncoder
    from autoglm_agent.training.pictures.pictures import Picture
    from autoglm_agent.training.pictures.render import Renderer
    from autoglm_agent.training.sample import Split
    from autoglm_agent.training.stages.progress import Curves

CELL_PX, ROWS, COLUMNS = 32, 15, 20
CHUNK = 128
"""Pictures packed and drawn together."""
SHARES = {"scene": 0.3, "label": 0.45, "photo": 0.25}
TILT_COLUMN = 0
"""Of the packed uniforms: set to 1 it leaves a picture untilted, so that cells stay where the plan says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EyesStageConfig:
    """Knobs of the stage. It runs for `steps`, or for `minutes`."""

    steps: int | None = None
    minutes: float | None = None
    lr: float = 1.5e-3
    decay_share: float = 0.5
    chunks_per_step: int = 2
    seed: int = 0
    eval_every: int = 500
    profile: bool = False


@dataclass(frozen=True, slots=True)
class EyesBatch:
    """One chunk: the packed pictures, and what is where as index lists (picture·300 + cell, class), colours, classes."""

    packed: PackedPictures
    cells: NDArray[np.int64]
    classes: NDArray[np.int64]
    colour_cells: NDArray[np.int64]
    colours: NDArray[np.float32]
    photo_rows: NDArray[np.int64]
    photo_classes: NDArray[np.int64]


class Inventory:
    """The classes of the cell head: characters first, then kinds of things; and the photographs' classes."""

    def __init__(self, atlas: Atlas) -> None:
        from autoglm_agent.training.pictures.photos import CLASSES

        self.num_characters = len(atlas.characters)
        kinds = sorted({name.split("/")[0] for name in atlas.sprite_names})
        self.kind_of_sprite = np.array([kinds.index(name.split("/")[0]) for name in atlas.sprite_names])
        self.num_classes = self.num_characters + len(kinds)
        self.photo_class = {row: i for i, c in enumerate(CLASSES) for row in range(c.first, c.first + c.total)}
        self.num_photo_classes = len(CLASSES)

    def batch(self, pictures: list[Picture], packer: Packer) -> EyesBatch:
        """Pack pictures and read off where everything is."""
        packed = packer.pack(pictures)
        packed.uniforms[:, TILT_COLUMN] = 1.0
        cells, classes, colour_cells, colours = [], [], [], []
        for (kind, _), rows in packed.stamps.items():
            inside = (rows[:, 2] >= 0) & (rows[:, 2] < COLUMNS * CELL_PX) & (rows[:, 3] >= 0) & (rows[:, 3] < ROWS * CELL_PX)
            rows = rows[inside]
            at = rows[:, 0].astype(np.int64) * (ROWS * COLUMNS)
            at += (rows[:, 3] // CELL_PX).astype(np.int64) * COLUMNS + (rows[:, 2] // CELL_PX).astype(np.int64)
            texture = rows[:, 1].astype(np.int64)
            cells.append(at)
            if kind == "glyph":
                classes.append(texture % self.num_characters)
            else:
                classes.append(self.num_characters + self.kind_of_sprite[texture])
                colour_cells.append(at)
                colours.append(rows[:, 10:13])
        photos = [(b, self.photo_class[p.photo]) for b, p in enumerate(pictures) if isinstance(p, PhotoPicture)]
        empty = [np.zeros(0, np.int64)]
        return EyesBatch(
            packed, np.concatenate(cells or empty), np.concatenate(classes or empty), np.concatenate(colour_cells or empty),
            np.concatenate(colours or [np.zeros((0, 3), np.float32)]).astype(np.float32),
            np.array([b for b, _ in photos], np.int64), np.array([c for _, c in photos], np.int64),
        )


def pictures_of(rng: random.Random, split: Split) -> Iterator[Picture]:
    """Endless pictures in their shares."""
    from autoglm_agent.training.pictures import labels, photos
    from autoglm_agent.training.pictures.scene_layout import random_scene

    streams = {"label": labels.samples(rng, split), "photo": photos.samples(rng, split)}
    names, shares = list(SHARES), list(SHARES.values())
    while True:
        name = rng.choices(names, shares)[0]
        if name == "scene":
            yield random_scene(rng, split)
        else:
            picture = next(streams[name]).messages[0].picture
            if picture is not None:
                yield picture


def batches_of(atlas_dir: Path, split: Split, chunk: int, seed: int) -> Iterator[EyesBatch]:
    """Endless chunks of one worker."""
    atlas = Atlas.load(atlas_dir)
    inventory, packer = Inventory(atlas), Packer(atlas)
    stream = pictures_of(random.Random(seed), split)
    while True:
        yield inventory.batch([next(stream) for _ in range(chunk)], packer)


class EyesHeads(nn.Module):
    """What is in a cell, its colour, and what a photograph shows. Used in this stage only."""

    def __init__(self, size: int, inventory: Inventory) -> None:
        super().__init__()
        self.cell_head = nn.Linear(size, inventory.num_classes)
        self.colour_head = nn.Linear(size, 3)
        self.photo_head = nn.Linear(size, inventory.num_photo_classes)
        nn.init.constant_(self.cell_head.bias, -5.0)  # Almost every class is absent from almost every cell.

    def losses(self, features: Tensor, batch: EyesBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Cell, colour and photograph losses from cell features [B, 300, D]."""

        def put(array: NDArray[np.int64] | NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(array).to(features.device, non_blocking=True)

        logits = self.cell_head(features).float()
        flat = logits.view(-1, logits.shape[-1])
        index = put(batch.cells) * flat.shape[1] + put(batch.classes)
        targets = torch.zeros_like(flat).view(-1).index_fill_(0, index, 1.0).view_as(flat)
        # Photographs hold none of the characters, but nobody looked: they teach nothing here.
        drawn = torch.ones(features.shape[0], device=features.device)
        drawn[put(batch.photo_rows)] = 0.0
        per_picture = functional.binary_cross_entropy_with_logits(logits, targets.view_as(logits), reduction="none").sum((1, 2))
        cell = (per_picture * drawn).sum() / max(1, len(batch.cells))
        flat_features = features.reshape(-1, features.shape[-1])
        colour = (self.colour_head(flat_features[put(batch.colour_cells)]).float() - put(batch.colours)).abs().sum() / max(
            1, len(batch.colours)
        )
        shown = self.photo_head(features[put(batch.photo_rows)].mean(1)).float()
        photo = functional.cross_entropy(shown, put(batch.photo_classes), label_smoothing=0.1, reduction="sum")
        return cell, colour, photo / max(1, len(batch.photo_rows))


def train_eyes(
    encoder: VisionEncoder, renderer: Renderer, heads: EyesHeads, batches: Iterator[EyesBatch], config: EyesStageConfig,
    curves: Curves, *, evaluate: Callable[[], dict[str, float]], save: Callable[[], object],
) -> None:
    """Run the stage in place, on the renderer's device."""
    device = renderer.device
    named = [*encoder.named_parameters(), *((f"head.{n}", p) for n, p in heads.named_parameters())]
    optimiser = Optimiser(
        ((n, p) for n, p in named if not n.startswith("merge_in") and not n.startswith("merge_out")),
        lr=config.lr, decay_share=config.decay_share,
    )
    logged_at = time.monotonic()
    budget = Budget(steps=config.steps, minutes=config.minutes)
    sums = torch.zeros(3, device=device)
    step = pictures = logged_pictures = 0
    profiler = StepProfiler(enabled=config.profile)
    spent, over = 0.0, False
    while not over:
        for _ in range(config.chunks_per_step):
            batch = next(batches)
            pixels = renderer.render([batch.packed], seed=config.seed * 1_000_003 + pictures)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                losses = heads.losses(encoder.cells(pixels), batch)
            ((losses[0] + 0.5 * losses[1] + 0.5 * losses[2]) / config.chunks_per_step).backward()
            sums += torch.stack(losses).detach()
            pictures += batch.packed.num_pictures
        optimiser.step(spent, max_norm=5.0)
        step += 1
        profiler.step()
        spent = budget.spent(step)
        over = spent >= 1
        if step % 100 == 0 or over:
            count = (100 if step % 100 == 0 else max(1, step % 100)) * config.chunks_per_step
            cell, colour, photo = (sums / count).tolist()
            now = time.monotonic()
            curves.add(
                step,
                {"cell_loss": cell, "colour_loss": colour, "photo_loss": photo, "lr": optimiser.lr * optimiser.factor(spent),
                 "pictures_per_s": (pictures - logged_pictures) / (now - logged_at)},
                spent=spent,
            )
            logged_at, logged_pictures = now, pictures
            sums.zero_()
        if step % config.eval_every == 0 or over:
            encoder.eval()
            curves.add(step, evaluate(), spent=spent)
            encoder.train()
            save()


@torch.no_grad()
def eyes_scores(encoder: VisionEncoder, renderer: Renderer, heads: EyesHeads, batches: list[EyesBatch], inventory: Inventory) -> dict[str, float]:
    """Per cent found at a probability of a half: characters, things; share of false ones; photographs by class."""
    found = {"character": 0, "thing": 0}
    there = {"character": 0, "thing": 0}
    claimed = right = photos = named = 0
    for number, batch in enumerate(batches):
        pixels = renderer.render([batch.packed], seed=number)
        with torch.autocast(renderer.device.type, torch.bfloat16, enabled=renderer.device.type == "cuda"):
            features = encoder.cells(pixels)
            logits = heads.cell_head(features).float()
            shown = heads.photo_head(features[torch.from_numpy(batch.photo_rows).to(features.device)].mean(1))
        positive = (logits > 0).flatten(0, 1).cpu().numpy()
        hits = positive[batch.cells, batch.classes]
        is_char = batch.classes < inventory.num_characters
        for name, chosen in (("character", is_char), ("thing", ~is_char)):
            found[name] += int(hits[chosen].sum())
            there[name] += int(chosen.sum())
        drawn = np.ones(len(positive), bool).reshape(-1, ROWS * COLUMNS)
        drawn[batch.photo_rows] = False
        claimed += int(positive[drawn.ravel()].sum())
        right += int(hits.sum())
        named += int((shown.argmax(-1).cpu().numpy() == batch.photo_classes).sum())
        photos += len(batch.photo_classes)
    scores = {f"{name}_recall": 100 * found[name] / max(1, there[name]) for name in found}
    return scores | {"cell_precision": 100 * right / max(1, claimed), "photo_accuracy": 100 * named / max(1, photos)}


__all__ = ["EyesBatch", "EyesHeads", "EyesStageConfig", "Inventory", "batches_of", "eyes_scores", "train_eyes"]
