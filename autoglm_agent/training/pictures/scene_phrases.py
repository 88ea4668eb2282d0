"""How users ask about scenes. The sentences of the two splits are disjoint; openings may be shared.

Slots: {r} region, {k} kind, {c} colour such as 红色, {n} colour and kind, {m} measure word, {a} and {b} two things.
Half of the training questions come from `WAYS`, small grammars whose parts combine freely: a question is understood by
its parts. What a grammar gives that is a sentence of the evaluation is thrown away.
"""

from __future__ import annotations

import random

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text.phrases import Phrase, compile_phrase

Phrases = dict[Split, tuple[str, ...]]

OPENINGS = ("", "", "", "", "请问", "你看，", "帮我看看，", "麻烦看一下，", "那个，", "看看图，", "嗯，", "你好，")

CALLS = ("", "", "", "", "嗯，", "那个，", "你好，", "来，")

CHINESE: dict[str, Phrases] = {
    "what": {
        "train": ("{r}是什么？", "{r}有什么？", "{r}的东西是什么？", "在{r}的是什么？", "{r}那个是什么？",
                  "图片{r}是什么东西？", "画面{r}有什么东西？",
                  "告诉我{r}是什么。", "{r}放着什么？", "你看到{r}是什么了吗？", "图的{r}画的是什么？",
                  "说说{r}是什么",
                  "{r}画了个什么？", "请看{r}，那是什么？", "看一下{r}，有东西吗？", "{r}那里是什么东西？",
                  "{r}的物品叫什么？", "请说出{r}有什么。", "{r}是啥？"),
        "eval": ("{r}摆的是什么？", "画面的{r}是个什么？", "能说出{r}的东西吗？", "{r}能看到什么？"),
    },
    "color": {
        "train": ("{k}是什么颜色？", "{k}是什么颜色的？", "{k}的颜色是什么？", "那{m}{k}是什么颜色的？",
                  "图里的{k}是什么颜色？", "这{m}{k}什么颜色？",
                  "告诉我{k}的颜色。", "{k}是哪种颜色？", "你看{k}是啥颜色？", "画面里{k}是什么颜色的呢？",
                  "请说出{k}的颜色。", "{k}的颜色是哪种？", "图上的那{m}{k}是啥颜色？",
                  "看得出{k}是什么颜色吗？", "{k}呈什么颜色？"),
        "eval": ("图中那{m}{k}颜色是什么？", "{k}是哪个颜色的？", "说一下{k}是什么颜色。"),
    },
    "count_kind": {
        "train": ("有几{m}{k}？", "图里有几{m}{k}？", "一共有多少{m}{k}？", "数一数有几{m}{k}。", "{k}有几{m}？",
                  "你看到几{m}{k}？", "有多少{k}？",
                  "画面里有几{m}{k}？", "帮我数一下{k}。", "图片上的{k}有多少？", "{k}一共几{m}？",
                  "请数{k}，有几{m}？", "{k}的数量是多少？", "总共能看到几{m}{k}？", "这里{k}有多少{m}呢？",
                  "统计一下{k}的个数。", "看看{k}有多少个。"),
        "eval": ("数数{k}有多少{m}。", "这张图里{k}有几{m}呢？", "能看见多少{m}{k}？"),
    },
    "count_color": {
        "train": ("有几个{c}的东西？", "{c}的东西有几个？", "图里{c}的有几个？", "有多少{c}的东西？",
                  "数一数{c}的东西。", "一共有几样{c}的？",
                  "{c}的物品有多少个？", "你看到几个{c}的东西？", "画面里有几样{c}的东西？",
                  "{c}的一共几样？", "帮我数{c}的东西有几个。", "能看到多少{c}的物品？",
                  "找找看，{c}的有几样？"),
        "eval": ("{c}的一共有多少个？", "帮我数数有几个{c}的。", "能找到几样{c}的东西？"),
    },
    "count_pair": {
        "train": ("有几{m}{n}？", "图里有几{m}{n}？", "{n}有几{m}？", "有多少{m}{n}？", "数一数{n}有几{m}。",
                  "一共几{m}{n}？",
                  "帮我数一下{n}。", "图上的{n}有多少{m}？", "能看到几{m}{n}？", "{n}一共多少？", "请数{n}。"),
        "eval": ("你数数有多少{m}{n}。", "{n}总共有几{m}？"),
    },
    "count_all": {
        "train": ("一共有几样东西？", "图里有几个东西？", "总共有多少东西？", "数一数有多少样东西。",
                  "你看到几样东西？", "画面里一共有几个物品？", "这里有几样东西？",
                  "图片里有多少个东西？", "东西一共有几个？", "帮我数一下有几样东西。",
                  "这张图里总共几个物品？", "全部加在一起有几样？",
                  "看看一共有几个东西。", "所有物品数一数。"),
        "eval": ("所有东西加起来有几个？", "这张图上总共几样东西？", "数数看一共多少样。"),
    },
    "where": {
        "train": ("{n}在哪里？", "{n}在哪儿？", "{n}在什么位置？", "哪里有{n}？", "帮我找一下{n}。",
                  "{n}放在哪里？", "{n}在图的哪个位置？", "找找{n}在哪里。",
                  "我的{n}在哪？", "你看到{n}在哪里？", "告诉我{n}的位置。",
                  "{n}在什么地方？", "{n}在哪边？", "{n}是在图的哪一边？",
                  "请指出{n}在哪。", "图里的{n}在哪个方向？", "{n}的位置是哪里？", "看看{n}在画面的哪里。", "能看到{n}在哪边吗？",
                  "{n}出现在哪个地方？", "找到{n}，说出它的位置。", "{n}位于哪里？", "有{n}的话，告诉我在哪边。", "{n}在图片的什么方位？"),
        "eval": ("{n}在画面的什么地方？", "能找到{n}吗，在哪边？", "指一下{n}的位置。"),
    },
    "yesno": {
        "train": ("有没有{n}？", "图里有{n}吗？", "有{n}吗？", "你看到{n}了吗？", "这里有没有{n}？",
                  "画面里有没有{n}？", "看得到{n}吗？", "图片上有{n}没有？",
                  "这里面有{n}吗？", "能看到{n}吗？",
                  "图上存在{n}吗？", "找得到{n}没有？", "是否有{n}？", "画面中能找到{n}吗？",
                  "里面是不是也有{n}？"),
        "eval": ("图中存在{n}吗？", "你找得到{n}吗？", "是不是有{n}？"),
    },
    "is_side": {
        "train": ("{a}在{b}的{s}吗？", "{a}是在{b}{s}吗？", "{a}在不在{b}的{s}？", "是不是{a}在{b}的{s}？",
                  "图里{a}在{b}的{s}吗？",
                  "{a}是不是在{b}{s}？", "{a}的位置是在{b}的{s}吗？", "{b}的{s}是{a}吗？", "{a}位于{b}{s}，对吗？",
                  "帮我看{a}在不在{b}{s}。", "{a}是否在{b}的{s}？", "瞧瞧{a}是不是位于{b}的{s}。"),
        "eval": ("{a}位于{b}的{s}吗？", "看一下{a}是不是在{b}的{s}。"),
    },
    "which_side": {
        "train": ("{a}在{b}的哪边？", "{a}在{b}的哪一边？", "{a}在{b}的什么方向？", "以{b}来看，{a}在哪边？",
                  "{a}相对{b}在哪边？",
                  "{a}在{b}的哪一侧？", "站在{b}那里看，{a}在哪个方向？", "{a}位于{b}的哪边？", "从{b}的位置看，{a}在哪边？",
                  "对{b}来说，{a}在什么方向？"),
        "eval": ("{a}位于{b}的哪一侧？", "从{b}看，{a}在哪个方向？"),
    },
    "which_more": {
        "train": ("{a}和{b}，哪个更靠{d}？", "哪个更靠{d}，{a}还是{b}？", "{a}和{b}谁在{d}边？",
                  "更靠{d}的是{a}还是{b}？",
                  "{a}比{b}更靠{d}吗，还是反过来？", "靠{d}的是哪个，{a}还是{b}？", "{a}跟{b}，谁更靠{d}？",
                  "拿{a}和{b}比，哪个更靠{d}一点？"),
        "eval": ("{a}跟{b}比，哪个靠{d}一些？", "靠{d}一点的是{a}还是{b}？"),
    },
    "empty": {
        "train": ("图里有什么？", "你看到了什么？", "这是什么？", "画面里有什么东西？", "图片上有什么？",
                  "描述一下这张图。", "看到什么了吗？", "里面有东西吗？", "图上画着什么？", "能看到什么吗？", "说说这张图有啥。",
                  "你看见什么没有？"),
        "eval": ("这张图上画了什么？", "你能看见什么？", "说说图里有啥。"),
    },
    "describe": {
        "train": ("描述一下这张图。", "图里有什么？", "你看到了什么？", "说说图片里都有什么。",
                  "画面里有哪些东西？", "请描述图片。", "把看到的都说一遍。", "这张图里有些什么？",
                  "图上都有什么东西？", "讲讲这张图片。", "你看见了哪些东西？", "图里都有啥？", "请介绍图上的东西。",
                  "这张图画了哪些物品？"),
        "eval": ("你能看见什么？", "说说图里有啥。", "介绍一下这张图的内容。"),
    },
}  # fmt: skip

