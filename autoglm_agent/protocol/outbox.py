"""The queue of server events waiting for the socket, already JSON."""

from __future__ import annotations

from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.wire.server_events import ServerEvent


class Outbox:
    """Serialises events in order. The shell drains it after every call, so it holds one call's events at most."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._queued: list[str] = []

    def event_id(self) -> str:
        """Make the id of the next event."""
        return self._ids.new("event")

    def put(self, event: ServerEvent) -> None:
        """Queue an event."""
        self._queued.append(event.model_dump_json())

    def drain(self) -> list[str]:
        """Take everything."""
        queued, self._queued = self._queued, []
        return queued
