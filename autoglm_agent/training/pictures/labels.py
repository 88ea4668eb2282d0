"""Product labels: read the ingredients, sum them up, say whether something is in it, name the product.

What a label means follows from the groups its ingredients belong to. A combination of ingredients, and a pair of brand
and product, belongs to one split only.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from autoglm_agent.training.evaluate.answer_keys import AnswerKey
from autoglm_agent.training.pictures.ingredients import BRANDS, CATEGORIES, GROUP_OF, GROUPS, HEADERS, INGREDIENTS
from autoglm_agent.training.pictures.label_layout import LabelText, lay_out, lay_out_words
from autoglm_agent.training.pictures.pictures import LabelPicture
from autoglm_agent.training.pictures.scenes import one_after_another
from autoglm_agent.training.sample import Message, Sample, Split

MIN_INGREDIENTS, MAX_INGREDIENTS = 3, 7
_ANY_SHARE = 0.45  # of the ingredients that come from all groups, so that every word is read and none is guessed
_SPOKEN_SHARE = 0.2
_EVAL_SHARE = 8  # one combination in eight belongs to evaluation


class Trait(NamedTuple):
    """Something people ask about that follows from groups of ingredients."""

    asked: tuple[str, ...]
    groups: frozenset[str]
    yes: str
    no: str


TRAITS: tuple[Trait, ...] = (
    Trait(("糖", "添加糖"), frozenset({"sugar"}), "含糖", "不含糖"),
    Trait(("代糖", "甜味剂"), frozenset({"sweetener"}), "含甜味剂", "不含甜味剂"),
    Trait(("咖啡因", "茶或者咖啡"), frozenset({"caffeine"}), "含咖啡因", "不含咖啡因"),
    Trait(("牛奶", "奶", "乳制品"), frozenset({"milk"}), "含奶", "不含奶"),
    Trait(("防腐剂",), frozenset({"preservative"}), "含防腐剂", "不含防腐剂"),
    Trait(("色素", "着色剂"), frozenset({"colour"}), "含色素", "不含色素"),
    Trait(("坚果", "坚果类"), frozenset({"nut"}), "含坚果", "不含坚果"),
    Trait(("鸡蛋", "蛋"), frozenset({"egg"}), "含蛋", "不含蛋"),
    Trait(("香精",), frozenset({"flavour"}), "含香精", "不含香精"),
)

_PHRASES: dict[str, dict[Split, tuple[str, ...]]] = {
    "list": {
        "train": ("读一下配料表。", "配料表上写了什么？", "念一下配料。", "配料有哪些？", "里面有什么配料？",
                  "帮我读一下配料表。", "把配料念给我听。", "成分都有什么？",
                  "看看配料表。", "它的配料是什么？", "里面有什么？", "列出配料。", "Read the ingredients."),
        "eval": ("请把配料表读出来。", "包装上写的配料是哪些？", "这里头都加了什么？", "说一下它的成分。"),
    },
    "sum": {
        "train": ("这是什么样的产品？", "总结一下这个标签。", "这个配料怎么样？", "看看标签，说说这是什么。",
                  "这是一款什么产品，配料有什么？", "帮我总结一下配料。", "介绍一下这个产品。",
                  "看一下这个标签，总结一下。", "这是什么饮料，里面有什么？"),
        "eval": ("概括一下这个标签。", "用一句话说说这个产品和配料。", "看标签，这东西是什么做的？"),
    },
    "trait": {
        "train": ("含不含{x}？", "有没有{x}？", "里面有{x}吗？", "这个含{x}吗？", "看看有没有{x}。",
                  "配料里有{x}吗？", "有{x}吗？"),
        "eval": ("这里面含有{x}吗？", "看一下它含不含{x}。", "配料表里出现{x}了吗？"),
    },
    "name": {
        "train": ("这是什么产品？", "这是什么？", "标签上写的是什么产品？", "产品叫什么名字？", "这个叫什么？",
                  "是什么牌子的什么产品？", "念一下产品名称。"),
        "eval": ("这件商品叫什么？", "读一下商品名。", "这是哪个牌子的什么东西？"),
    },
    "weight": {
        "train": ("净含量是多少？", "这个多重？", "有多少克或者毫升？", "净含量写的多少？", "看看净含量。"),
        "eval": ("它的净含量标了多少？", "包装里有多少？"),
    },
    "read": {
        "train": ("读一下图上的字。", "上面写了什么？", "图里写着什么？", "念出图中的文字。", "这上面是什么字？",
                  "把字读出来。"),
        "eval": ("图片上写的是哪些字？", "请读出看到的文字。"),
    },
}  # fmt: skip


class Label(NamedTuple):
    """A label's content, its kind of product, and its picture."""

    content: LabelText
    category: str
    picture: LabelPicture

    @property
    def listed(self) -> str:
        """The ingredients as a list in a sentence."""
        return "、".join(self.content.ingredients)

    def of_groups(self, groups: frozenset[str]) -> list[str]:
        """Its ingredients that belong to one of the groups."""
        return [word for word in self.content.ingredients if GROUP_OF[word] in groups]