ENGLISH: dict[str, Phrases] = {
    "what": {
        "train": (
            "What is at the {r}?",
            "What do you see at the {r}?",
            "What's in the {r}?",
            "Tell me what is at the {r}.",
            "Which thing do you see at the {r}?",
            "Name the thing at the {r}.",
        ),
        "eval": ("Which thing is at the {r}?",),
    },
    "color": {
        "train": ("What color is the {k}?", "What colour is the {k}?", "Tell me the color of the {k}.", "Which color is the {k}?", "The {k} has which colour?"),
        "eval": ("Which color does the {k} have?",),
    },
    "count_kind": {
        "train": ("How many {k}s are there?", "How many {k}s do you see?", "Count the {k}s.", "How many {k}s can you count?", "The picture has how many {k}s?"),
        "eval": ("How many {k}s are in the picture?",),
    },
    "count_color": {
        "train": ("How many {c} things are there?", "Count the {c} things.", "How many things are {c}?", "How many {c} objects do you see?", "Number of {c} things?"),
        "eval": ("How many of the things are {c}?",),
    },
    "count_pair": {
        "train": ("How many {n}s are there?", "Count the {n}s.", "How many {n}s do you see?", "Number of {n}s, please.", "The picture shows how many {n}s?"),
        "eval": ("How many {n}s are in the picture?",),
    },
    "count_all": {
        "train": ("How many things are there?", "Count all things.", "How many objects do you see?", "How many things does the picture show?", "What is the number of things?"),
        "eval": ("How many things are in the picture?",),
    },
    "is_side": {
        "train": ("Is the {a} {s} the {b}?", "Does the {a} lie {s} the {b}?", "Do you see the {a} {s} the {b}?", "The {a} is {s} the {b}, right?", "Tell me if the {a} is {s} the {b}."),
        "eval": ("Can you see the {a} {s} the {b}?",),
    },
    "describe": {
        "train": (
            "Describe the picture.", "What is in this image?", "Tell me what the image shows.", "What do you see here?", "What can be seen in the picture?",
            "Describe what you see.", "What does the image contain?", "Say briefly what is in the picture.", "Which things are in the image?",
            "List the things in the picture.", "Please tell me about this picture.", "What is on the photo?", "In short, what is shown?", "Briefly describe this image.", "A short description of the picture, please.", "Give a brief description of the picture.",
            "Look at the picture and describe it in short.", "Say in one sentence what the picture shows.",
        ),
        "eval": ("What does this picture show?", "Describe the image briefly."),
    },
    "where": {
        "train": ("Where is the {n}?", "Where's the {n}?", "Find the {n}.", "In which part is the {n}?", "Where in the picture do you see the {n}?"),
        "eval": ("In which part of the picture is the {n}?",),
    },
    "yesno": {
        "train": ("Is there a {n}?", "Do you see a {n}?", "Can you see a {n}?", "Does the picture show a {n}?", "Is there any {n} here?"),
        "eval": ("Is a {n} in the picture?",),
    },
    "empty": {"train": ("What do you see?", "What is in the picture?", "Can you see anything?", "What is shown?"), "eval": ("What can you see?",)},
}

