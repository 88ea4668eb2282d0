"""Questions about photographs of fruit, vegetables and cartons in a shop, and what they show, in Chinese.

The classes are those of the GroceryStore dataset (Klasson et al. 2019, MIT licence) in the order and number in which
the packed bank holds them. Neighbouring photographs of a class are near duplicates, so the evaluation split is one
contiguous block at the end of each class, and one photograph before it belongs to neither split.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

from autoglm_agent.training.evaluate.answer_keys import AnswerKey
from autoglm_agent.training.pictures.pictures import PhotoPicture, Rgb
from autoglm_agent.training.sample import Message, Sample, Split

# English class, number of photographs, coarse class, Chinese name of the class; in the order of the bank.
_TABLE = """
Golden-Delicious 45 Apple 金冠苹果
Granny-Smith 59 Apple 青苹果
Pink-Lady 59 Apple 粉红佳人苹果
Red-Delicious 50 Apple 红蛇果
Royal-Gala 65 Apple 嘎啦苹果
Avocado 41 Avocado 牛油果
Banana 45 Banana 香蕉
Kiwi 46 Kiwi 猕猴桃
Lemon 42 Lemon 柠檬
Lime 31 Lime 青柠
Mango 32 Mango 芒果
Cantaloupe 39 Melon 网纹甜瓜
Galia-Melon 33 Melon 加利亚甜瓜
Honeydew-Melon 36 Melon 白兰瓜
Watermelon 46 Melon 西瓜
Nectarine 36 Nectarine 油桃
Orange 57 Orange 橙子
Papaya 21 Papaya 木瓜
Passion-Fruit 28 Passion-Fruit 百香果
Peach 37 Peach 桃子
Anjou 41 Pear 安琪梨
Conference 45 Pear 康佛伦斯梨
Kaiser 30 Pear 凯撒梨
Pineapple 26 Pineapple 菠萝
Plum 22 Plum 李子
Pomegranate 26 Pomegranate 石榴
Red-Grapefruit 34 Red-Grapefruit 红西柚
Satsumas 70 Satsumas 蜜橘
Bravo-Apple-Juice 25 Juice Bravo苹果汁
Bravo-Orange-Juice 32 Juice Bravo橙汁
God-Morgon-Apple-Juice 19 Juice God-Morgon苹果汁
God-Morgon-Orange-Juice 23 Juice God-Morgon橙汁
God-Morgon-Orange-Red-Grapefruit-Juice 20 Juice God-Morgon橙子西柚汁
God-Morgon-Red-Grapefruit-Juice 26 Juice God-Morgon红西柚汁
Tropicana-Apple-Juice 31 Juice Tropicana苹果汁
Tropicana-Golden-Grapefruit 25 Juice Tropicana金西柚汁
Tropicana-Juice-Smooth 26 Juice Tropicana无果肉橙汁
Tropicana-Mandarin-Morning 20 Juice Tropicana柑橘汁
Arla-Ecological-Medium-Fat-Milk 29 Milk Arla有机中脂牛奶
Arla-Lactose-Medium-Fat-Milk 26 Milk Arla无乳糖中脂牛奶
Arla-Medium-Fat-Milk 34 Milk Arla中脂牛奶
Arla-Standard-Milk 30 Milk Arla全脂牛奶
Garant-Ecological-Medium-Fat-Milk 35 Milk Garant有机中脂牛奶
Garant-Ecological-Standard-Milk 28 Milk Garant有机全脂牛奶
Oatly-Natural-Oatghurt 33 Oatghurt Oatly原味燕麦酸奶
Oatly-Oat-Milk 32 Oat-Milk Oatly燕麦奶
Arla-Ecological-Sour-Cream 29 Sour-Cream Arla有机酸奶油
Arla-Sour-Cream 19 Sour-Cream Arla酸奶油
Arla-Sour-Milk 30 Sour-Milk Arla酸乳
Alpro-Blueberry-Soyghurt 28 Soyghurt Alpro蓝莓大豆酸奶
Alpro-Vanilla-Soyghurt 23 Soyghurt Alpro香草大豆酸奶
Alpro-Fresh-Soy-Milk 30 Soy-Milk Alpro冷藏豆奶
Alpro-Shelf-Soy-Milk 30 Soy-Milk Alpro常温豆奶
Arla-Mild-Vanilla-Yoghurt 29 Yoghurt Arla香草酸奶
Arla-Natural-Mild-Low-Fat-Yoghurt 26 Yoghurt Arla原味低脂酸奶
Arla-Natural-Yoghurt 42 Yoghurt Arla原味酸奶
Valio-Vanilla-Yoghurt 32 Yoghurt Valio香草酸奶
Yoggi-Strawberry-Yoghurt 32 Yoghurt Yoggi草莓酸奶
Yoggi-Vanilla-Yoghurt 20 Yoghurt Yoggi香草酸奶
Asparagus 16 Asparagus 芦笋
Aubergine 22 Aubergine 茄子
Cabbage 19 Cabbage 卷心菜
Carrots 43 Carrots 胡萝卜
Cucumber 28 Cucumber 黄瓜
Garlic 25 Garlic 大蒜
Ginger 19 Ginger 生姜
Leek 23 Leek 韭葱
Brown-Cap-Mushroom 39 Mushroom 褐菇
Yellow-Onion 38 Onion 黄洋葱
Green-Bell-Pepper 26 Pepper 青甜椒
Orange-Bell-Pepper 26 Pepper 橙甜椒
Red-Bell-Pepper 34 Pepper 红甜椒
Yellow-Bell-Pepper 26 Pepper 黄甜椒
Floury-Potato 18 Potato 粉质土豆
Solid-Potato 28 Potato 脆质土豆
Sweet-Potato 29 Potato 红薯
Red-Beet 18 Red-Beet 甜菜根
Beef-Tomato 34 Tomato 牛排番茄
Regular-Tomato 50 Tomato 普通番茄
Vine-Tomato 43 Tomato 串番茄
Zucchini 30 Zucchini 西葫芦
"""

COARSE_NAMES: dict[str, tuple[str, ...]] = {
    # the name we say, then names that count as right
    "Apple": ("苹果",),
    "Avocado": ("牛油果", "鳄梨"),
    "Banana": ("香蕉",),
    "Kiwi": ("猕猴桃", "奇异果"),
    "Lemon": ("柠檬",),
    "Lime": ("青柠", "青柠檬", "莱姆"),
    "Mango": ("芒果",),
    "Melon": ("甜瓜", "瓜", "哈密瓜", "蜜瓜"),
    "Nectarine": ("油桃",),
    "Orange": ("橙子", "橙"),
    "Papaya": ("木瓜",),
    "Passion-Fruit": ("百香果", "西番莲"),
    "Peach": ("桃子", "桃"),
    "Pear": ("梨",),
    "Pineapple": ("菠萝", "凤梨"),
    "Plum": ("李子", "李"),
    "Pomegranate": ("石榴",),
    "Red-Grapefruit": ("红西柚", "西柚", "葡萄柚"),
    "Satsumas": ("蜜橘", "橘子", "桔子", "蜜柑"),
    "Juice": ("果汁", "橙汁", "苹果汁", "西柚汁"),
    "Milk": ("牛奶",),
    "Oatghurt": ("燕麦酸奶", "燕麦发酵"),
    "Oat-Milk": ("燕麦奶",),
    "Sour-Cream": ("酸奶油",),
    "Sour-Milk": ("酸乳", "酸牛奶"),
    "Soyghurt": ("大豆酸奶", "豆酸奶"),
    "Soy-Milk": ("豆奶", "豆浆"),
    "Yoghurt": ("酸奶", "优格"),
    "Asparagus": ("芦笋",),
    "Aubergine": ("茄子",),
    "Cabbage": ("卷心菜", "圆白菜", "包菜", "甘蓝"),
    "Carrots": ("胡萝卜",),
    "Cucumber": ("黄瓜",),
    "Garlic": ("大蒜", "蒜"),
    "Ginger": ("生姜", "姜"),
    "Leek": ("韭葱", "大葱"),
    "Mushroom": ("蘑菇", "香菇", "口蘑"),
    "Onion": ("洋葱",),
    "Pepper": ("甜椒", "彩椒", "灯笼椒"),
    "Potato": ("土豆", "马铃薯", "红薯"),
    "Red-Beet": ("甜菜根", "红甜菜", "甜菜"),
    "Tomato": ("番茄", "西红柿"),
    "Zucchini": ("西葫芦",),
}
# A name that lies inside another class's name must not stand inside that one.
_NOT_BEFORE = {"Lemon": "(?<!青)柠檬", "Milk": "(?<!燕麦)(?<!酸)牛奶", "Yoghurt": "(?<!燕麦)(?<!大豆)(?<!豆)酸奶(?!油)",
               "Peach": "(?<!猕猴)(?<!油)桃", "Pear": "(?<!鳄)(?<!凤)梨", "Orange": "橙(?!汁)(?!色)",
               "Carrots": "胡萝卜",
               "Plum": "李", "Melon": "(?<!木)(?<!黄)(?<!西)瓜|西瓜"}  # fmt: skip

FRUIT = frozenset(
    "Apple Avocado Banana Kiwi Lemon Lime Mango Melon Nectarine Orange Papaya Passion-Fruit Peach Pear Pineapple Plum "
    "Pomegranate Red-Grapefruit Satsumas".split()
)
CARTONS = frozenset("Juice Milk Oatghurt Oat-Milk Sour-Cream Sour-Milk Soyghurt Soy-Milk Yoghurt".split())


class PhotoClass(NamedTuple):
    """A class of photographs: rows first..first + total - 1 of the bank."""

    english: str
    coarse: str
    chinese: str
    first: int
    total: int

    @property
    def eval_count(self) -> int:
        """Photographs at the end of the class kept for evaluation, about one in eight."""
        return max(2, round(0.125 * self.total))

    def rows(self, split: Split) -> range:
        """Rows of the bank in a split."""
        edge = self.first + self.total - self.eval_count
        return range(self.first, edge - 1) if split == "train" else range(edge, self.first + self.total)


def _classes() -> tuple[PhotoClass, ...]:
    found, first = [], 0
    for line in _TABLE.split("\n"):
        if line.strip():
            english, count, coarse, chinese = line.split()
            found.append(PhotoClass(english, coarse, chinese, first, int(count)))
            first += int(count)
    return tuple(found)


CLASSES = _classes()

_QUESTIONS: dict[Split, dict[str, tuple[str, ...]]] = {
    "train": {
        "any": ("这是什么？", "图里是什么？", "你看到了什么？", "图片里拍的是什么？", "帮我看看这是什么。",
                "这个叫什么？", "认得出这是什么吗？",
                "我手里拿的是什么？", "照片上是什么东西？", "这张照片拍的是什么？", "请告诉我图中的物品。",
                "What is this?", "What do you see?", "What's this?", "What is on the photo?", "Describe the photo.", "Briefly describe this image.",
                "What does the picture show?", "Tell me what this is.", "In short, what is shown?", "Name this thing."),
        "fruit": ("图里是什么水果？", "这是什么水果？", "这种水果叫什么？", "你看这是哪种水果？",
                  "What fruit is this?"),
        "vegetable": ("图里是什么蔬菜？", "这是什么菜？", "这种蔬菜叫什么？", "你看这是哪种菜？",
                      "What vegetable is this?"),
        "carton": ("这是什么饮品？", "这盒里是什么？", "这个包装里是什么？", "这盒是什么奶或者果汁？",
                   "这一盒是什么？"),
    },
    "eval": {
        "any": ("请问这是什么东西？", "看看图上的是什么？", "你能认出照片里的东西吗？", "What is in the picture?"),
        "fruit": ("这张图里的水果是什么？", "拍到的是哪一种水果？"),
        "vegetable": ("这张图里的蔬菜是什么？", "拍到的是哪一种蔬菜？"),
        "carton": ("包装盒里装的是什么？", "看看这盒是什么东西？"),
    },
}  # fmt: skip


def samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless samples of task `photo_name`; classes evenly by coarse class, so rare ones are seen as often."""
    by_coarse: dict[str, list[PhotoClass]] = {}
    for photo_class in CLASSES:
        by_coarse.setdefault(photo_class.coarse, []).append(photo_class)
    weights = [len(members) ** 0.6 for members in by_coarse.values()]
    while True:
        members = rng.choices(list(by_coarse.values()), weights)[0]
        photo_class = rng.choice(members)
        yield photo_sample(rng, split, photo_class, rng.choice(photo_class.rows(split)))


