"""The command line: arguments → settings → one command each, and errors as one line with an exit code.

Exit codes: 0 done; 1 it ran and something is wrong; 2 the input, the model or an option cannot be used. Heavy imports
are paid by the command that needs them, so that `autoglm --help` is quick. What the commands do is in `commands`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from autoglm_agent.errors import AutoGLMError, CheckpointError, DeviceError, InputError, ModelNotFoundError
from autoglm_agent.training.commands import app as train_app

if TYPE_CHECKING:
    from autoglm_agent.engine.spec import EngineSpec

UNUSABLE = (InputError, DeviceError, ModelNotFoundError, CheckpointError)
"""What the user can mend in the command itself: exit code 2, as for a wrong option."""


class _Commands(TyperGroup):
    """Shows our errors as one line; a traceback then always means a bug."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except AutoGLMError as error:
            typer.secho(f"error: {error}", fg="red", err=True)
            raise typer.Exit(2 if isinstance(error, UNUSABLE) else 1) from error
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("autoglm_agent"):
                raise
            hint = "install it, or all that training needs: pip install 'autoglm-agent[train]'"
            typer.secho(f"error: this needs the package {error.name}; {hint}.", fg="red", err=True)
            raise typer.Exit(2) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Hears, sees and thinks while the user is still speaking, and answers at once.",
)
bench_app = typer.Typer(no_args_is_help=True, help="Measure: the engine, sessions, conversations, echo, LangChain.")
app.add_typer(train_app, name="train")
app.add_typer(bench_app, name="bench")

Model = Annotated[str, typer.Option(help="nano, a checkpoint's folder, or a hub id.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")]
# These three fall back to the environment and to autoglm.toml, so they have no default here.
SetModel = Annotated[str | None, typer.Option("--model", help="nano, a checkpoint's folder, or a hub id.")]
SetDevice = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1, …")]
SetThreads = Annotated[int | None, typer.Option("--threads", help="Compute threads; 0: all cores but one.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16, float16 or int8.")]
Recording = Annotated[Path | None, typer.Option(help="What the users say, instead of the shipped recording.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead, for programs.")]
JsonLine = Annotated[bool, typer.Option("--json", help="End with one line of JSON, for programs.")]


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Take the options that stand before a command."""
    if version:
        from autoglm_agent import __version__

        typer.echo(f"autoglm-agent {__version__}")
        ctx.exit()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 8000 unless set, 0 takes a free one.")] = None,
    model: SetModel = None,
    device: SetDevice = None,
    threads: SetThreads = None,
    api_key: Annotated[list[str] | None, typer.Option(help="Accept this bearer key; may be repeated.")] = None,
    max_sessions: Annotated[int | None, typer.Option(help="Sessions at once; further clients get 503.")] = None,
    agent: Annotated[
        str | None, typer.Option(help="module:attribute of a LangChain agent that answers instead of the model.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve the page, realtime sessions over WebSocket, and REST: chat, responses, transcriptions.

    What is not given comes from AUTOGLM_* in the environment, then from autoglm.toml in this folder.
    """
    from autoglm_agent.settings import load_settings

    settings = load_settings(
        host=host,
        port=port,
        model=model,
        device=device,
        threads=threads,
        api_keys=tuple(api_key) if api_key else None,
        max_sessions=max_sessions,
        agent=agent,
        log_level=log_level,
    )
    from autoglm_agent.server.run import serve as run_server

    run_server(settings, announce=typer.echo)


@app.command()
def demo(
    model: SetModel = None,
    fast: Annotated[bool, typer.Option("--fast", help="Play recordings faster than real time.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines, even to a terminal.")] = False,
) -> None:
    """Show the main job on shipped media, over a real WebSocket; exit code 1 when an answer is wrong."""
    from autoglm_agent.commands.demo import run_demo

    raise typer.Exit(0 if run_demo(model=model, fast=fast, plain=plain) else 1)


