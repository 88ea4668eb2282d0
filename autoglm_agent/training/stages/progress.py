"""What a long stage shows and leaves behind: a line on the terminal, a JSON line per point, a plot at the end."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoglm_agent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Curves:
    """Logged points of one stage. Every point goes to `<directory>/<name>.jsonl` at once."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / f"{name}.jsonl"
        self.started = time.monotonic()
        self.path.write_text("")

    def add(self, step: int, values: Mapping[str, float], *, spent: float = 0.0) -> None:
        """Record a point and show it."""
        point = {"step": step, "seconds": round(time.monotonic() - self.started, 1)}
        point |= {key: round(float(value), 5) for key, value in values.items()}
        with self.path.open("a") as file:
            file.write(json.dumps(point) + "\n")
        shown = "  ".join(f"{key} {value:.4g}" for key, value in values.items())
        share = f"{100 * min(1.0, spent):5.1f} %"
        sys.stdout.write(f"[{point['seconds']:7.1f} s] step {step} {share}  {shown}\n")
        sys.stdout.flush()


class Budget:
    """How long a stage may run: a number of steps (deterministic), or minutes of wall clock from now."""

    def __init__(self, *, steps: int | None, minutes: float | None) -> None:
        if steps is None and minutes is None:
            raise InputError("say how long the stage may run: --steps or --minutes")
        self.steps, self.minutes = steps, minutes
        self.started = time.monotonic()

    def spent(self, step: int) -> float:
        """Share of the budget that is used up after `step` steps; 1 or more means stop."""
        if self.steps is not None:
            return step / self.steps
        return (time.monotonic() - self.started) / 60 / (self.minutes or 1e-9)


class StepProfiler:
    """Prints where steps 30 to 34 spend their time; does nothing unless enabled."""

    FIRST, LAST = 30, 34

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self.num_steps = 0
        self._profile: Any = None

    def step(self) -> None:
        """Call at the end of every step."""
        if not self.enabled:
            return
        import torch  # heavy, and only for this

        self.num_steps += 1
        if self.num_steps == self.FIRST:
            activities = [torch.profiler.ProfilerActivity.CPU]
            if torch.cuda.is_available():
                activities.append(torch.profiler.ProfilerActivity.CUDA)
            self._profile = torch.profiler.profile(activities=activities)
            self._profile.__enter__()
        elif self.num_steps == self.LAST + 1:
            self._profile.__exit__(None, None, None)
            key = "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
            table = self._profile.key_averages().table(sort_by=key, row_limit=18, max_name_column_width=48)
            sys.stdout.write(f"{table}\n")
            sys.stdout.flush()
            self._profile = None


def plot_curves(paths: list[Path], out: Path) -> None:
    """Draw every logged value of the stages' files over the steps, one small panel each, into a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    series: dict[str, list[tuple[float, float]]] = {}
    offset = 0.0
    for path in paths:
        points = [json.loads(line) for line in path.read_text().splitlines()]
        for point in points:
            for key, value in point.items():
                if key not in ("step", "seconds"):
                    series.setdefault(key, []).append((offset + point["step"], value))
        offset += points[-1]["step"] if points else 0
    columns = 3
    rows = (len(series) + columns - 1) // columns
    figure, axes = plt.subplots(rows, columns, figsize=(12, 2.6 * rows), squeeze=False)
    for axis, (key, points) in zip(axes.flat, series.items(), strict=False):
        axis.plot([x for x, _ in points], [y for _, y in points], linewidth=1.2)
        axis.set_title(key, fontsize=9)
        axis.grid(alpha=0.3)
    for axis in list(axes.flat)[len(series) :]:
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)
