"""The card quotes a results file and nothing else."""

import json

import pytest

from autoglm_agent.errors import InputError
from autoglm_agent.training.evaluate.eval_rows import Measured, rows_of
from autoglm_agent.training.evaluate.evaluation import GROUPS, summary
from autoglm_agent.training.evaluate.model_card import weights_hash, write_card

SPEED = next(group for group in GROUPS if group.name == "speed")
REFUSALS = next(group for group in GROUPS if group.name == "refusals")


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "nano"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def results_file(folder, *, sizes="full", sha=None):
    rows = rows_of(REFUSALS, {"refusals": Measured(87.654, 300)}) + rows_of(SPEED, {"size": Measured(31.4, 1)})
    results = summary(rows, model="nano", device="cpu", sizes=sizes, seconds=1.0)
    results["weights_sha256"] = sha or weights_hash(folder)
    path = folder.parent / "results.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def test_the_card_tells_what_was_measured_reached_and_missed(checkpoint):
    card = write_card(results_file(checkpoint), directory=checkpoint).read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "| noise or gibberish: asks to repeat | 87.7 % | ≥ 90 | 300 | **missed** |" in card
    assert "checkpoint on disk | 31.4 MB | ≤ 40 | 1 | reached |" in card
    assert "| load time | nothing was measured |" in card
    assert "### Not reached\n\n- refusals, noise or gibberish: asks to repeat: 87.7 %, wanted ≥ 90" in card
    assert "Noto Color Emoji | SIL Open Font License" in card and "curves.png" not in card


def test_curves_are_plotted_and_their_stages_listed(checkpoint, tmp_path):
    log = tmp_path / "ears" / "speech.jsonl"
    log.parent.mkdir()
    points = [{"step": step, "seconds": step * 6.0, "loss": 1 / step} for step in (1, 50, 100)]
    log.write_text("\n".join(map(json.dumps, points)), encoding="utf-8")
    card = write_card(results_file(checkpoint), directory=checkpoint, curves=[log]).read_text(encoding="utf-8")
    assert "| ears (speech) | 100 | 10.0 |" in card and "![curves of the stages](curves.png)" in card
    assert (checkpoint / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_stages_that_go_on_from_the_card_s_weights_come_behind_its_own(checkpoint, tmp_path):
    results = results_file(checkpoint)
    logs = []
    for name, steps in (("ears", 100), ("polish", 20)):
        logs.append(tmp_path / name / "fusion.jsonl")
        logs[-1].parent.mkdir()
        logs[-1].write_text(json.dumps({"step": steps, "seconds": 600.0, "loss": 1.0}) + "\n")
    write_card(results, directory=checkpoint, curves=logs[:1])
    card = write_card(results, directory=checkpoint, curves=logs[1:], is_further=True).read_text(encoding="utf-8")
    assert "| ears (fusion) | 100 | 10.0 |\n| polish (fusion) | 20 | 10.0 |\n" in card
    assert card.index("(curves.png)") < card.index("(curves_polish.png)")
    assert (checkpoint / "curves_polish.png").is_file()
    assert write_card(results, directory=checkpoint, is_further=True).read_text(encoding="utf-8") == card


def test_no_card_without_results(checkpoint, tmp_path):
    with pytest.raises(InputError, match="holds no results"):
        write_card(tmp_path / "none.json", directory=checkpoint)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="not what"):
        write_card(tmp_path / "other.json", directory=checkpoint)
    assert not (checkpoint / "README.md").exists()


def test_results_of_other_weights_or_of_a_rehearsal_are_refused(checkpoint):
    with pytest.raises(InputError, match="other weights"):
        write_card(results_file(checkpoint, sha="0" * 64), directory=checkpoint)
    with pytest.raises(InputError, match="too small"):
        write_card(results_file(checkpoint, sizes="tiny"), directory=checkpoint)
