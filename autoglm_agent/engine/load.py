"""Making an engine from its description: the model by name, on its device, in its precision."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast, get_args

import torch

from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.packed import Precision
from autoglm_agent.engine.utterance import FRAME_SAMPLES
from autoglm_agent.errors import InputError
from autoglm_agent.model.loading import load_model

if TYPE_CHECKING:
    from autoglm_agent.engine.limits import EngineLimits
    from autoglm_agent.engine.spec import EngineSpec
    from autoglm_agent.model.bundle import ModelBundle


def load(spec: EngineSpec, limits: EngineLimits | None = None) -> Engine:
    """Load the model of `spec` and make its engine.

    On the CPU `float16` means fp16 weights and fp32 arithmetic, `int8` int8 weights and activations. `auto` takes the
    first GPU in bfloat16, or else the CPU in float16. Eyes and ears stay in fp32 on a GPU: they are small.

    Raises:
        InputError: a precision or a device there is not.
        ModelNotFoundError, CheckpointError: as `model.loading.load_model`.
    """
    device = resolve_device(spec.device)
    precision = resolve_precision(spec.dtype, device)
    if device.type == "cpu":
        torch.set_num_threads(spec.threads or spare_threads())
    bundle = load_model(spec.model, dtype=_parameter_dtype(precision, device), device=device)
    for part in bundle.parts:
        if part != "text":
            getattr(bundle.model, part).float()
    engine = Engine(bundle, limits=limits, precision=precision)
    _warm_up(bundle)
    return engine


@torch.inference_mode()
def _warm_up(bundle: ModelBundle) -> None:
    """Hear and see once: the first convolutions choose their kernels, which the first user need not wait for."""
    model, config = bundle.model, bundle.config
    if "speech" in bundle.parts:
        device, frames = model.speech.embed.weight.device, config.speech.chunk_frames
        silence = torch.zeros(1, frames * FRAME_SAMPLES, device=device)
        model.speech.stream(silence, torch.tensor([frames], device=device), model.speech.initial_state())
    if "vision" in bundle.parts:
        device = next(model.vision.parameters()).device
        grey = torch.full((1, 3, config.vision.image_height, config.vision.image_width), 114, dtype=torch.uint8)
        model.vision(grey.to(device))


def resolve_device(name: str) -> torch.device:
    """The device of this name; `auto` is the first GPU, or else the CPU. Raises InputError if it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {name!r} cannot be used ({error}); use cpu or a device that is here.") from error
    return device


def resolve_precision(dtype: str, device: torch.device) -> Precision:
    """What the linear layers are packed in; `auto` as `load` says. Raises InputError for an unknown one."""
    if dtype == "auto":
        return "float16" if device.type == "cpu" else "bfloat16"
    if dtype not in get_args(Precision):
        raise InputError(f"dtype {dtype!r} is unknown; use auto, {', '.join(get_args(Precision))}.")
    return cast("Precision", dtype)


def spare_threads() -> int:
    """Threads for the engine when nobody says: all cores but one, which is left to the event loop and the voice.

    Threads that share a core wait for each other at every operation, which costs several times what they gain.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def _parameter_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """What parameters are kept in: on the CPU packed layers bring their own, and the rest is small."""
    if device.type == "cpu":
        return torch.bfloat16 if precision == "bfloat16" else torch.float32
    return {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(precision, torch.float32)
