"""Drawings of animals and the teddy bear. Each takes a pen and draws within 0..100 on both axes."""

from __future__ import annotations

from collections.abc import Callable

from autoglm_agent.training.pictures.sprite_pen import DARK, LEAF, PALE, Fill, Pen

BLUSH: Fill = (0.98, 0.62, 0.62)
BLACK: Fill = (0.10, 0.10, 0.11)
BEAK: Fill = (0.98, 0.68, 0.15)


def _face(pen: Pen, x: float, y: float, scale: float = 1.0) -> None:
    """Eyes, nose and mouth around (x, y)."""
    pen.eyes(x, y - 6 * scale, 10 * scale, 3.2 * scale)
    pen.ellipse(x, y + 4 * scale, 4 * scale, 3 * scale, DARK)
    for side in (-1, 1):
        pen.arc(x + 4 * side * scale, y + 7 * scale, 4 * scale, 4 * scale, (0, 180), 1.6 * scale, DARK)


def bear(pen: Pen) -> None:
    """A sitting teddy bear."""
    for side in (-1, 1):
        pen.dot(50 + 21 * side, 13, 11, 0.7)
        pen.dot(50 + 21 * side, 13, 6, 0.92)
        pen.ellipse(50 + 32 * side, 62, 9, 16, 0.62, -35 * side)
        pen.ellipse(50 + 24 * side, 88, 15, 10, 0.62)
        pen.ellipse(50 + 26 * side, 88, 8, 6, 0.92)
    pen.ellipse(50, 70, 27, 26, 0.7)
    pen.ellipse(50, 72, 16, 17, 0.92)
    pen.ellipse(50, 30, 28, 25, 0.7)
    pen.ellipse(50, 38, 13, 10, 0.95)
    _face(pen, 50, 32)
    if pen.variant % 3 == 1:
        pen.poly([(50, 56), (36, 49), (36, 63)], (0.85, 0.2, 0.25))
        pen.poly([(50, 56), (64, 49), (64, 63)], (0.85, 0.2, 0.25))


def fish(pen: Pen) -> None:
    """A fish."""
    pen.poly([(30, 50), (3, 24), (10, 50), (3, 76)], 0.58)
    pen.poly([(42, 30), (58, 10), (72, 32)], 0.58)
    pen.poly([(46, 70), (56, 88), (66, 68)], 0.58)
    pen.blob([(22, 50), (44, 26), (74, 24), (98, 50), (74, 76), (44, 74)], 0.7)
    if pen.variant % 3 == 1:
        for x in (44, 60):
            pen.arc(x - 16, 50, 18, 24, (-50, 50), 6, PALE)
    else:
        pen.arc(64, 50, 12, 18, (110, 250), 2.5, 0.45)
    pen.dot(82, 43, 6.5, PALE)
    pen.dot(83, 43, 3.4, DARK)


def bird(pen: Pen) -> None:
    """A bird standing on two legs."""
    for x in (46, 56):
        pen.line([(x, 78), (x, 96)], 2.6, BEAK)
        pen.line([(x - 4, 96), (x + 6, 96)], 2.6, BEAK)
    pen.poly([(22, 56), (0, 40), (2, 60), (24, 70)], 0.5)
    pen.blob([(14, 58), (32, 42), (56, 36), (78, 50), (76, 72), (52, 84), (28, 76)], 0.7)
    pen.dot(70, 28, 20, 0.7)
    pen.poly([(87, 22), (100, 29), (86, 35)], BEAK)
    pen.dot(75, 24, 4.4, PALE)
    pen.dot(76, 24, 2.6, DARK)
    pen.blob([(26, 54), (50, 48), (62, 60), (44, 72), (26, 66)], 0.52)
    if pen.variant % 3 == 1:
        pen.poly([(60, 12), (56, 0), (66, 6), (70, 0), (74, 10)], 0.55)
    if pen.variant % 3 == 2:
        pen.ellipse(68, 62, 9, 14, 0.92)


