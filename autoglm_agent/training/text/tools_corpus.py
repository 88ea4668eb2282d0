"""Samples of tool use: calls from free schemas, results, questions back, no call at all, two calls, structured output."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import dialogues, tool_results, tools_free
from autoglm_agent.training.text.phrases import compile_phrase, phrases
from autoglm_agent.training.text.slots import Language, Style
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.tools_appliances import APPLIANCES
from autoglm_agent.training.text.tools_base import Intent, Tool, Utterance, build_tool, explain, finish, utter
from autoglm_agent.training.text.tools_car import CAR
from autoglm_agent.training.text.tools_daily import DAILY
from autoglm_agent.training.text.tools_home import HOME
from autoglm_agent.training.text.tools_lookup import LOOKUP
from autoglm_agent.training.text.tools_robot import ROBOT

DOMAINS: Final = ((*HOME, *APPLIANCES), CAR, ROBOT, (*DAILY, *LOOKUP), tools_free.FREE)
INTENTS: Final = tuple(each for domain in DOMAINS for each in domain)
_DOMAIN_OF: Final = {each.key: domain for domain in DOMAINS for each in domain}
_GENERAL: Final = frozenset({"plug", "search"})
"""Intents wide enough to take requests meant for others: never beside a request that no tool can serve."""

_SUMS: Final = frozenset({"sum", "product", "difference"})

_SYSTEMS: Final = (
    "你是AutoGLM，一个语音助手。", "你是家里的语音助手。", "你是车载助手，请用工具完成用户的要求。",
    "你是机器人小助手。", "请根据需要调用工具。",
    "你是一个有用的助手。", "You are a helpful assistant.", "Use the tools when needed.", "你可以使用下面的工具。",
)
_NO_TOOL: Final = (
    "抱歉，我没有能{goal}的工具。", "不好意思，我没有{goal}的工具，做不了。",
    "抱歉，{goal}我现在做不到，没有这个工具。", "我没有{goal}的工具，帮不上忙。",
)
SPOKEN_SHARE: Final = 0.5


def _system(rng: random.Random) -> tuple[Message, ...]:
    return (Message(role="system", text=pick(rng, _SYSTEMS)),) if rng.random() < 0.3 else ()


def _style(rng: random.Random, what: Intent) -> Style:
    if what.english is not None and rng.random() < 0.18:
        return "english"
    return "spoken" if rng.random() < SPOKEN_SHARE else "typed"


def user(utterance_text: str, style: Style) -> Message:
    """A user message; spoken only if all of it can be said."""
    spoken = style == "spoken" and all("\u4e00" <= char <= "\u9fff" for char in utterance_text)
    return Message(role="user", text=utterance_text, spoken=spoken)


def count_others(rng: random.Random) -> int:
    """How many other tools stand beside the wanted one: seldom many, to keep prompts short."""
    return (0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5)[int(rng.random() * 16)]


def _language(rng: random.Random, style: Style = "typed") -> Language:
    return "en" if style == "english" or rng.random() < 0.4 else "zh"


def other_tools(
    rng: random.Random, count: int, taken: list[Tool], near: Intent | None, barred: set[str], language: Language
) -> list[Tool]:
    """Tools that are not wanted: of the same domain in half of the cases, of no barred group, of names not taken."""
    names = {tool.name for tool in taken}
    groups = set(barred)
    out: list[Tool] = []
    for _ in range(count * 4):
        if len(out) == count:
            break
        pool = _DOMAIN_OF[near.key] if near is not None and rng.random() < 0.55 else INTENTS
        each = pool[int(rng.random() * len(pool))]
        if each.group in groups or each.key in groups:
            continue
        tool = build_tool(rng, each, None, language)
        if tool.name not in names:
            names.add(tool.name)
            groups.add(each.group)
            out.append(tool)
    return out


def mixed(rng: random.Random, tools: list[Tool]) -> tuple[dict[str, Any], ...]:
    """The schemas in any order."""
    rng.shuffle(tools)
    return tuple(tool.schema for tool in tools)


def some_tools(rng: random.Random) -> tuple[dict[str, Any], ...]:
    """One to four tools of any kind, none of them wanted."""
    return mixed(rng, other_tools(rng, 1 + min(3, count_others(rng)), [], None, set(), _language(rng)))


def _request(rng: random.Random, split: Split) -> tuple[Intent, Utterance, Tool, Language]:
    domain = DOMAINS[(0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4)[int(rng.random() * 11)]]
    what = domain[int(rng.random() * len(domain))]
    utterance = utter(rng, split, what, _style(rng, what))
    language = _language(rng, utterance.style)
    return what, utterance, build_tool(rng, what, utterance, language), language


def tool_call(rng: random.Random, split: Split, task: str = "tool_call") -> Sample:
    """One command, one call."""
    what, utterance, tool, language = _request(rng, split)
    tools = mixed(rng, [tool, *other_tools(rng, count_others(rng), [tool], what, {what.group}, language)])
    reply = Message(role="assistant", reasoning=explain(utterance, what, tool), tool_calls=(tool.call,))
    before = dialogues.filler(rng, split, spoken=utterance.style == "spoken") if rng.random() < 0.07 else ()
    messages = (*_system(rng), *before, user(utterance.text, utterance.style), reply)
    return Sample(task=task, messages=messages, tools=tools)


def tool_choice_think(rng: random.Random, split: Split) -> Sample:
    """Several tools of one domain: the trace tells which and why."""
    what, utterance, tool, language = _request(rng, split)
    others = other_tools(rng, 2 + int(rng.random() * 2), [tool], what, {what.group}, language)
    tools = mixed(rng, [tool, *others])
    names = "、".join(schema["name"] for schema in tools)
    reply = Message(role="assistant", reasoning=f"有{names}。{explain(utterance, what, tool)}", tool_calls=(tool.call,))
    messages = (*_system(rng), user(utterance.text, utterance.style), reply)
    return Sample(task="tool_choice_think", messages=messages, tools=tools, think="always")


def tool_free(rng: random.Random, split: Split) -> Sample:
    """A made-up function called by its name."""
    language: Language = "en" if rng.random() < 0.6 else "zh"
    made = tools_free.made_up(rng, split, language)
    others = [tools_free.made_up(rng, split, language).tool for _ in range(int(rng.random() * 2.5))]
    others += other_tools(rng, int(rng.random() * 2), [made.tool, *others], None, set(), language)
    others = list({tool.name: tool for tool in others if tool.name != made.tool.name}.values())
    values = "，".join(f"{key}是{_shown(value)}" for key, value in made.tool.arguments.items())
    reasoning = f"要用{made.tool.name}，{values}。" if values else f"要用{made.tool.name}，没有参数。"
    reply = Message(role="assistant", reasoning=reasoning, tool_calls=(made.tool.call,))
    messages = (*_system(rng), user(made.text, made.style), reply)
    return Sample(task="tool_free", messages=messages, tools=mixed(rng, [made.tool, *others]))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def tool_result(rng: random.Random, split: Split) -> Sample:
    """Command, call, the tool's answer, a short reply; sometimes a function of numbers, sometimes an error."""
    if rng.random() < 0.2:
        return _free_result(rng, split)
    what, utterance, tool, language = _request(rng, split)
    english = utterance.style == "english"
    outcome = tool_results.fail(
        rng, english,
    ) if rng.random() < 0.2 else tool_results.succeed(rng, split, what, utterance)
    messages = (
        *_system(rng),
        user(utterance.text, utterance.style),
        Message(role="assistant", reasoning=explain(utterance, what, tool), tool_calls=(tool.call,)),
        Message(role="tool", text=outcome.result),
        Message(role="assistant", text=outcome.reply, reasoning=outcome.reasoning),
    )
    tools = mixed(rng, [tool, *other_tools(rng, min(1, count_others(rng)), [tool], what, {what.group}, language)])
    return Sample(task="tool_result", messages=messages, tools=tools, answer=outcome.answer)


