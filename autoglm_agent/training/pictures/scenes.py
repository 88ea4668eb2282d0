"""Questions about scenes with true answers: what, colour, count, where, yes or no, relations, nothing there, describe.

Every generator takes a random source and a split and returns a `Sample`; the thinking trace names what was looked at,
region by region, and ends in what follows from it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from autoglm_agent.training.evaluate.answer_keys import AnswerKey, number
from autoglm_agent.training.pictures.scene_layout import Scene, Thing, make_scene, pick_pair, random_pairs, random_scene
from autoglm_agent.training.pictures.scene_phrases import CHINESE, ENGLISH, phrase
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS, REGIONS
from autoglm_agent.training.sample import Message, Sample, Split

__all__ = ["TASKS", "random_scene", "samples", "spoken_samples"]

_ENGLISH_SHARE = 0.14
_SPOKEN_SHARE = 0.15  # of the scene questions; the rest are typed
_NOT_SEEN = ["没有", "没看到", "看不到", r"(?i)\b(no|not|nothing|don't)\b"]


class UnfitSceneError(Exception):
    """The question cannot be asked about the given scene."""


def talks(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless conversations of two to four questions about one picture: task `scene_talk`."""
    makers = (what, color, count, where, yesno, relation, describe, count, what)
    while True:
        scene = _scene(rng, split, 1, 8, colored=rng.random() < 0.5)
        asked: list[Sample] = []
        for maker in rng.sample(makers, rng.randint(2, 4)):
            try:
                asked.append(maker(rng, split, scene))
            except UnfitSceneError:
                continue
        if len(asked) > 1:
            yield one_after_another("scene_talk", asked)


def one_after_another(task: str, asked: Sequence[Sample]) -> Sample:
    """Questions about one picture as one conversation; the picture is shown with the first."""
    messages = [message for sample in asked for message in sample.messages]
    later = [replace(message, picture=None) for message in messages[1:]]
    return Sample(task=task, messages=(messages[0], *later), needs_image=True, answer=asked[-1].answer)


def samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless samples of all scene tasks in the shares of `TASKS`."""
    makers, weights = [task[0] for task in TASKS], [task[1] for task in TASKS]
    while True:
        yield rng.choices(makers, weights)[0](rng, split)


def spoken_samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """The same questions spoken: task `joint_question`."""
    for sample in samples(rng, split):
        user, assistant = sample.messages
        if user.text.isascii():
            continue
        said = Message(role="user", text=user.text, picture=user.picture, spoken=True)
        yield Sample(task="joint_question", messages=(said, assistant), needs_image=True, answer=sample.answer)


def build(
    task: str, scene: Scene, question: str, reply: str, key: AnswerKey, reasoning: str = "", *, spoken: bool = False
) -> Sample:
    """A sample of one question and its answer."""
    user = Message(role="user", text=question, picture=scene.picture, spoken=spoken)
    assistant = Message(role="assistant", text=reply, reasoning=reasoning)
    return Sample(task=task, messages=(user, assistant), needs_image=True, answer=dict(key))


def thing_key(thing: Thing, *, place: bool = False) -> list[list[str]]:
    """The alternatives that name a thing's kind, its colour if it has one, and its region if asked for."""
    parts = [[KINDS[thing.kind].pattern]]
    if thing.color:
        parts.append([COLORS[thing.color].pattern + f"|(?i:{thing.color})"])
    if place:
        parts.append([REGIONS[thing.region].pattern])
    return parts


def other_places(*regions: int) -> list[str]:
    """Patterns of the regions that a reply must not name."""
    return [region.pattern for i, region in enumerate(REGIONS) if i not in regions]


def other_colors(*colors: str) -> list[str]:
    """Patterns of the colours that a reply must not name."""
    return [f"(?:{c.pattern})色" for key, c in COLORS.items() if key not in colors]


def listed(things: Sequence[Thing]) -> str:
    """Counted off, such as 1左上角红色的遥控车，2中间蓝色的球."""
    return "，".join(f"{i}{thing.place}{thing.name}" for i, thing in enumerate(things, 1))


def enumerate_things(things: Sequence[Thing]) -> str:
    """Such as 左上角红色的遥控车，中间蓝色的球."""
    return "，".join(f"{thing.place}{thing.name}" for thing in things)


def _ask(
    rng: random.Random, split: Split, scene: Scene, task: str, name: str, english: bool, **slots: str
) -> tuple[str, bool]:
    table = ENGLISH if english else CHINESE
    return phrase(rng, split, table, name, **slots), not english and rng.random() < _SPOKEN_SHARE


def _called(rng: random.Random, kind: str) -> str:
    """A name that users give to a kind."""
    names = KINDS[kind].synonyms
    return KINDS[kind].chinese if not names or rng.random() < 0.5 else rng.choice(names)