def photo_sample(rng: random.Random, split: Split, photo_class: PhotoClass, photo: int) -> Sample:
    """The sample of one photograph; the reply names the coarse class, then the finer one."""
    coarse = photo_class.coarse
    family = "fruit" if coarse in FRUIT else "carton" if coarse in CARTONS else "vegetable"
    question = rng.choice(_QUESTIONS[split]["any" if rng.random() < 0.6 else family])
    name = COARSE_NAMES[coarse][0]
    if question.isascii():
        reply = f"It is {_english(photo_class)}."
        key: AnswerKey = {"all": [[rf"(?i){re.escape(coarse.rstrip('s').replace('-', ' '))}"]]}
    else:
        more = photo_class.chinese != name
        reply = f"这是{name}，像是{photo_class.chinese}。" if more else f"这是{name}。"
        key = {"all": [photo_pattern(coarse)]}
    user = Message(role="user", text=question, picture=random_photo(rng, split, photo), spoken=rng.random() < 0.2)
    assistant = Message(role="assistant", text=reply)
    # In English it is asked with thinking on as well, by programs that leave it on: the thought is then empty.
    return Sample(
        task="photo_name", messages=(user, assistant), needs_image=True, think="either" if question.isascii() else "never", answer=dict(key)
    )


def photo_pattern(coarse: str) -> list[str]:
    """Regular expressions any of which names the coarse class; they look at the first clause of the reply."""
    patterns = [_NOT_BEFORE[coarse]] if coarse in _NOT_BEFORE else [re.escape(name) for name in COARSE_NAMES[coarse]]
    return [rf"^[^，。,]*(?:{pattern})" for pattern in patterns]


