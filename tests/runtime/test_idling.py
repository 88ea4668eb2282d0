"""The idle timer alone: played audio counts, and what is too late says nothing."""

from __future__ import annotations

import time

import anyio
import pytest

from autoglm_agent.protocol.config import ServerVad, SessionDefaults
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.runtime.idling import IdleTimer, NobodySpoke
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.outbox import Outbox
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


def timer() -> IdleTimer:
    defaults = SessionDefaults(turn_detection=ServerVad(idle_timeout_ms=5_000))
    connection = RealtimeConnection(defaults, ids=CountingIds(), clock=time.time)
    return IdleTimer(Line(connection, Outbox(on_overflow=lambda: None), clock=anyio.current_time, ids=CountingIds()))


async def test_the_time_runs_from_when_the_answer_was_heard() -> None:
    idle, said = timer(), []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(idle.run, said.append)
        idle.answered(playing_s=2.0)
        await anyio.sleep(6.9)
        assert said == []
        await anyio.sleep(0.2)
        assert said == [NobodySpoke(audio_start_ms=2000)]
        tasks.cancel_scope.cancel()


async def test_an_act_stops_it_and_an_answer_starts_it_again() -> None:
    idle, said = timer(), []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(idle.run, said.append)
        idle.answered()
        await anyio.sleep(4)
        idle.acted()
        await anyio.sleep(20)
        assert said == []
        for rounds in (1, 1):  # the answer to the prompt does not start it
            idle.answered()
            await anyio.sleep(20)
            assert len(said) == rounds
        idle.acted()
        idle.answered()
        await anyio.sleep(20)
        assert len(said) == 2
        tasks.cancel_scope.cancel()
