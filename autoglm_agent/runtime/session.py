"""A session: one task group that listens, watches, fuses and responds for one client, and outlives its socket's reads.

The socket's shell calls `receive` and writes what `outbox` holds; everything else happens in here. State changes on the
event loop, in the order of the client's frames; what takes time runs in a task of the group and speaks through `Line`.

A client that asked to resume may lose its socket (`lose_client`) and come back (`resume`). Meanwhile answers go on into
the journal, the voice is silent, speech that broke off stays open, and nobody counts as idle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, assert_never

import anyio
from anyio.abc import TaskGroup, TaskStatus

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol import commands as c
from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.items import Item
from autoglm_agent.runtime.brain import BrainMaker
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.clips import decode_clip
from autoglm_agent.runtime.engine_brain import EngineBrain
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.features import Features
from autoglm_agent.runtime.fusing import Fuser
from autoglm_agent.runtime.idling import IdleTimer
from autoglm_agent.runtime.journal import Journal
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.listening import Listener
from autoglm_agent.runtime.outbox import Outbox
from autoglm_agent.runtime.recognising import Recogniser
from autoglm_agent.runtime.responding import Responder
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.watching import Watcher
from autoglm_agent.runtime.work import Work, in_thread
from autoglm_agent.voice.speech import Synthesiser

CLOSE_NORMAL = 1000
CLOSE_EXPIRED = 1001
CLOSE_TOO_SLOW = 1013


@dataclass(slots=True)
class _Parts:
    """What a running session consists of."""

    engine: EngineSession
    features: Features
    responder: Responder
    recogniser: Recogniser
    listener: Listener
    watcher: Watcher
    fuser: Fuser
    idle: IdleTimer
    tasks: TaskGroup


class Session:
    """One client. `run` it, feed it with `receive`, write what `outbox.take` gives; it ends by `close` or by time."""

    def __init__(
        self,
        connection: RealtimeConnection,
        bridge: ComputeBridge,
        ears: VadHub[Any],
        *,
        ids: IdSource,
        clock: Callable[[], float],
        max_session_s: float,
        resume_grace_s: float = 0.0,
        synthesiser: Synthesiser | None = None,
        brain: BrainMaker | None = None,
        work: Work = in_thread,
        on_fact: Callable[[f.Fact], None] = lambda fact: None,
    ) -> None:
        self.connection = connection
        self.outbox = Outbox(on_overflow=lambda: self.close(CLOSE_TOO_SLOW))
        self.close_code = CLOSE_NORMAL
        self._bridge = bridge
        self._ears = ears
        self._synthesiser = synthesiser
        self._brain = brain
        self._work = work
        self._max_session_s = max_session_s
        self._resume_grace_s = resume_grace_s
        self._line = Line(connection, self.outbox, clock=clock, ids=ids, on_fact=on_fact)
        self._closed = anyio.Event()
        self._parts: _Parts | None = None

    # --- The shell's side --------------------------------------------------------------------------------------------

    async def receive(self, text: str) -> None:
        """Take one frame from the client; waits while the session has more audio than it can hold."""
        parts = self._parts
        if parts is None:
            return
        for command in self.connection.receive_text(text):
            parts.idle.heed(command)
            self._obey(command, parts)
        self._line.flush()
        await parts.listener.room()

    def refuse(self, message: str, code: str) -> None:
        """Tell the client that something it sent is no frame of the protocol."""
        if self._parts is not None:
            self._line.tell(f.ErrorRaised(message=message, code=code, type="invalid_request_error"))

    def lose_client(self) -> None:
        """The socket is gone. A client that can come back is waited for as long as its grace lasts."""
        parts = self._parts
        if parts is None or self.connection.resume_token is None:
            self.close()
        elif not self._closed.is_set() and not self.outbox.is_lost:
            parts.tasks.start_soon(self._wait_for_client, self.outbox.lose_reader())
            parts.idle.reconnected()

    def resume(self, last_event: str | None) -> None:
        """Go on over another socket: the outbox begins with what followed `last_event`, the last event it saw."""
        parts, journal = self._parts, self.outbox.journal
        if parts is None or journal is None:
            return  # it has just ended
        missed = journal.after(last_event)
        self.connection.reconnected(is_complete=missed is not None)
        (welcome,) = self.connection.events_to_send()
        journal.welcomed(welcome, is_complete=missed is not None)
        self.outbox.find_reader([welcome, *(missed or ())])
        parts.responder.resent(missed or ())
        parts.listener.reconnected()
        parts.idle.reconnected()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is being heard, answered or played."""
        parts = self._parts
        return parts is None or (parts.listener.is_idle and not parts.responder.has_floor)

    def close(self, code: int = CLOSE_NORMAL) -> None:
        """End the session."""
        self.close_code = code
        self._closed.set()

    # --- The session's side ------------------------------------------------------------------------------------------

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Live until closed or expired."""
        engine = EngineSession(
            self._bridge,
            self.connection.session_id,
            on_transcript=self._on_transcript,
            on_gate=self._on_gate,
            on_failure=self._on_failure,
        )
        try:
            async with engine.running(), anyio.create_task_group() as tasks:
                parts = self._parts = self._assemble(engine, tasks)
                tasks.start_soon(parts.listener.run)
                tasks.start_soon(parts.watcher.run)
                tasks.start_soon(parts.idle.run, parts.listener.put)
                self._keep_journal()
                self.connection.open()
                self._line.flush()
                task_status.started()
                with anyio.move_on_after(self._max_session_s) as lifetime:
                    await self._closed.wait()
                if lifetime.cancelled_caught:
                    self._line.tell(f.SessionExpired())
                    self.close(CLOSE_EXPIRED)
                tasks.cancel_scope.cancel()
        finally:
            self._parts = None
            self.outbox.close()

    async def _wait_for_client(self, is_back: anyio.Event) -> None:
        with anyio.move_on_after(self._resume_grace_s):
            await is_back.wait()
            return
        self.close()

    def _keep_journal(self) -> None:
        """Keep one for a client that can come back, and for no other."""
        if self.connection.resume_token is None:
            self.outbox.journal = None
        elif self.outbox.journal is None:
            self.outbox.journal = Journal()

    def _assemble(self, engine: EngineSession, tasks: TaskGroup) -> _Parts:
        line = self._line
        features = Features(
            engine,
            new_id=line.new_id,
            decode_clip=partial(decode_clip, work=self._work),
            chunk_ms=self.connection.config.chunk_ms,
        )
        idle = IdleTimer(line)
        brain = self._brain(engine.session_id) if self._brain is not None else EngineBrain(line, engine, features)
        responder = Responder(line, brain, features, tasks, idle, self._synthesiser)
        watcher = Watcher(line, features, on_frame=self._on_change, work=self._work)
        recogniser = Recogniser(
            line, engine, features, tasks, prefill=responder.prefill, frame_id=lambda: watcher.frame_id
        )
        return _Parts(
            engine=engine,
            features=features,
            responder=responder,
            recogniser=recogniser,
            listener=Listener(line, recogniser, responder, self._ears.stream(), idle),
            watcher=watcher,
            fuser=Fuser(line, engine, features, self._current),
            idle=idle,
            tasks=tasks,
        )

    def _obey(self, command: c.Command, parts: _Parts) -> None:
        match command:
            case c.AppendAudio() | c.CommitAudio() | c.ClearAudio():
                parts.listener.put(command)
            case c.UpdateSession(config=config):
                parts.features.chunk_ms = config.chunk_ms
                self._keep_journal()
                parts.listener.put(config)
            case c.CreateItem(item=item):
                parts.tasks.start_soon(self._perceive, item, parts)
            case c.ShowFrame():
                parts.watcher.show(command.item_id, command.image)
            case c.ForgetFrames(item_ids=item_ids):
                parts.watcher.forget(item_ids)
            case c.DeleteItem(item_id=item_id):
                parts.features.forget(item_id)
            case c.TruncateItem(item_id=item_id, audio_end_ms=audio_end_ms):
                parts.responder.truncate(item_id, audio_end_ms)
            case c.CreateResponse():
                parts.responder.start(command)
            case c.CancelResponse(response_id=response_id):
                parts.responder.cancel(response_id)
            case _:
                assert_never(command)

    async def _perceive(self, item: Item, parts: _Parts) -> None:
        """See and hear what an item brings before anybody asks about it."""
        for problem in await parts.features.prepare([item]):
            self._line.tell_problem(problem)

    # --- What the engine reports of its own accord -------------------------------------------------------------------

    def _current(self) -> tuple[str | None, str | None, str | None]:
        """The item, stream and frame of this moment."""
        parts = self._parts
        if parts is None:
            return None, None, None
        utterance = parts.recogniser.current
        if utterance is None:
            return None, None, parts.watcher.frame_id
        return utterance.item_id, utterance.stream_id, parts.watcher.frame_id

    def _on_change(self) -> None:
        if self._parts is not None:
            self._parts.fuser.update()

    def _on_transcript(self, transcript: m.Transcript) -> None:
        if self._parts is not None:
            self._parts.recogniser.on_transcript(transcript)
            self._parts.fuser.update()

    def _on_gate(self, weights: m.GateWeights) -> None:
        if self._parts is not None:
            self._parts.fuser.on_gate(weights)

    def _on_failure(self, failed: m.Failed) -> None:
        if self._parts is not None:
            self._parts.recogniser.on_failure(failed)
            self._parts.fuser.settled()
