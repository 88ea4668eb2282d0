"""Small sums, word problems, comparisons and choices, with a true trace of the steps."""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import dialogues, numerals, strings
from autoglm_agent.training.text.phrases import PhraseSet, belongs, phrases
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.toy_world import THINGS


class Problem(NamedTuple):
    """A question, its steps, the reply and its key."""

    text: str
    steps: str
    reply: str
    answer: list[list[str]]


class _Maker:
    """Words numbers as the style wants and builds the problem."""

    def __init__(self, rng: random.Random, split: Split, spoken: bool) -> None:
        self.rng = rng
        self.split: Split = split
        self.spoken = spoken
        self.digits = not spoken and rng.random() < 0.75

    def below(self, low: int, high: int) -> int:
        """A whole number from low to high."""
        return low + int(self.rng.random() * (high - low + 1))

    def pair(self, low: int, high: int) -> tuple[int, int]:
        """Two numbers whose pairing is of the split."""
        for _ in range(100):
            a, b = self.below(low, high), self.below(low, high)
            if belongs(f"{a},{b}", self.split):
                return a, b
        return a, b

    def say(self, number: int, unit: str = "") -> str:
        """The number in the question."""
        if self.digits:
            return f"{number}{unit}"
        return numerals.say_count(
            number, unit,
        ) if unit and unit not in ("岁", "号", "月", "度") else numerals.say_int(number) + unit

    def fill(self, forms: PhraseSet, **values: str) -> str:
        """The question."""
        return forms.text(self.rng, self.split, values)


_ADD: Final = phrases(
    "{a}加{b}(等于几|等于多少|是多少|得多少)", "{a}加上{b}(是几|是多少|得几|等于多少)",
    "(算一下|算算|请问|帮我算){a}加{b}", "{a}和{b}(的和是多少|一共是多少|加起来是多少)",
    "{b}比一个数少{a}的那个数，就是{a}加{b}，是多少",
    "{a}再加{b}(呢|是多少|等于多少)", "求{a}与{b}的和",
)
_SUB: Final = phrases(
    "{a}减{b}(等于几|等于多少|是多少|得多少)", "{a}减去{b}(是几|是多少|得几|等于多少)",
    "(算一下|算算|请问|帮我算){a}减{b}", "{a}和{b}(的差是多少|相差多少|差多少)", "{a}比{b}(多|大)多少",
    "从{a}里(去掉|拿走){b}(还剩多少|剩多少)",
)
_MUL: Final = phrases(
    "{a}乘{b}(等于几|等于多少|是多少|得多少)", "{a}乘以{b}(是几|是多少|得几|等于多少)",
    "(算一下|算算|请问|帮我算){a}乘{b}", "{a}的{b}倍是多少", "{b}个{a}(是多少|一共是多少|加起来是多少)",
)
_DIV: Final = phrases(
    "{a}除以{b}(等于几|等于多少|是多少|得多少)", "(算一下|算算|请问|帮我算){a}除以{b}",
    "把{a}(平均|)分成{b}份，每份是多少", "{a}平均分给{b}个人，每人(几个|多少)", "{a}里面有几个{b}",
)


def _sum(make: _Maker) -> Problem:
    kind = int(make.rng.random() * 4)
    if kind == 0:
        a, b = make.pair(0, 60) if make.rng.random() < 0.8 else make.pair(10, 200)
        form, sign, result = _ADD, "+", a + b
    elif kind == 1:
        a, b = sorted(make.pair(0, 60), reverse=True)
        form, sign, result = _SUB, "-", a - b
    elif kind == 2:
        a, b = make.pair(1, 9) if make.rng.random() < 0.8 else make.pair(2, 12)
        form, sign, result = _MUL, "×", a * b
    else:
        result, b = make.pair(1, 9)
        a, form, sign = result * b, _DIV, "÷"
    if not make.spoken and make.rng.random() < 0.1:
        return _english_sum(make, a, b, sign, result)
    text = make.fill(form, a=make.say(a), b=make.say(b))
    return Problem(
        text, _steps(a, b, sign, result), f"等于{result}。" if make.rng.random() < 0.5 else f"{result}。",
        [[str(result)]],
    )


_ENGLISH: Final = phrases(
    "what is {a} {s} {b}", "compute {a} {s} {b}", "how much is {a} {s} {b}", "{a} {s} {b} is what",
    "calculate {a} {s} {b} please",
)
_SIGNS: Final = {"+": ("plus", "+"), "-": ("minus", "-"), "×": ("times", "*"), "÷": ("divided by", "/")}