@app.command()
def talk(
    url: Annotated[str | None, typer.Option(help="A server's address; without one a server is started.")] = None,
    wav: Annotated[
        list[Path] | None, typer.Option(help="Say this recording (wav, flac, …), not the microphone; may be repeated.")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Hold this picture before the camera.")] = None,
    camera: Annotated[int | None, typer.Option(help="Look through the camera with this number.")] = None,
    microphone: Annotated[str | None, typer.Option(help="Number or name of a microphone.")] = None,
    loudspeaker: Annotated[str | None, typer.Option(help="Number or name of a loudspeaker.")] = None,
    save: Annotated[Path | None, typer.Option(help="With --wav: write what was answered to this WAV file.")] = None,
    voice: Annotated[str | None, typer.Option(help="The voice of the answers.")] = None,
    think: Annotated[bool, typer.Option("--think/--no-think", help="Whether to reason before the answer.")] = True,
    speak: Annotated[bool, typer.Option("--speak/--text", help="Whether answers are spoken.")] = True,
    guard: Annotated[bool, typer.Option("--guard/--no-guard", help="Keep our own voice out of the microphone.")] = True,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines, even to a terminal.")] = False,
    api_key: Annotated[str | None, typer.Option(envvar="AUTOGLM_API_KEY", help="The server's key.")] = None,
    model: SetModel = None,
) -> None:
    """Talk: by microphone and loudspeaker, or by recordings; interrupt whenever you like."""
    from autoglm_agent.commands.talk import TalkOptions, run_talk

    options = TalkOptions(
        url=url,
        api_key=api_key,
        model=model,
        recordings=wav or [],
        image=image,
        camera=camera,
        microphone=_device(microphone),
        loudspeaker=_device(loudspeaker),
        save=save,
        voice=voice,
        think=think,
        speak=speak,
        guard=guard,
        plain=plain,
    )
    raise typer.Exit(0 if run_talk(options) else 1)


def _device(name: str | None) -> int | str | None:
    """PortAudio's number of a device, or a part of its name."""
    return int(name) if name is not None and name.isdecimal() else name


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="What to ask; may be left out when there is a recording.")] = "",
    image: Annotated[list[Path] | None, typer.Option(help="A picture to ask about; may be repeated.")] = None,
    audio: Annotated[Path | None, typer.Option(help="A recording of what is asked.")] = None,
    think: Annotated[bool, typer.Option("--think/--no-think", help="Whether to reason before the answer.")] = True,
    tools: Annotated[Path | None, typer.Option(help="JSON file with functions the model may call.")] = None,
    json_output: Json = False,
    model: SetModel = None,
    device: SetDevice = None,
    threads: SetThreads = None,
) -> None:
    """Ask once, in this process: by text, pictures and a recording together."""
    from autoglm_agent.commands.asking import read_question, run_ask

    question = read_question(text=text, images=image or [], audio=audio, tools=tools, think=think)
    run_ask(question, _engine_spec(model, device, threads), json_output=json_output)


@app.command()
def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Recordings: wav, mp3, flac, ogg or opus.")],
    lookahead_ms: Annotated[
        int, typer.Option(min=40, max=4000, help="Chunk + lookahead of the recogniser, a multiple of 40.")
    ] = 320,
    json_output: Json = False,
    model: SetModel = None,
    device: SetDevice = None,
    threads: SetThreads = None,
) -> None:
    """Write down recordings the way a session hears them: chunk by chunk, with partial results."""
    from autoglm_agent.commands.transcribing import run_transcribe

    run_transcribe(files, _engine_spec(model, device, threads), lookahead_ms=lookahead_ms, json_output=json_output)


def _engine_spec(model: str | None, device: str | None, threads: int | None) -> EngineSpec:
    """Describe the engine of a command that answers in its own process."""
    from autoglm_agent.engine.spec import EngineSpec
    from autoglm_agent.settings import load_settings

    settings = load_settings(model=model, device=device, threads=threads)
    return EngineSpec(model=settings.model, device=settings.device, threads=settings.threads, dtype=settings.dtype)


class Sizes(StrEnum):
    """How much `eval` asks."""

    tiny = "tiny"
    quick = "quick"
    full = "full"


