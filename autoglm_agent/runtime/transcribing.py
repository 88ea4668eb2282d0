"""A recording written down: one utterance streamed to the engine as it is decoded, for REST.

Bounded: the recording is decoded a second at a time in a worker thread, and no more than `AHEAD_MS` of it waits in the
engine, so an hour of speech costs neither memory nor the patience of those who speak live. No voice activity, no
prompt and no times of words: the recogniser's transcript is all there is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import anyio

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import SAMPLE_RATE_HZ, stream_audio
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.engine import messages as m
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.chat import failure
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.work import Work, in_thread

BLOCK_MS = 1000
"""Decoded and pushed at a time: small against what waits, large against the way to a thread and back."""
AHEAD_MS = 4000
"""Audio the engine may have waiting: enough that it never idles, little enough that live speech is served between."""
MAX_RECORDING_S = 3600.0
"""An hour, as a session; longer ones are for `autoglm transcribe`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """What was said in a recording of `audio_s` seconds."""

    text: str
    audio_s: float


async def transcribe(
    bridge: ComputeBridge,
    recording: bytes,
    *,
    chunk_ms: int,
    new_id: Callable[[str], str],
    on_text: Callable[[str], Awaitable[None]],
    work: Work = in_thread,
) -> Transcription:
    """Write down `recording`, the bytes of an audio file; `on_text` gets each piece of text as it is heard.

    The pieces only ever add up; the whole, told at the end, may correct what sounds alike. Cancel the call to cancel
    the recognition.

    Raises:
        InputError: the recording cannot be decoded, or is too long.
        EngineDiedError: the engine ended in the middle; it is being restarted.
        AutoGLMError: anything else the engine reports.
    """
    hearing = _Hearing(on_text)
    engine = EngineSession(bridge, new_id("asr"), on_transcript=hearing.on_transcript, on_failure=hearing.on_failure)
    session_id, stream_id = engine.session_id, new_id("utt")
    pushed_ms = 0.0
    async with engine.running():
        await engine.send(m.OpenStream(session_id=session_id, stream_id=stream_id, chunk_ms=chunk_ms))
        async with aclosing(_decoded(recording, work)) as blocks:
            async for block in blocks:
                pushed_ms += len(block) * 1000 / SAMPLE_RATE_HZ
                await engine.send(m.PushAudio(session_id=session_id, stream_id=stream_id, pcm=pcm.encode(block)))
                await hearing.until(pushed_ms - AHEAD_MS)
        await engine.send(m.PushAudio(session_id=session_id, stream_id=stream_id, pcm=b"", final=True))
        text = await hearing.end()
    return Transcription(text=text, audio_s=pushed_ms / 1000)


async def _decoded(recording: bytes, work: Work) -> AsyncGenerator[Samples, None]:
    """The recording in blocks. Raises InputError."""
    blocks = stream_audio(recording, block_ms=BLOCK_MS, max_seconds=MAX_RECORDING_S)
    while (block := await work(_next, blocks)) is not None:
        yield block


def _next(blocks: Iterator[Samples]) -> Samples | None:
    return next(blocks, None)


class _Hearing:
    """What the engine has heard so far, and what of it was told."""

    def __init__(self, on_text: Callable[[str], Awaitable[None]]) -> None:
        self._on_text = on_text
        self._audio_ms = 0
        self._stable = ""
        self._told = ""
        self._final: str | None = None
        self._failed: m.Failed | None = None
        self._changed = anyio.Event()

    def on_transcript(self, transcript: m.Transcript) -> None:
        """The engine has heard more. The last transcript is of all of it, and may be a corrected one."""
        self._audio_ms = transcript.audio_ms
        if transcript.final:
            self._final = transcript.stable
        else:
            self._stable = transcript.stable
        self._changed.set()

    def on_failure(self, failed: m.Failed) -> None:
        """The engine cannot go on."""
        self._failed = failed
        self._changed.set()

    async def until(self, audio_ms: float) -> None:
        """Wait until so much is heard, telling what is. Raises what the engine reports."""
        await self._catch_up()
        while self._audio_ms < audio_ms:
            await self._change()

    async def end(self) -> str:
        """Wait for the last transcript and return it. What it adds to what was told is told, a correction is not."""
        await self._catch_up()
        while self._final is None:
            await self._change()
        await self._tell(self._final if self._final.startswith(self._told) else self._stable)
        return self._final

    async def _change(self) -> None:
        if self._failed is None:  # it may have come while something was told
            self._changed = anyio.Event()
            await self._changed.wait()
        await self._catch_up()

    async def _catch_up(self) -> None:
        if self._failed is not None:
            raise failure(self._failed)
        await self._tell(self._stable)

    async def _tell(self, text: str) -> None:
        new, self._told = text[len(self._told) :], text
        if new:
            await self._on_text(new)