def _english_sum(make: _Maker, a: int, b: int, sign: str, result: int) -> Problem:
    text = make.fill(_ENGLISH, a=str(a), b=str(b), s=pick(make.rng, _SIGNS[sign]))
    return Problem(text[0].upper() + text[1:], _steps(a, b, sign, result), f"It is {result}.", [[str(result)]])


def _steps(a: int, b: int, sign: str, result: int) -> str:
    """The sum; with a step at the tens where there is a carry."""
    if sign == "+" and a > 9 and b > 9:
        tens, ones = a // 10 * 10 + b // 10 * 10, a % 10 + b % 10
        return f"{a // 10 * 10}+{b // 10 * 10}={tens}，{a % 10}+{b % 10}={ones}，{tens}+{ones}={result}。"
    if sign == "-" and a > 9 and b > 9 and b % 10:
        middle = a - b // 10 * 10
        return f"{a}-{b // 10 * 10}={middle}，{middle}-{b % 10}={result}。"
    return f"{a}{sign}{b}={result}。"


_STORIES: Final = (
    ("+-", phrases(
        "我有{a}{m}{x}，又买了{b}，吃了{c}，还(剩|有)几{m}", "{n}有{a}{m}{x}，妈妈给了{b}，送人{c}，现在有几{m}",
        "盘子里有{a}{m}{x}，放进{b}，拿走{c}，还有几{m}",
    )),
    ("+", phrases(
        "我有{a}{m}{x}，又买了{b}，一共(几|多少){m}", "{n}有{a}{m}{x}，我有{b}，我们一共有几{m}",
        "左边{a}{m}{x}，右边{b}，(加起来|一共)有几{m}", "上午卖了{a}{m}{x}，下午卖了{b}，一共卖了几{m}",
    )),
    ("-", phrases(
        "我有{a}{m}{x}，吃了{b}，还剩几{m}", "{n}有{a}{m}{x}，送出{b}，还有几{m}",
        "篮子里{a}{m}{x}，拿走{b}，剩下几{m}", "{a}{m}{x}坏了{b}，好的有几{m}",
    )),
    ("×", phrases(
        "每盒有{a}{m}{x}，{b2}盒有几{m}", "一个人分{a}{m}{x}，{b2}个人要几{m}", "一袋{a}{m}{x}，买{b2}袋，一共几{m}",
    )),
)
_STORY_THINGS: Final = (
    ("个", "苹果"), ("个", "橘子"), ("块", "糖"), ("本", "书"), ("支", "铅笔"), ("个", "气球"), ("朵", "花"),
    ("颗", "草莓"), ("个", "鸡蛋"), ("张", "卡片"), ("块", "饼干"), ("个", "球"), ("辆", "玩具车"),
)


def _story(make: _Maker) -> Problem:
    sign, forms = _STORIES[int(make.rng.random() * len(_STORIES))]
    unit, thing = _STORY_THINGS[int(make.rng.random() * len(_STORY_THINGS))]
    a, b = make.pair(1, 9) if sign == "×" else make.pair(1, 30)
    if sign == "-" and a < b:
        a, b = b, a
    c = make.below(1, max(1, a + b - 1))
    values = {
        "a": make.say(a, ""), "b": make.say(b, unit), "c": make.say(c, unit), "m": unit, "x": thing,
        "n": strings.draw(strings.full_name, make.rng, make.split),
    }
    values["a"] = _before(make, a)
    values["b2"] = _before(make, b)
    text = make.fill(forms, **values)
    if sign == "+-":
        steps, result = f"{a}+{b}={a + b}，{a + b}-{c}={a + b - c}。", a + b - c
    elif sign == "+":
        steps, result = f"{a}+{b}={a + b}。", a + b
    elif sign == "-":
        steps, result = f"{a}-{b}={a - b}。", a - b
    else:
        steps, result = f"{a}×{b}={a * b}。", a * b
    return Problem(
        text, steps, f"{result}{unit}。" if make.rng.random() < 0.5 else f"是{result}{unit}{thing}。",
        [[str(result)]],
    )


def _before(make: _Maker, number: int) -> str:
    """A number before a measure word: 两 for two."""
    return str(number) if make.digits else "两" if number == 2 else numerals.say_int(number)


