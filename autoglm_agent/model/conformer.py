"""The Conformer layer of the ears: macaron feed-forwards, attention, causal convolution, all with explicit state.

Shapes: B batch, T encoder frames (40 ms), D hidden, H heads. Not here: what a stream remembers (`speech`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from autoglm_agent.model.config import AutoGLMSpeechConfig


def rotate_half_pairs(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary embedding over the whole head: x [B, H, T, D], positions [T]."""
    size = x.shape[-1]
    inverse = 10000.0 ** (-torch.arange(0, size, 2, device=x.device, dtype=torch.float32) / size)
    angles = positions[:, None].float() * inverse
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class FeedForward(nn.Module):
    """Pre-norm feed-forward, half of a macaron pair."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.up = nn.Linear(size, inner)
        self.down = nn.Linear(inner, size)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]."""
        out: Tensor = self.down(functional.silu(self.up(self.norm(x))))
        return out


class SpeechAttention(nn.Module):
    """Multi-head attention, rotary positions; keys are cached unrotated, so a stream never runs out of positions."""

    def __init__(self, size: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(size)
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(
        self, x: Tensor, mask: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Input x [B, T, D], mask bool [B|1, 1, T, S], past keys and values [B, H, left, D/H] -> out, keys, values."""
        batch, length, size = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        span = k.shape[2]
        positions = torch.arange(span, device=x.device)
        rotated_q = rotate_half_pairs(q, positions[span - length :])
        mixed = functional.scaled_dot_product_attention(rotated_q, rotate_half_pairs(k, positions), v, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, size)), k, v


class Convolution(nn.Module):
    """Gated pointwise, causal depthwise, norm, pointwise."""

    def __init__(self, size: int, kernel_size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.gate = nn.Linear(size, 2 * size)
        self.depthwise = nn.Conv1d(size, size, kernel_size, groups=size)
        self.inner_norm = nn.LayerNorm(size)
        self.out = nn.Linear(size, size)

    def forward(self, x: Tensor, past: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor]:
        """Input x [B, T, D], past [B, D, kernel-1], keep bool [B, T] (False: padding) -> out [B, T, D], all inputs."""
        gated = functional.glu(self.gate(self.norm(x)), dim=-1)
        if keep is not None:
            gated = gated * keep[..., None]
        inputs = torch.cat((past.to(gated.dtype), gated.transpose(1, 2)), dim=2)
        mixed = self.depthwise(inputs).transpose(1, 2)
        return self.out(functional.silu(self.inner_norm(mixed))), inputs


class ConformerLayer(nn.Module):
    """Half feed-forward, attention, convolution, half feed-forward, norm (Gulati et al., 2020)."""

    def __init__(self, config: AutoGLMSpeechConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.first = FeedForward(size, config.intermediate_size)
        self.attention = SpeechAttention(size, config.num_attention_heads)
        self.convolution = Convolution(size, config.conv_kernel_size)
        self.second = FeedForward(size, config.intermediate_size)
        self.norm = nn.LayerNorm(size)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        keep: Tensor | None,
        past: tuple[Tensor, Tensor] | None,
        past_conv: Tensor,
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """[B, T, D] -> [B, T, D] and (keys, values, convolution inputs) including the past."""
        x = x + 0.5 * self.first(x)
        attended, keys, values = self.attention(x, mask, past)
        x = x + attended
        convolved, inputs = self.convolution(x, past_conv, keep)
        x = x + convolved
        x = x + 0.5 * self.second(x)
        return self.norm(x), (keys, values, inputs)
