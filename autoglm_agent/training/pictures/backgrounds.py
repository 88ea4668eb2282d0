"""Backgrounds and panels, computed from a few numbers per picture on the renderer's device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from autoglm_agent.training.pictures.picture_packing import PackedPictures
from autoglm_agent.training.pictures.pictures import BACKGROUND_KINDS, HEIGHT_PX, WIDTH_PX

_CLOUD_ROWS, _CLOUD_COLUMNS = 5, 7


def upload(array: NDArray[Any], device: torch.device) -> Tensor:
    """Bring an array to the device without waiting for what the device still has to do."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def paint_backgrounds(canvas: Tensor, packed: PackedPictures) -> None:
    """Fill canvas [B, 3, H, W] in place, one pattern after the other. Photographs are left as they are."""
    device = canvas.device
    colors = upload(packed.background_colors, device)[..., None, None]
    uniforms = upload(packed.background_uniforms, device)
    y = torch.linspace(-0.75, 0.75, HEIGHT_PX, device=device)[None, :, None]
    x = torch.linspace(-1.0, 1.0, WIDTH_PX, device=device)[None, None, :]
    for i, kind in enumerate(BACKGROUND_KINDS):
        rows = np.flatnonzero(packed.background_kind == i)
        if len(rows):
            chosen = upload(rows, device)
            share = _pattern(kind, uniforms[chosen], x, y)[:, None]
            canvas[chosen] = torch.lerp(colors[chosen, 0], colors[chosen, 1], share)


def _pattern(kind: str, u: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Share of the second colour, [N, H, W]."""
    a, b, c, d = (u[:, i, None, None] for i in range(4))
    angle = a * math.tau
    along = x * angle.cos() + y * angle.sin()
    match kind:
        case "gradient":
            return ((along + 1) / 2).clamp(0, 1)
        case "floor":
            edge = 0.25 * b
            return ((y - edge) * 60).clamp(0, 1) * (0.75 + 0.25 * y) + 0 * x
        case "checker":
            size = 4 + 5 * b
            return ((x * size + c).floor() + (y * size + d).floor()) % 2 * (0.25 + 0.5 * c)
        case "stripes":
            return ((along * (3 + 9 * b) + c) % 1 > 0.5).float() * (0.25 + 0.6 * d)
        case "planks":
            row = (y * (3 + 4 * b) + c).floor()
            shade = ((row * 12.9898 + d * 7).sin() * 43.7).remainder(1.0) * 0.5
            grain = ((y * 90 + (x * 3 + row).sin() * 2).sin() * 0.5 + 0.5) * 0.2
            return shade + grain + ((y * (3 + 4 * b) + c) % 1 < 0.04) * 0.4
        case "clouds":
            coarse = u[:, 4 : 4 + _CLOUD_ROWS * _CLOUD_COLUMNS].reshape(-1, 1, _CLOUD_ROWS, _CLOUD_COLUMNS)
            return functional.interpolate(coarse, (HEIGHT_PX, WIDTH_PX), mode="bilinear", align_corners=True)[:, 0]
        case "dots":
            size = 5 + 6 * b
            dx, dy = (x * size + c) % 1 - 0.5, (y * size + d) % 1 - 0.5
            return (dx * dx + dy * dy < 0.06).float() * (0.4 + 0.5 * c)
        case _:
            return (0 * x + 0 * y).expand(len(u), -1, -1)


def paint_panels(canvas: Tensor, packed: PackedPictures) -> None:
    """Lay the rounded rectangles over the canvas in place, in their order, with edges one pixel soft."""
    device = canvas.device
    y = torch.arange(HEIGHT_PX, device=device)[None, :, None] + 0.5
    x = torch.arange(WIDTH_PX, device=device)[None, None, :] + 0.5
    for layer in range(packed.panels.shape[1]):
        rows = np.flatnonzero(packed.panel_counts > layer)
        chosen = upload(rows, device)
        p = upload(packed.panels[rows, layer], device)[:, :, None, None]
        left, top, right, bottom, radius, border = p[:, :6].unbind(1)
        dx = (x - (left + right) / 2).abs() - (right - left) / 2 + radius
        dy = (y - (top + bottom) / 2).abs() - (bottom - top) / 2 + radius
        outside = torch.hypot(dx.clamp(min=0), dy.clamp(min=0)) + torch.maximum(dx, dy).clamp(max=0) - radius
        cover = (0.5 - outside).clamp(0, 1)
        frame = cover * (outside + border + 0.5).clamp(0, 1)
        cover = torch.where(border > 0, frame, cover)[:, None]
        canvas[chosen] = torch.lerp(canvas[chosen], p[:, 6:9], cover)