_PAY: Final = phrases(
    "{x}{p}一(个|斤)，买{k}要(多少钱|几块钱)", "一(个|斤){x}{p}，{k}(一共|)多少钱", "买{k}{x}，单价{p}，要付多少",
    "{x}(卖|价钱是){p}，我要{k}，多少钱",
)
_CHANGE: Final = phrases(
    "{x}{p}，我给{m}，找(我|回)多少", "买{x}花了{p}，付{m}，应该找多少钱", "我有{m}，买{x}用了{p}，还剩多少钱",
    "一(个|件){x}{p}，拿{m}去买，剩多少",
)


def _money(make: _Maker) -> Problem:
    thing = strings.draw(strings.item, make.rng, make.split)
    price, count = make.pair(2, 9)
    if make.rng.random() < 0.5:
        total = price * count
        text = make.fill(
            _PAY, x=thing, p=make.say(price, "元"), k=make.say(count, "个") if "斤" not in thing else make.say(count),
        )
        return Problem(text, f"{price}×{count}={total}。", f"{total}元。", [[str(total)]])
    paid = pick_int(make.rng, (10, 20, 50, 100))
    cost = make.below(1, paid - 1)
    text = make.fill(_CHANGE, x=thing, p=make.say(cost, "元"), m=make.say(paid, "元"))
    return Problem(text, f"{paid}-{cost}={paid - cost}。", f"{paid - cost}元。", [[str(paid - cost)]])


def pick_int(rng: random.Random, items: tuple[int, ...]) -> int:
    """One of the numbers."""
    return items[int(rng.random() * len(items))]


_AGE: Final = phrases(
    "{n}今年{a}，{m}比{n}大{b}，{m}(几岁|多大)", "我{a}，哥哥比我大{b}，哥哥几岁", "{n}{a}，{b2}后{n}几岁",
    "我今年{a}，{b2}后我(多大|几岁)", "妹妹{a}，姐姐大她{b}，姐姐(几岁|多大)",
)


def _age(make: _Maker) -> Problem:
    a, b = make.pair(3, 30)
    years = make.say(b, "年")
    names = {"n": strings.draw(strings.full_name, make.rng, make.split), "m": strings.full_name(make.rng)}
    text = make.fill(_AGE, a=make.say(a, "岁"), b=make.say(b, "岁"), b2=years, **names)
    return Problem(text, f"{a}+{b}={a + b}。", f"{a + b}岁。", [[str(a + b)]])


_LATER: Final = phrases(
    "现在{t}，过{d}是几点", "{t}出发，(走|开|坐)了{d}，几点到", "{t}开始，{d}后结束，几点结束", "{t}再过{d}是几点",
    "电影{t}开始，放{d}，几点结束",
)


def _time(make: _Maker) -> Problem:
    start, hours = make.pair(1, 8)
    half = make.rng.random() < 0.4
    clock = f"{start}点{'半' if half else ''}" if make.digits else _before(make, start) + "点" + ("半" if half else "")
    text = make.fill(_LATER, t=clock, d=make.say(hours, "个小时"))
    end = start + hours
    shown = (end - 1) % 12 + 1
    tail = "半" if half else ""
    wrap = f"，钟面上是{shown}点{tail}" if end > 12 else ""
    return Problem(text, f"{start}+{hours}={end}{wrap}。", f"{shown}点{tail}。", [[f"{shown}点{tail}"]])


_BIGGER: Final = phrases(
    "{a}和{b}(哪个|谁)(大|更大)", "{a}大还是{b}大", "(比一比|比较一下){a}和{b}，哪个大", "{a}、{b}，哪个数大",
    "哪个更大，{a}还是{b}",
)
_SMALLER: Final = phrases(
    "{a}和{b}(哪个|谁)(小|更小)", "{a}小还是{b}小", "(比一比|比较一下){a}和{b}，哪个小", "{a}、{b}，哪个数小",
    "哪个更小，{a}还是{b}",
)
_DEARER: Final = phrases(
    "{x}{a}，{y}{b}，哪个(贵|更贵)", "{x}卖{a}，{y}卖{b}，(哪个|谁)贵",
    "{x}的价钱是{a}，{y}是{b}，(贵的是哪个|哪个贵)", "{a}的{x}和{b}的{y}，哪个贵",
)
_CHEAPER: Final = phrases(
    "{x}{a}，{y}{b}，哪个(便宜|更便宜)", "{x}卖{a}，{y}卖{b}，买哪个省钱",
    "{x}的价钱是{a}，{y}是{b}，(便宜的是哪个|哪个便宜)", "{a}的{x}和{b}的{y}，哪个便宜",
)
_TALLER: Final = phrases(
    "{x}{a}，{y}{b}，谁(高|更高)", "{x}身高{a}，{y}身高{b}，(谁高|谁比较高)", "{x}有{a}，{y}有{b}，高的是谁",
)
_OLDER: Final = phrases(
    "{x}{a}，{y}{b}，谁(大|年纪大|更大)", "{x}今年{a}，{y}今年{b}，(谁大|谁年纪大)", "{x}是{a}，{y}是{b}，年长的是谁",
)


