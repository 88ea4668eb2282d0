"""The realtime connection, sans I/O: client text in, commands out; facts in, server text out.

It owns the session's settings, the conversation, the accounting of input audio, the order of events and the state of every
response. It owns no socket, no task, no model and no audio: the runtime does.

Use:
    connection = RealtimeConnection(SessionDefaults(model="nano"), ids=RandomIds(), clock=time.time)
    connection.open()                                   # session.created
    for command in connection.receive_text(frame): ...  # act on it
    connection.send(TextDelta(response_id=…, text="好"))
    for text in connection.events_to_send(): await socket.send(text)
"""

from __future__ import annotations

from collections.abc import Callable

from autoglm_agent.protocol.commands import Command, CreateResponse
from autoglm_agent.protocol.config import SessionConfig, SessionDefaults
from autoglm_agent.protocol.facts import Fact
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.items import Item


class RealtimeConnection:
    """One client's protocol state. Not thread safe; synchronous; never blocks."""

    def __init__(
        self,
        defaults: SessionDefaults,
        *,
        ids: IdSource,
        clock: Callable[[], float],
        transcription_only: bool = False,
    ) -> None:
        """Prepare a session. `clock` gives Unix seconds (for `expires_at`)."""

    @property
    def session_id(self) -> str:
        """The session's id (`sess_…`)."""
        ...

    @property
    def config(self) -> SessionConfig:
        """The settings in force."""
        ...

    @property
    def input_item_id(self) -> str:
        """The id that the audio now being buffered will have as an item. Changes at commit and clear."""
        ...

    @property
    def buffered_ms(self) -> int:
        """Milliseconds of audio since the last commit or clear."""
        ...

    @property
    def received_ms(self) -> int:
        """Milliseconds of audio since the session began; the clock of `audio_start_ms` and `audio_end_ms`."""
        ...

    @property
    def active_response_id(self) -> str | None:
        """The response of the default conversation that is requested or in progress."""
        ...

    def open(self) -> None:
        """Queue `session.created`. Call once, first."""

    def receive_text(self, data: str) -> tuple[Command, ...]:
        """Take one frame from the client. Never raises for what a client sent: it queues an `error` event instead."""
        ...

    def open_response(self) -> CreateResponse:
        """Begin a response on the server's own account (turn detection). Raises `LocalProtocolError` if one is active."""
        ...

    def send(self, fact: Fact) -> None:
        """Queue the events that tell the client of `fact`. Raises `LocalProtocolError` for an illegal order."""

    def events_to_send(self) -> list[str]:
        """Take the queued server events, oldest first, each a JSON text under 1 MiB."""
        ...

    def wants(self, event: str) -> bool:
        """Whether the client asked for an optional event (one of `config.OPTIONAL_EVENTS`)."""
        ...

    def history(self) -> tuple[Item, ...]:
        """The conversation in order, decoded: what a response without `input` answers."""
        ...

    def item(self, item_id: str) -> Item | None:
        """One item of the conversation or a camera frame not yet used; None when unknown."""
        ...
