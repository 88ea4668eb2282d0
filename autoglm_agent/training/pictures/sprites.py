"""The atlas: pictures of things and of characters, made once and sampled by the renderer.

`build_atlas` draws the things (and, where the colour-emoji font is at hand, adds its pictures as further styles) and
rasterises every character of the corpus in every font that it finds. `Atlas.load` needs neither Pillow nor fonts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from autoglm_agent.training.pictures.ingredients import (
    BRANDS,
    CATEGORIES,
    COMMON_CHARACTERS,
    HEADERS,
    INGREDIENTS,
    UI_TEXTS,
)
from autoglm_agent.training.pictures.sprite_animals import ANIMALS
from autoglm_agent.training.pictures.sprite_pen import SPRITE_SIZE_PX, Pen
from autoglm_agent.training.pictures.sprite_things import THINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWN_VARIANTS = 3
GLYPH_CELL_PX = 48
GLYPH_EM_PX = 44  # leaves room in the cell for strokes beyond the em box
ATLAS_FILE = "atlas.npz"

FONT_PACKAGES = "fonts-noto-cjk fonts-wqy-zenhei fonts-lxgw-wenkai fonts-noto-color-emoji"
"""Debian's packages that hold them all."""
TRAIN_FONTS = ("sans", "sansb", "serif", "zenhei")
EVAL_FONTS = ("wenkai", "serifb")
_FONT_FILES: dict[str, tuple[str, int]] = {
    "sans": ("NotoSansCJK-Regular.ttc", 2),
    "sansb": ("NotoSansCJK-Bold.ttc", 2),
    "serif": ("NotoSerifCJK-Regular.ttc", 2),
    "serifb": ("NotoSerifCJK-Bold.ttc", 2),
    "zenhei": ("wqy-zenhei.ttc", 0),
    "wenkai": ("LXGWWenKai-Regular.ttf", 0),
}  # face 2 of the Noto collections is Simplified Chinese

# Pictures of Noto Color Emoji (SIL OFL 1.1) by kind: those whose saturated part takes any tint, those that keep their
# colours, with the colour's name ("" where the colour is never spoken of).
TINTED_EMOJI: dict[str, str] = {"car": "🚗🚙", "balloon": "🎈", "book": "📕", "flower": "🌷", "fish": "🐟", "bag": "🎒"}
FIXED_EMOJI: dict[str, tuple[tuple[str, str], ...]] = {
    "apple": (("🍎", "red"), ("🍏", "green")),
    "banana": (("🍌", "yellow"),),
    "pear": (("🍐", "green"),),
    "grapes": (("🍇", "purple"),),
    "strawberry": (("🍓", "red"),),
    "elephant": (("🐘", ""),),
    "giraffe": (("🦒", ""),),
    "monkey": (("🐒", ""), ("🐵", "")),
    "panda": (("🐼", ""),),
    "tiger": (("🐅", ""), ("🐯", "")),
    "rabbit": (("🐇", "white"), ("🐰", "white")),
    "bear": (("🧸", "brown"),),
    "star": (("⭐", "yellow"),),
    "tree": (("🌳", "green"), ("🌲", "green")),
}
_EMOJI_STRIKE_PX = 109  # the font's only bitmap size


@dataclass(frozen=True, slots=True)
class Atlas:
    """`sprites` uint8 [N, 5, S, S] (R, G, B, alpha, tint), `glyphs` uint8 [F, C, G, G], `advances` [F, C] in em."""

    sprite_names: tuple[str, ...]
    sprites: NDArray[np.uint8]
    fonts: tuple[str, ...]
    characters: str
    glyphs: NDArray[np.uint8]
    advances: NDArray[np.float32]

    @classmethod
    def load(cls, path: str | Path) -> Atlas:
        """Read an atlas; `path` is the file or the folder that `build_atlas` wrote to."""
        path = Path(path)
        with np.load(path / ATLAS_FILE if path.is_dir() else path) as data:
            nibbles = data["glyphs"]
            glyphs = np.stack([nibbles >> 4, nibbles & 15], axis=-1).reshape(*nibbles.shape[:-1], -1) * 17
            return cls(
                tuple(str(name) for name in data["sprite_names"]),
                data["sprites"],
                tuple(str(name) for name in data["fonts"]),
                str(data["characters"]),
                glyphs.astype(np.uint8),
                data["advances"].astype(np.float32),
            )

    @property
    def is_whole(self) -> bool:
        """Whether it has every font and the colour emoji, as training and evaluation need it."""
        return {*TRAIN_FONTS, *EVAL_FONTS} <= set(self.fonts) and "apple/e1f34e" in self.sprite_names

    def save(self, path: Path) -> None:
        """Write the atlas; glyphs are kept at 16 grey levels, two pixels a byte."""
        levels = (self.glyphs.astype(np.uint16) + 8) // 17
        nibbles = (levels[..., 0::2] << 4 | levels[..., 1::2]).astype(np.uint8)
        np.savez_compressed(
            path,
            sprite_names=np.array(self.sprite_names),
            sprites=self.sprites,
            fonts=np.array(self.fonts),
            characters=np.array(self.characters),
            glyphs=nibbles,
            advances=self.advances.astype(np.float16),
        )


def corpus_characters() -> str:
    """Every character that a label may carry, sorted."""
    words = [*INGREDIENTS, *BRANDS, *HEADERS, COMMON_CHARACTERS, UI_TEXTS, "".join(map(chr, range(33, 127)))]
    for title, names, _ in CATEGORIES.values():
        words += [title, *names]
    return "".join(sorted(set("".join(words)) - {" "}))


