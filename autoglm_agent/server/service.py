"""What a server serves with: the engine behind its bridge, the ears, the lobby. No HTTP here.

The ASGI shells take all they need from one `Service`; tests make one with a scripted engine.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from autoglm_agent.audio.first_sounds import FirstSounds, shipped_file
from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.ids import IdSource, RandomIds
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.runtime.brain import BrainMaker
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.lobby import Lobby, Places, open_lobby
from autoglm_agent.runtime.session import Session
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.work import Work, in_thread
from autoglm_agent.server.agents import load_agent
from autoglm_agent.server.auth import ClientSecrets
from autoglm_agent.server.calls import Calls
from autoglm_agent.server.metrics import Metrics
from autoglm_agent.server.stored import StoredResponses
from autoglm_agent.settings import Settings
from autoglm_agent.voice.installed import installed_voice
from autoglm_agent.voice.speech import Synthesiser

PHONE_9B = "autoglm-phone-9b"
"""The name the design was made public under; the loaded model answers to it and says its own name in the reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server's parts and the clocks and ids they use."""

    settings: Settings
    bridge: ComputeBridge
    lobby: Lobby
    chats: Places
    ears: VadHub[Any]
    synthesiser: Synthesiser | None
    secrets: ClientSecrets
    ids: IdSource
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    started_at: float
    work: Work = in_thread
    brain: BrainMaker | None = None
    calls: Calls = field(default_factory=Calls)
    metrics: Metrics = field(default_factory=Metrics)
    stored: StoredResponses = field(default_factory=StoredResponses)

    @property
    def model(self) -> str:
        """The loaded model's name, as replies tell it."""
        return PurePath(self.settings.model).name

    @property
    def model_names(self) -> tuple[str, ...]:
        """Every name that requests may use, the model's own first."""
        return tuple(dict.fromkeys((self.model, self.settings.model, PHONE_9B)))

    @property
    def session_defaults(self) -> SessionDefaults:
        """What a session begins with."""
        return SessionDefaults(
            model=self.model,
            voices=self.synthesiser.voices if self.synthesiser is not None else (),
            chunk_ms=self.settings.speech_chunk_ms,
            max_session_seconds=round(self.settings.max_session_s),
            # Rounded down, so that no client is promised more than it gets.
            resume_grace_seconds=int(self.settings.resume_grace_s) if self.settings.resume_grace_s else None,
        )

    def new_session(
        self, *, transcription_only: bool = False, preset: dict[str, Any] | None = None, can_resume: bool = True
    ) -> Session:
        """A session for a client that was admitted. `preset` are the settings of its client secret.

        `can_resume`: a client that asks for it may come back after a lost socket, if the settings allow it.
        """
        defaults = self.session_defaults
        connection = RealtimeConnection(
            defaults if can_resume else replace(defaults, resume_grace_seconds=None),
            ids=self.ids,
            clock=self.wall_clock,
            transcription_only=transcription_only,
            preset=preset,
        )
        return Session(
            connection,
            self.bridge,
            self.ears,
            ids=self.ids,
            clock=self.clock,
            max_session_s=self.settings.max_session_s,
            resume_grace_s=self.settings.resume_grace_s,
            synthesiser=self.synthesiser,
            brain=self.brain,
            work=self.work,
            on_fact=self.metrics.on_fact,
        )


def engine_spec(settings: Settings) -> EngineSpec:
    """The engine that the settings ask for."""
    return EngineSpec(
        model=settings.model, device=settings.device, threads=settings.engine_threads, dtype=settings.dtype
    )


@asynccontextmanager
async def open_voice(settings: Settings) -> AsyncIterator[Synthesiser | None]:
    """The voice that the settings ask for; None, and a warning, where it is not installed."""
    if settings.voice == "none":
        yield None
        return
    async with installed_voice() as synthesiser:
        yield synthesiser


@asynccontextmanager
async def open_service(
    settings: Settings,
    *,
    bridge: AbstractAsyncContextManager[ComputeBridge] | None = None,
    ears: VadHub[Any] | None = None,
    voice: AbstractAsyncContextManager[Synthesiser | None] | None = None,
    brain: BrainMaker | None = None,
    ids: IdSource | None = None,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
    work: Work = in_thread,
) -> AsyncIterator[Service]:
    """Start the engine in a process of its own and everything around it; leaving stops it all.

    The engine loads in the background: await `service.bridge.ready()` before telling the world. `brain` answers the
    realtime sessions; without, the agent that the settings name does, and else the engine.

    Raises:
        InputError: the agent that the settings name cannot be had.
    """
    if brain is None and settings.agent is not None:
        brain = load_agent(settings.agent)
    ids = ids or RandomIds()
    ears = ears or VadHub(SileroVad(), first_sounds=FirstSounds.load(shipped_file()))
    async with (
        bridge or ComputeBridge.process(engine_spec(settings)) as running,
        voice or open_voice(settings) as synthesiser,
        open_lobby(max_sessions=settings.max_sessions) as lobby,
        background_tasks() as tasks,
    ):
        tasks.start_soon(ears.run)
        metrics = Metrics()
        running.watch(metrics.on_request, metrics.on_result)
        yield Service(
            settings=settings,
            bridge=running,
            lobby=lobby,
            chats=Places(settings.max_sessions, name="chat requests"),
            ears=ears,
            synthesiser=synthesiser,
            secrets=ClientSecrets(ids=ids, clock=wall_clock),
            ids=ids,
            clock=clock,
            wall_clock=wall_clock,
            started_at=wall_clock(),
            work=work,
            metrics=metrics,
            brain=brain,
        )
