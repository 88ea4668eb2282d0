"""Responding: one cancellable task per response, from the prompt to `ResponseFinished`.

When to respond is decided elsewhere (`listening`, the client). Cancelling a response's scope is all a barge-in needs:
the brain is stopped on the way out, and the connection drops whatever still arrives for it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from contextlib import aclosing

import anyio
from anyio.abc import TaskGroup

from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.commands import CreateResponse
from autoglm_agent.protocol.items import Item
from autoglm_agent.protocol.resuming import voice_ms
from autoglm_agent.runtime.brain import Brain, Question, Thought, transcribed
from autoglm_agent.runtime.features import Features
from autoglm_agent.runtime.history import Pending
from autoglm_agent.runtime.idling import IdleTimer
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.playback import Playback
from autoglm_agent.runtime.speaking import Speaker
from autoglm_agent.voice.speech import Synthesiser

logger = logging.getLogger(__name__)

MAX_RESPONSES = 8
"""Out-of-band responses may run beside the conversation's own; more than this at once is a runaway client."""

REMEMBERED_PLAYBACKS = 8
"""Spoken messages whose word marks are kept for a late `truncate`; clients cut the newest or the one before."""

FIRST_TOKENS = (f.ReasoningDelta, f.TextDelta, f.ToolCallDone, f.OwnToolCalled)


