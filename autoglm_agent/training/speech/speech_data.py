"""The material of the speech stage, made from the pack: synthetic speech of many voices, human recordings, joined syllables.

Built once per machine from text and seeds (so nothing large travels), labelled with tokens and phones, and put on the
device. The evaluation sets are made here too, so that training and `autoglm eval` score the same things.
"""

from __future__ import annotations

import multiprocessing
import pickle
import random
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from autoglm_agent.training.speech.pack import NaturalSpeech, load_pack, load_sentences
from autoglm_agent.training.speech.speech_phones import phones_of, phones_of_pinyin, pinyin_of
from autoglm_agent.training.speech.syllable_bank import SyllableBank, concatenated_speech, concatenated_syllables
from autoglm_agent.training.speech.synthesis import Utterance, random_utterance, synthesise, synthesise_many
from autoglm_agent.training.speech.wave_bank import Recipe, WaveBank

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from autoglm_agent.training.speech.speech_natural import Recording

RECIPES: dict[str, Recipe] = {
    "synthetic": Recipe(share=0.42, join=0.12, min_speed=0.92, max_speed=1.09),
    "command": Recipe(share=0.12, join=0.05, min_speed=0.92, max_speed=1.09),
    "cantonese": Recipe(share=0.03, join=0.0),
    "joined": Recipe(share=0.10, join=0.0, min_speed=0.9, max_speed=1.12),
    "hsk": Recipe(share=0.19, join=0.25, min_speed=0.8, max_speed=1.25),
    "word": Recipe(share=0.08, join=0.5, min_speed=0.8, max_speed=1.25),
    "speaker": Recipe(share=0.04, join=0.5, min_speed=0.85, max_speed=1.18),
    "syllable": Recipe(share=0.02, join=0.6, min_speed=0.85, max_speed=1.2),
}
"""Shares of training seconds by source, and how each is joined and sped: natural speech gets far more than its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How many utterances of each made kind to make."""

    synthetic: int = 150_000
    commands: int = 30_000
    cantonese: int = 6_000
    joined: int = 20_000


@dataclass(frozen=True, slots=True)
class Clip:
    """A labelled recording: bare text, or (for syllables) toned pinyin with no text."""

    wave: NDArray[np.int16]
    text: str
    pinyin: tuple[str, ...]
    source: str


_bank: list[SyllableBank] = []
"""Of the parent, inherited by the joining processes: a third of a gigabyte that is not worth sending."""


def _join(task: tuple[str, int]) -> tuple[str, NDArray[np.int16]] | None:
    text, seed = task
    rng = random.Random(seed)
    try:
        if rng.random() < 0.5:
            return text, concatenated_speech(text, _bank[0], rng)
        return text, concatenated_syllables(pinyin_of(text), _bank[0], rng)
    except (KeyError, ValueError, IndexError):
        return None


def _read(text: str) -> str:
    return "" if text.isascii() else " ".join(pinyin_of(text))


def pinyin_many(texts: Sequence[str], workers: int) -> list[str]:
    """Toned pinyin of each Mandarin text (empty for English), in many processes: 2,000 a second in one."""
    if workers <= 0:
        return [_read(text) for text in texts]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return pool.map(_read, texts, chunksize=256)


def joined_clips(recordings: Sequence[Recording], texts: Sequence[str], seed: int, workers: int) -> list[Clip]:
    """Sentences read by joined human syllables and words; sentences with a syllable nobody recorded are left out."""
    if not texts:
        return []
    tasks = [(text, seed + i) for i, text in enumerate(texts)]
    _bank[:] = [SyllableBank.of(recordings)]
    try:
        if workers <= 0:
            results = list(map(_join, tasks))
        else:
            with multiprocessing.get_context("fork").Pool(workers) as pool:
                results = pool.map(_join, tasks, chunksize=64)
    finally:
        _bank.clear()
    return [Clip(r[1], r[0], tuple(pinyin_of(r[0])), "joined") for r in results if r is not None]


def say_utterances(utterances: Sequence[Utterance], workers: int) -> list[NDArray[np.int16]]:
    """All waves in order, with progress shown ten times; with 0 workers in this process."""
    if workers <= 0:
        return [synthesise(u) for u in utterances]
    started = time.monotonic()
    shown = 0

    def progress(done: int, total: int) -> None:
        nonlocal shown
        if done * 10 // total > shown:
            shown = done * 10 // total
            sys.stdout.write(f"    {done}/{total} utterances, {done / (time.monotonic() - started):.0f}/s\n")
            sys.stdout.flush()

    return list(synthesise_many(utterances, workers, progress=progress))


def synthetic_clips(utterances: Sequence[Utterance], source: str, workers: int) -> list[tuple[Clip, Utterance]]:
    """Utterances spoken by espeak-ng, each with what it was made from; Cantonese has no Mandarin phones."""
    return [
        (Clip(wave, u.text, () if u.lang == "yue" else tuple(u.pinyin.split() or pinyin_of(u.text)), source), u)
        for u, wave in zip(utterances, say_utterances(utterances, workers), strict=True)
        if len(wave) > 1600
    ]


def natural_clips(natural: NaturalSpeech, split: str) -> list[Clip]:
    """The recordings of one split; syllables carry pinyin only."""
    clips = []
    for item in natural.recordings:
        if item.split != split:
            continue
        if item.source in ("syllable", "syllable2"):
            clips.append(Clip(item.wave, "", (item.text,), "syllable"))
        else:
            clips.append(Clip(item.wave, item.text, tuple(pinyin_of(item.text)), item.source))
    return clips


