"""Recognising: the utterance of the moment on its way through the engine, its partials, and its end tried early.

At the first silence a copy of the stream is ended and its user block prefilled on trial. If speech resumes the copy is
dropped and the stream goes on as if nothing had happened; if not, the copy is the utterance and most of the waiting is
over. When speech begins and ends is decided by `listening`.

Bounds: audio the engine has not caught up with is limited to `MAX_LAG_MS`; then `push` waits, which is felt at the
socket, and after `SHED_AFTER_S` without progress it gives the audio up and says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol import facts as f
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.features import BYTES_PER_MS, Features, Utterance
from autoglm_agent.runtime.history import Pending
from autoglm_agent.runtime.line import Line

MAX_LAG_MS = 10_000
"""A restart of the engine takes about this long; a live microphone that lags further is of no use to its user."""
SHED_AFTER_S = 10.0
"""An engine that has not moved for this long will not catch up with a live microphone."""
LOST = ("internal", "feature_missing")
"""Failures after which the engine knows nothing of a stream. Others (`overloaded`) concern one piece of audio."""


@dataclass(slots=True, eq=False)
class _Trial:
    """A copy of the utterance, ended early."""

    stream_id: str
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    answer: m.Transcript | m.Failed | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Words, and how likely the user has finished by them; None when the engine cannot tell.

    `is_settled`: all audio before the silence was understood. Partials lag behind it by a word or two.
    """

    transcript: str
    end_of_turn: float | None
    is_settled: bool


