"""Runs the eyes stage from the picture pack to weights: `autoglm train eyes`."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import torch

from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.training.pictures.render import Renderer
from autoglm_agent.training.pictures.sprites import Atlas
from autoglm_agent.training.stages.eyes_stage import (
    EyesHeads,
    EyesStageConfig,
    Inventory,
    batches_of,
    eyes_scores,
    train_eyes,
)
from autoglm_agent.training.stages.feeding import parallel
from autoglm_agent.training.stages.progress import Curves
from autoglm_agent.training.stages.run_speech import STARTED, say
from autoglm_agent.training.stages.shards import load_shards, mark_done, save_shards

if TYPE_CHECKING:
    from pathlib import Path

MAX_FEEDERS = 12
"""Processes that lay out and pack pictures; twice what the fastest device takes."""


def run_eyes(
    *, pictures: Path, out: Path, init: Path | None, config: EyesStageConfig, eval_chunks: int, chunk: int, workers: int, device: str
) -> dict[str, float]:
    """Train the vision encoder's cells; write shards of `vision.*` to `out`; gives the last scores.

    Args:
        pictures: folder of the picture pack (atlas and photographs).
        init: shards to go on from; None starts afresh.
    """
    torch.manual_seed(config.seed)
    mark_done(out, done=False)
    workers = workers or (os.cpu_count() or 1)
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.nano())
    if init is not None:
        model.load_state_dict(load_shards(init), strict=False)
    inventory = Inventory(Atlas.load(pictures))
    heads = EyesHeads(model.config.vision.hidden_size, inventory).to(device)
    held_out = list(islice(batches_of(pictures, "eval", chunk, 5), eval_chunks))
    batches = parallel(partial(batches_of, pictures, "train", chunk), workers=max(0, min(MAX_FEEDERS, workers - 1)), seed=config.seed)
    first = next(batches)  # The workers are forked before the device is touched.
    say(f"{inventory.num_classes} classes of cells, {first.packed.num_pictures} pictures a chunk")
    torch.nn.Module.to(model, torch.device(device))
    renderer = Renderer.load(pictures, device)
    last: dict[str, float] = {}

    def evaluate() -> dict[str, float]:
        last.update(eyes_scores(model.vision, renderer, heads, held_out, inventory))
        return last

    def save() -> None:
        save_shards({name: value for name, value in model.state_dict().items() if name.startswith("vision.")}, out)

    if config.minutes:
        config = replace(config, minutes=config.minutes - (time.monotonic() - STARTED) / 60)
    model.vision.train()
    train_eyes(model.vision, renderer, heads, batches, config, Curves(out, "eyes"), evaluate=evaluate, save=save)
    mark_done(out)
    return last
