"""The brain: what answers a session's turns. The engine's own text generation by default, or an agent from outside.

A brain is asked once per response and gives facts as they come. Turn taking, speech, the history and cancelling are not
its business: who closes its generator has interrupted it, and the history keeps what was heard.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.config import ResponseConfig, SessionConfig
from autoglm_agent.protocol.items import AudioContent, Content, Item, MessageItem
from autoglm_agent.runtime.history import Lookup, Pending

Thought = (
    f.ReasoningDelta
    | f.TextDelta
    | f.ToolCallDone
    | f.OwnToolCalled
    | f.OwnToolAnswered
    | f.GateUpdated
    | f.ErrorRaised
    | f.ResponseFinished
)
"""What a brain may tell of; the last of an answer is `ResponseFinished`. Only `TextDelta` is spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One response to make.

    `items` is the conversation, oldest first; all speech in it is transcribed, and of the assistant's own words there
    are those that were heard. `in_band` False: the answer is no part of the conversation and must not be remembered.
    """

    session_id: str
    response_id: str
    items: tuple[Item, ...]
    config: ResponseConfig
    in_band: bool = True


class Brain(Protocol):
    """Answers the turns of one session."""

    def answer(self, question: Question) -> AsyncGenerator[Thought, None]:
        """Tell the answer as it comes. Closing the generator stops the work behind it.

        What it raises costs the response, not the session: the client is told of an internal error.
        """
        ...

    async def prefill(self, items: tuple[Item, ...], config: SessionConfig, pending: Pending) -> None:
        """Get ready for a turn that is probably over. Cancelled when speech resumes; doing nothing is fine."""
        ...


BrainMaker = Callable[[str], Brain]
"""Makes the brain of one session, by the session's id. It lives as long as the session."""


def transcribed(items: tuple[Item, ...], features: Lookup) -> tuple[Item, ...]:
    """Write into each user's message what was heard in it; the history may have been read before that was known."""
    return tuple(_transcribed(item, features) if isinstance(item, MessageItem) else item for item in items)


def _transcribed(item: MessageItem, features: Lookup) -> MessageItem:
    def known(index: int, part: Content) -> Content:
        if not isinstance(part, AudioContent):
            return part
        heard = features.utterance(item.id, index)
        return replace(part, transcript=heard.transcript) if heard is not None else part

    if item.role != "user" or not any(isinstance(part, AudioContent) for part in item.content):
        return item
    return replace(item, content=tuple(known(index, part) for index, part in enumerate(item.content)))
