"""Dialogues without tools: identity, manners, feelings, facts of the toy world, and small talk over several turns."""

from __future__ import annotations

import random
from typing import Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text.identity import TALKS, Talk
from autoglm_agent.training.text.phrases import PhraseSet, is_sayable, phrases, said
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.toy_world import ANIMALS, THINGS

SPOKEN_SHARE: Final = 0.5
_ASKS: Final = ("who", "what", "how", "may", "could", "can", "are", "is ")

_SYSTEMS: Final = (
    "你是AutoGLM。", "你是AutoGLM，一个语音助手。", "你是一个有用的助手。", "请用中文简短回答。",
    "You are a helpful assistant.", "你是家里的助手。",
)
_CUMULATIVE: Final = tuple(sum(talk.weight for talk in TALKS[: index + 1]) for index in range(len(TALKS)))
_MANNERS: Final = tuple(talk for talk in TALKS if not talk.english and talk.task not in (
    "identity", "unknown", "blame", "farewell",
))


def said_by_user(rng: random.Random, text: str, *, spoken: bool) -> Message:
    """A user message; typed ones now and then end with a mark, spoken ones have none."""
    if spoken and is_sayable(text):
        return Message(role="user", text=said(text), spoken=True)
    if text[-1] not in "？！。?.!，" and rng.random() < 0.4:
        latin = text[-1].isascii() and text[-1].isalpha()
        asks = any(word in text for word in ("什么", "谁", "吗", "几", "多少", "哪", "怎么", "呢"))
        text += ("?" if text.lower().startswith(_ASKS) else "") if latin else "？" if asks else pick(rng, ("。", "！"))
    return Message(role="user", text=text)


def system(rng: random.Random, share: float = 0.25) -> tuple[Message, ...]:
    """A system prompt, in a part of the samples."""
    return (Message(role="system", text=pick(rng, _SYSTEMS)),) if rng.random() < share else ()


def a_talk(rng: random.Random) -> Talk:
    """One kind of remark by weight."""
    return rng.choices(TALKS, cum_weights=_CUMULATIVE)[0]


def exchange(rng: random.Random, split: Split, talk: Talk, *, spoken: bool) -> tuple[Message, Message]:
    """A remark and the reply."""
    text = talk.say.text(rng, split)
    if talk.english and rng.random() < 0.6:
        text = text[0].upper() + text[1:]
    reply = Message(role="assistant", text=pick(rng, talk.replies), reasoning=talk.reasoning)
    return said_by_user(rng, text, spoken=spoken), reply


def single_turn(rng: random.Random, split: Split) -> Sample:
    """One remark, one reply."""
    if rng.random() < 0.25:
        return fact(rng, split)
    talk = a_talk(rng)
    messages = exchange(rng, split, talk, spoken=rng.random() < SPOKEN_SHARE)
    return Sample(task=talk.task, messages=(*system(rng), *messages), answer=talk.answer)


_EATS: Final = phrases(
    "{x}吃什么[呀|呢]", "{x}(爱吃|喜欢吃|平时吃|主要吃|都吃|一般吃)什么", "{x}的食物是什么", "你知道{x}吃什么吗",
    "请问{x}吃什么", "(告诉我|说说){x}吃什么", "{x}吃(啥|些什么)", "拿什么喂{x}",
    "{x}靠吃什么(生活|活着)", "什么东西是{x}爱吃的", "{x}饿了吃什么",
)
_LIVES: Final = phrases(
    "{x}住在(哪里|哪儿|哪)", "{x}(生活在|待在)(哪里|哪儿|什么地方)", "{x}的家在(哪里|哪儿)",
    "(在哪里|在哪儿|哪里)能(看到|见到|找到){x}", "{x}在(哪里|什么地方)(生活|住)", "你知道{x}住哪吗", "请问{x}住哪",
    "{x}一般住(哪|哪儿)",
)
_CALLS: Final = phrases(
    "{x}怎么叫", "{x}(的|)叫声(是什么|是什么样的|是怎样的|像什么)", "学一下{x}叫", "{x}是怎么叫的",
    "{x}(会|)发出什么声音", "你会学{x}叫吗", "会不会学{x}叫", "{x}叫起来(是什么声音|什么样)",
)
_LEGS: Final = phrases(
    "{x}有几(条|只)(腿|脚)", "{x}(几条腿|几只脚)", "{x}有多少(条腿|只脚)", "你知道{x}有几条腿吗", "请问{x}有几条腿",
    "数数{x}有几条腿",
)
_TRAITS: Final = phrases(
    "{x}有什么(特点|特征|本领)", "{x}(长什么样|是什么样的)", "(说说|介绍一下|讲讲){x}", "{x}有什么(特别|不一样)[的]",
    "(给我|)讲讲{x}的特点", "{x}是(什么样的|怎样的)动物",
)
_WHO: Final = phrases(
    "什么动物{x}", "哪种动物{x}", "你知道什么动物{x}吗", "请问什么动物{x}", "{x}的是什么动物", "猜一猜，什么动物{x}",
    "说一个{x}的动物",
)
_KIND: Final = phrases(
    "{x}是(什么|什么东西|哪一类)", "{x}(属于|算)什么[类]", "{x}是哪类东西", "你知道{x}是什么吗", "请问{x}是什么",
    "什么是{x}",
)
_COLOR: Final = phrases(
    "{x}是什么颜色[的]", "{x}(的|)颜色(是什么|是啥)", "你知道{x}是什么颜色吗", "请问{x}是什么颜色", "{x}什么颜色",
    "{x}(一般|通常)是什么颜色",
)
_USE: Final = phrases(
    "{x}(有什么用|是干什么用的|是做什么的|能干什么|用来做什么)", "{x}(的|)用处是什么", "我们用{x}(做什么|干什么)",
    "{x}是拿来干嘛的", "要{x}(干什么|有什么用)",
)


