"""The whole recipe in one go: ears beside eyes, then typed and spoken fusion, then one int8 checkpoint.

Every stage is a process of its own (`python -m autoglm_agent.training STAGE`), so a device is given back whole and a
stage that fails costs only itself. With one device the stages run in turn. With two, ears train beside eyes and typed
fusion; each stage starts early, prepares itself and waits for those it builds on; and spoken fusion runs on both, with
other material, its weights averaged. After every stage that adds something, the checkpoint is assembled anew: whatever
stops the recipe, the best so far is there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoglm_agent.training.stages.shards import mark_done

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REHEARSAL: dict[str, tuple[str, ...]] = {
    "speech": ("--synthetic", "60", "--commands", "12", "--joined", "6", "--eval-size", "4", "--budget-s", "8"),
    "eyes": ("--chunk", "4", "--eval-chunks", "1"),
    "fusion": ("--eval-size", "6", "--budget-tokens", "1500"),
    "turns": ("--dialogues", "500", "--tasks", "200", "--epochs", "1"),
}
"""Arguments that make a stage small enough for a laptop."""


SPOKEN = 60_000
"""Spoken conversations of a last stage; each is heard twice."""
SPOKEN_WORKERS = 10
"""Processes that make them, beside a stage that trains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipePlan:
    """Where things are, and how long each stage may take (minutes, making its material included).

    With two devices ears have as long as eyes and typed fusion together, or longer.
    """

    packs: Path
    out: Path
    devices: tuple[str, ...]
    ears_minutes: float
    eyes_minutes: float
    typed_minutes: float
    spoken_minutes: float
    rehearse: bool = False
    """On the CPU, with a handful of everything: minutes, to see that all stages pass on to each other."""


