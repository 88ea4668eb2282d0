"""The whole recipe in one go: ears beside eyes, then typed and spoken fusion, then one int8 checkpoint.

Every stage is a process of its own (`python -m autoglm_agent.training STAGE`), so a device is given back whole and a
stage that fails costs only itself. With two devices ears train beside eyes and typed fusion; with one, in turn. After
every stage that adds something, the checkpoint is assembled anew: whatever stops the recipe, the best so far is there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REHEARSAL: dict[str, tuple[str, ...]] = {
    "speech": ("--synthetic", "60", "--commands", "12", "--joined", "6", "--eval-size", "4", "--budget-s", "8"),
    "eyes": ("--chunk", "4", "--eval-chunks", "1"),
    "fusion": ("--eval-size", "6", "--budget-tokens", "1500"),
}
"""Arguments that make a stage small enough for a laptop."""


SPOKEN = 50_000
"""Spoken conversations of the last stage: a minute to make on 32 cores, and each is heard twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipePlan:
    """Where things are, and how long each stage may take (minutes, making its material included)."""

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
        plan = self.plan
        ears = self._begin("speech", plan.devices[0], self._speech_arguments(), "ears")
        if len(plan.devices) == 1:
            self._wait(ears, "ears")
        second = plan.devices[-1]
        looking = ["--pictures", str(plan.packs / "pictures"), "--minutes", f"{plan.eyes_minutes}"]
        eyes = self._begin("eyes", second, looking, "eyes")
        self._wait(eyes, "eyes")
        typed = [*self._fusion_arguments(plan.typed_minutes, ["eyes"]), "--spoken", "0"]
        self._wait(self._begin("fusion", second, typed, "typed"), "typed")
        self._assemble(["eyes", "typed"])
        if len(plan.devices) > 1:
            self._wait(ears, "ears")
        self._assemble(["eyes", "typed", "ears"])
        spoken = self._fusion_arguments(plan.spoken_minutes, ["eyes", "typed", "ears"])
        spoken += ["--spoken", "20" if plan.rehearse else f"{SPOKEN}"]
        self._wait(self._begin("fusion", plan.devices[0], spoken, "spoken"), "spoken")
        self._assemble(["eyes", "typed", "ears", "spoken"])

    def _speech_arguments(self) -> list[str]:
        return ["--pack", str(self.plan.packs / "speech"), "--minutes", f"{self.plan.ears_minutes}"]

    def _fusion_arguments(self, minutes: float, init: list[str]) -> list[str]:
        folders = [argument for name in init for argument in ("--init", str(self.plan.out / name))]
        return ["--pictures", str(self.plan.packs / "pictures"), "--minutes", f"{minutes}", *folders]

    def _begin(self, stage: str, device: str, arguments: list[str], name: str) -> subprocess.Popen[bytes]:
        self.processes.append(self._start(stage, device, arguments, name))
        self._say(f"{name}: started on {device}")
        return self.processes[-1]

    def _start(self, stage: str, device: str, arguments: list[str], name: str) -> subprocess.Popen[bytes]:
        out = self.plan.out / name
        out.mkdir(parents=True, exist_ok=True)
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

    def _assemble(self, names: list[str]) -> None:
        folders = [argument for name in names for argument in ("--init", str(self.plan.out / name))]
        command = [sys.executable, "-m", "autoglm_agent.training", "assemble", *folders, "--out", str(self.plan.out / "nano")]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""})
        self._say(done.stdout.strip())

    def _say(self, text: str) -> None:
        sys.stdout.write(f"[{(time.monotonic() - self.started) / 60:5.1f} min] {text}\n")
        sys.stdout.flush()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return lines[-1][:240] if lines else ""
