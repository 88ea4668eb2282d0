"""The stages as commands: `autoglm train STAGE --help` explains each. Heavy imports are paid by the stage that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train nano, stage by stage.", pretty_exceptions_enable=False)

Out = Annotated[Path, typer.Option(help="Folder for weights (half-precision shards) and curves.")]
Init = Annotated[Path | None, typer.Option(help="Shards or a checkpoint to go on from; optimiser state is warmed anew.")]
Steps = Annotated[int | None, typer.Option(help="Number of steps: with a seed, the deterministic way.")]
Minutes = Annotated[float | None, typer.Option(help="Instead of steps: wall-clock minutes of the whole run.")]
Device = Annotated[str, typer.Option(help="cuda or cpu.")]
Profile = Annotated[bool, typer.Option(help="Print where a few early steps spend their time.")]
Workers = Annotated[int, typer.Option(help="Processes that make data; 0 takes all cores.")]


@app.command()
def speech(
    pack: Annotated[Path, typer.Option(help="The speech pack of `prepare`.")],
    out: Out,
    init: Init = None,
    steps: Steps = None,
    minutes: Minutes = None,
    budget_s: Annotated[float, typer.Option(help="Padded seconds of audio per step.")] = 1200.0,
    lr: float = 2e-3,
    decay_share: Annotated[float, typer.Option(help="Last share of the steps over which the rate falls.")] = 0.5,
    synthetic: Annotated[int, typer.Option(help="Synthetic sentences to make.")] = 200_000,
    commands: Annotated[int, typer.Option(help="Synthetic commands and questions to make.")] = 30_000,
    joined: Annotated[int, typer.Option(help="Sentences of joined human syllables to make.")] = 20_000,
    eval_size: int = 300,
    eval_every: int = 2000,
    profile: Profile = False,
    cache: Annotated[Path | None, typer.Option(help="Keep the made speech here for a next run on this machine.")] = None,
    seed: int = 0,
    workers: Workers = 0,
    device: Device = "cuda",
) -> None:
    """Teach the Conformer to hear: phones and tokens by CTC, for every latency at once."""
    from autoglm_agent.training.speech.speech_data import Amounts
    from autoglm_agent.training.stages.run_speech import run_speech
    from autoglm_agent.training.stages.speech_stage import SpeechStageConfig

    config = SpeechStageConfig(
        steps=steps, minutes=minutes, budget_s=budget_s, lr=lr, decay_share=decay_share, warm_start=init is not None,
        seed=seed, eval_every=eval_every, profile=profile,
    )
    amounts = Amounts(synthetic=synthetic, commands=commands, joined=joined, cantonese=synthetic // 25)
    run_speech(
        pack=pack, out=out, init=init, cache=cache, config=config, amounts=amounts, workers=workers, device=device,
        eval_size=eval_size,
    )


@app.command()
def prepare(
    data: Annotated[Path, typer.Option(help="Folder of the public sets (speech/, vision/, text/).")],
    out: Annotated[Path, typer.Option(help="Where the packs go: out/speech, out/pictures, out/text.")],
) -> None:
    """Make the compact packs that the other stages read: speech (50 MB), pictures (16 MB), text (6 MB)."""
    from autoglm_agent.training.prepare import prepare_packs

    for line in prepare_packs(data, out):
        typer.echo(line)


@app.command()
def fusion(
    pictures: Annotated[Path, typer.Option(help="The picture pack of `prepare`.")],
    out: Out,
    init: Annotated[list[Path], typer.Option(help="Shards or checkpoints to start from, in turn: the trained ears, if anything is spoken.")] = [],  # noqa: B006
    steps: Steps = None,
    minutes: Minutes = None,
    lr: float = 1.5e-3,
    decay_share: Annotated[float, typer.Option(help="Last share of the steps over which the rate falls.")] = 0.5,
    spoken: Annotated[int, typer.Option(help="Spoken conversations to make.")] = 100_000,
    spoken_share: Annotated[float, typer.Option(help="Share of the rows that are spoken.")] = 0.25,
    budget_tokens: Annotated[int, typer.Option(help="Padded tokens per step.")] = 49_152,
    eval_size: int = 600,
    eval_every: int = 2000,
    wait: Annotated[bool, typer.Option("--wait", help="The stages of --init still run: prepare, then wait for their end.")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the layers first: two minutes, then a third quicker.")] = False,
    freeze_eyes: Annotated[bool, typer.Option("--freeze-eyes", help="Leave the eyes as they are: a polish that two CPU cores can do.")] = False,
    rank: Annotated[int, typer.Option(help="Which of --ranks processes this is; the first evaluates and writes.")] = 0,
    ranks: Annotated[int, typer.Option(help="Processes on this machine that train together, a device each.")] = 1,
    profile: Profile = False,
    seed: int = 0,
    workers: Workers = 0,
    device: Device = "cuda",
) -> None:
    """Teach eyes, gate and backbone together, over speech heard by the trained ears."""
    from autoglm_agent.training.stages.fusion_stage import FusionStageConfig
    from autoglm_agent.training.stages.run_fusion import run_fusion

    config = FusionStageConfig(
        steps=steps, minutes=minutes, lr=lr, decay_share=decay_share, seed=seed, eval_every=eval_every,
        freeze_eyes=freeze_eyes, profile=profile,
    )
    run_fusion(
        pictures=pictures, out=out, init=init, config=config, spoken=spoken, spoken_share=spoken_share,
        budget_tokens=budget_tokens, eval_size=eval_size, workers=workers, device=device, wait=wait, compiled=compiled,
        rank=rank, ranks=ranks,
    )


@app.command()
def assemble(
    init: Annotated[list[Path], typer.Option(help="Shards of the stages, in turn.")],
    out: Annotated[Path, typer.Option(help="Checkpoint folder: int8 weights, configuration, tokenizer.")],
    average: Annotated[list[Path], typer.Option(help="Shards of a last stage that ran several times: their mean is taken.")] = [],  # noqa: B006
) -> None:
    """Join the stages' weights into one int8 checkpoint."""
    from autoglm_agent.model.config import AutoGLMConfig
    from autoglm_agent.model.loading import save_nano
    from autoglm_agent.model.network import AutoGLMForConditionalGeneration
    from autoglm_agent.training.stages.shards import averaged, load_shards

    model = AutoGLMForConditionalGeneration(AutoGLMConfig.nano())
    for folder in init:
        model.load_state_dict(load_shards(folder), strict=False)
    if average:
        model.load_state_dict(averaged([load_shards(folder) for folder in average]), strict=False)
    save_nano(model.train(False), out)
    typer.echo(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.1f} MB")


