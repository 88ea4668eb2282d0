"""The sentences the speech corpus speaks: distinct short Mandarin pieces of public dialogues, and simple English ones.

Text only: no audio here, and no commands of the home, the car or the robot (their generator hands its own list over).
A sentence's split is a hash of the sentence, so that it never changes when a source is added.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import tarfile
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoglm_agent.training.text.english_text import english_sentences
from autoglm_agent.training.text.spoken_numbers import spoken_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autoglm_agent.training.sample import Split

MIN_CHARACTERS, MAX_CHARACTERS = 4, 24
"""Shorter pieces are fillers that repeat; longer ones are rarely said in one breath and cost memory in a batch."""
EVAL_SHARE = 0.01
MIN_CHARACTER_COUNT = 40
"""A character seen less often in the whole text is left to byte fallback: too few examples to be learned from sound."""
HSK_HELD_OUT_SHARE = 0.075
WORD_HELD_OUT_SHARE = 0.08
ENGLISH_SENTENCES = 6_000
SENTENCES = 240_000
"""Out of some 960,000: as many as a few epochs of a short training need, and 4 MB of compressed text."""
COVERAGE = 150
"""A character is wanted in this many sentences before common ones fill the rest."""

_HAN = re.compile(r"[一-鿿]+")
_BREAK = re.compile(r"[^一-鿿A-Za-z0-9.:%/~¥℃°\-]+|(?<!\d)[.:%/~\-]+|[.:/~\-]+(?!\d)")
_LAUGHTER = re.compile(r"(.)\1{2,}")


def hash_share(text: str, salt: str) -> float:
    """A number in [0, 1) that depends on `text` and `salt` alone: the same on every machine and every run."""
    digest = hashlib.blake2b(text.encode(), digest_size=8, key=salt.encode()).digest()
    return int.from_bytes(digest, "big") / 2**64


def sentence_split(sentence: str) -> Split:
    """The split of a sentence for synthesis (1 % is for evaluation)."""
    return "eval" if hash_share(sentence, "sentence") < EVAL_SHARE else "train"


def hsk_split(text: str) -> Split:
    """The split of a recorded HSK sentence, by its bare text: punctuation does not move it."""
    return "eval" if hash_share(bare(text), "hsk") < HSK_HELD_OUT_SHARE else "train"


def word_split(word: str) -> Split:
    """The split of a human spoken word."""
    return "eval" if hash_share(word, "word") < WORD_HELD_OUT_SHARE else "train"


def pieces(text: str) -> Iterator[str]:
    """The parts of `text` between punctuation, numbers written out; pieces with anything but Han are dropped."""
    for part in _BREAK.split(text):
        spoken = spoken_form(part)
        if _HAN.fullmatch(spoken):
            yield spoken


def bare(text: str) -> str:
    """`text` as it is heard: numbers written out, lower case, no punctuation; one space between Latin words."""
    kept = re.sub(r"[^一-鿿a-z']+", " ", spoken_form(text).lower())
    return re.sub(r"(?<=[一-鿿]) | (?=[一-鿿])", "", kept).strip()


def hsk_sentences(data_dir: Path) -> list[tuple[str, str]]:
    """The recorded sentences as (file, text as written)."""
    lines = (data_dir / "speech" / "hsk_sentences.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [(file, text) for file, text in (line.split("\t") for line in lines)]


def human_words(data_dir: Path) -> list[str]:
    """The words of the human word recordings, in the archive's order."""
    with tarfile.open(data_dir / "speech" / "audio_cmn_words.tar") as tar:
        return [Path(name).stem for name in tar.getnames() if name.endswith(".mp3")]


def _smile(data_dir: Path) -> Iterator[str]:
    with gzip.open(data_dir / "text" / "smile_dialogues.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            for _, text in json.loads(line):
                yield text


def _messages(archive: Path, suffix: str, key: str) -> Iterator[str]:
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda item: item.name):
            stream = tar.extractfile(member) if member.name.endswith(suffix) else None
            if stream is None:
                continue
            payload = stream.read()
            if suffix.endswith(".zip"):
                with zipfile.ZipFile(BytesIO(payload)) as inner:
                    payload = inner.read(inner.namelist()[0])
            yield from _contents(json.loads(payload), key)