@app.command("eval")
def evaluate(
    data: Annotated[Path | None, typer.Option(help="Folder of the public sets, for the rows that need them.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A group or a row to measure; may be repeated.")] = None,
    sizes: Annotated[Sizes, typer.Option(help="How much is asked: quick takes minutes, full is for claims.")] = (
        Sizes.quick
    ),
    out: Annotated[Path | None, typer.Option(help="Write the results to this JSON file, too.")] = None,
    json_output: JsonLine = False,
    model: Model = "nano",
    device: Device = "cpu",
) -> None:
    """Measure what a model can do, on sets it was never trained on, as one table."""
    if data is not None and not data.is_dir():
        raise InputError(f"--data {data} is not a folder; check the path.")
    from autoglm_agent.training.evaluate.evaluation import run_eval

    run_eval(model=model, data=data, device=device, sizes=sizes.value, json=json_output, only=only, out=out)


@bench_app.command("engine")
def bench_engine(
    model: Model = "nano",
    device: Device = "cpu",
    dtype: Dtype = "auto",
    recording: Recording = None,
    json_output: JsonLine = False,
) -> None:
    """Measure how fast a model loads, hears, sees, reads and writes on this machine."""
    from autoglm_agent.bench.engine import run

    run(model=model, device=device, dtype=dtype, json=json_output, recording=recording)


@bench_app.command("realtime")
def bench_realtime(
    sessions: Annotated[int, typer.Option(min=1, help="Users who talk at once.")] = 8,
    seconds: Annotated[float, typer.Option(min=1, help="How long they talk.")] = 15.0,
    engine: Annotated[str, typer.Option(help="scripted measures the sessions alone; or a model's name.")] = "scripted",
    device: Device = "cpu",
    dtype: Dtype = "auto",
    voice: Annotated[bool, typer.Option(help="Answers are spoken.")] = True,
    recording: Recording = None,
    json_output: JsonLine = False,
) -> None:
    """Measure what many sessions at once cost, and how late their events come."""
    from autoglm_agent.bench.realtime import run

    run(
        sessions=sessions,
        seconds=seconds,
        engine=engine,
        device=device,
        dtype=dtype,
        voice=voice,
        json=json_output,
        recording=recording,
    )


@bench_app.command("conversations")
def bench_conversations(
    conversations: Annotated[int, typer.Option(min=1, help="Conversations, the kinds in turn.")] = 200,
    engine: Annotated[str, typer.Option(help="Whose ears: a model's name, or scripted: the rules alone.")] = "nano",
    seed: Annotated[int, typer.Option(help="Another seed, other conversations.")] = 0,
    json_output: JsonLine = False,
) -> None:
    """Measure how often turns are cut, interruptions missed and replies stopped for nothing."""
    from autoglm_agent.bench.conversations import run

    run(conversations=conversations, engine=engine, seed=seed, json=json_output)


@bench_app.command("echo")
def bench_echo(
    turns: Annotated[int, typer.Option(min=1, help="Questions whose answer is left alone.")] = 50,
    engine: Annotated[str, typer.Option(help="Whose ears: a model's name, or scripted: the rules alone.")] = "nano",
    seed: Annotated[int, typer.Option(help="Another seed, other talks.")] = 0,
    level_db: Annotated[float, typer.Option(help="Own voice in the microphone, against what is played.")] = -10.0,
    json_output: JsonLine = False,
) -> None:
    """Measure how often a voice loop's own voice interrupts it, and whether people still can."""
    from autoglm_agent.bench.echo import run

    run(turns=turns, engine=engine, seed=seed, level_db=level_db, json=json_output)


@bench_app.command("langchain")
def bench_langchain(
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each way.")] = 7,
    json_output: JsonLine = False,
) -> None:
    """Measure what a token costs on its way through ChatAutoGLM, beside ChatOpenAI."""
    from autoglm_agent.bench.langchain import run

    run(rounds=rounds, json=json_output)


def main() -> None:
    """Entry of the `autoglm` command."""
    app()


if __name__ == "__main__":
    main()