def _free_result(rng: random.Random, split: Split) -> Sample:
    made = tools_free.made_up(rng, split, "en" if rng.random() < 0.6 else "zh")
    value = str(int(rng.random() * tools_free.pick_scale(rng)) if rng.random() < 0.7 else round(rng.random() * 100, 1))
    english = made.style == "english"
    reply = pick(rng, (
        "The result is {v}.", "It is {v}.", "{f} gives {v}.",
    ) if english else ("结果是{v}。", "是{v}。", "{f}的结果是{v}。"))
    result = pick(
        rng, ("{v}", '{"result":{v}}', '{"value":{v}}', '{"output":{v}}', '{"{f}":{v}}'),
    ).replace("{v}", value)
    messages = (
        user(made.text, made.style),
        Message(role="assistant", reasoning=f"要用{made.tool.name}。", tool_calls=(made.tool.call,)),
        Message(role="tool", text=result.replace("{f}", made.tool.name)),
        Message(role="assistant", text=reply.format(v=value, f=made.tool.name), reasoning=f"返回的是{value}。"),
    )
    return Sample(task="tool_result", messages=messages, tools=(made.tool.schema,), answer=[[value]])


_CHANGES: Final = phrases(
    "(还是|再)(改成|换成|调到|改到){v}[吧]", "不对，(改成|换成|要){v}", "(改成|换成){v}", "算了，(还是|){v}吧",
    "{v}(吧|好了|更好)", "那{v}呢",
    "等等，(换成|改为){v}", "(我改主意了|我想了想)，(要|换){v}", "不，{v}",
)


