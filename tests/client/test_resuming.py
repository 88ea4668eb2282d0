"""The socket that comes back, over connections that do what a test says."""

from __future__ import annotations

import json
from collections import deque
from types import SimpleNamespace

import anyio
import pytest
from websockets.exceptions import ConnectionClosedError

from autoglm_agent.client import resuming
from autoglm_agent.client.resuming import ResumingSocket
from autoglm_agent.errors import SessionLostError

pytestmark = pytest.mark.anyio

OFFER = {"autoglm": {"resume": {"token": "resume_1", "grace_seconds": 2}}}


def event(event_id: str, **fields) -> str:
    return json.dumps({"type": "x", "event_id": event_id, **fields})


def welcome(event_id: str, received: int) -> str:
    return event(event_id, session=OFFER, received_events=received)


class Wire:
    """A connection that gives `events`, each when it may, and breaks at the first frame when it `breaks`."""

    def __init__(self, *events: str, breaks: bool = False, rest_may_come: bool = True) -> None:
        self.sent: list[str] = []
        self.transport = SimpleNamespace(abort=lambda: None)
        self._events = deque(events)
        self._breaks = breaks
        self.may_give = anyio.Event()
        if rest_may_come:
            self.may_give.set()

    async def send(self, text: str) -> None:
        if self._breaks:
            raise ConnectionClosedError(None, None)
        self.sent.append(text)

    async def recv(self) -> str:
        if not self._events:
            raise ConnectionClosedError(None, None)
        if len(self._events) == 1:
            await self.may_give.wait()
        return self._events.popleft()


class Net:
    """Gives the next connection; remembers what was asked."""

    def __init__(self, *wires: Wire) -> None:
        self.asked: list[dict[str, str]] = []
        self._wires = deque(wires)

    async def open(self, parameters: dict[str, str]) -> Wire:
        self.asked.append(parameters)
        return self._wires.popleft()


async def test_what_an_old_connection_still_gives_after_a_sender_saw_it_break_is_not_given_twice() -> None:
    old = Wire(event("1", session=OFFER), event("2"), breaks=True, rest_may_come=False)
    new = Wire(welcome("3", 0), event("2"), event("4"))
    net = Net(new)
    socket = ResumingSocket(old, net.open)
    seen = [json.loads(await socket.recv())["event_id"]]

    async def receive() -> None:
        while len(seen) < 4:
            seen.append(json.loads(await socket.recv())["event_id"])

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            await anyio.wait_all_tasks_blocked()
            await socket.send("a")
            old.may_give.set()
    assert seen == ["1", "3", "2", "4"]
    assert net.asked == [{"resume": "resume_1", "last_event": "1"}]
    assert new.sent == ["a"]


async def test_frames_are_repeated_from_the_one_that_the_server_missed() -> None:
    new = Wire(welcome("2", 2), event("3"))
    socket = ResumingSocket(Wire(event("1", session=OFFER)), Net(new).open)
    await socket.recv()
    for frame in "abcd":
        await socket.send(frame)
    with anyio.fail_after(5):
        await socket.recv()
    await socket.send("e")
    assert new.sent == ["c", "d", "e"]


async def test_a_connection_that_breaks_while_coming_back_is_only_an_attempt() -> None:
    net = Net(Wire(welcome("2", 0), event("9"), breaks=True), Wire(), Wire(welcome("3", 1), event("4")))
    socket = ResumingSocket(Wire(event("1", session=OFFER)), net.open)
    await socket.recv()
    await socket.send("a")
    with anyio.fail_after(5):
        seen = [json.loads(await socket.recv())["event_id"] for _ in range(2)]
    assert seen == ["3", "4"]
    assert [parameters["last_event"] for parameters in net.asked] == ["1", "1", "1"]


async def test_who_has_lost_more_than_is_kept_is_told_so_and_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "KEPT_CHARS", 10)
    socket = ResumingSocket(Wire(event("1", session=OFFER)), Net(Wire(welcome("2", 1), event("3"))).open)
    await socket.recv()
    for _ in range(4):
        await socket.send("five!")
    with anyio.fail_after(5):
        for _ in range(2):
            with pytest.raises(SessionLostError, match="more under way"):
                await socket.recv()


async def test_the_newest_frame_is_kept_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "KEPT_CHARS", 10)
    new = Wire(welcome("2", 1), event("3"))
    socket = ResumingSocket(Wire(event("1", session=OFFER)), Net(new).open)
    await socket.recv()
    await socket.send("short")
    await socket.send("a long picture")
    with anyio.fail_after(5):
        await socket.recv()
    assert new.sent == ["a long picture"]


async def test_the_attempts_end_with_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "FIRST_DELAY_S", 0.01)
    offer = {"autoglm": {"resume": {"token": "t", "grace_seconds": 0.1}}}

    async def refuse(parameters: dict[str, str]) -> Wire:
        raise OSError("no route to host")

    socket = ResumingSocket(Wire(event("1", session=offer)), refuse)
    await socket.recv()
    with anyio.fail_after(5), pytest.raises(SessionLostError, match="no route to host"):
        await socket.recv()
