"""Runs the speech stage from a pack to weights: `autoglm train speech`. The steps themselves are in `speech_stage`."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.training.evaluate.scoring import character_error_rate, syllable_error_rate
from autoglm_agent.training.speech.pack import load_pack, load_sentences
from autoglm_agent.training.speech.speech_augment import (
    AugmentConfig,
    levelled_waves,
    mix_at_snr,
    spec_augment,
    through_rooms_and_bands,
    with_noise,
)
from autoglm_agent.training.speech.speech_data import (
    RECIPES,
    Amounts,
    EvalSet,
    bank_of,
    load_bank,
    save_bank,
    speech_eval_sets,
    training_clips,
)
from autoglm_agent.training.stages.progress import Curves
from autoglm_agent.training.stages.shards import load_shards, mark_done, save_shards
from autoglm_agent.training.stages.speech_stage import SpeechStageConfig, train_speech, transcribe_batch

if TYPE_CHECKING:
    from torch import Tensor

AUGMENT = AugmentConfig(noise_share=0.5, snr_db=(2.0, 30.0), reverb_share=0.35)
"""Its speed is not used: the wave bank changes that already."""


STARTED = time.monotonic()
"""Minutes are those of the whole run, making the material included."""


def say(text: str) -> None:
    """A line of the log, with the time since the start."""
    sys.stdout.write(f"[{time.monotonic() - STARTED:7.1f} s] {text}\n")
    sys.stdout.flush()


def distorted(waves: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
    """Rooms, microphones, noise and level, batched; lengths stay."""
    waves = through_rooms_and_bands(waves, AUGMENT, generator)
    waves = with_noise(waves, lengths, AUGMENT, generator)
    level = torch.rand(len(lengths), generator=generator, device=waves.device)
    low, high = AUGMENT.level_db
    return levelled_waves(waves, lengths, low + (high - low) * level)


class Scorer:
    """Error rates of the evaluation sets at several chunk sizes, on the training device."""

    def __init__(self, model: AutoGLMForConditionalGeneration, tokenizer: AutoGLMTokenizer, sets: list[EvalSet]) -> None:
        self.model, self.tokenizer, self.sets = model, tokenizer, sets
        device = next(model.parameters()).device
        self.waves = {s.name: [torch.from_numpy(w).to(device).float() / 32768 for w in s.waves] for s in sets}

    def __call__(self) -> dict[str, float]:
        """Rates in per cent: `<set>_<chunk>`; the synthetic set also at 10 dB."""
        encoder = self.model.speech.eval()
        rates: dict[str, float] = {}
        for item in self.sets:
            for chunk in (8, 16):
                rates[f"{item.name}_{chunk}"] = self._rate(item, self.waves[item.name], chunk)
            if item.name == "synthetic":
                generator = torch.Generator().manual_seed(5)
                noisy = [self._noisy(w, generator) for w in self.waves[item.name]]
                rates["synthetic_10db_16"] = self._rate(item, noisy, 16)
        encoder.train()
        return rates

    def _noisy(self, wave: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(1, len(wave), generator=generator).to(wave.device)
        return mix_at_snr(wave[None], noise, 10.0)[0]

    def _rate(self, item: EvalSet, waves: list[Tensor], chunk: int) -> float:
        order = sorted(range(len(waves)), key=lambda i: len(waves[i]))
        texts = [""] * len(waves)
        for start in range(0, len(order), 64):
            rows = order[start : start + 64]
            ids = transcribe_batch(self.model.speech, [waves[i] for i in rows], chunk)
            for i, row in zip(rows, ids, strict=True):
                texts[i] = self.tokenizer.decode_ids(row)
        if item.by_syllable:
            return syllable_error_rate(item.texts, texts)
        return character_error_rate(item.texts, texts)


def run_speech(
    *, pack: Path, out: Path, init: Path | None, cache: Path | None = None, config: SpeechStageConfig, amounts: Amounts, workers: int, device: str,
    eval_size: int = 300,
) -> dict[str, float]:
    """Train the speech encoder and write half-precision shards of `speech.*` to `out`; gives the last error rates.

    Args:
        pack: the folder of `build_pack`.
        init: shards to go on from; None starts afresh.
        cache: a folder that keeps the made speech for a next run on the same machine.
    """
    from autoglm_agent.training.text.task_text import spoken_texts

    torch.manual_seed(config.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cuda.enable_cudnn_sdp(False)  # It plans every new shape for a third of a second.
    mark_done(out, done=False)
    workers = workers or (os.cpu_count() or 1)
    tokenizer = AutoGLMTokenizer.from_pretrained(NANO_DIR)
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.nano(vocab_size=len(tokenizer)))
    model.to(device)  # type: ignore[arg-type]  # transformers wraps `to` without its types
    if init is not None:
        model.load_state_dict(load_shards(init), strict=False)
    commands = list(spoken_texts(amounts.commands, config.seed, "train")) if amounts.commands else []
    say(f"{len(commands)} commands")
    natural = load_pack(pack, workers=workers)
    if cache is not None and (cache / "flat.npy").exists():
        bank = load_bank(cache, device)
    else:
        sentences = load_sentences(pack, "train")
        clips = training_clips(natural, sentences, commands, amounts, seed=config.seed, workers=workers, say=say)
        bank = bank_of(clips, tokenizer.encode_ids, device)
        del clips
        if cache is not None:
            save_bank(bank, cache)
    say(f"{len(bank.lengths)} clips, {bank.lengths.sum() / 16000 / 3600:.1f} h on {device}")
    held_out = list(spoken_texts(eval_size, 1, "eval"))
    sets = speech_eval_sets(natural, load_sentences(pack, "eval"), held_out, size=eval_size, workers=workers)
    scorer = Scorer(model, tokenizer, sets)
    out.mkdir(parents=True, exist_ok=True)
    last: dict[str, float] = {}

    def evaluate() -> dict[str, float]:
        last.update(scorer())
        return last

    def save() -> None:
        state = {name: value for name, value in model.state_dict().items() if name.startswith("speech.")}
        save_shards(state, out)

    if config.minutes:
        config = replace(config, minutes=config.minutes - (time.monotonic() - STARTED) / 60)
    train_speech(
        model.speech, bank, RECIPES, config, Curves(out, "speech"),
        augment=distorted,
        mask_mel=lambda mel, lengths, generator: spec_augment(mel, lengths, generator, time_masks=3, bands=16),
        evaluate=evaluate, save=save,
    )
    mark_done(out)
    return last