def called(rng: random.Random, kind: str | None, color: str | None) -> str:
    """How users call a thing of a kind and colour, such as 红色的小汽车, 红色小汽车."""
    noun = _called(rng, kind) if kind else "东西"
    if not color:
        return noun
    return f"{COLORS[color].chinese}色{'的' if rng.random() < 0.7 else ''}{noun}"


def _scene(rng: random.Random, split: Split, low: int, high: int, *, colored: bool = False) -> Scene:
    return make_scene(rng, random_pairs(rng, split, rng.randint(low, high), colored=colored))


def what(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """What is in a region; now and then nothing is."""
    scene = scene or _scene(rng, split, 1, 8)
    taken = {t.region: t for t in scene.things}
    free = [r for r in range(9) if r not in taken]
    place = rng.choice(list(taken)) if not free or (taken and rng.random() < 0.85) else rng.choice(free)
    english = rng.random() < _ENGLISH_SHARE
    region = REGIONS[place]
    slot = region.english if english else region.chinese if rng.random() < 0.6 else rng.choice(region.said)
    question, spoken = _ask(rng, split, scene, "what", "what", english, r=slot)
    thing = taken.get(place)
    if thing is None:
        reply = f"There is nothing at the {region.english}." if english else f"{region.chinese}什么都没有。"
        return build(
            "scene_what", scene, question, reply, {"all": [_NOT_SEEN]}, f"{region.chinese}是空的。", spoken=spoken
        )
    article = "an" if thing.english[0] in "aeiou" else "a"
    reply = f"It is {article} {thing.english}." if english else f"{region.chinese}是{thing.counted}。"
    key: AnswerKey = {"all": thing_key(thing), "none": ["没有", *other_colors(thing.color)]}
    return build("scene_what", scene, question, reply, key, f"{thing.place}{thing.name}。", spoken=spoken)


def single_things(scene: Scene, *, by_kind: bool = False) -> list[Thing]:
    """The things that their kind and colour single out; by kind alone: the coloured ones that it does."""
    if by_kind:
        return [t for t in scene.things if t.color and len(scene.named(t.kind)) == 1]
    return [t for t in scene.things if len(scene.named(t.kind, t.color)) == 1]


def _with_single(rng: random.Random, split: Split, scene: Scene | None, *, by_kind: bool) -> tuple[Scene, Thing]:
    """A scene and a thing in it that is singled out. Raises UnfitSceneError when the given scene has none."""
    while True:
        tried = scene or _scene(rng, split, 1, 8)
        single = single_things(tried, by_kind=by_kind)
        if single:
            return tried, rng.choice(single)
        if scene is not None:
            raise UnfitSceneError


def color(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """The colour of the only thing of its kind."""
    scene, thing = _with_single(rng, split, scene, by_kind=True)
    english = rng.random() < _ENGLISH_SHARE
    kind = KINDS[thing.kind]
    noun = kind.english if english else _called(rng, thing.kind)
    question, spoken = _ask(rng, split, scene, "color", "color", english, k=noun, m=kind.measure)
    reply = f"The {kind.english} is {thing.color}." if english else f"{kind.chinese}是{thing.adjective}的。"
    key: AnswerKey = {"all": [thing_key(thing)[1]], "none": other_colors(thing.color)}
    return build("scene_colour", scene, question, reply, key, f"{thing.place}{thing.name}。", spoken=spoken)


def count(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """How many things of a kind, of a colour, of both, or in all."""
    mode = rng.choice(("count_kind", "count_kind", "count_color", "count_pair", "count_all"))
    if scene is None:
        scene = _scene(rng, split, 0 if mode == "count_all" else 1, 9, colored=mode in ("count_color", "count_pair"))
    elif not all(thing.color for thing in scene.things):
        mode = rng.choice(("count_kind", "count_all"))
    kind, tone = _count_target(rng, split, scene, mode)
    found = scene.named(kind, tone)
    english = rng.random() < _ENGLISH_SHARE
    measure = KINDS[kind].measure if kind else "样" if mode == "count_all" else "个"
    noun = called(rng, kind, tone)
    in_english = f"{tone or ''} {KINDS[kind].english if kind else 'thing'}".strip()
    slots = {"k": in_english if english else noun, "n": in_english if english else noun, "m": measure}
    slots["c"] = tone or "" if english else f"{COLORS[tone].chinese}色" if tone else ""
    question, spoken = _ask(rng, split, scene, "count", mode, english, **slots)
    name = (f"{COLORS[tone].chinese}色的" if tone else "") + (KINDS[kind].chinese if kind else "东西")
    total = len(found)
    if english:
        reply = f"There {'is' if total == 1 else 'are'} {total} {in_english}{'s' * (total != 1)}."
    elif total == 0:
        reply = f"图里没有{name}。" if mode != "count_all" else "图里什么都没有，是0样东西。"
    else:
        reply = f"图里{'一共' if mode == 'count_all' else ''}有{total}{measure}{name}。"
    wrong = ["没有"] if total else []
    reasoning = f"{listed(found)}。一共{total}{measure}。" if found else f"没有看到{name}。"
    options = number(total) + (["没有"] if total == 0 else [])
    return build("scene_count", scene, question, reply, {"all": [options], "none": wrong}, reasoning, spoken=spoken)


def _count_target(rng: random.Random, split: Split, scene: Scene, mode: str) -> tuple[str | None, str | None]:
    """What to count: mostly something that is there, preferably several times."""
    if mode == "count_all":
        return None, None
    present = rng.random() < 0.88
    thing = rng.choice(scene.things)
    if not present:
        absent = rng.choice([k for k, v in KINDS.items() if v.colors])
        kind, tone = pick_pair(rng, split, absent)
    else:
        kind, tone = thing.kind, thing.color
    return (kind if mode != "count_color" else None), (tone if mode != "count_kind" else None)


def where(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """The region of a thing that kind and colour single out."""
    scene, thing = _with_single(rng, split, scene, by_kind=False)
    english = rng.random() < _ENGLISH_SHARE
    noun = thing.english if english else called(rng, thing.kind, thing.color)
    question, spoken = _ask(rng, split, scene, "where", "where", english, n=noun)
    region = REGIONS[thing.region]
    reply = f"The {thing.english} is at the {region.english}." if english else f"{thing.name}在{region.chinese}。"
    key: AnswerKey = {"all": [[region.pattern]], "none": other_places(thing.region)}
    return build("scene_where", scene, question, reply, key, f"{thing.place}{thing.name}。", spoken=spoken)


def yesno(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """Whether there is a thing; what is not there is often like something that is."""
    scene = scene or _scene(rng, split, 1, 8)
    thing = rng.choice(scene.things)
    kind, tone = thing.kind, thing.color
    if rng.random() < 0.5:
        while scene.named(kind, tone):
            kind, tone = pick_pair(
                rng, split, kind if rng.random() < 0.5 and len(KINDS[kind].colors) > 4 else rng.choice(list(KINDS))
            )
    found = scene.named(kind, tone)
    english = rng.random() < _ENGLISH_SHARE
    named = Thing(kind, tone, 0)
    noun = named.english if english else called(rng, kind, tone)
    question, spoken = _ask(rng, split, scene, "yesno", "yesno", english, n=noun)
    if found:
        reply = "Yes, there is." if english else f"有，{'、'.join(t.place for t in found)}有{named.name}。"
        key: AnswerKey = {"all": [["(?<!没)有", "(?i)yes"]], "none": ["没有", "没看到", "(?i)^no"]}
        return build("scene_yesno", scene, question, reply, key, f"{enumerate_things(found)}。", spoken=spoken)
    alike = [t for t in scene.things if t.kind == kind]
    reply = "No, there is not." if english else f"没有看到{named.name}。"
    reasoning = f"{enumerate_things(alike)}。没有{named.name}。" if alike else f"没有{named.name}。"
    return build("scene_yesno", scene, question, reply, {"all": [_NOT_SEEN]}, reasoning, spoken=spoken)


_SIDES = {"左": "右", "右": "左", "上": "下", "下": "上"}
_SIDE_WORDS = {"左": "左边", "右": "右边", "上": "上面", "下": "下面"}


def _sides(a: Thing, b: Thing) -> list[str]:
    """On which sides of b a lies, judged by their columns and rows."""
    (ay, ax), (by, bx) = divmod(a.region, 3), divmod(b.region, 3)
    return ["左"] * (ax < bx) + ["右"] * (ax > bx) + ["上"] * (ay < by) + ["下"] * (ay > by)


def relation(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """How two things lie to each other."""
    given, single = scene, list[Thing]()
    while len(single) < 2:
        scene = given or _scene(rng, split, 2, 7)
        single = single_things(scene)
        if given is not None and len(single) < 2:
            raise UnfitSceneError
    assert scene is not None  # the loop ran
    a, b = rng.sample(single, 2)
    sides = _sides(a, b)
    side = rng.choice(sides)
    mode = rng.choice(("is_side", "which_side" if len(sides) == 1 else "which_more", "which_more"))
    seen = f"{a.name}在{a.place}，{b.name}在{b.place}。"
    slots = {"a": called(rng, a.kind, a.color), "b": called(rng, b.kind, b.color)}
    if rng.random() < _ENGLISH_SHARE:
        return _side_in_english(rng, split, scene, a, b, side, seen)
    if mode == "is_side":
        asked = side if rng.random() < 0.5 else _SIDES[side]
        question = phrase(rng, split, CHINESE, mode, s=_SIDE_WORDS[asked], **slots)
        true = asked == side
        seen += f"{a.name}在{_SIDE_WORDS[side]}，{'是' if true else '不是'}{_SIDE_WORDS[asked]}。"
        reply = f"{'是的' if true else '不是'}，{a.name}在{b.name}的{_SIDE_WORDS[side]}。"
        key: AnswerKey = {"all": [["^是", "^对"] if true else ["^不", "^没"]]}
    elif mode == "which_side":
        question = phrase(rng, split, CHINESE, mode, **slots)
        seen += f"所以在{_SIDE_WORDS[side]}。"
        reply = f"{a.name}在{b.name}的{_SIDE_WORDS[side]}。"
        key = {"all": [[f"{side}[边面侧方]"]], "none": [f"{_SIDES[side]}[边面侧方]"]}
    else:
        first, second = (slots["a"], slots["b"]) if rng.random() < 0.5 else (slots["b"], slots["a"])
        question = phrase(rng, split, CHINESE, mode, d=side, a=first, b=second)
        reply = f"{a.name}更靠{side}。"
        key = {"all": thing_key(a)}
        if (a.kind, a.color) != (b.kind, b.color):
            key["none"] = [f"{b.adjective}的?(?:{KINDS[b.kind].pattern})"]
    return build("scene_relation", scene, question, reply, key, seen, spoken=rng.random() < _SPOKEN_SHARE)


_ENGLISH_SIDES = {"左": "left of", "右": "right of", "上": "above", "下": "below"}


def _side_in_english(rng: random.Random, split: Split, scene: Scene, a: Thing, b: Thing, side: str, seen: str) -> Sample:
    """Whether a lies on a side of b, in English."""
    asked = side if rng.random() < 0.5 else _SIDES[side]
    question = phrase(rng, split, ENGLISH, "is_side", s=_ENGLISH_SIDES[asked], a=a.english, b=b.english)
    reply = f"{'Yes' if asked == side else 'No'}, the {a.english} is {_ENGLISH_SIDES[side]} the {b.english}."
    key: AnswerKey = {"all": [["(?i)^yes" if asked == side else "(?i)^no"]]}
    return build("scene_relation", scene, question, reply, key, seen)


def empty(rng: random.Random, split: Split) -> Sample:
    """Any question about a picture that shows nothing."""
    scene = make_scene(rng, [])
    english = rng.random() < _ENGLISH_SHARE
    question, spoken = _ask(rng, split, scene, "empty", "empty", english)
    reply = "The picture shows nothing." if english else "图里什么都没有，没有看到任何东西。"
    key: AnswerKey = {"all": [[*_NOT_SEEN, "空"]]}
    return build("scene_empty", scene, question, reply, key, "画面是空的。", spoken=spoken)


def told_in_english(scene: Scene) -> tuple[str, AnswerKey]:
    """All things of a scene with their places, in English, and the key of that."""
    total = len(scene.things)
    parts = [f"{'an' if t.english[0] in 'aeiou' else 'a'} {t.english} at the {REGIONS[t.region].english}" for t in scene.things]
    wanted = [
        [rf"(?i:{t.color}) ?(?:{KINDS[t.kind].pattern})[^,.]*(?:{REGIONS[t.region].pattern})"] for t in scene.things
    ]
    return f"There {'is' if total == 1 else 'are'} {total} thing{'s' * (total != 1)}: {', '.join(parts)}.", {"all": wanted}


def describe(rng: random.Random, split: Split, scene: Scene | None = None) -> Sample:
    """All things with their regions."""
    scene = scene or _scene(rng, split, 1, 6)
    if rng.random() < _ENGLISH_SHARE:
        told, wanted_things = told_in_english(scene)
        return build("scene_describe", scene, phrase(rng, split, ENGLISH, "describe"), told, wanted_things)
    question = phrase(rng, split, CHINESE, "describe")
    parts = "，".join(f"{t.place}是{t.counted}" for t in scene.things)
    reply = f"图里有{len(scene.things)}样东西：{parts}。"
    wanted = [
        [rf"(?:{REGIONS[t.region].pattern})[^，。]*{t.adjective}[^，。]*(?:{KINDS[t.kind].pattern})"]
        for t in scene.things
    ]
    key: AnswerKey = {"all": wanted}
    return build("scene_describe", scene, question, reply, key, spoken=rng.random() < _SPOKEN_SHARE)


TASKS: tuple[tuple[Callable[[random.Random, Split], Sample], float], ...] = (
    (what, 0.20),
    (color, 0.13),
    (count, 0.22),
    (where, 0.14),
    (yesno, 0.11),
    (relation, 0.08),
    (empty, 0.03),
    (describe, 0.09),
)
