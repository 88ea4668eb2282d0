"""Lays out printed labels: brand, product name, the list of ingredients in one of three ways, net weight, decoration.

Widths are estimated (a Chinese character is as wide as it is high), so that no font is needed here.
"""

from __future__ import annotations

import colorsys
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from autoglm_agent.training.pictures.pictures import (
    BACKGROUND_KINDS,
    HEIGHT_PX,
    WIDTH_PX,
    Background,
    LabelPicture,
    Panel,
    Rgb,
    Sprite,
    Text,
)
from autoglm_agent.training.pictures.sprites import EVAL_FONTS, TRAIN_FONTS
from autoglm_agent.training.sample import Split

MIN_TEXT_PX, MAX_TEXT_PX = 26.0, 44.0
_FLOOR_TEXT_PX = 22.0  # only where seven long words would not fit otherwise
_DECORATIONS = ("apple", "strawberry", "grapes", "pear", "banana", "flower", "star", "tree", "cup", "watermelon")
_UNSEEN_FONT_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class LabelText:
    """What is printed."""

    brand: str
    name: str
    header: str
    ingredients: tuple[str, ...]
    weight: str


@dataclass(frozen=True, slots=True)
class _Style:
    font: str
    title_font: str
    ink: Rgb
    slant: float
    stretch: float


def width_em(text: str) -> float:
    """Estimated width in em: 1 for a full-width character, 0.62 for a half-width one."""
    return sum(0.62 if ord(char) < 0x2E80 and char not in "（）" else 1.0 for char in text)


def pick_font(rng: random.Random, split: Split) -> str:
    """Evaluation mixes fonts that training never shows with those it does."""
    return rng.choice(EVAL_FONTS if split == "eval" and rng.random() < _UNSEEN_FONT_SHARE else TRAIN_FONTS)


def lay_out(rng: random.Random, split: Split, content: LabelText) -> LabelPicture:
    """A label that carries all of the content inside the canvas."""
    paper, ink, accent, accent_ink = _colors(rng)
    font = pick_font(rng, split)
    title_font = font if rng.random() < 0.5 else pick_font(rng, split)
    style = _Style(font, title_font, ink, rng.choice((0.0, 0.0, 0.0, rng.uniform(-0.05, 0.2))), rng.uniform(0.92, 1.06))
    left, right = rng.uniform(12, 50), WIDTH_PX - rng.uniform(12, 50)
    top, bottom = rng.uniform(12, 30), HEIGHT_PX - rng.uniform(12, 30)
    panels = [Panel(left=left, top=top, right=right, bottom=bottom, fill=paper, radius_px=rng.choice((0, 8, 24)))]
    inner = (left + 16, top + 10, right - 16, bottom - 8)
    banner = rng.random() < 0.6
    title, title_bottom = _title(rng, content, style, inner, accent_ink if banner else accent)
    if banner:
        panels.append(
            Panel(left=left, top=top, right=right, bottom=title_bottom + 2, fill=accent, radius_px=panels[0].radius_px)
        )
    texts = list(title)
    foot = inner[3]
    if content.weight:
        foot -= 34
        texts.append(_line(content.weight, style, inner[0], inner[3] - 16, 26))
    body, box = _body(rng, content, style, (inner[0], title_bottom + 12, inner[2], foot))
    if rng.random() < 0.4:
        x0, y0, x1, y1 = box[0] - 8, box[1] - 6, inner[2] + 8, box[3] + 4
        frame_px = rng.choice((2, 3))
        panels.append(Panel(left=x0, top=y0, right=x1, bottom=y1, fill=accent, radius_px=4, border_px=frame_px))
    texts += body
    sprites = _decorations(rng, (box[3], inner[2], bottom), content)
    return LabelPicture(
        background=Background(
            kind=rng.choice(BACKGROUND_KINDS),
            first=_random_color(rng),
            second=_random_color(rng),
            seed=rng.getrandbits(40),
        ),
        panels=tuple(panels),
        sprites=sprites,
        texts=tuple(texts),
        seed=rng.getrandbits(40),
    )


def lay_out_words(rng: random.Random, split: Split, words: Sequence[str]) -> LabelPicture:
    """Words one below the other in large letters on a plain card: the simplest thing to read."""
    paper, ink, _, _ = _colors(rng)
    style = _Style(pick_font(rng, split), "", ink, rng.choice((0.0, rng.uniform(-0.05, 0.2))), rng.uniform(0.9, 1.1))
    room = (HEIGHT_PX - 40) / len(words)
    height = rng.uniform(28, 100)
    height = max(24.0, min(height, room / 1.25, *((WIDTH_PX - 60) / (width_em(w) * style.stretch) for w in words)))
    slack_y = HEIGHT_PX - 40 - len(words) * height * 1.25
    y = 20 + height * 0.62 + rng.uniform(0, max(0.0, slack_y))
    common_x = rng.random()
    aligned = rng.random() < 0.6
    texts = []
    for word in words:
        slack = WIDTH_PX - 50 - width_em(word) * height * style.stretch
        texts.append(_line(word, style, 25 + max(0.0, slack) * (common_x if aligned else rng.random()), y, height))
        y += height * 1.25
    background = Background(
        kind=rng.choice(("plain", "gradient", "clouds")), first=paper, second=paper, seed=rng.getrandbits(40)
    )
    return LabelPicture(background=background, panels=(), sprites=(), texts=tuple(texts), seed=rng.getrandbits(40))


