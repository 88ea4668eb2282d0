"""The model card of a checkpoint, in the form of the Hugging Face hub, from the results of an evaluation.

Every number on it is read from the results file of `run_eval` or from the curves a stage logged; without results there
is no card, and results of other weights are refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoglm_agent.errors import InputError
from autoglm_agent.training.evaluate.eval_report import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEIGHTS_FILE = "model.safetensors"
CARD_FILE, CURVES_FILE = "README.md", "curves.png"
_REQUIRED = ("model", "device", "sizes", "version", "weights_sha256", "passed", "failed", "open", "rows")

_FRONT = """---
license: apache-2.0
language: [zh, en]
library_name: autoglm-agent
pipeline_tag: any-to-any
tags: [speech-recognition, vision, tool-calling, realtime, multimodal, robotics]
---
"""
_ABOUT = """
# nano

A small model that hears, sees, thinks and answers in one pass: the embedded default of `autoglm-agent`. Mandarin first,
with English for the basics. A streaming Conformer (40 ms frames, several latencies from one set of weights) with a CTC
transcript of its own; a ViT of the Tiny kind at 640×480 with 80 tokens a picture; a GLM-4-shaped backbone with
bidirectional attention inside each user block; a cross-modal gate that weighs text, picture and speech, silences what is
beside the point, and gives a picture that matters no more than the rest a quarter of its tokens.

It follows commands of the home, the car and the robot, calls tools by the schemas it is given, answers questions on simple scenes, reads and
sums up product labels, names the groceries it knows, resolves "that red car" over a picture, remembers what was told some
turns ago, and thinks in a short trace when asked to (`enable_thinking`).

```bash
autoglm demo                                        # the main job on shipped media
autoglm ask "图里有几个苹果？" --image photo.jpg --think
autoglm transcribe recording.wav
```
"""
_DATA = """
## Data, sources, licences

| what | source | licence | used for |
|---|---|---|---|
| commands, dialogues, tools, traces, scenes, labels | made by `autoglm_agent/training` from seeds | Apache-2.0 | everything |
| synthetic speech | espeak-ng, fed toned pinyin of pypinyin (MIT) | program GPL-3.0-or-later; only its sound is used | hearing |
| HSK sentences, one natural-sounding synthetic voice | no7z/hsk-sentences-audio | CC-BY-SA 4.0 | hearing |
| spoken words and syllables, human | hugolpz/audio-cmn | CC-BY-SA | hearing |
| spoken syllables, a third human voice | davinfifield/mp3-chinese-pinyin-sound | Unlicense | hearing |
| 26 human speakers, 20 words | zhongyuchen/DSPSpeech-20 | MIT | hearing |
| photographs of groceries | marcusklasson/GroceryStoreDataset | MIT | seeing |
| text of dialogues (sentences to speak, to count n-grams from, and to learn their ends) | qiuhuachuan/smile; thu-coai CrossWOZ, KdConv | CC0; Apache-2.0 | hearing |
| pictures of things | Noto Color Emoji | SIL Open Font License 1.1 | seeing |
| letters on labels | Noto CJK, LXGW WenKai (SIL OFL 1.1), WenQuanYi Zen Hei (GPL-2 with font exception) | | seeing |

The checkpoint holds weights and a tokenizer alone: no recording, photograph or glyph is in it. Evaluation is disjoint from
training by sentence, word, speaker, voice, phrasing, value, combination of ingredients, layout and font.
"""
_RECIPE = """
## Recipe

`autoglm train recipe` runs every stage from seeds: `speech` (ears, by a CTC on initials and toned finals and a CTC on
tokens, random latencies), `eyes` (what lies where, characters, photographs), `fusion` typed and spoken (gate and backbone
over features of the finished ears and eyes; distractor frames, modality dropout, damaged transcripts; the spoken stage
twice with other material, weights averaged), then `assemble` (int8 where it does no harm), `words` (n-grams of the
training texts for the second pass of recognition) and `turns` (whether the user has finished, by the words: a recurrent
network over characters, minutes on a CPU) and `first-sounds` (who wants the floor, by the first sounds: a recurrent network
over mel frames, a quarter of an hour on a CPU). Twenty-three minutes on two H100 GPUs; then a polish of 47 minutes on
two CPU cores (`fusion --freeze-eyes --lr 3e-4`), and from there `fusion` anew with a gate that silences what is beside the
point and with questions of several steps, on both GPUs together (`--ranks 2`): 2,000 steps at 1.2e-3 and 2,340 at 8e-4.
Then `fusion` a third time so, with a gate that allots visual tokens (80 to a picture that matters, else 20) and a fifth of the
text in English, 2,490 steps at 1.2e-3; the shipped weights lie three fifths of the way from those before to those after,
which keeps more of what speech tokens tell in noise; that share was chosen with the rows of hearing and seeing in view.
Nothing is distilled, and no other model's weights are in it.
"""
_LIMITS = """
## Limits

