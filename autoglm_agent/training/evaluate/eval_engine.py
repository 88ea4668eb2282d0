"""The engine as the subject of an evaluation: cases become sessions, many at once; speech goes through its streams.

Each group of sessions is heard and seen first, then answered greedily, then closed, so that a group's replies do not
depend on the groups around it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.local import run_to_completion
from autoglm_agent.training.evaluate.eval_cases import Heard, Reply, prompt_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.engine.spec import EngineProtocol
    from autoglm_agent.training.evaluate.eval_cases import Ask, Case
    from autoglm_agent.training.sample import Message

SPOKEN_CHUNK_MS = 320
"""Conversations are heard as the runtime hears them by default."""
LONGEST_CHUNK_MS = 4000
"""What the engine takes in one piece; a longer utterance is cut there even when heard at once."""
FRAME_MS, SAMPLES_PER_MS = 40, 16
MAX_TOKENS = 192
"""The longest trace with its reply in the corpus takes 160; a model that does not stop is cut short."""


class EngineSubject:
    """Asks an engine. `advance` is told of every case or utterance that is done."""

    def __init__(
        self, engine: EngineProtocol, *, sessions: int = 32, max_tokens: int = MAX_TOKENS,
        advance: Callable[[int], None] = lambda done: None,
    ) -> None:
        self._engine, self._sessions, self._max_tokens, self._advance = engine, sessions, max_tokens, advance
        self._group = 0

    def answer(self, cases: Sequence[Case]) -> list[list[Reply]]:
        """For each case one reply per ask, in order."""
        replies: list[list[Reply]] = []
        for at in range(0, len(cases), self._sessions):
            group = cases[at : at + self._sessions]
            replies += self._answer_group(group)
            self._advance(len(group))
        return replies

    def hear(self, waves: Sequence[NDArray[Any]], chunk_ms: int | None) -> list[Heard]:
        """Each wave as a stream of its own."""
        heard: list[Heard] = []
        for at in range(0, len(waves), self._sessions):
            group = waves[at : at + self._sessions]
            names = self._names(len(group))
            partials: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
            final: dict[str, tuple[str, float | None]] = dict.fromkeys(names, ("", None))
            requests = [
                each for name, wave in zip(names, group, strict=True) for each in _speak(name, "s", wave, chunk_ms)
            ]
            for result in run_to_completion(self._engine, requests):
                if isinstance(result, m.Transcript) and result.final:
                    final[result.session_id] = result.stable, result.end_of_turn
                elif isinstance(result, m.Transcript):
                    partials[result.session_id].append((result.audio_ms, result.stable + result.unstable))
            self._close(names)
            heard += [Heard(final[name][0], tuple(partials[name]), final[name][1]) for name in names]
            self._advance(len(group))
        return heard

    def _names(self, count: int) -> list[str]:
        self._group += 1
        return [f"eval-{self._group}-{i}" for i in range(count)]

    def _close(self, names: Sequence[str]) -> None:
        for _ in run_to_completion(self._engine, [m.CloseSession(session_id=name) for name in names]):
            pass

    def _answer_group(self, cases: Sequence[Case]) -> list[list[Reply]]:
        names = self._names(len(cases))
        heard: dict[tuple[str, str], str] = {}
        failures: dict[str, str] = {}
        inputs = [each for name, case in zip(names, cases, strict=True) for each in _inputs(name, case)]
        for result in run_to_completion(self._engine, inputs):
            match result:
                case m.Transcript(final=True):
                    heard[result.session_id, result.stream_id] = result.stable + result.unstable
                case m.Failed():
                    failures[result.session_id] = f"{result.code}: {result.message}"
                case _:
                    pass
        requests = [
            self._generate(name, str(i), case, ask, heard)
            for name, case in zip(names, cases, strict=True)
            for i, ask in enumerate(case.asks)
        ]
        replies = {(each.session_id, each.request_id): Reply() for each in requests}
        for result in run_to_completion(self._engine, requests):
            _gather(replies, result)
        self._close(names)
        for (name, _), reply in replies.items():
            reply.failure = reply.failure or failures.get(name, "")
        return [
            [replies[name, str(i)] for i in range(len(case.asks))] for name, case in zip(names, cases, strict=True)
        ]

    def _generate(
        self, name: str, request_id: str, case: Case, ask: Ask, heard: dict[tuple[str, str], str]
    ) -> m.Generate:
        tools = tuple(
            m.Tool(
                name=tool["name"], description=tool.get("description", ""),
                parameters=json.dumps(tool.get("parameters", {}), ensure_ascii=False),
            )
            for tool in case.sample.tools
        )
        return m.Generate(
            session_id=name, request_id=request_id, turns=tuple(_turns(name, case, ask, heard)), tools=tools,
            enable_thinking=ask.think, sampling=m.Sampling(max_tokens=self._max_tokens), prefill_only=ask.gate_only,
            uniform_gate=ask.uniform, drop_speech_features=not ask.speech_features,
        )


def _speak(session_id: str, stream_id: str, wave: NDArray[Any], chunk_ms: int | None) -> Iterator[m.Request]:
    """An utterance as a stream; None as `chunk_ms` takes it in one piece, as far as the engine allows."""
    if chunk_ms is None:
        whole_ms = -(-len(wave) // (SAMPLES_PER_MS * FRAME_MS)) * FRAME_MS
        chunk_ms = min(max(whole_ms, FRAME_MS), LONGEST_CHUNK_MS)
    yield m.OpenStream(session_id=session_id, stream_id=stream_id, chunk_ms=chunk_ms)
    pcm = wave.astype("<i2").tobytes()
    yield m.PushAudio(session_id=session_id, stream_id=stream_id, pcm=pcm, final=True)


def _inputs(name: str, case: Case) -> Iterator[m.Request]:
    """Everything that is said and shown in a case."""
    for i, wave in enumerate(case.waves):
        yield from _speak(name, f"s{i}", wave, SPOKEN_CHUNK_MS)
    for i, image in enumerate(case.images):
        yield m.EncodeFrame(session_id=name, frame_id=f"f{i}", image=image)


def _turns(name: str, case: Case, ask: Ask, heard: dict[tuple[str, str], str]) -> Iterator[m.Turn]:
    """The prompt's messages, with what was heard instead of what was said."""
    spoken = shown = 0
    call_id = None
    for number, message in enumerate(prompt_of(case.sample)):
        parts: list[m.Part] = []
        if message.picture is not None:
            if ask.image:
                parts.append(m.ImagePart(frame_id=f"f{shown}", detail="high" if ask.detail else "auto"))
            shown += 1
        if message.beside:
            parts.append(m.TextPart(text=message.beside + "\n"))
        if message.spoken and spoken < len(case.waves):
            stream_id = f"s{spoken}"
            parts.append(m.AudioPart(stream_id=stream_id, transcript=heard.get((name, stream_id), "")))
            spoken += 1
        else:
            parts.append(m.TextPart(text=message.text))
        calls = tuple(_call(message, number))
        tool_call_id = call_id if message.role == "tool" else None
        call_id = calls[-1].call_id if calls else call_id
        yield m.Turn(role=message.role, content=tuple(parts), tool_calls=calls, tool_call_id=tool_call_id)


