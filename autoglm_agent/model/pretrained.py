"""Published GLM checkpoints in our backbone: `Glm4ForCausalLM`, and `Glm4vForConditionalGeneration` with its own eyes.

The layers are the same, so loading is renaming. What such a checkpoint does not have stays off: the gate is not trained
(weights equal, no gains, no fused token), attention over the prefix is causal, and there are no ears.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedConfig
from transformers.models.glm4.configuration_glm4 import Glm4Config
from transformers.models.glm4v.configuration_glm4v import Glm4vConfig

from autoglm_agent.errors import CheckpointError
from autoglm_agent.model.bundle import ModelBundle
from autoglm_agent.model.checkpoint import Part, TensorFiles, assign, empty
from autoglm_agent.model.config import AutoGLMConfig, AutoGLMTextConfig
from autoglm_agent.model.gating import CrossModalGate
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.published_vision import CLIP_MEAN, CLIP_STD, PublishedVision, PublishedVisionConfig
from autoglm_agent.model.template_layout import ABSENT, TemplateLayout
from autoglm_agent.model.tokenizer import AutoGLMTokenizer

_RENAMES = (
    (re.compile(r"^(model\.)?visual\."), "vision.visual."),
    (re.compile(r"^(model\.)?language_model\.(model\.)?"), "backbone."),
    (re.compile(r"^model\."), "backbone."),
)


def load_published(
    name: str, directory: Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> ModelBundle:
    """A bundle around a published checkpoint; its parts are loaded by `ModelBundle.require`.

    Raises:
        CheckpointError: the configuration asks for something that our backbone does not do, or has no tokenizer.
    """
    files = TensorFiles(directory)
    config, stop_ids = read_config(directory)
    model = empty(AutoGLMForConditionalGeneration, config)
    model.speech = None  # type: ignore[assignment]  # no ears; `ModelBundle.parts` tells
    model.vision = None  # type: ignore[assignment]
    if isinstance(config.vision, PublishedVisionConfig):
        mean, std = _normalisation(directory)
        model.vision = PublishedVision(config.vision, mean, std)  # type: ignore[assignment]  # same interface
    model.train(False).requires_grad_(False)
    try:
        tokenizer = AutoGLMTokenizer.from_pretrained(directory)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{directory} has no usable tokenizer.json ({error}); download it too.") from error

    def load_part(part: Part) -> None:
        prefixes = ("vision.visual.",) if part == "vision" else ("backbone.", "lm_head.")
        assign(model, _read(files, prefixes, config, dtype, device), prefixes, str(directory))
        if part == "vision":
            model.vision.to(device)
        else:
            model.gate = untrained_gate(config.text.hidden_size).to(device, dtype)

    layout = TemplateLayout(tokenizer, config, stop_ids)
    return ModelBundle(name, directory, config, model, tokenizer, layout, load_part=load_part)


def read_config(directory: Path) -> tuple[AutoGLMConfig, tuple[int, ...]]:
    """Our configuration of a published checkpoint, and the ids that end its replies."""
    kind = json.loads((directory / "config.json").read_text(encoding="utf-8"))["model_type"]
    if kind == "glm4":
        source: Any = Glm4Config.from_pretrained(directory)
        text, image_token_id, vision = source, ABSENT, None
    else:
        source = Glm4vConfig.from_pretrained(directory)
        text, image_token_id = source.text_config, source.image_token_id
        vision = PublishedVisionConfig(published=source.vision_config.to_dict())
    config = AutoGLMConfig(
        text_config=_text_config(text, source.tie_word_embeddings, directory),
        vision_config=vision,
        image_token_id=image_token_id,
        audio_token_id=ABSENT,
        fused_token_id=ABSENT,
        pad_token_id=ABSENT,
        num_special_tokens=0,
        gate_trained=False,
    )
    ends = getattr(text, "eos_token_id", None)
    if ends is None:
        ends = getattr(source, "eos_token_id", None)
    return config, (ends,) if isinstance(ends, int) else tuple(ends or ())


def untrained_gate(hidden_size: int) -> CrossModalGate:
    """A gate that weighs what is present equally and changes nothing."""
    gate = CrossModalGate(hidden_size)
    torch.nn.init.zeros_(gate.weigher.weight)
    torch.nn.init.zeros_(gate.weigher.bias)
    gate.reset_zero()
    return gate.requires_grad_(False)


def _text_config(text: PreTrainedConfig | Any, tied: bool, directory: Path) -> AutoGLMTextConfig:
    rope: dict[str, Any] = text.rope_parameters
    if rope.get("rope_type", "default") != "default":
        raise CheckpointError(f"{directory}: RoPE of type {rope['rope_type']!r} is not supported; only 'default' is.")
    if text.hidden_act != "silu":
        raise CheckpointError(f"{directory}: activation {text.hidden_act!r} is not supported; only 'silu' is.")
    multimodal = text.model_type != "glm4"
    return AutoGLMTextConfig(
        vocab_size=text.vocab_size,
        hidden_size=text.hidden_size,
        intermediate_size=text.intermediate_size,
        num_hidden_layers=text.num_hidden_layers,
        num_attention_heads=text.num_attention_heads,
        num_key_value_heads=text.num_key_value_heads,
        head_dim=getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads,
        attention_bias=getattr(text, "attention_bias", True),
        max_position_embeddings=text.max_position_embeddings,
        rms_norm_eps=text.rms_norm_eps,
        tie_word_embeddings=tied,
        rope_theta=rope["rope_theta"],
        partial_rotary_factor=rope.get("partial_rotary_factor", 1.0),
        mrope_section=list(rope.get("mrope_section", (8, 12, 12))) if multimodal else None,
        prefix_attention="causal",
        sliding_window=None,
    )


def _read(
    files: TensorFiles,
    prefixes: tuple[str, ...],
    config: AutoGLMConfig,
    dtype: torch.dtype,
    device: torch.device | str,
) -> dict[str, Tensor]:
    """The tensors of a part under our names."""
    wanted: dict[str, str] = {}
    for stored in files.names():
        ours = stored
        for pattern, prefix in _RENAMES:
            ours, count = pattern.subn(prefix, stored)
            if count:
                break
        tied_head = config.text.tie_word_embeddings and ours == "lm_head.weight"
        if ours.startswith(prefixes) and not ours.endswith("inv_freq") and not tied_head:
            wanted[stored] = ours
    tensors = files.read(wanted, device)
    return {wanted[stored]: tensor.to(dtype) for stored, tensor in tensors.items()}


def _normalisation(directory: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and spread of the pixels, from preprocessor_config.json; those of CLIP without it."""
    path = directory / "preprocessor_config.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return tuple(stored.get("image_mean", CLIP_MEAN)), tuple(stored.get("image_std", CLIP_STD))
