"""The words for scenes: kinds of things, colours, and the nine regions of a picture, with what counts as right."""

from __future__ import annotations

from typing import Literal, NamedTuple

from autoglm_agent.training.pictures.pictures import HEIGHT_PX, WIDTH_PX, Rgb
from autoglm_agent.training.pictures.sprites import DRAWN_VARIANTS, emoji_names


class Color(NamedTuple):
    """A colour name; `chinese` is the single character before 色."""

    key: str
    chinese: str
    rgb: Rgb
    pattern: str


COLORS: dict[str, Color] = {
    c.key: c
    for c in (
        Color("red", "红", (0.86, 0.11, 0.12), "红"),
        Color("orange", "橙", (0.97, 0.52, 0.06), "橙|橘"),
        Color("yellow", "黄", (0.98, 0.85, 0.14), "黄"),
        Color("green", "绿", (0.13, 0.60, 0.23), "绿"),
        Color("blue", "蓝", (0.13, 0.34, 0.86), "蓝"),
        Color("purple", "紫", (0.50, 0.20, 0.70), "紫"),
        Color("pink", "粉", (0.98, 0.60, 0.75), "粉"),
        Color("black", "黑", (0.10, 0.10, 0.11), "黑"),
        Color("white", "白", (0.97, 0.97, 0.97), "白"),
        Color("gray", "灰", (0.53, 0.54, 0.56), "灰|gre?y"),
        Color("brown", "棕", (0.46, 0.28, 0.14), "棕|褐|咖啡色"),
    )
}


class Kind(NamedTuple):
    """A kind of thing. `colors` empty: it is called by its name alone, and is drawn in `natural`."""

    key: str
    chinese: str
    measure: str
    world: Literal["toys", "home", "fruit", "zoo", "nature"]
    synonyms: tuple[str, ...]
    english: str
    colors: tuple[str, ...]
    natural: Rgb = (0.5, 0.5, 0.5)

    @property
    def pattern(self) -> str:
        """Regular expression of the names that count as right, Chinese or English."""
        return "|".join((*sorted({self.chinese, *self.synonyms}, key=len, reverse=True), f"(?i:\\b{self.english})"))


_ANY = tuple(COLORS)
_VIVID = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "gray")


def _kind(
    key: str, words: str, world: str, english: str, colors: str | tuple[str, ...], natural: Rgb = (0.5,) * 3
) -> Kind:
    """`words`: name, measure word, synonyms."""
    name, measure, *synonyms = words.split()
    palette = tuple(colors.split()) if isinstance(colors, str) else colors
    return Kind(key, name, measure, world, tuple(synonyms), english, palette, natural)  # type: ignore[arg-type]


