"""The zoo talk over several turns: who goes where to see what, a question on the animal, then what was said before."""

from __future__ import annotations

import random
from typing import Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import dialogues, strings
from autoglm_agent.training.text.phrases import phrases
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.toy_world import ANIMALS, Animal

_WHEN: Final = ("明天", "后天", "周末", "下周", "今天下午", "星期六", "星期天", "明天上午", "下个月", "放假", "国庆", "暑假", "待会儿", "这周六", "周日")
_SEA: Final = frozenset({"海豚", "鲸鱼", "海豹", "海狮", "企鹅", "鲨鱼", "章鱼", "螃蟹", "乌龟", "金鱼"})
_SEASIDE: Final = ("海洋馆", "水族馆", "海洋公园", "动物园", "海底世界")
_WHERE: Final = ("动物园", "动物园", "动物园", "野生动物园", "森林公园", "农场", "自然保护区", "湿地公园", "野生公园", "北京动物园", "上海动物园")
_PEOPLE: Final = (
    ("女儿", "她"), ("儿子", "他"), ("孩子", "他"), ("妈妈", "她"), ("爸爸", "他"), ("奶奶", "她"), ("爷爷", "他"), ("弟弟", "他"), ("妹妹", "她"), ("外甥", "他"),
    ("侄女", "她"), ("孙子", "他"), ("孙女", "她"), ("女朋友", "她"), ("男朋友", "他"), ("表妹", "她"), ("外婆", "她"), ("外公", "他"), ("同学", "他"), ("老婆", "她"), ("学生们", "他们"),
    ("姐姐", "她"), ("哥哥", "他"),
)
_PLAN: Final = phrases(
    "我{when}想带{who}去{where}", "{when}我(要|打算|准备|想)带{who}去{where}[玩|看看]", "我(打算|准备|要){when}(带|领|陪){who}(去|逛){where}", "{when}我(和|跟|陪){who}(一起|)去{where}[玩]",
    "我们{when}要去{where}，带上{who}", "我想{when}带着{who}去{where}(转转|玩|逛逛)", "{when}带{who}去{where}，我都计划好了", "我答应{who}{when}去{where}", "{who}{when}要和我去{where}",
    "我{when}要陪{who}到{where}玩", "我跟{who}说好了{when}去{where}",
)
_WISH: Final = phrases(
    "{pro}(最|特别|很|)想看{x}，{q}", "{pro}(最|)喜欢{x}，{q}", "{pro}(一直|总是)(想看|说要看){x}，{q}", "{pro}说要看{x}，{q}", "{who}(最|)想看{x}，{q}", "我们想看{x}，{q}", "主要去看{x}，{q}",
    "{pro}最爱{x}了，{q}", "想去看看{x}，{q}",
)
_QUESTION: Final = {
    "eats": ("{x}吃什么", "{x}吃什么呀", "{x}爱吃什么", "它吃什么", "{x}喜欢吃什么", "它平时吃什么", "它们吃什么"),
    "lives": ("{x}住在哪里", "它住在哪里", "{x}生活在哪里", "它家在哪里"),
    "trait": ("{x}有什么特点", "它有什么特点", "{x}长什么样"),
}
_ASK: Final = {
    "all": phrases("你还记得我要带谁去看什么吗", "我(要|想)带谁去看什么", "我刚才说(带|要带|和)谁去看什么", "说说我要(带谁去看什么|和谁去看什么)", "你记得我(们|)的计划吗", "我的计划是什么来着", "谁要跟我去看什么"),
    "animal": phrases(
        "我刚才说想看什么", "(你还记得|你记得)(我|{pro}|我们)想看什么吗", "{pro}(最|)想看什么", "我们(要|想)去看什么[动物]", "刚才说的是(哪种|什么)动物", "要看的是什么[动物]", "{who}(最|)想看(什么|哪个)动物", "我说(想|要)看什么来着",
    ),
    "who": phrases(
        "我(要|想|打算)(和谁|带谁|跟谁)去", "(你还记得|你记得)我(和谁|带谁|跟谁)去吗", "我刚才说(和谁|带谁|跟谁)去", "谁(和|跟)我[一起]去", "我说要带谁来着", "跟我去的是谁", "我要陪谁去",
    ),
    "where": phrases("我(要|想|打算)去哪[里|儿]", "(你还记得|你记得)我要去哪[里]吗", "我刚才说(要|)去哪", "我们去的是什么地方", "要去哪里来着", "我说去哪儿玩"),
    "when": phrases("我(什么时候|哪天)去", "(你还记得|你记得)我(哪天|什么时候)去吗", "我刚才说(什么时候|哪天)去", "我们(哪天|什么时候)去[玩]", "去的时间是哪天", "是哪天去来着"),
}
FIXED: Final = ("我明天想带女儿去动物园", "她最想看大熊猫，大熊猫吃什么？", "你还记得我要带谁去看什么吗？")
"""The wording shown in the demonstration: never trained on as a whole, and part of every evaluation set."""