_CHANGES_TEXT: Final = phrases(
    "(还是|)(改成|换成){v}[吧]", "不对，(是|改成|换成){v}", "换成{v}", "算了，(还是|){v}吧", "说错了，(是|){v}",
    "等等，(换成|改为){v}", "(我改主意了|我想了想)，(要|换){v}", "不，是{v}",
)


def tool_followup(rng: random.Random, split: Split) -> Sample:
    """The user changes one value of what was just done: the other arguments are carried over."""
    for _ in range(50):
        what, utterance, tool, _ = _request(rng, split)
        if utterance.style == "english" or what.fields or not utterance.raws:
            continue
        key = pick(rng, tuple(utterance.raws))
        slot = next(param.slot for param in what.params if param.key == key)
        word, raw = slot.draw(rng, split, utterance.style, "b")
        schema = tool.schema["parameters"]["properties"][tool.names[key]]
        value = _rebuilt(schema, utterance.raws[key], tool.arguments[tool.names[key]], raw, word)
        if value is not None and raw != utterance.raws[key]:
            break
    else:
        return tool_call(rng, split)
    changed = {**tool.arguments, tool.names[key]: value}
    outcome = tool_results.succeed(rng, split, what, utterance)
    change = (_CHANGES_TEXT if isinstance(raw, str) else _CHANGES).text(rng, split, {"v": word})
    name = tool.names[key]
    again = f"还是{what.goal}，用{tool.name}，{name}改成{_shown(value)}，其他不变。"
    messages = (
        user(utterance.text, utterance.style),
        Message(role="assistant", reasoning=explain(utterance, what, tool), tool_calls=(tool.call,)),
        Message(role="tool", text=outcome.result),
        Message(role="assistant", text=outcome.reply, reasoning=outcome.reasoning),
        user(finish(rng, change, utterance.style), utterance.style),
        Message(role="assistant", reasoning=again, tool_calls=({"name": tool.name, "arguments": changed},)),
    )
    return Sample(task="tool_followup", messages=messages, tools=(tool.schema,))


def _rebuilt(schema: dict[str, Any], old: Any, old_value: Any, raw: Any, word: str) -> Any:
    """The JSON value of another raw value under the same schema, where the two are plainly related; else None."""
    if "enum" in schema or schema.get("type", "boolean") == "boolean":
        return None
    if schema["type"] == "string":
        return word if old_value == old and isinstance(old, str) and raw == word else None
    if isinstance(old, str):
        return None
    ratio = old / old_value if old_value else 1
    if raw % ratio:
        return None
    scaled = raw / ratio
    return (int(scaled) if scaled == int(scaled) else None) if schema["type"] == "integer" else (
        int(scaled) if scaled == int(scaled) else scaled
    ) if ratio == 1 else None


_JOINTS: Final = ("，再", "，然后", "，顺便", "，还有", "，另外", "，同时", "，并且", "，接着", "，最后", "，")


def tool_parallel(rng: random.Random, split: Split) -> Sample:
    """Two commands in one breath: two calls, in order."""
    first, second = _two(rng)
    style: Style = "spoken" if rng.random() < SPOKEN_SHARE else "typed"
    one = utter(rng, split, first, style, framed=rng.random() < 0.3)
    two = utter(rng, split, second, style, framed=False)
    language = _language(rng)
    tool_one, tool_two = build_tool(rng, first, one, language), build_tool(rng, second, two, language)
    if tool_one.name == tool_two.name:
        return tool_parallel(rng, split)
    text = one.text.rstrip("。，？") + pick(rng, _JOINTS[:9] if split == "train" else _JOINTS) + two.text
    text = finish(rng, text, style)
    others = other_tools(
        rng, int(rng.random() * 2.2), [tool_one, tool_two], first, {first.group, second.group}, language,
    )
    reasoning = f"两件事。{explain(one, first, tool_one)}{explain(two, second, tool_two)}"
    reply = Message(role="assistant", reasoning=reasoning, tool_calls=(tool_one.call, tool_two.call))
    messages = (*_system(rng), user(text, style), reply)
    return Sample(task="tool_parallel", messages=messages, tools=mixed(rng, [tool_one, tool_two, *others]))