class Responder:
    """Starts, cancels and interrupts responses inside the session's task group."""

    def __init__(
        self,
        line: Line,
        brain: Brain,
        features: Features,
        tasks: TaskGroup,
        idle: IdleTimer,
        synthesiser: Synthesiser | None = None,
    ) -> None:
        self._line = line
        self._synthesiser = synthesiser
        self._speakers: dict[str, Speaker] = {}
        self._playbacks: deque[Playback] = deque(maxlen=REMEMBERED_PLAYBACKS)
        self._idle = idle
        self._brain = brain
        self._features = features
        self._tasks = tasks
        self._scopes: dict[str, anyio.CancelScope] = {}

    def start(self, create: CreateResponse) -> None:
        """Begin to answer. The client sees `response.created` at once, whatever must be waited for."""
        connection = self._line.connection
        items = connection.history() if create.input is None else create.input
        self._line.tell(f.ResponseStarted(response_id=create.response_id))
        if len(self._scopes) >= MAX_RESPONSES:
            self._fail(create.response_id, "too many responses at once", "rate_limit_exceeded")
            return
        scope = self._scopes[create.response_id] = anyio.CancelScope()
        self._tasks.start_soon(self._respond, create, items, scope)

    def cancel(self, response_id: str) -> None:
        """The client cancelled: stop computing and speaking. Its `response.done` is out already."""
        scope = self._scopes.pop(response_id, None)
        if scope is not None:
            scope.cancel()
        speaker = self._speakers.pop(response_id, None)
        if speaker is not None:
            self._tell_heard(speaker.playback)

    # --- The floor ---------------------------------------------------------------------------------------------------

    @property
    def has_floor(self) -> bool:
        """Whether an answer is being made, or is still being played at the client."""
        playing = bool(self._playbacks) and self._playbacks[-1].ends_s > self._line.clock()
        return playing or self._line.connection.active_response_id is not None

    def pause(self) -> None:
        """Somebody speaks, perhaps to us: send no more voice until `resume` or `interrupt`."""
        for speaker in self._speakers.values():
            speaker.pause()

    def resume(self) -> None:
        """It was a cough or a sign of listening."""
        for speaker in self._speakers.values():
            speaker.resume()

    def interrupt(self) -> None:
        """New speech takes the floor: the conversation's response ends, and of its words only those heard stay."""
        response_id = self._line.connection.active_response_id
        if response_id is not None:
            self.cancel(response_id)
            self._line.tell(f.ResponseFinished(response_id=response_id, status="cancelled", reason="turn_detected"))
        elif self.has_floor:
            self._tell_heard(self._playbacks[-1])
        self.resume()  # others, out of band, go on

    def truncate(self, item_id: str, audio_end_ms: int) -> None:
        """The client says how much of an item was heard; the word marks say which words that was."""
        for playback in self._playbacks:
            if playback.item_id == item_id:
                self._line.tell(f.ItemHeard(item_id=item_id, text=playback.text_until(audio_end_ms)))

    def resent(self, texts: Iterable[str]) -> None:
        """These events went out again: the client hears the voice among them only from now on."""
        for item_id, ms in voice_ms(texts, self._line.connection.config.output_format).items():
            for playback in self._playbacks:
                if playback.item_id == item_id:
                    playback.resent(ms, self._line.clock())

    def _tell_heard(self, playback: Playback) -> None:
        if playback.item_id is not None:
            heard_ms = playback.heard_ms(self._line.clock())
            self._line.tell(f.ItemHeard(item_id=playback.item_id, text=playback.text_until(heard_ms)))

    # --- One response ------------------------------------------------------------------------------------------------

    async def prefill(self, pending: Pending) -> None:
        """Let the brain read a turn that is probably over. Cancel it when speech resumes."""
        connection = self._line.connection
        await self._brain.prefill(connection.history(), connection.config, pending)

    async def _respond(self, create: CreateResponse, items: tuple[Item, ...], scope: anyio.CancelScope) -> None:
        response_id = create.response_id
        try:
            with scope:
                await self._answer(create, items)
        except Exception:  # the boundary: a bug costs this response, not the session
            logger.exception("response %s failed", response_id)
            self._fail(response_id, "internal error", "server_error")
        finally:
            self._scopes.pop(response_id, None)
            self._speakers.pop(response_id, None)

    async def _answer(self, create: CreateResponse, items: tuple[Item, ...]) -> None:
        start_s = self._line.clock()
        for problem in await self._features.prepare(items):
            self._line.tell_problem(problem)
        self._line.tell_latency("asr_final", start_s)
        question = Question(
            session_id=self._line.connection.session_id,
            response_id=create.response_id,
            items=transcribed(items, self._features),
            config=create.config,
            in_band=create.conversation == "auto" and create.input is None,
        )
        speaker = self._new_speaker(create, start_s)
        async with anyio.create_task_group() as tasks:
            if speaker is not None:
                tasks.start_soon(speaker.run)
            last = await self._recite(question, start_s, speaker)
            if speaker is not None:
                if last.status == "failed":
                    tasks.cancel_scope.cancel()
                speaker.end()
        self._line.tell(last)
        if last.status != "failed":
            playing_s = self._playbacks[-1].lead_ms(self._line.clock()) / 1000 if self._playbacks else 0.0
            self._idle.answered(playing_s=playing_s)

    async def _recite(self, question: Question, start_s: float, speaker: Speaker | None) -> f.ResponseFinished:
        """Tell what the brain gives as it comes; return how it ended, untold."""
        untold: dict[str, tuple[type[Thought], ...]] = {"first_token": FIRST_TOKENS, "first_text": (f.TextDelta,)}
        async with aclosing(self._brain.answer(question)) as thoughts:
            async for thought in thoughts:
                if isinstance(thought, f.ResponseFinished):
                    return thought
                for stage in [stage for stage, kind in untold.items() if isinstance(thought, kind)]:
                    self._line.tell_latency(stage, start_s)
                    del untold[stage]
                self._line.tell(thought)
                if speaker is not None and isinstance(thought, f.TextDelta):
                    speaker.feed(thought.text)
                await self._line.room()
        raise RuntimeError("the brain did not finish its answer")

    def _new_speaker(self, create: CreateResponse, start_s: float) -> Speaker | None:
        if self._synthesiser is None or create.config.modality != "audio":
            return None
        speaker = Speaker(
            self._line,
            self._synthesiser,
            create.response_id,
            create.config,
            on_first_sound=lambda: self._line.tell_latency("first_audio", start_s),
        )
        self._speakers[create.response_id] = speaker
        if create.conversation == "auto":
            self._playbacks.append(speaker.playback)
        return speaker

    def _fail(self, response_id: str, message: str, code: str) -> None:
        self._line.tell(
            f.ResponseFinished(response_id=response_id, status="failed", error_message=message, error_code=code)
        )