KINDS: dict[str, Kind] = {
    k.key: k
    for k in (
        _kind("car", "遥控车 辆 车 玩具车 小汽车 遥控汽车 小车", "toys", "car", _VIVID),
        _kind("ball", "球 个 皮球 小球", "toys", "ball", _ANY),
        _kind("block", "积木 块 积木块", "toys", "block", _VIVID),
        _kind("doll", "娃娃 个 洋娃娃 布娃娃", "toys", "doll", _VIVID),
        _kind("bear", "小熊 只 玩具熊 泰迪熊", "toys", "teddy bear", "brown pink white yellow blue gray orange black"),
        _kind("plane", "飞机 架 玩具飞机", "toys", "plane", _VIVID),
        _kind("train", "火车 列 小火车 玩具火车", "toys", "train", _VIVID),
        _kind("boat", "船 只 小船 轮船", "toys", "boat", _ANY),
        _kind("robot", "机器人 个 玩具机器人", "toys", "robot", _VIVID),
        _kind("balloon", "气球 个", "toys", "balloon", _VIVID),
        _kind("star", "星星 颗 五角星", "toys", "star", "red orange yellow green blue purple pink"),
        _kind("cup", "杯子 个 茶杯 水杯", "home", "cup", _ANY),
        _kind("book", "书 本 书本", "home", "book", _ANY),
        _kind("hat", "帽子 顶", "home", "hat", _ANY),
        _kind("umbrella", "雨伞 把 伞", "home", "umbrella", _ANY),
        _kind("chair", "椅子 把", "home", "chair", _ANY),
        _kind("clock", "钟 个 时钟 闹钟", "home", "clock", _VIVID),
        _kind("key", "钥匙 把", "home", "key", _VIVID),
        _kind("phone", "手机 部 电话", "home", "phone", _VIVID),
        _kind("lamp", "台灯 盏 灯", "home", "lamp", _VIVID),
        _kind("bag", "书包 个 背包 包", "home", "bag", _ANY),
        _kind("apple", "苹果 个", "fruit", "apple", "red green yellow"),
        _kind("banana", "香蕉 根", "fruit", "banana", "yellow green"),
        _kind("pear", "梨 个 梨子", "fruit", "pear", "yellow green"),
        _kind("strawberry", "草莓 颗", "fruit", "strawberry", "red pink"),
        _kind("grapes", "葡萄 串", "fruit", "grape", "purple green black"),
        _kind("watermelon", "西瓜 个", "fruit", "watermelon", "", (0.30, 0.66, 0.28)),
        _kind("fish", "鱼 条 小鱼", "zoo", "fish", "red orange yellow green blue purple pink gray"),
        _kind("bird", "鸟 只 小鸟", "zoo", "bird", "red orange yellow green blue purple white black gray"),
        _kind("cat", "猫 只 小猫 猫咪", "zoo", "cat", "black white orange gray brown yellow"),
        _kind("dog", "狗 只 小狗 狗狗", "zoo", "dog", "brown white black yellow gray orange"),
        _kind("rabbit", "兔子 只 小兔子 兔", "zoo", "rabbit", "white gray pink brown black"),
        _kind("elephant", "大象 头 象", "zoo", "elephant", "", (0.55, 0.59, 0.66)),
        _kind("giraffe", "长颈鹿 只", "zoo", "giraffe", "", (0.95, 0.76, 0.30)),
        _kind("monkey", "猴子 只 猴", "zoo", "monkey", "", (0.55, 0.35, 0.20)),
        _kind("panda", "熊猫 只 大熊猫", "zoo", "panda", ""),
        _kind("tiger", "老虎 只 虎", "zoo", "tiger", "", (0.96, 0.60, 0.15)),
        _kind("flower", "花 朵 小花 花朵", "nature", "flower", "red pink yellow purple white orange blue"),
        _kind("tree", "树 棵 大树 小树", "nature", "tree", "green orange yellow pink red"),
        _kind("house", "房子 座 小房子 屋子", "nature", "house", _VIVID),
    )
}


def held_out(kind: str, color: str) -> bool:
    """Pairs that training never shows: about one in nine of the kinds that come in many colours."""
    many = len(KINDS[kind].colors) >= 7
    return many and (list(KINDS).index(kind) * 4 + list(COLORS).index(color) * 5) % 9 == 0


def styles(kind: str, color: str) -> list[str]:
    """Sprites that show a kind in a colour ("" for kinds called by their name alone)."""
    drawn = [f"{kind}/{variant}" for variant in range(DRAWN_VARIANTS)]
    return drawn + [name for name, fixed in emoji_names(kind) if fixed is None or fixed == color]


class Region(NamedTuple):
    """One of the nine parts of the picture; `said` are the words that users may say, the first is ours."""

    said: tuple[str, ...]
    pattern: str
    english: str

    @property
    def chinese(self) -> str:
        """The word that replies use."""
        return self.said[0]


REGIONS: tuple[Region, ...] = (
    Region(("左上角", "左上方", "左上边"), "左上|(?i:(top|upper)[ -]left)", "top left"),
    Region(
        ("上方", "正上方", "上面", "上边"), "(?<![左右])上(?:方|面|边|部)|顶部|(?i:top middle|top center)", "top middle"
    ),
    Region(("右上角", "右上方", "右上边"), "右上|(?i:(top|upper)[ -]right)", "top right"),
    Region(
        ("左边", "左侧", "左面", "左手边"),
        "左(?:边|侧|面|方|手边)|(?i:middle left|(?<!top )(?<!bottom )left)",
        "middle left",
    ),
    Region(("中间", "正中间", "中央", "正中央"), "中间|中央|正中|中心|(?i:cent(er|re))", "center"),
    Region(
        ("右边", "右侧", "右面", "右手边"),
        "右(?:边|侧|面|方|手边)|(?i:middle right|(?<!top )(?<!bottom )right)",
        "middle right",
    ),
    Region(("左下角", "左下方", "左下边"), "左下|(?i:(bottom|lower)[ -]left)", "bottom left"),
    Region(
        ("下方", "正下方", "下面", "下边"),
        "(?<![左右])下(?:方|面|边|部)|底部|(?i:bottom middle|bottom center)",
        "bottom middle",
    ),
    Region(("右下角", "右下方", "右下边"), "右下|(?i:(bottom|lower)[ -]right)", "bottom right"),
)


def region_at(x: float, y: float) -> int:
    """Index of the region that holds a point of the canvas."""
    column = min(2, max(0, int(3 * x / WIDTH_PX)))
    return min(2, max(0, int(3 * y / HEIGHT_PX))) * 3 + column
