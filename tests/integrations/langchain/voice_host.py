"""A host in virtual time: the runtime's own ears and turn taking, a scripted engine, a voice of an even pace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine.scripted import Script, ScriptedEngine
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.runtime import ComputeBridge, SessionHost, open_host
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.runtime.work import at_once
from tests.interaction.harness import MEDIA
from tests.interaction.voices import Metronome, entered

VIRTUAL = ("asyncio", {"loop_factory": VirtualTimeLoop})


@asynccontextmanager
async def virtual_host(script: Script, voice: Metronome | None = None) -> AsyncIterator[SessionHost]:
    """Everything on this loop, by its clock."""
    async with open_host(
        bridge=ComputeBridge.local(ScriptedEngine(script)),
        ears=VadHub(SileroVad(), in_thread=False),
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
