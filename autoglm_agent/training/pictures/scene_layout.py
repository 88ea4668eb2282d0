"""Invents scenes: which things, in which colours and regions, and where their sprites lie on which background."""

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
    Rgb,
    ScenePicture,
    Sprite,
)
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS, REGIONS, held_out, styles
from autoglm_agent.training.sample import Split

MIN_SIZE_PX, MAX_SIZE_PX = 60.0, 200.0
_JITTER = 0.2  # of a region's side: the camera's tilt then keeps every centre inside its region
_CLEAR = 0.34  # distance in RGB from which a background never hides a thing
_UNSEEN_SHARE = 0.4  # of the things of an evaluation scene that are of pairs never trained, where there are such


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing in a scene. `color` is "" for kinds that are called by their name alone."""

    kind: str
    color: str
    region: int

    @property
    def adjective(self) -> str:
        """Such as 红色, or nothing."""
        return f"{COLORS[self.color].chinese}色" if self.color else ""

    @property
    def name(self) -> str:
        """Such as 红色的遥控车."""
        return f"{self.adjective}的{KINDS[self.kind].chinese}" if self.color else KINDS[self.kind].chinese

    @property
    def counted(self) -> str:
        """Such as 一辆红色的遥控车."""
        return f"一{KINDS[self.kind].measure}{self.name}"

    @property
    def english(self) -> str:
        """Such as red car."""
        return f"{self.color} {KINDS[self.kind].english}".strip()

    @property
    def place(self) -> str:
        """The region's word in replies."""
        return REGIONS[self.region].chinese


@dataclass(frozen=True, slots=True)
class Scene:
    """Things in reading order and the picture that shows them."""

    things: tuple[Thing, ...]
    picture: ScenePicture

    def named(self, kind: str | None = None, color: str | None = None) -> list[Thing]:
        """The things of a kind and colour; None takes any."""
        return [t for t in self.things if kind in (None, t.kind) and color in (None, t.color)]


def pick_pair(rng: random.Random, split: Split, kind: str) -> tuple[str, str]:
    """A kind and a colour that the split may show."""
    colors = KINDS[kind].colors
    if not colors:
        return kind, ""
    unseen = [c for c in colors if held_out(kind, c)]
    if split == "eval" and unseen and rng.random() < _UNSEEN_SHARE:
        return kind, rng.choice(unseen)
    return kind, rng.choice([c for c in colors if c not in unseen])


def random_pairs(rng: random.Random, split: Split, count: int, *, colored: bool = False) -> list[tuple[str, str]]:
    """Pairs of kind and colour for a scene: of one world or mixed; half of the time with many repeats."""
    world = rng.choice(("toys", "toys", "home", "fruit", "zoo", "nature", "mixed", "mixed", "mixed"))
    kinds = [k for k, v in KINDS.items() if (world in ("mixed", v.world)) and (v.colors or not colored)]
    if rng.random() < 0.5:
        kinds = rng.sample(kinds, min(len(kinds), rng.randint(1, 3)))
    pairs = [pick_pair(rng, split, rng.choice(kinds)) for _ in range(count)]
    if rng.random() < 0.3 and pairs:
        pairs = [rng.choice(pairs[: 1 + count // 2]) for _ in pairs]
    if rng.random() < 0.3 and pairs:
        favourite = rng.choice(pairs)[1]
        pairs = [(k, favourite) if rng.random() < 0.6 and _may(k, favourite, split) else (k, c) for k, c in pairs]
    return pairs


def _may(kind: str, color: str, split: Split) -> bool:
    return color in KINDS[kind].colors and (split == "eval" or not held_out(kind, color))


def make_scene(rng: random.Random, pairs: Sequence[tuple[str, str]], regions: Sequence[int] | None = None) -> Scene:
    """A scene of these things in these regions, or in random different ones. Raises ValueError for more than nine."""
    places = list(regions) if regions is not None else rng.sample(range(9), len(pairs))
    if len(set(places)) != len(pairs):
        raise ValueError(f"{len(pairs)} things need as many different regions, got {places}")
    things = tuple(sorted((Thing(k, c, r) for (k, c), r in zip(pairs, places, strict=True)), key=lambda t: t.region))
    spots = _spots(rng, things)
    sprites = tuple(_sprite(rng, thing, *spot) for thing, spot in zip(things, spots, strict=True))
    picture = ScenePicture(
        background=pick_background(rng, [s.tint for s in sprites]), sprites=sprites, seed=rng.getrandbits(40)
    )
    return Scene(things, picture)


def random_scene(rng: random.Random, split: Split) -> ScenePicture:
    """A picture of zero to nine things that no question is about: for distractors."""
    return make_scene(rng, random_pairs(rng, split, rng.randint(0, 9))).picture


def pick_background(rng: random.Random, tints: Sequence[Rgb]) -> Background:
    """A background whose colours are far from all tints; the farthest of the candidates if none is far enough."""
    first, second = _clear_color(rng, tints), _clear_color(rng, tints)
    return Background(kind=rng.choice(BACKGROUND_KINDS), first=first, second=second, seed=rng.getrandbits(40))


def _clear_color(rng: random.Random, tints: Sequence[Rgb]) -> Rgb:
    best: tuple[float, Rgb] = (-1.0, (0.9, 0.88, 0.82))
    for _ in range(16):
        color = colorsys.hsv_to_rgb(
            rng.random(), rng.uniform(0, 0.4), rng.choice((rng.uniform(0.25, 1), rng.uniform(0.75, 1)))
        )
        distance = min((math.dist(color, tint) for tint in tints), default=1.0)
        if distance > _CLEAR:
            return color
        best = max(best, (distance, color))
    return best[1]


def _spots(rng: random.Random, things: Sequence[Thing]) -> list[tuple[float, float, float]]:
    """Centre and size of every thing: inside its region, inside the canvas, hardly touching its neighbours."""
    width, height = WIDTH_PX / 3, HEIGHT_PX / 3
    centers = [
        (
            (t.region % 3 + 0.5 + rng.uniform(-_JITTER, _JITTER)) * width,
            (t.region // 3 + 0.5 + rng.uniform(-_JITTER, _JITTER)) * height,
        )
        for t in things
    ]
    common = rng.uniform(MIN_SIZE_PX + 20, MAX_SIZE_PX)
    spots = []
    for i, (x, y) in enumerate(centers):
        border = 2 * min(x, y, WIDTH_PX - x, HEIGHT_PX - y) - 6
        neighbour = min((math.dist((x, y), c) for j, c in enumerate(centers) if j != i), default=MAX_SIZE_PX)
        size = common if rng.random() < 0.5 else rng.uniform(MIN_SIZE_PX, MAX_SIZE_PX)
        spots.append((x, y, max(MIN_SIZE_PX, min(size, border, neighbour * 1.02, MAX_SIZE_PX))))
    return spots


def _sprite(rng: random.Random, thing: Thing, x: float, y: float, size_px: float) -> Sprite:
    base = COLORS[thing.color].rgb if thing.color else KINDS[thing.kind].natural
    lightness = rng.gauss(0, 0.025)
    tint = tuple(min(1.0, max(0.0, c + lightness + rng.gauss(0, 0.015))) for c in base)
    return Sprite(
        name=rng.choice(styles(thing.kind, thing.color)),
        x=x,
        y=y,
        size_px=size_px,
        tint=tint,  # type: ignore[arg-type]
        rotation_deg=max(-20.0, min(20.0, rng.gauss(0, 6))),
        flip=rng.random() < 0.5,
    )
