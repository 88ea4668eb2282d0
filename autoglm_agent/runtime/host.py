"""Sessions in this process, without a server: for programs that bring their own sound, and their own brain.

A host has what sessions share: the engine, the ears, the voice, the clocks. Each session has a `SessionSocket`, which
takes and gives the frames of `/v1/realtime`; `client.RealtimeClient` works on it as on a WebSocket.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import anyio

from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import OverloadedError
from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.ids import IdSource, RandomIds
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.brain import BrainMaker
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.session import Session
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.work import Work, in_thread
from autoglm_agent.voice.installed import installed_voice
from autoglm_agent.voice.speech import Synthesiser

MAX_SESSION_S = 86_400.0
"""A day. The protocol's hour protects a server from clients; here both are the same program."""
SETTLED_AFTER_S = 0.05
"""How often a session that is to end is asked whether it has: a tenth of what a person would notice."""


class SessionSocket:
    """A session's other end, in memory: text frames of the Realtime protocol both ways. One task receives."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: deque[str] = deque()

    @property
    def session_id(self) -> str:
        """The session's id (`sess_…`)."""
        return self._session.connection.session_id

    async def send(self, message: str, /) -> None:
        """Give the session a client's event; waits while it has more audio than it can hold."""
        await self._session.receive(message)

    async def recv(self) -> str:
        """Wait for a server's event.

        Raises:
            EOFError: the session has ended.
            OverloadedError: it was ended because events were not read for too long.
        """
        while not self._waiting:
            texts = await self._session.outbox.take()
            if not texts and self._session.outbox.overflowed:
                raise OverloadedError("the session ended because its events were not read; read them without pauses")
            if not texts:
                raise EOFError("the session has ended")
            self._waiting.extend(texts)
        return self._waiting.popleft()

    async def settled(self) -> None:
        """Wait until all sound that came was heard, no answer is being made and the last was played."""
        while not self._session.is_quiet:  # noqa: ASYNC110 - quiet comes by the clock, too: no event tells of it
            await anyio.sleep(SETTLED_AFTER_S)

    async def close(self) -> None:
        """End the session."""
        self._session.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHost:
    """What the sessions of this process share. Make one with `open_host`."""

    bridge: ComputeBridge
    ears: VadHub[Any]
    synthesiser: Synthesiser | None
    model: str
    ids: IdSource
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    max_session_s: float
    work: Work

    @asynccontextmanager
    async def session(self, brain: BrainMaker | None = None) -> AsyncIterator[SessionSocket]:
        """A session for as long as the block lasts; `session.created` is still to be received.

        `brain` answers it; the engine does when there is none.
        """
        defaults = SessionDefaults(
            model=PurePath(self.model).name,
            voices=self.synthesiser.voices if self.synthesiser is not None else (),
            max_session_seconds=round(self.max_session_s),
        )
        session = Session(
            RealtimeConnection(defaults, ids=self.ids, clock=self.wall_clock),
            self.bridge,
            self.ears,
            ids=self.ids,
            clock=self.clock,
            max_session_s=self.max_session_s,
            synthesiser=self.synthesiser,
            brain=brain,
            work=self.work,
        )
        async with background_tasks() as tasks:
            await tasks.start(session.run)
            yield SessionSocket(session)


@asynccontextmanager
async def open_host(
    spec: EngineSpec | None = None,
    *,
    text_only: bool = False,
    bridge: AbstractAsyncContextManager[ComputeBridge] | None = None,
    ears: VadHub[Any] | None = None,
    voice: AbstractAsyncContextManager[Synthesiser | None] | None = None,
    ids: IdSource | None = None,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
    max_session_s: float = MAX_SESSION_S,
    work: Work = in_thread,
) -> AsyncIterator[SessionHost]:
    """Load an engine in a thread, nano unless `spec` names another, and start ears and voice; leaving stops them.

    `text_only`: answers have no voice. `bridge`, `ears`, `voice`, `ids`, the clocks and `work` replace the parts, as
    tests and replays in virtual time need it.

    Raises:
        ModelNotFoundError, CheckpointError: the model cannot be loaded.
    """
    spec = spec or EngineSpec()
    ears = ears or _installed_ears()
    voice = nullcontext() if text_only else voice or installed_voice()
    async with (
        bridge or ComputeBridge.thread(spec) as running,
        voice as synthesiser,
        background_tasks() as tasks,
    ):
        tasks.start_soon(ears.run)
        await running.ready()
        yield SessionHost(
            bridge=running,
            ears=ears,
            synthesiser=synthesiser,
            model=spec.model,
            ids=ids or RandomIds(),
            clock=clock,
            wall_clock=wall_clock,
            max_session_s=max_session_s,
            work=work,
        )


def _installed_ears() -> VadHub[Any]:
    from autoglm_agent.audio.first_sounds import FirstSounds, shipped_file
    from autoglm_agent.audio.vad import SileroVad  # onnxruntime, which only those who listen need

    return VadHub(SileroVad(), first_sounds=FirstSounds.load(shipped_file()))
