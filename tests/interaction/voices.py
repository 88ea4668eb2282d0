"""Synthesisers for tests: sound of a known length at once, on the test's own event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from autoglm_agent.voice.speech import SAMPLE_RATE_HZ, Mark, Speech, SynthesisError

MS_PER_CHARACTER = 200


class Metronome:
    """A click for every character, each `MS_PER_CHARACTER` long. What contains `fails_on` cannot be said."""

    voices = ("tick", "tock")

    def __init__(self, fails_on: str = "\0") -> None:
        self.said: list[tuple[str, str, float]] = []
        self._fails_on = fails_on

    async def speak(self, text: str, *, voice: str, speed: float) -> Speech:
        self.said.append((text, voice, speed))
        if self._fails_on in text:
            raise SynthesisError("the metronome has stopped")
        click = b"\1\0" * (SAMPLE_RATE_HZ * MS_PER_CHARACTER // 1000)
        marks = tuple(Mark(index, index * MS_PER_CHARACTER) for index in range(len(text)))
        return Speech(click * len(text), marks)


@asynccontextmanager
async def entered(synthesiser: Metronome) -> AsyncIterator[Metronome]:
    """As a service takes it."""
    yield synthesiser
