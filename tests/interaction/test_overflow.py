"""A client that sends and never reads: its session ends, with the code that says why."""

from __future__ import annotations

import anyio
import pytest

from autoglm_agent.engine.scripted import Script
from autoglm_agent.runtime.session import CLOSE_TOO_SLOW
from tests.interaction.harness import memory_client

pytestmark = pytest.mark.anyio


async def test_a_client_that_only_sends_is_cut_off_at_the_hard_limit() -> None:
    with anyio.fail_after(5):
        async with memory_client(Script()) as client:
            session = client.service.new_session()
            session.outbox.__init__(hard_limit=20_000, on_overflow=lambda: session.close(CLOSE_TOO_SLOW))
            await client.service.lobby.start(session)
            sent = 0
            while not session.outbox.overflowed:
                await session.receive('{"type": "input_audio_buffer.clear"}')
                sent += 1
            while await session.outbox.take():
                pass
            assert sent > 100
            assert session.close_code == CLOSE_TOO_SLOW
