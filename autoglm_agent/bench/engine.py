"""`autoglm bench engine`: how fast a model loads, hears, sees, reads and writes here.

Loading and computing are measured in fresh processes through the engine's messages, the answer to a spoken question
through a real session. Works on any checkpoint: speed does not depend on training. Not here: many sessions at once
(`realtime`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autoglm_agent.bench import engine_process, spoken_turn
from autoglm_agent.bench.engine_process import Measured
from autoglm_agent.bench.report import Figure, hardware, num_cores, rss_mb, show, versions
from autoglm_agent.bench.spoken_turn import SpokenTurns
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.settings import load_settings

TURNS = 3
LOADS = 1  # a fresh process that does nothing else; with the one that measures there are two

T = TypeVar("T")

FIGURES: tuple[tuple[str, str, str, float | None, bool], ...] = (
    ("import_s", "importing torch and the engine, in a fresh process", "s", None, False),
    ("load_s", "loading the model, imports aside", "s", 2.0, False),
    ("speech_rtf", "speech, one stream, one thread: share of real time", "", 0.15, False),
    ("speech_chunk_ms", "  a chunk of 320 ms", "ms", None, False),
    ("speech_rtf_8_streams", "speech, eight streams, one thread: share each", "", 0.06, False),
    ("frame_ms", "a picture of 640×480, from JPEG to features", "ms", 150.0, False),
    ("prefill_tokens_per_s", "reading a prompt", "tok/s", None, True),
    ("first_token_ms", "first token of a short question, nothing cached", "ms", None, False),
    ("first_token_cold_ms", "first token in a dialogue, nothing cached", "ms", None, False),
    ("first_token_reused_ms", "  the history's keys reused", "ms", None, False),
    ("first_token_prefilled_ms", "  the turn read on trial, at the first silence, too", "ms", None, False),
    ("decode_tokens_per_s", "writing, one reply", "tok/s", 100.0, True),
    ("decode_tokens_per_s_batch_4", "writing, four replies together", "tok/s", None, True),
    ("decode_tokens_per_s_batch_8", "writing, eight replies together", "tok/s", None, True),
    ("first_content_ms", "end of speech to first content, beyond the hold", "ms", 500.0, False),
)
"""Key, label, unit, the issue's target, and whether more is better."""


def run(
    *, model: str = "nano", device: str = "cpu", dtype: str = "auto", json: bool = False, recording: Path | None = None
) -> dict[str, Any]:
    """Measure, print a table and with `json` one last JSON line; return what that line holds.

    Raises:
        AutoGLMError: the model, device or precision cannot be used.
    """
    spec = EngineSpec(model=model, device=device, dtype=dtype)
    settings = load_settings(model=model, device=device, dtype=dtype, port=0, api_keys=())
    console = Console(stderr=True)
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("loading, hearing, seeing, reading, writing")
        measured = _in_fresh_process(engine_process.measure, spec)
        for number in range(LOADS):
            progress.update(task, description=f"loading again, {number + 1} of {LOADS}")
            for key, values in _in_fresh_process(engine_process.load, spec).values.items():
                measured.values[key] += values
        progress.update(task, description=f"answering {TURNS} spoken questions")
        spoken = spoken_turn.measure(settings, turns=TURNS, recording=recording)
    measured.values["first_content_ms"] = spoken.first_content_ms
    return show(f"engine: {model}", _figures(measured), _facts(spec, measured, spoken), as_json=json)


def _figures(measured: Measured) -> list[Figure]:
    return [
        Figure(
            key=key,
            label=label,
            unit=unit,
            values=tuple(measured.values.get(key, ())),
            target=target,
            more_is_better=more,
        )
        for key, label, unit, target, more in FIGURES
    ]


def _facts(spec: EngineSpec, measured: Measured, spoken: SpokenTurns) -> dict[str, Any]:
    return {
        "model": spec.model,
        "hardware": hardware(),
        **measured.facts,
        "cores": num_cores(),
        "memory_session_process_mb": round(rss_mb()),
        "versions": versions(),
        "speech_source": spoken.source,
        "spoken_turn_stages_ms": {stage: [round(ms) for ms in values] for stage, values in spoken.stages_ms.items()},
        "failures": spoken.failures,
    }


def _in_fresh_process(work: Callable[[EngineSpec], T], spec: EngineSpec) -> T:
    """Run `work(spec)` where nothing has been imported; its exceptions come back."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, spec).result()
