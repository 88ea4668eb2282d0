"""How measurements are told: a figure with its spread and target, the machine they were taken on, a table, a JSON line.

Not here: measuring.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured, several times. `target` is what the median must reach, or stay below unless `more_is_better`.

    Of a distribution (of delays, say) p50, p95 and p99 are told, and the target is p95's.
    """

    key: str
    label: str
    unit: str
    values: tuple[float, ...]
    target: float | None = None
    more_is_better: bool = False
    is_distribution: bool = False

    @property
    def median(self) -> float | None:
        """The middle value; None when nothing could be measured."""
        return median(self.values) if self.values else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target. What could not be measured has not reached it."""
        if self.target is None:
            return None
        judged = percentile(self.values, 95) if self.is_distribution else self.median
        if judged is None:
            return False
        return judged >= self.target if self.more_is_better else judged <= self.target

    @property
    def told(self) -> dict[str, float | None]:
        """What programs are told, by key."""
        if not self.is_distribution:
            return {self.key: _rounded(self.median)}
        return {f"{self.key}_p{percent}": _rounded(percentile(self.values, percent)) for percent in PERCENTS}

    @property
    def key_of_target(self) -> str:
        """The key of the value that the target is for."""
        return f"{self.key}_p95" if self.is_distribution else self.key


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of all values do not exceed; None of none."""
    if not values:
        return None
    rank = max(0, -(-len(values) * percent // 100) - 1)
    return sorted(values)[int(rank)]


def hardware() -> str:
    """The machine in a line: processor, cores we may use, memory, system."""
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    return f"{_processor()}, {num_cores()} cores{memory}, {platform.system()} {platform.machine()}"


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """What the figures depend on besides the machine. Imports none of it."""
    found = {"python": platform.python_version()}
    for name in ("torch", "transformers", "autoglm-agent"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def rss_mb() -> float:
    """Memory of this process now, or the most it ever had where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return peak_rss_mb()


def peak_rss_mb() -> float:
    """The most memory this process ever had."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def show(title: str, figures: Sequence[Figure], facts: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    """Print the table and, with `as_json`, one last JSON line; return what that line holds."""
    console = Console()
    console.print(_table(title, figures))
    for name, fact in facts.items():
        console.print(f"[dim]{name}:[/dim] {fact}", highlight=False)
    result = summary(figures, facts)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    return result


def summary(figures: Sequence[Figure], facts: dict[str, Any]) -> dict[str, Any]:
    """Medians or percentiles by key; beside them spread, number of measurements, targets and whether they are met."""
    with_target = [figure for figure in figures if figure.target is not None]
    return {
        **{key: value for figure in figures for key, value in figure.told.items()},
        "spread": {f.key: [_rounded(min(f.values)), _rounded(max(f.values))] for f in figures if len(f.values) > 1},
        "num_measured": {f.key: len(f.values) for f in figures},
        "targets": {f.key_of_target: f.target for f in with_target},
        "met": {f.key_of_target: f.met for f in with_target},
        **facts,
    }


def _table(title: str, figures: Sequence[Figure]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for name in ("median", "spread", "target"):
        table.add_column(name, justify="right")
    for figure in figures:
        middle = "not measured" if figure.median is None else f"{_plain(figure.median)} {figure.unit}"
        table.add_row(figure.label, middle, _spread(figure), _target(figure))
    return table


def _spread(figure: Figure) -> str:
    if len(figure.values) < 2:
        return ""
    if figure.is_distribution:
        return ", ".join(f"p{percent} {_plain(percentile(figure.values, percent) or 0.0)}" for percent in PERCENTS[1:])
    return f"{_plain(min(figure.values))} – {_plain(max(figure.values))}"


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    of = "p95 " if figure.is_distribution else ""
    sign, colour, word = "≥" if figure.more_is_better else "≤", *(("green", "✓") if figure.met else ("red", "✗"))
    return f"{of}{sign} {_plain(figure.target)} [{colour}]{word}[/{colour}]"


def _plain(value: float) -> str:
    """Three significant digits, no exponent."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
