"""The human (and one natural synthetic) recordings, from their archives: trimmed, levelled, 16 kHz, with their split.

The split is by sentence (HSK), by word, or by speaker; syllables are for training only. Nothing is augmented here.
"""

from __future__ import annotations

import csv
import re
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from autoglm_agent.training.speech.speech_phones import is_syllable
from autoglm_agent.training.speech.speech_text import bare, hsk_sentences, hsk_split, word_split
from autoglm_agent.training.speech.speech_wave import levelled, to_16k, to_int16, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from autoglm_agent.training.sample import Split

Source = Literal["hsk", "word", "syllable", "syllable2", "speaker"]
SOURCES: tuple[Source, ...] = ("hsk", "word", "syllable", "syllable2", "speaker")
HELD_OUT_SPEAKERS = frozenset({"spk03", "spk11", "spk17", "spk24"})
_NARROW_LEAD, _NARROW_TAIL = 480, 800
"""Syllables keep less silence at their ends (30 and 50 ms): they are joined into sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording. `text` is bare text (no punctuation), or toned pinyin for the two syllable sources."""

    wave: NDArray[np.int16]
    """16 kHz, mono."""
    text: str
    source: Source
    speaker: str
    split: Split


def read_wave(payload: bytes | Path) -> NDArray[np.float32]:
    """Decodes any file libsndfile knows (mp3, opus, flac, wav) to 16 kHz mono."""
    import soundfile  # an extra of training; the rest of the module works without

    wave, rate_hz = soundfile.read(BytesIO(payload) if isinstance(payload, bytes) else payload, dtype="float32")
    return to_16k(wave if wave.ndim == 1 else wave.mean(axis=1), rate_hz)


def _finished(wave: NDArray[np.float32], *, narrow: bool = False) -> NDArray[np.int16]:
    cut = trimmed(wave, _NARROW_LEAD, _NARROW_TAIL) if narrow else trimmed(wave)
    return to_int16(levelled(cut))


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The audio files of an archive as (name without folder, bytes), in the order of their names."""
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda item: item.name):
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is not None:
                yield Path(member.name).name, stream.read()


def _hsk(speech_dir: Path) -> Iterator[Recording]:
    texts = dict(hsk_sentences(speech_dir.parent))
    for name, payload in _members(speech_dir / "hsk_sentences.tar"):
        if name in texts:
            text = texts[name]
            wave = _finished(read_wave(payload))
            yield Recording(wave=wave, text=bare(text), source="hsk", speaker="hsk", split=hsk_split(text))


def _words(speech_dir: Path) -> Iterator[Recording]:
    for name, payload in _members(speech_dir / "audio_cmn_words.tar"):
        word = Path(name).stem
        wave = _finished(read_wave(payload))
        yield Recording(wave=wave, text=word, source="word", speaker="cmn", split=word_split(word))


def _syllables(speech_dir: Path, archive: str, source: Source, speaker: str) -> Iterator[Recording]:
    for name, payload in _members(speech_dir / archive):
        pinyin = re.sub(r"^([jqxy])v", r"\1u", Path(name).stem)
        if is_syllable(pinyin):
            wave = _finished(read_wave(payload), narrow=True)
            yield Recording(wave=wave, text=pinyin, source=source, speaker=speaker, split="train")


def _speakers(speech_dir: Path) -> Iterator[Recording]:
    folder = speech_dir / "dspspeech20"
    with (folder / "clips.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    for file in sorted({row["file"] for row in rows}):
        recording, speaker = read_wave(folder / file), Path(file).stem
        split: Split = "eval" if speaker in HELD_OUT_SPEAKERS else "train"
        for row in rows:
            if row["file"] == file:
                wave = _finished(recording[int(row["start_sample_16k"]) : int(row["end_sample_16k"])])
                yield Recording(wave=wave, text=row["text"], source="speaker", speaker=speaker, split=split)


def recordings(data_dir: Path, source: Source) -> Iterator[Recording]:
    """Every recording of one source of the data folder, in a fixed order."""
    speech_dir = data_dir / "speech"
    match source:
        case "hsk":
            return _hsk(speech_dir)
        case "word":
            return _words(speech_dir)
        case "syllable":
            return _syllables(speech_dir, "audio_cmn_syllables.tar", source, "cmn-syllable")
        case "syllable2":
            return _syllables(speech_dir, "pinyin_sound_syllables.tar", source, "pinyin-sound")
        case "speaker":
            return _speakers(speech_dir)
