"""An engine that recites: the message interface of the real one with canned results, no torch and no model.

For tests and for benchmarks of the session plane only; nothing a user sees is ever answered by it. Delays are counted
in steps, so the same requests give the same results whatever the machine's speed.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.metrics import EngineMetrics

BYTES_PER_MS = 32  # s16le mono at 16 kHz
BROKEN_PICTURE = b"no picture"
"""What this engine cannot see, beside nothing at all; it takes any other bytes for a picture."""


class ScriptedDeathError(RuntimeError):
    """The script says that the engine dies here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedReply:
    """One answer. `when` picks it for user text that contains it; without, replies are taken in order, then repeated.

    A request that must call a function picks among the replies that call one it may call, and one that must not, among
    those that call none. An answer bound to a JSON schema is one of the `json` replies, or a call.
    `steps_before_first` delays the first token. `stalls` never finishes: the answer waits to be cancelled after its
    last token. `dies` kills the engine at the first token.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[m.ToolCall, ...] = ()
    when: str | None = None
    json: bool = False
    steps_before_first: int = 0
    stalls: bool = False
    dies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a session hears and says. The nth utterance of a session gets `utterances[n]`, repeated at the end.

    `deaf` never answers audio: an engine that has stopped to move. `end_of_turn` is what every transcript says of it.
    """

    utterances: tuple[str, ...] = ("你好",)
    ms_per_character: int = 160
    replies: tuple[ScriptedReply, ...] = (ScriptedReply(text="你好，我在听。"),)
    frame_steps: int = 1
    deaf: bool = False
    end_of_turn: float | None = None


@dataclass(slots=True)
class _Stream:
    """An utterance being heard."""

    text: str
    audio_ms: int = 0
    final: bool = False


@dataclass(slots=True)
class _Generation:
    """An answer being recited: the tokens left, one per step."""

    request: m.Generate
    reply: ScriptedReply
    wait_steps: int
    tokens: deque[m.Result]
    emitted: int = 0
    reasoning: int = 0


@dataclass(slots=True)
class _Session:
    """What the engine holds for one session."""

    streams: dict[str, _Stream] = field(default_factory=dict)
    frames: set[str] = field(default_factory=set)
    utterances_heard: int = 0
    replies_given: int = 0


