"""English samples of tool use: one call, several, none, must-call, and the loop of call, result and answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text.english_asks import asked_twice, asking_task
from autoglm_agent.training.text.english_talk import small_talk
from autoglm_agent.training.text.english_tools import NOUNS, Task, in_words, native_task, offered, others, task
from autoglm_agent.training.text.phrases import phrases
from autoglm_agent.training.text.strings import pick

_SYSTEMS: Final = (
    "You are a helpful assistant.", "Use the tools.", "You are an assistant with tools.", "You help in an office.",
    "Call a tool when it helps.", "Be brief.", "You are a careful agent.",
)
_MUST: Final = (
    "Always answer with a tool call.", "Always answer with a tool call.",
    "Always answer with a tool call.", "You must call a tool.", "Answer with a call of the tool, whatever is said.",
    "Reply by calling a function.",
)
_FIRST: Final = ("Let me check.", "One moment.", "I will do that.", "Let me see.", "Sure.")


def _system(rng: random.Random, share: float = 0.2) -> tuple[Message, ...]:
    return (Message(role="system", text=pick(rng, _SYSTEMS)),) if rng.random() < share else ()


def _any_task(rng: random.Random, split: Split) -> Task:
    draw = rng.random()
    return native_task(rng, split) if draw < 0.18 else asking_task(rng, split) if draw < 0.45 else task(rng, split)


def _calls(*tasks: Task, text: str = "") -> Message:
    reasoning = "".join(each.reasoning for each in tasks)
    return Message(role="assistant", text=text, reasoning=reasoning, tool_calls=tuple(each.call for each in tasks))


def english_call(rng: random.Random, split: Split) -> Sample:
    """One request, one call; now and then a call is demanded and hardly anything is asked for."""
    if rng.random() < 0.1:
        return _must_call(rng, split)
    wanted = _any_task(rng, split)
    before = small_talk(rng, split) if rng.random() < 0.08 else ()
    messages = (*_system(rng), *before, Message(role="user", text=wanted.text), _calls(wanted))
    return Sample(task="english_call", messages=messages, tools=offered(rng, [wanted], others(rng, split, [wanted])))


def _must_call(rng: random.Random, split: Split) -> Sample:
    """The system demands a call; the user merely greets. The values are then the model's own: only names can be checked."""
    wanted = task(rng, split)
    said = small_talk(rng, split)[0]
    messages = (Message(role="system", text=pick(rng, _MUST)), said, _calls(wanted))
    beside = others(rng, split, [wanted], 1)
    return Sample(task="english_must", messages=messages, tools=offered(rng, [wanted], beside))


def english_parallel(rng: random.Random, split: Split) -> Sample:
    """Two or three calls for one request: of one tool with other values, or of several tools."""
    if rng.random() < 0.25:
        both, text = asked_twice(rng, split)
        messages = (*_system(rng), Message(role="user", text=text), _calls(*both))
        return Sample(task="english_parallel", messages=messages, tools=offered(rng, both[:1], others(rng, split, both, 1)))
    first = _any_task(rng, split)
    wanted = [first]
    for _ in range(1 + (rng.random() < 0.2)):
        other = _again(rng, split, first) if rng.random() < 0.4 else _any_task(rng, split)
        apart = not {other.noun, other.name} & {key for each in wanted for key in (each.noun, each.name)}
        if other.schema is first.schema or apart:
            wanted.append(other)
    joint = pick(rng, (" Then ", " And ", " Also, ", " After that ", " Next, ", "\n") if split == "train" else (" Also ", " Then "))
    text = joint.join(_lowered(each.text, index) for index, each in enumerate(wanted))
    shown = list({each.name: each for each in wanted}.values())
    messages = (*_system(rng), Message(role="user", text=text), _calls(*wanted))
    return Sample(task="english_parallel", messages=messages, tools=offered(rng, shown, others(rng, split, wanted, 1)))


def _lowered(text: str, index: int) -> str:
    text = text.rstrip()
    text = text if text[-1] in ".?" else text + "."
    return text if index == 0 else text[0].lower() + text[1:] if not text.startswith("I ") else text


def _again(rng: random.Random, split: Split, first: Task) -> Task:
    """The same tool asked for other values."""
    from autoglm_agent.training.text.english_params import ENUMS, KINDS, Param, clause

    params = []
    for param in first.params:
        if param.value is None:
            params.append(param)
            continue
        if param.kind in ENUMS:
            value: Any = pick(rng, tuple(param.schema["enum"]))
        else:
            value = KINDS[param.kind].draw(rng, split)
        params.append(Param(param.kind, param.name, param.schema, value, param.required))
    given = [clause(rng, split, param) for param in params if param.value is not None]
    text = f"Use {first.name} {' and '.join(given)}." if given else f"Call {first.name} once more."
    return Task(first.schema, {p.name: p.value for p in params if p.value is not None}, text, first.noun, tuple(params))


