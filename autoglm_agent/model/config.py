"""Configuration of the network: one code path, from `nano` (embedded, CPU) to the GLM-4-9B shape.

Sizes only; no tensors are made here. `AutoGLMConfig.nano()` and `AutoGLMConfig.glm_9b()` are the two shapes we name.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, cast

from transformers import PreTrainedConfig


class AutoGLMTextConfig(PreTrainedConfig):
    """The Glm4 backbone. Field names are those of `Glm4Config`, so published checkpoints map one to one.

    `prefix_attention` is "blocks" (bidirectional inside a user block, causal across) or "causal" (published weights).
    `sliding_window` limits attention to the last that many tokens and to the global ones; None switches it off.
    """

    model_type = "autoglm_text"
    base_config_key = "text_config"

    vocab_size: int = 5120
    hidden_size: int = 384
    intermediate_size: int = 768
    num_hidden_layers: int = 10
    num_attention_heads: int = 6
    num_key_value_heads: int = 2
    head_dim: int = 64
    hidden_act: str = "silu"
    attention_bias: bool = True
    attention_dropout: float = 0.0
    max_position_embeddings: int = 4096
    rms_norm_eps: float = 1e-5
    initializer_range: float = 0.02
    tie_word_embeddings: bool = True
    rope_theta: float = 10000.0
    partial_rotary_factor: float = 0.5
    mrope_section: list[int] | None = None
    prefix_attention: Literal["blocks", "causal"] = "blocks"
    sliding_window: int | None = 768


class AutoGLMVisionConfig(PreTrainedConfig):
    """The ViT-Tiny variant: a convolutional stem to stride 32, a small transformer, 2x2 merging to fixed tokens."""

    model_type = "autoglm_vision"
    base_config_key = "vision_config"

    image_height: int = 480
    image_width: int = 640
    stem_channels: list[int] | None = None
    hidden_size: int = 192
    num_hidden_layers: int = 10
    num_attention_heads: int = 3
    intermediate_size: int = 768

    def __post_init__(self, **kwargs: Any) -> None:
        if self.stem_channels is None:
            self.stem_channels = [24, 48, 96, 192, 192]
        super().__post_init__(**kwargs)  # type: ignore[no-untyped-call]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of stride-32 cells before merging: (15, 20) at 640x480."""
        return self.image_height // 32, self.image_width // 32

    @property
    def num_tokens(self) -> int:
        """Visual tokens per picture after 2x2 merging: 80 at 640x480."""
        rows, columns = self.token_grid
        return rows * columns

    @property
    def token_grid(self) -> tuple[int, int]:
        """Rows and columns of visual tokens: (8, 10) at 640x480."""
        rows, columns = self.grid
        return (rows + 1) // 2, (columns + 1) // 2

    @property
    def num_coarse_tokens(self) -> int:
        """Visual tokens of a picture at a glance, 2x2 of the full ones averaged: 20 at 640x480."""
        rows, columns = self.token_grid
        return ((rows + 1) // 2) * ((columns + 1) // 2)


class AutoGLMSpeechConfig(PreTrainedConfig):
    """The streaming Conformer: 16 kHz audio, 10 ms mel frames, 40 ms encoder frames, 160 ms speech tokens."""

    model_type = "autoglm_speech"
    base_config_key = "speech_config"

    num_mel_bins: int = 80
    hidden_size: int = 256
    num_hidden_layers: int = 12
    num_attention_heads: int = 4
    intermediate_size: int = 640
    conv_kernel_size: int = 15
    left_context_frames: int = 96
    phone_layer: int = 8
    num_phones: int = 256
    token_frames: int = 4
    chunk_frames: int = 8

    frame_ms: ClassVar[int] = 40


class AutoGLMConfig(PreTrainedConfig):
    """The whole model. Special token ids live here because the network must find pictures, audio and fused tokens.

    `gate_trained` False (a published checkpoint without our gate) switches the gate off: weights are still computed,
    gains and the fused token are not applied. `gate_suppresses`: the network was trained with a gate that silences what
    it finds beside the point. `gate_allots`: it was trained to see in detail only the pictures that the gate gives more
    than an equal share, and all others at a glance, in a quarter of the tokens.
    """

    model_type = "autoglm"
    sub_configs: ClassVar[dict[str, Any]] = {
        "text_config": AutoGLMTextConfig,
        "vision_config": AutoGLMVisionConfig,
        "speech_config": AutoGLMSpeechConfig,
    }

    text_config: dict[str, Any] | PreTrainedConfig | None = None
    vision_config: dict[str, Any] | PreTrainedConfig | None = None
    speech_config: dict[str, Any] | PreTrainedConfig | None = None
    pad_token_id: int = 0
    image_token_id: int = 7
    audio_token_id: int = 10
    fused_token_id: int = 11
    num_special_tokens: int = 32
    gate_trained: bool = True
    gate_suppresses: bool = False
    gate_allots: bool = False
    format_version: int = 1

    def __post_init__(self, **kwargs: Any) -> None:
        for name, kind in self.sub_configs.items():
            value = getattr(self, name)
            if value is None:
                setattr(self, name, kind())
            elif isinstance(value, dict):
                setattr(self, name, kind(**{k: v for k, v in value.items() if k != "model_type"}))
        super().__post_init__(**kwargs)  # type: ignore[no-untyped-call]

    @property
    def text(self) -> AutoGLMTextConfig:
        """`text_config`, with its type."""
        return cast("AutoGLMTextConfig", self.text_config)

    @property
    def vision(self) -> AutoGLMVisionConfig:
        """`vision_config`, with its type."""
        return cast("AutoGLMVisionConfig", self.vision_config)

    @property
    def speech(self) -> AutoGLMSpeechConfig:
        """`speech_config`, with its type."""
        return cast("AutoGLMSpeechConfig", self.speech_config)

    @classmethod
    def nano(cls, *, vocab_size: int = 5120) -> AutoGLMConfig:
        """The embedded default: about 36 M parameters, under 40 MB in int8."""
        return cls(text_config=AutoGLMTextConfig(vocab_size=vocab_size), gate_suppresses=True, gate_allots=True)

    @classmethod
    def glm_9b(cls) -> AutoGLMConfig:
        """The GLM-4-9B backbone with our eyes and ears in front. Published weights are causal and untied."""
        text = AutoGLMTextConfig(
            vocab_size=151552,
            hidden_size=4096,
            intermediate_size=13696,
            num_hidden_layers=40,
            num_attention_heads=32,
            num_key_value_heads=2,
            head_dim=128,
            max_position_embeddings=32768,
            rms_norm_eps=1e-5,
            tie_word_embeddings=False,
            prefix_attention="causal",
            sliding_window=None,
        )
        return cls(text_config=text, image_token_id=151343, gate_trained=False)

    @classmethod
    def tiny(cls, *, vocab_size: int = 512) -> AutoGLMConfig:
        """For tests: every part present, milliseconds to run."""
        return cls(
            text_config=AutoGLMTextConfig(
                vocab_size=vocab_size,
                hidden_size=64,
                intermediate_size=96,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=1,
                head_dim=32,
                sliding_window=64,
            ),
            vision_config=AutoGLMVisionConfig(
                stem_channels=[8, 8, 16, 16, 32],
                hidden_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=64,
            ),
            speech_config=AutoGLMSpeechConfig(
                hidden_size=32,
                num_hidden_layers=3,
                num_attention_heads=2,
                intermediate_size=48,
                left_context_frames=12,
                phone_layer=2,
                num_phones=16,
            ),
        )
