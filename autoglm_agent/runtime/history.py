"""From the conversation's items to the engine's turns: a pure function, so that the same items give the same prompt.

It looks up, for every picture and every utterance, under which name the engine knows it; it neither encodes nor sends.
Whatever lies between two answers is one user turn, since it is one block of the prompt: pictures first, then speech,
then text. A prompt only ever grows at its end unless an item is deleted or cut, so cached keys stay true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, assert_never

from autoglm_agent.engine.messages import AudioPart, ImagePart, Part, TextPart, ToolCall, Turn
from autoglm_agent.protocol.items import (
    AudioContent,
    Content,
    FunctionCallItem,
    FunctionCallOutputItem,
    ImageContent,
    Item,
    MessageItem,
    TextContent,
)


class Lookup(Protocol):
    """Names the engine's features of an item's parts. None: there is none (a broken picture, speech long gone)."""

    def frame_id(self, item_id: str, index: int) -> str | None:
        """The frame that part `index` of the item was encoded as."""
        ...

    def utterance(self, item_id: str, index: int) -> AudioPart | None:
        """The utterance that part `index` of the item was heard as."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A user block not committed yet: what the microphone and the camera hold at the first silence."""

    frame_id: str | None
    speech: AudioPart


def to_turns(
    items: Iterable[Item], lookup: Lookup, *, instructions: str = "", pending: Pending | None = None
) -> tuple[Turn, ...]:
    """The prompt for `items`, `instructions` in front, an uncommitted block at the end."""
    turns: list[Turn] = []
    if instructions:
        turns.append(Turn(role="system", content=(TextPart(text=instructions),)))
    turns.extend(_turn(item, lookup) for item in items)
    if pending is not None:
        parts: tuple[Part, ...] = (pending.speech,)
        if pending.frame_id is not None:
            parts = (ImagePart(frame_id=pending.frame_id), *parts)
        turns.append(Turn(role="user", content=parts))
    return tuple(_join(turns))


def _turn(item: Item, lookup: Lookup) -> Turn:
    match item:
        case MessageItem():
            parts = [_part(item.id, index, content, lookup) for index, content in enumerate(item.content)]
            return Turn(
                role=item.role,
                content=tuple(part for part in parts if part is not None),
                reasoning=item.reasoning if item.role == "assistant" else "",
            )
        case FunctionCallItem():
            call = ToolCall(call_id=item.call_id, name=item.name, arguments=item.arguments)
            return Turn(role="assistant", tool_calls=(call,), reasoning=item.reasoning)
        case FunctionCallOutputItem():
            return Turn(role="tool", content=(TextPart(text=item.output),), tool_call_id=item.call_id)
        case _:
            assert_never(item)


def _part(item_id: str, index: int, content: Content, lookup: Lookup) -> Part | None:
    match content:
        case TextContent():
            return TextPart(text=content.text) if content.text else None
        case ImageContent():
            frame_id = lookup.frame_id(item_id, index)
            return ImagePart(frame_id=frame_id, detail=content.detail) if frame_id is not None else None
        case AudioContent():
            heard = lookup.utterance(item_id, index)
            if heard is not None:
                return heard
            return TextPart(text=content.transcript) if content.transcript else None
        case _:
            assert_never(content)


def _join(turns: Iterable[Turn]) -> Iterable[Turn]:
    """Join neighbours of the user and of the assistant; leave out what is empty."""
    last: Turn | None = None
    for turn in turns:
        if not (turn.content or turn.tool_calls or turn.reasoning or turn.role == "tool"):
            continue
        if last is not None and last.role == turn.role and turn.role in ("user", "assistant"):
            last = Turn(
                role=turn.role,
                content=last.content + turn.content,
                reasoning=last.reasoning or turn.reasoning,
                tool_calls=last.tool_calls + turn.tool_calls,
            )
            continue
        if last is not None:
            yield _ordered(last)
        last = turn
    if last is not None:
        yield _ordered(last)


def _ordered(turn: Turn) -> Turn:
    """Visual, speech, text: the order inside a user block."""
    if turn.role != "user":
        return turn
    order = (ImagePart, AudioPart, TextPart)
    return Turn(role="user", content=tuple(sorted(turn.content, key=lambda part: order.index(type(part)))))
