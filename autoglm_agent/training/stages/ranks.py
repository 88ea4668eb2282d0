"""One stage on several devices: a process for each, with material of its own; gradients are averaged at every step.

A few lines over `torch.distributed` instead of its wrappers: whole conversations make ragged batches, in which a part of
the network may have no gradient, and the clock decides when a stage ends. Not here: who starts the processes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch
from torch import distributed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

PORT = 29_517
"""On this machine only; one run at a time."""
AGREE_EVERY = 10
"""Steps between two looks at the first rank's clock: a look waits for the device."""


def join(rank: int, ranks: int, device: torch.device) -> None:
    """Meet the other ranks; with one rank there is nobody to meet."""
    if ranks > 1:
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(PORT)}
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", rank=rank, world_size=ranks)


def together() -> bool:
    """Whether this process is one of several."""
    return distributed.is_available() and distributed.is_initialized()


@torch.no_grad()
def average_gradients(params: Sequence[nn.Parameter]) -> None:
    """Give every rank the mean of all ranks' gradients; one that a rank does not have counts as zero."""
    if not together():
        return
    for param in params:
        if param.grad is None:
            param.grad = torch.zeros_like(param)
    gradients = [param.grad for param in params if param.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


class SharedClock:
    """What the first rank says of the budget, so that all end at the same step."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._said = device, 0.0

    def agree(self, spent: float, step: int) -> float:
        """The share of the budget that is spent, the same in all ranks; alone, one's own."""
        if not together():
            return spent
        if step % AGREE_EVERY == 0:
            said = torch.tensor(spent, device=self._device)
            distributed.broadcast(said, 0)
            self._said = float(said)
        return self._said
