"""Compiles the backbone's layers for the shapes that training batches have, before the first of them comes.

A compiled layer takes half the time of the plain one; compiling takes some ten seconds a shape, which is spent while
an earlier stage still runs. Evaluation, whose shapes are many and seen once, takes the plain layers (`as_written`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

from autoglm_agent.model.attention import attention_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from autoglm_agent.model.backbone import Backbone

MAX_SHAPES = 64
"""Variants of one function that the compiler keeps; beyond its default of 8 it would fall back without a word."""


def compile_backbone(
    backbone: Backbone, shapes: Iterable[tuple[int, int]], device: torch.device, say: Callable[[str], None]
) -> None:
    """Compile the layers in place, and run them forward and backward once for each shape (rows, tokens)."""
    torch._dynamo.config.recompile_limit = MAX_SHAPES
    torch._dynamo.config.accumulated_recompile_limit = 4 * MAX_SHAPES
    for layer in backbone.layers:
        layer.forward = torch.compile(layer.forward, dynamic=False)
    for rows, tokens in shapes:
        embeddings = torch.randn(rows, tokens, backbone.config.hidden_size, device=device, requires_grad=True)
        index = torch.arange(tokens, device=device).expand(rows, tokens)
        causal = torch.full_like(index, -1)
        valid = torch.ones_like(index, dtype=torch.bool)
        mask = attention_mask(index, index, causal, causal, ~valid, valid, backbone.config.sliding_window)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            hidden = backbone(embeddings, index, mask)
        hidden.float().mean().backward()
        backbone.zero_grad(set_to_none=True)
        say(f"compiled for {rows} rows of {tokens} tokens")


def as_written() -> AbstractContextManager[None]:
    """Within it nothing is compiled, and what is compiled is not used."""
    return cast("AbstractContextManager[None]", torch.compiler.set_stance("force_eager"))