def fact(rng: random.Random, split: Split) -> Sample:
    """A question on an animal or a thing, answered from the tables."""
    say, values, reply, key, why = _animal_fact(rng) if rng.random() < 0.65 else _thing_fact(rng)
    user = said_by_user(rng, say.text(rng, split, values), spoken=rng.random() < SPOKEN_SHARE)
    answer = Message(role="assistant", text=reply, reasoning=why)
    return Sample(task="fact", messages=(*system(rng, 0.15), user, answer), answer=[[key]])


def _animal_fact(rng: random.Random) -> tuple[PhraseSet, dict[str, str], str, str, str]:
    animal = ANIMALS[int(rng.random() * len(ANIMALS))]
    name = {"x": animal.name}
    draw = rng.random()
    if draw < 0.4:
        return _EATS, name, f"{animal.name}吃{animal.eats}。" if animal.eats != "什么都吃" else f"{animal.name}什么都吃。", animal.eats, f"问{animal.name}吃什么。"
    if draw < 0.55:
        return _LIVES, name, f"{animal.name}住在{animal.lives}。", animal.lives, f"问{animal.name}住哪。"
    if draw < 0.68 and animal.call and "没" not in animal.call and "说话" not in animal.call:
        return _CALLS, name, f"{animal.name}的叫声是{animal.call}。", animal.call, f"问{animal.name}怎么叫。"
    if draw < 0.76 and animal.legs:
        return _LEGS, name, f"{animal.name}有{animal.legs}条腿。", animal.legs, f"问{animal.name}几条腿。"
    same = [other.name for other in ANIMALS if other.trait == animal.trait]
    if draw < 0.86 and len(same) == 1:
        return _WHO, {"x": animal.trait}, f"是{animal.name}。", animal.name, f"{animal.trait}的是{animal.name}。"
    return _TRAITS, name, f"{animal.name}{_joined(animal.trait)}。", animal.trait, f"问{animal.name}的特点。"


def _joined(trait: str) -> str:
    return "的特点是" + trait


def _thing_fact(rng: random.Random) -> tuple[PhraseSet, dict[str, str], str, str, str]:
    thing = THINGS[int(rng.random() * len(THINGS))]
    name = {"x": thing.name}
    draw = rng.random()
    if draw < 0.35 and thing.color:
        return _COLOR, name, f"{thing.name}一般是{thing.color}的。", thing.color, f"问{thing.name}的颜色。"
    if draw < 0.7 and thing.use:
        return _USE, name, f"{thing.name}是用来{thing.use}的。", thing.use, f"问{thing.name}的用处。"
    article = "" if thing.kind in ("天气", "自然", "天体", "植物") else "一种"
    kind = {"天气": "一种天气", "自然": "大自然的一部分"}.get(thing.kind, article + thing.kind)
    return _KIND, name, f"{thing.name}是{kind}。", kind, f"问{thing.name}是什么。"


def chat(rng: random.Random, split: Split) -> Sample:
    """Small talk over two to four turns."""
    spoken = rng.random() < SPOKEN_SHARE
    messages: list[Message] = []
    task, answer = "smalltalk", None
    for _ in range(2 + int(rng.random() * 3)):
        if rng.random() < 0.25:
            asked = fact(rng, split)
            *_, user, reply = asked.messages
            messages += [Message(role="user", text=said(user.text), spoken=True) if spoken else user, reply]
            task, answer = "fact", asked.answer
        else:
            talk = a_talk(rng)
            messages += exchange(rng, split, talk, spoken=spoken)
            task, answer = talk.task, talk.answer
    return Sample(task=task, messages=(*system(rng), *messages), answer=answer)


def filler(rng: random.Random, split: Split, *, spoken: bool) -> tuple[Message, Message]:
    """A harmless exchange to stand between other turns."""
    return exchange(rng, split, _MANNERS[int(rng.random() * len(_MANNERS))], spoken=spoken)
