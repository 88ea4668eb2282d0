"""The conversation: items in order, and the camera beside it. No events are made here.

Camera rule (PROTOCOL, server rule 5): a user message that is one picture and nothing else may be a video frame. It
waits beside the conversation. A commit takes the newest into the history, in front of what was said; a typed message or
a response takes all that wait; newer frames push out older ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.items import (
    AudioContent,
    ImageContent,
    Item,
    MessageItem,
    TextContent,
)

#: With a microphone on, pictures are a camera's and only the newest counts.
CAMERA_FRAMES = 1
#: Without one, a client may show several pictures one by one before it asks; this many are kept.
PICTURES_BEFORE_A_QUESTION = 8
#: A client may delete frames we dropped long ago; so many are remembered and acknowledged.
REMEMBERED_FRAMES = 64
#: What a client may put into one conversation: far beyond any context, small enough for a server of many sessions.
MAX_ITEMS = 2_000
MAX_MEDIA_BYTES = 32 * 1024 * 1024


def is_frame(item: Item) -> bool:
    """Whether the item is a user's message of exactly one picture."""
    if not isinstance(item, MessageItem) or item.role != "user" or len(item.content) != 1:
        return False
    return isinstance(item.content[0], ImageContent)


class Conversation:
    """Items by order and by id. Items are frozen; a change replaces the item in its place."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._order: list[str] = []
        self._spoken: dict[str, tuple[str, int]] = {}
        self._frames: dict[str, Item] = {}
        self._frames_after: str | None = None
        self._max_frames = PICTURES_BEFORE_A_QUESTION
        self._dropped: deque[str] = deque(maxlen=REMEMBERED_FRAMES)

    @property
    def last_id(self) -> str | None:
        """The id of the last item, None when empty."""
        return self._order[-1] if self._order else None

    def get(self, item_id: str) -> Item | None:
        """Return an item or a waiting frame."""
        return self._items.get(item_id) or self._frames.get(item_id)

    def history(self) -> tuple[Item, ...]:
        """All items that are whole, in order; an assistant's message that was stopped before its first word is not."""
        items = (self._items[item_id] for item_id in self._order)
        return tuple(item for item in items if item.status != "in_progress" and not _is_silent(item))

    def newest(self) -> Iterator[Item]:
        """All items, those in progress too, the last one first. Frames that wait are not among them."""
        return (self._items[item_id] for item_id in reversed(self._order))

    def check_new(self, item_id: str) -> None:
        """Raise `RemoteProtocolError` when the id is taken."""
        if item_id in self._items or item_id in self._frames:
            raise RemoteProtocolError(
                f"Item '{item_id}' is in the conversation already.",
                code="item_create_duplicate_item_id",
                param="item.id",
            )

    def check_room(self, item: Item) -> None:
        """Raise `RemoteProtocolError` when the conversation would hold too much."""
        num_bytes = _media_bytes(item)
        if num_bytes:
            num_bytes += sum(map(_media_bytes, (*self._items.values(), *self._frames.values())))
        if len(self._items) >= MAX_ITEMS or num_bytes > MAX_MEDIA_BYTES:
            raise RemoteProtocolError(
                f"The conversation is full ({MAX_ITEMS} items, {MAX_MEDIA_BYTES} bytes of media). Delete items first.",
                code="conversation_full",
                param="item",
            )

    def insert(self, item: Item, previous_item_id: str | None = None) -> str | None:
        """Put `item` after `previous_item_id` (`root`: first; None: last). Return the id before it."""
        if previous_item_id is None:
            position = len(self._order)
        elif previous_item_id == "root":
            position = 0
        elif previous_item_id in self._items:
            position = self._order.index(previous_item_id) + 1
        else:
            raise RemoteProtocolError(
                f"There is no item '{previous_item_id}' to put the new one after.",
                code="invalid_value",
                param="previous_item_id",
            )
        self._order.insert(position, item.id)
        self._items[item.id] = item
        return self._order[position - 1] if position else None

    def replace(self, item: Item) -> None:
        """Change an item in its place; one that is gone stays gone."""
        if item.id in self._items:
            self._items[item.id] = item

    def transcribe(self, item_id: str, transcript: str) -> None:
        """Set what the user said in an item."""
        item = self._items.get(item_id)
        if isinstance(item, MessageItem) and item.role == "user":
            content = tuple(
                replace(part, transcript=transcript) if isinstance(part, AudioContent) else part
                for part in item.content
            )
            self._items[item_id] = replace(item, content=content)

    # --- What was heard ---------------------------------------------------------------------------------------------

    def spoke(self, item_id: str, text: str, audio_ms: int) -> None:
        """Remember all that an assistant's item said, so that every cut is made from the whole."""
        self._spoken[item_id] = (text, audio_ms)

    def hear(self, item_id: str, text: str) -> None:
        """Leave only `text` of an assistant's spoken item."""
        item = self._items.get(item_id)
        if isinstance(item, MessageItem) and item_id in self._spoken:
            self._items[item_id] = replace(item, content=(AudioContent(transcript=text),))

    def truncate(self, item_id: str, audio_end_ms: int) -> int:
        """Leave the share of the words that `audio_end_ms` is of the audio. Return the end clamped to the audio's."""
        if item_id not in self._spoken:
            raise RemoteProtocolError(
                f"Item '{item_id}' has no audio of the assistant.", code="invalid_value", param="item_id"
            )
        text, audio_ms = self._spoken[item_id]
        end_ms = min(audio_end_ms, audio_ms)
        if end_ms < audio_ms:
            self.hear(item_id, text[: len(text) * end_ms // audio_ms])
        return end_ms

    def previous(self, item_id: str) -> str | None:
        """Return the id before an item."""
        position = self._order.index(item_id)
        return self._order[position - 1] if position else None

    def require(self, item_id: str, code: str) -> Item:
        """Return an item or raise `RemoteProtocolError` with `code`."""
        item = self.get(item_id)
        if item is None:
            raise RemoteProtocolError(f"There is no item '{item_id}'.", code=code, param="item_id")
        return item

    def delete(self, item_id: str) -> None:
        """Take an item or a frame away, dropped frames included. Raises `RemoteProtocolError` for others."""
        if item_id in self._dropped:
            self._dropped.remove(item_id)
            return
        item = self.require(item_id, "item_delete_invalid_item_id")
        if item.status == "in_progress":
            raise RemoteProtocolError(f"Item '{item_id}' is in progress.", code="invalid_value", param="item_id")
        if self._frames.pop(item_id, None) is None:
            del self._items[item_id]
            self._spoken.pop(item_id, None)
            self._order.remove(item_id)

    # --- The camera -------------------------------------------------------------------------------------------------

    def show(self, frame: Item) -> tuple[str | None, tuple[str, ...]]:
        """Let a frame wait. Return the id the client should put it after and the ids of frames it pushed out."""
        previous = next(reversed(self._frames), self.last_id)
        self._frames[frame.id] = frame
        self._frames_after = self.last_id
        return previous, self._drop_old_frames()

    def microphone_on(self) -> tuple[str, ...]:
        """From now on only the newest frame waits. Return the ids of dropped ones."""
        self._max_frames = CAMERA_FRAMES
        return self._drop_old_frames()

    def use_frames(self) -> None:
        """Take the waiting frames into the conversation, at its end."""
        for frame in self._frames.values():
            self.insert(frame)
        self._frames.clear()

    def use_frames_for_response(self) -> None:
        """Take frames that came after the last item: pictures, then a question for a response.

        Frames from before the last item belong to a running camera, and so do those that follow committed speech.
        """
        last = self._items.get(self.last_id) if self.last_id else None
        if self._frames_after == self.last_id and not _is_speech(last):
            self.use_frames()

    def _drop_old_frames(self) -> tuple[str, ...]:
        dropped = tuple(self._frames)[: -self._max_frames]
        for frame_id in dropped:
            del self._frames[frame_id]
        self._dropped.extend(dropped)
        return dropped


def _media_bytes(item: Item) -> int:
    if not isinstance(item, MessageItem):
        return 0
    images = sum(len(part.image) for part in item.content if isinstance(part, ImageContent))
    return images + sum(len(part.audio or b"") for part in item.content if isinstance(part, AudioContent))


def _is_speech(item: Item | None) -> bool:
    if not isinstance(item, MessageItem) or item.role != "user":
        return False
    return any(isinstance(part, AudioContent) for part in item.content)


def _is_silent(item: Item) -> bool:
    if not isinstance(item, MessageItem) or item.role != "assistant":
        return False
    return not any(_words(part) for part in item.content)


def _words(part: object) -> str:
    match part:
        case TextContent():
            return part.text
        case AudioContent():
            return part.transcript or ""
        case _:
            return ""
