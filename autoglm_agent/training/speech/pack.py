"""The compact pack of the speech corpus: sentences for synthesis and all recordings, small enough to carry about.

A source is a few shards; a shard is one Ogg Opus file (16 kHz mono) of recordings with short silences between them, and
a table of where each begins. Shards are written whole or not at all, so an interrupted build goes on where it stopped.
The pack needs soundfile; it holds no synthetic speech, which is made again from its text in seconds.
"""

from __future__ import annotations

import csv
import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from autoglm_agent.training.speech.speech_natural import SOURCES, Recording, Source, recordings
from autoglm_agent.training.speech.speech_text import build_sentences, read_sentences, write_sentences
from autoglm_agent.training.speech.speech_wave import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autoglm_agent.training.sample import Split

SHARD_SAMPLES = 600 * SAMPLE_RATE_HZ
"""Ten minutes of audio: 20 seconds to encode, 40 shards in all, so 16 cores decode them evenly."""
GAP_SAMPLES = SAMPLE_RATE_HZ * 8 // 100
"""80 ms of silence between recordings: the codec's windows do not smear one into the next."""
COMPRESSION_LEVEL: dict[Source, float] = {
    "hsk": 0.958, "word": 0.965, "syllable": 0.957, "syllable2": 0.96, "speaker": 0.968,
}  # fmt: skip
"""libsndfile's 0 to 1; about 18 kb/s down to 15 kb/s: the whole under 46 MiB."""
SENTENCES_FILE = "sentences.txt.gz"
_COLUMNS = ("start", "length", "split", "speaker", "text")


@dataclass(frozen=True, slots=True)
class NaturalSpeech:
    """All recordings of a pack, in memory."""

    recordings: list[Recording] = field(default_factory=list)

    def select(self, *sources: Source, split: Split | None = None) -> list[Recording]:
        """The recordings of the sources (none named: all) and of one split (None: both)."""
        return [
            item
            for item in self.recordings
            if (not sources or item.source in sources) and (split is None or item.split == split)
        ]

    def hours(self, *sources: Source, split: Split | None = None) -> float:
        """How much that is."""
        return sum(item.wave.size for item in self.select(*sources, split=split)) / SAMPLE_RATE_HZ / 3600


def _shards(items: Iterable[Recording]) -> Iterator[list[Recording]]:
    shard: list[Recording] = []
    size = 0
    for item in items:
        shard.append(item)
        size += item.wave.size + GAP_SAMPLES
        if size >= SHARD_SAMPLES:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def _write_shard(stem: Path, shard: list[Recording]) -> None:
    import soundfile  # an extra of training

    parts: list[NDArray[np.int16]] = []
    rows: list[tuple[object, ...]] = []
    position = 0
    for item in shard:
        rows.append((position, item.wave.size, item.split, item.speaker, item.text))
        parts += [item.wave, np.zeros(GAP_SAMPLES, np.int16)]
        position += item.wave.size + GAP_SAMPLES
    partial = stem.with_suffix(".part")
    with soundfile.SoundFile(
        partial, "w", samplerate=SAMPLE_RATE_HZ, channels=1, format="OGG", subtype="OPUS",
        compression_level=COMPRESSION_LEVEL[shard[0].source],
    ) as file:  # fmt: skip
        file.write(np.concatenate(parts))
    with stem.with_suffix(".tsv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, delimiter="\t", lineterminator="\n")
        writer.writerows([_COLUMNS, *rows])
    partial.rename(stem.with_suffix(".opus"))


def build_source(data_dir: Path, out_dir: Path, source: Source) -> None:
    """Writes the missing shards of one source."""
    for index, shard in enumerate(_shards(recordings(data_dir, source))):
        stem = out_dir / f"{source}-{index:02d}"
        if not stem.with_suffix(".opus").exists():
            _write_shard(stem, shard)


def build_pack(data_dir: Path, out_dir: Path, *, workers: int = 2) -> int:
    """Builds (or completes) the pack of the data folder; returns its size in bytes."""
    out_dir.mkdir(parents=True, exist_ok=True)
    if not (out_dir / SENTENCES_FILE).exists():
        write_sentences(out_dir / SENTENCES_FILE, build_sentences(data_dir))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.starmap(build_source, [(data_dir, out_dir, source) for source in SOURCES], chunksize=1)
    return sum(path.stat().st_size for path in out_dir.iterdir() if path.suffix in (".opus", ".tsv", ".gz"))


def _read_shard(audio: Path) -> list[Recording]:
    import soundfile  # an extra of training

    wave, rate_hz = soundfile.read(audio, dtype="int16")
    if rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"{audio.name} is at {rate_hz} Hz, not {SAMPLE_RATE_HZ}")
    source = cast("Source", audio.stem.rpartition("-")[0])
    with audio.with_suffix(".tsv").open(encoding="utf-8", newline="") as table:
        return [
            Recording(
                wave=wave[int(row["start"]) : int(row["start"]) + int(row["length"])],
                text=row["text"],
                source=source,
                speaker=row["speaker"],
                split=cast("Split", row["split"]),
            )
            for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
        ]


def load_pack(pack_dir: Path, *, workers: int = 0) -> NaturalSpeech:
    """Decodes every shard of a pack; with `workers`, in that many processes."""
    audio = sorted(pack_dir.glob("*.opus"))
    if workers > 1:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            shards = pool.map(_read_shard, audio, chunksize=1)
    else:
        shards = [_read_shard(path) for path in audio]
    return NaturalSpeech([item for shard in shards for item in shard])


def load_sentences(pack_dir: Path, split: Split | None = None) -> list[str]:
    """The sentences for synthesis of a pack, of one split or all."""
    return read_sentences(pack_dir / SENTENCES_FILE, split)


def recorded_texts(pack_dir: Path) -> list[tuple[Source, str]]:
    """Source and text of every training recording of a pack; nothing is decoded."""
    texts: list[tuple[Source, str]] = []
    for table in sorted(pack_dir.glob("*.tsv")):
        with table.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
            source = cast("Source", table.stem.rpartition("-")[0])
            texts += [(source, row["text"]) for row in rows if row["split"] == "train"]
    return texts