def split_of(words: Sequence[str]) -> Split:
    """The split that a combination belongs to, whatever its order."""
    return "eval" if zlib.crc32("、".join(sorted(words)).encode()) % _EVAL_SHARE == 0 else "train"


def random_label(rng: random.Random, split: Split) -> Label:
    """A label whose combination of ingredients and whose brand with name belong to the split."""
    category = rng.choice(("soft_drink", *CATEGORIES))
    _, names, groups = CATEGORIES[category]
    while True:
        brand, name = rng.choice(BRANDS), rng.choice(names)
        if split_of((brand, name)) == split:
            break
    while True:
        words: list[str] = []
        while len(words) < rng.randint(MIN_INGREDIENTS, MAX_INGREDIENTS):
            word = rng.choice(INGREDIENTS) if rng.random() < _ANY_SHARE else rng.choice(GROUPS[rng.choice(groups)])
            words += [word] * (word not in words)
        if len(words) >= MIN_INGREDIENTS and split_of(words) == split:
            break
    liquid = category in {"soft_drink", "juice", "tea", "soda", "coffee", "dairy", "soy"}
    amount = rng.choice((100, 120, 150, 180, 200, 245, 250, 300, 310, 330, 350, 400, 450, 480, 500, 550, 600, 750, 900))
    weight = f"净含量：{amount}{'毫升' if liquid else '克'}" if rng.random() < 0.7 else ""
    content = LabelText(brand, name, rng.choice(HEADERS), tuple(words), weight)
    return Label(content, category, lay_out(rng, split, content))


def samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless samples of all label tasks in the shares of `TASKS`."""
    makers, weights = [task[0] for task in TASKS], [task[1] for task in TASKS]
    while True:
        yield rng.choices(makers, weights)[0](rng, split)


def talks(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless conversations of two to four questions about one label: task `label_talk`."""
    while True:
        label = random_label(rng, split)
        makers = [ingredient_list, summary, has, has, product_name]
        makers += [net_weight] if label.content.weight else []
        chosen = rng.sample(makers, rng.randint(2, 4))
        yield one_after_another("label_talk", [maker(rng, split, label) for maker in chosen])


def _build(
    rng: random.Random, split: Split, task: str, picture: LabelPicture, phrases: str, reply: str, key: AnswerKey,
    reasoning: str = "", **slots: str,
) -> Sample:  # fmt: skip
    question = rng.choice(_PHRASES[phrases][split]).format(**slots)
    spoken = rng.random() < _SPOKEN_SHARE and not question.isascii()
    user = Message(role="user", text=question, picture=picture, spoken=spoken)
    assistant = Message(role="assistant", text=reply, reasoning=reasoning)
    return Sample(task=task, messages=(user, assistant), needs_image=True, answer=dict(key))


def ingredient_list(rng: random.Random, split: Split, label: Label | None = None) -> Sample:
    """Read the list."""
    label = label or random_label(rng, split)
    key: AnswerKey = {"items": list(label.content.ingredients)}
    return _build(rng, split, "label_list", label.picture, "list", f"配料有{label.listed}。", key)


