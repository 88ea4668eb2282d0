"""Making an engine from its description: the model by name, on its device, in its precision."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast, get_args

import torch

from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.packed import Precision
from autoglm_agent.errors import InputError
from autoglm_agent.model.bundle import load_model

if TYPE_CHECKING:
    from autoglm_agent.engine.limits import EngineLimits
    from autoglm_agent.engine.spec import EngineSpec


def load(spec: EngineSpec, limits: EngineLimits | None = None) -> Engine:
    """Load the model of `spec` and make its engine.

    On the CPU `float16` means fp16 weights and fp32 arithmetic, `int8` int8 weights and activations.

    Raises:
        InputError: a precision or a device there is not.
        ModelNotFoundError, CheckpointError: as `model.bundle.load_model`.
    """
    if spec.dtype not in get_args(Precision):
        raise InputError(f"dtype {spec.dtype!r} is unknown; use {', '.join(get_args(Precision))}.")
    try:
        device = torch.device(spec.device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device {spec.device!r} cannot be used ({error}); use cpu or a device that is here."
        ) from error
    if device.type == "cpu":
        torch.set_num_threads(spec.threads or spare_threads())
    bundle = load_model(spec.model, dtype=_parameter_dtype(spec.dtype, device), device=device)
    return Engine(bundle, limits=limits, precision=cast("Precision", spec.dtype))


def spare_threads() -> int:
    """Threads for the engine when nobody says: all cores but one, which is left to the event loop and the voice.

    Threads that share a core wait for each other at every operation, which costs several times what they gain.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def _parameter_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """What parameters are kept in: on the CPU packed layers bring their own, and the rest is small."""
    if device.type == "cpu":
        return torch.bfloat16 if dtype == "bfloat16" else torch.float32
    return {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(dtype, torch.float32)