class Recogniser:
    """At most one utterance at a time is open; ended ones are waited for in the session's task group."""

    def __init__(
        self,
        line: Line,
        engine: EngineSession,
        features: Features,
        tasks: TaskGroup,
        *,
        prefill: Callable[[Pending], Awaitable[None]],
        frame_id: Callable[[], str | None],
    ) -> None:
        self._line = line
        self._engine = engine
        self._features = features
        self._tasks = tasks
        self._prefill = prefill
        self._frame_id = frame_id
        self._trial: _Trial | None = None
        self._stable = self._told = ""
        self._end_of_turn: float | None = None
        self._announced = True
        self._pushed_ms = 0
        self._reached_ms = 0
        self._progress = anyio.Event()
        self.current: Utterance | None = None

    @property
    def partial(self) -> str:
        """The words of the open utterance so far, stable and not."""
        return self.current.transcript if self.current is not None else ""

    @property
    def lag_ms(self) -> int:
        """Audio of the open utterance that the engine has not told of yet."""
        return self._pushed_ms - self._reached_ms

    @property
    def outlook(self) -> Outlook:
        """What the newest words say about the end of the turn: those of the trial, once it has ended."""
        trial = self._trial.answer if self._trial is not None else None
        if isinstance(trial, m.Transcript):
            return Outlook(trial.stable + trial.unstable, trial.end_of_turn, is_settled=True)
        return Outlook(self.partial, self._end_of_turn, is_settled=False)

    async def begin(self, item_id: str, pcm: bytes, *, announced: bool = True) -> None:
        """Open an utterance that starts with `pcm`, the pre-roll. Until it is announced its partials are kept back."""
        self.current = Utterance(item_id, self._line.new_id("utt"))
        self._stable = self._told = ""
        self._end_of_turn = None
        self._announced = announced
        await self._engine.send(self._opening(self.current))
        await self.push(pcm)

    def announce(self) -> None:
        """The client knows of the utterance now: tell what was understood until here."""
        self._announced = True
        self._tell_stable()

    async def push(self, pcm: bytes) -> None:
        """Append 16 kHz audio to the open utterance, as fast as the engine takes it."""
        if self.current is None or not pcm:
            return
        if self._pushed_ms - self._reached_ms > MAX_LAG_MS and not await self._caught_up():
            self._line.tell(f.AudioShed(ms=len(pcm) // BYTES_PER_MS))
            return
        assert self.current.pcm is not None
        self.current.pcm += pcm
        self._pushed_ms += len(pcm) // BYTES_PER_MS
        await self._engine.send(
            m.PushAudio(session_id=self._engine.session_id, stream_id=self.current.stream_id, pcm=pcm)
        )

    async def _caught_up(self) -> bool:
        """Wait for the engine; False when it does not move."""
        with anyio.move_on_after(SHED_AFTER_S) as deadline:
            while self._pushed_ms - self._reached_ms > MAX_LAG_MS:
                self._progress = anyio.Event()
                await self._progress.wait()
                deadline.deadline = anyio.current_time() + SHED_AFTER_S
        return not deadline.cancelled_caught

    # --- The end, on trial and in earnest ----------------------------------------------------------------------------

    def try_end(self) -> None:
        """The first silence: end a copy and prefill its turn."""
        if self.current is not None and self._trial is None:
            self._trial = _Trial(self._line.new_id("utt"))
            self._tasks.start_soon(self._run_trial, self.current.stream_id, self._trial)

    def resume(self) -> None:
        """Speech goes on: the trial is void."""
        if self._trial is not None:
            self._trial.scope.cancel()
            self._close(self._trial.stream_id)
            self._trial = None

    def end(self, item_id: str) -> None:
        """The turn is over: the open utterance is the speech of `item_id`; its transcript follows on its own."""
        utterance, self.current = self.current, None
        if utterance is None:
            return
        trial, self._trial = self._trial, None
        utterance.item_id = item_id
        if trial is not None:
            self._close(utterance.stream_id)
            utterance.stream_id = trial.stream_id
        self._features.add_utterance(utterance)
        self._tasks.start_soon(self._finish, utterance, trial)

    def drop(self) -> None:
        """Forget the open utterance: it was noise, or the client cleared the buffer."""
        self.resume()
        if self.current is not None:
            self._close(self.current.stream_id)
            self.current = None

    async def _run_trial(self, stream_id: str, trial: _Trial) -> None:
        with trial.scope:
            session_id = self._engine.session_id
            await self._engine.send(
                m.ForkStream(session_id=session_id, stream_id=stream_id, new_stream_id=trial.stream_id)
            )
            trial.answer = await self._engine.finish_stream(trial.stream_id)
            trial.ended.set()
            if isinstance(trial.answer, m.Transcript):
                speech = m.AudioPart(stream_id=trial.stream_id, transcript=trial.answer.stable)
                await self._prefill(Pending(frame_id=self._frame_id(), speech=speech))

    async def _finish(self, utterance: Utterance, trial: _Trial | None) -> None:
        if trial is not None:
            await trial.ended.wait()
            assert trial.answer is not None
            answer = trial.answer
        else:
            answer = await self._engine.finish_stream(utterance.stream_id)
        if isinstance(answer, m.Failed):  # the engine died or forgot: once more, from our copy
            utterance.stream_id = self._line.new_id("utt")
            await self._features.hear(utterance)
        else:
            self._features.settle(utterance, answer)
        if utterance.problem is not None:
            self._line.tell(f.TranscriptFailed(item_id=utterance.item_id, message=utterance.problem.message))
            return
        self._line.tell(
            f.TranscriptCompleted(
                item_id=utterance.item_id,
                transcript=utterance.transcript,
                audio_seconds=utterance.audio_ms / 1000,
            )
        )

    # --- What the engine reports of its own accord -------------------------------------------------------------------

    def on_transcript(self, transcript: m.Transcript) -> None:
        """A partial: tell what became stable. Final ones are awaited where they were asked for."""
        utterance = self.current
        if utterance is None or transcript.stream_id != utterance.stream_id or transcript.final:
            return
        self._reached_ms = max(self._reached_ms, transcript.audio_ms)
        self._progress.set()
        utterance.transcript = transcript.stable + transcript.unstable
        self._stable, self._end_of_turn = transcript.stable, transcript.end_of_turn
        self._tell_stable()

    def _tell_stable(self) -> None:
        """What has become stable since the last time, if the client may know."""
        if self.current is None or not self._announced:
            return
        if len(self._stable) > len(self._told) and self._stable.startswith(self._told):
            self._line.tell(f.TranscriptDelta(item_id=self.current.item_id, text=self._stable[len(self._told) :]))
            self._told = self._stable

    def on_failure(self, failed: m.Failed) -> None:
        """The stream of the open utterance was lost: open another and push what was said so far."""
        utterance = self.current
        if utterance is None or failed.stream_id != utterance.stream_id or failed.code not in LOST:
            return
        utterance.stream_id = self._line.new_id("utt")
        pcm = bytes(utterance.pcm or b"")
        self._engine.send_nowait(self._opening(utterance))  # at once: new audio must not overtake the old
        self._pushed_ms = len(pcm) // BYTES_PER_MS
        self._engine.send_nowait(
            m.PushAudio(session_id=self._engine.session_id, stream_id=utterance.stream_id, pcm=pcm)
        )

    def _opening(self, utterance: Utterance) -> m.OpenStream:
        self._pushed_ms = self._reached_ms = 0
        return m.OpenStream(
            session_id=self._engine.session_id, stream_id=utterance.stream_id, chunk_ms=self._features.chunk_ms
        )

    def _close(self, stream_id: str) -> None:
        self._engine.send_nowait(m.CloseStream(session_id=self._engine.session_id, stream_id=stream_id))