@app.command()
def words(
    pack: Annotated[Path, typer.Option(help="The speech pack of `prepare`.")],
    out: Annotated[Path, typer.Option(help="The checkpoint's folder, to which the file is added.")],
    commands: Annotated[int, typer.Option(help="Texts of the tasks to add to the pack's sentences.")] = 60_000,
    seed: int = 0,
) -> None:
    """Count which words go together, for the second pass of recognition: seconds, and a megabyte."""
    from autoglm_agent.training.speech.ngram_counts import write_words

    for line in write_words(pack, out, commands=commands, seed=seed):
        typer.echo(line)


@app.command()
def turns(
    data: Annotated[Path, typer.Option(help="Folder of the public sets, or of the packs of `prepare`.")],
    out: Annotated[Path, typer.Option(help="The checkpoint's folder, to which the file is added.")],
    dialogues: Annotated[int, typer.Option(help="Sentences of public dialogues to learn from.")] = 160_000,
    tasks: Annotated[int, typer.Option(help="Texts of the tasks to add to them.")] = 80_000,
    epochs: int = 5,
    seed: int = 0,
) -> None:
    """Teach when the user has finished, from the words alone: minutes on a CPU, and a tenth of a megabyte."""
    from autoglm_agent.training.turns.turn_stage import TurnStageConfig, write_turns

    for line in write_turns(data, out, TurnStageConfig(dialogues=dialogues, tasks=tasks, epochs=epochs, seed=seed)):
        typer.echo(line)