_NO_TOOL: Final = ("Sorry, I have no tool for that.", "I have no tool for that, sorry.")


def english_none(rng: random.Random, split: Split) -> Sample:
    """Tools are there and none is wanted, as in small talk and plain questions; or none of them can do what is asked."""
    other = task(rng, split)
    tools = {each["name"]: each for each in offered(rng, [other], others(rng, split, [other], 2))}
    if rng.random() < 0.3:
        asked = asking_task(rng, split)
        tools.pop(asked.name, None)
        why = f"要{asked.noun}，只有{'、'.join(tools)}，没有合适的。"
        turns = (Message(role="user", text=asked.text), Message(role="assistant", text=pick(rng, _NO_TOOL), reasoning=why))
        return Sample(task="english_none", messages=(*_system(rng), *turns), tools=tuple(tools.values()), answer=[["no tool"]])
    said, last = small_talk(rng, split)
    last = Message(role="assistant", text=last.text, reasoning="不用工具，直接回答。")
    return Sample(task="english_none", messages=(*_system(rng), said, last), tools=tuple(tools.values()), answer=[[last.text]])


_FIELDS: Final[tuple[tuple[str, Callable[[random.Random], Any]], ...]] = (
    ("status", lambda rng: pick(rng, ("open", "closed", "paid", "shipped", "ready", "late", "booked", "full", "active"))),
    ("total", lambda rng: int(rng.random() * 5000)), ("price", lambda rng: round(rng.random() * 300, 2)),
    ("owner", words.person), ("city", words.city), ("date", words.date), ("time", words.clock), ("code", words.code),
    ("count", lambda rng: int(rng.random() * 100)), ("color", lambda rng: pick(rng, ("red", "green", "blue", "white"))),
    ("title", words.title), ("level", lambda rng: int(rng.random() * 10)), ("value", lambda rng: int(rng.random() * 1000)),
    ("answer", lambda rng: int(rng.random() * 1000)), ("temperature", lambda rng: int(rng.random() * 40)),
)  # fmt: skip
_SENTENCES: Final = phrases(
    "It is {a} and {b}.", "The {n} is {a}.", "All {a}, {b} at most.", "{b} of them are {a}.", "The {n} of {p} is {a}.",
    "Everything is {a} in {c}.", "{p} says it is {a}.", "There are {b} in {c}.", "It will be {a} in {c}.", "{a}, {b} degrees",
)
_ERRORS: Final = (
    "not found", "access denied", "no connection", "the {n} is locked", "timed out", "{k} is not valid", "{k} is too long",
    "the {n} does not exist", "out of stock", "try again later", "the service is down", "too many requests", "unknown {k}",
)
_FAILED: Final = phrases(
    "Sorry, that failed: {w}.", "It did not work: {w}.", "Sorry, there was an error: {w}.", "That failed, {w}.", "I could not do it: {w}.",
)
_DONE: Final = phrases(
    "Done, the {n} is {s}.", "The {n} is {s}.", "OK, the {n} is {s}.", "All right, the {n} is {s}.", "Done. The {n} is {s}.",
)
_SOLE: Final = phrases("The {k} is {v}.", "It is {v}.", "{K}: {v}.", "You asked for the {k}: {v}.")
_TOLD: Final = phrases("The {k} is {v}.", "The {k} of the {n} is {v}.", "The {n} has the {k} {v}.", "{K}: {v}.")


