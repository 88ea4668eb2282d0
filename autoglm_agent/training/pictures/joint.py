"""Speech and picture together: the user says which thing is meant, and the picture tells which one that is.

One thing fits: the reply points at it with colour, kind and region. Several fit: it asks back and names them. None
fits: it says so and names what is alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from autoglm_agent.training.evaluate.answer_keys import AnswerKey
from autoglm_agent.training.pictures.scene_layout import Scene, Thing, make_scene, pick_pair, random_pairs
from autoglm_agent.training.pictures.scene_phrases import REFERENCES, phrase
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS, REGIONS
from autoglm_agent.training.pictures.scenes import (
    build,
    called,
    enumerate_things,
    other_places,
    spoken_samples,
    thing_key,
)
from autoglm_agent.training.sample import Sample, Split

_SPOKEN_SHARE = 0.9  # typed references keep the skill from leaning on the voice
_CHINESE_COUNTS = {2: "两", 3: "三", 4: "四"}


def samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless samples of the joint tasks in the shares of `TASKS`, spoken scene questions among them."""
    questions = spoken_samples(rng, split)
    makers, weights = [task[0] for task in TASKS], [task[1] for task in TASKS]
    while True:
        yield next(questions) if rng.random() < 0.3 else rng.choices(makers, weights)[0](rng, split)


def pointed(thing: Thing) -> str:
    """Such as 右下角那辆红色遥控车."""
    return f"{thing.place}那{KINDS[thing.kind].measure}{thing.adjective}{KINDS[thing.kind].chinese}"


def _refer(rng: random.Random, split: Split, kind: str | None, color: str | None, region: int | None = None) -> str:
    """A whole command with a thing named by what is given."""
    measure = KINDS[kind].measure if kind and rng.random() < 0.5 else "个"
    if kind is None and color:
        noun = f"那个{COLORS[color].chinese}色的"
    elif kind is None:
        noun = "那个"
    else:
        noun = f"那{measure}{called(rng, kind, color)}"
    if region is not None:
        said = REGIONS[region].said
        place = said[0] if rng.random() < 0.6 else rng.choice(said)
        noun = place + (noun if rng.random() < 0.5 or kind is None else "的" + noun[2:])
    return phrase(rng, split, REFERENCES, "want", n=noun)


def _spoken(rng: random.Random) -> bool:
    return rng.random() < _SPOKEN_SHARE


def reference(rng: random.Random, split: Split) -> Sample:
    """One thing is singled out by colour and kind, kind, colour, region, or region and kind."""
    mode = rng.choice(("pair", "pair", "pair", "kind", "color", "region", "region_kind"))
    while True:
        scene = make_scene(rng, random_pairs(rng, split, rng.randint(2, 7)))
        fits = [t for t in scene.things if mode.startswith("region") or len(_matches(scene, t, mode)) == 1]
        if mode in ("pair", "color"):
            fits = [t for t in fits if t.color]
        if fits and not (mode == "color" and any(not t.color for t in scene.things)):
            break
    thing = rng.choice(fits)
    kind = thing.kind if mode in ("pair", "kind", "region_kind") else None
    color = thing.color if mode in ("pair", "color") else None
    question = _refer(rng, split, kind, color, thing.region if mode.startswith("region") else None)
    key: AnswerKey = {"all": thing_key(thing, place=True), "none": ["还是", "没看到", *other_places(thing.region)]}
    only = "" if mode.startswith("region") else f"，只有这一{KINDS[thing.kind].measure}"
    reasoning = f"{enumerate_things([thing])}{only}。"
    return build(
        "joint_reference", scene, question, f"你指的是{pointed(thing)}吗？", key, reasoning, spoken=_spoken(rng)
    )


def _matches(scene: Scene, thing: Thing, mode: str) -> list[Thing]:
    return scene.named(None if mode == "color" else thing.kind, None if mode == "kind" else thing.color)


def ambiguous(rng: random.Random, split: Split) -> Sample:
    """Two or three things fit what was said; the reply asks which, by region, with colours where they tell apart."""
    by_kind = rng.random() < 0.45
    while True:
        kind = rng.choice([k for k, v in KINDS.items() if v.colors])
        first = pick_pair(rng, split, kind)
        twins = [first] + [pick_pair(rng, split, kind) if by_kind else first for _ in range(rng.choice((1, 1, 2)))]
        others = [p for p in random_pairs(rng, split, rng.randint(0, 5)) if p[0] != kind]
        scene = make_scene(rng, twins + others)
        fits = scene.named(kind, None if by_kind else first[1])
        if len({t.color for t in fits}) == (len(fits) if by_kind else 1):
            break
    measure, name = KINDS[kind].measure, KINDS[kind].chinese
    question = _refer(rng, split, kind, None if by_kind else first[1])
    shown = [f"{t.place}{t.adjective}的" if by_kind else f"{t.place}的" for t in fits]
    color = "" if by_kind else fits[0].adjective
    total = _CHINESE_COUNTS[len(fits)]
    reply = f"有{total}{measure}{color}{name}，你要{'、'.join(shown[:-1])}还是{shown[-1]}？"
    wanted = [[REGIONS[t.region].pattern] for t in fits] + [["还是", "哪"]] + [[KINDS[kind].pattern]]
    wanted += [[COLORS[t.color].pattern] for t in fits]
    key: AnswerKey = {"all": wanted, "none": other_places(*(t.region for t in fits))}
    reasoning = f"{enumerate_things(fits)}。有{len(fits)}{measure}，不知道是哪一{measure}。"
    return build("joint_ambiguous", scene, question, reply, key, reasoning, spoken=_spoken(rng))


def absent(rng: random.Random, split: Split) -> Sample:
    """What was named is not there; the reply names what is alike by kind, else by colour, if anything is."""
    while True:
        scene = make_scene(rng, random_pairs(rng, split, rng.randint(1, 6)))
        base = rng.choice(scene.things)
        near = rng.random()
        kind = base.kind if near < 0.6 else rng.choice(list(KINDS))
        kind, color = pick_pair(rng, split, kind)
        if 0.6 <= near < 0.8 and base.color in KINDS[kind].colors:
            color = base.color
        alike = scene.named(kind) or (scene.named(None, color) if color else [])
        if not scene.named(kind, color) and len(alike) <= 2:
            break
    question = _refer(rng, split, kind, color)
    wished = Thing(kind, color, 0)
    if alike:
        shown = "，".join(f"{t.place}有{t.counted}" for t in alike)
        reply = f"没看到{wished.name}，不过{shown}。"
    else:
        reply = f"没看到{wished.name}，图里没有这样的东西。"
    wanted = [["没看到", "没有", "看不到"], *thing_key(wished)] + [
        part for t in alike for part in thing_key(t, place=True)
    ]
    key: AnswerKey = {"all": wanted, "none": ["你指的是"]}
    reasoning = f"{enumerate_things(alike)}。没有{wished.name}。" if alike else f"没有{wished.name}。"
    return build("joint_absent", scene, question, reply, key, reasoning, spoken=_spoken(rng))


TASKS: tuple[tuple[Callable[[random.Random, Split], Sample], float], ...] = (
    (reference, 0.55), (ambiguous, 0.25), (absent, 0.20),
)  # fmt: skip