def _line(text: str, style: _Style, x: float, y: float, height: float, ink: Rgb | None = None, font: str = "") -> Text:
    return Text(text=text, font=font or style.font, x=x, y=y, height_px=height, ink=ink or style.ink, slant=style.slant,
                stretch=style.stretch)  # fmt: skip


def _title(
    rng: random.Random, content: LabelText, style: _Style, box: tuple[float, float, float, float], ink: Rgb
) -> tuple[list[Text], float]:
    """Brand and name, on one line or two; returns them and their lower edge."""
    left, top, right, _ = box
    beside = rng.random() < 0.4
    lines = [f"{content.brand} {content.name}"] if beside else [content.brand, content.name]
    texts, y = [], top
    for line in lines:
        big = line != content.brand
        height = min(
            rng.uniform(44, 66) if big else rng.uniform(28, 40),
            (right - left) / (width_em(line) * style.stretch * 1.02),
        )
        slack = right - left - width_em(line) * height * style.stretch
        x = left + rng.choice((0.0, 0.5)) * max(0.0, slack)
        texts.append(_line(line, style, x, y + height / 2, height, ink, style.title_font))
        y += height * 1.15
    return texts, y


def _body(
    rng: random.Random, content: LabelText, style: _Style, box: tuple[float, float, float, float]
) -> tuple[list[Text], tuple[float, float, float, float]]:
    """The list of ingredients; returns its lines and the box they fill."""
    left, top, right, bottom = box
    way = rng.choice(("flow", "flow", "lines", "columns"))
    separator = rng.choice(("、", "、", "、", "，"))
    spacing = rng.uniform(1.18, 1.45)
    height = rng.uniform(MIN_TEXT_PX, MAX_TEXT_PX)
    while True:
        width = (right - left) / (height * style.stretch)
        rows = _rows(content, way, separator, width)
        if len(rows) * height * spacing <= bottom - top or height <= _FLOOR_TEXT_PX:
            break
        way = "flow" if height <= MIN_TEXT_PX else way
        height -= 1.5
    spacing = min(spacing, (bottom - top) / (len(rows) * height))
    top += rng.random() * 0.6 * max(0.0, bottom - top - len(rows) * height * spacing)
    texts = []
    for i, row in enumerate(rows):
        y = top + (i + 0.5) * height * spacing
        texts += [_line(part, style, left + at * (right - left), y, height) for at, part in row]
    return texts, (left, top, right, top + len(rows) * height * spacing)


def _rows(content: LabelText, way: str, separator: str, width: float) -> list[list[tuple[float, str]]]:
    """Rows of (share of the width at which it starts, text)."""
    words = content.ingredients
    if way == "lines":
        return [[(0.0, f"{content.header}：")], *([(0.02, word)] for word in words)]
    if way == "columns" and max(map(width_em, words)) < width * 0.47:
        half = math.ceil(len(words) / 2)
        pairs = [[(0.0, words[i]), *([(0.5, words[i + half])] if i + half < len(words) else [])] for i in range(half)]
        return [[(0.0, f"{content.header}：")], *pairs]
    rows, row = [], ""
    for char in f"{content.header}：{separator.join(words)}":
        if width_em(row + char) > width and char not in "、，：":
            rows.append(row)
            row = ""
        row += char
    return [[(0.0, text)] for text in [*rows, row]]


def _decorations(rng: random.Random, room: tuple[float, float, float], content: LabelText) -> tuple[Sprite, ...]:
    """Small pictures at the lower right, where there is room under the list."""
    under, right, bottom = room
    size = min(bottom - under - 8, 110.0)
    if size < 40 or rng.random() < 0.25:
        return ()
    name = rng.choice(_DECORATIONS)
    y = bottom - 6 - size / 2
    count = rng.choice((1, 1, 2))
    reach = width_em(content.weight) * 28 + 60
    spots = [right - size * (i + 0.5) for i in range(count)]
    return tuple(
        Sprite(
            name=f"{name}/{rng.randrange(3)}", x=x, y=y, size_px=size, tint=_vivid(rng), rotation_deg=rng.gauss(0, 10)
        )
        for x in spots
        if x - size / 2 > reach
    )


def _vivid(rng: random.Random) -> Rgb:
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.6, 0.9), rng.uniform(0.5, 0.9))


def _random_color(rng: random.Random) -> Rgb:
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.2, 1))


def _colors(rng: random.Random) -> tuple[Rgb, Rgb, Rgb, Rgb]:
    """Paper, ink, accent and the ink that is read on the accent; one label in four is light on dark."""
    hue = rng.random()
    light: Rgb = colorsys.hsv_to_rgb(hue, rng.uniform(0, 0.18), rng.uniform(0.86, 1))
    dark: Rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.9), rng.uniform(0, 0.32))
    deep: Rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.7, 1), rng.uniform(0.35, 0.55))
    if rng.random() < 0.25:
        return dark, light, light, dark
    return light, dark, deep, (1.0, 1.0, 1.0)
