"""Makes the pictures of the demonstrations: toys, a drink's label, a zoo, and a photograph that training never saw."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from autoglm_agent.training.pictures.label_layout import LabelText
from autoglm_agent.training.pictures.photos import CLASSES
from autoglm_agent.training.pictures.pictures import (
    Background,
    LabelPicture,
    Panel,
    PhotoPicture,
    Picture,
    ScenePicture,
    Sprite,
    Text,
)
from autoglm_agent.training.pictures.render import Renderer
from autoglm_agent.training.pictures.scene_layout import make_scene

_PHOTO_CLASS = "Banana"
_DEMO_SIZE_PX = 120.0  # large enough to be recognised on a slide


def toys() -> ScenePicture:
    """A red remote-control car at the lower right, other toys elsewhere, a blue car among them."""
    pairs = [
        ("ball", "blue"),
        ("bear", "brown"),
        ("robot", "green"),
        ("car", "blue"),
        ("block", "yellow"),
        ("car", "red"),
    ]
    return _tidy(
        make_scene(random.Random(7), pairs, [0, 2, 4, 3, 6, 8]).picture, (0.93, 0.90, 0.83), (0.80, 0.72, 0.60)
    )


def zoo() -> ScenePicture:
    """Two elephants, a panda, a giraffe, a monkey and a tiger on a meadow."""
    pairs = [("elephant", ""), ("elephant", ""), ("panda", ""), ("giraffe", ""), ("monkey", ""), ("tiger", "")]
    return _tidy(
        make_scene(random.Random(11), pairs, [0, 5, 4, 2, 3, 8]).picture, (0.75, 0.89, 0.98), (0.66, 0.83, 0.56)
    )


def label() -> LabelPicture:
    """A lemon drink's label with water, sugar and citric acid."""
    content = LabelText("清泉", "柠檬味饮料", "配料", ("水", "白砂糖", "柠檬酸"), "净含量：500毫升")
    ink, white, green = (0.10, 0.12, 0.10), (1.0, 1.0, 1.0), (0.10, 0.45, 0.20)
    texts = (
        Text(text=content.brand, font="sansb", x=56, y=62, height_px=34, ink=white),
        Text(text=content.name, font="sansb", x=56, y=116, height_px=58, ink=white),
        Text(
            text=f"{content.header}：{'、'.join(content.ingredients)}", font="sans", x=56, y=220, height_px=40, ink=ink
        ),
        Text(text=content.weight, font="sans", x=56, y=415, height_px=28, ink=ink),
    )
    panels = (
        Panel(left=28, top=24, right=612, bottom=452, fill=(0.99, 0.97, 0.86), radius_px=18),
        Panel(left=28, top=24, right=612, bottom=158, fill=green, radius_px=18),
    )
    lemon = Sprite(name="pear/1", x=520, y=370, size_px=120, tint=(0.98, 0.86, 0.20), rotation_deg=30)
    background = Background(kind="floor", first=(0.80, 0.86, 0.90), second=(0.60, 0.62, 0.66), seed=3)
    return LabelPicture(background=background, panels=panels, sprites=(lemon,), texts=texts, seed=0)


def photograph() -> PhotoPicture:
    """A photograph of a block kept for evaluation."""
    photo_class = next(c for c in CLASSES if c.english == _PHOTO_CLASS)
    return PhotoPicture(photo=photo_class.rows("eval")[-1], letterbox=True, zoom=1.0, shift_x=0.0, shift_y=0.0,
                        rotation_deg=0.0, flip=False, bars=(0.0, 0.0, 0.0), seed=0)  # fmt: skip


def write_demo_pictures(artefacts: str | Path, out_dir: str | Path) -> list[Path]:
    """Render all four, clean, as `toys.png`, `label.png`, `zoo.png` and `photo.jpg` in `out_dir`."""
    pictures: dict[str, Picture] = {
        "toys.png": toys(),
        "label.png": label(),
        "zoo.png": zoo(),
        "photo.jpg": photograph(),
    }
    renderer = Renderer.load(artefacts)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    pixels = renderer.render(list(pictures.values()), strength=0.0)
    for name, image in zip(pictures, pixels, strict=True):
        save_image(image, out / name)
    return [out / name for name in pictures]


def save_image(image: torch.Tensor, path: Path) -> None:
    """Write uint8 [3, H, W] to a PNG or JPEG file."""
    array: np.ndarray = image.permute(1, 2, 0).cpu().numpy()
    Image.fromarray(array).save(path, optimize=True)


def _tidy(picture: ScenePicture, wall: tuple[float, float, float], floor: tuple[float, float, float]) -> ScenePicture:
    """The same things, drawn in their first style and upright, before a wall on a floor."""
    sprites = tuple(
        Sprite(name=f"{s.name.split('/')[0]}/0", x=s.x, y=s.y, size_px=max(_DEMO_SIZE_PX, s.size_px), tint=s.tint)
        for s in picture.sprites
    )
    return ScenePicture(background=Background(kind="floor", first=wall, second=floor, seed=5), sprites=sprites, seed=0)
