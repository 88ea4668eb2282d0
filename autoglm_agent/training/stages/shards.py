"""Weights between stages: half-precision files of at most 15 MiB, so that they pass through small doors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

from autoglm_agent.errors import InputError
from autoglm_agent.model.checkpoint import WEIGHTS_FILE, TensorFiles
from autoglm_agent.model.quantisation import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from torch import Tensor

MAX_BYTES = 15 << 20
LOOK_EVERY_S = 0.2
"""A stage waits for minutes; a fifth of a second more is nothing."""
DONE = "done"
"""The file that a stage leaves when it has ended; its shards may be there before, from an evaluation on the way."""


def save_shards(state: dict[str, Tensor], directory: Path, max_bytes: int = MAX_BYTES) -> list[Path]:
    """Write the tensors as bf16 into `shard-NN.safetensors`, replacing older shards; counters keep their type."""
    directory.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in state.items():
        stored = tensor.detach().to("cpu", torch.bfloat16 if tensor.is_floating_point() else tensor.dtype).contiguous()
        if size and size + stored.nbytes > max_bytes:
            shards.append({})
            size = 0
        shards[-1][name] = stored
        size += stored.nbytes
    paths = [directory / f"shard-{i:02d}.safetensors" for i in range(len(shards))]
    for path, shard in zip(paths, shards, strict=True):
        partial = path.with_suffix(".part")
        save_file(shard, partial)
        partial.replace(path)
    for stale in sorted(directory.glob("shard-*.safetensors"))[len(paths) :]:
        stale.unlink()
    return paths


def load_shards(directory: Path) -> dict[str, Tensor]:
    """All tensors of a folder of shards, or of a whole checkpoint, in fp32.

    Raises:
        InputError: neither is there.
    """
    paths = sorted(directory.glob("shard-*.safetensors"))
    if not paths and (directory / WEIGHTS_FILE).is_file():
        files = TensorFiles(directory)
        return unpack(files.read(files.names()))
    if not paths:
        raise InputError(
            f"neither shard-*.safetensors nor {WEIGHTS_FILE} is in {directory}; run the earlier stage first, or check --init."
        )
    state: dict[str, Tensor] = {}
    for path in paths:
        state |= load_file(path)
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}


def averaged(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of the same weights trained twice from one start with different material (Wortsman et al., 2022)."""
    first, *others = states
    return {
        name: sum((state[name] for state in others), tensor) / len(states) if tensor.is_floating_point() else tensor
        for name, tensor in first.items()
    }


def mark_done(directory: Path, *, done: bool = True) -> None:
    """Say whether the stage that writes to the folder has ended."""
    directory.mkdir(parents=True, exist_ok=True)
    if done:
        (directory / DONE).touch()
    else:
        (directory / DONE).unlink(missing_ok=True)


def wait_until_done(directories: Iterable[Path]) -> None:
    """Wait for the stages that write to the folders; whoever started them ends this process if one of them fails."""
    nobody = threading.Event()  # Other processes tell by a file, which nothing portable waits for.
    for directory in directories:
        while not (directory / DONE).exists():
            nobody.wait(LOOK_EVERY_S)
