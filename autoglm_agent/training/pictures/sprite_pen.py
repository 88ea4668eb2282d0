"""A pen for drawing sprites with Pillow in a 100x100 coordinate space, smooth by supersampling.

A fill is either a number (shade of the tintable part: 0 black, 0.7 the pure tint, 1 white) or an RGB triple in 0..1
(fixed colour: wheels, windows, eyes). The result is uint8 [5, S, S]: R, G, B, alpha, tint mask.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPRITE_SIZE_PX = 144
_OVERSAMPLING = 3
_SIDE = SPRITE_SIZE_PX * _OVERSAMPLING
_MARGIN = 0.05  # room for outlines at the sides of the cell

Fill = float | tuple[float, float, float]
Point = tuple[float, float]

DARK: Fill = (0.12, 0.12, 0.14)
PALE: Fill = (0.96, 0.96, 0.97)
GLASS: Fill = (0.72, 0.88, 0.96)
METAL: Fill = (0.62, 0.64, 0.68)
SKIN: Fill = (0.98, 0.83, 0.70)
WOOD: Fill = (0.55, 0.36, 0.20)
LEAF: Fill = (0.22, 0.55, 0.22)


class Pen:
    """Collects shapes of one sprite. `variant` lets a drawing vary its proportions."""

    def __init__(self, variant: int) -> None:
        self.variant = variant
        self._color = Image.new("RGB", (_SIDE, _SIDE))
        self._alpha = Image.new("L", (_SIDE, _SIDE))
        self._mask = Image.new("L", (_SIDE, _SIDE))
        self._draws = [ImageDraw.Draw(i) for i in (self._color, self._alpha, self._mask)]

    def _at(self, points: Sequence[Point]) -> list[Point]:
        scale = _SIDE * (1 - 2 * _MARGIN) / 100
        return [(x * scale + _SIDE * _MARGIN, y * scale + _SIDE * _MARGIN) for x, y in points]

    def _paint(self, method: str, geometry: Any, fill: Fill, **options: Any) -> None:
        fixed = isinstance(fill, tuple)
        rgb = fill if isinstance(fill, tuple) else (fill, fill, fill)
        inks = (tuple(round(255 * c) for c in rgb), 255, 0 if fixed else 255)
        for draw, ink in zip(self._draws, inks, strict=True):
            getattr(draw, method)(geometry, fill=ink, **options)

    def poly(self, points: Sequence[Point], fill: Fill) -> None:
        """Fill a polygon."""
        self._paint("polygon", self._at(points), fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Fill, turn_deg: float = 0.0) -> None:
        """Fill an ellipse around (x, y)."""
        turn = math.radians(turn_deg)
        points = []
        for step in range(72):
            a, b = rx * math.cos(step * math.tau / 72), ry * math.sin(step * math.tau / 72)
            points.append((x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn)))
        self.poly(points, fill)

    def dot(self, x: float, y: float, radius: float, fill: Fill) -> None:
        """Fill a circle."""
        self.ellipse(x, y, radius, radius, fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Fill, radius: float = 0.0) -> None:
        """Fill a rectangle with rounded corners."""
        corners = self._at([(left, top), (right, bottom)])
        self._paint("rounded_rectangle", corners, fill, radius=radius * _SIDE * (1 - 2 * _MARGIN) / 100)

    def line(self, points: Sequence[Point], width: float, fill: Fill) -> None:
        """Draw a line with round ends and joints."""
        self._paint("line", self._at(points), fill, width=round(width * _SIDE * (1 - 2 * _MARGIN) / 100), joint="curve")
        for x, y in (points[0], points[-1]):
            self.dot(x, y, width / 2, fill)

    def arc(
        self, x: float, y: float, rx: float, ry: float, angles: tuple[float, float], width: float, fill: Fill
    ) -> None:
        """Draw a part of an ellipse's outline between two angles in degrees (0 right, 90 down)."""
        start, end = angles
        steps = [math.radians(start + (end - start) * i / 32) for i in range(33)]
        self.line([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in steps], width, fill)

    def blob(self, points: Sequence[Point], fill: Fill) -> None:
        """Fill a smooth closed curve through the points (Catmull-Rom)."""
        dense: list[Point] = []
        count = len(points)
        for i in range(count):
            p = [points[(i + k - 1) % count] for k in range(4)]
            for step in range(10):
                t = step / 10
                dense.append(
                    tuple(  # type: ignore[arg-type]
                        0.5 * (2 * p[1][c] + (p[2][c] - p[0][c]) * t
                               + (2 * p[0][c] - 5 * p[1][c] + 4 * p[2][c] - p[3][c]) * t * t
                               + (3 * p[1][c] - p[0][c] - 3 * p[2][c] + p[3][c]) * t**3)
                        for c in (0, 1)
                    )
                )  # fmt: skip
        self.poly(dense, fill)

    def eyes(self, x: float, y: float, gap: float, radius: float, white: bool = False) -> None:
        """Two eyes."""
        for side in (-1, 1):
            if white:
                self.dot(x + side * gap, y, radius * 1.7, PALE)
            self.dot(x + side * gap, y, radius, DARK)

    def finish(self) -> NDArray[np.uint8]:
        """Shade and outline by the variant's style; returns uint8 [5, S, S]."""
        color = np.asarray(self._color, np.float32) / 255
        alpha, mask = (np.asarray(i, np.float32)[..., None] / 255 for i in (self._alpha, self._mask))
        y, x = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32)[:, :, :, None] / _SIDE
        style = self.variant % 3
        if style == 1:
            color = np.clip(color * (1.12 - 0.3 * y), 0, 1)
        elif style == 2:
            light = np.exp(-((x - 0.35) ** 2 + (y - 0.28) ** 2) / 0.09)
            color = np.clip(color * (0.92 + 0.05 * x) + 0.2 * light * mask, 0, 1)
        outline_px, tone = ((3, 0.15), (7, 0.1), (5, 0.25))[style]
        wide = self._alpha.filter(ImageFilter.MaxFilter(outline_px * 2 + 1)).filter(ImageFilter.GaussianBlur(1))
        wide_alpha = np.asarray(wide, np.float32)[..., None] / 255
        color = color * alpha + tone * (1 - alpha)
        layers = np.concatenate([color * wide_alpha, wide_alpha, mask * alpha * wide_alpha], axis=2)
        return _shrink(layers)


def _shrink(layers: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Average the supersampled, alpha-weighted layers [H, W, 5] to the sprite size and divide the weight out again."""
    small = layers.reshape(SPRITE_SIZE_PX, _OVERSAMPLING, SPRITE_SIZE_PX, _OVERSAMPLING, 5).mean((1, 3))
    weight = np.maximum(small[..., 3:4], 1e-4)
    small[..., :3] /= weight
    small[..., 4:] /= weight
    return np.ascontiguousarray((small.clip(0, 1) * 255 + 0.5).astype(np.uint8).transpose(2, 0, 1))
