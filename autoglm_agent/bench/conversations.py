"""`autoglm bench conversations`: how often turn taking goes wrong, over scripted conversations in virtual time.

People pause, hesitate, nod aloud, cough, interrupt, mute themselves and talk into noise; the server's own ears and
rules listen (`talk_replay`), and what they did is judged against the script (`talk_judge`). With nano's ears the words
decide as they do in earnest; with `scripted` they are known at once: voice activity and the rules alone are measured.
Not here: how long computing takes (`realtime`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autoglm_agent.bench.report import Figure, hardware, num_cores, show, versions
from autoglm_agent.bench.talk_engine import EndOfTurn
from autoglm_agent.bench.talk_judge import BARGE_IN_WITHIN_S, Question, Verdict, judge
from autoglm_agent.bench.talk_log import TalkLog
from autoglm_agent.bench.talk_replay import replay
from autoglm_agent.bench.talk_scripts import (
    HESITATION_MS,
    PAUSE_MS,
    SHORT_PAUSE_MS,
    SNR_DB,
    STALL_MS,
    TalkScript,
    scripts,
)
from autoglm_agent.bench.talk_sounds import spoken, texts
from autoglm_agent.engine.spec import EngineProtocol, EngineSpec
from autoglm_agent.model.turn_ends import TURN_ENDS_FILE, TurnEnds

SCRIPTED = "scripted"
NANO = Path(__file__).parent.parent / "checkpoints" / "nano"
TARGET_PERCENT = 5.0
RATES: tuple[tuple[str, Question, str, float | None], ...] = (
    ("false_cuts_percent", Question.CUT_WITH_PAUSE, "turns cut, pauses inside", TARGET_PERCENT),
    ("false_cuts_fluent_percent", Question.CUT_FLUENT, "turns cut, none inside", TARGET_PERCENT),
    ("missed_barge_ins_percent", Question.MISSED_BARGE_IN, "barge-ins missed", TARGET_PERCENT),
    ("false_interruptions_percent", Question.FALSE_INTERRUPTION, "false interruptions", TARGET_PERCENT),
    ("missed_turns_percent", Question.MISSED_TURN, "turns never committed", None),
    ("phantom_turns_percent", Question.PHANTOM, "noise taken for a turn", None),
    ("wrong_histories_percent", Question.WRONG_HISTORY, "replies remembered wrongly", None),
)
"""Key, question, label, target."""


def run(*, conversations: int = 200, engine: str = "nano", seed: int = 0, json: bool = False) -> dict[str, Any]:
    """Measure, print a table and with `json` one last JSON line; return what that line holds.

    `engine` is whose ears to use: `nano` or another model by its name; or `scripted`.

    Raises:
        AutoGLMError: the model cannot be loaded, or the `voice` extra is not installed.
    """
    wanted = scripts(conversations, seed)
    logs = _logs(wanted, load_ears(engine))
    verdicts = [(log, verdict) for log in logs for verdict in judge(log)]
    facts = {
        "engine": engine,
        "seed": seed,
        "conversations": dict(Counter(log.script.name for log in logs)),
        "minutes_of_conversation": round(sum(log.end_s for log in logs) / 60, 1),
        "settings": _settings(),
        "opportunities": {key: _count(verdicts, question) for key, question, _, _ in RATES},
        "failures": [_told(log, verdict) for log, verdict in verdicts if verdict.is_wrong],
        "hardware": hardware(),
        "cores": num_cores(),
        "versions": versions(),
    }
    return show(f"conversations: {conversations}, {engine}", _figures(verdicts), facts, as_json=json)


def load_ears(engine: str) -> EngineProtocol | EndOfTurn:
    """What hears: a model, or for `scripted` what tells the end of a turn.

    One thread: chunks of speech are small, and the loop waits for them anyway.
    """
    if engine == SCRIPTED:
        return TurnEnds.load(NANO / TURN_ENDS_FILE).probability
    from autoglm_agent.engine.load import load

    return load(EngineSpec(model=engine, threads=1))


def _logs(wanted: list[TalkScript], ears: EngineProtocol | EndOfTurn) -> list[TalkLog]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def step(text: str, total: int) -> Callable[[], None]:
            task = progress.add_task(text, total=total)
            return lambda: progress.advance(task)

        saying = step("saying beforehand", len({t for script in wanted for t in texts(script)}))
        sounds = anyio.run(spoken, wanted, saying)
        return replay(wanted, sounds, ears, step("conversing", len(wanted)))


def _figures(verdicts: list[tuple[TalkLog, Verdict]]) -> list[Figure]:
    figures = []
    for key, question, label, target in RATES:
        wrong = [100.0 * verdict.is_wrong for _, verdict in verdicts if verdict.question is question]
        rate = (sum(wrong) / len(wrong),) if wrong else ()
        figures.append(Figure(key=key, label=f"{label}, of {len(wrong)}", unit="%", values=rate, target=target))
    interrupted = _delays(verdicts, Question.MISSED_BARGE_IN)
    figures.append(_distribution("interrupt_ms", "barge-in, from its first sample", interrupted))
    for detection in ("server_vad", "semantic_vad"):
        ends = _delays([pair for pair in verdicts if pair[0].script.detection == detection], Question.MISSED_TURN)
        figures.append(_distribution(f"turn_end_{detection}_ms", f"turn end to commit, {detection}", ends))
    return figures


def _delays(verdicts: list[tuple[TalkLog, Verdict]], question: Question) -> tuple[float, ...]:
    return tuple(v.delay_ms for _, v in verdicts if v.question is question and v.delay_ms is not None)


def _distribution(key: str, label: str, values: tuple[float, ...]) -> Figure:
    return Figure(key=key, label=label, unit="ms", values=values, is_distribution=True)


def _count(verdicts: list[tuple[TalkLog, Verdict]], question: Question) -> int:
    return sum(verdict.question is question for _, verdict in verdicts)


def _told(log: TalkLog, verdict: Verdict) -> str:
    script = log.script
    noise = f", {script.noise} {script.snr_db:.0f} dB" if script.noise else ""
    return (
        f"{verdict.question}, conversation {script.number} ({script.name}, {script.detection}{noise}, {script.voice}) "
        f"at {verdict.at_s:.2f} s: {verdict.subject}"
    )


def _settings() -> str:
    def span(bounds: tuple[float, float], unit: str) -> str:
        return f"{bounds[0]:g} to {bounds[1]:g} {unit}"

    return (
        f"barge-ins within {BARGE_IN_WITHIN_S:g} s; "
        f"pauses {span(PAUSE_MS, 'ms')} with semantic_vad, {span(SHORT_PAUSE_MS, 'ms')} with server_vad (hold 500 ms); "
        f"hesitations {span(HESITATION_MS, 'ms')}, semantic_vad; packets late by {span(STALL_MS, 'ms')}; "
        f"noise {span(SNR_DB, 'dB')} below speech; the other kinds half and half"
    )
