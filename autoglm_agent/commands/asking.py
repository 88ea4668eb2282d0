"""`autoglm ask`: one turn by text, pictures and a recording, with an engine in this very thread.

A conversation over several turns is the server's business.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import ensure_audible, read_audio
from autoglm_agent.commands.failures import results
from autoglm_agent.engine import load_engine
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.spec import EngineProtocol, EngineSpec
from autoglm_agent.errors import InputError
from autoglm_agent.images import load_picture
from autoglm_agent.protocol.session import freeze_tools
from autoglm_agent.protocol.wire.session import FunctionTool
from autoglm_agent.runtime.answering import engine_tools

SESSION = "ask"
STREAM = "recording"
MAX_TOKENS = 512
"""An answer of nano is below 100; more is a model that does not end."""
MAX_AUDIO_SECONDS = 60.0
"""A spoken question, not a lecture: what the engine hears of one utterance at most."""

Clock = Callable[[], float]
Piece = m.ReasoningDelta | m.TextDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, read and checked. `images` are the bytes of picture files, `audio` is float32 at 16 kHz."""

    text: str = ""
    images: tuple[bytes, ...] = ()
    audio: pcm.Samples | None = None
    tools: tuple[m.Tool, ...] = ()
    think: bool = True


@dataclass(slots=True)
class Answer:
    """What came of it; `asdict` is the JSON of the command. Stages that did not happen are not in `latency_ms`."""

    transcript: str = ""
    reasoning: str = ""
    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    gate: dict[str, float] | None = None
    latency_ms: dict[str, float] = field(default_factory=dict)


def read_question(
    *, text: str, images: Sequence[Path], audio: Path | None, tools: Path | None, think: bool
) -> Question:
    """Read and check everything before a model is loaded.

    Raises:
        InputError: nothing was asked, or a file cannot be used.
    """
    if not text.strip() and audio is None and not images:
        raise InputError("nothing to answer; give a text, --audio or --image.")
    return Question(
        text=text.strip(),
        images=tuple(_read_image(path) for path in images),
        audio=_read_recording(audio) if audio is not None else None,
        tools=read_tools(tools) if tools is not None else (),
        think=think,
    )


def read_tools(path: Path) -> tuple[m.Tool, ...]:
    """Read a JSON list of functions, in the wire's form or as chat completions nest them.

    Raises:
        InputError: no such file, no JSON, or no functions.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries = entries if isinstance(entries, list) else [entries]
        tools = [FunctionTool.model_validate(entry.get("function", entry)) for entry in entries]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path} is no list of functions: {where}: {first['msg']}.") from error
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path} is no JSON list of functions ({error}); see the README for one.") from error
    return engine_tools(freeze_tools(tools))


def _read_image(path: Path) -> bytes:
    load_picture(path)  # names what is wrong with it before a model is loaded
    return path.read_bytes()


def _read_recording(path: Path) -> pcm.Samples:
    samples = read_audio(path, max_seconds=MAX_AUDIO_SECONDS)
    ensure_audible(samples, str(path))
    return samples


def answer(
    engine: EngineProtocol,
    question: Question,
    on_piece: Callable[[Piece], None] = lambda piece: None,
    *,
    clock: Clock = time.perf_counter,
) -> Answer:
    """Answer a question. `latency_ms` is in wall-clock milliseconds; `first_token` and on count from the start.

    Raises:
        AutoGLMError: what the engine reports.
    """
    given, start_s = Answer(), clock()

    def since(begin_s: float) -> float:
        return round((clock() - begin_s) * 1000, 1)

    if question.audio is not None:
        given.transcript = _hear(engine, question.audio)
        given.latency_ms["speech"] = since(start_s)
    if question.images:
        begin_s = clock()
        _look(engine, question.images)
        given.latency_ms["vision"] = since(begin_s)
    for result in results(engine, [_request(question, given.transcript)]):
        match result:
            case m.ReasoningDelta() | m.TextDelta():
                given.latency_ms.setdefault("first_token", since(start_s))
                if isinstance(result, m.TextDelta):
                    given.latency_ms.setdefault("first_text", since(start_s))
                    given.text += result.text
                else:
                    given.reasoning += result.text
                on_piece(result)
            case m.ToolCallDone(call=call):
                given.tool_calls.append({"name": call.name, "arguments": json.loads(call.arguments)})
            case m.Finished():
                given.latency_ms |= {"prefill": round(result.prefill_ms, 1), "decode": round(result.decode_ms, 1)}
                if result.gate is not None:
                    gate = result.gate
                    given.gate = {name: round(getattr(gate, name), 4) for name in ("text", "image", "speech")}
    given.latency_ms["total"] = since(start_s)
    return given


def _hear(engine: EngineProtocol, samples: pcm.Samples) -> str:
    push = m.PushAudio(session_id=SESSION, stream_id=STREAM, pcm=pcm.encode(samples), final=True)
    heard = [
        result
        for result in results(engine, [m.OpenStream(session_id=SESSION, stream_id=STREAM), push])
        if isinstance(result, m.Transcript)
    ]
    return heard[-1].stable + heard[-1].unstable if heard else ""


def _look(engine: EngineProtocol, images: Sequence[bytes]) -> None:
    frames = [
        m.EncodeFrame(session_id=SESSION, frame_id=f"image{number}", image=image) for number, image in enumerate(images)
    ]
    for _ in results(engine, frames):
        pass


def _request(question: Question, transcript: str) -> m.Generate:
    parts: list[m.Part] = [m.ImagePart(frame_id=f"image{number}") for number in range(len(question.images))]
    if question.audio is not None:
        parts.append(m.AudioPart(stream_id=STREAM, transcript=transcript))
    if question.text:
        parts.append(m.TextPart(text=question.text))
    return m.Generate(
        session_id=SESSION,
        request_id="answer",
        turns=(m.Turn(role="user", content=tuple(parts)),),
        tools=question.tools,
        enable_thinking=question.think,
        sampling=m.Sampling(max_tokens=MAX_TOKENS),
    )


def run_ask(question: Question, spec: EngineSpec, *, json_output: bool) -> None:
    """Load, answer, print: the reasoning dim and the text as they come, or one line of JSON."""
    start_s = time.perf_counter()
    engine = load_engine(spec)
    load_ms = round((time.perf_counter() - start_s) * 1000, 1)
    if json_output:
        given = answer(engine, question)
        given.latency_ms = {"load": load_ms, **given.latency_ms}
        print(json.dumps(asdict(given), ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    printer = _Printer(console)
    given = answer(engine, question, printer.show)
    printer.finish(given)


class _Printer:
    """Prints an answer while it comes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: type[Piece] | None = None

    def show(self, piece: Piece) -> None:
        """Print a piece; the text begins on a new line."""
        if self._last is m.ReasoningDelta and isinstance(piece, m.TextDelta):
            self._console.print()
        self._last = type(piece)
        self._console.print(Text(piece.text, style="dim" if isinstance(piece, m.ReasoningDelta) else ""), end="")

    def finish(self, given: Answer) -> None:
        """Print what came beside the text."""
        if self._last is not None:
            self._console.print()
        for call in given.tool_calls:
            self._console.print(Text(f"{call['name']}({json.dumps(call['arguments'], ensure_ascii=False)})", "cyan"))
        if given.transcript:
            self._console.print(Text(f"heard: {given.transcript}", "dim"))
        if given.gate:
            self._console.print(Text("gate: " + "  ".join(f"{k} {v:.2f}" for k, v in given.gate.items()), "dim"))
