"""A session's conversation as LangChain messages.

Each message has the id of the last item it stands for. The user hears and says words: speech comes as its transcript,
and of the pictures only those of the newest message are shown, since a camera would fill any context.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from autoglm_agent.protocol.items import (
    AudioContent,
    FunctionCallItem,
    FunctionCallOutputItem,
    ImageContent,
    Item,
    MessageItem,
    TextContent,
)

INAUDIBLE = "[听不清 inaudible]"
"""Stands for speech in which no word was understood: a model must not be asked with an empty message."""
INTERRUPTED = "[interrupted by the user]"
"""Stands for the result of a tool that did not return in time; models refuse a history with calls left open."""


def to_messages(items: Iterable[Item]) -> list[BaseMessage]:
    """The conversation, oldest first."""
    messages: list[BaseMessage] = []
    for side, group in groupby(items, key=_side):
        if side == "assistant":
            messages += _assistant(list(group))
        elif side == "user":
            messages += _user([item for item in group if isinstance(item, MessageItem)])
        else:
            messages += (SystemMessage(_words(item), id=item.id) for item in group if isinstance(item, MessageItem))
    return _with_newest_pictures(messages)


def newest(items: Sequence[Item], limit: int) -> list[Item]:
    """About the last `limit` items, from the beginning of an exchange on; system messages of any age."""
    begin = max(0, len(items) - limit)
    users = [n for n, item in enumerate(items) if _side(item) == "user"]
    start = next((n for n in users if n >= begin), users[-1] if users else begin)
    while start and _side(items[start]) == _side(items[start - 1]) == "user":
        start -= 1  # a picture and what was said about it stay together
    return [*(item for item in items[:start] if _side(item) == "system"), *items[start:]]


def text_of(item: MessageItem) -> str:
    """The words of a message that were written, understood or heard."""
    return _words(item)


def _side(item: Item) -> str:
    return item.role if isinstance(item, MessageItem) else "assistant"


def _words(item: MessageItem) -> str:
    parts = (part.text if isinstance(part, TextContent) else getattr(part, "transcript", "") for part in item.content)
    return "\n".join(part for part in parts if part)


def _user(items: list[MessageItem]) -> Iterator[BaseMessage]:
    """Neighbours are one message: a picture, then what was said about it."""
    texts, pictures = [], []
    for item in items:
        spoke = any(isinstance(part, AudioContent) for part in item.content)
        if words := _words(item) or (INAUDIBLE if spoke else ""):
            texts.append(words)
        pictures += [part for part in item.content if isinstance(part, ImageContent) and part.image]
    text = "\n".join(texts)
    if pictures:
        blocks: list[Any] = [_picture(picture) for picture in pictures]
        yield HumanMessage([*blocks, {"type": "text", "text": text}] if text else blocks, id=items[-1].id)
    elif text:
        yield HumanMessage(text, id=items[-1].id)


def _picture(picture: ImageContent) -> dict[str, str]:
    return {"type": "image", "base64": base64.b64encode(picture.image).decode(), "mime_type": picture.mime}


def _with_newest_pictures(messages: list[BaseMessage]) -> list[BaseMessage]:
    last = next((n for n in range(len(messages) - 1, -1, -1) if isinstance(messages[n], HumanMessage)), 0)
    return [without_pictures(message) if n < last else message for n, message in enumerate(messages)]


def without_pictures(message: BaseMessage) -> BaseMessage:
    """The message, its pictures replaced by the word that there were some."""
    if isinstance(message.content, str) or not isinstance(message, HumanMessage):
        return message
    return HumanMessage("\n".join(filter(None, ("[picture]", message.text))), id=message.id)


def _assistant(items: list[Item]) -> Iterator[BaseMessage]:
    """One answer: its tool steps first, then its words, which end with what the tools gave."""
    outputs = {item.call_id: item.output for item in items if isinstance(item, FunctionCallOutputItem)}
    for is_call, group in groupby(items, key=lambda item: isinstance(item, FunctionCallItem)):
        if is_call:
            calls = [item for item in group if isinstance(item, FunctionCallItem)]
            yield AIMessage("", tool_calls=[_call(item) for item in calls], id=calls[-1].id)
            for call in calls:
                yield ToolMessage(outputs.get(call.call_id, INTERRUPTED), tool_call_id=call.call_id)
    for item in items:
        if isinstance(item, MessageItem) and (words := _words(item)):
            yield AIMessage(words, id=item.id)


def _call(item: FunctionCallItem) -> Any:
    try:
        arguments = json.loads(item.arguments or "{}")
    except ValueError:
        arguments = {}
    return {"name": item.name, "args": arguments if isinstance(arguments, dict) else {}, "id": item.call_id}
