"""Pictures from the outside: bounded decoding and the fixed frame the vision encoder takes. Pillow and numpy only.

A picture is data from a stranger: its format, its byte size and its pixel count are checked before it is decoded. What
the pixels mean is not decided here (`model`).
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from autoglm_agent.errors import InputError

FRAME_WIDTH = 640
FRAME_HEIGHT = 480
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MAX_BYTES = 20 * 2**20  # a 48-megapixel phone JPEG is 10–15 MB; the wire's own limit is 15 MiB
MAX_PIXELS = 50_000_000  # 150 MB once decoded; phones give 48–50 megapixels
BACKGROUND = (114, 114, 114)  # mid grey, so that the letterbox's bars are neither black nor white things
CELL = 20  # pixels averaged to one cell of a thumbnail: sensor noise vanishes, a toy taken away does not
NEAR_DUPLICATE = 12.0  # levels of 255 in the cell that differs most; noise gives 1–2, flickering light 5, a change 20

Frame = npt.NDArray[np.uint8]


def load_picture(source: bytes | str | Path) -> Frame:
    """Decode a picture and letterbox it: RGB `uint8 [480, 640, 3]`, turned upright by its EXIF orientation.

    Raises:
        InputError: missing, too large, of an unknown format, or broken.
    """
    name, data = _read(source)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_pixels(name, picture)
            # A JPEG decodes at a fraction of its size for a fraction of the cost; the frame needs no more.
            picture.draft("RGB", (FRAME_WIDTH, FRAME_HEIGHT))
            return letterbox(_flatten(ImageOps.exif_transpose(picture)))
    except UnidentifiedImageError as error:
        raise InputError(f"{name} is not a picture we can read; send JPEG, PNG or WebP.") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} has more than {MAX_PIXELS / 1e6:.0f} megapixels. Scale it down.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise InputError(f"{name} is a broken picture ({error}); save it again as JPEG or PNG.") from error


def letterbox(picture: Image.Image) -> Frame:
    """Scale an RGB picture to fit 640×480, centred on grey: `uint8 [480, 640, 3]`. Small pictures are scaled up."""
    if picture.size != (FRAME_WIDTH, FRAME_HEIGHT):
        picture = ImageOps.pad(picture, (FRAME_WIDTH, FRAME_HEIGHT), method=Image.Resampling.BICUBIC, color=BACKGROUND)
    return np.array(picture, dtype=np.uint8)


def near_duplicate(first: Frame, second: Frame, *, threshold: float = NEAR_DUPLICATE) -> bool:
    """Whether two frames show the same but for noise: no 20×20 cell's mean colour differs by `threshold` or more."""
    return bool(np.abs(thumbnail(first) - thumbnail(second)).max() < threshold)


def thumbnail(frame: Frame) -> npt.NDArray[np.int16]:
    """The mean colours of a frame's 20×20 cells: `int16 [24, 32, 3]`."""
    return np.asarray(Image.fromarray(frame).reduce(CELL), dtype=np.int16)


def _read(source: bytes | str | Path) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        name, size, data = "the picture", len(source), source
    else:
        path = Path(source)
        name = str(path)
        if not path.is_file():
            raise InputError(f"{name} does not exist or is not a file; check the path.")
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    if size > MAX_BYTES:
        raise InputError(f"{name} has {size / 2**20:.0f} MiB; the limit is {MAX_BYTES // 2**20} MiB. Scale it down.")
    if not data:
        raise InputError(f"{name} is empty; send the bytes of a JPEG or PNG file.")
    return name, data


def _check_pixels(name: str, picture: Image.Image) -> None:
    pixels = picture.width * picture.height
    if pixels > MAX_PIXELS:
        raise InputError(
            f"{name} has {pixels / 1e6:.0f} megapixels; the limit is {MAX_PIXELS / 1e6:.0f}. Scale it down."
        )


def _flatten(picture: Image.Image) -> Image.Image:
    """RGB on white: a transparent picture (a label, a logo) is mostly meant to be seen on paper."""
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return picture.convert("RGB")
