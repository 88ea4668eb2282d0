"""Spoken conversations for the fusion stage: said by many voices in many rooms, heard once by the finished speech encoder.

What is kept is what the backbone gets: hidden frames and the transcript with its true errors. Several versions of each
utterance (clean to noisy) teach it when to trust which. Noise and gibberish stand in where a sample asks for a repetition.
"""

from __future__ import annotations

import multiprocessing
import random
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from autoglm_agent.training.speech.readings import read_many
from autoglm_agent.training.speech.speech_augment import (
    AugmentConfig,
    coloured_noise,
    levelled_waves,
    through_rooms_and_bands,
    with_noise,
)
from autoglm_agent.training.speech.speech_data import say_utterances
from autoglm_agent.training.speech.synthesis import random_utterance
from autoglm_agent.training.stages.fusion_rows import SpokenSample, Utterance
from autoglm_agent.training.stages.speech_stage import collapse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from autoglm_agent.model.speech import SpeechEncoder
    from autoglm_agent.model.tokenizer import AutoGLMTokenizer
    from autoglm_agent.training.sample import Sample, Split

SpokenWaves = tuple["Sample", "list[NDArray[np.int16]]"]
"""A sample and the waves of its spoken messages."""
VERSIONS: tuple[AugmentConfig, ...] = (
    AugmentConfig(noise_share=0.2, snr_db=(12.0, 30.0), reverb_share=0.2, band_share=0.15),
    AugmentConfig(noise_share=0.9, snr_db=(0.0, 20.0), reverb_share=0.5, band_share=0.3),
    AugmentConfig(noise_share=1.0, snr_db=(-2.0, 8.0), reverb_share=0.2, band_share=0.15),
)
"""The last is for what transcripts get wrong: there the backbone has to listen for itself."""
BACKENDS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
CHUNKS = (8, 8, 16)
BATCH_SAMPLES = 16_000 * 1200
"""Padded samples encoded at once."""


