"""Clients for the interaction tests: the same behaviour over memory and over a real socket, with a scripted engine."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio.lowlevel
import numpy as np
import websockets

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.resample import resample
from autoglm_agent.engine.messages import Request
from autoglm_agent.engine.scripted import Script, ScriptedEngine
from autoglm_agent.engine.spec import EngineProtocol, EngineSpec
from autoglm_agent.runtime.brain import BrainMaker
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.session import Session
from autoglm_agent.server.run import serving
from autoglm_agent.server.service import Service, open_service
from autoglm_agent.settings import Settings

MEDIA = Path(__file__).parent.parent / "media"
RATE_HZ = 24_000
Event = dict[str, Any]
T = TypeVar("T")


class Transport(Protocol):
    """One end of a session."""

    async def send(self, text: str) -> None: ...

    async def receive(self) -> str: ...


class Client:
    """Sends and receives events; remembers all it saw."""

    def __init__(self, transport: Transport, service: Service) -> None:
        self.service = service
        self.seen: list[Event] = []
        self._transport = transport

    async def send(self, kind: str, **fields: Any) -> None:
        await self._transport.send(json.dumps({"type": kind, **fields}))

    async def receive(self) -> Event:
        event: Event = json.loads(await self._transport.receive())
        self.seen.append(event)
        return event

    async def until(self, kind: str) -> list[Event]:
        """Everything up to and with the next event of this kind."""
        events = []
        while not events or events[-1]["type"] != kind:
            events.append(await self.receive())
        return events

    async def next(self, kind: str) -> Event:
        """The next event of this kind."""
        return (await self.until(kind))[-1]

    async def say(self, samples: np.ndarray[Any, Any], *, chunk_ms: int = 100) -> None:
        """Append sound at 24 kHz in chunks, as fast as the session takes it."""
        data = pcm.encode(samples)
        step = 2 * RATE_HZ * chunk_ms // 1000
        for start in range(0, len(data), step):
            audio = base64.b64encode(data[start : start + step]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    async def write(self, text: str, *, respond: bool = True) -> None:
        """A text message, and by default a request to answer it."""
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.send("conversation.item.create", item=item)
        if respond:
            await self.send("response.create")


class _Memory:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[str] = []

    async def send(self, text: str) -> None:
        await self._session.receive(text)

    async def receive(self) -> str:
        if not self._waiting:
            self._waiting = await self._session.outbox.take()
        return self._waiting.pop(0)


class _Socket:
    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        await self._socket.send(text)

    async def receive(self) -> str:
        text = await self._socket.recv()
        assert isinstance(text, str)
        return text


class RecordingEngine(ScriptedEngine):
    """Remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.requests: list[Request] = []

    def submit(self, request: Request) -> None:
        self.requests.append(request)
        super().submit(request)

    def asked(self, kind: type[T]) -> list[T]:
        """The requests of one kind, in order."""
        return [request for request in self.requests if isinstance(request, kind)]


@asynccontextmanager
async def memory_client(
    script: Script | EngineProtocol,
    *,
    replay: dict[str, Any] | None = None,
    brain: BrainMaker | None = None,
    **settings: Any,
) -> AsyncIterator[Client]:
    """A session driven directly; the engine steps on the test's own event loop."""
    bridge = ComputeBridge.local(ScriptedEngine(script) if isinstance(script, Script) else script)
    wanted = Settings(**{"voice": "none"} | settings)
    async with open_service(wanted, bridge=bridge, brain=brain, **(replay or {})) as service:
        session = service.new_session()
        await service.lobby.start(session)
        client = Client(_Memory(session), service)
        await client.next("session.created")
        yield client
        session.close()


@asynccontextmanager
async def socket_client(script: Script, *, brain: BrainMaker | None = None, **settings: Any) -> AsyncIterator[Client]:
    """A WebSocket to a real server, with the engine in a thread."""
    bridge = ComputeBridge.thread(EngineSpec(script=script))
    async with serving(Settings(port=0, **{"voice": "none"} | settings), bridge=bridge, brain=brain) as (url, service):
        address = f"{url.replace('http', 'ws')}/v1/realtime?model=nano"
        # Leaving with events unread, the server's goodbye would be waited for behind them.
        async with websockets.connect(address, close_timeout=0.5) as socket:
            client = Client(_Socket(socket), service)
            await client.next("session.created")
            yield client


CLIENTS = {"memory": memory_client, "socket": socket_client}


def speech(name: str = "greeting.opus") -> np.ndarray[Any, Any]:
    """A real recording at 24 kHz."""
    return resample(read_audio(MEDIA / name), 16_000, RATE_HZ)


def silence(ms: int) -> np.ndarray[Any, Any]:
    """Digital silence at 24 kHz."""
    return np.zeros(RATE_HZ * ms // 1000, dtype=np.float32)


def kinds(events: list[Event]) -> list[str]:
    """The types, for comparing orders."""
    return [event["type"] for event in events]


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until `condition` holds; the caller's `fail_after` bounds it."""
    while not condition():
        await anyio.lowlevel.checkpoint()
