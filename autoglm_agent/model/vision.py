"""The eyes: a ViT-Tiny variant for 640x480, affordable on two CPU cores.

A convolutional stem goes to stride 32 (300 cells), a small pre-norm transformer mixes them, 2x2 merging gives a fixed
80 tokens in the backbone's space. Patch 16 would be 1,200 tokens and half a second on a laptop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from autoglm_agent.model.config import AutoGLMVisionConfig


class ConvNorm(nn.Module):
    """3x3 convolution, batch norm, ReLU. Batch norm folds into the convolution for inference (`fold`)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=True)
        self.norm: nn.Module = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C', H/stride, W/stride]."""
        return functional.relu(self.norm(self.conv(x)))

    def fold(self) -> None:
        """Fold the running statistics into the convolution. Only for evaluation; cannot be undone."""
        norm = self.norm
        if isinstance(norm, nn.BatchNorm2d) and norm.running_var is not None and norm.running_mean is not None:
            scale = norm.weight.data / torch.sqrt(norm.running_var + norm.eps)
            self.conv.weight.data *= scale[:, None, None, None]
            bias = self.conv.bias
            if bias is not None:
                bias.data = (bias.data - norm.running_mean) * scale + norm.bias.data
            self.norm = nn.Identity()


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, 1)
        self.second = ConvNorm(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        out: Tensor = x + self.second(self.first(x))
        return out


class VisionLayer(nn.Module):
    """Pre-norm transformer layer."""

    def __init__(self, config: AutoGLMVisionConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.attention_norm = nn.LayerNorm(size)
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)
        self.mlp_norm = nn.LayerNorm(size)
        self.up = nn.Linear(size, config.intermediate_size)
        self.down = nn.Linear(config.intermediate_size, size)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]."""
        batch, length, size = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, size))
        out: Tensor = x + self.down(functional.gelu(self.up(self.mlp_norm(x))))
        return out


class VisionEncoder(nn.Module):
    """Pictures to visual tokens."""

    def __init__(self, config: AutoGLMVisionConfig, output_size: int) -> None:
        super().__init__()
        self.config = config
        c1, c2, c3, c4, c5 = config.stem_channels or []
        self.stem = nn.Sequential(
            ConvNorm(3, c1, 2),
            ConvNorm(c1, c2, 2),
            ConvNorm(c2, c3, 2),
            Residual(c3),
            ConvNorm(c3, c4, 2),
            Residual(c4),
            ConvNorm(c4, c5, 2),
        )
        rows, columns = config.grid
        self.embed = nn.Linear(c5, config.hidden_size)
        self.position = nn.Parameter(torch.zeros(1, rows * columns, config.hidden_size))
        self.layers = nn.ModuleList(VisionLayer(config) for _ in range(config.num_hidden_layers))
        self.merge_norm = nn.LayerNorm(config.hidden_size)
        self.merge_in = nn.Linear(4 * config.hidden_size, output_size)
        self.merge_out = nn.Linear(output_size, output_size)

    def fold(self) -> None:
        """Fold all batch norms, for inference."""
        for module in list(self.modules()):
            if isinstance(module, ConvNorm):
                module.fold()

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode pictures.

        Args:
            pixels: uint8 [B, 3, 480, 640], RGB.

        Returns:
            Visual tokens [B, 80, output size], row by row from the upper left.
        """
        x = self.cells(pixels)
        merged: Tensor = self.merge_out(functional.gelu(self.merge_in(self._merge(x))))
        return merged

    def at_a_glance(self, tokens: Tensor) -> Tensor:
        """Average 2x2 neighbours of visual tokens: [B, 80, output size] -> [B, 20, output size]. The mean stays."""
        grid = tokens.transpose(1, 2).unflatten(2, self.config.token_grid)
        pooled = functional.avg_pool2d(grid, 2, ceil_mode=True, count_include_pad=False)
        return pooled.flatten(2).transpose(1, 2)

    def cells(self, pixels: Tensor) -> Tensor:
        """Features of the stride-32 cells before merging, normalised: uint8 [B, 3, 480, 640] -> [B, 300, D]."""
        x = (pixels.to(self.embed.weight.dtype) / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        x = self.stem(x).flatten(2).transpose(1, 2)
        x = self.embed(x) + self.position
        for layer in self.layers:
            x = layer(x)
        normalised: Tensor = self.merge_norm(x)
        return normalised

    def _merge(self, x: Tensor) -> Tensor:
        """Join 2x2 neighbours: [B, rows·columns, D] -> [B, tokens, 4D]; an odd edge is padded with zeros."""
        batch, _, size = x.shape
        rows, columns = self.config.grid
        grid = functional.pad(x.view(batch, rows, columns, size), (0, 0, 0, columns % 2, 0, rows % 2))
        grid = grid.view(batch, (rows + 1) // 2, 2, (columns + 1) // 2, 2, size)
        return grid.permute(0, 1, 3, 2, 4, 5).reshape(batch, -1, 4 * size)
