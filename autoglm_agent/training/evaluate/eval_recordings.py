"""The held-out recordings and photographs of `--data DIR`: the public sets as they are, or the packs of `train prepare`.

Only what is asked for is decoded. What is held out is decided where the training corpus decides it (by sentence, word,
speaker, and place in its class), so neither form of the data can hand a training item to the evaluation.
"""

from __future__ import annotations

import csv
import random
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autoglm_agent.errors import InputError
from autoglm_agent.training.pictures.photo_bank import BANK_FILE, load_bank
from autoglm_agent.training.pictures.photos import CLASSES, PhotoClass
from autoglm_agent.training.speech.speech_natural import HELD_OUT_SPEAKERS, read_wave
from autoglm_agent.training.speech.speech_text import bare, hsk_sentences, hsk_split, word_split
from autoglm_agent.training.speech.speech_wave import levelled, to_int16, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

HumanSource = Literal["hsk", "word", "speaker"]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out recording, int16 at 16 kHz, and what is said in it."""

    wave: NDArray[Any]
    text: str


@dataclass(frozen=True, slots=True)
class EvalData:
    """A data folder. `is_pack` tells the two forms apart."""

    directory: Path
    is_pack: bool

    @classmethod
    def of(cls, directory: Path) -> EvalData:
        """Raises InputError when it is neither form."""
        for marker, is_pack in (("speech/hsk_sentences.tsv", False), ("speech/sentences.txt.gz", True)):
            if (directory / marker).is_file():
                return cls(directory, is_pack)
        raise InputError(
            f"{directory} is no data folder: neither speech/hsk_sentences.tsv (the public sets) nor "
            "speech/sentences.txt.gz (the packs of `autoglm train prepare`) is in it; give one of the two."
        )

    def recordings(self, source: HumanSource, count: int, seed: int) -> list[HeldOut]:
        """At most `count` held-out recordings of a source, drawn by `seed`."""
        speech = self.directory / "speech"
        if self.is_pack:
            return _from_pack(speech, source, count, seed)
        if source == "speaker":
            return _drawn(_speaker_clips(speech), count, seed)
        texts = (
            {file: bare(text) for file, text in hsk_sentences(self.directory) if hsk_split(text) == "eval"}
            if source == "hsk" else None
        )
        return list(_from_archive(speech / _ARCHIVES[source], texts, count, seed))

    @property
    def atlas_dir(self) -> Path | None:
        """The folder of the packed atlas, if there is one."""
        return self.directory / "pictures" if self.is_pack and (self.directory / "pictures" / "atlas.npz").is_file() else None

    def photographs(self, count: int, seed: int) -> list[tuple[PhotoClass, bytes]]:
        """At most `count` held-out photographs as image files, drawn by `seed`."""
        rows = [(each, row) for each in CLASSES for row in each.rows("eval")]
        picked = _drawn(rows, count, seed)
        if self.is_pack:
            bank = load_bank(self.directory / "pictures" / BANK_FILE)
            return [(each, as_png(bank[row].permute(1, 2, 0).numpy())) for each, row in picked]
        with (self.directory / "vision" / "grocery_train.tsv").open(encoding="utf-8", newline="") as lines:
            files = [row["file"] for row in csv.DictReader(lines, delimiter="\t")]
        wanted = {files[row] for _, row in picked}
        found = dict(_members(self.directory / "vision" / "grocery_train.tar", wanted))
        return [(each, found[files[row]]) for each, row in picked]


_ARCHIVES: dict[HumanSource, str] = {"hsk": "hsk_sentences.tar", "word": "audio_cmn_words.tar"}


def as_png(pixels: NDArray[Any]) -> bytes:
    """uint8 [H, W, 3] as a PNG file."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _drawn(items: Iterable[Any], count: int, seed: int) -> list[Any]:
    found = list(items)
    random.Random(seed).shuffle(found)
    return found[:count]


def _finished(wave: NDArray[Any]) -> NDArray[Any]:
    return to_int16(levelled(trimmed(wave)))


def _members(archive: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The files of an archive with these names, folders aside."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = Path(member.name).name
            stream = tar.extractfile(member) if name in wanted and member.isfile() else None
            if stream is not None:
                yield name, stream.read()


def _from_archive(archive: Path, texts: dict[str, str] | None, count: int, seed: int) -> Iterator[HeldOut]:
    """Without `texts` the files are words, named by what is said."""
    if texts is None:
        with tarfile.open(archive) as tar:
            stems = {Path(name).name: Path(name).stem for name in tar.getnames() if name.endswith(".mp3")}
        texts = {name: word for name, word in stems.items() if word_split(word) == "eval"}
    picked = _drawn(sorted(texts), count, seed)
    found = dict(_members(archive, set(picked)))
    for name in picked:
        if name in found:
            yield HeldOut(_finished(read_wave(found[name])), texts[name])


def _speaker_clips(speech: Path) -> Iterator[HeldOut]:
    """All takes of the held-out speakers."""
    folder = speech / "dspspeech20"
    with (folder / "clips.tsv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if Path(row["file"]).stem in HELD_OUT_SPEAKERS]
    for file in sorted({row["file"] for row in rows}):
        wave = read_wave(folder / file)
        for row in rows:
            if row["file"] == file:
                cut = wave[int(row["start_sample_16k"]) : int(row["end_sample_16k"])]
                yield HeldOut(_finished(cut), row["text"])


def _from_pack(speech: Path, source: HumanSource, count: int, seed: int) -> list[HeldOut]:
    """Held-out rows of all shards are drawn first; then only those stretches of audio are decoded."""
    import soundfile

    rows: list[tuple[Path, int, int, str]] = []
    for table in sorted(speech.glob(f"{source}-*.tsv")):
        with table.open(encoding="utf-8", newline="") as lines:
            rows += [
                (table.with_suffix(".opus"), int(row["start"]), int(row["length"]), row["text"])
                for row in csv.DictReader(lines, delimiter="\t") if row["split"] == "eval"
            ]
    picked = _drawn(rows, count, seed)
    found = []
    for path, start, length, text in picked:
        wave, _ = soundfile.read(path, start=start, frames=length, dtype="int16")
        found.append(HeldOut(wave, text))
    return found