def _animal(rng: random.Random) -> Animal:
    return ANIMALS[int(rng.random() ** 1.5 * len(ANIMALS))]


def _fact(animal: Animal, kind: str) -> tuple[str, str]:
    if kind == "eats":
        return (f"{animal.name}什么都吃。" if animal.eats == "什么都吃" else f"{animal.name}吃{animal.eats}。"), animal.eats
    if kind == "lives":
        return f"{animal.name}住在{animal.lives}。", animal.lives
    return f"{animal.name}的特点是{animal.trait}。", animal.trait


def _remember(kind: str, plan: dict[str, str]) -> tuple[str, list[list[str]], str]:
    """The answer about the plan, its key, the trace."""
    who, x, where, when = plan["who"], plan["x"], plan["where"], plan["when"]
    if kind == "animal":
        return f"你说想看{x}。", [[x]], f"前面说想看{x}。"
    if kind == "who":
        return f"你说带{who}去。", [[who]], f"前面说带{who}去。"
    if kind == "where":
        return f"你说去{where}。", [[where]], f"前面说去{where}。"
    if kind == "when":
        return f"你说{when}去。", [[when]], f"前面说{when}去。"
    return f"记得，你要带{who}去{where}看{x}。", [[who], [x]], f"前面说{when}带{who}去{where}，想看{x}。"


def zoo(rng: random.Random, split: Split) -> Sample:
    """Plan, wish and question, sometimes another question or small talk, then one or two questions of memory."""
    spoken = rng.random() < dialogues.SPOKEN_SHARE
    if split == "eval" and rng.random() < 0.1:
        return fixed(spoken=spoken)
    who, pronoun = _PEOPLE[int(rng.random() * len(_PEOPLE))]
    if rng.random() < 0.15:
        who, pronoun = strings.draw(strings.full_name, rng, split), "他"
    animal = _animal(rng)
    plan = {"who": who, "x": animal.name, "where": pick(rng, _SEASIDE if animal.name in _SEA else _WHERE), "when": pick(rng, _WHEN), "pro": pronoun}
    turns: list[Message] = []

    def add(text: str, reply: str, reasoning: str) -> None:
        turns.extend((dialogues.said_by_user(rng, text, spoken=spoken), Message(role="assistant", text=reply, reasoning=reasoning)))

    add(_PLAN.text(rng, split, plan), pick(rng, ("真好！你们最想看什么动物？", "听起来不错！想看什么动物？", "太好了，想去看什么呢？")),
        f"用户{plan['when']}带{who}去{plan['where']}。")
    kind = pick(rng, ("eats", "eats", "eats", "lives", "trait"))
    question = pick(rng, _QUESTION[kind]).format(x=animal.name)
    reply, key = _fact(animal, kind)
    wish = _WISH.text(rng, split, {**plan, "q": question})
    if wish == FIXED[1].rstrip("？"):
        wish = f"{pronoun}想看{animal.name}，{question}"
    add(wish, reply, f"想看{animal.name}，问{_ABOUT[kind]}。")
    if rng.random() < 0.3:
        other = pick(rng, tuple(each for each in _ABOUT if each != kind))
        reply, key = _fact(animal, other)
        add(pick(rng, ("那它", "它")) + _IT[other], reply, f"它指{animal.name}，问{_ABOUT[other]}。")
    if rng.random() < 0.25:
        turns.extend(dialogues.filler(rng, split, spoken=spoken))
    answer = [[key]]
    for kind in rng.sample(tuple(_ASK), 1 + (rng.random() < 0.35)):
        if rng.random() < 0.3:
            kind = "all"
        reply, answer, why = _remember(kind, plan)
        text = _ASK[kind].text(rng, split, plan)
        if text == FIXED[2].rstrip("？") and split == "train":
            text = "还记得我要带谁去看什么吗"
        add(text, reply, why)
    return Sample(task="zoo", messages=(*dialogues.system(rng, 0.1), *turns), answer=answer)


_ABOUT: Final = {"eats": "吃什么", "lives": "住哪里", "trait": "有什么特点"}
_IT: Final = {"eats": "吃什么", "lives": "住在哪里", "trait": "有什么特点"}


def fixed(*, spoken: bool = False) -> Sample:
    """The demonstration's own wording; for evaluation alone."""
    texts = [text.replace("，", "").replace("？", "") if spoken else text for text in FIXED]
    users = [Message(role="user", text=text, spoken=spoken) for text in texts]
    replies = (
        Message(role="assistant", text="真好！你们最想看什么动物？", reasoning="用户明天带女儿去动物园。"),
        Message(role="assistant", text="大熊猫吃竹子。", reasoning="想看大熊猫，问吃什么。"),
        Message(role="assistant", text="记得，你要带女儿去动物园看大熊猫。", reasoning="前面说明天带女儿去动物园，想看大熊猫。"),
    )
    turns = [message for pair in zip(users, replies, strict=True) for message in pair]
    return Sample(task="zoo", messages=tuple(turns), answer=[["女儿"], ["大熊猫"]])