def cat(pen: Pen) -> None:
    """A cat: sitting, or its head."""
    head_y = 34 if pen.variant % 3 != 1 else 54
    if pen.variant % 3 != 1:
        pen.arc(76, 70, 16, 22, (-60, 110), 8, 0.6)
        pen.ellipse(50, 76, 26, 22, 0.7)
        for x in (38, 62):
            pen.ellipse(x, 93, 9, 6, 0.85)
    scale = 1.0 if pen.variant % 3 != 1 else 1.4
    for side in (-1, 1):
        pen.poly([(50 + 6 * side * scale, head_y - 18 * scale), (50 + 28 * side * scale, head_y - 8 * scale),
                  (50 + 27 * side * scale, head_y - 34 * scale)], 0.65)  # fmt: skip
        pen.poly([(50 + 13 * side * scale, head_y - 18 * scale), (50 + 24 * side * scale, head_y - 12 * scale),
                  (50 + 24 * side * scale, head_y - 27 * scale)], BLUSH)  # fmt: skip
    pen.ellipse(50, head_y, 30 * scale, 24 * scale, 0.7)
    for side in (-1, 1):
        pen.ellipse(50 + 12 * side * scale, head_y - 4 * scale, 5 * scale, 6 * scale, (0.75, 0.88, 0.35))
        pen.ellipse(50 + 12 * side * scale, head_y - 4 * scale, 2 * scale, 5.4 * scale, DARK)
        for dy in (4, 9):
            start = (50 + 16 * side * scale, head_y + (4 + dy / 2) * scale)
            pen.line([start, (50 + 36 * side * scale, head_y + dy * scale)], 1.5, DARK)
    pen.poly([(46, head_y + 4), (54, head_y + 4), (50, head_y + 9)], BLUSH)
    for side in (-1, 1):
        pen.arc(50 + 4 * side, head_y + 10, 4, 4, (0, 180), 1.6, DARK)


def dog(pen: Pen) -> None:
    """A dog: sitting, or from the side."""
    if pen.variant % 3 == 1:
        pen.line([(14, 50), (3, 30)], 6, 0.65)
        for x in (22, 34, 62, 72):
            pen.line([(x, 64), (x, 93)], 8, 0.6)
        pen.box(12, 42, 78, 70, 0.7, 13)
        pen.box(62, 14, 90, 52, 0.7, 12)
        pen.box(78, 30, 99, 46, 0.78, 7)
        pen.ellipse(96, 32, 4, 3.4, DARK)
        pen.ellipse(63, 30, 7, 17, 0.42, 10)
        pen.dot(80, 25, 3, DARK)
        pen.line([(62, 52), (84, 52)], 4, (0.85, 0.2, 0.25))
        return
    pen.arc(80, 80, 12, 18, (-80, 60), 7, 0.6)
    pen.ellipse(50, 78, 26, 20, 0.7)
    pen.ellipse(50, 82, 13, 15, 0.92)
    for x in (36, 64):
        pen.ellipse(x, 94, 10, 5.5, 0.82)
    pen.ellipse(50, 34, 27, 27, 0.7)
    for side in (-1, 1):
        pen.ellipse(50 + 30 * side, 36, 9, 23, 0.42, 12 * -side)
    pen.ellipse(50, 46, 14, 12, 0.93)
    pen.eyes(50, 30, 11, 3.6, white=pen.variant % 3 == 2)
    pen.ellipse(50, 41, 6, 4.4, DARK)
    pen.ellipse(50, 55, 4.5, 7, (0.95, 0.45, 0.5))


def rabbit(pen: Pen) -> None:
    """A rabbit with long ears."""
    tilt = (8, 14, 4)[pen.variant % 3]
    for side in (-1, 1):
        pen.ellipse(50 + 13 * side, 22, 8.5, 24, 0.7, tilt * side)
        pen.ellipse(50 + 13 * side, 22, 4.5, 18, BLUSH, tilt * side)
    pen.ellipse(50, 80, 25, 18, 0.7)
    pen.ellipse(50, 83, 13, 12, 0.95)
    for x in (34, 66):
        pen.ellipse(x, 94, 11, 5.5, 0.8)
    pen.ellipse(50, 54, 26, 21, 0.72)
    pen.eyes(50, 51, 11, 3.4)
    pen.poly([(46, 57), (54, 57), (50, 62)], BLUSH)
    pen.box(46, 64, 54, 71, PALE, 1)
    pen.line([(50, 62), (50, 66)], 1.5, DARK)


def elephant(pen: Pen) -> None:
    """An elephant from the side."""
    for x in (18, 36, 52, 66):
        pen.box(x, 62, x + 13, 95, 0.6 if x in (36, 52) else 0.68, 3)
    pen.line([(10, 48), (3, 70)], 3, 0.5)
    pen.blob([(8, 48), (22, 28), (50, 22), (72, 34), (78, 62), (50, 76), (16, 72)], 0.7)
    pen.dot(72, 34, 20, 0.72)
    pen.line([(86, 38), (92, 58), (88, 76), (94, 84) if pen.variant % 2 else (80, 84)], 10, 0.72)
    pen.blob([(46, 18), (62, 16), (70, 34), (62, 54), (46, 50), (40, 34)], 0.55)
    pen.poly([(78, 50), (96, 60), (80, 57)], PALE)
    pen.dot(78, 30, 2.8, DARK)


