"""The demonstration's scenes: what is said and shown, and what an answer must hold. Data and pure functions only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from autoglm_agent.commands.turn import ToolCall, Turn
from autoglm_agent.training.evaluate.answers import check_reply, exact_tool_match

MEDIA_DIR: Final = Path(__file__).parents[1] / "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come of one turn. Of each group in `says` one alternative must be in the reply.

    `grows`: a part of the transcript must come before the whole. Short words may be over before a part is sure.
    """

    says: Sequence[Sequence[str]] = ()
    call: dict[str, Any] | None = None
    hears: str | None = None
    sees: bool = False
    grows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One thing the user says: the recording, its words, what must come of it.

    `tool_result` answers the call, and then the reply to it must be `expected_after`.
    """

    recording: str
    words: str
    expected: Expected = field(default_factory=Expected)
    tool_result: str | None = None
    expected_after: Expected = field(default_factory=Expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A session of its own. With `answers` off it only transcribes."""

    title: str
    turns: tuple[Spoken, ...]
    picture: str | None = None
    tools: tuple[dict[str, Any], ...] = ()
    answers: bool = True


AIR_CONDITIONING: Final = {
    "type": "function",
    "name": "set_ac_temperature",
    "description": "设置空调温度",
    "parameters": {
        "type": "object",
        "properties": {"temperature": {"type": "number", "description": "目标温度"}},
        "required": ["temperature"],
    },
}

SCENES: Final[tuple[Scene, ...]] = (
    Scene(
        title="A red toy car, asked for by voice over a picture",
        picture="toys.png",
        turns=(
            Spoken(
                recording="toys.flac",
                words="我想要那个红色的玩具车",
                expected=Expected(says=(("右下",), ("红",), ("遥控车",)), sees=True, grows=True),
            ),
        ),
    ),
    Scene(
        title="A drink's label, read and summed up",
        picture="label.png",
        turns=(
            Spoken(
                recording="label.flac",
                words="看一下这个标签，总结一下。",
                expected=Expected(says=(("水、",), ("白砂糖",), ("柠檬酸",), ("含糖",), ("饮料",)), sees=True),
            ),
        ),
    ),
    Scene(
        title="A command in the car becomes a tool call",
        tools=(AIR_CONDITIONING,),
        turns=(
            Spoken(
                recording="car.flac",
                words="把空调调到二十六度",
                expected=Expected(call={"name": "set_ac_temperature", "arguments": {"temperature": 26}}),
                tool_result='{"status":"ok"}',
                expected_after=Expected(says=(("26", "二十六"),)),
            ),
        ),
    ),
    Scene(
        title="Who are you?",
        turns=(Spoken(recording="who.flac", words="你是谁？", expected=Expected(says=(("AutoGLM",),))),),
    ),
    Scene(
        title="The zoo, over three turns",
        turns=(
            Spoken(recording="zoo1.flac", words="我明天想带女儿去动物园"),
            Spoken(
                recording="zoo2.flac",
                words="她最想看大熊猫，大熊猫吃什么？",
                expected=Expected(says=(("竹",),)),
            ),
            Spoken(
                recording="zoo3.flac",
                words="你还记得我要带谁去看什么吗？",
                expected=Expected(says=(("女儿",), ("大熊猫",))),
            ),
        ),
    ),
    Scene(
        title="A photograph from a shop",
        picture="photo.jpg",
        turns=(Spoken(recording="photo.flac", words="这是什么？", expected=Expected(says=(("香蕉",),), sees=True)),),
    ),
    Scene(
        title="A human voice, written down",
        answers=False,
        turns=(Spoken(recording="human.flac", words="中国", expected=Expected(hears="中国")),),
    ),
)


def complaints(expected: Expected, turn: Turn) -> list[str]:
    """What is wrong with a turn, in words; empty when it is as expected."""
    found = [turn.problem] if turn.problem else []
    if expected.hears is not None:
        if turn.transcript.strip(" 。，？！") != expected.hears:
            found.append(f"heard {turn.transcript!r}, not {expected.hears!r}")
        return found
    if expected.call is not None:
        found += _call_complaints(expected.call, turn.calls)
    elif not turn.text.strip():
        found.append("there is no reply")
    else:
        groups = [" or ".join(group) for group in expected.says if not check_reply([group], turn.text)]
        found += [f"the reply lacks {group}" for group in groups]
    if expected.grows and not turn.partials:
        found.append("the transcript did not grow")
    if expected.sees and turn.frame_ms is None:
        found.append("no frame was encoded")
    if expected.sees and not (turn.gate and turn.gate["image"] > 0):
        found.append("the gate gave the picture no weight")
    return found


def _call_complaints(wanted: dict[str, Any], calls: Sequence[ToolCall]) -> list[str]:
    if exact_tool_match([wanted], [{"name": call.name, "arguments": call.arguments} for call in calls]):
        return []
    made = ", ".join(f"{call.name}({call.arguments})" for call in calls) or "nothing"
    return [f"called {made}, not {wanted['name']}({json.dumps(wanted['arguments'])})"]
