"""Questions, answers and keys of the picture corpus: true, checkable, and split without overlap."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator

import pytest

from autoglm_agent.training.evaluate.answer_keys import check, item_counts, micro_f1, number
from autoglm_agent.training.pictures import joint, labels, photos, scene_steps, scenes
from autoglm_agent.training.pictures.ingredients import GROUPS, INGREDIENTS
from autoglm_agent.training.pictures.label_layout import LabelText, lay_out, width_em
from autoglm_agent.training.pictures.labels import split_of
from autoglm_agent.training.pictures.pictures import LabelPicture, PhotoPicture, ScenePicture
from autoglm_agent.training.pictures.scene_phrases import CHINESE, ENGLISH, REFERENCES, WAYS, phrase
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS, REGIONS, held_out, region_at
from autoglm_agent.training.pictures.sprites import EVAL_FONTS, TRAIN_FONTS
from autoglm_agent.training.sample import Sample, Split

MODULES = (scenes, scene_steps, joint, labels, photos)
SPLITS: tuple[Split, ...] = ("train", "eval")


def take(module: object, split: Split, count: int, seed: int = 1) -> list[Sample]:
    return list(itertools.islice(module.samples(random.Random(seed), split), count))  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_reply_satisfies_its_own_key_and_not_an_unrelated_one(module: object, split: Split) -> None:
    made = take(module, split, 400)
    assert all(check(s.answer, s.messages[-1].text) for s in made)
    assert not any(check(s.answer, "我不知道你在说什么。") for s in made)
    assert all(s.needs_image and s.messages[0].picture is not None for s in made)


def test_wrong_replies_are_rejected() -> None:
    car = {"all": [*scenes.thing_key(scenes.Thing("car", "red", 8), place=True)], "none": scenes.other_places(8)}
    assert check(car, "你指的是右下角那辆红色遥控车吗？")
    assert check(car, "你说的是右下方的红色小汽车吧？")
    for wrong in (
        "你指的是右下角那辆蓝色遥控车吗？",
        "你指的是左下角那辆红色遥控车吗？",
        "你指的是右下角那个红色球吗？",
        "在右下角或者左上角的红色车",
    ):
        assert not check(car, wrong)
    assert check({"all": [number(2)]}, "图里有2辆。") and check({"all": [number(2)]}, "有两辆。")
    assert not check({"all": [number(2)]}, "图里有12辆。") and not check({"all": [number(1)]}, "一共有3个。")


def test_regions_words_match_their_own_pattern_only() -> None:
    for i, region in enumerate(REGIONS):
        for word in (*region.said, region.english):
            assert [j for j, other in enumerate(REGIONS) if re.search(other.pattern, word)] == [i], word


def test_items_are_counted() -> None:
    key = {"items": ["水", "白砂糖", "柠檬酸"]}
    assert item_counts(key, "配料有水、白砂糖、柠檬酸。") == (3, 0, 0)  # type: ignore[arg-type]
    assert item_counts(key, "配料有水、柠檬酸，是一款含糖的饮料。") == (2, 0, 1)  # type: ignore[arg-type]
    assert item_counts(key, "配料有水、食用盐、柠檬。") == (1, 2, 2)  # type: ignore[arg-type]
    assert micro_f1([(3, 0, 0), (1, 2, 2)]) == pytest.approx(2 * 4 / (2 * 4 + 4))


def _things(sample: Sample) -> list[tuple[str, tuple[float, float, float], int]]:
    picture = sample.messages[0].picture
    assert isinstance(picture, ScenePicture)
    return [(s.name.split("/")[0], s.tint, region_at(s.x, s.y)) for s in picture.sprites]


def _color(tint: tuple[float, float, float]) -> str:
    return min(COLORS.values(), key=lambda c: sum((a - b) ** 2 for a, b in zip(c.rgb, tint, strict=True))).key


def test_counts_are_true_of_the_picture() -> None:
    seen = 0
    for sample in take(scenes, "train", 1500):
        reply = sample.messages[-1].text
        if sample.task == "scene_count" and (m := re.fullmatch(r"图里(?:一共)?有(\d)(.)(?:(.)色的)?(.+)。", reply)):
            count, _, color, noun = m.groups()
            found = [
                1 for kind, tint, _ in _things(sample)
                if noun in ("东西", KINDS[kind].chinese) and (not color or COLORS[_color(tint)].chinese == color)
            ]  # fmt: skip
            assert len(found) == int(count), reply
            seen += 1
    assert seen > 100


def test_answers_in_several_steps_are_true_of_the_picture() -> None:
    for sample in take(scene_steps, "train", 300):
        question, reply = sample.messages[0].text, sample.messages[-1].text
        kinds = {region: (KINDS[kind].chinese, tint) for kind, tint, region in _things(sample)}
        if sample.task == "scene_line":
            line = next(regions for name, regions in scene_steps.LINES.items() if name in question)
            total = sum(region in kinds for region in line)
            assert reply == (f"有{total}样东西。" if total else "那里什么都没有。")
        elif sample.task == "scene_beside":
            place, side, other = re.fullmatch(
                r".+在(.+)，(.面|.边)一格是(.+)，是.+。", sample.messages[-1].reasoning
            ).groups()  # type: ignore[union-attr]
            here, there = ([r.chinese for r in REGIONS].index(word) for word in (place, other))
            step = {"左边": -1, "右边": 1, "上面": -3, "下面": 3}[side]
            assert there == here + step and side in question and here in kinds
            assert kinds[there][0] in reply if there in kinds else reply == "那里什么都没有。"
        elif m := re.fullmatch(r"(.+)多，有(\d)个，(.+)有(\d)个。", reply):
            more, larger, less, smaller = m.groups()
            names = [
                f"{COLORS[_color(tint)].chinese}色的" if more.endswith("色的") else name
                for name, tint in kinds.values()
            ]
            assert (names.count(more), names.count(less)) == (int(larger), int(smaller)) and larger > smaller


def test_places_are_true_of_the_picture_and_of_the_trace() -> None:
    for sample in take(joint, "eval", 600):
        if sample.task == "joint_reference":
            m = re.fullmatch(r"你指的是(.+?)那(.)(?:(.)色)?(.+)吗？", sample.messages[-1].text)
            assert m
            place, _, color, noun = m.groups()
            region = [r.chinese for r in REGIONS].index(place)
            kind, tint, _ = next(t for t in _things(sample) if t[2] == region)
            assert KINDS[kind].chinese == noun
            assert color is None or COLORS[_color(tint)].chinese == color
            assert place in sample.messages[-1].reasoning and noun in sample.messages[-1].reasoning


def test_ambiguous_references_ask_back_with_every_candidate() -> None:
    made = [s for s in take(joint, "train", 800) if s.task == "joint_ambiguous"]
    assert len(made) > 50
    for sample in made:
        reply = sample.messages[-1].text
        named = [i for i, region in enumerate(REGIONS) if region.chinese in reply]
        kind = next(k for k, v in KINDS.items() if re.search(rf"[两三]{v.measure}(.色)?{v.chinese}，", reply))
        assert reply.endswith("？") and "还是" in reply
        if "色" in reply.split("，")[0]:
            continue
        assert named == sorted(region for k, _, region in _things(sample) if k == kind)


def test_questions_of_the_splits_are_disjoint() -> None:
    for table in (CHINESE, ENGLISH, REFERENCES, labels._PHRASES, photos._QUESTIONS):
        pairs = (
            [(table["train"], table["eval"])] if "train" in table else [(v["train"], v["eval"]) for v in table.values()]
        )
        for train, held in pairs:
            train_all = set(itertools.chain(*train.values())) if isinstance(train, dict) else set(train)
            held_all = set(itertools.chain(*held.values())) if isinstance(held, dict) else set(held)
            assert train_all and held_all and not train_all & held_all


def test_held_out_pairs_of_kind_and_colour_are_never_trained_but_tested() -> None:
    pairs = {(k, c) for k, v in KINDS.items() for c in v.colors if held_out(k, c)}
    assert 20 < len(pairs) < 80
    shown: dict[Split, set[tuple[str, str]]] = {"train": set(), "eval": set()}
    for split in SPLITS:
        for sample in (*take(scenes, split, 500), *take(joint, split, 500)):
            shown[split] |= {(kind, _color(tint)) for kind, tint, _ in _things(sample)}
    assert not shown["train"] & pairs
    assert len(shown["eval"] & pairs) > len(pairs) * 0.6


def test_labels_of_the_splits_share_no_combination_and_no_unseen_font() -> None:
    assert len(INGREDIENTS) >= 320
    for split in SPLITS:
        fonts = set()
        for sample in take(labels, split, 300):
            picture = sample.messages[0].picture
            assert isinstance(picture, LabelPicture)
            fonts |= {t.font for t in picture.texts}
            if sample.task == "label_list":
                assert split_of(sample.answer["items"]) == split
        assert fonts >= set(EVAL_FONTS) if split == "eval" else fonts <= set(TRAIN_FONTS)


def test_everything_on_a_label_is_printed_inside_the_canvas() -> None:
    rng = random.Random(3)
    for _ in range(300):
        words = tuple(rng.sample(INGREDIENTS, rng.randint(3, 7)))
        content = LabelText("清泉", "柠檬味饮料", "配料表", words, "净含量：500毫升")
        picture = lay_out(rng, "train", content)
        printed = "".join(t.text for t in picture.texts)
        assert all(word in printed or all(char in printed for char in word) for word in words)
        for text in picture.texts:
            assert text.x >= 0 and text.x + width_em(text.text) * text.height_px * text.stretch < 640
            assert text.height_px / 2 < text.y < 480 - text.height_px / 2
            assert text.height_px >= 20


def test_sugar_is_judged_by_the_ingredients() -> None:
    for sample in take(labels, "eval", 600):
        if sample.task == "label_sum":
            sugared = any(word in GROUPS["sugar"] for word in sample.answer["items"])
            assert ("不含糖" not in sample.messages[-1].text) == sugared


def test_photographs_of_the_splits_are_blocks_with_a_gap() -> None:
    assert sum(c.total for c in photos.CLASSES) == 2640 and len(photos.CLASSES) == 81
    assert len({c.coarse for c in photos.CLASSES}) == 43 == len(photos.COARSE_NAMES)
    for photo_class in photos.CLASSES:
        train, held = photo_class.rows("train"), photo_class.rows("eval")
        assert train.stop + 1 == held.start and len(held) >= 2 and len(train) > 3 * len(held)
    rows = {
        s.messages[0].picture.photo
        for s in take(photos, "train", 500)
        if isinstance(s.messages[0].picture, PhotoPicture)
    }
    assert not rows & {row for c in photos.CLASSES for row in c.rows("eval")}


def test_the_name_of_one_coarse_class_is_not_taken_for_another() -> None:
    for said in photos.CLASSES:
        reply = f"这是{photos.COARSE_NAMES[said.coarse][0]}，像是{said.chinese}。"
        fits = {c for c in photos.COARSE_NAMES if any(re.search(p, reply) for p in photos.photo_pattern(c))}
        assert fits == {said.coarse}, (reply, fits)


@pytest.mark.parametrize("talks", [scenes.talks, labels.talks])
def test_a_talk_asks_true_questions_of_one_picture(talks: Callable[[random.Random, Split], Iterator[Sample]]) -> None:
    for talk in itertools.islice(talks(random.Random(5), "train"), 200):
        users, replies = talk.messages[::2], talk.messages[1::2]
        assert 2 <= len(users) == len(replies) <= 4
        assert [message.role for message in talk.messages] == ["user", "assistant"] * len(users)
        assert users[0].picture is not None
        assert all(message.picture is None for message in talk.messages[1:])
        assert check(talk.answer, replies[-1].text)


def test_a_question_about_a_given_scene_is_about_that_scene() -> None:
    rng = random.Random(2)
    scene = scenes.make_scene(rng, [("car", "red"), ("ball", "blue")], [8, 0])
    assert scenes.where(rng, "train", scene).messages[1].text in ("红色的遥控车在右下角。", "蓝色的球在左上角。")
    assert scenes.count(rng, "train", scene).messages[0].picture == scene.picture
    with pytest.raises(scenes.UnfitSceneError):
        scenes.color(rng, "train", scenes.make_scene(rng, []))


def test_the_grammars_give_many_questions_and_none_of_the_evaluation() -> None:
    rng, filled = (
        random.Random(3),
        {"r": "左上角", "k": "杯子", "m": "个", "n": "红色杯子", "c": "红色", "a": "车", "b": "球"},
    )
    for name in WAYS:
        said = {phrase(rng, "train", CHINESE, name, **filled, s="左边", d="上") for _ in range(3000)}
        assert len(said) > 60, name
        bare = {re.sub(r"^.*?，", "", text).rstrip("。？") for text in said} | {text.rstrip("。？") for text in said}
        held_out = {text.format(**filled, s="左边", d="上").rstrip("。？") for text in CHINESE[name]["eval"]}
        assert not bare & held_out, name
