"""espeak-ng as a `Synthesiser`: the parent's side of one synthesis process that serves every session.

The library is GPL-3 and keeps global state, so it is never loaded here. Requests go one at a time, in order of arrival.
A process that dies is replaced: the text it died on is tried once more in the plain voice, then it is an error, and
nobody else notices.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import SocketStream

from autoglm_agent.errors import OverloadedError
from autoglm_agent.voice.espeak_voices import VOICES
from autoglm_agent.voice.framing import READY_ID, RECEIVE_BYTES, Decoder, encode
from autoglm_agent.voice.speech import FASTEST, SLOWEST, Mark, Speech, SynthesisError, VoiceNotInstalledError

logger = logging.getLogger(__name__)

MAX_CHARACTERS = 400
"""Twice the longest clause that `clauses` cuts: at speed 1.0 some 90 s of speech, 0.2 s of work, 5 MB."""
MAX_WAITING = 256
"""Clauses that wait at once: at some 10 ms each, the last would wait for seconds, and its session is silent."""
STOP_GRACE_S = 1.0
"""A process between two clauses ends in milliseconds; one in a clause is killed, since nobody waits for that."""
PLAIN = ""
"""The voice of the second try; see `espeak_voices.PLAIN`."""
_PACKAGES = ("espeakng_loader", "pypinyin")
_ROOT = Path(__file__).parents[2]


class _Worker:
    """One life of the process, and our end of its socket."""

    def __init__(self, process: subprocess.Popen[bytes], stream: SocketStream) -> None:
        self.process = process
        self._stream = stream
        self._decoder = Decoder()

    @classmethod
    async def start(cls) -> _Worker:
        """Start one; it is not waited for. A cancellation waits until it can be stopped."""
        with anyio.CancelScope(shield=True):
            process, ours = await anyio.to_thread.run_sync(_spawn)
            stream = await SocketStream.from_socket(ours)
        return cls(process, stream)

    async def send(self, request: dict[str, Any]) -> None:
        """Send a request whole, whatever is cancelled: it is a few hundred bytes, and the process is waiting."""
        with anyio.CancelScope(shield=True):
            await self._stream.send(encode(request))

    async def answer_to(self, request_id: int) -> tuple[dict[str, Any], bytes]:
        """Wait for one answer. Those before it belong to calls that were cancelled, and are dropped."""
        while True:
            for header, body in self._decoder.feed(await self._stream.receive(RECEIVE_BYTES)):
                if header["id"] == request_id:
                    return header, body

    async def stop(self, grace_s: float) -> None:
        """Let it end, then end it."""
        with anyio.CancelScope(shield=True):
            await self._stream.aclose()
            await anyio.to_thread.run_sync(_reap, self.process, grace_s)


class EspeakSynthesiser:
    """Say clauses with espeak-ng. An async context manager: entering starts the process, leaving ends it."""

    voices: tuple[str, ...] = tuple(VOICES)

    def __init__(self) -> None:
        self._lock = anyio.Lock()  # first come, first served
        self._worker: _Worker | None = None
        self._closed = False
        self._last_id = READY_ID
        self._restarts = 0

    @property
    def restarts(self) -> int:
        """How often a dead process was replaced."""
        return self._restarts

    @property
    def process_id(self) -> int | None:
        """Of the process that serves now; None while there is none."""
        return self._worker.process.pid if self._worker else None

    async def __aenter__(self) -> EspeakSynthesiser:
        """Start the process and wait until it is ready.

        Raises:
            VoiceNotInstalledError: the `voice` extra is not installed.
            SynthesisError: the process does not start; what it said is on standard error.
        """
        ensure_installed()
        self._worker = await _Worker.start()
        try:
            await self._worker.answer_to(READY_ID)
        except BaseException as error:
            await self.aclose()
            if isinstance(error, anyio.EndOfStream | anyio.BrokenResourceError):
                raise SynthesisError("the synthesis process did not start; see its message above") from error
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        await self.aclose()

    async def aclose(self) -> None:
        """End the process. Calls that still wait get a `SynthesisError`."""
        self._closed = True
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.stop(STOP_GRACE_S)

    async def speak(self, text: str, *, voice: str, speed: float = 1.0) -> Speech:
        """Say one clause; see `Synthesiser.speak`. A text without anything to say gives an empty `Speech`."""
        if voice not in VOICES:
            raise ValueError(f"there is no voice {voice!r}; there are {', '.join(VOICES)}")
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"speed is {SLOWEST} to {FASTEST}, not {speed}")
        if len(text) > MAX_CHARACTERS:
            raise ValueError(f"a clause has at most {MAX_CHARACTERS} characters, not {len(text)}; cut it")
        if self._lock.statistics().tasks_waiting >= MAX_WAITING:
            raise OverloadedError("too many clauses wait to be spoken; try again in a moment")
        async with self._lock:
            for attempt in (voice, PLAIN):
                try:
                    return await self._exchange(text, attempt, speed)
                except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await self._bury()
            raise SynthesisError("the synthesis process died of this text twice; it is skipped")

    async def _exchange(self, text: str, voice: str, speed: float) -> Speech:
        """One request and its answer. Raises anyio's errors of a broken stream when the process dies meanwhile."""
        worker = await self._living_worker()
        self._last_id += 1
        request_id = self._last_id
        await worker.send({"id": request_id, "text": text, "voice": voice, "speed": speed})
        header, pcm = await worker.answer_to(request_id)
        if "error" in header:
            raise SynthesisError(f"the text could not be spoken: {header['error']}")
        return Speech(pcm=pcm, marks=tuple(Mark(offset, audio_ms) for offset, audio_ms in header["marks"]))

    async def _living_worker(self) -> _Worker:
        """The process, replaced if it died since the last call."""
        if self._worker is not None and self._worker.process.poll() is not None:
            await self._bury()
        if self._closed:
            raise SynthesisError("the synthesiser is closed")
        if self._worker is None:
            ensure_installed()
            worker = await _Worker.start()
            if self._closed:  # meanwhile
                await worker.stop(0.0)
                raise SynthesisError("the synthesiser is closed")
            self._worker = worker
        return self._worker

    async def _bury(self) -> None:
        """Take leave of a dead process; the next exchange starts another."""
        worker, self._worker = self._worker, None
        if worker is not None:
            self._restarts += 1
            await worker.stop(0.0)
            logger.warning(
                "the synthesis process died (exit %s); restart %d", worker.process.returncode, self._restarts
            )


def ensure_installed() -> None:
    """Raise VoiceNotInstalledError when a package of the `voice` extra is missing. Imports none of them."""
    missing = [package for package in _PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise VoiceNotInstalledError(
            f"speech synthesis needs {' and '.join(missing)}; install it with: pip install 'autoglm-agent[voice]'"
        )


def _spawn() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """In a worker thread: a process with one end of a socket pair as its standard input."""
    ours, theirs = socket.socketpair()
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    with theirs:  # closed here, so that the end of the process is the end of the stream
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "autoglm_agent.voice.espeak_worker"],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
    return process, ours


def _reap(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """In a worker thread: wait for a process that should be ending, and kill it if it is not."""
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
