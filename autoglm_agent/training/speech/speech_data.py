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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from autoglm_agent.training.speech.readings import read, read_many
from autoglm_agent.training.speech.speech_phones import phones_of_pinyin, pinyin_of
from autoglm_agent.training.speech.syllable_bank import SyllableBank, concatenated_speech, concatenated_syllables
from autoglm_agent.training.speech.synthesis import Utterance, random_utterance, synthesise, synthesise_many
from autoglm_agent.training.speech.wave_bank import Recipe, WaveBank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from autoglm_agent.training.speech.pack import NaturalSpeech
    from autoglm_agent.training.speech.speech_natural import Recording

MIN_SAMPLES = 1600
"""A tenth of a second: what is shorter says nothing."""
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

    synthetic: int = 200_000
    commands: int = 30_000
    cantonese: int = 6_000
    joined: int = 20_000


@dataclass(frozen=True, slots=True)
class Clip:
    """A labelled recording: bare text, and its phones (none: the phones teach nothing). Syllables have no text."""

    wave: NDArray[np.int16]
    text: str
    phones: tuple[int, ...]
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
    return [Clip(r[1], r[0], phones, "joined") for r in results if r is not None and (phones := read(r[0]).phones) is not None]


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


def natural_clips(natural: NaturalSpeech, split: str) -> list[Clip]:
    """The recordings of one split; syllables carry phones only."""
    clips = []
    for item in natural.recordings:
        if item.split != split:
            continue
        if item.source in ("syllable", "syllable2"):
            clips.append(Clip(item.wave, "", tuple(phones_of_pinyin([item.text])), "syllable"))
        elif (phones := read(item.text).phones) is not None:
            clips.append(Clip(item.wave, item.text, phones, item.source))
    return clips


def synthetic_clips(
    kinds: Mapping[str, Sequence[str]], *, seed: int, workers: int, cantonese: Sequence[str] = ()
) -> list[Clip]:
    """Texts spoken by training voices, `kinds` by their source; those that cannot be read are left out."""
    labelled = [(source, text) for source, texts in kinds.items() for text in texts]
    readings = read_many([text for _, text in labelled], workers)
    planned = [
        (source, reading.phones, random_utterance(text, "train", seed + i, pinyin=reading.pinyin))
        for i, ((source, text), reading) in enumerate(zip(labelled, readings, strict=True))
        if reading.phones is not None
    ]
    planned += [("cantonese", (), random_utterance(text, "train", seed, lang="yue")) for text in cantonese]
    # One call for all kinds: starting the processes takes longer than the smallest of them.
    waves = say_utterances([utterance for _, _, utterance in planned], workers)
    return [
        Clip(wave, utterance.text, phones, source)
        for (source, phones, utterance), wave in zip(planned, waves, strict=True)
        if len(wave) > MIN_SAMPLES
    ]


def training_clips(
    natural: NaturalSpeech, sentences: Sequence[str], commands: Sequence[str], amounts: Amounts, *, seed: int, workers: int,
    say: Callable[[str], None],
) -> list[Clip]:
    """Everything the stage trains on, deterministic by seed.

    Args:
        natural: the recordings of the pack.
        sentences: of the pack's training split.
        commands: texts of the other kinds of talk.
    """
    rng = random.Random(seed)
    shuffled = rng.sample(sentences, len(sentences))
    clips = natural_clips(natural, "train")
    say(f"{len(clips)} recordings")
    texts = [shuffled[i % len(shuffled)] for i in range(amounts.synthetic)]
    made = synthetic_clips(
        {"synthetic": texts, "command": commands[: amounts.commands]}, seed=seed, workers=workers,
        cantonese=_cantonese(commands, shuffled, amounts),
    )  # fmt: skip
    say(f"{len(made)} synthetic utterances")
    joined = joined_clips(natural.recordings, shuffled[: amounts.joined], seed, workers)
    say(f"{len(joined)} joined sentences")
    return clips + made + joined


def _cantonese(commands: Sequence[str], sentences: Sequence[str], amounts: Amounts) -> list[str]:
    half = amounts.cantonese // 2
    return [t for t in [*commands[-half:], *sentences[-half:]] if not t.isascii()]


def bank_of(clips: Sequence[Clip], encode: Callable[[str], list[int]], device: torch.device | str) -> WaveBank:
    """Clips with their labels, on the device."""
    return WaveBank(
        [c.wave for c in clips], [encode(c.text) for c in clips], [c.phones for c in clips], [c.source for c in clips], device
    )


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


def speech_eval_sets(
    natural: NaturalSpeech, sentences: Sequence[str], commands: Sequence[str], *, size: int, workers: int, seed: int = 99
) -> list[EvalSet]:
    """Unseen sentences in unseen voices, commands, and the held-out recordings.

    Args:
        natural: the recordings of the pack.
        sentences: of the pack's held-out split; `commands` likewise.
    """
    sentences = sentences[:size]
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
    for name, by_syllable in (("hsk", False), ("word", True), ("speaker", True)):
        picked = [item for item in natural.recordings if item.split == "eval" and item.source == name]
        random.Random(seed).shuffle(picked)
        picked = picked[:size]
        sets.append(EvalSet(name, [p.wave for p in picked], [p.text for p in picked], by_syllable))
    return sets


__all__ = ["RECIPES", "Amounts", "Clip", "EvalSet", "bank_of", "speech_eval_sets", "training_clips"]
