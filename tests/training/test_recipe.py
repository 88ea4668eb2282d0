"""The recipe: which stage starts from which, where ears run beside eyes, and what is assembled when."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from autoglm_agent.errors import InputError
from autoglm_agent.training.prepare import prepare_packs
from autoglm_agent.training.stages.recipe import Recipe, RecipePlan


class Rehearsed(Recipe):
    """Writes down what would run; `failing` names a stage that ends badly."""

    def __init__(self, plan: RecipePlan, failing: str = "") -> None:
        super().__init__(plan)
        self.failing = failing
        self.seen: list[str] = []
        self.inits: dict[str, list[str]] = {}
        self.minutes: dict[str, float] = {}

    def _start(self, stage: str, device: str, arguments: list[str], name: str) -> subprocess.Popen[bytes]:
        self.seen.append(f"start {name} on {device}")
        self.minutes[name] = float(arguments[arguments.index("--minutes") + 1])
        self.inits[name] = [Path(a).name for flag, a in itertools.pairwise(arguments) if flag == "--init"]
        code = 1 if name == self.failing else 0
        return subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])

    def _wait(self, process: subprocess.Popen[bytes], name: str) -> None:
        super()._wait(process, name)
        self.seen.append(f"waited for {name}")

    def _assemble(self, names: list[str], averaged: Sequence[str] = ()) -> None:
        self.seen.append(" ".join(["assemble", *names, *(f"~{name}" for name in averaged)]))


def plan(tmp_path: Path, *devices: str) -> RecipePlan:
    return RecipePlan(
        packs=tmp_path,
        out=tmp_path / "out",
        devices=devices,
        ears_minutes=1,
        eyes_minutes=1,
        typed_minutes=1,
        spoken_minutes=1,
    )


def test_two_devices_train_ears_beside_eyes_and_average_the_last_stage(tmp_path: Path) -> None:
    recipe = Rehearsed(plan(tmp_path, "cuda:0", "cuda:1"))
    assert recipe.run() == tmp_path / "out" / "nano"
    assert recipe.seen == [
        "start ears on cuda:0", "start eyes on cuda:1", "start typed on cuda:1", "waited for eyes",
        "start spoken-0 on cuda:0", "start spoken-1 on cuda:1", "waited for typed", "assemble eyes typed",
        "waited for ears", "assemble eyes typed ears", "waited for spoken-0", "waited for spoken-1",
        "assemble eyes typed ears ~spoken-0 ~spoken-1",
    ]  # fmt: skip
    assert recipe.inits["typed"] == ["eyes"]
    assert recipe.inits["spoken-0"] == ["eyes", "typed", "ears"]
    assert 0.9 < recipe.minutes["ears"] <= 1
    assert 2.9 < recipe.minutes["spoken-1"] <= 3, "it ends when its own minute after the typed stage is over"


def test_one_device_takes_the_stages_in_turn(tmp_path: Path) -> None:
    recipe = Rehearsed(plan(tmp_path, "cuda:0"))
    recipe.run()
    assert recipe.seen == [
        "start ears on cuda:0", "waited for ears", "start eyes on cuda:0", "waited for eyes", "start typed on cuda:0",
        "waited for typed", "assemble eyes typed ears", "start spoken-0 on cuda:0", "waited for spoken-0",
        "assemble eyes typed ears ~spoken-0",
    ]  # fmt: skip


def test_a_failed_stage_stops_the_recipe_and_names_its_log(tmp_path: Path) -> None:
    recipe = Rehearsed(plan(tmp_path, "cuda:0", "cuda:1"), failing="typed")
    with pytest.raises(RuntimeError, match=r"stage typed failed with 1; see .*typed/log\.txt"):
        recipe.run()


def test_preparing_without_the_sets_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hsk_sentences\.tar is missing; get the public sets"):
        list(prepare_packs(tmp_path, tmp_path / "out"))
