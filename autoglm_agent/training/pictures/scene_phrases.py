"""How users ask about scenes. The sentences of the two splits are disjoint; openings may be shared.

Slots: {r} region, {k} kind, {c} colour such as 红色, {n} colour and kind, {m} measure word, {a} and {b} two things.
"""

from __future__ import annotations

import random

from autoglm_agent.training.sample import Split

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


def phrase(rng: random.Random, split: Split, phrases: dict[str, Phrases], name: str, **slots: str) -> str:
    """A question with its slots filled; Chinese ones get an opening now and then and may lose their mark."""
    text = rng.choice(phrases[name][split]).format(**slots)
    if phrases is ENGLISH:
        return text
    text = rng.choice(CALLS if phrases is REFERENCES else OPENINGS) + text
    return text.rstrip("。？") if rng.random() < 0.15 else text
