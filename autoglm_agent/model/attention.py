"""Attention of the backbone: partial interleaved RoPE, grouped queries, and the mask that makes it prefix and sparse.

The mask joins three rules: causal, except bidirectional inside one block; a local window; global tokens always seen.
Shapes: B batch, T queries, S keys, H heads, D head size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from autoglm_agent.model.cache import KeyValueCache
    from autoglm_agent.model.config import AutoGLMTextConfig


def rotary_tables(config: AutoGLMTextConfig, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine tables, fp32 [B, T, R/2], R the rotary size (half a head in GLM-4).

    `positions` is int [B, T], or [3, B, T] (time, height, width) for multimodal RoPE with `mrope_section`
    (Glm4v: the frequency axis is cut into sections, each turned by its own coordinate).
    """
    rotary_size = int(config.head_dim * config.partial_rotary_factor)
    exponent = torch.arange(0, rotary_size, 2, dtype=torch.float32, device=positions.device) / rotary_size
    angles = positions[..., None].float() * (1.0 / config.rope_theta**exponent)
    if positions.dim() == 3:
        sections = config.mrope_section or [rotary_size // 2]
        angles = torch.cat([part[i % 3] for i, part in enumerate(angles.split(sections, dim=-1))], dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the first R channels of x [B, H, T, D] pairwise (interleaved, as GLM does); the rest passes unchanged."""
    rotary_size = 2 * cos.shape[-1]
    turned, passed = x[..., :rotary_size], x[..., rotary_size:]
    even, odd = turned[..., 0::2], turned[..., 1::2]
    cos, sin = cos[:, None].to(x.dtype), sin[:, None].to(x.dtype)
    rotated = torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1).flatten(-2)
    return torch.cat((rotated, passed), dim=-1)


def attention_mask(
    query_index: Tensor,
    key_index: Tensor,
    query_block: Tensor,
    key_block: Tensor,
    key_global: Tensor,
    key_valid: Tensor,
    window: int | None,
) -> Tensor:
    """Which key each query may see: bool [B, 1, T, S].

    Args:
        query_index: int [B, T], order in the sequence (not the rotary position).
        key_index: int [B, S], likewise.
        query_block: int [B, T]; a key of equal block >= 0 is in the same bidirectional block; -1 is causal.
        key_block: int [B, S], likewise.
        key_global: bool [B, S]; seen from any distance.
        key_valid: bool [B, S]; False for padding and unwritten cache.
        window: how far back a query sees non-global keys, in tokens; None for no limit.
    """
    q, k = query_index[:, :, None], key_index[:, None, :]
    same_block = (query_block[:, :, None] == key_block[:, None, :]) & (query_block >= 0)[:, :, None]
    near = same_block | key_global[:, None, :]
    visible = same_block | (k <= q)
    if window is not None:
        visible = visible & (near | (q - k < window))
    return (visible & key_valid[:, None, :])[:, None]


class Attention(nn.Module):
    """Grouped-query attention as in `Glm4Attention`: biases on q, k, v, none on the output."""

    def __init__(self, config: AutoGLMTextConfig, layer_index: int) -> None:
        super().__init__()
        self.layer_index = layer_index
        self.num_heads = config.num_attention_heads
        self.num_kv_heads = config.num_key_value_heads
        self.head_dim = config.head_dim
        size, kv_size = self.num_heads * self.head_dim, self.num_kv_heads * self.head_dim
        self.q_proj = nn.Linear(config.hidden_size, size, bias=config.attention_bias)
        self.k_proj = nn.Linear(config.hidden_size, kv_size, bias=config.attention_bias)
        self.v_proj = nn.Linear(config.hidden_size, kv_size, bias=config.attention_bias)
        self.o_proj = nn.Linear(size, config.hidden_size, bias=False)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """Attend over x [B, T, hidden] and what the cache holds. The mask is bool [B, 1, T, S]; None is causal."""
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, self.num_heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(batch, length, self.num_kv_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, self.num_kv_heads, self.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if cache is not None:
            k, v = cache.extend(self.layer_index, k, v)
        causal, groups = mask is None and length > 1, self.num_heads // self.num_kv_heads
        if groups > 1 and mask is not None and x.is_cuda:
            # The kernels that take a mask do not group queries; the one that does both writes out all the scores.
            k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
            groups = 1
        out = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, enable_gqa=groups > 1)
        projected: Tensor = self.o_proj(out.transpose(1, 2).reshape(batch, length, -1))
        return projected
