"""The text backbone: the Glm4 layer (four RMSNorms, fused gate and up projection), all modalities through every layer.

Source of the layer: GLM-4-0414 as published in `transformers` (`Glm4DecoderLayer`); parameter names are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from autoglm_agent.model.attention import Attention, rotary_tables

if TYPE_CHECKING:
    from autoglm_agent.model.cache import KeyValueCache
    from autoglm_agent.model.config import AutoGLMTextConfig


class RMSNorm(nn.Module):
    """Root-mean-square norm computed in fp32 (Zhang & Sennrich, 2019)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis of x."""
        if x.dtype == torch.float32:
            return functional.rms_norm(x, (x.shape[-1],), self.weight, self.eps)
        return self.weight * functional.rms_norm(x.float(), (x.shape[-1],), None, self.eps).to(x.dtype)


class MLP(nn.Module):
    """SwiGLU with gate and up in one matrix."""

    def __init__(self, config: AutoGLMTextConfig) -> None:
        super().__init__()
        self.gate_up_proj = nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, hidden] -> [B, T, hidden]."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        projected: Tensor = self.down_proj(up * functional.silu(gate))
        return projected


class DecoderLayer(nn.Module):
    """Norm before and after both attention and MLP."""

    def __init__(self, config: AutoGLMTextConfig, layer_index: int) -> None:
        super().__init__()
        self.self_attn = Attention(config, layer_index)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_self_attn_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_mlp_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, cache: KeyValueCache | None) -> Tensor:
        """[B, T, hidden] -> [B, T, hidden]."""
        x = x + self.post_self_attn_layernorm(self.self_attn(self.input_layernorm(x), cos, sin, mask, cache))
        out: Tensor = x + self.post_mlp_layernorm(self.mlp(self.post_attention_layernorm(x)))
        return out


class Backbone(nn.Module):
    """Embedding, layers and final norm. The output head is tied to the embedding or its own, as configured."""

    def __init__(self, config: AutoGLMTextConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self, embeddings: Tensor, positions: Tensor, mask: Tensor | None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """Run all layers.

        Args:
            embeddings: [B, T, hidden].
            positions: int [B, T] or [3, B, T] (multimodal RoPE).
            mask: bool [B, 1, T, S] from `attention_mask`; None is plain causal without a cache.
            cache: where the keys and values of earlier tokens live; extended in place.

        Returns:
            Normalised hidden states [B, T, hidden].
        """
        cos, sin = rotary_tables(self.config, positions)
        x = embeddings
        for layer in self.layers:
            x = layer(x, cos, sin, mask, cache)
        normalised: Tensor = self.norm(x)
        return normalised