class ScriptedEngine:
    """Recites `script` to every session. Work order: speech, fusion, frames, decoding."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._sessions: dict[str, _Session] = {}
        self._speech: deque[m.PushAudio | m.ForkStream] = deque()
        self._fusion: deque[m.Fuse] = deque()
        self._frames: deque[tuple[int, m.EncodeFrame]] = deque()
        self._generations: dict[tuple[str, str], _Generation] = {}
        self._out: list[m.Result] = []
        self._counts = Counter[str]()
        self._last_batch = 0

    @property
    def has_work(self) -> bool:
        """Whether a step would produce or advance anything; a stalled answer is no work."""
        return bool(self._out or self._speech or self._fusion or self._frames or self._runnable())

    def submit(self, request: m.Request) -> None:
        """Queue `request`."""
        if isinstance(request, m.ReadMetrics):
            self._out.append(m.MetricsRead(session_id=request.session_id, metrics=self.metrics))
        else:
            self._take(request)

    def _take(self, request: m.Request) -> None:
        session = self._sessions.setdefault(request.session_id, _Session())
        match request:
            case m.OpenStream():
                texts = self._script.utterances
                session.streams[request.stream_id] = _Stream(texts[session.utterances_heard % len(texts)])
                session.utterances_heard += 1
            case m.PushAudio() | m.ForkStream():
                self._speech.extend(() if self._script.deaf else (request,))
            case m.CloseStream():
                session.streams.pop(request.stream_id, None)
            case m.EncodeFrame():
                self._frames.append((self._script.frame_steps, request))
            case m.DropFrame():
                session.frames.discard(request.frame_id)
            case m.Fuse():
                self._fusion.append(request)
            case m.Generate():
                self._start(session, request)
            case m.Cancel():
                self._cancel(request)
            case m.CloseSession():
                self._close(request.session_id)

    def step(self) -> list[m.Result]:
        """One unit of work: the oldest of the most urgent kind, or one token of every answer."""
        out, self._out = self._out, []
        if self._speech:
            out += self._hear(self._speech.popleft())
        elif self._fusion:
            out += self._fuse(self._fusion.popleft())
        elif self._frames:
            out += self._look()
        elif batch := self._runnable():
            self._counts["decode"] += 1
            self._last_batch = len(batch)
            for generation in batch:
                out += self._recite(generation)
        return out

    @property
    def metrics(self) -> EngineMetrics:
        """A snapshot. A slot is a generation's; nothing takes time here."""
        waiting = sum(generation.wait_steps > 0 for generation in self._generations.values())
        return EngineMetrics(
            streams_ready=len(self._speech),
            frames_waiting=len(self._frames),
            generations_waiting=waiting,
            generations_running=len(self._generations) - waiting,
            speech_batch=1,
            decode_batch=self._last_batch,
            slots_used=len(self._generations),
            slot_evictions=0,
            frames_held=sum(len(session.frames) for session in self._sessions.values()),
            input_tokens=self._counts["input_tokens"],
            cached_tokens=0,
            output_tokens=self._counts["output_tokens"],
            steps={"decode": self._counts["decode"]},
            step_ms_p50={},
            step_ms_max={},
        )

    def _runnable(self) -> list[_Generation]:
        return [g for g in self._generations.values() if g.tokens or g.wait_steps or not g.reply.stalls]

    def _hear(self, push: m.PushAudio | m.ForkStream) -> list[m.Result]:
        session = self._sessions[push.session_id]
        stream = session.streams.get(push.stream_id)
        if stream is None:
            return [_missing(push.session_id, None, stream_id=push.stream_id)]
        if isinstance(push, m.ForkStream):
            session.streams[push.new_stream_id] = replace(stream)
            return []
        stream.audio_ms += len(push.pcm) // BYTES_PER_MS
        stream.final = push.final
        shown = min(stream.audio_ms // self._script.ms_per_character, len(stream.text))
        stable, unstable = stream.text[:shown], stream.text[shown : shown + 1]
        if push.final:
            stable, unstable = stream.text, ""
        return [
            m.Transcript(
                session_id=push.session_id,
                stream_id=push.stream_id,
                stable=stable,
                unstable=unstable,
                audio_ms=stream.audio_ms,
                final=push.final,
                compute_ms=0.0,
                end_of_turn=self._script.end_of_turn,
            )
        ]

    def _look(self) -> list[m.Result]:
        steps, request = self._frames.popleft()
        if steps > 1:
            self._frames.appendleft((steps - 1, request))
            return []
        if request.image in (b"", BROKEN_PICTURE):
            return [
                m.Failed(
                    session_id=request.session_id,
                    request_id=None,
                    code="bad_image",
                    message="the picture is empty or broken",
                    frame_id=request.frame_id,
                )
            ]
        self._sessions[request.session_id].frames.add(request.frame_id)
        return [m.FrameEncoded(session_id=request.session_id, frame_id=request.frame_id, latency_ms=0.0)]

    def _fuse(self, request: m.Fuse) -> list[m.Result]:
        weights = _weights(request.session_id, image=request.frame_id is not None, speech=request.stream_id is not None)
        return [replace(weights, stream_id=request.stream_id, frame_id=request.frame_id)]

    def _start(self, session: _Session, request: m.Generate) -> None:
        for turn in request.turns:
            for part in turn.content:
                if isinstance(part, m.ImagePart) and part.frame_id not in session.frames:
                    self._out.append(_missing(request.session_id, request.request_id, frame_id=part.frame_id))
                    return
                if isinstance(part, m.AudioPart) and part.stream_id not in session.streams:
                    self._out.append(_missing(request.session_id, request.request_id, stream_id=part.stream_id))
                    return
        if request.prefill_only:
            self._out.append(_finished(request, "prefilled"))
            return
        reply = self._pick(session, request)
        tokens = deque[m.Result]()
        ids = {"session_id": request.session_id, "request_id": request.request_id}
        if request.enable_thinking:
            tokens.extend(m.ReasoningDelta(**ids, text=character) for character in reply.reasoning)
        tokens.extend(
            m.TextDelta(**ids, text=character) for character in _until_stop(reply.text, request.sampling.stop)
        )
        tokens.extend(m.ToolCallDone(**ids, call=call) for call in reply.tool_calls)
        generation = _Generation(request, reply, reply.steps_before_first, tokens)
        self._generations[request.session_id, request.request_id] = generation

    def _pick(self, session: _Session, request: m.Generate) -> ScriptedReply:
        said = _last_user_text(request)
        fitting = [reply for reply in self._script.replies if _fits(reply, request)]
        for reply in fitting:
            if reply.when is not None and reply.when in said:
                return reply
        plain = [reply for reply in fitting if reply.when is None]
        session.replies_given += 1
        return plain[(session.replies_given - 1) % len(plain)] if plain else ScriptedReply()

    def _recite(self, generation: _Generation) -> list[m.Result]:
        if generation.wait_steps:
            generation.wait_steps -= 1
            return []
        if generation.reply.dies:
            raise ScriptedDeathError("the script ends here")
        request = generation.request
        if generation.tokens and generation.emitted < request.sampling.max_tokens:
            generation.emitted += 1
            self._counts["output_tokens"] += 1
            generation.reasoning += isinstance(generation.tokens[0], m.ReasoningDelta)
            return [generation.tokens.popleft()]
        if generation.reply.stalls:
            return []
        del self._generations[request.session_id, request.request_id]
        if generation.tokens:
            return [_finished(request, "length", generation)]
        return [_finished(request, "tool_calls" if generation.reply.tool_calls else "stop", generation)]

    def _cancel(self, cancel: m.Cancel) -> None:
        generation = self._generations.pop((cancel.session_id, cancel.request_id), None)
        if generation is not None:
            self._out.append(_finished(generation.request, "cancelled", generation))

    def _close(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)
        self._speech = deque(push for push in self._speech if push.session_id != session_id)
        self._fusion = deque(fuse for fuse in self._fusion if fuse.session_id != session_id)
        self._frames = deque(item for item in self._frames if item[1].session_id != session_id)
        for key in [key for key in self._generations if key[0] == session_id]:
            del self._generations[key]


def _last_user_text(request: m.Generate) -> str:
    """The newest words of a user or a tool."""
    for turn in reversed(request.turns):
        for part in reversed(turn.content if turn.role in ("user", "tool") else ()):
            if not isinstance(part, m.ImagePart):
                return part.text if isinstance(part, m.TextPart) else part.transcript
    return ""


def _weights(session_id: str, *, image: bool, speech: bool) -> m.GateWeights:
    parts = 1 + int(image) + int(speech)
    return m.GateWeights(session_id=session_id, text=1 / parts, image=image / parts, speech=speech / parts)


def _missing(
    session_id: str, request_id: str | None, *, stream_id: str | None = None, frame_id: str | None = None
) -> m.Failed:
    return m.Failed(
        session_id=session_id,
        request_id=request_id,
        code="feature_missing",
        message=f"the engine does not hold {'stream ' + stream_id if stream_id else 'frame ' + str(frame_id)}",
        stream_id=stream_id,
        frame_id=frame_id,
    )


def _fits(reply: ScriptedReply, request: m.Generate) -> bool:
    """Whether the request allows the reply."""
    called = {call.name for call in reply.tool_calls}
    offered = {tool.name for tool in request.tools}
    if request.json_schema is not None:
        return reply.json or (bool(called) and called <= offered)
    if reply.json:
        return False
    match request.tool_choice:
        case "auto":
            return True
        case "none":
            return not called
        case "required":
            return bool(called) and called <= offered
        case name:
            return called == {name}


def _until_stop(text: str, stops: tuple[str, ...]) -> str:
    """The text up to the first of `stops`."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _finished(request: m.Generate, reason: str, generation: _Generation | None = None) -> m.Finished:
    parts = [part for turn in request.turns for part in turn.content]
    image = any(isinstance(part, m.ImagePart) for part in parts)
    speech = any(isinstance(part, m.AudioPart) for part in parts)
    return m.Finished(
        session_id=request.session_id,
        request_id=request.request_id,
        reason=reason,  # type: ignore[arg-type]  # one of the literals, chosen above
        usage=m.Usage(
            input_tokens=len(parts),
            cached_tokens=0,
            audio_tokens=sum(isinstance(part, m.AudioPart) for part in parts),
            image_tokens=sum(isinstance(part, m.ImagePart) for part in parts),
            output_tokens=generation.emitted if generation else 0,
            reasoning_tokens=generation.reasoning if generation else 0,
        ),
        gate=_weights(request.session_id, image=image, speech=speech),
        queue_ms=0.0,
        prefill_ms=0.0,
        decode_ms=0.0,
    )
