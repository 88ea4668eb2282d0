"""The line to the client: facts in, events into the outbox, and the clock by which latencies are told.

One per session; every part of the session speaks through it, so the connection is told of things in the order in which
they happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from autoglm_agent.engine.messages import Failed
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.facts import ErrorRaised, Fact, LatencyMeasured
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.runtime.outbox import Outbox


class Line:
    """The sans-I/O connection of a session together with where its events go."""

    def __init__(
        self,
        connection: RealtimeConnection,
        outbox: Outbox,
        *,
        clock: Callable[[], float],
        ids: IdSource,
        on_fact: Callable[[Fact], None] = lambda fact: None,
    ) -> None:
        self.connection = connection
        self.outbox = outbox
        self.clock = clock
        self.new_id = ids.new
        self._on_fact = on_fact

    def tell(self, *facts: Fact) -> None:
        """Tell the client what happened. Never waits."""
        for fact in facts:
            self._on_fact(fact)
            self.connection.send(fact)
        self.flush()

    def flush(self) -> None:
        """Move the connection's events to the outbox."""
        self.outbox.put(self.connection.events_to_send())

    def tell_problem(self, failed: Failed) -> None:
        """Tell what of an item cannot be seen or heard; a broken picture or recording is the client's to mend."""
        is_the_clients = failed.code in ("bad_image", "bad_audio")
        kind: Literal["invalid_request_error", "server_error"] = (
            "invalid_request_error" if is_the_clients else "server_error"
        )
        self.tell(ErrorRaised(message=failed.message, code=failed.code, type=kind))

    def tell_latency(self, stage: str, since_s: float) -> None:
        """Tell, to a client that asked, how long a stage took since `since_s` on the clock."""
        measured = LatencyMeasured(stage=stage, ms=(self.clock() - since_s) * 1000)
        if self.connection.wants("autoglm.latency"):
            self.tell(measured)
        else:
            self._on_fact(measured)

    @property
    def is_lost(self) -> bool:
        """Whether the client has lost its socket and may come back."""
        return self.outbox.is_lost

    async def client(self) -> None:
        """Wait while the client is lost."""
        await self.outbox.reader()

    async def room(self) -> None:
        """Wait while the client reads too slowly for more of an answer."""
        await self.outbox.room()