def _compare(make: _Maker) -> Problem:
    rng = make.rng
    kind = int(rng.random() * 6)
    a, b = make.pair(1, 99) if kind != 4 else make.pair(100, 199)
    if a == b:
        b += 1
    if kind < 2:
        result = max(a, b) if kind == 0 else min(a, b)
        text = make.fill(_BIGGER if kind == 0 else _SMALLER, a=make.say(a), b=make.say(b))
        steps = f"{a}{'>' if a > b else '<'}{b}。"
        return Problem(text, steps, f"{result}{'大' if kind == 0 else '小'}。", [[str(result)]])
    who = strings.full_name if kind > 3 else strings.item
    x, y = strings.draw(who, rng, make.split), strings.draw(who, rng, make.split)
    unit, form, word, want = (
        ("元", _DEARER, "贵", max(a, b)), ("元", _CHEAPER, "便宜", min(a, b)), ("厘米", _TALLER, "高", max(a, b)),
        ("岁", _OLDER, "年纪大", max(a, b)),
    )[kind - 2]
    chosen = x if want == a else y
    text = make.fill(form, x=x, y=y, a=make.say(a, unit), b=make.say(b, unit))
    return Problem(
        text, f"{x}是{a}，{y}是{b}，{a}{'>' if a > b else '<'}{b}，{chosen}{word}。", f"{chosen}{word}。", [[chosen]],
    )


_NEXT: Final = phrases(
    "{a}、{b}、{c}，下一个(数|)是(几|多少)", "{a}，{b}，{c}，后面是几", "找规律，{a}、{b}、{c}，接下来是几",
    "数列{a}、{b}、{c}，再往后是多少",
)


def _series(make: _Maker) -> Problem:
    first, step = make.pair(1, 12)
    row = [first + step * index for index in range(4)]
    text = make.fill(_NEXT, a=make.say(row[0]), b=make.say(row[1]), c=make.say(row[2]))
    return Problem(text, f"每次加{step}，{row[2]}+{step}={row[3]}。", f"是{row[3]}。", [[str(row[3])]])


_MAKERS: Final = (_sum, _story, _money, _age, _time, _compare, _series)
_WEIGHTS: Final = (0.4, 0.2, 0.1, 0.08, 0.07, 0.1, 0.05)


def arithmetic(rng: random.Random, split: Split) -> Sample:
    """One problem of numbers; task `choice` where two things are compared, else `arithmetic`."""
    spoken = rng.random() < dialogues.SPOKEN_SHARE
    maker = rng.choices(_MAKERS, _WEIGHTS)[0]
    problem = maker(_Maker(rng, split, spoken))
    user = dialogues.said_by_user(rng, problem.text, spoken=spoken)
    reply = Message(role="assistant", text=problem.reply, reasoning=problem.steps)
    task = "choice" if maker is _compare else "arithmetic"
    return Sample(task=task, messages=(*dialogues.system(rng, 0.12), user, reply), answer=problem.answer)


_PREFER: Final = phrases(
    "(要|想){w}，用{x}还是{y}", "{w}(应该|要)用{x}还是{y}", "{x}和{y}，哪个(能|可以|用来){w}",
    "我要{w}，(拿|选){x}还是{y}", "{w}的话，{x}好还是{y}好",
)


def choice(rng: random.Random, split: Split) -> Sample:
    """Which of two things serves a purpose."""
    usable = [thing for thing in THINGS if thing.use not in ("", "吃", "喝")]
    right, wrong = rng.sample(usable, 2)
    while right.use == wrong.use:
        right, wrong = rng.sample(usable, 2)
    pair = (right.name, wrong.name) if rng.random() < 0.5 else (wrong.name, right.name)
    text = _PREFER.text(rng, split, {"w": right.use, "x": pair[0], "y": pair[1]})
    user = dialogues.said_by_user(rng, text, spoken=rng.random() < dialogues.SPOKEN_SHARE)
    steps = f"{right.name}用来{right.use}，{wrong.name}用来{wrong.use}，选{right.name}。"
    reply = Message(role="assistant", text=f"用{right.name}。", reasoning=steps)
    return Sample(task="choice", messages=(user, reply), answer=[[right.name]])
