"""The evaluation as people read it: one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}


def shown(value: float | None, unit: str) -> str:
    """A value with its unit and as many digits as it deserves."""
    if value is None:
        return "–"
    digits = {"AUC": 3, "× real time": 3, "s": 2, "ms": 0, "tokens/s": 0}.get(unit, 1)
    return f"{value:.{digits}f} {unit}"


def table_of(results: Mapping[str, Any]) -> Table:
    """The table of the results of `run_eval`."""
    table = Table(
        title=f"{results['model']} · {results['sizes']} · {results['device']}",
        caption=f"{results['passed']} targets reached, {results['failed']} missed, {results['open']} not measured",
    )
    for name in ("", "what", "value", "target", "n", "", "note"):
        table.add_column(name, justify="right" if name in ("value", "n") else "left", no_wrap=name == "value")
    previous = ""
    for row in _rows(results):
        if previous and row["group"] != previous:
            table.add_section()
        table.add_row(
            row["group"] if row["group"] != previous else "", row["title"], shown(row["value"], row["unit"]), row["target"],
            str(row["n"] or ""), _MARKS[row["passed"]], row["note"],
        )
        previous = row["group"]
    return table


def _rows(results: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = results["rows"]
    return rows
