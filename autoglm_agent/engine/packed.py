"""Linear layers prepared for inference: the weights once packed in the layout and precision the processor likes best.

On x86 a matrix-vector product waits for memory, so smaller weights are faster weights: fp16 weights with fp32
activations and sums (FBGEMM) are as good as exact and about twice as fast, int8 weights with activations quantised on
the fly are faster still and not exact. Everywhere else a packed layer is a plain one in the given dtype.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Precision = Literal["float32", "float16", "bfloat16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16", "int8")

INT8_LEVELS = 127


class PackedLinear(nn.Module):
    """y = x·Wᵀ + b for any leading shape of x, without gradients."""

    def __init__(self, weight: Tensor, bias: Tensor | None, precision: Precision) -> None:
        super().__init__()
        self.in_features, self.out_features = weight.shape[1], weight.shape[0]
        self._packed: Any = None
        self._weight = self._bias = None
        if precision in ("float16", "int8") and can_pack(weight):
            self._packed = _pack_fp16(weight, bias) if precision == "float16" else _pack_int8(weight, bias)
            run = torch.ops.quantized.linear_dynamic_fp16 if precision == "float16" else _run_int8
            self._run: Any = run
        else:
            self._weight, self._bias = weight.detach(), None if bias is None else bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        if self._packed is None:
            return functional.linear(x, self._weight, self._bias)  # type: ignore[arg-type]  # set when nothing is packed
        out: Tensor = self._run(x, self._packed)
        return out


def can_pack(weight: Tensor) -> bool:
    """Whether this processor has the packed kernels for this weight."""
    return weight.device.type == "cpu" and torch.backends.quantized.engine in ("x86", "fbgemm")


def pack_linears(module: nn.Module, precision: Precision, *, keep: tuple[str, ...] = ()) -> None:
    """Replace every `nn.Linear` below `module` by a packed one, in place; names in `keep` stay.

    float32 and bfloat16 change nothing here: the layers are already what they should be.
    """
    if precision not in ("float16", "int8"):
        return
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and name not in keep and can_pack(child.weight):
                setattr(parent, name, PackedLinear(child.weight.detach(), child.bias, precision))


def _pack_fp16(weight: Tensor, bias: Tensor | None) -> Any:
    return torch.ops.quantized.linear_prepack_fp16(weight.detach().float().contiguous(), _plain(bias))


def _pack_int8(weight: Tensor, bias: Tensor | None) -> Any:
    """One scale per row. A row of zeros gets scale 1."""
    plain = weight.detach().float().contiguous()
    scale = plain.abs().amax(1) / INT8_LEVELS
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    zero = torch.zeros(len(scale), dtype=torch.long)
    quantised = torch.quantize_per_channel(plain, scale, zero, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(quantised, _plain(bias))


def _run_int8(x: Tensor, packed: Any) -> Tensor:
    out: Tensor = torch.ops.quantized.linear_dynamic(x, packed, False)
    return out


def _plain(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.detach().float().contiguous()
