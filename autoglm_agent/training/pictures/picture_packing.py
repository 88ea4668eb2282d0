"""Turns pictures into flat arrays that the renderer can draw in one go. NumPy only: worker processes may do this part.

One row per thing or character, sorted into buckets by the side of the square patch that it needs on the canvas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autoglm_agent.training.pictures.pictures import (
    BACKGROUND_KINDS,
    LabelPicture,
    PhotoPicture,
    Picture,
    Sprite,
    Text,
)
from autoglm_agent.training.pictures.sprites import GLYPH_CELL_PX, GLYPH_EM_PX, Atlas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Indices = NDArray[np.int64]

NUM_UNIFORMS = 64
SPRITE_BUCKETS_PX = (64, 96, 128, 176, 240, 320)
GLYPH_BUCKETS_PX = (32, 40, 48, 64, 96, 160)

# Columns of the rows below.
# stamps: picture, texture, x, y, size, cos, sin, flip, slant, stretch, r, g, b
STAMP_COLUMNS = 13


@dataclass(frozen=True, slots=True)
class PackedPictures:
    """`stamps` maps ("sprite" | "glyph", patch px) to rows [N, STAMP_COLUMNS]; the rest is per picture."""

    num_pictures: int
    uniforms: Floats
    background_kind: Indices
    background_colors: Floats
    background_uniforms: Floats
    panels: Floats
    panel_counts: Indices
    stamps: dict[tuple[str, int], Floats]
    photos: Floats
    photo_rows: Indices


def uniforms_of(seeds: Sequence[int]) -> Floats:
    """float32 [B, NUM_UNIFORMS] in [0, 1): a hash of (seed, column) (the finaliser of splitmix64)."""
    starts = np.array([(seed & 0xFFFFFFFFFFFF) * NUM_UNIFORMS for seed in seeds], np.uint64)
    z: NDArray[np.uint64] = np.add(starts[:, None], np.arange(1, NUM_UNIFORMS + 1, dtype=np.uint64))
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


class Packer:
    """Knows where the atlas keeps its things and characters."""

    def __init__(self, atlas: Atlas) -> None:
        self._sprites = {name: i for i, name in enumerate(atlas.sprite_names)}
        self._fonts = {name: i for i, name in enumerate(atlas.fonts)}
        self._count = len(atlas.characters)
        self._characters = {char: i for i, char in enumerate(atlas.characters)}
        self._advances = atlas.advances

    def pack(self, pictures: Sequence[Picture]) -> PackedPictures:
        """Flatten a batch. Raises KeyError for a character or drawn thing that the atlas does not hold."""
        count = len(pictures)
        kinds = np.full(count, -1, np.int64)
        colors = np.zeros((count, 2, 3), np.float32)
        panel_lists: list[list[list[float]]] = [[] for _ in pictures]
        sprite_rows: list[list[float]] = []
        glyph_rows: list[Floats] = []
        photos, photo_rows, background_seeds = [], [], []
        for b, picture in enumerate(pictures):
            if isinstance(picture, PhotoPicture):
                photos.append(_photo_row(picture))
                photo_rows.append(b)
                background_seeds.append(picture.seed)
                continue
            background = picture.background
            kinds[b] = BACKGROUND_KINDS.index(background.kind)
            colors[b] = background.first, background.second
            background_seeds.append(background.seed)
            sprite_rows += [self._sprite_row(b, sprite) for sprite in picture.sprites]
            if isinstance(picture, LabelPicture):
                panel_lists[b] = [
                    [p.left, p.top, p.right, p.bottom, p.radius_px, p.border_px, *p.fill] for p in picture.panels
                ]
                glyph_rows += [self._glyph_rows(b, text) for text in picture.texts if text.text.strip()]
        stamps = _buckets("sprite", np.array(sprite_rows, np.float32).reshape(-1, STAMP_COLUMNS), SPRITE_BUCKETS_PX)
        stamps |= _buckets(
            "glyph", np.concatenate([np.zeros((0, STAMP_COLUMNS), np.float32), *glyph_rows]), GLYPH_BUCKETS_PX
        )
        most = max((len(p) for p in panel_lists), default=0)
        panels = np.zeros((count, most, 9), np.float32)
        for b, rows in enumerate(panel_lists):
            if rows:
                panels[b, : len(rows)] = rows
        return PackedPictures(
            count,
            uniforms_of([p.seed for p in pictures]),
            kinds,
            colors,
            uniforms_of(background_seeds),
            panels,
            np.array([len(p) for p in panel_lists], np.int64),
            stamps,
            np.array(photos, np.float32).reshape(-1, 11),
            np.array(photo_rows, np.int64),
        )

    def _sprite_row(self, b: int, sprite: Sprite) -> list[float]:
        index = self._sprites.get(sprite.name)
        if index is None:  # an atlas made without the emoji font: the drawn style with the same tint stands in
            index = self._sprites[sprite.name.split("/")[0] + "/0"]
        turn = math.radians(sprite.rotation_deg)
        flip = -1.0 if sprite.flip else 1.0
        return [b, index, sprite.x, sprite.y, sprite.size_px, math.cos(turn), math.sin(turn), flip, 0, 1, *sprite.tint]

    def _glyph_rows(self, b: int, text: Text) -> Floats:
        font = self._fonts.get(text.font, 0)
        letters = [self._characters.get(char, -1) for char in text.text]
        if any(i < 0 and char != " " for i, char in zip(letters, text.text, strict=True)):
            raise KeyError(f"a character of {text.text!r} is not in the atlas")
        ids = np.array(letters, np.int64)
        advances = np.where(ids >= 0, self._advances[font, ids], 0.3) * text.height_px * text.stretch
        cell = text.height_px * GLYPH_CELL_PX / GLYPH_EM_PX
        # The cell's width is stretched too; its left padding lies before the letter's origin.
        along = np.cumsum(advances) - advances + (GLYPH_EM_PX / 2) / GLYPH_EM_PX * text.height_px * text.stretch
        turn = math.radians(text.rotation_deg)
        rows = np.empty((len(ids), STAMP_COLUMNS), np.float32)
        rows[:] = (b, 0, 0, 0, cell, math.cos(turn), math.sin(turn), 1, text.slant, text.stretch, *text.ink)
        rows[:, 1] = font * self._count + ids
        rows[:, 2] = text.x + along * math.cos(turn)
        rows[:, 3] = text.y + along * math.sin(turn)
        return rows[ids >= 0]

    def width_of(self, text: str, font: str, height_px: float) -> float:
        """Pixels from the left edge to the end of the last character."""
        ids = [self._characters.get(char, -1) for char in text]
        row = self._advances[self._fonts.get(font, 0)]
        return float(sum(row[i] if i >= 0 else 0.3 for i in ids) * height_px)


def _photo_row(p: PhotoPicture) -> list[float]:
    turn = math.radians(p.rotation_deg)
    flip = -1.0 if p.flip else 1.0
    return [p.photo, p.letterbox, p.zoom, p.shift_x, p.shift_y, math.cos(turn), math.sin(turn), flip, *p.bars]


def _buckets(kind: str, rows: Floats, sides: tuple[int, ...]) -> dict[tuple[str, int], Floats]:
    """Sort rows by the smallest patch that holds the turned, slanted and stretched square with a pixel to spare."""
    if not len(rows):
        return {}
    need = rows[:, 4] * (np.maximum(1, rows[:, 9]) + np.abs(rows[:, 8])) * (np.abs(rows[:, 5]) + np.abs(rows[:, 6])) + 2
    slot = np.minimum(np.searchsorted(np.array(sides), need), len(sides) - 1)
    return {(kind, side): rows[slot == i] for i, side in enumerate(sides) if (slot == i).any()}
