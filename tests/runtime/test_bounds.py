"""Bounded buffers: the outbox and the hub of voice activity under load."""

from __future__ import annotations

import anyio
import numpy as np
import pytest

from autoglm_agent.audio import pcm
from autoglm_agent.audio.vad import WINDOW, SileroVad
from autoglm_agent.runtime.outbox import Outbox
from autoglm_agent.runtime.vad_hub import WINDOWS_PER_TICK, VadHub
from tests.interaction.harness import speech

pytestmark = pytest.mark.anyio


async def test_producers_wait_until_the_socket_has_accepted_what_it_took() -> None:
    outbox = Outbox(soft_limit=10)
    outbox.put(["x" * 20])
    went_on = []

    async def produce(name: str) -> None:
        await outbox.room()
        went_on.append(name)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(produce, "first")
            tasks.start_soon(produce, "second")
            await anyio.wait_all_tasks_blocked()
            await outbox.take()
            await anyio.wait_all_tasks_blocked()
            assert not went_on  # taken, but the socket may still be writing it
            outbox.put(["y"])
            await outbox.take()
    assert sorted(went_on) == ["first", "second"]


async def test_a_client_that_never_reads_overflows_its_outbox_and_frees_it() -> None:
    outbox = Outbox(soft_limit=10, hard_limit=100)
    for _ in range(11):
        outbox.put(["x" * 10])
    assert outbox.overflowed
    with anyio.fail_after(5):
        await outbox.take()
        assert await outbox.take() == []


async def test_many_streams_together_hear_what_each_hears_alone() -> None:
    samples = speech("thanks.opus")[::3][: WINDOW * 15]  # the pitch does not matter here
    data = pcm.encode(samples * 2)
    windows = [data[start : start + 2 * WINDOW] for start in range(0, len(data), 2 * WINDOW)]
    detector = SileroVad()
    state, alone = detector.initial_state(), []
    for window in windows:
        (probability,), (state,) = detector([window], [state])
        alone.append(probability)
    hub = VadHub(detector)
    heard: dict[int, list[float]] = {}

    async def listen(number: int) -> None:
        stream = hub.stream()
        heard[number] = []
        for start in range(0, len(windows), number + 1):  # each client sends packets of its own size
            heard[number] += await stream.probabilities(windows[start : start + number + 1])

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.run)
            async with anyio.create_task_group() as listeners:
                for number in range(12):
                    listeners.start_soon(listen, number)
            tasks.cancel_scope.cancel()
    for probabilities in heard.values():
        np.testing.assert_allclose(probabilities, alone, atol=1e-4)


async def test_a_burst_does_not_keep_the_others_waiting() -> None:
    ticks: list[int] = []

    class Counting:
        def initial_state(self) -> None:
            return None

        def __call__(self, windows, states):
            ticks.append(len(windows))
            return [0.0] * len(windows), list(states)

    hub = VadHub(Counting())
    order: list[str] = []

    async def listen(name: str, count: int) -> None:
        await hub.stream().probabilities([b""] * count)
        order.append(name)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.run)
            async with anyio.create_task_group() as listeners:
                listeners.start_soon(listen, "burst", 1000)
                listeners.start_soon(listen, "live", 1)
            tasks.cancel_scope.cancel()
    assert order == ["live", "burst"]
    assert ticks.index(2) < WINDOWS_PER_TICK


async def test_a_broken_detector_is_the_sessions_error_and_not_a_hang() -> None:
    class Broken:
        def initial_state(self) -> None:
            return None

        def __call__(self, windows, states):
            raise ValueError("no model")

    hub = VadHub(Broken())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.run)
            with pytest.raises(ValueError, match="no model"):
                await hub.stream().probabilities([b""])
            tasks.cancel_scope.cancel()
