"""Weights between stages: half-precision files of at most 15 MiB, so that they pass through small doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

MAX_BYTES = 15 << 20


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
    """All tensors of a folder of shards, in fp32. Raises FileNotFoundError when there are none."""
    paths = sorted(directory.glob("shard-*.safetensors"))
    if not paths:
        raise FileNotFoundError(f"no shard-*.safetensors in {directory}: run the earlier stage first, or check --init")
    state: dict[str, Tensor] = {}
    for path in paths:
        state |= load_file(path)
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}
