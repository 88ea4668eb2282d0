"""Fifty-five minutes of sound through one `RealtimeVoice` keep memory flat. In virtual time, so in a minute."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

from autoglm_agent.audio import pcm
from autoglm_agent.engine.scripted import Script
from langchain_autoglm import RealtimeVoice
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel, by_word
from tests.integrations.langchain.voice_host import VIRTUAL, spoken, virtual_host

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]  # half a minute on an idle core

MINUTES = 55
WARM_TURNS = 30
"""Until caches, pools and the retained two minutes of speech are full."""
TURN_S = 10
PACKET_S = 0.1
RATE_HZ = 16_000
LIMIT_BYTES = 20 << 20
SCRIPT = Script(utterances=("车里太热了", "你是谁", "讲个故事"), ms_per_character=100)
STORY = 2 * "从前有一座山，山里有一座庙，庙里有一个老和尚，在给小和尚讲一个很长很长的故事。"


@pytest.fixture
def anyio_backend():
    return VIRTUAL


@tool
async def set_temperature(degrees: int) -> str:
    """Set the air conditioner."""
    return f"set to {degrees}"


class Loudness:
    """Finds voices where it is not silent: an hour of Silero's network would take a third of this test's time."""

    def initial_state(self) -> None:
        return None

    def __call__(self, windows: Sequence[bytes], states: Sequence[None]) -> tuple[list[float], list[None]]:
        loud = [np.abs(np.frombuffer(window, dtype="<i2")).max() > 100 for window in windows]
        return [0.99 if is_loud else 0.0 for is_loud in loud], list(states)


def one_turn() -> list[bytes]:
    """Ten seconds: somebody speaks for two, then listens. Every third answer is longer, and the next turn cuts it."""
    samples = np.zeros(TURN_S * RATE_HZ, dtype=np.float32)
    speech = spoken()[: 3 * RATE_HZ]
    samples[: len(speech)] = speech
    data, step = pcm.encode(samples), 2 * int(PACKET_S * RATE_HZ)
    return [data[start : start + step] for start in range(0, len(data), step)]


def resident_bytes() -> int:
    """What the process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which only Linux has")
async def test_fifty_five_minutes_of_sound_keep_memory_flat_within_20_mb() -> None:
    replies = {
        "热": Say(reasoning="要调空调", call=("set_temperature", '{"degrees": 26}')),
        "result": Say("已调到二十六度。"),
        "故事": Say(STORY),
    }
    agent = ScriptedModel(reply=by_word(**replies))
    used: list[int] = []

    async def session() -> AsyncIterator[Any]:
        turn = one_turn()
        start_s = anyio.current_time()
        for number in range(MINUTES * 60 // TURN_S):
            for index, packet in enumerate(turn):
                await anyio.sleep_until(start_s + number * TURN_S + index * PACKET_S)
                yield packet
            agent.prompts.clear()  # the test's own notes are not to be measured
            agent.cancelled.clear()
            if number % WARM_TURNS == WARM_TURNS - 1:
                gc.collect()
                used.append(resident_bytes())

    told: Counter[str] = Counter()
    async with virtual_host(SCRIPT, detector=Loudness()) as host:
        voice = RealtimeVoice(create_agent(agent, [set_temperature]), host=host)
        async with aclosing(voice.astream(session())) as events:
            async for event in events:
                told[event.type] += 1
    turns = MINUTES * 60 // TURN_S
    print(f"MB after every {WARM_TURNS} turns: {[round(n / 2**20, 1) for n in used]}; events: {dict(told)}")
    assert told["stt_output"] == turns
    assert told["turn_end"] == turns
    assert told["interrupted"] > 0
    assert told["tool_result"] == turns / 3
    assert len(used) == turns // WARM_TURNS
    assert max(used) - used[0] < LIMIT_BYTES
