"""What a camera and a file format do to a picture: tilt, light, blur, low resolution, noise, blocks. Batched, in place.

Every picture's amounts come from its own uniforms; only the noise comes from the generator. Tilt and shift stay small
enough that no thing leaves its ninth of the picture, and the colour cast small enough that no colour takes the name of
another.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from autoglm_agent.training.pictures.backgrounds import upload

# Columns of the uniforms. 0-39 belong to the background's patterns when seeds coincide, which does no harm.
_TILT, _LIGHT, _BLUR, _LOW, _NOISE, _BLOCKS = 0, 8, 20, 24, 28, 32


def distort(canvas: Tensor, uniforms: NDArray[np.float32], strength: float, generator: torch.Generator) -> Tensor:
    """Change a float canvas [B, 3, H, W] in 0..1; the result is not yet clamped. Strength 0 returns it untouched."""
    if strength <= 0:
        return canvas
    u = upload(uniforms, canvas.device)
    if len(rows := _chosen(uniforms[:, _TILT], 0.5, strength, canvas)):
        canvas[rows] = _tilt(canvas[rows], u[rows, _TILT + 1 : _TILT + 8], strength)
    _relight(canvas, u[:, _LIGHT : _LIGHT + 10], strength)
    if len(rows := _chosen(uniforms[:, _BLUR], 0.35, strength, canvas)):
        canvas[rows] = _blur(canvas[rows], 0.4 + 1.2 * strength * u[rows, _BLUR + 1])
    if len(rows := _chosen(uniforms[:, _LOW], 0.12, strength, canvas)):
        canvas[rows] = _lower_resolution(canvas[rows])
    noise = torch.randn(canvas.shape, generator=generator, device=canvas.device)
    canvas.addcmul_(noise, (0.045 * strength * u[:, _NOISE] ** 2)[:, None, None, None])
    if len(rows := _chosen(uniforms[:, _BLOCKS], 0.3, strength, canvas)):
        canvas[rows] = _blocks(canvas[rows], 0.01 + 0.05 * strength * u[rows, _BLOCKS + 1])
    return canvas


def _chosen(column: NDArray[np.float32], share: float, strength: float, canvas: Tensor) -> Tensor:
    """Rows whose uniform falls below the share; found on the CPU, so the device is not waited for."""
    return upload(np.flatnonzero(column < share * min(1.0, strength)), canvas.device)


def _tilt(canvas: Tensor, u: Tensor, strength: float) -> Tensor:
    """Small rotation, scale, shift and perspective."""
    height, width = canvas.shape[-2:]
    s = (u * 2 - 1) * strength
    y = torch.linspace(-1, 1, height, device=canvas.device)[None, :, None] * (height / width)
    x = torch.linspace(-1, 1, width, device=canvas.device)[None, None, :]
    turn, scale, dx, dy, px, py = (s[:, i, None, None] for i in range(6))
    # A scale above 1 steps back, so that turning seldom cuts the edge of a label off.
    turn, scale = turn * math.radians(3.5), 1 + strength * 0.03 + 0.05 * scale
    depth = 1 + 0.04 * px * x + 0.04 * py * y
    u_, v_ = (x * turn.cos() + y * turn.sin()) * scale / depth, (y * turn.cos() - x * turn.sin()) * scale / depth
    grid = torch.stack([u_ + 0.025 * dx, (v_ + 0.02 * dy) * (width / height)], dim=-1)
    return functional.grid_sample(canvas, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _relight(canvas: Tensor, u: Tensor, strength: float) -> None:
    """Brightness, contrast, colour cast, saturation of the light across the picture and vignetting, in place."""
    s = ((u * 2 - 1) * strength)[..., None, None]
    height, width = canvas.shape[-2:]
    y = torch.linspace(-1, 1, height, device=canvas.device)[None, None, :, None]
    x = torch.linspace(-1, 1, width, device=canvas.device)[None, None, None, :]
    contrast = 1 + 0.18 * s[:, 0:1]
    gain = (1 + 0.16 * s[:, 1:2]) * (1 + 0.07 * s[:, 2:5]) * contrast
    light = 1 + 0.08 * s[:, 5:6] * x + 0.08 * s[:, 6:7] * y - 0.12 * s[:, 7:8].clamp(min=0) * (x * x + y * y)
    canvas.mul_(gain).mul_(light).add_(0.5 * (1 - contrast) + 0.04 * s[:, 8:9])


def _blur(canvas: Tensor, sigma_px: Tensor) -> Tensor:
    """Separable Gaussian of seven taps with a width of its own for each picture [N]."""
    taps = torch.exp(-(torch.arange(4, device=canvas.device)[None] ** 2) / (2 * sigma_px[:, None] ** 2))
    taps = (taps / (taps[:, :1] + 2 * taps[:, 1:].sum(1, keepdim=True)))[:, :, None, None, None]
    height, width = canvas.shape[-2:]
    padded = functional.pad(canvas, (3, 3, 0, 0), mode="replicate")
    out = canvas * taps[:, 0]
    for k in range(1, 4):
        out.addcmul_(padded[..., 3 - k : 3 - k + width] + padded[..., 3 + k : 3 + k + width], taps[:, k])
    padded = functional.pad(out, (0, 0, 3, 3), mode="replicate")
    out = out * taps[:, 0]
    for k in range(1, 4):
        out.addcmul_(padded[..., 3 - k : 3 - k + height, :] + padded[..., 3 + k : 3 + k + height, :], taps[:, k])
    return out


def _lower_resolution(canvas: Tensor) -> Tensor:
    """As from a smaller picture: 400x300 and back."""
    small = functional.interpolate(canvas, scale_factor=0.625, mode="area")
    return functional.interpolate(small, canvas.shape[-2:], mode="bilinear", align_corners=False)


def _blocks(canvas: Tensor, step: Tensor) -> Tensor:
    """Quantise 8x8 cosine blocks like JPEG, coarser for high frequencies. `step` [N] is the step at the lowest."""
    batch, _, height, width = canvas.shape
    k = torch.arange(8, device=canvas.device, dtype=torch.float32)
    basis = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    blocks = canvas.reshape(batch, 3, height // 8, 8, width // 8, 8).permute(0, 1, 2, 4, 3, 5)
    waves = basis @ blocks @ basis.T
    size = step[:, None, None, None, None, None] * (1 + 0.6 * (k[:, None] + k[None]))
    waves = (waves / size).round_() * size
    blocks = basis.T @ waves @ basis
    return blocks.permute(0, 1, 2, 4, 3, 5).reshape(canvas.shape)