class SpeechBank:
    """Hidden frames of all utterances, flat on the device: [frames, D]."""

    def __init__(self, hidden: Tensor, offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self.hidden = hidden
        self.offsets = torch.from_numpy(offsets).to(hidden.device)
        self.lengths = torch.from_numpy(lengths).to(hidden.device)
        self.host_lengths = lengths

    def tokens(self, encoder: SpeechEncoder, which: NDArray[np.int64]) -> Tensor | None:
        """Speech tokens of the utterances one after another [N, backbone size]; None for none."""
        if not len(which):
            return None
        index = torch.from_numpy(which).to(self.hidden.device)
        longest = int(self.host_lengths[which].max())
        longest += -longest % 4
        steps = torch.arange(longest, device=self.hidden.device)
        inside = steps < self.lengths[index][:, None]
        at = torch.where(inside, self.offsets[index][:, None] + steps, 0)
        frames = self.hidden[at] * inside[..., None]
        tokens = encoder.adapt(frames.to(encoder.adapter_in.weight.dtype))
        wanted = torch.arange(tokens.shape[1], device=tokens.device) < ((self.lengths[index] + 3) // 4)[:, None]
        return tokens[wanted]


def _gather(task: tuple[int, int, Split]) -> list[Sample]:
    from autoglm_agent.training.corpus import spoken_samples

    seed, count, split = task
    stream = spoken_samples(random.Random(seed), split)
    return [next(stream) for _ in range(count)]


def gather_spoken(count: int, *, seed: int, split: Split, workers: int) -> list[Sample]:
    """Samples with at least one spoken message, deterministic by seed."""
    step = 500
    tasks = [(seed * 100_000 + i, min(step, count - i), split) for i in range(0, count, step)]
    if workers <= 1:
        return [sample for task in tasks for sample in _gather(task)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return [sample for part in pool.imap(_gather, tasks) for sample in part]


def spoken_waves(samples: Sequence[Sample], *, seed: int, split: Split, workers: int) -> list[list[NDArray[np.int16]]]:
    """The waves of each sample's spoken messages; what cannot be understood is replaced by noise."""
    texts = [m.text for s in samples for m in s.messages if m.spoken]
    utterances = [
        random_utterance(text or "嗯", split, seed + i, pinyin=reading.pinyin)
        for i, (text, reading) in enumerate(zip(texts, read_many(texts, workers), strict=True))
    ]
    made = iter(say_utterances(utterances, workers))
    rng = np.random.default_rng(seed)
    waves: list[list[NDArray[np.int16]]] = []
    for sample in samples:
        mine = [next(made) for m in sample.messages if m.spoken]
        if sample.task == "repeat_request":
            mine = [*mine[:-1], unintelligible(rng, mine[-1])]
        waves.append(mine)
    return waves


def unintelligible(rng: np.random.Generator, speech: NDArray[np.int16]) -> NDArray[np.int16]:
    """Noise, reversed speech, shuffled scraps of speech, or speech drowned in noise."""
    kind = int(rng.integers(4))
    if kind == 0 or len(speech) < 4000:
        length = int(rng.integers(8_000, 48_000))
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 30)))
        noise = coloured_noise(torch.tensor([float(rng.uniform(0, 2))]), length, generator)[0].numpy()
        envelope = np.interp(np.arange(length), np.linspace(0, length, 12), rng.uniform(0.1, 1, 12))
        noise = noise * envelope
        scaled: NDArray[np.int16] = (noise / (np.abs(noise).max() + 1e-6) * 12000 * rng.uniform(0.1, 1)).astype(np.int16)
        return scaled
    if kind == 1:
        return speech[::-1].copy()
    if kind == 2:
        size = int(rng.integers(900, 2400))
        pieces = np.array_split(speech, max(3, len(speech) // size))
        return np.concatenate([pieces[i] for i in rng.permutation(len(pieces))])
    level = float(np.abs(speech.astype(np.float32)).std()) + 1.0
    drowned = speech.astype(np.float32) + rng.normal(0, level * 10 ** (rng.uniform(12, 20) / 20), len(speech))
    loud: NDArray[np.int16] = (drowned / np.abs(drowned).max() * 16000).astype(np.int16)
    return loud


@torch.no_grad()
def hear(
    waves: Sequence[NDArray[np.int16]], encoder: SpeechEncoder, tokenizer: AutoGLMTokenizer, config: AugmentConfig | None,
    device: torch.device, *, seed: int,
) -> tuple[Tensor, NDArray[np.int64], list[str]]:
    """Encode waves under a distortion (None: as they are): flat hidden frames, frames per utterance, transcripts."""
    generator = torch.Generator(device).manual_seed(seed)
    rng = random.Random(seed)
    order = sorted(range(len(waves)), key=lambda i: len(waves[i]))
    hidden: list[Tensor] = [torch.empty(0)] * len(waves)
    texts = [""] * len(waves)
    lengths = np.zeros(len(waves), np.int64)
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * len(waves[order[stop]]) <= BATCH_SAMPLES:
            stop += 1
        rows = order[start:stop]
        start = stop
        sizes = torch.tensor([len(waves[i]) for i in rows], device=device)
        size = len(waves[rows[-1]])
        size += -size % 640
        padded = np.zeros((len(rows), size), np.int16)
        for k, i in enumerate(rows):
            padded[k, : len(waves[i])] = waves[i]
        batch = torch.from_numpy(padded).to(device).float() / 32768
        if config is not None:
            batch = with_noise(through_rooms_and_bands(batch, config, generator), sizes, config, generator)
            level = torch.rand(len(rows), generator=generator, device=device)
            batch = levelled_waves(batch, sizes, config.level_db[0] + (config.level_db[1] - config.level_db[0]) * level)
        mel = encoder.features(functional.pad(batch, (240, -batch.shape[1] % 640)))
        # Every batch has a shape of its own, for which the backend that is left out would make a plan.
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"), sdpa_kernel(BACKENDS):
            output = encoder.encode_mel(mel, (sizes + 639) // 640, rng.choice(CHUNKS))
        best = output.tokens.argmax(-1).cpu().numpy()
        frames = output.hidden.to(torch.bfloat16)
        for k, (i, count) in enumerate(zip(rows, ((sizes + 639) // 640).tolist(), strict=True)):
            hidden[i] = frames[k, :count].clone()
            lengths[i] = count
            texts[i] = tokenizer.decode_ids(collapse(best[k, :count].tolist()))
    return torch.cat(hidden), lengths, texts


def heard_pool(
    said: Sequence[SpokenWaves], encoder: SpeechEncoder, tokenizer: AutoGLMTokenizer, device: torch.device, *,
    seed: int, versions: Sequence[AugmentConfig | None] = VERSIONS,
) -> tuple[list[SpokenSample], SpeechBank]:
    """Hear spoken samples, once per version."""
    flat = [wave for _, mine in said for wave in mine]
    texts_said = [m.text for sample, _ in said for m in sample.messages if m.spoken]
    hidden, lengths, utterances = [], [], []
    for number, config in enumerate(versions):
        frames, counts, texts = hear(flat, encoder, tokenizer, config, device, seed=seed + number)
        hidden.append(frames)
        lengths.append(counts)
        base = number * len(flat)
        utterances.append(
            [Utterance(base + i, (int(counts[i]) + 3) // 4, texts[i], texts_said[i]) for i in range(len(flat))]
        )
    all_lengths = np.concatenate(lengths)
    bank = SpeechBank(torch.cat(hidden), np.concatenate(([0], np.cumsum(all_lengths)[:-1])), all_lengths)
    pool, at = [], 0
    for sample, mine in said:
        heard = tuple(tuple(version[at : at + len(mine)]) for version in utterances)
        pool.append(SpokenSample(sample, heard))
        at += len(mine)
    return pool, bank