class Recipe:
    """Runs the stages of a plan."""

    def __init__(self, plan: RecipePlan) -> None:
        self.plan = plan
        self.started = time.monotonic()
        self.processes: list[subprocess.Popen[bytes]] = []
        plan.out.mkdir(parents=True, exist_ok=True)

    def run(self) -> Path:
        """All stages; gives the checkpoint's folder.

        Raises RuntimeError when a stage fails; what still runs beside it is ended.
        """
        try:
            self._stages()
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
        return self.plan.out / "nano"

    def _stages(self) -> None:
        if len(self.plan.devices) > 1:
            self._side_by_side(*self.plan.devices[:2])
        else:
            self._in_turn(self.plan.devices[0])

    def _in_turn(self, device: str) -> None:
        plan = self.plan
        ears = self._ears(device, plan.ears_minutes)
        self._wait(ears, "ears")
        self._wait(self._eyes(device, plan.ears_minutes + plan.eyes_minutes), "eyes")
        end = plan.ears_minutes + plan.eyes_minutes + plan.typed_minutes
        self._wait(self._typed(device, end), "typed")
        self._assemble(["eyes", "typed", "ears"])
        self._wait(self._spoken(device, end + plan.spoken_minutes, 0), "spoken-0")
        self._assemble(["eyes", "typed", "ears"], ["spoken-0"])

    def _side_by_side(self, first: str, second: str) -> None:
        plan = self.plan
        ears = self._ears(first, plan.ears_minutes)
        eyes = self._eyes(second, plan.eyes_minutes)
        typed = self._typed(second, plan.eyes_minutes + plan.typed_minutes)
        self._wait(eyes, "eyes")
        end = max(plan.ears_minutes, plan.eyes_minutes + plan.typed_minutes) + plan.spoken_minutes
        spoken = [self._spoken(device, end, number) for number, device in enumerate((first, second))]
        self._wait(typed, "typed")
        self._assemble(["eyes", "typed"])
        self._wait(ears, "ears")
        self._assemble(["eyes", "typed", "ears"])
        for number, process in enumerate(spoken):
            self._wait(process, f"spoken-{number}")
        self._assemble(["eyes", "typed", "ears"], ["spoken-0", "spoken-1"])

    def _ears(self, device: str, end: float) -> subprocess.Popen[bytes]:
        return self._begin("speech", device, ["--pack", str(self.plan.packs / "speech")], "ears", end)

    def _eyes(self, device: str, end: float) -> subprocess.Popen[bytes]:
        return self._begin("eyes", device, ["--pictures", str(self.plan.packs / "pictures")], "eyes", end)

    def _typed(self, device: str, end: float) -> subprocess.Popen[bytes]:
        # Most of the fall of the rate is left to the spoken stage, which goes on from here.
        arguments = [*self._fusion_arguments(["eyes"]), "--spoken", "0", "--decay-share", "0.2"]
        return self._begin("fusion", device, arguments, "typed", end)

    def _spoken(self, device: str, end: float, number: int) -> subprocess.Popen[bytes]:
        count = "20" if self.plan.rehearse else f"{SPOKEN}"
        arguments = [*self._fusion_arguments(["eyes", "typed", "ears"]), "--spoken", count, "--seed", f"{number + 1}"]
        arguments += ["--spoken-share", "0.35", "--decay-share", "0.8", "--workers", f"{SPOKEN_WORKERS}"]
        return self._begin("fusion", device, arguments, f"spoken-{number}", end)

    def _fusion_arguments(self, init: list[str]) -> list[str]:
        folders = [argument for name in init for argument in ("--init", str(self.plan.out / name))]
        more = ["--wait"] if len(self.plan.devices) > 1 else []
        more += [] if self.plan.rehearse else ["--compile"]
        return ["--pictures", str(self.plan.packs / "pictures"), *folders, *more]

    def _begin(self, stage: str, device: str, arguments: list[str], name: str, end: float) -> subprocess.Popen[bytes]:
        """Start a stage that is to end `end` minutes after the recipe began."""
        minutes = end - (time.monotonic() - self.started) / 60
        self.processes.append(self._start(stage, device, ["--minutes", f"{minutes:.3f}", *arguments], name))
        self._say(f"{name}: started on {device}")
        return self.processes[-1]

    def _start(self, stage: str, device: str, arguments: list[str], name: str) -> subprocess.Popen[bytes]:
        out = self.plan.out / name
        mark_done(out, done=False)  # Before whoever waits for it starts.
        command = [sys.executable, "-m", "autoglm_agent.training", stage, "--out", str(out), *arguments]
        if self.plan.rehearse:
            command += ["--device", "cpu", "--workers", "1", *REHEARSAL[stage]]
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false"}
        if device.startswith("cuda:"):
            environment["CUDA_VISIBLE_DEVICES"] = device.removeprefix("cuda:")
        with (out / "log.txt").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        return process

    def _wait(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Wait for a stage, showing the last line of its log every half minute."""
        log = self.plan.out / name / "log.txt"
        while True:
            try:
                code = process.wait(timeout=30)
                break
            except subprocess.TimeoutExpired:
                self._say(f"{name}: {_last_line(log)}")
        self._say(f"{name}: ended with {code}: {_last_line(log)}")
        if code:
            raise RuntimeError(f"stage {name} failed with {code}; see {log}")

    def _assemble(self, names: list[str], averaged: Sequence[str] = ()) -> None:
        folders = [argument for name in names for argument in ("--init", str(self.plan.out / name))]
        folders += [argument for name in averaged for argument in ("--average", str(self.plan.out / name))]
        command = [sys.executable, "-m", "autoglm_agent.training", "assemble", *folders, "--out", str(self.plan.out / "nano")]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""})
        self._say(done.stdout.strip())
        if "ears" in names:
            self._add("words", "--pack", str(self.plan.packs / "speech"))
        if averaged:
            few = REHEARSAL["turns"] if self.plan.rehearse else ()
            self._add("turns", "--data", str(self.plan.packs), *few)

    def _add(self, stage: str, *arguments: str) -> None:
        """Run a stage that adds a file to the checkpoint; a CPU is enough for it."""
        command = [sys.executable, "-m", "autoglm_agent.training", stage, *arguments, "--out", str(self.plan.out / "nano")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        self._say(done.stdout.strip())

    def _say(self, text: str) -> None:
        sys.stdout.write(f"[{(time.monotonic() - self.started) / 60:5.1f} min] {text}\n")
        sys.stdout.flush()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return lines[-1][:240] if lines else ""
