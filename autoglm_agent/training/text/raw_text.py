"""Snippets of real dialogues as a warm-up for the language: a compact pack made from public sets, and its reader.

Sources: SMILE (CC0), CrossWOZ and KdConv (Apache-2.0), as in the data folder's `text/`.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from autoglm_agent.training.sample import Message, Sample

PACK_NAME: Final = "raw_dialogues.jsonl.gz"
_MOST_CHARS: Final = 220
"""A snippet's length: it has to fit the short contexts of the first training stage."""
_CLEAN: Final = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9，。？！、：；,.?!:;%\-（）()《》“” ]")

Turns = list[str]


def build_text_pack(text_dir: Path, out_dir: Path, *, max_bytes: int = 6 * 2**20, seed: int = 0) -> Path:
    """Cut the dialogues into snippets of whole turns, beginning with the user and ending with the answer, and pack them.

    Args:
        text_dir: the folder with `smile_dialogues.jsonl.gz`, `crosswoz.tar.gz`, `kdconv.tar.gz`.
        out_dir: where the pack goes.
        max_bytes: the pack is cut to this size.
        seed: which snippets come first, and so stay.
    """
    rng = random.Random(seed)
    snippets = [snippet for turns in _sources(text_dir) for snippet in _cut(turns, rng)]
    rng.shuffle(snippets)
    out_dir.mkdir(parents=True, exist_ok=True)
    keep = len(snippets)
    while True:
        packed = _packed(snippets[:keep])
        if len(packed) <= max_bytes:
            break
        keep = int(keep * max_bytes / len(packed) * 0.99)
    path = out_dir / PACK_NAME
    path.write_bytes(packed)
    return path


def raw_dialogues(data_dir: Path) -> Iterator[Sample]:
    """The snippets of the pack in `data_dir`, once."""
    with gzip.open(data_dir / PACK_NAME, "rt", encoding="utf-8") as lines:
        for line in lines:
            turns: Turns = json.loads(line)
            messages = tuple(
                Message(role="assistant" if index % 2 else "user", text=text) for index, text in enumerate(turns)
            )
            yield Sample(task="raw_dialogue", messages=messages, think="never")


def _packed(snippets: Iterable[Turns]) -> bytes:
    text = "".join(json.dumps(turns, ensure_ascii=False, separators=(",", ":")) + "\n" for turns in snippets)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(text.encode())
    return buffer.getvalue()


def _cut(turns: Turns, rng: random.Random) -> Iterator[Turns]:
    """Runs of whole turns within the length; a turn in a run is used once."""
    at = 0
    while at + 1 < len(turns):
        limit = rng.choice((60, 120, 180, _MOST_CHARS))
        taken = 0
        total = 0
        while at + taken + 1 < len(turns):
            pair = len(turns[at + taken]) + len(turns[at + taken + 1])
            if total + pair > (limit if taken else _MOST_CHARS):
                break
            total += pair
            taken += 2
        if taken:
            yield turns[at : at + taken]
        at += taken or 2


def _sources(text_dir: Path) -> Iterator[Turns]:
    with gzip.open(text_dir / "smile_dialogues.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _alternating((role == "client", text) for role, text in json.loads(line))
    for data in _crosswoz(text_dir / "crosswoz.tar.gz"):
        for dialogue in data.values():
            yield _alternating((message["role"] == "usr", message["content"]) for message in dialogue["messages"])
    with tarfile.open(text_dir / "kdconv.tar.gz") as archive:
        for member in archive:
            if member.name.endswith(("dev.json", "test.json")) and (file := archive.extractfile(member)):
                for dialogue in json.load(file):
                    texts = [message["message"] for message in dialogue["messages"]]
                    yield _alternating((index % 2 == 0, text) for index, text in enumerate(texts))


def _crosswoz(path: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(("val.json.zip", "test.json.zip")) and (file := archive.extractfile(member)):
                with zipfile.ZipFile(io.BytesIO(file.read())) as inner:
                    for name in inner.namelist():
                        if name.endswith(".json") and "/" not in name:
                            yield json.loads(inner.read(name))


def _alternating(turns: Iterable[tuple[bool, str]]) -> Turns:
    """Texts of user and other in turn, the user first; a speaker's turns in a row are one."""
    out: Turns = []
    for is_user, text in turns:
        cleaned = _CLEAN.sub("", text).strip()
        if is_user == (len(out) % 2 == 0):
            out.append(cleaned)
        elif out:
            out[-1] += cleaned
    return out