def training_clips(
    pack_dir: Path, commands: Sequence[str], amounts: Amounts, *, seed: int, workers: int,
    say: Callable[[str], None],
) -> list[Clip]:
    """Everything the stage trains on, deterministic by seed."""
    rng = random.Random(seed)
    sentences = load_sentences(pack_dir, "train")
    rng.shuffle(sentences)
    natural = load_pack(pack_dir, workers=workers)
    clips = natural_clips(natural, "train")
    say(f"{len(clips)} recordings")
    texts = [sentences[i % len(sentences)] for i in range(amounts.synthetic)]
    pinyin = pinyin_many([*texts, *commands[: amounts.commands]], workers)
    say(f"{len(pinyin)} texts read")
    plans = [
        ("synthetic", [random_utterance(t, "train", seed + i, pinyin=p) for i, (t, p) in enumerate(zip(texts, pinyin, strict=False))]),
        (
            "command",
            [random_utterance(t, "train", seed + 7 + i, pinyin=p) for i, (t, p) in enumerate(zip(commands, pinyin[len(texts) :], strict=False))],
        ),
        ("cantonese", [random_utterance(t, "train", seed, lang="yue") for t in _cantonese(commands, sentences, amounts)]),
    ]
    # One call for all kinds: starting the processes takes longer than the smallest of them.
    made = synthetic_clips([u for _, utterances in plans for u in utterances], "synthetic", workers)
    kind = {id(u): source for source, utterances in plans for u in utterances}
    clips += [replace(clip, source=kind[id(u)]) for clip, u in made]
    say(f"{len(made)} synthetic utterances")
    joined = joined_clips(natural.recordings, sentences[: amounts.joined], seed, workers)
    say(f"{len(joined)} joined sentences")
    return clips + joined


def command_clips(commands: Sequence[str], seed: int, workers: int) -> list[Clip]:
    """Commands and questions spoken by training voices."""
    pinyin = pinyin_many(commands, workers)
    utterances = [
        random_utterance(t, "train", seed + 7 + i, pinyin=p) for i, (t, p) in enumerate(zip(commands, pinyin, strict=True))
    ]
    return [clip for clip, _ in synthetic_clips(utterances, "command", workers)]


def _cantonese(commands: Sequence[str], sentences: Sequence[str], amounts: Amounts) -> list[str]:
    half = amounts.cantonese // 2
    return [t for t in [*commands[-half:], *sentences[-half:]] if not t.isascii()]


def bank_of(clips: Sequence[Clip], encode: Callable[[str], list[int]], device: torch.device | str) -> WaveBank:
    """Clips with their labels, on the device. Clips whose pinyin has no phones are left out."""
    kept: list[Clip] = []
    phones: list[list[int]] = []
    for clip in clips:
        try:
            phones.append(phones_of_pinyin(list(clip.pinyin)))
        except ValueError:
            continue
        kept.append(clip)
    return WaveBank([c.wave for c in kept], [encode(c.text) for c in kept], phones, [c.source for c in kept], device)


def save_bank(bank: WaveBank, folder: Path) -> None:
    """Keep a bank for the next run on the same machine."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "lengths.npy", bank.lengths)
    labels = (list(bank.tokens), list(bank.phones), bank.sources.tolist())
    (folder / "labels.pickle").write_bytes(pickle.dumps(labels))
    np.save(folder / "flat.npy", bank.flat.cpu().numpy())


def load_bank(folder: Path, device: torch.device | str) -> WaveBank:
    """A bank kept by `save_bank`."""
    lengths = np.load(folder / "lengths.npy")
    tokens, phones, sources = pickle.loads((folder / "labels.pickle").read_bytes())
    flat = torch.from_numpy(np.load(folder / "flat.npy")).to(device)
    return WaveBank.of_flat(flat, lengths, tokens, phones, sources)


@dataclass(frozen=True, slots=True)
class EvalSet:
    """Recordings with what is said in them; `by_syllable` scores words, whose characters have homophones."""

    name: str
    waves: list[NDArray[np.int16]]
    texts: list[str]
    by_syllable: bool = False


def speech_eval_sets(pack_dir: Path | None, commands: Sequence[str], *, size: int, workers: int, seed: int = 99) -> list[EvalSet]:
    """Unseen sentences in unseen voices, commands, and (with a pack) the held-out recordings."""
    sentences: list[str] = load_sentences(pack_dir, "eval")[:size] if pack_dir else []
    spoken = [t for t in commands if not t.isascii()]
    plans = [
        ("synthetic", [random_utterance(t, "eval", seed) for t in sentences]),
        ("commands", [random_utterance(t, "eval", seed) for t in spoken[:size]]),
        ("cantonese", [random_utterance(t, "eval", seed, lang="yue") for t in spoken[: size // 2]]),
    ]
    waves = iter(say_utterances([u for _, utterances in plans for u in utterances], workers))
    sets = []
    for name, utterances in plans:
        if utterances:
            sets.append(EvalSet(name, [next(waves) for _ in utterances], [u.text for u in utterances]))
    if pack_dir:
        natural = load_pack(pack_dir, workers=workers)
        for name, by_syllable in (("hsk", False), ("word", True), ("speaker", True)):
            picked = [item for item in natural.recordings if item.split == "eval" and item.source == name]
            random.Random(seed).shuffle(picked)
            picked = picked[:size]
            sets.append(EvalSet(name, [p.wave for p in picked], [p.text for p in picked], by_syllable))
    return sets


__all__ = ["RECIPES", "Amounts", "Clip", "EvalSet", "bank_of", "phones_of", "speech_eval_sets", "training_clips"]
