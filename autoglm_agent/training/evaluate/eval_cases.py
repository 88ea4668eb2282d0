"""What is asked of a model in evaluation and what comes back, as plain data; and whether a reply is right.

No engine here: `eval_engine` asks the real one, tests ask an oracle.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from autoglm_agent.training.evaluate.answers import check_reply, exact_tool_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autoglm_agent.training.sample import Message, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One way to ask a case. `image` False leaves the pictures out, `speech_features` False keeps the transcript alone.

    `uniform` replaces the gate's weights by equal ones, `detail` shows every picture in all its tokens whatever its
    weight; `gate_only` asks for the gate's weights and no reply.
    """

    think: bool = True
    image: bool = True
    speech_features: bool = True
    uniform: bool = False
    detail: bool = False
    gate_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A conversation up to its last assistant message, which is wanted; what is said and shown in it, in order.

    `waves` (int16, 16 kHz) belong to the spoken messages, `images` (JPEG) to those with a picture.
    """

    sample: Sample
    asks: tuple[Ask, ...]
    waves: tuple[NDArray[Any], ...] = ()
    images: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Reply:
    """What a model answered. `gate` is (text, image, speech); `failure` tells why there is no reply."""

    text: str = ""
    reasoning: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    gate: tuple[float, float, float] | None = None
    failure: str = ""
    output_tokens: int = 0
    image_tokens: int = 0
    decode_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, and how it grew: (audio received in ms, text); how likely the speaker has finished, if that is told."""

    text: str
    partials: tuple[tuple[int, str], ...]
    end_of_turn: float | None = None


class Subject(Protocol):
    """What is evaluated."""

    def answer(self, cases: Sequence[Case]) -> list[list[Reply]]:
        """For each case one reply per ask."""
        ...

    def hear(self, waves: Sequence[NDArray[Any]], chunk_ms: int | None) -> list[Heard]:
        """Transcripts of streams at a latency; None: each utterance at once."""
        ...


def prompt_of(sample: Sample) -> tuple[Message, ...]:
    """The messages before the wanted one."""
    return sample.messages[: wanted_at(sample)]


def wanted_at(sample: Sample) -> int:
    """The place of the last assistant message."""
    return max(i for i, message in enumerate(sample.messages) if message.role == "assistant")


def typed(sample: Sample) -> Sample:
    """The sample with nothing spoken."""
    return replace(sample, messages=tuple(replace(message, spoken=False) for message in sample.messages))


def is_spoken(sample: Sample) -> bool:
    """Whether the last user message is spoken."""
    return next(m.spoken for m in reversed(prompt_of(sample)) if m.role == "user")


def thinks(sample: Sample) -> bool:
    """The mode a sample is asked in: thinking, as the product does by default, unless its task has no trace."""
    return sample.think != "never"


def is_right(sample: Sample, reply: Reply) -> bool:
    """Calls must be exact where calls are wanted; else there must be none, and the text must fit the sample's key."""
    wanted = sample.messages[wanted_at(sample)]
    if wanted.tool_calls:
        return exact_tool_match(wanted.tool_calls, reply.calls)
    return not reply.calls and not reply.failure and check_reply(sample.answer, reply.text)


def perfect(sample: Sample) -> Reply:
    """The sample's own reply."""
    wanted = sample.messages[wanted_at(sample)]
    return Reply(text=wanted.text, reasoning=wanted.reasoning, calls=[dict(call) for call in wanted.tool_calls])
