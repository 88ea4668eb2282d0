"""The rows of the evaluation's table: what each is called and should reach, and what was measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autoglm_agent.training.evaluate.eval_cases import Subject
    from autoglm_agent.training.evaluate.eval_sets import Material

CLAIM_TRIALS = 500
"""Of fewer, a difference of 3 points is within chance."""
Need = Literal["data", "voice", "fonts", "engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much of each kind is asked. `replies` is per task."""

    speech: int
    replies: int
    scenes: int
    labels: int
    photos: int
    joint: int
    thinking: int
    gate: int


AMOUNTS: dict[str, Amounts] = {
    "tiny": Amounts(speech=2, replies=2, scenes=8, labels=2, photos=2, joint=2, thinking=3, gate=3),
    "quick": Amounts(speech=24, replies=16, scenes=64, labels=20, photos=32, joint=32, thinking=48, gate=32),
    "full": Amounts(speech=400, replies=200, scenes=1000, labels=300, photos=400, joint=520, thinking=600, gate=300),
}
"""`quick` fits in ten minutes on two cores; `full` is for the model card, and for a GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One row. A target is `at_least` or `at_most`; a row without one is there to be read beside the others."""

    key: str
    title: str
    unit: str = "%"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:.3g}"
        return "" if self.at_most is None else f"≤ {self.at_most:.3g}"

    def passes(self, value: float) -> bool | None:
        """Whether a value reaches the target; None without one."""
        if self.at_least is not None:
            return value >= self.at_least
        return None if self.at_most is None else value <= self.at_most


@dataclass(frozen=True, slots=True)
class Measured:
    """A value over `n` trials. `detail` says what the number alone does not."""

    value: float
    n: int
    detail: str = ""


@dataclass(slots=True)
class Context:
    """What measuring needs. `engine` is only there for the rows of speed."""

    subject: Subject
    amounts: Amounts
    material: Material
    engine: EngineFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """The loaded engine and what loading it told."""

    engine: Any
    load_s: float
    size_mb: float
    num_parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows measured together. `measure` gives a value for each key of `specs`, or leaves it out when nothing came."""

    name: str
    title: str
    specs: tuple[Spec, ...]
    measure: Callable[[Context], Mapping[str, Measured]]
    needs: tuple[Need, ...] = ()
    timing: bool = False
    """Whether its values are times, which no two runs share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table. `passed` is None without a target or a value; `note` then says why."""

    key: str
    group: str
    title: str
    unit: str
    target: str
    value: float | None = None
    n: int = 0
    passed: bool | None = None
    note: str = ""
    timing: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def rows_of(group: Group, values: Mapping[str, Measured], missing: str = "nothing was measured") -> list[Row]:
    """The group's rows, those without a value with the reason."""
    rows = []
    for spec in group.specs:
        row = Row(
            key=spec.key, group=group.title, title=spec.title, unit=spec.unit, target=spec.target, timing=group.timing,
            note=missing,
        )
        if spec.key in values:
            found = values[spec.key]
            value = round(found.value, 4)
            row = Row(
                key=spec.key, group=group.title, title=spec.title, unit=spec.unit, target=spec.target, value=value,
                n=found.n, passed=spec.passes(value), note=found.detail, timing=group.timing,
            )
        rows.append(row)
    return rows


def gain(full: Measured, less: Measured) -> Measured:
    """What the first gains over the second, in points; a difference of few trials says so."""
    detail = "" if full.n >= CLAIM_TRIALS else f"a difference needs n ≥ {CLAIM_TRIALS}: --sizes full"
    return Measured(full.value - less.value, full.n, detail)


def share(hits: int, n: int, detail: str = "") -> Measured:
    """Per cent of `n`."""
    return Measured(100.0 * hits / max(1, n), n, detail)
