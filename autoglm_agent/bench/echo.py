"""`autoglm bench echo`: whether the voice loop's own voice, picked up by its microphone, interrupts it.

Scripted talks in made rooms (`echo_room`) with the loop of `autoglm talk`, with its echo guard and without, through the
server's ears and rules, in virtual time. Counted are answers that were left alone and yet stopped, and real
interruptions that did not stop one. Not here: real loudspeakers, which distort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autoglm_agent.bench.conversations import load_ears
from autoglm_agent.bench.echo_replay import BARGE_IN_WITHIN_S, EchoOutcome, replay
from autoglm_agent.bench.echo_room import DELAY_MS, REVERBERATION_S
from autoglm_agent.bench.echo_scripts import echo_scripts, say_beforehand, wanted_sounds
from autoglm_agent.bench.report import Figure, hardware, num_cores, show, versions

TARGET_PERCENT = 95.0


def run(
    *, turns: int = 50, engine: str = "nano", seed: int = 0, level_db: float = -10.0, json: bool = False
) -> dict[str, Any]:
    """Measure, print a table and with `json` one last JSON line; return what that line holds.

    Args:
        turns: questions whose answer is left alone; half as many more are interrupted.
        engine: whose ears to use: `nano` or another model by its name; or `scripted`.
        seed: another one, other talks.
        level_db: own voice in the microphone, against what is played; the user is as loud as what is played.
        json: end with a line of JSON.

    Raises:
        AutoGLMError: the model cannot be loaded, or the `voice` extra is not installed.
    """
    scripts, ears = echo_scripts(turns, seed), load_ears(engine)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def step(text: str, total: int) -> Callable[[], None]:
            task = progress.add_task(text, total=total)
            return lambda: progress.advance(task)

        sounds = anyio.run(say_beforehand, scripts, step("saying beforehand", len(wanted_sounds(scripts))))
        outcomes = {
            is_guarded: replay(
                scripts,
                sounds,
                ears,
                level_db=level_db,
                is_guarded=is_guarded,
                told=step(f"talking {'with' if is_guarded else 'without'} the guard", len(scripts)),
            )
            for is_guarded in (True, False)
        }
    facts = {
        "engine": engine,
        "seed": seed,
        "level_db": level_db,
        "settings": (
            f"rooms of {REVERBERATION_S[0]:g} to {REVERBERATION_S[1]:g} s, {DELAY_MS[0]} to {DELAY_MS[1]} ms to the "
            f"microphone; interruptions within {BARGE_IN_WITHIN_S:g} s"
        ),
        "failures": [_told(outcome) for outcome in outcomes[True] if _is_wrong(outcome)],
        "hardware": hardware(),
        "cores": num_cores(),
        "versions": versions(),
    }
    figures = [*_figures(outcomes[True], "", TARGET_PERCENT), *_figures(outcomes[False], "_without_guard", None)]
    return show(f"echo: {turns} turns, {engine}, own voice at {level_db:g} dB", figures, facts, as_json=json)


def _figures(outcomes: list[EchoOutcome], suffix: str, target: float | None) -> list[Figure]:
    alone = [outcome for outcome in outcomes if not outcome.turn.interruption]
    possible = [outcome for outcome in outcomes if outcome.was_possible]
    words = suffix.replace("_", " ") and ", without the guard"
    return [
        _share(f"left_alone_percent{suffix}", f"answers not interrupted{words}", alone, _is_whole, target),
        _share(f"barge_ins_percent{suffix}", f"interruptions that worked{words}", possible, _was_interrupted, target),
        Figure(
            key=f"interrupt{suffix}_ms",
            label=f"interruption, from its first sample{words}",
            unit="ms",
            values=tuple(o.interrupt_ms for o in possible if o.interrupt_ms is not None),
            is_distribution=True,
        ),
    ]


def _share(
    key: str, label: str, outcomes: list[EchoOutcome], is_right: Callable[[EchoOutcome], bool], target: float | None
) -> Figure:
    share = (100.0 * sum(map(is_right, outcomes)) / len(outcomes),) if outcomes else ()
    return Figure(
        key=key, label=f"{label}, of {len(outcomes)}", unit="%", values=share, target=target, more_is_better=True
    )


def _is_whole(outcome: EchoOutcome) -> bool:
    return outcome.was_answered and not outcome.false_starts


def _was_interrupted(outcome: EchoOutcome) -> bool:
    return outcome.interrupt_ms is not None


def _is_wrong(outcome: EchoOutcome) -> bool:
    if outcome.turn.interruption:
        return bool(outcome.false_starts) or not _was_interrupted(outcome)
    return not _is_whole(outcome)


def _told(outcome: EchoOutcome) -> str:
    what = f"interrupted by {outcome.turn.interruption}" if outcome.turn.interruption else "left alone"
    how = f"{outcome.false_starts} false starts"
    if outcome.turn.interruption and outcome.interrupt_ms is None:
        how += ", was not stopped" if outcome.was_possible else ", there was nothing to stop"
    return f"talk {outcome.talk}: {outcome.turn.question}, {what}: {how}{'' if outcome.was_answered else ', no answer'}"
