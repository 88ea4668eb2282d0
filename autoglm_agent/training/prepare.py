"""From the public sets to the compact packs of the stages: `autoglm train prepare`. Fonts must be installed for labels."""

from __future__ import annotations

import csv
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from autoglm_agent.errors import InputError
from autoglm_agent.training.pictures.photo_bank import pack_photos
from autoglm_agent.training.pictures.photos import CLASSES
from autoglm_agent.training.pictures.sprites import FONT_PACKAGES, Atlas, build_atlas
from autoglm_agent.training.speech.pack import build_pack
from autoglm_agent.training.text.raw_text import build_text_pack

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDED = ("speech/hsk_sentences.tar", "vision/grocery_train.tar", "text/smile_dialogues.jsonl.gz")


def prepare_packs(data: Path, out: Path) -> Iterator[str]:
    """Build every pack under `out`; yields a line for each.

    Raises:
        InputError: the data folder lacks a set, or the machine a font.
    """
    for name in NEEDED:
        if not (data / name).is_file():
            raise InputError(f"{data / name} is missing; get the public sets that the model card names.")
    yield f"text: {_mib(build_text_pack(data / 'text', out / 'text').parent):.1f} MiB"
    if not Atlas.load(build_atlas(out / "pictures")).is_whole:
        raise InputError(f"fonts for labels and scenes are missing; apt-get install {FONT_PACKAGES}, then prepare again.")
    _photos(data / "vision", out / "pictures")
    yield f"pictures: {_mib(out / 'pictures'):.1f} MiB"
    yield f"speech: {build_pack(data, out / 'speech') / 2**20:.1f} MiB"


def _photos(vision: Path, out: Path) -> None:
    """Pack the photographs in the order of `photos.CLASSES`."""
    by_class: dict[str, list[str]] = defaultdict(list)
    with (vision / "grocery_train.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            by_class[row["class"]].append(row["file"])
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(vision / "grocery_train.tar") as archive:
            archive.extractall(folder, filter="data")
        found = {path.name: path for path in Path(folder).rglob("*.jpg")}
        pack_photos([found[name] for c in CLASSES for name in by_class[c.english]], out)


def _mib(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 2**20