It is a narrow model for home, car and toy-sized worlds. Open, real-life Mandarin needs a larger speech model; its ears
were trained mostly on synthetic voices. It knows the things, colours, ingredients and groceries of its corpus and no
others; scenes are drawn, not photographed. Counts go up to nine. Cantonese-style speech is synthetic. It has no knowledge
of the world to speak of, and says so or errs. Not for use where an error harms.
"""


def write_card(
    results: Path, *, directory: Path | None = None, curves: Sequence[Path] = (), is_further: bool = False
) -> Path:
    """Write `README.md` (and with `curves` a plot of them) beside a checkpoint's weights.

    Args:
        results: the file that `run_eval` wrote.
        directory: of the checkpoint that was measured; None for nano's.
        curves: the logs (`*.jsonl`) of the stages, in turn.
        is_further: the stages went on from the weights of the card that is there; its stages stay in front.

    Raises:
        InputError: no results, results too small to be quoted, or results of other weights.
    """
    from autoglm_agent.model.tokenizer import NANO_DIR

    where = directory or NANO_DIR
    found = read_results(results)
    if found["sizes"] == "tiny":
        raise InputError(f"{results} holds a run of size tiny, too small to quote; run `autoglm eval --sizes full`.")
    if found["weights_sha256"] != weights_hash(where):
        raise InputError(f"{results} was measured on other weights than those in {where}; run `autoglm eval` on these.")
    card = where / CARD_FILE
    before = _STAGES.search(card.read_text(encoding="utf-8")) if is_further and card.is_file() else None
    if curves:
        from autoglm_agent.training.stages.progress import plot_curves

        plot_curves(list(curves), where / _plot_name(curves, before))
    card.write_text(render_card(found, curves, before), encoding="utf-8")
    return card


def read_results(path: Path) -> dict[str, Any]:
    """The results of an evaluation.

    Raises:
        InputError: no such file, or not what `run_eval` writes.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no results ({error}); make them by `autoglm eval --out {path}`.") from error
    if not isinstance(found, dict) or any(name not in found for name in _REQUIRED) or not found["rows"]:
        raise InputError(f"{path} is not what `autoglm eval --out` writes; make it anew.")
    return found


def weights_hash(directory: Path) -> str:
    """SHA-256 of a checkpoint's weights; empty when they are in several files, or not there."""
    path = directory / WEIGHTS_FILE
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def render_card(
    results: Mapping[str, Any], curves: Sequence[Path] = (), before: re.Match[str] | None = None
) -> str:
    """The card's text. `before` is what an earlier card said of its stages."""
    stages = _stages(curves, before)
    return "".join([_FRONT, _ABOUT, _DATA, _RECIPE, *stages, _results(results), _not_reached(results), _LIMITS])


_STAGES = re.compile(
    r"\n\| stage \| steps \| minutes \|\n\|---\|---\|---\|\n(?P<rows>(?:\|.*\n)+)(?P<plots>(?:\n!\[.*\n)+)"
)


def _plot_name(curves: Sequence[Path], before: re.Match[str] | None) -> str:
    return CURVES_FILE if before is None else f"curves_{curves[-1].parent.name}.png"


def _stages(curves: Sequence[Path], before: re.Match[str] | None) -> list[str]:
    """How long each logged stage took, and the plots."""
    lines = ["\n| stage | steps | minutes |", "|---|---|---|"]
    if before is not None:
        lines += before["rows"].splitlines()
    for path in curves:
        points = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if points:
            minutes = points[-1]["seconds"] / 60
            lines.append(f"| {path.parent.name} ({path.stem}) | {points[-1]['step']:,} | {minutes:.1f} |")
    if not curves:
        return [before[0]] if before is not None else []
    plots = before["plots"] if before is not None else ""
    return ["\n".join(lines), f"\n{plots}\n![curves of the stages]({_plot_name(curves, before)})\n"]


def _results(results: Mapping[str, Any]) -> str:
    lines = [
        "\n## Results\n",
        f"`autoglm eval --sizes {results['sizes']}` on {results['device']}, version {results['version']}: "
        f"{results['passed']} targets reached, {results['failed']} missed, {results['open']} not measured.",
        f"Weights: sha256 `{results['weights_sha256'][:16]}…`\n",
        *([f"{results['remark']}\n"] if results.get("remark") else []),
        "| | what | value | target | n | |",
        "|---|---|---|---|---|---|",
    ]
    previous = ""
    for row in results["rows"]:
        group = row["group"] if row["group"] != previous else ""
        previous = row["group"]
        mark = {True: "reached", False: "**missed**", None: ""}[row["passed"]]
        value = shown(row["value"], row["unit"]) if row["value"] is not None else row["note"]
        lines.append(f"| {group} | {row['title']} | {value} | {row['target']} | {row['n'] or ''} | {mark} |")
    return "\n".join(lines) + "\n"


def _not_reached(results: Mapping[str, Any]) -> str:
    missed = [row for row in results["rows"] if row["passed"] is False]
    if not missed:
        return ""
    lines = [
        f"- {row['group']}, {row['title']}: {shown(row['value'], row['unit'])}, wanted {row['target']}" for row in missed
    ]
    return "\n### Not reached\n\n" + "\n".join(lines) + "\n"
