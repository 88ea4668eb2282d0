"""The optimiser of every stage: Muon for the inner matrices, AdamW for the rest, one schedule over both.

Muon (Jordan et al., 2024) orthogonalises the momentum of each matrix; matrices of one shape are done in one batched
product, so that a hundred small matrices cost a dozen kernels. Not here: what is learnt, and from what.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from autoglm_agent.training.stages.ranks import average_gradients

if TYPE_CHECKING:
    from collections.abc import Iterable

# Coefficients of the quintic Newton-Schulz iteration that drives singular values towards 1 (Jordan et al., 2024).
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


def orthogonalised(matrices: Tensor) -> Tensor:
    """Push all singular values of [N, rows, columns] towards 1, in bf16 where the device is a GPU."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    flip = x.shape[1] > x.shape[2]
    if flip:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    turned: Tensor = x.mT if flip else x
    return turned.to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; step size scaled so that updates have the same spread whatever the shape."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for param in group["params"]:
                if param.grad is not None:
                    by_shape[param.shape].append(param)
            for shape, params in by_shape.items():
                self._step_shape(group, shape, params)

    def _step_shape(self, group: dict[str, Any], shape: torch.Size, params: list[nn.Parameter]) -> None:
        gradients: list[Tensor] = [p.grad for p in params if p.grad is not None]
        for param in params:
            if "momentum" not in self.state[param]:
                self.state[param]["momentum"] = torch.zeros_like(param)
        buffers = [self.state[p]["momentum"] for p in params]
        torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
        nesterov = torch._foreach_lerp(gradients, buffers, group["momentum"])
        weights: list[Tensor] = [*params]
        rows = shape[0]
        columns = math.prod(shape[1:])
        update = orthogonalised(torch.stack(nesterov).view(len(params), rows, columns))
        scale = 0.2 * math.sqrt(max(rows, columns))
        if group["weight_decay"]:
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(weights, list(update.view(len(params), *shape).unbind()), alpha=-group["lr"] * scale)


class Optimiser:
    """Muon and AdamW stepped together, with warm-up, a plateau and a linear fall to a tenth."""

    def __init__(
        self,
        named: Iterable[tuple[str, nn.Parameter]],
        *,
        lr: float,
        warmup_steps: int = 200,
        decay_share: float = 0.5,
        weight_decay: float = 0.01,
    ) -> None:
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, param in named:
            if not param.requires_grad:
                continue
            inner = param.dim() >= 2 and not any(part in name for part in ("embed_tokens", "head", "position", "gain", "depthwise"))
            (matrices if inner else others).append(param)
        fused = bool(others) and others[0].is_cuda
        self.parts: list[torch.optim.Optimizer] = [
            Muon(matrices, lr, weight_decay=weight_decay),
            torch.optim.AdamW(others, lr, betas=(0.9, 0.98), weight_decay=0.0, fused=fused),
        ]
        self.params = [*matrices, *others]
        self.lr, self.warmup_steps, self.decay_share = lr, warmup_steps, decay_share
        self.num_steps = 0

    def factor(self, spent: float) -> float:
        """The schedule at the current step, `spent` of the budget being used up."""
        warm = min(1.0, (self.num_steps + 1) / self.warmup_steps)
        return warm * max(0.02, min(1.0, max(0.0, 1 - spent) / self.decay_share))

    def step(self, spent: float, *, max_norm: float = 5.0) -> Tensor:
        """Average over the ranks, clip, update, clear; returns the gradient's norm (on the device: reading it waits)."""
        average_gradients(self.params)
        norm = torch.nn.utils.clip_grad_norm_(self.params, max_norm, foreach=True)
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self.lr * self.factor(spent)
            part.step()
            part.zero_grad(set_to_none=True)
        self.num_steps += 1
        return norm
