"""The backbone prepared for inference: fused query-key-value weights, tables computed once, keys written in place.

The same function as `model.backbone.Backbone` (tests compare them), with fewer and cheaper operations: at one row a
token costs as much in Python and dispatch as in arithmetic. It knows spans of one conversation (prefill, cut by layers
so that a unit of work stays short) and one row each of many conversations (decode). Which, when: `text.py`.
Shapes: N rows (tokens), H query heads, K key heads, G = H/K, D head size, S keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from autoglm_agent.engine.packed import PackedLinear, Precision
from autoglm_agent.model.attention import rotary_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autoglm_agent.model.backbone import Backbone, DecoderLayer
    from autoglm_agent.model.cache import CachePool
    from autoglm_agent.model.config import AutoGLMTextConfig

FEW_ROWS = 8  # up to here one LayerNorm of [x, -x] beats the many small operations of an RMSNorm


@dataclass(slots=True)
class DecodeRow:
    """One conversation's next token: it is written at `index` of `slot` and sees the columns up to it.

    `position` is its rotary position. `mask`, bool [1, 1, 1, index + 1],
    hides what is outside the window; None hides nothing.
    """

    slot: int
    index: int
    position: int
    mask: Tensor | None


class _Layer:
    """The weights of one layer, packed."""

    def __init__(self, layer: DecoderLayer, precision: Precision) -> None:
        attention = layer.self_attn
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        bias = None if parts[0].bias is None else torch.cat([p.bias.detach() for p in parts])
        self.qkv = PackedLinear(torch.cat([p.weight.detach() for p in parts]), bias, precision)
        self.out = PackedLinear(attention.o_proj.weight.detach(), None, precision)
        self.gate_up = PackedLinear(layer.mlp.gate_up_proj.weight.detach(), None, precision)
        self.down = PackedLinear(layer.mlp.down_proj.weight.detach(), None, precision)
        self.norms = [
            _Norm(norm.weight.detach(), norm.eps)
            for norm in (
                layer.input_layernorm,
                layer.post_self_attn_layernorm,
                layer.post_attention_layernorm,
                layer.post_mlp_layernorm,
            )
        ]


class _Norm:
    """Root-mean-square norm. Of few rows as a LayerNorm of [x, -x], whose mean is 0 and whose variance is mean(x²)."""

    def __init__(self, weight: Tensor, eps: float) -> None:
        self.weight, self.eps = weight, eps
        self.shape = (len(weight),)
        self.doubled = torch.cat((weight, weight))
        self.doubled_shape = (2 * len(weight),)

    def __call__(self, x: Tensor) -> Tensor:
        if x.dtype != torch.float32:
            return self.weight * functional.rms_norm(x.float(), self.shape, None, self.eps).to(x.dtype)
        if len(x) > FEW_ROWS:
            return functional.rms_norm(x, self.shape, self.weight, self.eps)
        both = torch.cat((x, x.neg()), dim=-1)
        return functional.layer_norm(both, self.doubled_shape, self.doubled, None, self.eps)[:, : len(self.weight)]


class FastBackbone:
    """Runs the backbone's layers over the slots of `pool`."""

    def __init__(self, backbone: Backbone, pool: CachePool, precision: Precision) -> None:
        self._config = config = backbone.config
        self.num_heads, self.num_kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_dim = config.head_dim
        self._pool = pool
        self._layers = [_Layer(layer, precision) for layer in backbone.layers]  # type: ignore[arg-type]
        self._norm = _Norm(backbone.norm.weight.detach(), backbone.norm.eps)
        self._turns = _rotary_turns(config, pool.capacity, self._norm.weight.device)

    @property
    def num_layers(self) -> int:
        """Layers, the unit a prefill is cut by."""
        return len(self._layers)

    def turns(self, begin: int, end: int, positions: Tensor | None) -> Tensor:
        """How far each position of a span is turned, complex64 [N, D/2]. `positions` int [3, N]: multimodal RoPE."""
        if positions is None:
            return self._turns[begin:end]
        cos, sin = rotary_tables(self._config, positions[:, None])
        turned = torch.complex(cos[0], sin[0])
        return torch.cat((turned, turned.new_ones(len(turned), self._turns.shape[1] - turned.shape[1])), dim=1)

    def prefill_layer(self, index: int, x: Tensor, turns: Tensor, slot: int, start: int, mask: Tensor) -> Tensor:
        """Run layer `index` over a span [N, hidden] that begins at `start`; mask bool [1, 1, N, start + N]."""
        layer, length = self._layers[index], len(x)
        heads = self._heads(layer, x, turns)
        keys, values = self._pool.keys[index][slot], self._pool.values[index][slot]
        end = start + length
        query, key, value = heads.split((self.num_heads, self.num_kv_heads, self.num_kv_heads), dim=1)
        keys[:, start:end] = key.transpose(0, 1)
        values[:, start:end] = value.transpose(0, 1)
        mixed = functional.scaled_dot_product_attention(
            query.transpose(0, 1)[None],
            keys[None, :, :end],
            values[None, :, :end],
            attn_mask=mask,
            enable_gqa=self.num_heads != self.num_kv_heads,
        )
        return self._rest(layer, x, mixed[0].transpose(0, 1).reshape(length, -1))

    def decode(self, x: Tensor, rows: Sequence[DecodeRow]) -> Tensor:
        """Run all layers over one new token of each row: [N, hidden] -> normalised hidden [N, hidden]."""
        turns = self._turns[[row.position for row in rows]] if len(rows) > 1 else self._turns[rows[0].position, None]
        for index, layer in enumerate(self._layers):
            heads = self._heads(layer, x, turns)
            x = self._rest(layer, x, self._attend(index, heads, rows))
        return self._norm(x)

    def normalise(self, x: Tensor) -> Tensor:
        """The final norm."""
        return self._norm(x)

    def _heads(self, layer: _Layer, x: Tensor, turns: Tensor) -> Tensor:
        """Queries, keys and values of all heads [N, H + 2K, D], queries and keys turned by their positions."""
        heads: Tensor = layer.qkv(layer.norms[0](x)).view(len(x), -1, self.head_dim)
        turned = heads[:, : self.num_heads + self.num_kv_heads]
        if heads.dtype == torch.float32:
            torch.view_as_complex(turned.unflatten(-1, (-1, 2))).mul_(turns[:, None])
        else:
            pairs = torch.view_as_complex(turned.float().unflatten(-1, (-1, 2))) * turns[:, None]
            turned.copy_(torch.view_as_real(pairs).flatten(-2))
        return heads

    def _attend(self, index: int, heads: Tensor, rows: Sequence[DecodeRow]) -> Tensor:
        """Each row over its own slot, through views: no key is copied. The G queries of a key head ride as its rows."""
        groups = self.num_heads // self.num_kv_heads
        keys, values = self._pool.keys[index], self._pool.values[index]
        first_value = self.num_heads + self.num_kv_heads
        mixed = []
        for i, row in enumerate(rows):
            end = row.index + 1
            keys[row.slot, :, row.index] = heads[i, self.num_heads : first_value]
            values[row.slot, :, row.index] = heads[i, first_value:]
            query = heads[i, : self.num_heads].view(1, self.num_kv_heads, groups, self.head_dim)
            seen, told = keys[row.slot : row.slot + 1, :, :end], values[row.slot : row.slot + 1, :, :end]
            out = functional.scaled_dot_product_attention(query, seen, told, attn_mask=row.mask)
            mixed.append(out.reshape(1, -1))
        return mixed[0] if len(mixed) == 1 else torch.cat(mixed)

    def _rest(self, layer: _Layer, x: Tensor, mixed: Tensor) -> Tensor:
        """From the attention's output to the end of the layer."""
        x = x + layer.norms[1](layer.out(mixed))
        gate, up = layer.gate_up(layer.norms[2](x)).chunk(2, dim=-1)
        return x + layer.norms[3](layer.down(functional.silu(gate).mul_(up)))


def _rotary_turns(config: AutoGLMTextConfig, capacity: int, device: torch.device) -> Tensor:
    """exp(i·angle) by position and pair of channels, complex64 [capacity, D/2]; 1 where channels are not turned."""
    index = torch.arange(capacity, device=device)[None]
    positions = index if config.mrope_section is None else index.expand(3, 1, -1)  # of text all three are the same
    cos, sin = rotary_tables(config, positions)
    turned = torch.complex(cos[0], sin[0])
    return torch.cat((turned, turned.new_ones(capacity, config.head_dim // 2 - turned.shape[1])), dim=1)