REFERENCES: dict[str, Phrases] = {
    # {n} is the thing as the user calls it, with 那个 or 那辆 before it
    "want": {
        "train": ("我想要{n}", "我要{n}", "把{n}给我", "帮我拿{n}", "给我{n}", "请把{n}拿过来", "我喜欢{n}",
                  "我想玩{n}", "拿一下{n}", "能把{n}递给我吗",
                  "去拿{n}", "我选{n}", "帮我把{n}拿来", "看看{n}",
                  "麻烦把{n}给我", "可以拿{n}吗", "我买{n}", "递给我{n}", "就要{n}", "想看{n}", "请给我{n}", "{n}我要了",
                  "麻烦拿一下{n}"),
        "eval": ("我想买{n}", "麻烦递一下{n}", "可以给我{n}吗", "我就要{n}"),
    },
}  # fmt: skip


_IN = "[(图里|图上|图中|画面里|画面上|这张图里|这张图上|图片里|这里)]"
_OF = f"[{_IN}[的]]"
_LOOK = "[(看看|看一下|瞧瞧|你看|帮我看|说说|告诉我|你说说|能不能说说|请说)]"
_SEE = "(看到|看见|找到|发现|瞧见)"
_WHERE = "(哪里|哪儿|哪边|哪一边|哪个位置|什么位置|什么地方|哪个地方|哪个方位|什么方位|哪块|哪个角上)"

