"""Calls: what of a client's connection outlives its socket, and which socket has it now.

A call begins with a client's first socket and lasts until its session has ended and no socket is left; so long it takes
one of the server's places. At any time at most one socket holds it: a new one sends the old one away first.
"""

from __future__ import annotations

import hmac
from contextlib import ExitStack
from dataclasses import dataclass, field

import anyio

from autoglm_agent.protocol.dialects.detect import Detector
from autoglm_agent.runtime.session import Session


@dataclass(slots=True, eq=False)
class Hold:
    """One socket's time with a call. Cancelling `scope` ends it; `is_over` tells that it has let go."""

    scope: anyio.CancelScope
    is_over: anyio.Event = field(default_factory=anyio.Event)
    was_taken_over: bool = False


class Call:
    """A session, the key it was opened with, and how its client speaks."""

    def __init__(self, session: Session, detector: Detector, key: str | None, place: ExitStack) -> None:
        self.session = session
        self.detector = detector
        self._key = key
        self._place = place
        self._hold: Hold | None = None
        self._has_ended = False

    def was_opened_with(self, key: str | None) -> bool:
        """Whether `key` opened this call: it may take it up again even when it has expired since."""
        return hmac.compare_digest((self._key or "").encode(), (key or "").encode())

    def fits(self, token: str) -> bool:
        """Whether `token` is this call's. A dialect's state is its socket's, so nobody takes such a call up."""
        known = self.session.connection.resume_token if self.detector.dialect is None else None
        return known is not None and hmac.compare_digest(known.encode(), token.encode())

    async def take(self, scope: anyio.CancelScope) -> Hold:
        """Hold the call. Whoever had it is sent away and has let go when this returns."""
        while self._hold is not None:
            self._hold.was_taken_over = True
            self._hold.scope.cancel()
            await self._hold.is_over.wait()
        self._hold = Hold(scope)
        return self._hold

    def let_go(self, hold: Hold) -> None:
        """The socket has gone."""
        self._hold = None
        hold.is_over.set()
        self._leave_place()

    def end(self) -> None:
        """The session has ended."""
        self._has_ended = True
        self._leave_place()

    def _leave_place(self) -> None:
        if self._has_ended and self._hold is None:
            self._place.close()


class Calls:
    """The calls of one server that are going on."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()

    def add(self, session: Session, detector: Detector, key: str | None, place: ExitStack) -> Call:
        """Begin a call; it leaves `place` when it is over."""
        call = Call(session, detector, key, place)
        self._calls.add(call)
        place.callback(self._calls.discard, call)
        return call

    def find(self, token: str) -> Call | None:
        """The call that `token` takes up. Every one is compared, in constant time: how long it takes tells nothing."""
        return next(iter([call for call in self._calls if call.fits(token)]), None)
