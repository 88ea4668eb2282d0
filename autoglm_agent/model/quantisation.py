"""Weights in eight bits: symmetric, one scale per output channel, where it does no harm; the rest in half precision.

Storage only: `unpack` gives full-precision tensors back. Which arithmetic runs on them is the engine's choice.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Precision = Literal["int8", "float16", "float32"]
PRECISIONS: tuple[Precision, ...] = ("int8", "float16", "float32")

SCALE_SUFFIX = ".scale"
LEVELS = 127
MIN_ELEMENTS = 4096  # smaller matrices (the gate's three rows) save nothing and decide much


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The int8 form of a weight [out, ...] and its scales, fp32 [out]. The error is at most half a scale."""
    flat = weight.detach().float().flatten(1)
    scale = flat.abs().amax(1).clamp(min=1e-12) / LEVELS
    steps = (flat / scale[:, None]).round().clamp(-LEVELS, LEVELS)
    return steps.to(torch.int8).view(weight.shape), scale


def dequantise(steps: Tensor, scale: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The weight again, in `dtype`."""
    return steps.to(torch.float32).mul_(scale.view(-1, *[1] * (steps.dim() - 1))).to(dtype)


def quantisable(model: nn.Module) -> set[str]:
    """Names of the weights that may be int8: linear, convolution and embedding weights of some size."""
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)
    return {
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, kinds) and module.weight.numel() >= MIN_ELEMENTS
    }


def pack(model: nn.Module, state: dict[str, Tensor], precision: Precision) -> dict[str, Tensor]:
    """A state dict as it is stored. Integers keep their type."""
    chosen = quantisable(model) if precision == "int8" else set()
    floats = torch.float32 if precision == "float32" else torch.float16
    packed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name in chosen:
            packed[name], packed[name + SCALE_SUFFIX] = quantise(tensor)
        else:
            packed[name] = tensor.detach().to(floats) if tensor.is_floating_point() else tensor.detach()
    return {name: tensor.cpu().contiguous() for name, tensor in packed.items()}


def unpack(stored: dict[str, Tensor], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """A stored state dict with floats in `dtype`."""
    state: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(SCALE_SUFFIX) and name.removesuffix(SCALE_SUFFIX) in stored:
            continue
        scale = stored.get(name + SCALE_SUFFIX)
        if scale is not None:
            state[name] = dequantise(tensor, scale, dtype)
        else:
            state[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return state
