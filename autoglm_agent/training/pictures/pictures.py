"""Pictures as plain numbers: what is placed where. `render.Renderer` turns them into pixels.

The dataclasses are frozen, picklable and small, so that samples can be made in worker processes and drawn in batches on
another device. Nothing here draws, and nothing here knows what a question about the picture would be.
All positions are pixels of the 640x480 canvas, origin at the top left; colours are RGB in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WIDTH_PX = 640
HEIGHT_PX = 480

Rgb = tuple[float, float, float]
BackgroundKind = Literal["plain", "gradient", "floor", "checker", "stripes", "planks", "clouds", "dots"]
BACKGROUND_KINDS: tuple[BackgroundKind, ...] = (
    "plain", "gradient", "floor", "checker", "stripes", "planks", "clouds", "dots",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """A pattern of two colours; `seed` fixes its angle, scale and phase."""

    kind: BackgroundKind
    first: Rgb
    second: Rgb
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """One thing from the atlas. `tint` colours its tintable part; `size_px` is the side of its square cell."""

    name: str
    x: float
    y: float
    size_px: float
    tint: Rgb = (0.5, 0.5, 0.5)
    rotation_deg: float = 0.0
    flip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line of text: `x` is its left edge, `y` its middle, `height_px` the em size. Characters come from the atlas.

    `slant` shears the letters like italics; `stretch` widens them.
    """

    text: str
    font: str
    x: float
    y: float
    height_px: float
    ink: Rgb
    rotation_deg: float = 0.0
    slant: float = 0.0
    stretch: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A filled rectangle with rounded corners, below sprites and text; `border_px` > 0 leaves only its frame."""

    left: float
    top: float
    right: float
    bottom: float
    fill: Rgb
    radius_px: float = 0.0
    border_px: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenePicture:
    """Things on a background. `seed` fixes the photometric changes."""

    background: Background
    sprites: tuple[Sprite, ...]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPicture:
    """A printed label: panels, decorations, then lines of text."""

    background: Background
    panels: tuple[Panel, ...]
    sprites: tuple[Sprite, ...]
    texts: tuple[Text, ...]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPicture:
    """A photograph of the bank. `letterbox` shows all of it between bars of colour `bars`, else it is cropped to fill.

    `zoom` >= 1 magnifies; `shift_x`, `shift_y` in -1..1 choose where in the slack the crop lies.
    """

    photo: int
    letterbox: bool
    zoom: float
    shift_x: float
    shift_y: float
    rotation_deg: float
    flip: bool
    bars: Rgb
    seed: int


Picture = ScenePicture | LabelPicture | PhotoPicture