def _outcome(rng: random.Random, split: Split, wanted: Task) -> tuple[str, str, str, list[list[str]]]:
    """What the tool gives back, the answer, the trace, the answer's key."""
    noun, draw = wanted.noun, rng.random()
    if draw < 0.2:
        keys = [in_words(key) for key in wanted.arguments] or ["request"]
        why = pick(rng, _ERRORS).format(n=noun, k=pick(rng, keys))
        shape = pick(rng, ("Error: {}", '{{"error":"{}"}}', "Error: {}.", '{{"status":"error","message":"{}"}}', "failed: {}"))
        return shape.format(why), _FAILED.text(rng, split, {"w": why}), f"工具出错，{why}。", [[why]]
    if draw < 0.45:
        state = pick(rng, ("created", "saved", "booked", "sent", "ready", "updated", "stored", "confirmed", "added"))
        number = words.code(rng)
        shape = pick(rng, (
            '{{"status":"{s}","id":"{i}"}}', "{N} {s}: {i}", "{s}, {i}", '{{"id":"{i}","state":"{s}"}}', "{N} {i} was {s}.",
        ))
        reply = _DONE.text(rng, split, {"n": noun, "s": state}).rstrip(".") + f", {number}."
        return shape.format(s=state, i=number, N=noun.capitalize()), reply, f"{state}，编号{number}。", [[state], [number]]
    if draw < 0.65:
        words_of = {
            "a": pick(rng, ("sunny", "rainy", "cold", "warm", "quiet", "full", "open", "closed", "green", "busy", "ready", "late")),
            "b": str(int(rng.random() * 100)), "n": noun, "p": pick(rng, words.FIRST_NAMES), "c": words.city(rng),
        }  # fmt: skip
        text = _SENTENCES.text(rng, split, words_of)
        reply = text[0].upper() + text[1:].rstrip(".") + "."
        return text if rng.random() < 0.7 else json.dumps({"result": text}), reply, "照工具说的回答。", [[text.rstrip(".")]]
    fields = {name: make(rng) for name, make in rng.sample(_FIELDS, 1 + int(rng.random() * 2.2))}
    if noun not in NOUNS and rng.random() < 0.7:  # the question was after one thing: the tool tells it
        fields = {noun: next(iter(fields.values()))}
    key = next(iter(fields))
    value = fields[key]
    result = json.dumps(fields, separators=(",", ":")) if len(fields) > 1 or rng.random() < 0.5 else str(value)
    told = _SOLE if key == noun else _TOLD
    reply = told.text(rng, split, {"k": key, "K": key.capitalize(), "v": str(value), "n": noun})
    if len(fields) > 1:
        reply = ", ".join([reply.rstrip("."), *(f"the {name} is {each}" for name, each in list(fields.items())[1:])]) + "."
    elif not result.startswith("{"):
        reply = pick(rng, ("It is {}.", "The result is {}.", "The answer is {}.")).format(value)
    return result, reply, f"结果是{value}。", [[str(each)] for each in fields.values()]


def english_loop(rng: random.Random, split: Split) -> Sample:
    """Call, result, answer; the history may hold earlier rounds, two calls at once, or words beside a call."""
    wanted = _any_task(rng, split)
    turns: list[Message] = [Message(role="user", text=wanted.text)]
    draw = rng.random()
    if 0.3 < draw < 0.36 and wanted.arguments:  # the tool says that it lacks what it was given: once more
        lacking = pick(rng, tuple(wanted.arguments))
        error = pick(rng, ("Error: {} is missing.", "{} is required", '{{"error":"no {}"}}', "Error: no value for {}.")).format(lacking)
        turns += [_calls(wanted), Message(role="tool", text=error), replace(_calls(wanted), reasoning=f"缺{lacking}，再来一次。{wanted.reasoning}")]
        tools = offered(rng, [wanted], others(rng, split, [wanted], 2))
        return Sample(task="english_loop", messages=(*_system(rng, 0.15), *turns), tools=tools)
    if draw < 0.15:
        other = _again(rng, split, wanted)
        turns = [Message(role="user", text=f"{_lowered(wanted.text, 0)} {other.text}"), _calls(wanted, other)]
        results = [_outcome(rng, split, each) for each in (wanted, other)]
        turns += [Message(role="tool", text=result[0]) for result in results]
        reply, why, key = " ".join(each[1] for each in results), results[0][2] + results[1][2], results[0][3] + results[1][3]
    else:
        result, reply, why, key = _outcome(rng, split, wanted)
        turns += [_calls(wanted, text=pick(rng, _FIRST) if draw < 0.25 else ""), Message(role="tool", text=result)]
    turns.append(Message(role="assistant", text=reply, reasoning=why))
    answer: list[list[str]] | None = key
    if draw > 0.8:  # asked once more, for other values: a call again
        again = _again(rng, split, wanted)
        turns += [Message(role="user", text=again.text), _calls(again)]
        answer = None
    elif draw > 0.7:  # thanks, and a word back
        turns += [Message(role="user", text=pick(rng, ("Thanks!", "Thank you.", "Great, thanks.", "Good.", "Perfect, thank you!"))),
                  Message(role="assistant", text=pick(rng, ("You are welcome!", "You're welcome.")), reasoning="谢我。")]  # fmt: skip
        answer = [["welcome"]]
    tools = offered(rng, [wanted], others(rng, split, [wanted], 2))
    return Sample(task="english_loop", messages=(*_system(rng, 0.15), *turns), tools=tools, answer=answer)
