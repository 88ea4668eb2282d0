"""What tools give back, and the short answers drawn from it. Values are copied exactly."""

from __future__ import annotations

import json
import random
from typing import Any, Final, NamedTuple

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import numerals, strings
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.tools_base import Intent, Utterance

_OK: Final = (
    '{"status":"ok"}', '{"success":true}', '{"result":"success"}', "ok", "done", '{"status":"success","code":0}',
    "执行成功", "成功",
    '{"ok":true}', '{"状态":"成功"}', '{"code":0,"msg":"ok"}', '{"status":"done"}', "OK",
)
_ERRORS: Final = (
    "设备离线", "网络超时", "没有权限", "设备未找到", "电量不足", "参数错误", "服务不可用", "连接失败",
    "温度超出范围", "设备忙", "余额不足",
    "未登录", "找不到该地点", "联系人不存在", "没有信号", "版本太旧", "门没关好", "水箱缺水", "尘盒已满", "歌曲下架",
)
_SKY: Final = (
    "晴", "多云", "阴", "小雨", "中雨", "大雨", "雷阵雨", "小雪", "大雪", "雾", "晴转多云", "阵雨", "大风", "雨夹雪",
    "沙尘", "霾",
)
_PARCEL: Final = (
    "已签收", "派送中", "运输中", "已发货", "待取件", "已到驿站", "待付款", "已取消", "已到北京", "已到上海",
    "退回中", "打包中",
)

_WORDS: Final = {"sky": _SKY, "parcel": _PARCEL}


class Outcome(NamedTuple):
    """A tool's message, the answer, the reasoning and the key to check the answer with."""

    result: str
    reply: str
    reasoning: str
    answer: list[list[str]]


def fail(rng: random.Random, english: bool = False) -> Outcome:
    """The tool reports an error; so does the answer."""
    why = pick(rng, _ERRORS) if rng.random() < 0.8 else strings.chars(rng, 2, 5, 800)
    shape = pick(rng, (
        '{"error":"%s"}', '{"status":"error","message":"%s"}', "错误：%s", '{"success":false,"reason":"%s"}',
        "失败，%s", '{"code":1,"msg":"%s"}',
    ))
    reply = pick(
        rng, ("没成功，{w}。", "抱歉，没做成：{w}。", "失败了，{w}。", "不好意思，{w}，没成功。"),
    ).format(w=why)
    if english:
        reply = f"It failed: {why}."
    return Outcome(shape % why, reply, f"工具出错，原因是{why}。", [[why]])


def succeed(rng: random.Random, split: Split, what: Intent, utterance: Utterance) -> Outcome:
    """The tool did it, or found what was asked."""
    slots = {param.key: param.slot for param in what.params}
    english = utterance.style == "english"
    shown = {key: slots[key].show(raw) for key, raw in utterance.raws.items()}
    if english:
        shown = dict(utterance.texts)
    if not what.fields:
        result = pick(rng, _OK)
        if english:
            return Outcome(result, pick(rng, ("Done.", "OK, done.", "All done.")), "工具说成功了。", [["one", "OK"]])
        done = what.done.format_map(_Blank(shown))
        reply = pick(rng, ("好的，{d}。", "{d}。", "好了，{d}。", "好，{d}。")).format(d=done.removeprefix("好的，"))
        return Outcome(result, reply, "工具说成功了。", [[shown[key]] for key in shown if f"{{{key}}}" in what.done])
    found: dict[str, Any] = {}
    words: list[str] = []
    answer: list[list[str]] = []
    for keys, unit, kind in what.fields:
        value, word = _field(rng, split, kind, unit)
        found[pick(rng, tuple(keys.split("|")))] = value
        words.append(word)
        answer.append([word.removesuffix(unit) if unit else word])
    reasoning = "，".join(f"{key}是{value}" for key, value in found.items())
    result = _wrap(rng, found, utterance)
    reply = what.done.format_map(_Blank(shown | {"v": "，".join(words)})) + "。"
    if english:
        reply = "It is " + ", ".join(str(value) for value in found.values()) + "."
        answer = [[str(value)] for value in found.values()]
    return Outcome(result, reply, f"返回的{reasoning}。", answer)


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _wrap(rng: random.Random, found: dict[str, Any], utterance: Utterance) -> str:
    if len(found) == 1 and rng.random() < 0.25:
        return str(next(iter(found.values())))
    extra: dict[str, Any] = {}
    if rng.random() < 0.3:
        extra["id" if rng.random() < 0.5 else "code"] = int(rng.random() * 100)
    if utterance.raws and rng.random() < 0.3:
        key = next(iter(utterance.texts))
        extra[key] = utterance.texts[key]
    items = list((extra | found).items())
    if rng.random() < 0.4:
        rng.shuffle(items)
    return json.dumps(dict(items), ensure_ascii=False, separators=(",", ":"))


def _field(rng: random.Random, split: Split, kind: str, unit: str) -> tuple[Any, str]:
    """A value as JSON holds it and as the answer words it."""
    if kind in _WORDS:
        value: Any = pick(rng, _WORDS[kind])
        return value, value
    if kind == "door":
        is_open = rng.random() < 0.5
        value = pick(rng, ("open", "开着", "OPEN") if is_open else ("closed", "关着", "CLOSED"))
        return value, "开着" if is_open else "关着"
    if kind == "clock":
        value = f"{int(rng.random() * 24):02d}:{int(rng.random() * 60):02d}"
        return value, value
    if kind == "name":
        value = strings.draw(strings.full_name, rng, split)
        return value, value
    if kind == "foreign":
        value = strings.draw(strings.english if rng.random() < 0.6 else strings.japanese, rng, split)
        return value, value
    value = numerals.plain(_number(rng, kind))
    return value, str(value) + unit


def _number(rng: random.Random, kind: str) -> float:
    if kind == "degrees":
        return int(rng.random() * 48) - 10 + (0.5 if rng.random() < 0.15 else 0)
    if kind == "bar":
        return round(1.5 + rng.random() * 1.5, 1)
    if kind == "price":
        return round(rng.random() * 900, 2)
    if kind == "range":
        return int(rng.random() * 600)
    return int(rng.random() * 5000) if rng.random() < 0.7 else round(rng.random() * 100, 1)
