"""Drawings of toys, household things, fruit and landmarks. Each takes a pen and draws within 0..100 on both axes."""

from __future__ import annotations

import math
from collections.abc import Callable

from autoglm_agent.training.pictures.sprite_pen import DARK, GLASS, LEAF, METAL, PALE, SKIN, WOOD, Fill, Pen

GOLD: Fill = (0.98, 0.80, 0.22)


def _wheel(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.dot(x, y, radius, DARK)
    pen.dot(x, y, radius * 0.5, METAL)


def car(pen: Pen) -> None:
    """A remote-control car with its aerial."""
    v = pen.variant
    roof = (30, 34, 28)[v % 3]
    pen.line([(14, 50), (8, 14)], 2.4, METAL)
    pen.dot(8, 13, 3.6, (0.9, 0.3, 0.2))
    pen.poly([(22, 50), (33, roof), (66, roof), (82, 50)], 0.7)
    pen.poly([(29, 49), (36, roof + 6), (48, roof + 6), (48, 49)], GLASS)
    pen.poly([(53, 49), (53, roof + 6), (63, roof + 6), (74, 49)], GLASS)
    pen.box(4, 47, 97, 72, 0.7, 9)
    pen.box(6, 62, 96, 67, 0.5)
    pen.dot(92, 55, 4, (1.0, 0.93, 0.6))
    if v % 3 == 2:
        pen.poly([(4, 46), (0, 30), (18, 30), (18, 35), (10, 36), (13, 48)], 0.55)
    for x in (25, 76):
        _wheel(pen, x, 73, (13, 15, 14)[v % 3])


def ball(pen: Pen) -> None:
    """A ball with bands or panels."""
    pen.dot(50, 50, 46, 0.7)
    if pen.variant % 3 == 0:
        pen.arc(50, 50, 20, 44, (0, 360), 3, PALE)
        pen.line([(6, 50), (94, 50)], 3, PALE)
    elif pen.variant % 3 == 1:
        pen.poly([(9, 40), (91, 40), (91, 60), (9, 60)], PALE)
        pen.poly(
            [(50, 33), (55, 45), (67, 46), (58, 54), (61, 66), (50, 59), (39, 66), (42, 54), (33, 46), (45, 45)], 0.6
        )
    else:
        pen.arc(5, 50, 36, 40, (-60, 60), 3, 0.35)
        pen.arc(95, 50, 36, 40, (120, 240), 3, 0.35)
        pen.line([(50, 5), (50, 95)], 3, 0.35)


def block(pen: Pen) -> None:
    """A toy block: a cube, a studded brick or an arch."""
    if pen.variant % 3 == 0:
        pen.poly([(50, 6), (94, 28), (50, 50), (6, 28)], 0.88)
        pen.poly([(6, 28), (50, 50), (50, 96), (6, 73)], 0.7)
        pen.poly([(94, 28), (50, 50), (50, 96), (94, 73)], 0.52)
    elif pen.variant % 3 == 1:
        for x in (14, 42, 70):
            pen.box(x, 22, x + 17, 40, 0.82, 3)
        pen.box(4, 34, 96, 82, 0.7, 3)
        pen.box(4, 72, 96, 82, 0.55, 3)
    else:
        for x in (20, 58):
            pen.ellipse(x + 11, 25, 11, 6, 0.9)
            pen.box(x, 25, x + 22, 36, 0.75)
        pen.poly([(4, 40), (20, 28), (98, 28), (82, 40)], 0.85)
        pen.box(4, 40, 82, 88, 0.7)
        pen.poly([(82, 40), (98, 28), (98, 76), (82, 88)], 0.5)


def doll(pen: Pen) -> None:
    """A doll in a dress of the tint's colour."""
    hair: Fill = ((0.35, 0.2, 0.1), (0.15, 0.12, 0.12), (0.93, 0.72, 0.3))[pen.variant % 3]
    pen.ellipse(50, 26, 25, 24, hair)
    for side in (-1, 1):
        if pen.variant % 3 != 1:
            pen.ellipse(50 + 25 * side, 40, 7, 15, hair)
        pen.line([(50 + 10 * side, 56), (50 + 30 * side, 68)], 7, SKIN)
        pen.line([(50 + 9 * side, 84), (50 + 10 * side, 96)], 8, SKIN)
    pen.poly([(40, 50), (60, 50), (80, 88), (20, 88)], 0.7)
    pen.poly([(22, 83), (78, 83), (80, 89), (20, 89)], 0.9)
    pen.ellipse(50, 30, 19, 19, SKIN)
    pen.poly([(31, 28), (36, 13), (50, 8), (64, 13), (69, 28), (58, 19), (42, 19)], hair)
    pen.eyes(50, 31, 7, 2.4)
    pen.arc(50, 36, 6, 5, (20, 160), 1.8, (0.8, 0.25, 0.25))


def plane(pen: Pen) -> None:
    """An aeroplane from the side or from above."""
    if pen.variant % 3 == 1:
        pen.ellipse(50, 50, 9, 47, 0.7)
        pen.poly([(44, 38), (2, 62), (2, 70), (44, 60)], 0.6)
        pen.poly([(56, 38), (98, 62), (98, 70), (56, 60)], 0.6)
        pen.poly([(46, 80), (26, 93), (26, 98), (50, 92), (74, 98), (74, 93), (54, 80)], 0.6)
        pen.ellipse(50, 16, 5, 7, GLASS)
        return
    pen.poly([(6, 44), (2, 16), (14, 16), (28, 44)], 0.58)
    pen.blob([(3, 46), (40, 38), (80, 40), (98, 52), (84, 62), (40, 64), (10, 56)], 0.7)
    pen.poly([(80, 41), (96, 51), (80, 51)], GLASS)
    for x in (34, 46, 58, 70):
        pen.dot(x, 47, 3, GLASS)
    pen.poly([(40, 54), (66, 54), (36, 90), (24, 90)], 0.5)
    if pen.variant % 3 == 2:
        pen.poly([(42, 40), (60, 40), (40, 16), (32, 16)], 0.5)


def train(pen: Pen) -> None:
    """A locomotive, with a carriage in one variant."""
    pen.box(8, 22, 40, 70, 0.7, 3)
    pen.box(15, 30, 33, 47, GLASS, 2)
    pen.box(3, 15, 45, 23, 0.5, 3)
    pen.box(38, 42, 92, 70, 0.62, 8)
    pen.poly([(72, 44), (68, 18), (88, 18), (84, 44)], 0.45)
    pen.box(65, 14, 91, 21, 0.7, 2)
    pen.dot(54, 42, 6, GOLD)
    pen.box(6, 66, 94, 76, 0.4, 2)
    pen.poly([(90, 66), (99, 84), (84, 84)], METAL)
    for x, r in ((20, 13), (50, 10), (73, 10)) if pen.variant % 2 else ((24, 12), (52, 12), (78, 12)):
        pen.dot(x, 80, r, DARK)
        pen.dot(x, 80, r * 0.55, 0.75)


def boat(pen: Pen) -> None:
    """A sailing boat or a steamer."""
    if pen.variant % 3 == 2:
        pen.box(28, 34, 74, 60, PALE, 2)
        pen.box(40, 10, 52, 36, 0.6)
        pen.box(40, 16, 52, 22, PALE)
        for x in (36, 50, 64):
            pen.dot(x, 47, 4, GLASS)
    else:
        pen.line([(48, 8), (48, 66)], 3, WOOD)
        pen.poly([(51, 8), (51, 58), (88, 58)], 0.85 if pen.variant % 3 else PALE)
        pen.poly([(45, 18), (45, 58), (16, 58)], 0.75 if pen.variant % 3 else PALE)
    pen.poly([(4, 62), (96, 62), (80, 92), (20, 92)], 0.7)
    pen.poly([(4, 62), (96, 62), (93, 68), (7, 68)], 0.5)


def robot(pen: Pen) -> None:
    """A robot with an aerial and a panel."""
    pen.line([(50, 20), (50, 6)], 3, METAL)
    pen.dot(50, 6, 4, (0.95, 0.3, 0.25))
    pen.box(28, 16, 72, 46, 0.75, 4 + 5 * (pen.variant % 3))
    pen.box(34, 24, 66, 36, DARK, 5)
    pen.eyes(50, 30, 9, 1)
    for x in (41, 59):
        pen.dot(x, 30, 4, (0.5, 0.95, 0.95))
    pen.box(24, 49, 76, 80, 0.7, 5)
    pen.box(36, 56, 64, 70, PALE, 2)
    for x, tone in ((43, (0.9, 0.3, 0.3)), (50, (0.95, 0.8, 0.2)), (57, (0.3, 0.75, 0.4))):
        pen.dot(x, 63, 2.6, tone)
    for x in (14, 86):
        pen.line([(x, 54), (x, 74)], 8, METAL)
        pen.dot(x, 77, 6, 0.6)
    for x in (33, 56):
        pen.box(x, 80, x + 12, 97, 0.55, 3)


def cup(pen: Pen) -> None:
    """A mug, a tea cup or a beaker."""
    if pen.variant % 3 == 1:
        pen.ellipse(45, 86, 42, 9, 0.5)
        pen.arc(80, 48, 12, 12, (-100, 100), 6, 0.6)
        pen.blob([(12, 32), (78, 32), (76, 58), (60, 82), (30, 82), (14, 58)], 0.7)
        pen.ellipse(45, 33, 34, 7, 0.9)
    else:
        pen.arc(74, 52, 18, 19, (-90, 90), 7, 0.58)
        pen.box(14, 20, 74, 90, 0.7, 7)
        pen.ellipse(44, 21, 30, 8, 0.92)
        pen.ellipse(44, 22, 25, 5.5, 0.4)
        if pen.variant % 3 == 2:
            pen.box(14, 46, 74, 62, PALE)


def book(pen: Pen) -> None:
    """A closed or an open book."""
    if pen.variant % 3 == 1:
        pen.poly([(50, 30), (4, 20), (4, 78), (50, 90), (96, 78), (96, 20)], 0.6)
        pen.poly([(4, 20), (50, 30), (50, 90), (4, 78)], 0.7)
        pen.poly([(50, 24), (57, 22), (57, 80), (50, 84)], PALE)
        pen.poly([(57, 20), (91, 12), (91, 70), (57, 80)], (0.9, 0.9, 0.88))
        pen.poly([(14, 38), (40, 44), (40, 56), (14, 50)], PALE)
        for y in (34, 46, 58):
            pen.line([(63, y), (85, y - 6)], 2, METAL)
        return
    pen.box(16, 6, 86, 95, 0.55, 4)
    pen.box(20, 86, 86, 92, PALE)
    pen.box(16, 6, 84, 86, 0.7, 4)
    pen.box(16, 6, 27, 90, 0.5, 3)
    pen.box(36, 20, 76, 40, PALE if pen.variant % 3 else 0.92, 2)
    pen.line([(42, 27), (70, 27)], 2.5, DARK)
    pen.line([(42, 34), (62, 34)], 2.5, DARK)


def hat(pen: Pen) -> None:
    """A sun hat, a cap or a top hat."""
    if pen.variant % 3 == 0:
        pen.ellipse(50, 70, 48, 14, 0.6)
        pen.blob([(24, 68), (27, 36), (50, 22), (73, 36), (76, 68), (50, 74)], 0.7)
        pen.poly([(24, 58), (76, 58), (77, 68), (50, 74), (23, 68)], DARK if pen.variant < 3 else PALE)
    elif pen.variant % 3 == 1:
        pen.blob([(8, 64), (10, 36), (36, 18), (64, 28), (72, 58), (68, 66), (36, 68)], 0.7)
        pen.blob([(60, 56), (84, 58), (98, 70), (80, 72), (58, 68)], 0.5)
        pen.dot(38, 19, 4, 0.5)
    else:
        pen.ellipse(50, 82, 47, 10, 0.6)
        pen.poly([(24, 14), (76, 14), (72, 80), (28, 80)], 0.7)
        pen.ellipse(50, 14, 26, 5, 0.85)
        pen.poly([(27, 64), (73, 64), (72, 77), (28, 77)], PALE)


def umbrella(pen: Pen) -> None:
    """An open umbrella."""
    pen.line([(50, 10), (50, 84)], 3.4, WOOD)
    pen.arc(57, 84, 7, 9, (0, 180), 3.4, WOOD)
    dome = [(50 + 46 * math.cos(math.radians(a)), 54 + 44 * math.sin(math.radians(a))) for a in range(180, 361, 6)]
    scallops = [(96 - t * 92 / 30, 54 - 5 * abs(math.sin(t * math.pi * (3 + pen.variant % 2) / 30))) for t in range(31)]
    pen.poly(dome + scallops, 0.7)
    pen.poly([(50, 10), (34, 52), (50, 50), (66, 52)], 0.85 if pen.variant % 3 != 1 else PALE)


def chair(pen: Pen) -> None:
    """A chair seen slightly from the side."""
    for x, top in ((20, 56), (66, 56), (36, 50), (82, 50)):
        pen.line([(x, top), (x, 96 if top == 56 else 86)], 5, 0.45)
    if pen.variant % 3 == 1:
        pen.box(34, 4, 86, 48, 0.75, 12)
        pen.box(42, 12, 78, 42, 0.6, 8)
    else:
        for x in (38, 82):
            pen.line([(x, 6), (x, 52)], 6, 0.6)
        for y in (12, 26, 40):
            pen.box(38, y - 4, 82, y + 4, 0.75, 3)
    pen.poly([(14, 62), (34, 48), (90, 48), (72, 62)], 0.8)
    pen.poly([(14, 62), (72, 62), (72, 69), (14, 69)], 0.6)


def clock(pen: Pen) -> None:
    """A clock: wall clock or alarm clock."""
    if pen.variant % 3 != 1:
        for side in (-1, 1):
            pen.ellipse(50 + 26 * side, 16, 15, 10, 0.6, 30 * side)
            pen.line([(50 + 22 * side, 82), (50 + 32 * side, 95)], 6, 0.5)
    pen.dot(50, 53, 42, 0.7)
    pen.dot(50, 53, 33, PALE)
    for hour in range(12):
        a = hour * math.tau / 12
        pen.dot(50 + 28 * math.sin(a), 53 - 28 * math.cos(a), 2.6 if hour % 3 == 0 else 1.4, DARK)
    minute, hour_hand = ((0, 120), (60, 300), (180, 30))[pen.variant % 3]
    for angle, length, width in ((minute, 23, 3), (hour_hand, 15, 4)):
        a = math.radians(angle)
        pen.line([(50, 53), (50 + length * math.sin(a), 53 - length * math.cos(a))], width, DARK)


def key(pen: Pen) -> None:
    """A key."""
    pen.arc(24, 50, 16, 16 + 3 * (pen.variant % 3), (0, 360), 9, 0.7)
    pen.box(40, 45, 97, 55, 0.7, 2)
    for x, y in ((76, 70), (88, 74)) if pen.variant % 2 else ((70, 68), (80, 74), (90, 68)):
        pen.box(x, 54, x + 7, y, 0.6)


def phone(pen: Pen) -> None:
    """A mobile phone: front with icons, or back with cameras."""
    pen.box(24, 2, 76, 98, 0.7, 9)
    if pen.variant % 3 == 2:
        pen.box(30, 8, 48, 30, 0.45, 5)
        for y in (14, 24):
            pen.dot(39, y, 4, DARK)
        return
    pen.box(29, 10, 71, 88, (0.10, 0.14, 0.25), 3)
    icons: tuple[Fill, ...] = ((0.95, 0.4, 0.35), (0.35, 0.8, 0.45), (0.35, 0.6, 0.95), (0.98, 0.8, 0.3))
    for i in range(9):
        x, y = 33 + 13 * (i % 3), 18 + 15 * (i // 3)
        pen.box(x, y, x + 8, y + 8, icons[(i + pen.variant) % 4], 2)
    pen.dot(50, 93, 2.6, PALE)


def balloon(pen: Pen) -> None:
    """A balloon on a string."""
    pen.line([(50, 70), (46, 80), (54, 88), (50, 99)], 1.6, METAL)
    pen.ellipse(50, 38, (33, 30, 36)[pen.variant % 3], 37, 0.7)
    pen.poly([(44, 80), (50, 72), (56, 80)], 0.55)
    pen.ellipse(38, 24, 6, 10, 0.97, 25)


def lamp(pen: Pen) -> None:
    """A table lamp."""
    pen.ellipse(50, 92, 26, 7, METAL if pen.variant % 2 else 0.5)
    pen.line([(50, 50), (50, 90)], 5, METAL if pen.variant % 2 else 0.5)
    pen.ellipse(50, 54, 8, 8, GOLD)
    pen.poly([(34, 8), (66, 8), (88, 54), (12, 54)], 0.72)
    if pen.variant % 3 == 2:
        pen.poly([(17, 44), (83, 44), (88, 54), (12, 54)], PALE)


def bag(pen: Pen) -> None:
    """A school bag."""
    pen.arc(50, 16, 13, 12, (180, 360), 5, 0.5)
    for x in (8, 78):
        pen.box(x, 48, x + 14, 84, 0.55, 5)
    pen.box(16, 14, 84, 94, 0.7, 20)
    pen.box(26, 54, 74, 86, 0.55, 7)
    pen.line([(26, 62), (74, 62)], 2.5, GOLD if pen.variant % 2 else PALE)
    pen.line([(24, 38), (76, 38)], 2.5, PALE if pen.variant % 2 else 0.4)
    pen.box(46, 60, 54, 70, GOLD, 2)


def apple(pen: Pen) -> None:
    """An apple."""
    pen.blob([(50, 24), (72, 16), (93, 36), (90, 66), (70, 94), (50, 90), (30, 94), (10, 66), (7, 36), (28, 16)], 0.7)
    pen.line([(50, 26), (54, 6)], 4, WOOD)
    pen.ellipse(67, 10, 13, 6, LEAF, -20 if pen.variant % 2 else 10)
    pen.ellipse(28, 38, 6, 11, 0.95, 20)


def banana(pen: Pen) -> None:
    """A banana, or a bunch of two."""
    if pen.variant % 3 == 1:
        pen.blob([(74, 6), (64, 30), (38, 54), (10, 60), (6, 68), (30, 74), (62, 60), (80, 30)], 0.6)
    pen.blob([(80, 6), (86, 34), (74, 68), (40, 90), (8, 86), (6, 78), (36, 72), (60, 50), (70, 20)], 0.72)
    pen.line([(78, 12), (80, 40), (66, 66), (38, 82)], 2, 0.55)
    pen.poly([(71, 10), (72, 0), (82, 0), (83, 10)], WOOD)
    pen.dot(8, 82, 4.5, WOOD)


def pear(pen: Pen) -> None:
    """A pear."""
    pen.blob([(50, 16), (63, 24), (68, 44), (86, 66), (78, 92), (50, 97), (22, 92), (14, 66), (32, 44), (37, 24)], 0.7)
    pen.line([(50, 18), (56, 3)], 4, WOOD)
    if pen.variant % 3:
        pen.ellipse(66, 9, 11, 5, LEAF, 12)
    pen.ellipse(32, 68, 6, 12, 0.93, 15)


def strawberry(pen: Pen) -> None:
    """A strawberry."""
    pen.blob([(50, 22), (76, 18), (92, 38), (78, 70), (50, 98), (22, 70), (8, 38), (24, 18)], 0.7)
    for x, y in ((30, 40), (50, 38), (70, 40), (40, 54), (60, 54), (50, 68), (32, 62), (68, 62), (50, 84)):
        pen.ellipse(x, y, 2, 3, (1.0, 0.9, 0.55))
    for angle in (-60, -30, 0, 30, 60):
        a = math.radians(angle)
        pen.poly([(44, 14), (56, 14), (50 + 34 * math.sin(a), 14 + 18 * math.cos(a))], LEAF)
    pen.line([(50, 16), (52, 3)], 4, LEAF)


def grapes(pen: Pen) -> None:
    """A bunch of grapes."""
    pen.line([(50, 24), (52, 4)], 4, WOOD)
    pen.ellipse(66, 14, 16, 8, LEAF, -15)
    for row, count in enumerate((4, 5, 4, 3, 2, 1) if pen.variant % 2 else (5, 4, 3, 2, 1)):
        for i in range(count):
            x, y = 50 + (i - (count - 1) / 2) * 18, 30 + row * 13
            pen.dot(x, y, 10.5, 0.62 + 0.06 * ((i + row) % 2))
            pen.dot(x - 3, y - 3, 2.6, 0.93)


def watermelon(pen: Pen) -> None:
    """A whole striped watermelon; the stripes stay dark."""
    pen.ellipse(50, 52, 47, 42, 0.7)
    for rx in (38, 24, 8):
        pen.arc(50, 52, rx, 40, (0, 360), 5, (0.07, 0.25, 0.10))
    pen.line([(50, 12), (56, 3)], 3, LEAF)


def flower(pen: Pen) -> None:
    """A flower with a stem."""
    pen.line([(50, 46), (50, 98)], 4.5, LEAF)
    pen.ellipse(62, 78, 14, 6, LEAF, -30)
    pen.ellipse(38, 84, 14, 6, LEAF, 30)
    if pen.variant % 3 == 1:
        pen.blob([(28, 12), (40, 24), (50, 6), (60, 24), (72, 12), (76, 42), (50, 60), (24, 42)], 0.7)
        return
    petals = 5 + pen.variant % 3
    for i in range(petals):
        a = i * math.tau / petals
        pen.ellipse(50 + 19 * math.sin(a), 33 - 19 * math.cos(a), 12.5, 12.5, 0.7)
    pen.dot(50, 33, 11, GOLD)


def tree(pen: Pen) -> None:
    """A tree: round crown or fir."""
    pen.box(43, 60, 57, 98, WOOD, 2)
    if pen.variant % 3 == 1:
        for y, half in ((4, 22), (24, 32), (44, 42)):
            pen.poly([(50, y), (50 + half, y + 34), (50 - half, y + 34)], 0.6 + y / 300)
        return
    for x, y, r in ((30, 46, 24), (70, 46, 24), (50, 28, 27), (50, 52, 22)):
        pen.dot(x, y, r, 0.7)
    if pen.variant % 3 == 2:
        for x, y in ((36, 34), (60, 26), (68, 50), (40, 56)):
            pen.dot(x, y, 4.5, 0.92)


def house(pen: Pen) -> None:
    """A house whose roof, or walls, have the colour."""
    walls: Fill = (0.97, 0.93, 0.82) if pen.variant % 3 == 0 else 0.78
    pen.box(66, 8, 77, 34, WOOD)
    pen.box(14, 44, 86, 95, walls)
    pen.poly([(50, 5), (98, 47), (2, 47)], 0.68 if pen.variant % 3 == 0 else 0.5)
    pen.box(42, 64, 60, 95, WOOD, 1)
    for x in (20, 68):
        pen.box(x, 56, x + 14, 71, GLASS, 1)
        pen.line([(x + 7, 57), (x + 7, 70)], 1.5, PALE)


def star(pen: Pen) -> None:
    """A five-pointed star."""
    inner = (20, 24, 18)[pen.variant % 3]
    radii = [(48 if i % 2 == 0 else inner, i * math.pi / 5) for i in range(10)]
    pen.poly([(50 + r * math.sin(a), 53 - r * math.cos(a)) for r, a in radii], 0.7)
    if pen.variant % 3 == 1:
        pen.eyes(50, 52, 8, 3)
        pen.arc(50, 57, 6, 5, (20, 160), 2, DARK)


THINGS: dict[str, Callable[[Pen], None]] = {
    f.__name__: f
    for f in (
        car, ball, block, doll, plane, train, boat, robot, cup, book, hat, umbrella, chair, clock, key, phone, balloon,
        lamp, bag, apple, banana, pear, strawberry, grapes, watermelon, flower, tree, house, star,
    )
}  # fmt: skip