_JOINABLE: Final = tuple(
    each for domain in DOMAINS[:4] for each in domain
    if not each.fields and each.key not in {
        "message", "note", "calendar", "stop_all", "email", "reminder", "search", "translate",
    }
)


def _two(rng: random.Random) -> tuple[Intent, Intent]:
    while True:
        first = _JOINABLE[int(rng.random() * len(_JOINABLE))]
        near = [each for each in _DOMAIN_OF[first.key] if each in _NEAR] if rng.random() < 0.5 else _JOINABLE
        second = near[int(rng.random() * len(near))]
        if first.group != second.group:
            return first, second


_NEAR: Final = _JOINABLE


def tool_missing(rng: random.Random, split: Split) -> Sample:
    """A required argument is missing: ask for it; sometimes the user then gives it and the call follows."""
    what, phrase, question = _MISSING[int(rng.random() * len(_MISSING))]
    style: Style = "spoken" if rng.random() < SPOKEN_SHARE else "typed"
    partial = utter(rng, split, what, style, phrase)
    language = _language(rng)
    lacking = [param for param in what.params if param.required and param.key not in partial.raws]
    asks = Message(role="assistant", text=question, reasoning=f"要{what.goal}，还缺{'和'.join(param.zh[0] for param in lacking)}，先问。")
    turns: tuple[Message, ...] = (user(partial.text, style), asks)
    if rng.random() < 0.5 or len(lacking) != 1:
        tool = build_tool(rng, what, partial, language)
        tools = mixed(rng, [tool, *other_tools(rng, count_others(rng), [tool], what, {what.group}, language)])
        return Sample(task="tool_missing", messages=(*_system(rng), *turns), tools=tools, answer=[[question]])
    key = lacking[0].key
    word, raw = lacking[0].slot.draw(rng, split, style, "")
    full = Utterance(partial.text, {**partial.raws, key: raw}, {**partial.texts, key: word}, style)
    tool = build_tool(rng, what, full, language)
    tools = mixed(rng, [tool, *other_tools(rng, count_others(rng), [tool], what, {what.group}, language)])
    given = finish(rng, pick(rng, ("", "", "就", "嗯，", "要")) + word + pick(rng, ("", "", "吧")), style)
    reply = Message(role="assistant", reasoning=explain(full, what, tool), tool_calls=(tool.call,))
    return Sample(task="tool_missing", messages=(*_system(rng), *turns, user(given, style), reply), tools=tools)


_MISSING: Final = tuple(
    (what, compile_phrase(source), question) for what in INTENTS for source, question in what.missing
)


def tool_none(rng: random.Random, split: Split) -> Sample:
    """Tools are there and none is wanted: small talk, or a wish that none of them can serve."""
    if rng.random() < 0.5:
        chat = dialogues.single_turn(rng, split)
        tools = mixed(rng, other_tools(
            rng, 1 + min(3, count_others(rng)), [], None, {*_GENERAL, "clock_now", "weather", *_SUMS}, _language(rng),
        ))
        *before, last = chat.messages
        last = Message(role="assistant", text=last.text, reasoning="不用工具，直接回答。")
        return Sample(task="tool_none", messages=(*before, last), tools=tools, answer=chat.answer)
    what = INTENTS[int(rng.random() * len(INTENTS))]
    style: Style = "spoken" if rng.random() < SPOKEN_SHARE else "typed"
    utterance = utter(rng, split, what, style)
    others = other_tools(rng, 1 + min(3, count_others(rng)), [], what, {what.group, *_GENERAL}, _language(rng))
    tools = mixed(rng, others) if rng.random() < 0.9 else ()
    names = "、".join(tool["name"] for tool in tools)
    why = f"要{what.goal}，只有{names}，没有合适的。" if tools else f"要{what.goal}，没有工具。"
    reply = Message(role="assistant", text=pick(rng, _NO_TOOL).format(goal=what.goal), reasoning=why)
    messages = (*_system(rng), user(utterance.text, style), reply)
    return Sample(task="tool_none", messages=messages, tools=tools, answer=[["没有", "做不", "不能"]])
