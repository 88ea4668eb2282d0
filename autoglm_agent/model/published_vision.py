"""The vision tower of GLM-4.1V (`Glm4vVisionModel` of `transformers`) behind the interface of our own eyes.

Pictures come letterboxed to one size, so the number of visual tokens is fixed here too: 17 x 23 = 391 at 640x480.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers.initialization import no_init_weights
from transformers.models.glm4v.configuration_glm4v import Glm4vVisionConfig
from transformers.models.glm4v.modeling_glm4v import Glm4vVisionModel

from autoglm_agent.model.config import AutoGLMVisionConfig

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class PublishedVisionConfig(AutoGLMVisionConfig):
    """`published` is the configuration of the tower. Of the parent's fields only the picture's size counts."""

    model_type = "autoglm_published_vision"

    published: dict[str, Any] | None = None

    @property
    def tower(self) -> Glm4vVisionConfig:
        """`published`, with its type."""
        return Glm4vVisionConfig(**{k: v for k, v in (self.published or {}).items() if k != "model_type"})

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width the picture is resized to: the nearest multiples of a merged patch."""
        tower = self.tower
        factor = int(tower.patch_size) * tower.spatial_merge_size  # type: ignore[arg-type]  # square in all releases
        return round(self.image_height / factor) * factor, round(self.image_width / factor) * factor

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of visual tokens."""
        tower = self.tower
        factor = int(tower.patch_size) * tower.spatial_merge_size  # type: ignore[arg-type]
        height, width = self.resized
        return height // factor, width // factor

    @property
    def num_tokens(self) -> int:
        """Visual tokens per picture."""
        rows, columns = self.grid
        return rows * columns


class PublishedVision(nn.Module):
    """Pictures to visual tokens, with published weights."""

    def __init__(self, config: PublishedVisionConfig, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.config = config
        tower = config.tower
        self.patch_size, self.merge_size = int(tower.patch_size), tower.spatial_merge_size  # type: ignore[arg-type]
        self.num_frames = int(tower.temporal_patch_size)  # type: ignore[arg-type]
        with no_init_weights():  # Memory is reserved, not touched; the rotary constants are real.
            self.visual = Glm4vVisionModel(tower)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    mean: Tensor
    std: Tensor

    def fold(self) -> None:
        """Nothing to fold: the tower has no batch norms."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode pictures.

        Args:
            pixels: uint8 [B, 3, 480, 640], RGB.

        Returns:
            Visual tokens [B, tokens, hidden], row by row from the upper left.
        """
        patches = self.patchify(self.resize(pixels))
        height, width = self.config.resized
        grid = torch.tensor([[1, height // self.patch_size, width // self.patch_size]], device=pixels.device)
        tokens: Tensor = self.visual(patches, grid_thw=grid.expand(len(pixels), 3)).pooler_output
        return tokens.view(len(pixels), self.config.num_tokens, -1)

    def resize(self, pixels: Tensor) -> Tensor:
        """To the tower's size, bicubic as Pillow does it, and normalised: float [B, 3, H, W]."""
        height, width = self.config.resized
        if pixels.shape[-2:] != (height, width):
            frames = [Image.fromarray(frame) for frame in pixels.permute(0, 2, 3, 1).cpu().numpy()]
            resized = [np.asarray(frame.resize((width, height), Image.Resampling.BICUBIC)) for frame in frames]
            pixels = torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).to(pixels.device)
        return (pixels.float() / 255 - self.mean) / self.std

    def patchify(self, images: Tensor) -> Tensor:
        """[B, 3, H, W] -> [B·patches, 3·frames·patch²], the patches of one merged token side by side."""
        batch, channels, height, width = images.shape
        patch, merge = self.patch_size, self.merge_size
        rows, columns = height // patch // merge, width // patch // merge
        split = images.reshape(batch, channels, rows, merge, patch, columns, merge, patch)
        ordered = split.permute(0, 2, 5, 3, 6, 1, 4, 7)[:, :, :, :, :, :, None]
        frames = ordered.expand(-1, -1, -1, -1, -1, -1, self.num_frames, -1, -1)
        return frames.reshape(batch * rows * columns * merge * merge, -1)
