"""Questions about scenes that take several steps: a row or column counted, two counts compared, the thing beside another.

What a glance gives is where things are; the answer follows from several glances, and the trace writes them down.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from autoglm_agent.training.evaluate.answer_keys import AnswerKey, number
from autoglm_agent.training.pictures.scene_layout import Scene, Thing, make_scene, random_pairs
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS, REGIONS
from autoglm_agent.training.pictures.scenes import build, called, listed, other_colors, single_things, thing_key
from autoglm_agent.training.sample import Sample, Split
from autoglm_agent.training.text.phrases import phrases

_SPOKEN_SHARE = 0.15
LINES: Final[dict[str, tuple[int, int, int]]] = {
    "最左边一列": (0, 3, 6), "中间一列": (1, 4, 7), "最右边一列": (2, 5, 8),
    "最上面一排": (0, 1, 2), "中间一排": (3, 4, 5), "最下面一排": (6, 7, 8),
}  # fmt: skip
"""Columns and rows of the nine regions."""
_STEPS: Final = {"左边": (0, -1), "右边": (0, 1), "上面": (-1, 0), "下面": (1, 0)}

_LINE = phrases(
    "{l}(有|一共有|总共有)(几|多少)(样|个)(东西|物品)", "[看看|数数|数一数|帮我数]{l}有(几|多少)(样|个)东西", "数一下{l}的东西", "{l}的东西(一共|总共|)有(几|多少)(样|个)",
    "(图里|画面里|图上){l}(有|能看到|能找到)(几|多少)(样|个)东西", "{l}(摆了|放了|画了)(几|多少)(样|个)东西", "只看{l}，(有|一共有)(几|多少)(样|个)东西",
    "{l}能数出(几|多少)(样|个)", "请数出{l}有(几|多少)(样|个)物品", "{l}(东西|物品)的(数量|个数)是多少",
)  # fmt: skip
_COMPARE = phrases(
    "{a}(和|跟|与){b}(哪个|哪种|谁)(多|更多|多一些)", "是{a}多还是{b}多", "(图里|画面里|图上|)(哪个|哪种)(多|更多)，{a}还是{b}", "{a}多还是{b}多",
    "[数一数|比一比|看看]{a}(和|跟){b}哪个多", "{a}(和|跟){b}比，(谁|哪个|哪种)多", "{a}(和|跟|与){b}比较一下，哪个多", "{a}(和|跟){b}，(数量|个数)(哪个|哪边)多",
    "更多的是{a}还是{b}", "(图里|这里)是{a}更多还是{b}更多",
)  # fmt: skip
_BESIDE = phrases(
    "{n}(的|){s}紧挨着的是什么", "紧挨着{n}{s}的(是什么|是什么东西|东西是什么)", "{n}{s}(隔壁|旁边)那格(是什么|有什么)", "[看看]{n}(的|)紧{s}(是什么|有什么|有什么东西)",
    "{n}(的|){s}挨着(什么|什么东西)", "挨着{n}{s}的(东西|物品)(是什么|叫什么)", "{n}(的|){s}一格(是什么|有什么|放着什么)", "从{n}往{s}一格(是什么|有什么|能看到什么)",
    "{n}(的|){s}，紧挨着的(东西|物品)是什么", "说说紧挨着{n}{s}的是(什么|啥)",
)  # fmt: skip


def _scene(rng: random.Random, split: Split, low: int, high: int, *, colored: bool = False) -> Scene:
    return make_scene(rng, random_pairs(rng, split, rng.randint(low, high), colored=colored))


def _is_spoken(rng: random.Random) -> bool:
    return rng.random() < _SPOKEN_SHARE


def line(rng: random.Random, split: Split) -> Sample:
    """How many things are in a row or column."""
    scene = _scene(rng, split, 2, 9)
    name = rng.choice(list(LINES))
    found = [thing for thing in scene.things if thing.region in LINES[name]]
    total = len(found)
    question = _LINE.text(rng, split, {"l": name}) + rng.choice("？？？。")
    seen = f"{name}：{listed(found)}。一共{total}样。" if found else f"{name}是空的。"
    reply = f"有{total}样东西。" if found else "那里什么都没有。"
    key: AnswerKey = {"all": [[*number(total), *([] if found else ["没有"])]], "none": ["没有"] if found else []}
    return build("scene_line", scene, question, reply, key, seen, spoken=_is_spoken(rng))


def compare(rng: random.Random, split: Split) -> Sample:
    """Of which colour or kind there is more."""
    by_color = rng.random() < 0.6
    while True:
        scene = _scene(rng, split, 3, 9, colored=by_color)
        groups = sorted({thing.color if by_color else thing.kind for thing in scene.things})
        if len(groups) > 1:
            break
    names, counts, seen = [], [], ""
    for group in rng.sample(groups, 2):
        found = scene.named(None, group) if by_color else scene.named(group)
        names.append(f"{COLORS[group].chinese}色的" if by_color else KINDS[group].chinese)
        counts.append(len(found))
        seen += f"{names[-1]}：{listed(found)}，{len(found)}个。"
    question = _COMPARE.text(rng, split, {"a": names[0], "b": names[1]}) + rng.choice("？？？。")
    if counts[0] == counts[1]:
        key: AnswerKey = {"all": [["一样多|同样多"]]}
        return build("scene_compare", scene, question, f"一样多，都是{counts[0]}个。", key, f"{seen}一样多。", spoken=_is_spoken(rng))
    more, less = (0, 1) if counts[0] > counts[1] else (1, 0)
    reply = f"{names[more]}多，有{counts[more]}个，{names[less]}有{counts[less]}个。"
    seen += f"{counts[more]}比{counts[less]}多。"
    key = {"all": [[f"{names[more]}(?:更)?多"]], "none": ["一样多|同样多"]}
    return build("scene_compare", scene, question, reply, key, seen, spoken=_is_spoken(rng))


def beside(rng: random.Random, split: Split) -> Sample:
    """What is in the region next to a thing."""
    wants_empty = rng.random() < 0.15
    while True:
        scene = _scene(rng, split, 2, 9)
        at = {thing.region: thing for thing in scene.things}
        asked = [
            (thing, side, place) for thing in single_things(scene) for side in _STEPS
            if (place := _next_to(thing, side)) is not None and (place in at) != wants_empty
        ]  # fmt: skip
        if asked:
            break
    thing, side, place = rng.choice(asked)
    question = _BESIDE.text(rng, split, {"n": called(rng, thing.kind, thing.color), "s": side}) + rng.choice("？？？。")
    seen = f"{thing.name}在{thing.place}，{side}一格是{REGIONS[place].chinese}，"
    other = at.get(place)
    if other is None:
        key: AnswerKey = {"all": [["没有"]]}
        return build("scene_beside", scene, question, "那里什么都没有。", key, seen + "是空的。", spoken=_is_spoken(rng))
    key = {"all": thing_key(other), "none": ["没有", *other_colors(other.color)]}
    return build("scene_beside", scene, question, f"是{other.counted}。", key, f"{seen}是{other.name}。", spoken=_is_spoken(rng))


def _next_to(thing: Thing, side: str) -> int | None:
    """The region on a side of a thing's; None where the picture ends."""
    row, column = divmod(thing.region, 3)
    row, column = row + _STEPS[side][0], column + _STEPS[side][1]
    return 3 * row + column if 0 <= row < 3 and 0 <= column < 3 else None


MAKERS: Final = (line, compare, beside)


def samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless samples of the three, in equal shares."""
    while True:
        yield rng.choice(MAKERS)(rng, split)
