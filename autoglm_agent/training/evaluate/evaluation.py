"""`autoglm eval`: every row of the evaluation, measured on a model through the real engine, as one table.

Sets are made here from the corpus's held-out split with fixed seeds, or taken from a data folder. Nothing is trained,
and nothing that was trained on is asked. A row is scored by a function of its module; see `GROUPS`.
"""

from __future__ import annotations

import json as json_module
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autoglm_agent.errors import InputError
from autoglm_agent.model.loading import resolve
from autoglm_agent.training.evaluate import eval_english, eval_gate, eval_replies, eval_speech, eval_speed, eval_turns
from autoglm_agent.training.evaluate.eval_engine import EngineSubject
from autoglm_agent.training.evaluate.eval_recordings import EvalData
from autoglm_agent.training.evaluate.eval_report import table_of
from autoglm_agent.training.evaluate.eval_rows import AMOUNTS, Context, EngineFacts, Group, Row, rows_of
from autoglm_agent.training.evaluate.eval_sets import Material, require_voice
from autoglm_agent.training.evaluate.model_card import weights_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.progress import TaskID

GROUPS: Final[tuple[Group, ...]] = (
    *eval_speech.GROUPS, *eval_turns.GROUPS, *eval_replies.GROUPS, *eval_english.GROUPS, *eval_gate.GROUPS, *eval_speed.GROUPS,
)  # fmt: skip
SESSIONS: Final = {"cpu": 16, "cuda": 96}
"""Conversations at a time: on a CPU more only grow the cache, on a GPU they share each pass."""
TABLE_WIDTH: Final = 150
"""Of the table in a file or a pipe, whose width nobody knows."""
Sizes = Literal["tiny", "quick", "full"]


def run_eval(
    *, model: str = "nano", data: Path | None = None, device: str = "cpu", sizes: Sizes = "quick", json: bool = False,
    only: Sequence[str] | None = None, out: Path | None = None,
) -> dict[str, Any]:
    """Measure a model, show the table, and return (and write to `out`) the results as plain data.

    Args:
        model: `nano`, a checkpoint directory or a hub id.
        data: folder of the public sets or of the packs of `autoglm train prepare`; without it the rows that need
            recordings of people or photographs are shown as needing it.
        sizes: `quick` takes at most ten minutes on two cores; `full` has n ≥ 500 where a difference is claimed.
        json: end with the results as one line of JSON.
        only: names of groups (`GROUPS`) or keys of rows; none named measures all.

    Raises:
        InputError: an unknown name, a folder without data, synthesis that is not installed.
        ModelNotFoundError, CheckpointError: as `load_engine`.
    """
    groups = chosen(only)
    if any("voice" in group.needs for group in groups):
        require_voice()
    folder = EvalData.of(data) if data is not None else None
    started = time.perf_counter()
    console = Console(file=sys.stderr)
    with _progress(console) as progress:
        rows = _measure_all(groups, Material(data=folder), model, device, sizes, progress)
    results = summary(rows, model=model, device=device, sizes=sizes, seconds=time.perf_counter() - started)
    results["weights_sha256"] = weights_hash(resolve(model))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json_module.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    Console(width=None if sys.stdout.isatty() else TABLE_WIDTH).print(table_of(results))
    if json:
        sys.stdout.write(json_module.dumps(results, ensure_ascii=False) + "\n")
    return results


def chosen(only: Sequence[str] | None) -> tuple[Group, ...]:
    """The groups of these names, or those that hold rows of these keys.

    Raises:
        InputError: a name that is neither.
    """
    if not only:
        return GROUPS
    known = {group.name for group in GROUPS} | {spec.key for group in GROUPS for spec in group.specs}
    if unknown := sorted(set(only) - known):
        names = ", ".join(group.name for group in GROUPS)
        raise InputError(f"there is no row {', '.join(unknown)}; choose among {names}, or a row's key as in --json.")
    return tuple(
        group for group in GROUPS if group.name in only or any(spec.key in only for spec in group.specs)
    )


def measure(groups: Sequence[Group], context: Context, begin: Callable[[Group], None] = lambda group: None) -> list[Row]:
    """All rows of the groups; those that lack what they need say so."""
    rows: list[Row] = []
    for group in groups:
        begin(group)
        missing = _missing(group, context)
        rows += rows_of(group, {}, missing) if missing else rows_of(group, group.measure(context))
    return rows


def _missing(group: Group, context: Context) -> str:
    """What a group needs and does not find; empty if nothing."""
    if "data" in group.needs and context.material.data is None:
        return "needs --data"
    if "engine" in group.needs and context.engine is None:
        return "needs an engine of this process"
    if "fonts" in group.needs:
        try:
            context.material.renderer  # noqa: B018 - made here once, or not at all
        except InputError as error:
            return str(error)
    return ""


def summary(rows: Sequence[Row], *, model: str, device: str, sizes: str, seconds: float) -> dict[str, Any]:
    """The results as plain data. `open` counts targets that were not measured."""
    from autoglm_agent import __version__

    judged = [row for row in rows if row.target]
    return {
        "model": model, "device": device, "sizes": sizes, "version": __version__, "seconds": round(seconds, 1),
        "passed": sum(row.passed is True for row in judged), "failed": sum(row.passed is False for row in judged),
        "open": sum(row.passed is None for row in judged), "rows": [row.as_dict() for row in rows],
    }  # fmt: skip


@dataclass(slots=True)
class _Bar:
    """The two lines of progress: groups, and cases within a group."""

    progress: Progress
    groups: TaskID
    cases: TaskID

    def begin(self, group: Group) -> None:
        self.progress.update(self.groups, advance=1, description=group.name)
        self.progress.reset(self.cases, description="  asked")

    def advance(self, done: int) -> None:
        self.progress.advance(self.cases, done)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )


def _measure_all(
    groups: Sequence[Group], material: Material, model: str, device: str, sizes: Sizes, progress: Progress
) -> list[Row]:
    bar = _Bar(progress, progress.add_task("", total=len(groups)), progress.add_task("  asked", total=None))
    facts, device_kind = _load(model, device)
    subject = EngineSubject(facts.engine, sessions=SESSIONS.get(device_kind, SESSIONS["cpu"]), advance=bar.advance)
    context = Context(subject=subject, amounts=AMOUNTS[sizes], material=material, engine=facts)
    return measure(groups, context, bar.begin)


def _load(model: str, device: str) -> tuple[EngineFacts, str]:
    """The engine in fp32, where batched equals alone, and what loading told; imports are not counted."""
    from autoglm_agent.engine.limits import EngineLimits
    from autoglm_agent.engine.load import load
    from autoglm_agent.engine.spec import EngineSpec
    from autoglm_agent.model.loading import load_model

    kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device.partition(":")[0]
    sessions = SESSIONS.get(kind, SESSIONS["cpu"])
    limits = EngineLimits(num_slots=sessions, max_waiting=8 * sessions, max_batch=sessions)
    directory = resolve(model)
    started = time.perf_counter()
    engine = load(EngineSpec(model=model, device=device, dtype="float32"), limits)
    load_s = time.perf_counter() - started
    size_mb = sum(file.stat().st_size for file in directory.iterdir() if file.is_file()) / 1e6
    parameters = sum(each.numel() for each in load_model(model).model.parameters())
    return EngineFacts(engine=engine, load_s=load_s, size_mb=size_mb, num_parameters=parameters), kind