def summary(rng: random.Random, split: Split, label: Label | None = None) -> Sample:
    """Read the list and say what it makes of the product: sugar first, then one more thing that people care for."""
    label = label or random_label(rng, split)
    traits = [(trait, label.of_groups(trait.groups)) for trait in TRAITS]
    sugar = traits[0][1]
    more = [trait.yes for trait, found in traits[1:] if found][:1]
    said = [TRAITS[0].yes if sugar else TRAITS[0].no, *more]
    reply = f"配料有{label.listed}，是一款{'、'.join(said)}的{label.content.name}。"
    facts = [f"{found[0]}说明{trait.yes}" for trait, found in traits if found and trait.yes in said]
    reasoning = ("，".join(facts) if facts else "没有糖") + "。"
    wanted = [
        [r"(?<!不)含糖" if sugar else r"(不含|无|没有)糖"],
        *([word] for word in more),
        [re.escape(label.content.name)],
    ]
    key: AnswerKey = {"items": list(label.content.ingredients), "all": wanted}
    return _build(rng, split, "label_sum", label.picture, "sum", reply, key, reasoning)


def has(rng: random.Random, split: Split, label: Label | None = None) -> Sample:
    """Whether a trait holds, or an ingredient is listed."""
    label = label or random_label(rng, split)
    positive = rng.random() < 0.5
    if rng.random() < 0.5:
        fits = [t for t in TRAITS if bool(label.of_groups(t.groups)) == positive] or list(TRAITS)
        trait = rng.choice(fits)
        found, asked = label.of_groups(trait.groups), rng.choice(trait.asked)
        yes, no = f"{trait.yes}，配料里有{'、'.join(found)}。", f"{trait.no}，配料里没有。"
    else:
        others = [word for word in INGREDIENTS if word not in label.content.ingredients]
        asked = rng.choice(label.content.ingredients if positive else others)
        found = [asked] if asked in label.content.ingredients else []
        yes, no = f"有，配料里有{asked}。", f"没有，配料里没有{asked}。"
    if found:
        key: AnswerKey = {"all": [["(?<!没)有", "(?<!不)含"]], "none": ["没有", "不含"]}
    else:
        key = {"all": [["没有", "不含", "没看到", "无"]]}
    reasoning = f"配料有{label.listed}。" + (f"其中有{'、'.join(found)}。" if found else f"没有{asked}。")
    return _build(rng, split, "label_has", label.picture, "trait", yes if found else no, key, reasoning, x=asked)


def product_name(rng: random.Random, split: Split, label: Label | None = None) -> Sample:
    """Brand and name."""
    label = label or random_label(rng, split)
    content = label.content
    key: AnswerKey = {"all": [[re.escape(content.brand)], [re.escape(content.name)]]}
    return _build(rng, split, "label_name", label.picture, "name", f"这是{content.brand}牌的{content.name}。", key)


def net_weight(rng: random.Random, split: Split, label: Label | None = None) -> Sample:
    """The amount printed; the given label must have one."""
    while label is None or not label.content.weight:
        label = random_label(rng, split)
    amount = label.content.weight.split("：")[1]
    digits = re.sub(r"\D", "", amount)
    key: AnswerKey = {"all": [[rf"(?<!\d){digits}(?!\d)"]]}
    return _build(rng, split, "label_weight", label.picture, "weight", f"净含量是{amount}。", key)


def plain_reading(rng: random.Random, split: Split) -> Sample:
    """A few words in large letters; teaches the letters before whole labels."""
    while True:
        words = rng.sample((*INGREDIENTS, *BRANDS), rng.choice((1, 1, 2, 2, 3, 4, 5)))
        if len(words) == 1 or split_of(words) == split:
            break
    reply = f"上面写着：{'、'.join(words)}。"
    return _build(rng, split, "text_read", lay_out_words(rng, split, words), "read", reply, {"items": words})


TASKS: tuple[tuple[Callable[[random.Random, Split], Sample], float], ...] = (
    (ingredient_list, 0.34),
    (summary, 0.18),
    (has, 0.14),
    (product_name, 0.12),
    (net_weight, 0.04),
    (plain_reading, 0.18),
)
