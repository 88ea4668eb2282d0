"""Conversation items as frozen values: what the runtime reads from a history, decoded, without wire details.

Not the wire form: pydantic models of items live in `wire.items`. Not a prompt: the runtime maps items to engine turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ItemStatus = Literal["completed", "incomplete", "in_progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContent:
    """Text that was typed (`input_text`) or answered (`output_text`)."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioContent:
    """Speech. `transcript` is None until it is known.

    `audio` holds the decoded bytes only when a client sent them inside an item or a chat message; speech from the input
    buffer is held by the runtime under the item's id. `format` is `audio/pcm`, `audio/pcmu`, `audio/pcma` or, in chat
    messages, a file format (`wav`, `mp3`, …).
    """

    transcript: str | None = None
    audio: bytes | None = None
    format: str = "audio/pcm"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """A picture: the bytes of its file and its media type. Whether they decode is not checked here.

    `url` is set instead of `image` when a chat message names an http(s) address that the server may fetch.
    """

    image: bytes
    mime: str
    detail: Literal["auto", "low", "high"] = "auto"
    url: str | None = None


Content = TextContent | AudioContent | ImageContent


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageItem:
    """A message. An assistant's `content` is what the user heard or read, once a truncation or `ItemHeard` said so.

    `reasoning` is the trace that preceded the answer; it never goes on the wire with the item.
    """

    id: str
    role: Literal["system", "user", "assistant"]
    content: tuple[Content, ...]
    status: ItemStatus = "completed"
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallItem:
    """A call the assistant made. `arguments` is a JSON object as text."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: ItemStatus = "completed"
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallOutputItem:
    """What a tool returned for `call_id`."""

    id: str
    call_id: str
    output: str
    status: ItemStatus = "completed"


Item = MessageItem | FunctionCallItem | FunctionCallOutputItem