def giraffe(pen: Pen) -> None:
    """A giraffe: long neck and patches."""
    coat, patch = 0.78, (0.62, 0.36, 0.14)
    for x in (18, 28, 48, 56):
        pen.line([(x, 68), (x, 95)], 5, coat)
        pen.line([(x, 94), (x, 97)], 5.4, DARK)
    pen.line([(14, 60), (7, 78)], 2.4, patch)
    pen.box(11, 54, 62, 74, coat, 10)
    pen.poly([(44, 60), (64, 16), (76, 18), (62, 66)], coat)
    for x in (66, 73):
        pen.line([(x, 14), (x - 1, 3)], 2.4, coat)
        pen.dot(x - 1, 3, 2.6, patch)
    pen.ellipse(77, 18, 15, 8.5, coat, 18)
    pen.ellipse(61, 14, 6, 3, coat, -20)
    pen.dot(74, 14, 2.2, DARK)
    for x, y in ((20, 62), (33, 60), (45, 66), (27, 69), (54, 60), (57, 48), (62, 37), (66, 27), (60, 56)):
        pen.dot(x, y, (4, 4.6, 3.6)[pen.variant % 3], patch)


def monkey(pen: Pen) -> None:
    """A monkey with a curled tail."""
    fur, face = 0.68, (0.97, 0.82, 0.66)
    pen.arc(82, 66, 13, 18, (-170, 120), 5, fur)
    for side in (-1, 1):
        if pen.variant % 3 == 1:
            pen.line([(50 + 18 * side, 60), (50 + 34 * side, 44), (50 + 36 * side, 22)], 8, fur)
        else:
            pen.line([(50 + 18 * side, 62), (50 + 30 * side, 80)], 8, fur)
        pen.ellipse(50 + 15 * side, 94, 13, 5.5, face)
        pen.dot(50 + 27 * side, 32, 10, fur)
        pen.dot(50 + 27 * side, 32, 6, face)
    pen.ellipse(50, 76, 21, 20, fur)
    pen.ellipse(50, 78, 12, 14, face)
    pen.ellipse(50, 32, 26, 25, fur)
    for side in (-1, 1):
        pen.ellipse(50 + 9 * side, 28, 11, 12, face)
    pen.ellipse(50, 42, 18, 12, face)
    pen.eyes(50, 28, 8, 3.2)
    for side in (-1, 1):
        pen.dot(50 + 2.6 * side, 37, 1.2, DARK)
    pen.arc(50, 42, 9, 6, (10, 170), 2, DARK)


def panda(pen: Pen) -> None:
    """A panda: black ears, eye patches and limbs."""
    for side in (-1, 1):
        pen.dot(50 + 24 * side, 12, 10, BLACK)
        pen.ellipse(50 + 30 * side, 64, 10, 17, BLACK, -30 * side)
    pen.ellipse(50, 72, 28, 24, PALE)
    for side in (-1, 1):
        pen.ellipse(50 + 24 * side, 89, 15, 10, BLACK)
    pen.ellipse(50, 34, 31, 27, PALE)
    for side in (-1, 1):
        pen.ellipse(50 + 13 * side, 32, 7, 9, BLACK, 30 * side)
        pen.dot(50 + 12 * side, 31, 2.6, PALE)
    pen.ellipse(50, 43, 5, 3.4, BLACK)
    pen.arc(50, 47, 6, 5, (20, 160), 1.8, BLACK)
    if pen.variant % 3 == 1:
        pen.line([(68, 44), (88, 84)], 4, LEAF)
        pen.ellipse(74, 46, 10, 3.4, LEAF, -30)


def tiger(pen: Pen) -> None:
    """A tiger's sitting figure with stripes."""
    pen.arc(80, 74, 12, 20, (-100, 90), 7, 0.65)
    pen.ellipse(50, 78, 26, 20, 0.7)
    for y in (68, 78):
        for side in (-1, 1):
            pen.poly([(50 + 27 * side, y - 3), (50 + 27 * side, y + 3), (50 + 13 * side, y)], BLACK)
    pen.ellipse(50, 84, 12, 13, PALE)
    for x in (36, 64):
        pen.ellipse(x, 95, 10, 5, PALE)
    for side in (-1, 1):
        pen.dot(50 + 24 * side, 13, 10, 0.68)
        pen.dot(50 + 24 * side, 13, 5.4, PALE)
    pen.ellipse(50, 36, 32, 28, 0.7)
    for x, half in ((50, 3), (41, 2.4), (59, 2.4)):
        pen.poly([(x - half, 9), (x + half, 9), (x, 22)], BLACK)
    for y in (32, 40, 48):
        for side in (-1, 1):
            pen.poly([(50 + 33 * side, y - 2.6), (50 + 33 * side, y + 2.6), (50 + 19 * side, y)], BLACK)
    for side in (-1, 1):
        pen.ellipse(50 + 6 * side, 49, 9, 8, PALE)
    pen.eyes(50, 33, 12, 3.4, white=pen.variant % 3 == 1)
    pen.poly([(44, 41), (56, 41), (50, 48)], (0.85, 0.4, 0.4))


ANIMALS: dict[str, Callable[[Pen], None]] = {
    f.__name__: f for f in (bear, fish, bird, cat, dog, rabbit, elephant, giraffe, monkey, panda, tiger)
}
