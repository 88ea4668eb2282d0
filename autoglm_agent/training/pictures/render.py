"""Draws batches of pictures with torch, on a GPU for training and on a CPU for evaluation and the demo.

Things and characters are stamped by bilinear sampling and integer addition, whose result does not depend on the order
of the additions: the same batch with the same seed gives the same pixels on one device. Overlapping stamps mix; the
corpus keeps things apart. Colours are not managed: values are those of sRGB files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from autoglm_agent.training.pictures.backgrounds import paint_backgrounds, paint_panels, upload
from autoglm_agent.training.pictures.photometric import distort
from autoglm_agent.training.pictures.picture_packing import PackedPictures, Packer
from autoglm_agent.training.pictures.pictures import HEIGHT_PX, WIDTH_PX, Picture
from autoglm_agent.training.pictures.sprites import Atlas

_CHUNK = {"cuda": 128, "cpu": 8}  # pictures drawn together: bounds the working memory to about 6 GB and 0.3 GB
_SMALL_PX = 84  # below this a stamp is taken from the half-size copy of the sprites, which keeps it free of aliases


class Renderer:
    """Holds the atlas and, where there is one, the bank of photographs uint8 [N, 3, S, S] on a device."""

    def __init__(self, atlas: Atlas, device: torch.device | str = "cpu", photo_bank: Tensor | None = None) -> None:
        self.device = torch.device(device)
        self.packer = Packer(atlas)
        self._sprites = torch.from_numpy(atlas.sprites).to(self.device)
        small = functional.avg_pool2d(torch.from_numpy(atlas.sprites).float(), 2)
        self._small_sprites = small.round().to(torch.uint8).to(self.device)
        self._glyphs = torch.from_numpy(atlas.glyphs).flatten(0, 1)[:, None].to(self.device)
        self._bank = None if photo_bank is None else photo_bank.to(self.device)

    @classmethod
    def load(cls, folder: str | Path, device: torch.device | str = "cpu", *, photos: bool = True) -> Renderer:
        """Read the folder of `build_atlas` and, if it is there and wanted, the packed photographs beside it."""
        from autoglm_agent.training.pictures.photo_bank import BANK_FILE, load_bank

        bank = Path(folder) / BANK_FILE
        return cls(Atlas.load(folder), device, load_bank(bank) if photos and bank.exists() else None)

    def render(
        self, pictures: Sequence[Picture] | Sequence[PackedPictures], *, seed: int = 0, strength: float = 1.0
    ) -> Tensor:
        """uint8 [B, 3, 480, 640]. `strength` scales the photometric and geometric changes; 0 draws clean pictures.

        Accepts pictures, or chunks made of them by `pack` in other processes.
        """
        packed = [item for item in pictures if isinstance(item, PackedPictures)]
        chunks = packed or list(self.pack([item for item in pictures if not isinstance(item, PackedPictures)]))
        total = sum(chunk.num_pictures for chunk in chunks)
        out = torch.empty(total, 3, HEIGHT_PX, WIDTH_PX, dtype=torch.uint8, device=self.device)
        generator = torch.Generator(self.device).manual_seed(seed)
        start = 0
        with torch.no_grad():
            for chunk in chunks:
                canvas = self._draw(chunk)
                canvas = distort(canvas, chunk.uniforms, strength, generator)
                out[start : start + chunk.num_pictures] = canvas.mul_(255).round_().clamp_(0, 255).to(torch.uint8)
                start += chunk.num_pictures
        return out

    def pack(self, pictures: Sequence[Picture]) -> Iterator[PackedPictures]:
        """Flatten pictures into chunks of a size that suits the device; needs no device itself."""
        step = _CHUNK[self.device.type]
        for start in range(0, len(pictures), step):
            yield self.packer.pack(pictures[start : start + step])

    def _draw(self, packed: PackedPictures) -> Tensor:
        canvas = torch.zeros(packed.num_pictures, 3, HEIGHT_PX, WIDTH_PX, device=self.device)
        paint_backgrounds(canvas, packed)
        paint_panels(canvas, packed)
        for kind in ("sprite", "glyph"):
            groups = {side: rows for (name, side), rows in packed.stamps.items() if name == kind}
            if groups:
                self._stamp(canvas, kind, groups)
        if len(packed.photo_rows):
            rows = upload(packed.photo_rows, self.device)
            canvas[rows] = self._photographs(upload(packed.photos, self.device))
        return canvas

    def _stamp(self, canvas: Tensor, kind: str, groups: dict[int, np.ndarray]) -> None:
        """Sum alpha and alpha-weighted colour of all stamps in integers, then lay the mean colour over the canvas."""
        pixels = canvas.shape[0] * HEIGHT_PX * WIDTH_PX
        sums = torch.zeros(4, pixels, dtype=torch.int32, device=self.device)
        for side, rows in groups.items():
            stamps = upload(rows, self.device)
            index, inside = _targets(stamps, side)
            grid = _sampling_grid(stamps, side)
            alpha, color = (
                self._sprite_texels(stamps, grid, side) if kind == "sprite" else self._glyph_texels(stamps, grid)
            )
            weight = (alpha * 255).round_() * inside
            flat = index.flatten()
            sums[0].index_add_(0, flat, weight.flatten().int())
            for c in range(3):
                sums[1 + c].index_add_(0, flat, (weight * color[:, c] * 255).round_().flatten().int())
        total = sums[0].view(canvas.shape[0], 1, HEIGHT_PX, WIDTH_PX)
        mean = sums[1:].view(3, canvas.shape[0], HEIGHT_PX, WIDTH_PX).transpose(0, 1) / (total.clamp(min=1) * 255.0)
        canvas.lerp_(mean, (total / 255.0).clamp(max=1.0).expand_as(canvas))

    def _sprite_texels(self, stamps: Tensor, grid: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Alpha [N, P, P] and colour [N, 3, P, P]: the tint below 0.7 of the shade, towards white above it."""
        textures = self._small_sprites if side <= _SMALL_PX else self._sprites
        texels = textures[stamps[:, 1].long()].float().div_(255)
        texels = functional.grid_sample(texels, grid, mode="bilinear", align_corners=False)
        shade, mask, tint = texels[:, :1], texels[:, 4:5], stamps[:, 10:13, None, None]
        dark = (shade / 0.7).clamp(max=1.0)
        light = ((shade - 0.7) / 0.3).clamp(min=0.0)
        tinted = (tint + (1 - tint) * light) * dark
        return texels[:, 3], texels[:, :3] + mask * (tinted - texels[:, :3])

    def _glyph_texels(self, stamps: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
        texels = self._glyphs[stamps[:, 1].long()].float().div_(255)
        alpha = functional.grid_sample(texels, grid, mode="bilinear", align_corners=False)[:, 0]
        return alpha, stamps[:, 10:13, None, None].expand(-1, -1, *alpha.shape[1:])

    def _photographs(self, rows: Tensor) -> Tensor:
        """[N, 3, 480, 640]: the photographs turned, cropped or letterboxed as the rows say."""
        if self._bank is None:
            raise RuntimeError("this renderer was made without the bank of photographs")
        _, letterbox, zoom, shift_x, shift_y, cos, sin, flip = (c[:, None, None] for c in rows[:, :8].unbind(1))
        y = (torch.arange(HEIGHT_PX, device=self.device) + 0.5 - HEIGHT_PX / 2)[None, :, None]
        x = (torch.arange(WIDTH_PX, device=self.device) + 0.5 - WIDTH_PX / 2)[None, None, :]
        half = torch.where(letterbox > 0, HEIGHT_PX / 2, WIDTH_PX / 2) * zoom
        slack_x, slack_y = (half - WIDTH_PX / 2).abs(), (half - HEIGHT_PX / 2).abs()
        x, y = x - shift_x * slack_x, y - shift_y * slack_y
        u, v = (x * cos + y * sin) / half, (y * cos - x * sin) / half
        photos = self._bank[rows[:, 0].long()].float().div_(255)
        grid = torch.stack([u * flip, v], dim=-1)
        drawn = functional.grid_sample(photos, grid, mode="bilinear", padding_mode="border", align_corners=False)
        outside = (letterbox > 0) & ((u.abs() > 1) | (v.abs() > 1))
        return torch.where(outside[:, None], rows[:, 8:11, None, None], drawn)


def _corner(stamps: Tensor, side: int) -> tuple[Tensor, Tensor]:
    return (stamps[:, 2] - side / 2).floor(), (stamps[:, 3] - side / 2).floor()


def _targets(stamps: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Flat canvas index [N, P, P] of each patch pixel, and whether it lies on the canvas."""
    left, top = _corner(stamps, side)
    steps = torch.arange(side, device=stamps.device)
    x, y = (left.long()[:, None] + steps)[:, None, :], (top.long()[:, None] + steps)[:, :, None]
    inside = (x >= 0) & (x < WIDTH_PX) & (y >= 0) & (y < HEIGHT_PX)
    picture = stamps[:, 0].long()[:, None, None]
    return picture * (HEIGHT_PX * WIDTH_PX) + y.clamp(0, HEIGHT_PX - 1) * WIDTH_PX + x.clamp(0, WIDTH_PX - 1), inside


def _sampling_grid(stamps: Tensor, side: int) -> Tensor:
    """[N, P, P, 2]: where in the texture (-1..1) each patch pixel looks."""
    left, top = _corner(stamps, side)
    steps = torch.arange(side, device=stamps.device) + 0.5
    x = (left[:, None] + steps - stamps[:, 2:3])[:, None, :]
    y = (top[:, None] + steps - stamps[:, 3:4])[:, :, None]
    half, cos, sin, flip, slant, stretch = (c[:, None, None] for c in (stamps[:, 4] / 2, *stamps[:, 5:10].unbind(1)))
    u, v = (x * cos + y * sin) / half, (y * cos - x * sin) / half
    return torch.stack([(u + slant * v) / stretch * flip, v], dim=-1)
