"""Voice activity for every session of this process: one batched tick at a time, on one worker thread.

It stands outside the engine's queue, so that a long prefill delays no barge-in. Each tick takes at most
`WINDOWS_PER_TICK` windows of every session that has some, so a client that bursts a minute of audio waits for itself.
What the probabilities mean for turn taking is decided by `audio.endpointing` and `turn_policy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import anyio
import anyio.to_thread

from autoglm_agent.audio.first_sounds import FirstSounds
from autoglm_agent.runtime.overheard import Overheard

WINDOWS_PER_TICK = 8
"""A quarter of a second of one session's audio: below a millisecond of work, so nobody waits longer for a tick."""
TICK_S = 0.01
"""Once several sessions speak, a tick waits this long for more of them: a third of a window, a third of the calls."""

S = TypeVar("S")


class Detector(Protocol[S]):
    """A voice activity model whose state is passed in and returned."""

    def initial_state(self) -> S:
        """The state before the first window."""
        ...

    def __call__(self, windows: Sequence[bytes], states: Sequence[S]) -> tuple[list[float], list[S]]:
        """Speech probability of one window (s16le, 16 kHz) of each of several streams."""
        ...


class VadHub(Generic[S]):
    """Collects the sessions' windows and runs the detector over them together."""

    def __init__(
        self, detector: Detector[S], *, in_thread: bool = True, first_sounds: FirstSounds | None = None
    ) -> None:
        """`in_thread` False runs the detector on the event loop: for replays that must give the same events twice.

        `first_sounds` tells who wants the floor; without it that is left to words.
        """
        self.first_sounds = first_sounds
        self._detector = detector
        self._in_thread = in_thread
        self._jobs: list[_Job[S]] = []
        self._arrived = anyio.Event()
        self._limiter = anyio.CapacityLimiter(1)

    def stream(self) -> VadStream[S]:
        """A new stream for one session."""
        return VadStream(self, self._detector.initial_state())

    async def run(self) -> None:
        """Tick until cancelled. Start it once, beside the sessions."""
        crowded = False
        while True:
            await self._arrived.wait()
            if crowded:
                await anyio.sleep(TICK_S)
            self._arrived = anyio.Event()
            jobs, self._jobs = self._jobs, []
            crowded = self._in_thread and len(jobs) > 1
            if self._in_thread:
                await anyio.to_thread.run_sync(self._tick, jobs, limiter=self._limiter)
            else:
                self._tick(jobs)
            for job in jobs:
                job.done.set()

    async def _submit(self, job: _Job[S]) -> None:
        self._jobs.append(job)
        self._arrived.set()
        await job.done.wait()
        if job.error is not None:
            raise job.error

    def _tick(self, jobs: list[_Job[S]]) -> None:
        """In the worker thread: one window of every stream at a time, since each window needs the state before it."""
        try:
            for turn in range(max(len(job.windows) for job in jobs)):
                batch = [job for job in jobs if turn < len(job.windows)]
                probabilities, states = self._detector(
                    [job.windows[turn] for job in batch], [job.state for job in batch]
                )
                for job, probability, state in zip(batch, probabilities, states, strict=True):
                    job.probabilities.append(probability)
                    job.state = state
        except Exception as error:  # carried to the sessions that wait for this tick
            for job in jobs:
                job.error = error


class _Job(Generic[S]):
    """A few windows of one stream, the state before them, and what came out."""

    def __init__(self, windows: Sequence[bytes], state: S) -> None:
        self.windows = windows
        self.state = state
        self.probabilities: list[float] = []
        self.error: Exception | None = None
        self.done = anyio.Event()


class VadStream(Generic[S]):
    """One session's place in the hub: its detector state, never shared."""

    def __init__(self, hub: VadHub[S], state: S) -> None:
        self._hub = hub
        self._state = state
        self.overheard = Overheard(hub.first_sounds)

    async def probabilities(self, windows: Sequence[bytes]) -> list[float]:
        """The speech probability of each window, in order."""
        result: list[float] = []
        for start in range(0, len(windows), WINDOWS_PER_TICK):
            job = _Job(windows[start : start + WINDOWS_PER_TICK], self._state)
            await self._hub._submit(job)
            self._state = job.state
            result += job.probabilities
        return result
