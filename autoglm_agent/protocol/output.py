"""A response's output: its items and content parts, added and done in their one legal order.

A response has at most one message item, opened by its first text or audio and closed when the response ends. Each tool
call is an item of its own, opened and closed at once. Reasoning is told before the item it leads to.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypedDict

from autoglm_agent.protocol.config import ResponseConfig
from autoglm_agent.protocol.conversation import Conversation
from autoglm_agent.protocol.errors import LocalProtocolError
from autoglm_agent.protocol.facts import OwnToolAnswered, OwnToolCalled, ToolCallDone
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.item_codec import to_wire
from autoglm_agent.protocol.items import (
    AudioContent,
    Content,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    ItemStatus,
    MessageItem,
    TextContent,
)
from autoglm_agent.protocol.outbox import Outbox
from autoglm_agent.protocol.wire import response as wire
from autoglm_agent.protocol.wire import server_events as events

#: Raw bytes of audio in one delta: 512 KiB as base64, well under the 1 MiB at which some clients cap frames.
MAX_AUDIO_DELTA_BYTES = 384 * 1024
#: Characters in one text delta: escaped at its worst (6 bytes each) it stays under a frame.
MAX_TEXT_DELTA_CHARS = 160_000


class Place(TypedDict):
    """Where in a response an event belongs."""

    event_id: str
    response_id: str
    item_id: str
    output_index: int


@dataclass(slots=True)
class _Message:
    """The message item while it is being said."""

    item: MessageItem
    output_index: int
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reasoning:
    """A trace that is still growing, under the id and index of the item it will lead to."""

    item_id: str
    output_index: int
    text: list[str] = field(default_factory=list)
    open: bool = True


class Output:
    """The items of one response. With `conversation` None (out of band) no conversation is touched or told of."""

    def __init__(
        self,
        response_id: str,
        config: ResponseConfig,
        *,
        conversation: Conversation | None,
        ids: IdSource,
        outbox: Outbox,
        show_reasoning: bool,
    ) -> None:
        self._response_id = response_id
        self._config = config
        self._conversation = conversation
        self._ids = ids
        self._outbox = outbox
        self._show_reasoning = show_reasoning
        self._items: list[Item] = []
        self._message: _Message | None = None
        self._reasoning: _Reasoning | None = None
        self._num_audio_bytes = 0
        self._heard_ms: int | None = None
        self._heard_text: str | None = None
        self.num_deltas = 0

    @property
    def items(self) -> tuple[Item, ...]:
        """The items so far, in output order."""
        return tuple(self._items)

    @property
    def message_id(self) -> str | None:
        """The message item's id, once it is open."""
        return self._message.item.id if self._message else None

    @property
    def audio_ms(self) -> int:
        """Milliseconds of voice that went out."""
        audio = self._config.output_format
        return self._num_audio_bytes // audio.bytes_per_sample * 1_000 // audio.sample_rate_hz

    # --- What facts do ----------------------------------------------------------------------------------------------

    def reason(self, text: str) -> None:
        """Grow the reasoning trace."""
        self.num_deltas += 1
        if self._reasoning is None or not self._reasoning.open:
            self._reasoning = _Reasoning(self._ids.new("item"), len(self._items))
        self._reasoning.text.append(text)
        if self._show_reasoning:
            for piece in _pieces(text):
                self._outbox.put(events.ReasoningTextDelta(**self._at(self._reasoning), delta=piece))

    def say(self, text: str) -> None:
        """Grow the answer."""
        self.num_deltas += 1
        message = self._open_message()
        message.text.append(text)
        spoken = self._config.modality == "audio"
        delta = events.OutputTranscriptDelta if spoken else events.OutputTextDelta
        for piece in _pieces(text):
            self._outbox.put(delta(**self._at(message), delta=piece))

    def voice(self, audio: bytes) -> None:
        """Grow the voice, in frames that every client takes."""
        if self._config.modality != "audio":
            raise LocalProtocolError(f"AudioDelta for response {self._response_id}, which is text")
        message = self._open_message()
        self._num_audio_bytes += len(audio)
        for start in range(0, len(audio), MAX_AUDIO_DELTA_BYTES):
            encoded = base64.b64encode(audio[start : start + MAX_AUDIO_DELTA_BYTES]).decode("ascii")
            self._outbox.put(events.OutputAudioDelta(**self._at(message), delta=encoded))

    def call(self, fact: ToolCallDone) -> None:
        """Put a whole tool call out."""
        self.num_deltas += 1
        item_id, reasoning = self._take_reasoning()
        call_id = fact.call_id or self._ids.new("call")
        item = FunctionCallItem(
            id=item_id, call_id=call_id, name=fact.name, arguments="", status="in_progress", reasoning=reasoning
        )
        index = self._add(item)
        for piece in _pieces(fact.arguments):
            self._outbox.put(events.FunctionArgumentsDelta(**self._place(item_id, index), call_id=call_id, delta=piece))
        self._outbox.put(
            events.FunctionArgumentsDone(
                **self._place(item_id, index), call_id=call_id, name=fact.name, arguments=fact.arguments
            )
        )
        self._done(index, replace(item, arguments=fact.arguments, status="completed"))

    def step(self, fact: OwnToolCalled | OwnToolAnswered) -> None:
        """Put a tool step of the server's own agent into the conversation, whole, and not among the output."""
        if self._conversation is None:
            return
        item_id, reasoning = self._take_reasoning()
        item: Item
        if isinstance(fact, OwnToolCalled):
            arguments = fact.arguments[:MAX_TEXT_DELTA_CHARS]
            item = FunctionCallItem(
                id=item_id, call_id=fact.call_id, name=fact.name, arguments=arguments, reasoning=reasoning
            )
        else:
            item = FunctionCallOutputItem(id=item_id, call_id=fact.call_id, output=fact.output[:MAX_TEXT_DELTA_CHARS])
        previous, shown, new_id = self._conversation.insert(item), to_wire(item), self._outbox.event_id
        self._outbox.put(events.ItemAdded(event_id=new_id(), previous_item_id=previous, item=shown))
        self._outbox.put(events.ItemDone(event_id=new_id(), previous_item_id=previous, item=shown))

    def close(self, status: ItemStatus) -> None:
        """End everything that is open."""
        self._close_reasoning()
        message = self._message
        if message is None:
            return
        text = "".join(message.text)
        self._close_part(message, text)
        content: Content = AudioContent(transcript=text) if self._config.modality == "audio" else TextContent(text=text)
        self._done(message.output_index, replace(message.item, content=(content,), status=status))
        if self._conversation is not None and self._config.modality == "audio":
            self._conversation.spoke(message.item.id, text, self.audio_ms)
            if self._heard_ms is not None:
                self._conversation.truncate(message.item.id, self._heard_ms)
            if self._heard_text is not None:
                self._conversation.hear(message.item.id, self._heard_text)

    def truncate(self, audio_end_ms: int) -> int:
        """Cut the history of a message still being said, once it is closed. Return the clamped end."""
        self._heard_ms = min(audio_end_ms, self.audio_ms)
        return self._heard_ms

    def hear(self, text: str) -> None:
        """Remember what was heard of a message still being said."""
        self._heard_text = text

    # --- Items ------------------------------------------------------------------------------------------------------

    def _open_message(self) -> _Message:
        self._close_reasoning()
        if self._message is None:
            item_id, reasoning = self._take_reasoning()
            item = MessageItem(id=item_id, role="assistant", content=(), status="in_progress", reasoning=reasoning)
            self._message = _Message(item, self._add(item))
            part = wire.AudioPart() if self._config.modality == "audio" else wire.TextPart()
            self._outbox.put(events.ContentPartAdded(**self._at(self._message), part=part))
        return self._message

    def _close_part(self, message: _Message, text: str) -> None:
        if self._config.modality == "audio":
            self._outbox.put(events.OutputAudioDone(**self._at(message)))
            self._outbox.put(events.OutputTranscriptDone(**self._at(message), transcript=text))
            part: wire.AudioPart | wire.TextPart = wire.AudioPart(transcript=text)
        else:
            self._outbox.put(events.OutputTextDone(**self._at(message), text=text))
            part = wire.TextPart(text=text)
        self._outbox.put(events.ContentPartDone(**self._at(message), part=part))

    def _add(self, item: MessageItem | FunctionCallItem) -> int:
        index = len(self._items)
        self._items.append(item)
        shown, new_id = to_wire(item), self._outbox.event_id
        self._outbox.put(
            events.OutputItemAdded(event_id=new_id(), response_id=self._response_id, output_index=index, item=shown)
        )
        if self._conversation is not None:
            previous = self._conversation.insert(item)
            self._outbox.put(events.ItemAdded(event_id=new_id(), previous_item_id=previous, item=shown))
        return index

    def _done(self, index: int, item: MessageItem | FunctionCallItem) -> None:
        self._items[index] = item
        shown, new_id = to_wire(item), self._outbox.event_id
        if self._conversation is not None:
            self._conversation.replace(item)
            previous = self._conversation.previous(item.id)
            self._outbox.put(events.ItemDone(event_id=new_id(), previous_item_id=previous, item=shown))
        self._outbox.put(
            events.OutputItemDone(event_id=new_id(), response_id=self._response_id, output_index=index, item=shown)
        )

    # --- Reasoning --------------------------------------------------------------------------------------------------

    def _close_reasoning(self) -> None:
        trace = self._reasoning
        if trace is None or not trace.open:
            return
        trace.open = False
        if self._show_reasoning:
            text = "".join(trace.text)[:MAX_TEXT_DELTA_CHARS]
            self._outbox.put(events.ReasoningTextDone(**self._at(trace), text=text))

    def _take_reasoning(self) -> tuple[str, str]:
        """Return the next item's id and the trace that led to it."""
        self._close_reasoning()
        trace, self._reasoning = self._reasoning, None
        return (trace.item_id, "".join(trace.text)) if trace else (self._ids.new("item"), "")

    def _at(self, place: _Message | _Reasoning) -> Place:
        item_id = place.item.id if isinstance(place, _Message) else place.item_id
        return self._place(item_id, place.output_index)

    def _place(self, item_id: str, output_index: int) -> Place:
        return Place(
            event_id=self._outbox.event_id(),
            response_id=self._response_id,
            item_id=item_id,
            output_index=output_index,
        )


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), MAX_TEXT_DELTA_CHARS):
        yield text[start : start + MAX_TEXT_DELTA_CHARS]
