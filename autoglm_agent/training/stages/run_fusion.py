"""Runs the fusion stage from packs and finished ears to weights: `autoglm train fusion`."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.training.corpus import random_distractor
from autoglm_agent.training.pictures.render import Renderer
from autoglm_agent.training.speech.spoken_pool import SpeechBank, gather_spoken, heard_pool, spoken_waves
from autoglm_agent.training.stages.compiling import compile_backbone
from autoglm_agent.training.stages.feeding import parallel
from autoglm_agent.training.stages.fusion_rows import (
    ROW_SIZES,
    RowFactory,
    RowMaker,
    RowOptions,
    pad_rows,
    rows_of_size,
)
from autoglm_agent.training.stages.fusion_stage import (
    INITIAL_GAIN,
    FusionForward,
    FusionStageConfig,
    forced_accuracy,
    train_fusion,
)
from autoglm_agent.training.stages.progress import Curves
from autoglm_agent.training.stages.ranks import join
from autoglm_agent.training.stages.run_speech import STARTED, say
from autoglm_agent.training.stages.shards import load_shards, mark_done, save_shards, wait_until_done

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autoglm_agent.training.sample import Sample
    from autoglm_agent.training.speech.spoken_pool import SpokenWaves
    from autoglm_agent.training.stages.fusion_rows import FusionBatch, Row, SpokenSample

MAX_FEEDERS = 8
"""Processes that make rows: one makes 3,000 rows a second, a step on the fastest device takes a few hundred."""


def make_layout() -> ChatLayout:
    """The layout of nano; built in each worker."""
    tokenizer = AutoGLMTokenizer.from_pretrained(NANO_DIR)
    return ChatLayout(tokenizer, AutoGLMConfig.nano(vocab_size=len(tokenizer)))


def eval_batches(pool: Sequence[SpokenSample], typed: Sequence[Sample], *, think: bool, rows_per_batch: int = 32) -> list[FusionBatch]:
    """Rows of held-out samples, typed and spoken, in one mode of thinking."""
    rng = random.Random(11)
    options = RowOptions(
        think=think, distractor_share=0.3, damage_share=0, mute_share=0, deaf_share=0,
        glance_share=0, stare_share=0, max_tokens=900,
    )
    maker = RowMaker(make_layout(), random_distractor, "eval", options)
    rows: list[Row | None] = [maker.row(sample, rng) for sample in typed]
    rows += [maker.row(item.sample, rng, item.versions[0]) for item in pool]
    kept = sorted((row for row in rows if row is not None), key=lambda row: len(row.input_ids))
    return [pad_rows(kept[i : i + rows_per_batch]) for i in range(0, len(kept), rows_per_batch)]


def _joined(train: SpeechBank, held_out: SpeechBank) -> SpeechBank:
    lengths = np.concatenate([train.host_lengths, held_out.host_lengths])
    offsets = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    return SpeechBank(torch.cat([train.hidden, held_out.hidden]), offsets, lengths)


def _shifted(pool: list[SpokenSample], by: int) -> list[SpokenSample]:
    return [
        replace(item, versions=tuple(tuple(replace(u, index=u.index + by) for u in v) for v in item.versions)) for item in pool
    ]


def run_fusion(
    *, pictures: Path, out: Path, init: Sequence[Path], config: FusionStageConfig, spoken: int, spoken_share: float,
    budget_tokens: int, eval_size: int, workers: int, device: str, wait: bool = False, compiled: bool = False,
    rank: int = 0, ranks: int = 1,
) -> dict[str, float]:
    """Train eyes, gate and backbone; write shards of everything but the ears to `out`; gives the last accuracies.

    Args:
        pictures: folder of the picture pack (atlas and photographs).
        init: folders of shards, loaded in turn: at least the trained ears.
        spoken: how many spoken conversations to make; `spoken_share` of the rows come from them.
        wait: the stages of `init` still run; prepare all that does not need them, then wait for their end.
        compiled: compile the backbone's layers for the shapes of the batches first.
        rank: of `ranks` processes that train together, each on a device; the first evaluates and writes.
    """
    torch.manual_seed(config.seed)
    if rank == 0:
        mark_done(out, done=False)
    else:
        config, eval_size, out = replace(config, seed=config.seed + 100 * rank), 1, out / f"rank-{rank}"
    workers = workers or (os.cpu_count() or 1)
    where = torch.device(device)
    tokenizer = AutoGLMTokenizer.from_pretrained(NANO_DIR)
    samples, held_samples = _written(spoken, eval_size, seed=config.seed, workers=workers)
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.nano(vocab_size=len(tokenizer)))
    torch.nn.init.constant_(model.gate.gain, INITIAL_GAIN)
    model.to(where)  # type: ignore[arg-type]  # transformers wraps `to` without its types
    if compiled:
        shapes = [(rows_of_size(size, budget_tokens), size) for size in ROW_SIZES[:-1]]
        compile_backbone(model.backbone, shapes, where, say)
    if wait:
        wait_until_done(init)
    for folder in init:
        model.load_state_dict(load_shards(folder), strict=False)
    model.speech.eval()
    say(f"model on {device}")
    pool: list[SpokenSample] = []
    held: list[SpokenSample] = []
    bank: SpeechBank | None = None
    if spoken:
        pool, heard = heard_pool(samples, model.speech, tokenizer, where, seed=config.seed)
        held, held_heard = heard_pool(held_samples, model.speech, tokenizer, where, seed=1, versions=(None,))
        held, bank = _shifted(held, len(heard.host_lengths)), _joined(heard, held_heard)
        say(f"{len(bank.host_lengths)} utterances heard, {bank.hidden.nbytes / 2**30:.1f} GiB of features")
    forward = FusionForward(model, Renderer.load(pictures, where), bank)
    out.mkdir(parents=True, exist_ok=True)
    last: dict[str, float] = {}
    # The first rank judges and writes for all.
    evaluate, save = _judged(forward, held, eval_size, out, last) if rank == 0 else (dict[str, float], lambda: None)
    join(rank, ranks, where)
    if config.minutes:
        config = replace(config, minutes=config.minutes - (time.monotonic() - STARTED) / 60)
    factory = RowFactory(make_layout, pool, spoken_share, RowOptions(), budget_tokens, pictures)
    say("training")
    # One core is left to the process that feeds the device.
    batches = parallel(factory.batches, workers=max(0, min(MAX_FEEDERS, workers - 1)), seed=config.seed + 1)
    train_fusion(forward, batches, config, Curves(out, "fusion"), evaluate=evaluate, save=save)
    if rank == 0:
        mark_done(out)
    return last


def _judged(
    forward: FusionForward, held: list[SpokenSample], eval_size: int, out: Path, last: dict[str, float]
) -> tuple[Callable[[], dict[str, float]], Callable[[], object]]:
    """What a stage calls now and then: one scores held-out conversations into `last`, one writes the weights to `out`."""
    typed = _typed_eval(eval_size)
    sets = {"think": eval_batches(held, typed, think=True), "direct": eval_batches(held, typed, think=False)}

    def evaluate() -> dict[str, float]:
        for mode, batches in sets.items():
            scores = forced_accuracy(forward, batches)
            last.update({f"{task}/{mode}": score for task, score in scores.items()})
            last[f"mean/{mode}"] = float(np.mean(list(scores.values())))
        return last

    def save() -> None:
        state = forward.model.state_dict()
        save_shards({k: v for k, v in state.items() if not k.startswith("speech.") or "adapter" in k}, out)

    return evaluate, save


def _written(
    spoken: int, eval_size: int, *, seed: int, workers: int
) -> tuple[list[SpokenWaves], list[SpokenWaves]]:
    """Spoken conversations to train on and to hold out, said but not yet heard."""
    if not spoken:
        return [], []
    samples = gather_spoken(spoken, seed=seed, split="train", workers=workers)
    say(f"{len(samples)} spoken conversations written")
    waves = spoken_waves(samples, seed=seed, split="train", workers=workers)
    held = gather_spoken(eval_size, seed=1, split="eval", workers=1)
    held_waves = spoken_waves(held, seed=1, split="eval", workers=workers)
    say("spoken conversations said")
    return list(zip(samples, waves, strict=True)), list(zip(held, held_waves, strict=True))


def _typed_eval(count: int) -> list[Sample]:
    from autoglm_agent.training.corpus import training_samples

    stream = training_samples(random.Random(7), "eval")
    return [next(stream) for _ in range(3 * count)]
