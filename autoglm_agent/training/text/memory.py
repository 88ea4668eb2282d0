"""Dialogues with memory: the user tells facts about himself, and asks for one of them some turns later."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import dialogues, numerals, strings
from autoglm_agent.training.text.phrases import PhraseSet, phrases
from autoglm_agent.training.text.strings import pick


class Fact(NamedTuple):
    """A kind of fact: how it is told, acknowledged, asked for and answered."""

    key: str
    make: Callable[[random.Random], str]
    tell: PhraseSet
    replies: tuple[str, ...]
    ask: PhraseSet
    answer: str
    label: str


def _number(low: int, high: int) -> Callable[[random.Random], str]:
    def make(rng: random.Random) -> str:
        return numerals.say_int(low + int(rng.random() * (high - low + 1)))

    return make


def _birthday(rng: random.Random) -> str:
    return f"{numerals.say_int(1 + int(rng.random() * 12))}月{numerals.say_int(1 + int(rng.random() * 28))}号"


def _from(words: str) -> Callable[[random.Random], str]:
    items = tuple(words.split())
    return lambda rng: pick(rng, items)


def _nickname(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.3:
        return pick(rng, ("小", "大", "阿")) + strings.chars(rng, 1, 1, 900)
    return strings.chars(rng, 1, 1, 700) * 2 if draw < 0.5 else strings.chars(rng, 2, 2, 1500)


_JOBS: Final = "老师 医生 护士 司机 厨师 程序员 工程师 设计师 警察 消防员 律师 会计 画家 农民 记者 演员 歌手 翻译 教练 店员 木匠 电工 飞行员 导游 编辑 学生 理发师"
_HOBBIES: Final = "游泳 爬山 画画 唱歌 跳舞 下棋 看书 钓鱼 跑步 打篮球 踢足球 打羽毛球 弹钢琴 弹吉他 养花 做饭 摄影 骑车 滑雪 写字 种菜 打太极 看电影 旅行 打乒乓球 集邮"
_COLORS: Final = "红色 蓝色 绿色 黄色 白色 黑色 紫色 橙色 粉色 灰色 棕色 金色 银色 天蓝色 米色 墨绿色"
_CARS: Final = "三楼 四号楼 地下二层 公司楼下 东门 西门 北区 南区 超市旁边 医院门口 路口 学校后面 小区门口 桥下"

FACTS: Final[tuple[Fact, ...]] = (
    Fact("name", strings.full_name, phrases(
        "我叫{x}", "我的名字(叫|是){x}", "你好，我(是|叫){x}", "(请|)记住，我叫{x}", "我是{x}", "(可以|你可以|请)叫我{x}", "认识一下，我叫{x}", "大家都叫我{x}", "本人{x}", "我姓名是{x}", "你就叫我{x}吧",
    ), ("你好，{x}！", "{x}，很高兴认识你！", "记住了，你叫{x}。"), phrases(
        "我叫什么[名字]", "你(还|)记得我(叫什么|的名字)吗", "我(的名字|名字)(是什么|叫什么)", "我是谁", "你知道我叫什么吗", "说说我的名字", "你应该怎么叫我", "还记得我是谁吗", "我刚才说我叫什么",
    ), "你叫{x}。", "名字"),
    Fact("age", _number(3, 89), phrases(
        "我(今年|)(有|){x}岁[了]", "我{x}岁", "我的年龄是{x}岁", "我今年{x}了", "我(已经|刚满){x}岁[了]", "告诉你，我{x}岁", "我年纪是{x}岁",
    ), ("好的，你{x}岁。", "知道了，你今年{x}岁。"), phrases(
        "我(几岁|多大)[了]", "我(今年|)多少岁", "你(还|)记得我(几岁|多大|的年龄)吗", "我的年龄是多少", "我刚才说我几岁", "我多大年纪", "知道我多大吗",
    ), "你{x}岁。", "年龄"),
    Fact("color", _from(_COLORS), phrases(
        "我(最|)喜欢{x}", "我(最|)喜欢的颜色是{x}", "{x}是我最喜欢的颜色", "我爱{x}", "颜色里我最喜欢{x}", "所有颜色里我最爱{x}", "我偏爱{x}",
    ), ("记住了，你喜欢{x}。", "{x}很好看。"), phrases(
        "我(最|)喜欢什么颜色", "我(最|)喜欢的颜色是什么", "你(还|)记得我喜欢什么颜色吗", "我刚才说喜欢什么颜色", "什么颜色是我最喜欢的", "猜猜我喜欢的颜色，我说过的",
    ), "你喜欢{x}。", "喜欢的颜色"),
    Fact("pet", lambda rng: _nickname(rng), phrases(
        "我(家|)的(猫|小猫)叫{x}", "我养了一只猫叫{x}", "我有(一只|只)(猫|小猫)，(叫|名字叫){x}", "我家猫(名字是|叫){x}", "我的猫咪名叫{x}", "家里的猫叫{x}",
    ), ("{x}，真可爱的名字！", "记住了，你的猫叫{x}。"), phrases(
        "我的(猫|小猫|猫咪)叫什么", "你(还|)记得我的猫叫什么吗", "我(家|)猫(叫什么名字|的名字是什么)", "我刚才说我的猫叫什么", "我家的猫叫什么来着", "说说我家猫的名字",
    ), "你的猫叫{x}。", "猫的名字"),
    Fact("dog", lambda rng: _nickname(rng), phrases(
        "我(家|)的(狗|小狗)叫{x}", "我养了一条狗叫{x}", "我有(一条|条|一只)狗，(叫|名字叫){x}", "我家狗(名字是|叫){x}", "我的狗狗名叫{x}", "家里的狗叫{x}",
    ), ("{x}，好名字！", "记住了，你的狗叫{x}。"), phrases(
        "我的(狗|小狗|狗狗)叫什么", "你(还|)记得我的狗叫什么吗", "我(家|)狗(叫什么名字|的名字是什么)", "我刚才说我的狗叫什么", "我家的狗叫什么来着", "说说我家狗的名字",
    ), "你的狗叫{x}。", "狗的名字"),
    Fact("city", strings.city, phrases(
        "我住在{x}", "我(家|)在{x}", "我是{x}人", "我来自{x}", "我现在住{x}", "我家住{x}", "我从{x}来", "我在{x}生活",
    ), ("{x}是个好地方！", "好的，你在{x}。"), phrases(
        "我住在哪[里|儿]", "我(是哪里人|家在哪)", "你(还|)记得我(住哪|在哪里)吗", "我刚才说我在哪里", "我在哪个地方", "我从哪里来", "知道我住哪吗",
    ), "你在{x}。", "住的地方"),
    Fact("job", _from(_JOBS), phrases(
        "我是(一名|个|一个|){x}", "我的(工作|职业)是{x}", "我(在|)当{x}", "我做{x}(的|)工作", "我工作是{x}", "我是做{x}的",
    ), ("{x}很了不起！", "知道了，你是{x}。"), phrases(
        "我是做什么的", "我的(工作|职业)是什么", "你(还|)记得我(是做什么的|的工作)吗", "我刚才说我做什么工作", "我干什么工作", "我是干什么的",
    ), "你是{x}。", "工作"),
    Fact("hobby", _from(_HOBBIES), phrases(
        "我(最|)(喜欢|爱){x}", "我(的|)爱好是{x}", "我平时(喜欢|爱){x}", "周末我常去{x}", "我没事就{x}", "我特别爱{x}",
    ), ("{x}很有意思！", "记住了，你喜欢{x}。"), phrases(
        "我(的|)爱好是什么", "我(平时|)喜欢做什么", "你(还|)记得我(的爱好|喜欢做什么)吗", "我刚才说我爱做什么", "我有什么爱好", "我平时爱干什么",
    ), "你喜欢{x}。", "爱好"),
    Fact("food", strings.dish, phrases(
        "我(最|)(爱吃|喜欢吃){x}", "我最喜欢的菜是{x}", "我(特别|很)想吃{x}", "吃的我最喜欢{x}", "{x}是我最爱吃的", "我就爱吃{x}",
    ), ("{x}听起来很香！", "记住了，你爱吃{x}。"), phrases(
        "我(最|)(爱吃|喜欢吃)什么", "我最喜欢的菜是什么", "你(还|)记得我爱吃什么吗", "我刚才说想吃什么", "什么是我最爱吃的", "说说我爱吃的菜",
    ), "你爱吃{x}。", "爱吃的"),
    Fact("birthday", _birthday, phrases(
        "我(的|)生日是{x}", "我{x}过生日", "我是{x}(生的|出生的)", "{x}是我的生日", "我生日在{x}", "我的生日在{x}",
    ), ("记住了，你的生日是{x}。", "{x}，好日子！"), phrases(
        "我(的|)生日是(什么时候|哪天|几号)", "我(哪天|什么时候|几号)过生日", "你(还|)记得我(的|)生日吗", "我刚才说生日是哪天", "我什么时候生日",
    ), "你的生日是{x}。", "生日"),
    Fact("number", _number(1, 999), phrases(
        "(请|帮我|)记住(数字|这个数字|一个数|号码){x}", "我的(幸运数字|号码|房间号)是{x}", "幸运数字是{x}", "我们的号码是{x}", "记一下号码{x}", "我抽到了{x}，记住它",
    ), ("记住了，{x}。", "好的，号码是{x}。"), phrases(
        "(我|刚才)(让你记|说)的(数字|号码)是(多少|几|什么)", "(数字|号码)是多少", "你(还|)记得(那个|)(数字|号码)吗", "我刚才说的号码是几", "那个数字是什么来着",
    ), "号码是{x}。", "号码"),
    Fact("plan", strings.deed, phrases(
        "我今天要{x}", "今天的计划是{x}", "我(待会|等会|一会儿)要{x}", "我打算今天{x}", "今天我得{x}", "我准备今天{x}",
    ), ("好的，别忘了{x}。", "知道了，今天要{x}。"), phrases(
        "我今天要(做什么|干什么)", "我今天(的|)计划是什么", "你(还|)记得我今天要(做什么|干嘛)吗", "我刚才说今天要干什么", "今天我打算做什么", "我今天有什么安排",
    ), "你今天要{x}。", "计划"),
    Fact("friend", strings.full_name, phrases(
        "我(最|)好的朋友(叫|是){x}", "我的好朋友(叫|是){x}", "我有个(好|)朋友叫{x}", "我朋友名叫{x}", "跟我最好的是{x}", "{x}是我(最|)好的朋友",
    ), ("{x}一定是个好朋友。", "记住了，你的朋友是{x}。"), phrases(
        "我(的|)(好|)朋友叫什么", "我最好的朋友是谁", "你(还|)记得我(的|)朋友(是谁|叫什么)吗", "我刚才说我朋友叫什么", "谁是我的好朋友", "我那个朋友叫什么来着",
    ), "你的朋友是{x}。", "朋友的名字"),
    Fact("parking", _from(_CARS), phrases(
        "我把车停在{x}[了]", "车停在{x}", "我的车在{x}", "记住，车停在{x}了", "车放在{x}了", "我停车停在{x}",
    ), ("记住了，车在{x}。", "好的，车停在{x}。"), phrases(
        "我(的|)车(停|)在(哪|哪里|哪儿)[了]", "我把车停哪了", "你(还|)记得我的车在哪吗", "我刚才说车停在哪", "车在什么地方", "我的车呢",
    ), "你的车在{x}。", "停车的地方"),
    Fact("child", lambda rng: _nickname(rng), phrases(
        "我(的|)(女儿|闺女)叫{x}", "我女儿(名字是|名叫){x}", "我有个女儿叫{x}", "我家女儿叫{x}", "我闺女小名{x}", "女儿的名字是{x}",
    ), ("{x}，真好听！", "记住了，你女儿叫{x}。"), phrases(
        "我女儿叫什么[名字]", "我(的|)女儿(的名字|名字)是什么", "你(还|)记得我女儿叫什么吗", "我刚才说我女儿叫什么", "我闺女叫什么来着", "说出我女儿的名字",
    ), "你女儿叫{x}。", "女儿的名字"),
    Fact("key", strings.item, phrases(
        "我(要|得|想)买{x}", "我今天要去买{x}", "记得我要买{x}", "我缺{x}，要去买", "等下我去买{x}", "我打算买{x}",
    ), ("好的，要买{x}。", "记住了，买{x}。"), phrases(
        "我要买什么", "你(还|)记得我要买什么吗", "我刚才说要买什么", "我打算买什么来着", "我缺什么东西", "提醒我一下，我要买什么",
    ), "你要买{x}。", "要买的东西"),
)
_CHANGE: Final = phrases("不对，{t}", "哦，说错了，{t}", "(其实|实际上)，{t}", "等等，我说错了，{t}", "更正一下，{t}", "不是，{t}")
_UNTOLD: Final = ("你还没告诉我{label}。", "你没说过{label}，我不知道。")


def _shown(text: str, *, typed: bool, key: str) -> str:
    """Typed ages and numbers are digits."""
    if not typed or key not in ("age", "number"):
        return text
    return _DIGITS.get(text, text)


_DIGITS: Final = {numerals.say_int(number): str(number) for number in range(1, 1000)}


def memory(rng: random.Random, split: Split) -> Sample:
    """One to three facts, some other talk between, one question; now and then a fact changes or was never told."""
    spoken = rng.random() < dialogues.SPOKEN_SHARE
    typed = not spoken and rng.random() < 0.7
    chosen = rng.sample(FACTS, (1, 1, 2, 2, 3)[int(rng.random() * 5)])
    told: dict[str, str] = {}
    messages: list[Message] = []
    for each in chosen:
        told[each.key] = _tell(rng, split, each, messages, spoken=spoken, typed=typed)
        if rng.random() < 0.15:
            messages += dialogues.filler(rng, split, spoken=spoken)
    asked = chosen[int(rng.random() * len(chosen))]
    if rng.random() < 0.1 and asked.key not in ("plan",):
        told[asked.key] = _tell(rng, split, asked, messages, spoken=spoken, typed=typed, change=True)
    for _ in range((0, 0, 1, 1, 2)[int(rng.random() * 5)]):
        messages += dialogues.filler(rng, split, spoken=spoken)
    return _ask(rng, split, messages, asked, told, spoken=spoken)


def _tell(
    rng: random.Random, split: Split, fact: Fact, messages: list[Message], *, spoken: bool, typed: bool, change: bool = False
) -> str:
    value = _shown(strings.draw(fact.make, rng, split), typed=typed, key=fact.key)
    text = fact.tell.text(rng, split, {"x": value})
    if change:
        text = _CHANGE.text(rng, split, {"t": text.removeprefix("你好，")})
    reply = Message(role="assistant", text=pick(rng, fact.replies).format(x=value), reasoning=f"{fact.label}是{value}，记住。")
    messages += [dialogues.said_by_user(rng, text, spoken=spoken), reply]
    return value


def _ask(
    rng: random.Random, split: Split, messages: list[Message], asked: Fact, told: dict[str, str], *, spoken: bool
) -> Sample:
    if rng.random() < 0.08:
        unknown = [fact for fact in FACTS if fact.key not in told]
        asked = unknown[int(rng.random() * len(unknown))]
        text = pick(rng, _UNTOLD).format(label=asked.label)
        answer, why = [["没告诉", "没说过"]], f"问{asked.label}，没说过。"
    else:
        value = told[asked.key]
        text = pick(rng, ("", "", "", "记得，")) + asked.answer.format(x=value)
        answer, why = [[value]], f"问{asked.label}，前面说过是{value}。"
    messages += [
        dialogues.said_by_user(rng, asked.ask.text(rng, split), spoken=spoken),
        Message(role="assistant", text=text, reasoning=why),
    ]
    return Sample(task="memory", messages=(*dialogues.system(rng, 0.1), *messages), answer=answer)
