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
    """Draw the stages' files, one below the other, into a PNG: losses on the left, scores on the right.

    Of scores by task (`task/mode`) only the means are drawn; speeds and the learning rate are left out.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(paths), 2, figsize=(11, 2.7 * len(paths)), squeeze=False)
    for row, path in zip(axes, paths, strict=True):
        points = [json.loads(line) for line in path.read_text().splitlines()]
        keys = list(dict.fromkeys(key for point in points for key in point))
        losses = [key for key in keys if key.endswith("loss")]
        scores = [key for key in keys if key not in (*losses, "step", "seconds", "lr") and not key.endswith("_per_s")]
        for axis, names, kind in ((row[0], losses, "losses"), (row[1], scores, "held out, per cent")):
            for name in names:
                if "/" not in name or name.startswith("mean/"):
                    drawn = [(point["step"], point[name]) for point in points if name in point]
                    axis.plot(*zip(*drawn, strict=True), linewidth=1.2, marker="." if kind != "losses" else None, label=name)
            axis.set_title(f"{path.parent.name}: {kind}", fontsize=9)
            axis.grid(alpha=0.3)
            if axis.lines:
                axis.legend(fontsize=6, ncols=2)
        row[0].set_yscale("log")
        row[0].set_xlabel("steps", fontsize=8)
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    plt.close(figure)
