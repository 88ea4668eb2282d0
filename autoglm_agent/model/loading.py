"""A model by its name: weights, tokenizer, layout and configuration that belong together.

`nano`, a checkpoint directory or a hub id. The text part comes first; `ModelBundle.require` brings eyes and ears
when they are first needed. Not here: where the parts run, and batching (`engine`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from autoglm_agent.errors import CheckpointError, ModelNotFoundError
from autoglm_agent.model.bundle import ALL_PARTS, ModelBundle
from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.checkpoint import WEIGHTS_FILE, Part, TensorFiles, empty, load_parts, save_weights
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.ngram import NGRAM_FILE, NgramModel
from autoglm_agent.model.quantisation import Precision
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.model.turn_ends import TURN_ENDS_FILE, TurnEnds

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_PUBLISHED = ("glm4", "glm4v")


def load_model(
    name: str = "nano",
    *,
    parts: Sequence[Part] = ALL_PARTS,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> ModelBundle:
    """Load a model for inference.

    Args:
        name: `nano`, a checkpoint directory, or a hub id such as `zai-org/GLM-4-9B-0414`.
        parts: what to load now; parts the model does not have are left out. The others wait for `require`.
        dtype: of the parameters.
        device: of the parameters.

    Raises:
        ModelNotFoundError: nothing there by this name.
        CheckpointError: it is there but cannot be used.
    """
    directory = resolve(name)
    kind = model_type(directory)
    if kind in _PUBLISHED:
        from autoglm_agent.model.pretrained import load_published

        bundle = load_published(name, directory, dtype=dtype, device=device)
    elif kind == AutoGLMConfig.model_type:
        bundle = _load_own(name, directory, dtype=dtype, device=device)
    else:
        raise CheckpointError(
            f"{name} is a {kind!r} model; we load {AutoGLMConfig.model_type!r}, {', '.join(map(repr, _PUBLISHED))}."
        )
    bundle.require(*(part for part in parts if part in bundle.parts))
    return bundle


def save_nano(
    model: AutoGLMForConditionalGeneration, directory: str | Path = NANO_DIR, *, precision: Precision = "int8"
) -> None:
    """Write a whole checkpoint: configuration, weights (int8 where it does no harm) and the tokenizer of `nano`."""
    target = Path(directory)
    save_weights(model, target, precision)
    model.config.save_pretrained(target)
    if target.resolve() != NANO_DIR.resolve():
        AutoGLMTokenizer.from_pretrained(NANO_DIR).save_pretrained(target)


def resolve(name: str) -> Path:
    """The directory of a model, downloaded if it is a hub id that is not in the cache.

    Raises:
        ModelNotFoundError: neither `nano`, a directory, nor a hub id that can be had.
    """
    if name == "nano":
        if not (NANO_DIR / WEIGHTS_FILE).is_file():
            raise ModelNotFoundError(
                "the weights of nano are not in this installation; train them with `autoglm train recipe`, "
                "or install a release that has them."
            )
        return NANO_DIR
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if not _HUB_ID.fullmatch(name):
        raise ModelNotFoundError(f"{name!r} is neither nano, a directory here, nor a hub id (owner/name); check it.")
    return _download(name)


def model_type(directory: Path) -> str:
    """What kind of model a directory holds, by its config.json."""
    try:
        config: dict[str, Any] = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        return str(config["model_type"])
    except FileNotFoundError:
        raise ModelNotFoundError(f"{directory} has no config.json; give the directory of a checkpoint.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{directory / 'config.json'} is broken ({error!r}); copy or save it again.") from error


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    patterns = ["*.safetensors", "*.json", "*.jinja"]
    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelNotFoundError(
            f"{name} is not a directory here and cannot be fetched from the hub ({error}); "
            "check the name and the network, or give the path of a downloaded checkpoint."
        ) from error


def _load_own(name: str, directory: Path, *, dtype: torch.dtype, device: torch.device | str) -> ModelBundle:
    files = TensorFiles(directory)
    config = AutoGLMConfig.from_pretrained(directory)
    model = empty(AutoGLMForConditionalGeneration, config)
    model.train(False).requires_grad_(False)
    try:
        tokenizer = AutoGLMTokenizer.from_pretrained(directory)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{directory} has no usable tokenizer ({error}); save it with the model.") from error
    if len(tokenizer) != config.text.vocab_size:
        raise CheckpointError(
            f"{directory}: the tokenizer has {len(tokenizer)} tokens, config.json {config.text.vocab_size}; "
            "use the tokenizer that was saved with these weights."
        )

    bundle = ModelBundle(name, directory, config, model, tokenizer, ChatLayout(tokenizer, config))

    def load_part(part: Part) -> None:
        load_parts(model, files, (part,), dtype=dtype, device=device)
        if part == "vision":
            model.vision.fold()
        if part == "speech" and (directory / NGRAM_FILE).is_file():
            bundle.words = NgramModel.load(directory / NGRAM_FILE)
        if part == "speech" and (directory / TURN_ENDS_FILE).is_file():
            bundle.turn_ends = TurnEnds.load(directory / TURN_ENDS_FILE)

    bundle.load_part = load_part
    return bundle