WAYS: dict[str, tuple[str, ...]] = {
    "what": (
        f"{_LOOK}[图的|画面的|图片的]{{r}}[那里|那儿](是|有|画着|放着|摆着|摆了|画了)(什么|什么东西|个什么|啥|什么物品)",
        "[你]能(看到|认出|说出){r}[的东西](是什么|是啥|有什么)吗",
        "{r}[的]那(个|样)[东西](是|叫|是个)(什么|啥)", "(认一认|看看|说出|讲讲){r}的(东西|物品)[是什么]",
        "(什么|什么东西|啥)在[图的|画面的]{r}",
    ),
    "color": (
        f"{_LOOK}{_OF}[那{{m}}|这{{m}}]{{k}}[的颜色](是|是个)(什么|哪种|哪个|啥)(颜色|色)[的]",
        f"{_OF}[那{{m}}]{{k}}[的]颜色(是什么|是哪种|是啥|怎么样)", "{k}(什么|啥)(颜色|色)[的]",
        "(说|讲|告诉我)[一下]{k}的颜色", f"[你]能看出{_OF}{{k}}是什么颜色吗", "{k}[身上]是哪种颜色",
    ),
    "count_kind": (
        f"{_LOOK}{_IN}[一共|总共|共](有|能{_SEE}|可以{_SEE})(几|多少){{m}}{{k}}",
        f"(数数|数一数|数一下|数数看|帮我数|帮忙数数|算算){_IN}[有](几|多少){{m}}{{k}}",
        f"{_OF}{{k}}[一共|总共|共](有|是)(几|多少){{m}}[呢]", f"(数数|数一下|数一数|点一下){_OF}{{k}}",
        "{k}的(数量|个数)[是](多少|几)", f"[你]{_SEE}了(几|多少){{m}}{{k}}",
    ),
    "count_color": (
        f"{_LOOK}{_IN}[一共|总共](有|能{_SEE})(几|多少)(个|样|件){{c}}的[东西|物品]",
        f"(数数|数一数|数一下|帮我数|算算){_IN}[有](几|多少)(个|样){{c}}的[东西|物品]",
        f"{_OF}{{c}}的[东西|物品][一共|总共]有(几|多少)(个|样|件)[呢]", "{c}的(东西|物品)(数量|个数)是多少",
    ),
    "count_pair": (
        f"{_LOOK}{_IN}[一共|总共](有|能{_SEE})(几|多少){{m}}{{n}}",
        f"(数数|数一数|数一下|帮我数|算算){_IN}[有](几|多少){{m}}{{n}}",
        f"{_OF}{{n}}[一共|总共]有(几|多少){{m}}[呢]", f"(数数|数一下|数一数){_OF}{{n}}",
    ),
    "count_all": (
        f"{_LOOK}{_IN}[一共|总共](有|能{_SEE}|摆了|画了)(几|多少)(个|样|件)(东西|物品)",
        f"(数数|数一数|数一下|数数看|帮我数|算算){_IN}[一共|总共]有(几|多少)(个|样|件)(东西|物品)",
        f"{_OF}[所有|全部]东西[加起来|加在一起|合起来][一共|总共]有(几|多少)(个|样|件)", "东西(一共|总共|总数)是多少",
    ),
    "where": (
        f"{_LOOK}{_OF}{{n}}(在|位于|处于|是在|放在|摆在)[图的|画面的|图片的|图里的]{_WHERE}",
        f"{_LOOK}{_IN}{_WHERE}[能]有{{n}}", f"[你](能{_SEE}{{n}}吗|能不能{_SEE}{{n}})[，][它]在{_WHERE}",
        "(指出|说出|告诉我|说一下|找出|讲讲){n}(的位置|在哪|在哪里|所在的地方|的方位)",
        f"(找|找找|找一下|帮我找|帮忙找){{n}}[看它][在{_WHERE}]", "{n}的(位置|方位|所在)(是|在)(哪里|哪儿|哪)",
    ),
    "yesno": (
        f"{_LOOK}{_IN}(有没有|是不是有|是否有|有无|存不存在|可有){{n}}",
        f"{_IN}[你](能{_SEE}|看得到|看得见|找得到|存在|有|出现了|画了){{n}}(吗|没有|没|不)", f"[你]{_SEE}{_OF}{{n}}了(吗|没有|没)",
    ),
    "is_side": (
        f"{_LOOK}{_OF}{{a}}(是不是|是否|是|算不算)(在|位于|处于){{b}}[的]{{s}}[吗|呢]",
        "{a}(在|位于|处于)[不在]{b}[的]{s}(吗|对吗|对不对|是吗|没错吧)", "(判断|确认)[一下]{a}是不是(在|位于){b}[的]{s}",
        "{b}[的]{s}(是|有|是不是)[那个]{a}[吗]",
    ),
    "which_side": (
        f"{_LOOK}{_OF}{{a}}(在|位于|处于){{b}}的(哪边|哪一边|哪一侧|哪侧|哪个方向|什么方向|什么方位|哪一面)",
        "(从|以|站在){b}[那里|那儿|的位置](看|来看|看过去)[，]{a}在(哪边|哪一边|哪侧|哪个方向|什么方位)",
        "{a}(相对|相对于|对){b}(在|来说在)(哪边|哪侧|哪个方向|什么方向)",
    ),
    "which_more": (
        "{a}(和|跟|与|同){b}(比|相比|比起来|哪一个|谁)[，](哪个|谁)[更|比较](靠|偏){d}[一些|一点|点]",
        "[更|比较](靠|偏){d}[一些|一点]的是{a}还是{b}", "(哪个|谁)[更](靠|偏){d}[，]{a}还是{b}", "{a}和{b}[，](哪个|谁)在[更]{d}边",
    ),
    "empty": (
        f"{_LOOK}{_IN}(有|画了|画着|{_SEE}了|能{_SEE})(什么|什么东西|啥|些什么)", "[你]看(见|到)了(什么|啥)", "(描述一下|介绍一下|讲讲)这张图",
    ),
    "describe": (
        f"{_LOOK}{_IN}[都](有|画了|摆了)(什么|什么东西|啥|哪些东西|些什么)", "(描述一下|介绍一下|描述|讲讲|说说)(这张图|图片|画面)[的内容|里的东西]",
        f"[你][都]{_SEE}了(什么|什么东西|哪些东西|啥)", "把(看到|图里)的(东西)[都](说一遍|讲一遍|报一遍)",
    ),
}  # fmt: skip
_COMPILED: dict[str, tuple[Phrase, ...]] = {name: tuple(map(compile_phrase, ways)) for name, ways in WAYS.items()}
_WAYS_SHARE = 0.5


def _worded(rng: random.Random, name: str, slots: dict[str, str]) -> str:
    """A question from the grammars of a kind, never one of the evaluation."""
    held_out = {sentence.format(**slots).rstrip("。？") for sentence in CHINESE[name]["eval"]}
    while True:
        text = rng.choice(_COMPILED[name]).text(rng, slots)
        if text not in held_out:
            return text + rng.choice("？？？。")


def phrase(rng: random.Random, split: Split, phrases: dict[str, Phrases], name: str, **slots: str) -> str:
    """A question with its slots filled; Chinese ones get an opening now and then and may lose their mark."""
    if phrases is CHINESE and split == "train" and rng.random() < _WAYS_SHARE:
        text = _worded(rng, name, slots)
    else:
        text = rng.choice(phrases[name][split]).format(**slots)
    if phrases is ENGLISH:
        return text
    text = rng.choice(CALLS if phrases is REFERENCES else OPENINGS) + text
    return text.rstrip("。？") if rng.random() < 0.15 else text