def _call(message: Message, number: int) -> Iterator[m.ToolCall]:
    for i, call in enumerate(message.tool_calls):
        arguments = json.dumps(call["arguments"], ensure_ascii=False)
        yield m.ToolCall(call_id=f"call-{number}-{i}", name=call["name"], arguments=arguments)


def _gather(replies: dict[tuple[str, str], Reply], result: m.Result) -> None:
    """Add a result to the reply it belongs to."""
    match result:
        case m.TextDelta():
            replies[result.session_id, result.request_id].text += result.text
        case m.ReasoningDelta():
            replies[result.session_id, result.request_id].reasoning += result.text
        case m.ToolCallDone(call=call):
            arguments = json.loads(call.arguments)
            replies[result.session_id, result.request_id].calls.append({"name": call.name, "arguments": arguments})
        case m.Finished():
            reply = replies[result.session_id, result.request_id]
            reply.output_tokens, reply.decode_ms = result.usage.output_tokens, result.decode_ms
            reply.image_tokens = result.usage.image_tokens
            if result.gate is not None:
                reply.gate = (result.gate.text, result.gate.image, result.gate.speech)
        case m.Failed(request_id=str(request_id)):
            replies[result.session_id, request_id].failure = f"{result.code}: {result.message}"
        case _:
            pass
