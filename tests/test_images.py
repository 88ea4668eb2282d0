"""Pictures from strangers: decoded within bounds, upright, letterboxed; broken ones say so."""

import io

import numpy as np
import pytest
from PIL import Image

from autoglm_agent import images
from autoglm_agent.errors import InputError
from autoglm_agent.images import BACKGROUND, load_picture, near_duplicate


def as_file(picture, file_format="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def plain(width=640, height=480, colour=(200, 30, 30)):
    return Image.new("RGB", (width, height), colour)


def scene(seed=0):
    """Soft blobs: something for a camera to look at."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.array(Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_every_format_gives_the_same_frame(file_format):
    frame = load_picture(as_file(plain(), file_format))
    assert frame.shape == (480, 640, 3)
    assert frame.dtype == np.uint8
    assert np.abs(frame.astype(int) - (200, 30, 30)).max() <= 3


@pytest.mark.parametrize(
    ("size", "bar", "inside"),
    [((200, 400), (240, 50), (240, 320)), ((900, 300), (20, 320), (240, 320)), ((16, 16), (240, 20), (240, 320))],
    ids=["tall", "wide", "tiny"],
)
def test_other_shapes_are_centred_on_grey(size, bar, inside):
    frame = load_picture(as_file(plain(*size)))
    assert tuple(frame[bar]) == BACKGROUND
    assert tuple(frame[inside]) == (200, 30, 30)


def test_a_picture_is_turned_upright():
    picture = plain(480, 640)
    picture.paste((0, 0, 250), (0, 0, 480, 320))  # blue is on top as stored, and on the right once turned
    exif = Image.Exif()
    exif[0x0112] = 6
    frame = load_picture(as_file(picture, "JPEG", exif=exif, quality=95))
    assert frame[240, 600, 2] > 200 > 100 > frame[240, 40, 2]


def test_transparency_is_seen_on_white():
    frame = load_picture(as_file(Image.new("RGBA", (640, 480), (0, 0, 0, 0))))
    assert frame.min() == 255


def test_a_large_photograph_is_cheap_and_whole():
    frame = load_picture(as_file(plain(4000, 3000), "JPEG"))
    assert np.abs(frame.astype(int) - (200, 30, 30)).max() <= 3


def test_a_path_reads_like_its_bytes(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(as_file(Image.fromarray(scene())))
    assert np.array_equal(load_picture(path), load_picture(path.read_bytes()))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"no picture at all", "not a picture we can read; send JPEG"),
        (as_file(Image.fromarray(scene()), "JPEG")[:2000], "broken picture"),
        (as_file(Image.fromarray(scene()))[:2000], "broken picture"),
        (b"%PDF-1.4 looks like a document", "not a picture"),
    ],
)
def test_what_cannot_be_seen_says_why(data, said):
    with pytest.raises(InputError, match=said):
        load_picture(data)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.png does not exist.*check the path"):
        load_picture(tmp_path / "gone.png")


def test_too_many_pixels_are_refused_before_they_are_decoded():
    with pytest.raises(InputError, match=r"64 megapixels; the limit is 50"):
        load_picture(as_file(Image.new("1", (8000, 8000))))


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match="the limit is"):
        load_picture(as_file(Image.fromarray(scene())))


def test_the_same_scene_with_camera_noise_is_a_duplicate():
    noise = np.random.default_rng(1).normal(0, 8, (480, 640, 3))
    assert near_duplicate(scene(), np.clip(scene() + noise, 0, 255).astype(np.uint8))


def test_a_small_thing_that_appears_is_no_duplicate():
    changed = scene()
    changed[300:340, 300:340] = (220, 20, 20)
    assert not near_duplicate(scene(), changed)


def test_a_thing_that_only_changes_its_colour_is_no_duplicate():
    red, green = plain(colour=(200, 60, 60)), plain(colour=(60, 131, 60))  # the same grey
    assert not near_duplicate(np.array(red), np.array(green))
