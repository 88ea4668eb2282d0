"""What cannot be understood is asked for again; what cannot be known is said not to be known. No guessing."""

from __future__ import annotations

import random
from typing import Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import dialogues, strings, tools_corpus
from autoglm_agent.training.text.phrases import belongs, phrases
from autoglm_agent.training.text.strings import pick

_AGAIN: Final = (
    "不好意思，我没听清，请再说一遍。", "不好意思，我没听清，请再说一遍。", "抱歉，没听清，请再说一遍。",
    "对不起，我没听懂，请再说一遍。",
)
_AGAIN_TYPED: Final = ("不好意思，我没看懂，请再说一遍。", "抱歉，我没明白，请再说一遍。")
AGAIN_KEY: Final = [["再说一遍"]]
_FILLERS: Final = "嗯 啊 呃 哦 唔 额 那个 这个 哎 呀 嘛 诶 喔 咳 呵 哈 就是 然后 噢 唉".split()
_KEYS: Final = "abcdefghijklmnopqrstuvwxyz0123456789;'[],./"
_CLIPPED: Final = phrases(
    "把那个", "我想要那", "帮我把", "请你去把", "如果说", "因为那个", "就是说那个", "你能不能把", "关于", "然后那个",
)
_RARE: Final = "的是了不一有在这那么就得着过吗呢吧啊也都和与及或但而且因所以为被把从到对于向给"


def noise(rng: random.Random, split: Split) -> str:
    """A transcript of noise: soup of characters, a repeated syllable, sounds of hesitation, or nothing at all."""
    for _ in range(100):
        text = _raw_noise(rng)
        if not text or len(text) < 3 or belongs(text, split):
            return text
    return strings.chars(rng, 4, 8)


def _raw_noise(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.08:
        return ""
    if draw < 0.12:
        return "".join(pick(rng, _RARE) for _ in range(1 + int(rng.random() * 4)))
    if draw < 0.17:
        sound = (strings.message(rng) + strings.deed(rng)).replace("，", "")
        return "".join(char if rng.random() < 0.3 else strings.chars(rng, 1, 1) for char in sound)
    if draw < 0.27:
        return "".join(pick(rng, _FILLERS) for _ in range(1 + int(rng.random() * 4)))
    if draw < 0.37:
        return strings.chars(rng, 1, 2, 1500) * (2 + int(rng.random() * 4))
    if draw < 0.5:
        return "".join(strings.chars(
            rng, 1, 1, 2500,
        ) + (pick(rng, _RARE) if rng.random() < 0.5 else "") for _ in range(3 + int(rng.random() * 5)))
    if draw < 0.6:
        return "".join(pick(rng, _FILLERS) + strings.chars(rng, 1, 2, 2000) for _ in range(1 + int(rng.random() * 3)))
    return strings.chars(rng, 2 if draw < 0.7 else 4, 14, 2900 if draw < 0.9 else 600)


def repeat_request(rng: random.Random, split: Split) -> Sample:
    """Noise in, a request to repeat out; also after a sensible turn, also beside tools."""
    if rng.random() < 0.12:
        text = "".join(pick(rng, _KEYS) for _ in range(4 + int(rng.random() * 10)))
        user = Message(role="user", text=text)
        reply = pick(rng, _AGAIN_TYPED)
    elif rng.random() < 0.1:
        user = Message(role="user", text=_CLIPPED.text(rng, split), spoken=True)
        reply = pick(rng, _AGAIN)
    else:
        user = Message(role="user", text=noise(rng, split), spoken=rng.random() < 0.85)
        reply = pick(rng, _AGAIN)
    before = dialogues.filler(rng, split, spoken=True) if rng.random() < 0.15 else ()
    answer = Message(
        role="assistant", text=reply,
        reasoning=pick(rng, ("听不出意思，请用户再说。", "这句话没有意思，请再说一遍。")),
    )
    tools = tools_corpus.some_tools(rng) if rng.random() < 0.25 else ()
    messages = (*dialogues.system(rng, 0.15), *before, user, answer)
    return Sample(task="repeat_request", messages=messages, tools=tools, answer=AGAIN_KEY)


_SUBJECTS: Final = phrases(
    "{p}(是谁|是哪国人|生于哪年|写过什么书|拍过什么电影)", "{c}(有多少人口|的市长是谁|有几所大学|的面积多大)",
    "(谁|哪国人)发明了{i}", "{t}是(什么意思|怎么回事)", "(介绍|讲讲){t}的历史",
    "{c}到{d}(有多远|多少公里)", "{p}(和|跟){q}是什么关系", "(昨天|今天)(谁赢了比赛|有什么新闻|股票涨了吗)",
    "{y}年(发生了什么|谁是冠军)", "世界上最(高|大|长|深|老)的{i}(是什么|在哪)", "{t}的(原理|公式)是什么",
    "(怎么|如何)(治疗|预防)(感冒|失眠|头疼|过敏)", "{s}是谁(唱|写)的", "{p}的(电话|地址)是多少", "你(知道|认识){p}吗",
    "(听说过|听过){p}吗", "(认不认识|知不知道|了不了解){p}", "{p}(今年多大|住在哪|长什么样|结婚了吗)", "你(见过|了解){p}吗",
    "(谁是|说说|介绍一下){p}", "{c}的(天气|历史|美食)(你知道|你了解)吗", "(知道|认识)(我的)(老师|邻居|同学){p}吗",
)
_UNKNOWN: Final = ("这个我不知道。", "抱歉，这个我不知道。", "不好意思，我不知道。", "我是小模型，这个我不知道。")


def unknown(rng: random.Random, split: Split) -> Sample:
    """A question beyond its small world: it says that it does not know."""
    values = {
        "p": strings.draw(strings.full_name, rng, split), "q": strings.full_name(rng),
        "c": strings.draw(strings.city, rng, split),
        "d": strings.city(rng), "i": strings.item(rng), "t": strings.chars(rng, 2, 4, 1500), "s": strings.song(rng),
        "y": "".join(pick(
            rng, "零一二三四五六七八九",
        ) for _ in range(4)) if rng.random() < 0.5 else str(1000 + int(rng.random() * 1025)),
    }
    user = dialogues.said_by_user(rng, _SUBJECTS.text(rng, split, values), spoken=rng.random() < dialogues.SPOKEN_SHARE)
    answer = Message(role="assistant", text=pick(rng, _UNKNOWN), reasoning="我不知道，如实说。")
    return Sample(task="unknown", messages=(*dialogues.system(rng, 0.15), user, answer), answer=[["不知道"]])