def _contents(dialogues: Any, key: str) -> Iterator[str]:
    for dialogue in dialogues.values() if isinstance(dialogues, dict) else dialogues:
        if isinstance(dialogue, dict) and "messages" in dialogue:
            for message in dialogue["messages"]:
                yield message[key]


def raw_texts(data_dir: Path) -> Iterator[str]:
    """Every utterance of the text sources, as written."""
    for _, text in hsk_sentences(data_dir):
        yield text
    yield from _messages(data_dir / "text" / "crosswoz.tar.gz", ".json.zip", "content")
    for name in ("dev.json", "test.json"):
        yield from _messages(data_dir / "text" / "kdconv.tar.gz", name, "message")
    yield from _smile(data_dir)


def held_out_pieces(data_dir: Path) -> frozenset[str]:
    """What synthesis must never say: held-out HSK sentences, whole and piece by piece, and held-out words alone."""
    held = {word for word in human_words(data_dir) if word_split(word) == "eval"}
    for _, text in hsk_sentences(data_dir):
        if hsk_split(text) == "eval":
            held.add(bare(text))
            held.update(pieces(text))
    return frozenset(held)


def build_sentences(data_dir: Path, *, limit: int = SENTENCES, seed: int = 0) -> list[str]:
    """At most `limit` distinct sentences for synthesis, Mandarin and a little English, shuffled by `seed`.

    No sentence is a held-out HSK sentence or word, holds a rare character, or the same character three times running.
    The words of the human recordings that are not held out are among them: a robot voice says single words too.
    """
    counts: Counter[str] = Counter()
    found: dict[str, None] = {}
    for text in raw_texts(data_dir):
        for piece in pieces(text):
            counts.update(piece)
            if MIN_CHARACTERS <= len(piece) <= MAX_CHARACTERS:
                found[piece] = None
    common = {char for char, count in counts.items() if count >= MIN_CHARACTER_COUNT and _is_simplified(char)}
    held = held_out_pieces(data_dir)
    kept = [piece for piece in found if common.issuperset(piece) and piece not in held and not _LAUGHTER.search(piece)]
    rng = random.Random(seed)
    rng.shuffle(kept)
    words = [word for word in human_words(data_dir) if len(word) > 1 and word not in held and _HAN.fullmatch(word)]
    english = english_sentences(rng, min(ENGLISH_SENTENCES, limit // 20))
    chosen = _covering(kept, max(0, limit - len(words) - len(english)))
    chosen = list(dict.fromkeys([*chosen, *words, *english]))[:limit]
    rng.shuffle(chosen)
    return chosen


def _covering(sentences: list[str], count: int) -> list[str]:
    """`count` of the sentences: first those that bring a character up to `COVERAGE`, then the rest in their order."""
    seen: Counter[str] = Counter()
    first, rest = [], []
    for sentence in sentences:
        if min(seen[char] for char in sentence) < COVERAGE:
            first.append(sentence)
            seen.update(sentence)
        else:
            rest.append(sentence)
    return (first + rest)[:count]


def _is_simplified(char: str) -> bool:
    """GB2312 holds the 6,763 simplified characters of common print and no traditional or exotic ones."""
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def write_sentences(path: Path, sentences: Iterable[str]) -> None:
    """One sentence a line, gzip without a time stamp: the same sentences give the same bytes."""
    path.write_bytes(gzip.compress("\n".join(sentences).encode(), compresslevel=9, mtime=0))


def read_sentences(path: Path, split: Split | None = None) -> list[str]:
    """The sentences of a file of `write_sentences`, of one split or all."""
    sentences = gzip.decompress(path.read_bytes()).decode().split("\n")
    return sentences if split is None else [item for item in sentences if sentence_split(item) == split]
