"""One training or evaluation example, as the corpus modules give it and the trainer takes it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from autoglm_agent.training.pictures.pictures import Picture

Split = Literal["train", "eval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. A user message may be spoken (then `text` is what is said) and may show a picture.

    `tool_calls` holds `{"name": str, "arguments": dict}`; the answer of a tool has role `tool`.
    `beside` is what a user types beside what is said: a question on the recording.
    `reasoning` is the true thinking trace; the trainer drops it when it trains the non-thinking mode.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    spoken: bool = False
    picture: Picture | None = None
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A conversation whose assistant messages are the targets.

    `task` names the kind for reports (`tool_call`, `scene_count`, `label_list`, `photo_name`, `joint_reference`, ...).
    `needs_image` tells whether the last user message needs its picture (None: no picture): the gate is taught by it.
    `answer` is a machine-checkable key for evaluation (what must be in the reply), when the reply itself is free text.
    """

    task: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    needs_image: bool | None = None
    think: Literal["always", "never", "either"] = "either"
    answer: Any = None
