"""What is asked in evaluation: samples of the held-out split, spoken by held-out voices and drawn by the renderer.

Everything follows from one seed. Phrasings, values, combinations, layouts, fonts and voices of the evaluation never
occur in training; the corpus modules see to that by their `split`.
"""

from __future__ import annotations

import importlib.util
import os
import random
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image, ImageFilter

from autoglm_agent.errors import InputError
from autoglm_agent.training.evaluate.eval_cases import Case, prompt_of
from autoglm_agent.training.speech.speech_augment import coloured_noise, mix_at_snr
from autoglm_agent.training.speech.spoken_pool import unintelligible
from autoglm_agent.training.speech.synthesis import random_utterance, synthesise_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.training.evaluate.eval_cases import Ask
    from autoglm_agent.training.evaluate.eval_recordings import EvalData
    from autoglm_agent.training.pictures.pictures import Picture
    from autoglm_agent.training.pictures.render import Renderer
    from autoglm_agent.training.sample import Sample
    from autoglm_agent.training.speech.synthesis import Language, Utterance

SEED = 20_260_701
SENTENCES = Path(__file__).parent / "eval_sentences.txt"
"""800 open-domain sentences of the held-out split, none of them an HSK sentence: smile (CC0), CrossWOZ, KdConv (Apache-2.0)."""
VOICE_CHUNK = 64
JPEG_QUALITY = 95


def require_voice() -> None:
    """Raises InputError when the synthesis is not installed."""
    missing = [name for name in ("espeakng_loader", "pypinyin") if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"evaluation speaks to the model, and {' and '.join(missing)} is not installed; "
            "pip install 'autoglm-agent[train]' (or [voice]), or choose rows without speech by --only."
        )


def open_sentences(count: int) -> list[str]:
    """Open-domain sentences never trained on."""
    return SENTENCES.read_text(encoding="utf-8").splitlines()[:count]


@dataclass
class Material:
    """Makes the evaluation's audio and pictures. `advance` is told of everything made."""

    seed: int = SEED
    data: EvalData | None = None
    workers: int = field(default_factory=lambda: min(4, os.cpu_count() or 1))

    def rng(self, name: str) -> random.Random:
        """A random source of a row's own: rows do not move when others change or are left out."""
        return random.Random(f"{self.seed}/{name}")

    def speak(self, texts: Sequence[str], *, lang: Language | None = None) -> list[NDArray[Any]]:
        """The texts in held-out voices, int16 at 16 kHz."""
        require_voice()
        utterances: list[Utterance] = [
            random_utterance(text or "嗯", "eval", self.seed + i, lang=lang) for i, text in enumerate(texts)
        ]
        return list(synthesise_many(utterances, self.workers, chunk=VOICE_CHUNK)) if utterances else []

    @cached_property
    def renderer(self) -> Renderer:
        """Draws pictures; the atlas comes from the pack or is built from the machine's fonts.

        Raises:
            InputError: the fonts are not installed.
        """
        from autoglm_agent.training.pictures.render import Renderer as Drawer
        from autoglm_agent.training.pictures.sprites import FONT_PACKAGES, Atlas, build_atlas

        if self.data is not None and self.data.atlas_dir is not None:
            return Drawer(Atlas.load(self.data.atlas_dir))
        with tempfile.TemporaryDirectory() as folder:
            try:
                atlas = Atlas.load(build_atlas(folder))
            except FileNotFoundError:
                atlas = None
        if atlas is None or not atlas.is_whole:
            raise InputError(f"needs fonts: apt-get install {FONT_PACKAGES}, or --data with the packs")
        return Drawer(atlas)

    def draw(self, pictures: Sequence[Picture], name: str, *, blur_px: float = 0.0) -> list[bytes]:
        """JPEG files of pictures with their photometric changes; `blur_px` blurs them further (standard deviation)."""
        seed = self.rng(name).randrange(1 << 31)
        files: list[bytes] = []
        for at in range(0, len(pictures), 64):
            pixels = self.renderer.render(list(pictures[at : at + 64]), seed=seed + at)
            files += [_jpeg(each.permute(1, 2, 0).cpu().numpy(), blur_px) for each in pixels]
        return files

    def cases(
        self, samples: Sequence[Sample], asks: Callable[[Sample], tuple[Ask, ...]], name: str, *,
        snr_db: float | None = None, blur_px: float = 0.0,
    ) -> list[Case]:
        """The samples said and drawn. What cannot be understood (task `repeat_request`) is noise or scraps of speech."""
        prompts = [prompt_of(sample) for sample in samples]
        texts = [message.text for prompt in prompts for message in prompt if message.spoken]
        pictures = [m.picture for prompt in prompts for m in prompt if m.picture is not None]
        made = self.speak(texts)
        waves = iter(made if snr_db is None else at_snr(made, snr_db, self.rng(name + "/noise")))
        images = iter(self.draw(pictures, name, blur_px=blur_px) if pictures else ())
        noise = np.random.default_rng(self.rng(name + "/gibberish").randrange(1 << 31))
        cases = []
        for sample, prompt in zip(samples, prompts, strict=True):
            mine = [next(waves) for message in prompt if message.spoken]
            if sample.task == "repeat_request" and mine and prompt[-1].spoken:
                mine[-1] = unintelligible(noise, mine[-1])
            shown = tuple(next(images) for message in prompt if message.picture is not None)
            cases.append(Case(sample=sample, asks=asks(sample), waves=tuple(mine), images=shown))
        return cases


def at_snr(waves: Sequence[NDArray[Any]], snr_db: float, rng: random.Random) -> list[NDArray[Any]]:
    """Each wave in coloured noise (white to brown, by `rng`) at a signal-to-noise ratio."""
    noisy = []
    for wave in waves:
        generator = torch.Generator().manual_seed(rng.randrange(1 << 31))
        clean = torch.from_numpy(wave.astype(np.float32) / 32768.0)[None]
        noise = coloured_noise(torch.tensor([rng.uniform(0.0, 2.0)]), clean.shape[1], generator)
        mixed = mix_at_snr(clean, noise, snr_db)[0].numpy()
        peak = max(1.0, float(np.abs(mixed).max()) * 1.001)
        noisy.append((mixed / peak * 32767.0).astype(np.int16))
    return noisy


def _jpeg(pixels: NDArray[Any], blur_px: float) -> bytes:
    image = Image.fromarray(pixels)
    if blur_px:
        image = image.filter(ImageFilter.GaussianBlur(blur_px))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
