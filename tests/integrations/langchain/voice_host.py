"""A host in virtual time: the runtime's own ears and turn taking, a scripted engine, a voice of an even pace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio

from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine.scripted import Script, ScriptedEngine
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.runtime import ComputeBridge
from autoglm_agent.runtime.host import SessionHost, open_host
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.runtime.work import at_once
from langchain_autoglm import RealtimeVoice
from tests.interaction.harness import MEDIA
from tests.interaction.voices import Metronome, entered

VIRTUAL = ("asyncio", {"loop_factory": VirtualTimeLoop})


@asynccontextmanager
async def virtual_host(
    script: Script, voice: Metronome | None = None, detector: Any = None
) -> AsyncIterator[SessionHost]:
    """Everything on this loop, by its clock. `detector` finds voices instead of Silero's network."""
    async with open_host(
        bridge=ComputeBridge.local(ScriptedEngine(script)),
        ears=VadHub(detector or SileroVad(), in_thread=False),
        voice=entered(voice or Metronome()),
        ids=CountingIds(),
        clock=anyio.current_time,
        wall_clock=anyio.current_time,
        work=at_once,
    ) as host:
        yield host


def spoken(name: str = "greeting.opus") -> Any:
    """A real recording at 16 kHz."""
    return read_audio(MEDIA / name)


async def heard(voice: RealtimeVoice, session: Any, config: Any = None) -> list[Any]:
    """All that a session yields."""
    seen = []
    async with aclosing(voice.astream(session, config)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(session, typed):
                session.heed(event)
    return seen


def types(events: list[Any]) -> list[str]:
    """The types in order, each run of the same once."""
    return [e.type for n, e in enumerate(events) if n == 0 or events[n - 1].type != e.type]


def text(events: list[Any], kind: str = "agent_chunk") -> str:
    return "".join(event.text for event in events if event.type == kind)


class typed:
    """Written messages, each when the answer to the one before is over."""

    def __init__(self, *messages: str) -> None:
        self._messages = messages
        self._answered = anyio.Event()

    def heed(self, event: Any) -> None:
        if event.type == "turn_end":
            self._answered.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        for message in self._messages:
            self._answered = anyio.Event()
            yield message
            await self._answered.wait()
