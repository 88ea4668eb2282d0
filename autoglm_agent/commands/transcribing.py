"""`autoglm transcribe`: recordings through the streaming recogniser, with what it thought along the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import SAMPLE_RATE_HZ, ensure_audible, read_audio
from autoglm_agent.commands.failures import results
from autoglm_agent.engine import load_engine
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.spec import EngineProtocol, EngineSpec
from autoglm_agent.errors import InputError

SESSION = "transcribe"
STREAM = "recording"
FRAME_MS = 40


@dataclass(frozen=True, slots=True)
class Partial:
    """What was written down when so much audio had been heard."""

    audio_ms: int
    text: str


@dataclass(slots=True)
class Transcription:
    """A recording written down; `asdict` is the JSON of the command. `rtf`: computing time per time of audio."""

    file: str
    text: str = ""
    partials: list[Partial] = field(default_factory=list)
    rtf: float = 0.0


def read_recording(path: Path) -> pcm.Samples:
    """Read a recording and refuse what cannot be heard. Raises InputError."""
    samples = read_audio(path)
    ensure_audible(samples, str(path))
    return samples


def transcribe(
    engine: EngineProtocol,
    name: str,
    samples: pcm.Samples,
    *,
    lookahead_ms: int,
    on_partial: Callable[[str], None] = lambda text: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Transcription:
    """Write down `samples` (float32 at 16 kHz). A partial is kept where the text changed; the last is the whole.

    Raises:
        AutoGLMError: what the engine reports.
    """
    written, start_s = Transcription(name), clock()
    requests: list[m.Request] = [
        m.OpenStream(session_id=SESSION, stream_id=STREAM, chunk_ms=lookahead_ms),
        m.PushAudio(session_id=SESSION, stream_id=STREAM, pcm=pcm.encode(samples), final=True),
        m.CloseStream(session_id=SESSION, stream_id=STREAM),
    ]
    for result in results(engine, requests):
        if isinstance(result, m.Transcript):
            text = result.stable + result.unstable
            if text != written.text:
                written.text = text
                written.partials.append(Partial(result.audio_ms, text))
                on_partial(text)
    written.rtf = round((clock() - start_s) / (len(samples) / SAMPLE_RATE_HZ), 4)
    return written


def run_transcribe(files: Sequence[Path], spec: EngineSpec, *, lookahead_ms: int, json_output: bool) -> None:
    """Transcribe file by file. One that cannot be used is reported and the others go on; then the exit code is 2."""
    if lookahead_ms % FRAME_MS:
        raise InputError(f"--lookahead-ms {lookahead_ms} is not usable; take a multiple of {FRAME_MS}.")
    engine: EngineProtocol | None = None
    unusable = 0
    console = Console(highlight=False, soft_wrap=True)
    for path in files:
        try:
            samples = read_recording(path)
        except InputError as error:
            typer.secho(f"error: {error}", fg="red", err=True)
            unusable += 1
            continue
        engine = engine or load_engine(spec)
        if json_output:
            written = transcribe(engine, str(path), samples, lookahead_ms=lookahead_ms)
            print(json.dumps(asdict(written), ensure_ascii=False), flush=True)
        else:
            _show(console, engine, path, samples, lookahead_ms)
    if unusable:
        raise typer.Exit(2)


def _show(console: Console, engine: EngineProtocol, path: Path, samples: pcm.Samples, lookahead_ms: int) -> None:
    """The text grows on one line of a terminal; elsewhere only the whole is printed."""
    with console.status(Text(str(path), "dim")) as status:
        written = transcribe(
            engine,
            str(path),
            samples,
            lookahead_ms=lookahead_ms,
            on_partial=lambda text: status.update(Text(text)),
        )
    console.print(Text.assemble((f"{path}: ", "dim"), written.text, (f"  rtf {written.rtf:.3f}", "dim")))