def random_photo(rng: random.Random, split: Split, photo: int) -> PhotoPicture:
    """A view of a photograph: in training cropped, turned and mirrored at random, in evaluation letterboxed whole."""
    if split == "eval":
        return PhotoPicture(photo=photo, letterbox=True, zoom=1.0, shift_x=0.0, shift_y=0.0, rotation_deg=0.0,
                            flip=False, bars=(0.0, 0.0, 0.0), seed=rng.getrandbits(32))  # fmt: skip
    letterbox = rng.random() < 0.5
    grey = rng.choice((0.0, 0.0, 0.5, 1.0))
    bars: Rgb = (grey, grey, grey) if rng.random() < 0.8 else (rng.random(), rng.random(), rng.random())
    return PhotoPicture(
        photo=photo,
        letterbox=letterbox,
        zoom=rng.uniform(0.8, 1.35) if letterbox else rng.uniform(1.0, 1.5),
        shift_x=rng.uniform(-1, 1) * (0.5 if letterbox else 1.0),
        shift_y=rng.uniform(-1, 1),
        rotation_deg=rng.gauss(0, 10),
        flip=rng.random() < 0.5,
        bars=bars,
        seed=rng.getrandbits(32),
    )


def _english(photo_class: PhotoClass) -> str:
    coarse = photo_class.coarse.replace("-", " ").lower()
    plural_or_mass = coarse in {"carrots", "satsumas"} or photo_class.coarse in CARTONS
    return coarse if plural_or_mass else f"{'an' if coarse[0] in 'aeiou' else 'a'} {coarse}"
