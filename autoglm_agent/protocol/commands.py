"""Commands: what a client asks of the runtime, validated and decoded. `RealtimeConnection.receive_text` returns them.

What the connection can answer alone (retrieving an item, every error) never becomes a command. When a command is
returned, its acknowledgement is already among the connection's events to send, and the conversation already holds its
effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from autoglm_agent.protocol.config import AudioFormat, ResponseConfig, SessionConfig
from autoglm_agent.protocol.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSession:
    """The settings changed from `previous` to `config`."""

    config: SessionConfig
    previous: SessionConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendAudio:
    """Sound for the input buffer: whole samples in `format` (24 kHz s16le, or 8 kHz G.711 still encoded)."""

    audio: bytes
    format: AudioFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitAudio:
    """The client ended the user's turn: the buffer became item `item_id`. It does not ask for a response."""

    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAudio:
    """Forget what is buffered; `item_id` is the item it would have become. The next speech gets a new id."""

    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateItem:
    """The client put `item` into the conversation. Encode its pictures and recognise its audio ahead of time."""

    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFrame:
    """A picture alone in a user message: a camera frame, unless a response follows. It may yet be superseded.

    `item_id` names it as a frame. It is in `history()` only once a commit, a message or a response has used it.
    """

    item_id: str
    image: bytes
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetFrames:
    """Newer frames superseded these before they were used; they will never be in the history."""

    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteItem:
    """The item left the conversation."""

    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncateItem:
    """The user heard `audio_end_ms` of an assistant's item (clamped to what was sent).

    The history already holds a proportional cut; send `facts.ItemHeard` when word marks know better.
    """

    item_id: str
    content_index: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateResponse:
    """Answer now. Send `ResponseStarted(response_id=…)` first, then deltas, then `ResponseFinished`.

    `input` None: answer `connection.history()`. Otherwise answer exactly these items. `conversation` "none" is out of
    band: its output never enters the history and it may run beside another response.
    """

    response_id: str
    config: ResponseConfig
    conversation: Literal["auto", "none"] = "auto"
    input: tuple[Item, ...] | None = None
    metadata: dict[str, str] | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelResponse:
    """Stop computing and speaking. The client has already got its `response.done`; later facts of it are dropped."""

    response_id: str


Command = (
    UpdateSession
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | CreateItem
    | ShowFrame
    | ForgetFrames
    | DeleteItem
    | TruncateItem
    | CreateResponse
    | CancelResponse
)
