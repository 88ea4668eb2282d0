"""Checkpoints on disk: safetensors in int8, fp16 or fp32, read part by part into a model that was never initialised.

Text comes first, eyes and ears on demand (`load_parts`). Not here: published GLM checkpoints (`pretrained`), and what
belongs together beside the weights (`bundle`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers.initialization import no_init_weights

from autoglm_agent.errors import CheckpointError, ModelNotFoundError
from autoglm_agent.model.quantisation import PRECISIONS, Precision, pack, unpack

Part = Literal["text", "vision", "speech"]
PARTS: dict[Part, tuple[str, ...]] = {
    "text": ("backbone.", "gate.", "lm_head."),
    "vision": ("vision.",),
    "speech": ("speech.",),
}
"""The parts that load on their own, by the prefixes of their tensors."""

WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
FORMAT_VERSION = 1

M = TypeVar("M", bound=nn.Module)


class TensorFiles:
    """The tensors of a checkpoint directory, one file or indexed shards; nothing is read before it is asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        index = directory / INDEX_FILE
        try:
            if index.is_file():
                files: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            else:
                with safe_open(directory / WEIGHTS_FILE, "pt") as opened:
                    files = dict.fromkeys(opened.keys(), WEIGHTS_FILE)
                    self.metadata: dict[str, str] = opened.metadata() or {}
        except FileNotFoundError:
            raise ModelNotFoundError(
                f"{directory} holds neither {WEIGHTS_FILE} nor {INDEX_FILE}; give a checkpoint directory."
            ) from None
        except (SafetensorError, ValueError, KeyError, OSError) as error:
            raise CheckpointError(
                f"the weights in {directory} are broken ({error}); copy or save them again."
            ) from error
        if index.is_file():
            self.metadata = {}
        self._files = files

    def names(self) -> set[str]:
        """All tensor names."""
        return set(self._files)

    def read(self, names: Iterable[str], device: torch.device | str = "cpu") -> dict[str, Tensor]:
        """The named tensors as stored."""
        by_file: dict[str, list[str]] = {}
        for name in names:
            by_file.setdefault(self._files[name], []).append(name)
        tensors: dict[str, Tensor] = {}
        try:
            for file, wanted in by_file.items():
                with safe_open(self.directory / file, "pt", device=str(device)) as opened:
                    tensors |= {name: opened.get_tensor(name) for name in wanted}
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"the weights in {self.directory} are incomplete ({error}); copy or download them again."
            ) from error
        return tensors


def save_weights(model: nn.Module, directory: Path, precision: Precision) -> Path:
    """Write `model.safetensors`; the file is whole or absent, never half written."""
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}; use one of {', '.join(PRECISIONS)}")
    directory.mkdir(parents=True, exist_ok=True)
    metadata = {"format": "pt", "autoglm_format_version": str(FORMAT_VERSION), "precision": precision}
    partial, final = directory / f"{WEIGHTS_FILE}.part", directory / WEIGHTS_FILE
    save_file(pack(model, model.state_dict(), precision), partial, metadata=metadata)
    partial.chmod(0o644)  # safetensors writes for the owner alone; a package's files are for everyone
    partial.replace(final)
    return final


def empty(kind: type[M], *arguments: object) -> M:
    """A module without memory or initialisation: every parameter on the meta device, to be assigned by `load_parts`."""
    with no_init_weights(), torch.device("meta"):
        return kind(*arguments)


def load_parts(
    model: nn.Module,
    files: TensorFiles,
    parts: Sequence[Part] = ("text", "vision", "speech"),
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> None:
    """Assign the weights of some parts; the others stay as they are.

    Raises:
        CheckpointError: an unknown format version, a missing tensor or one of another shape.
    """
    version = files.metadata.get("autoglm_format_version", str(FORMAT_VERSION))
    if version != str(FORMAT_VERSION):
        raise CheckpointError(
            f"{files.directory} has format version {version}, this release reads {FORMAT_VERSION}; "
            "update autoglm-agent or save the checkpoint again."
        )
    prefixes = tuple(prefix for part in parts for prefix in PARTS[part])
    state = unpack(files.read((n for n in files.names() if n.startswith(prefixes)), device), dtype)
    assign(model, state, prefixes, str(files.directory))
    for part in parts:
        for prefix in PARTS[part]:
            module = getattr(model, prefix.removesuffix("."), None)
            if module is not None:
                module.to(device)


def assign(model: nn.Module, state: dict[str, Tensor], prefixes: tuple[str, ...], source: str) -> None:
    """Give `model` the tensors of `state`, which must be exactly those that its names under `prefixes` want."""
    match_folding(model, state, prefixes)
    wanted = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(prefixes)}
    missing, strange = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing or strange:
        raise CheckpointError(
            f"{source} does not fit its config.json: {len(missing)} tensors missing {missing[:3]}, "
            f"{len(strange)} not known {strange[:3]}; use the config.json that was saved with these weights."
        )
    for name, tensor in wanted.items():
        if state[name].shape != tensor.shape:
            raise CheckpointError(
                f"{source}: {name} has shape {list(state[name].shape)}, config.json asks for {list(tensor.shape)}; "
                "use the config.json that was saved with these weights."
            )
    model.load_state_dict(state, strict=False, assign=True)


def match_folding(model: nn.Module, state: dict[str, Tensor], prefixes: tuple[str, ...]) -> None:
    """A checkpoint saved after `vision.fold()` has no batch norms: take them out of the model as well."""
    for name, module in model.named_modules():
        if isinstance(getattr(module, "norm", None), nn.BatchNorm2d) and name.startswith(prefixes):
            if f"{name}.norm.running_var" not in state and f"{name}.conv.weight" in state:
                module.norm = nn.Identity()