@app.command("first-sounds")
def first_sounds(
    data: Annotated[Path, typer.Option(help="Folder of the public sets.")],
    out: Annotated[Path, typer.Option(help="The checkpoint's folder, to which the file is added.")],
    requests: Annotated[int, typer.Option(help="Sentences to say, and as many signs of listening.")] = 12_000,
    epochs: int = 16,
    seed: int = 0,
    workers: Annotated[int, typer.Option(help="Processes that speak.")] = 2,
) -> None:
    """Teach who wants the floor, from the first sounds alone: a quarter of an hour on a CPU, a tenth of a megabyte."""
    from autoglm_agent.training.turns.first_sound_waves import Amounts
    from autoglm_agent.training.turns.first_sounds_stage import FirstSoundsConfig, write_first_sounds

    config = FirstSoundsConfig(amounts=Amounts(requests=requests), epochs=epochs, seed=seed, workers=workers)
    for line in write_first_sounds(data, out, config):
        typer.echo(line)


@app.command()
def eyes(
    pictures: Annotated[Path, typer.Option(help="The picture pack of `prepare`.")],
    out: Out,
    init: Init = None,
    steps: Steps = None,
    minutes: Minutes = None,
    lr: float = 1.5e-3,
    decay_share: Annotated[float, typer.Option(help="Last share of the steps over which the rate falls.")] = 0.5,
    chunk: Annotated[int, typer.Option(help="Pictures drawn together; a step takes two chunks.")] = 128,
    eval_chunks: Annotated[int, typer.Option(help="Held-out chunks.")] = 6,
    eval_every: int = 500,
    profile: Profile = False,
    seed: int = 0,
    workers: Workers = 0,
    device: Device = "cuda",
) -> None:
    """Teach the vision encoder what lies where: characters, things, colours; and to tell photographs apart."""
    from autoglm_agent.training.stages.eyes_stage import EyesStageConfig
    from autoglm_agent.training.stages.run_eyes import run_eyes

    config = EyesStageConfig(steps=steps, minutes=minutes, lr=lr, decay_share=decay_share, seed=seed, eval_every=eval_every, profile=profile)
    run_eyes(
        pictures=pictures, out=out, init=init, config=config, eval_chunks=eval_chunks, chunk=chunk, workers=workers, device=device
    )


@app.command()
def recipe(
    packs: Annotated[Path, typer.Option(help="The folder of `prepare`: speech/ and pictures/ in it.")],
    out: Annotated[Path, typer.Option(help="Folder for every stage's weights and logs, and nano/ with the checkpoint.")],
    devices: Annotated[str, typer.Option(help="One or two devices, such as cuda:0,cuda:1.")] = "cuda:0",
    ears_minutes: float = 16.0,
    eyes_minutes: float = 4.0,
    typed_minutes: float = 12.0,
    spoken_minutes: float = 6.0,
    rehearse: Annotated[bool, typer.Option(help="On the CPU, with a handful of everything: does the recipe run?")] = False,
) -> None:
    """Run every stage in turn (with two devices: ears beside eyes, spoken fusion on both) and assemble the checkpoint."""
    from autoglm_agent.training.stages.recipe import Recipe, RecipePlan

    plan = RecipePlan(
        packs=packs, out=out, devices=tuple(devices.split(",")), ears_minutes=ears_minutes, eyes_minutes=eyes_minutes,
        typed_minutes=typed_minutes, spoken_minutes=spoken_minutes, rehearse=rehearse,
    )
    typer.echo(f"checkpoint: {Recipe(plan).run()}")


@app.command()
def card(
    results: Annotated[Path, typer.Option(help="What `autoglm eval --out` wrote about the checkpoint's weights.")],
    checkpoint: Annotated[Path | None, typer.Option(help="The checkpoint's folder; the shipped nano by default.")] = None,
    curves: Annotated[list[Path], typer.Option(help="Logs (*.jsonl) of the stages, in turn.")] = [],  # noqa: B006
    further: Annotated[bool, typer.Option("--further", help="They went on from the card's weights: keep its stages.")] = False,
) -> None:
    """Write the model card beside the weights, from measured results alone."""
    from autoglm_agent.training.evaluate.model_card import write_card

    typer.echo(f"{write_card(results, directory=checkpoint, curves=curves, is_further=further)}")
