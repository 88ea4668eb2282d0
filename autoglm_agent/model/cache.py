"""Key-value storage for many conversations: a pool of slots, written in place, batched by choosing slots.

What a slot holds beside keys and values (block, global flag) is what the mask needs to see the past correctly.
Not here: deciding which conversation gets which slot, or what of a prompt is already cached; that is the engine's.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from autoglm_agent.model.config import AutoGLMTextConfig


class CachePool:
    """Keys and values of `num_slots` conversations of at most `capacity` tokens.

    keys, values: [layers][slots, kv heads, capacity, head size]; block int64, is_global bool: [slots, capacity].
    """

    def __init__(
        self,
        config: AutoGLMTextConfig,
        *,
        num_slots: int,
        capacity: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        shape = (num_slots, config.num_key_value_heads, capacity, config.head_dim)
        self.keys = [_zeros(shape, dtype, device) for _ in range(config.num_hidden_layers)]
        self.values = [_zeros(shape, dtype, device) for _ in range(config.num_hidden_layers)]
        self.block = torch.full((num_slots, capacity), -1, dtype=torch.long, device=device)
        self.is_global = torch.zeros((num_slots, capacity), dtype=torch.bool, device=device)
        self.num_slots, self.capacity = num_slots, capacity


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """Zeros that cost no memory on the CPU until written, and then only small pages of it.

    Huge pages, which numpy and torch ask for, would make the first token of a new conversation clear 80 MB.
    """
    if torch.device(device).type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    pages = mmap.mmap(-1, math.prod(shape) * dtype.itemsize)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without huge pages
            pages.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(pages, dtype=dtype).view(shape)


@dataclass(slots=True)
class KeyValueCache:
    """A batch's view of the pool for one forward pass: row i of the batch lives in `slots[i]`.

    `start[i]` tokens are cached already; the pass appends its T tokens behind them. `span` is the number of key
    columns the pass sees: at least max(start) + T. Columns that a row has not written must be masked by the caller.
    """

    pool: CachePool
    slots: Tensor
    start: Tensor
    span: int

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write [B, kv heads, T, D] behind the cached part; give back all keys and values [B, kv heads, span, D]."""
        all_keys, all_values = self.pool.keys[layer], self.pool.values[layer]
        length = keys.shape[2]
        if len(self.slots) == 1:  # One conversation: a view instead of a gathered copy.
            slot, start = int(self.slots[0]), int(self.start[0])
            all_keys[slot, :, start : start + length] = keys[0]
            all_values[slot, :, start : start + length] = values[0]
            return all_keys[slot : slot + 1, :, : self.span], all_values[slot : slot + 1, :, : self.span]
        columns = self.start[:, None] + torch.arange(length, device=keys.device)
        all_keys[self.slots[:, None], :, columns] = keys.transpose(1, 2)
        all_values[self.slots[:, None], :, columns] = values.transpose(1, 2)
        return all_keys[self.slots, :, : self.span], all_values[self.slots, :, : self.span]
