"""Idling: the time since the model's last answer in which nobody spoke (`server_vad`'s `idle_timeout_ms`).

It keeps the time and says when it is over, once until the user or the client acts; what follows from that is done by
`listening`, which owns the buffer. Time is anyio's clock: a muted client sends no samples to count.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from autoglm_agent.protocol.commands import Command, CommitAudio, CreateItem, CreateResponse, UpdateSession
from autoglm_agent.protocol.config import ServerVad
from autoglm_agent.runtime.line import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodySpoke:
    """The idle timeout is over. The silence began `audio_start_ms` into the session's audio."""

    audio_start_ms: int


class IdleTimer:
    """One session's timer. `answered` starts it, `acted` stops it; what it says goes to the `put` of `run`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._since_s: float | None = None
        self._since_ms = 0
        self._is_spent = False
        self._changed = anyio.Event()

    def answered(self, *, playing_s: float = 0.0) -> None:
        """A response of the conversation has ended. Its audio is still to be heard for `playing_s` seconds."""
        if self._is_spent or self._line.connection.active_response_id is not None:
            return
        self._since_s = anyio.current_time() + playing_s
        self._since_ms = self._line.connection.received_ms + round(playing_s * 1000)
        self._changed.set()

    def acted(self) -> None:
        """The user spoke, or the client acted: nobody is idle, and the timer may run again."""
        self._since_s, self._is_spent = None, False
        self._changed.set()

    def reconnected(self) -> None:
        """The client was lost, or is back: the time without it does not count."""
        if self._since_s is not None:
            self._since_s = max(self._since_s, anyio.current_time())
        self._changed.set()

    def heed(self, command: Command) -> None:
        """A command of the client: to commit, write or ask is to act; new settings count from when the answer ended."""
        match command:
            case CommitAudio() | CreateItem() | CreateResponse():
                self.acted()
            case UpdateSession():
                self._changed.set()
            case _:
                pass

    async def run(self, put: Callable[[NobodySpoke], None]) -> None:
        """Wait for the time to be over, again and again, until cancelled."""
        while True:
            self._changed = anyio.Event()
            with anyio.CancelScope(deadline=self._deadline_s()) as waiting:
                await self._changed.wait()
            if waiting.cancelled_caught and self._since_s is not None:
                self._since_s, self._is_spent = None, True
                put(NobodySpoke(audio_start_ms=self._since_ms))

    def _deadline_s(self) -> float:
        detection = self._line.connection.config.turn_detection
        if self._line.is_lost:
            return math.inf
        if self._since_s is None or not isinstance(detection, ServerVad) or detection.idle_timeout_ms is None:
            return math.inf
        return self._since_s + detection.idle_timeout_ms / 1000
