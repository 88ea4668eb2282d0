"""Work in another thread's loop, read from blocking code and from other loops."""

import asyncio
import gc
import threading
from contextlib import aclosing

import anyio
import anyio.lowlevel
import pytest

from autoglm_agent.runtime.side_loop import SideLoop, SideLoopClosedError

pytestmark = pytest.mark.anyio


@pytest.fixture
def loop():
    loop = SideLoop("test")
    yield loop
    loop.close()


async def count_to_three(put):
    for number in (1, 2, 3):
        put(number)
        await anyio.lowlevel.checkpoint()


class Endless:
    """Hands out one value and waits; remembers that it was cancelled, and where it ran."""

    def __init__(self):
        self.ended = threading.Event()
        self.thread = None

    async def __call__(self, put):
        self.thread = threading.current_thread()
        try:
            put(1)
            await anyio.sleep_forever()
        finally:
            self.ended.set()


async def fails(put):
    put(1)
    raise ZeroDivisionError("on purpose")


def test_blocking_code_reads_what_is_handed_out(loop):
    assert list(loop.iterate(count_to_three)) == [1, 2, 3]


async def test_another_loop_reads_it_too(loop):
    with anyio.fail_after(5):
        assert [number async for number in loop.aiterate(count_to_three)] == [1, 2, 3]


def test_loops_one_after_another_share_it(loop):
    async def read():
        return [number async for number in loop.aiterate(count_to_three)]

    assert [asyncio.run(read()), asyncio.run(read())] == [[1, 2, 3], [1, 2, 3]]


def test_all_work_runs_in_one_thread(loop):
    first, second = Endless(), Endless()
    readers = [loop.iterate(first), loop.iterate(second)]
    assert [next(reader) for reader in readers] == [1, 1]
    assert first.thread is second.thread is not threading.current_thread()
    for reader in readers:
        reader.close()


def test_leaving_cancels_the_work(loop):
    work = Endless()
    reader = loop.iterate(work)
    next(reader)
    reader.close()
    assert work.ended.wait(5)


async def test_leaving_cancels_the_work_from_another_loop(loop):
    work = Endless()
    with anyio.fail_after(5):
        async with aclosing(loop.aiterate(work)) as reader:
            async for _ in reader:
                break
        assert await anyio.to_thread.run_sync(work.ended.wait, 5)


async def test_a_cancelled_reader_cancels_the_work(loop):
    work = Endless()
    with anyio.fail_after(5):
        with anyio.move_on_after(0.05):
            async for _ in loop.aiterate(work):
                pass
        assert await anyio.to_thread.run_sync(work.ended.wait, 5)


def test_what_the_work_raises_is_raised_after_what_it_handed_out(loop):
    reader = loop.iterate(fails)
    assert next(reader) == 1
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        next(reader)


async def test_it_is_raised_in_another_loop(loop):
    with anyio.fail_after(5), pytest.raises(ZeroDivisionError, match="on purpose"):
        async for _ in loop.aiterate(fails):
            pass


def test_closing_ends_all_work_and_tells_those_who_wait(loop):
    work = Endless()
    reader = loop.iterate(work)
    next(reader)
    loop.close()
    assert work.ended.is_set()
    with pytest.raises(SideLoopClosedError):
        next(reader)


def test_it_starts_again_after_closing(loop):
    assert list(loop.iterate(count_to_three)) == [1, 2, 3]
    loop.close()
    loop.close()  # twice is once
    assert list(loop.iterate(count_to_three)) == [1, 2, 3]


def test_a_reader_whose_loop_has_ended_is_forgotten(loop):
    work = Endless()

    async def abandon():
        reader = loop.aiterate(work)
        return await anext(reader)

    assert asyncio.run(abandon()) == 1  # asyncio.run closes the generators of its loop
    gc.collect()
    assert work.ended.wait(5)
    assert list(loop.iterate(count_to_three)) == [1, 2, 3]