def build_atlas(out_dir: str | Path, *, emoji: bool = True) -> Path:
    """Draw everything and write `atlas.npz` to `out_dir`; returns its path. Fonts not installed are left out."""
    names, sprites = _draw_sprites()
    if emoji:
        more_names, more = _emoji_sprites()
        names, sprites = names + more_names, sprites + more
    characters = corpus_characters()
    fonts, glyphs, advances = [], [], []
    for font, (file_name, face) in _FONT_FILES.items():
        if path := _find_font(file_name):
            cells, widths = _rasterise(ImageFont.truetype(str(path), GLYPH_EM_PX, index=face), characters)
            fonts.append(font)
            glyphs.append(cells)
            advances.append(widths)
    if not fonts:
        raise FileNotFoundError(f"none of the fonts {sorted(f for f, _ in _FONT_FILES.values())} is installed")
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    atlas = Atlas(
        tuple(names), np.stack(sprites), tuple(fonts), characters, np.stack(glyphs), np.stack(advances)
    )  # fmt: skip
    atlas.save(out / ATLAS_FILE)
    return out / ATLAS_FILE


def emoji_names(kind: str) -> tuple[tuple[str, str | None], ...]:
    """Names of a kind's emoji styles with their colour's name; None where they take any tint, "" where none is said."""
    tinted = [(f"{kind}/e{ord(char):x}", None) for char in TINTED_EMOJI.get(kind, "")]
    fixed = [(f"{kind}/e{ord(char):x}", color) for char, color in FIXED_EMOJI.get(kind, ())]
    return (*tinted, *fixed)


def _draw_sprites() -> tuple[list[str], list[NDArray[np.uint8]]]:
    names, sprites = [], []
    for name, draw in (THINGS | ANIMALS).items():
        for variant in range(DRAWN_VARIANTS):
            pen = Pen(variant)
            draw(pen)
            names.append(f"{name}/{variant}")
            sprites.append(pen.finish())
    return names, sprites


def _find_font(file_name: str) -> Path | None:
    """Look in the system's and the user's font folders."""
    roots = [Path(d) / "fonts" for d in os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")]
    for root in (*roots, Path.home() / ".fonts", Path.home() / ".local/share/fonts"):
        if root.is_dir() and (found := next(root.rglob(file_name), None)):
            return found
    return None


def _rasterise(font: ImageFont.FreeTypeFont, characters: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Each character in a cell of its own, left-aligned at the padding, on one common baseline."""
    pad = (GLYPH_CELL_PX - GLYPH_EM_PX) // 2
    box = font.getbbox("国", anchor="ls")
    # The middle of a full-height character comes to the middle of the cell.
    baseline = GLYPH_CELL_PX / 2 - (box[1] + box[3]) / 2
    cells = np.zeros((len(characters), GLYPH_CELL_PX, GLYPH_CELL_PX), np.uint8)
    for i, char in enumerate(characters):
        image = Image.new("L", (GLYPH_CELL_PX, GLYPH_CELL_PX))
        ImageDraw.Draw(image).text((pad, baseline), char, font=font, fill=255, anchor="ls")
        cells[i] = np.asarray(image)
    widths = np.array([font.getlength(char) / GLYPH_EM_PX for char in characters], np.float32)
    return cells, widths


def _emoji_sprites() -> tuple[list[str], list[NDArray[np.uint8]]]:
    path = _find_font("NotoColorEmoji.ttf")
    if path is None:
        return [], []
    font = ImageFont.truetype(str(path), _EMOJI_STRIKE_PX)
    names, sprites = [], []
    for kind, chars in TINTED_EMOJI.items():
        names += [f"{kind}/e{ord(char):x}" for char in chars]
        sprites += [_emoji_sprite(font, char, tinted=True) for char in chars]
    for kind, pairs in FIXED_EMOJI.items():
        names += [f"{kind}/e{ord(char):x}" for char, _ in pairs]
        sprites += [_emoji_sprite(font, char, tinted=False) for char, _ in pairs]
    return names, sprites


def _emoji_sprite(font: ImageFont.FreeTypeFont, char: str, *, tinted: bool) -> NDArray[np.uint8]:
    """uint8 [5, S, S]; when tinted, the pixels of the picture's main hue become the tintable part."""
    image = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(image).text((80, 80), char, font=font, embedded_color=True, anchor="mm")
    left, top, right, bottom = image.getbbox() or (0, 0, 160, 160)
    side = max(right - left, bottom - top) + 6
    square = Image.new("RGBA", (side, side))
    square.paste(image.crop((left, top, right, bottom)), ((side - right + left) // 2, (side - bottom + top) // 2))
    pixels = np.asarray(square.resize((SPRITE_SIZE_PX, SPRITE_SIZE_PX), Image.Resampling.BICUBIC), np.float32) / 255
    color, alpha = pixels[..., :3], pixels[..., 3]
    mask = np.zeros_like(alpha)
    if tinted:
        low, high = color.min(2), color.max(2)
        saturated = (high - low > 0.35 * high) & (alpha > 0.5)
        hue = np.median(color[saturated], axis=0)
        near = ((color / (high[..., None] + 1e-3) - hue / hue.max()) ** 2).sum(2) < 0.5
        mask = (saturated & near).astype(np.float32)
        shade = np.clip(high / np.median(high[saturated]) * 0.68, 0, 1)
        color = np.where(mask[..., None] > 0, shade[..., None], color)
    layers = np.concatenate([color, alpha[..., None], mask[..., None]], axis=2)
    return np.ascontiguousarray((layers.clip(0, 1) * 255 + 0.5).astype(np.uint8).transpose(2, 0, 1))
