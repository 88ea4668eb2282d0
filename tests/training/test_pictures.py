"""The renderer draws what the numbers say, the same way each time, and where they say."""

from __future__ import annotations

import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from autoglm_agent.training.pictures import joint, labels, scenes
from autoglm_agent.training.pictures.picture_packing import Packer, uniforms_of
from autoglm_agent.training.pictures.pictures import (
    Background,
    LabelPicture,
    Panel,
    PhotoPicture,
    ScenePicture,
    Sprite,
    Text,
)
from autoglm_agent.training.pictures.render import Renderer
from autoglm_agent.training.pictures.scene_layout import MIN_SIZE_PX, make_scene, random_pairs, random_scene
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS, region_at, styles
from autoglm_agent.training.pictures.sprite_pen import SPRITE_SIZE_PX, Pen
from autoglm_agent.training.pictures.sprite_things import THINGS
from autoglm_agent.training.pictures.sprites import GLYPH_CELL_PX, Atlas

PLAIN = Background(kind="plain", first=(0.2, 0.2, 0.2), second=(0.2, 0.2, 0.2), seed=1)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """A small atlas without fonts: two drawn things, and squares in place of the characters 水 and 糖."""
    names, sprites = [], []
    for name in ("ball", "car"):
        pen = Pen(0)
        THINGS[name](pen)
        names.append(f"{name}/0")
        sprites.append(pen.finish())
    glyphs = np.zeros((1, 2, GLYPH_CELL_PX, GLYPH_CELL_PX), np.uint8)
    glyphs[0, 0, 8:40, 8:40] = 255
    glyphs[0, 1, 8:24, 8:40] = 255
    return Atlas(tuple(names), np.stack(sprites), ("sans",), "水糖", glyphs, np.ones((1, 2), np.float32))


@pytest.fixture(scope="module")
def renderer(atlas: Atlas) -> Renderer:
    bank = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    bank[1, 0] = 255
    return Renderer(atlas, "cpu", bank)


def scene_of(*sprites: Sprite, seed: int = 3) -> ScenePicture:
    return ScenePicture(background=PLAIN, sprites=sprites, seed=seed)


def label_of(*texts: Text, panels: tuple[Panel, ...] = ()) -> LabelPicture:
    return LabelPicture(background=PLAIN, panels=panels, sprites=(), texts=texts, seed=3)


def photo_of(photo: int, **changes: object) -> PhotoPicture:
    plain = dict(
        letterbox=True, zoom=1.0, shift_x=0.0, shift_y=0.0, rotation_deg=0.0, flip=False, bars=(0, 0, 0), seed=1
    )
    return PhotoPicture(photo=photo, **{**plain, **changes})  # type: ignore[arg-type]


def test_the_same_batch_and_seed_give_the_same_pixels_and_another_seed_other_noise(renderer: Renderer) -> None:
    pictures = [
        scene_of(Sprite(name="car/0", x=100, y=90, size_px=120, tint=(0.9, 0.1, 0.1)), seed=s) for s in range(3)
    ]
    first, again = renderer.render(pictures, seed=5), renderer.render(pictures, seed=5)
    assert torch.equal(first, again)
    assert not torch.equal(first, renderer.render(pictures, seed=6))


def test_a_clean_picture_does_not_depend_on_its_batch(renderer: Renderer) -> None:
    one = scene_of(Sprite(name="ball/0", x=320, y=240, size_px=90, tint=(0.1, 0.2, 0.9), rotation_deg=20))
    other = label_of(Text(text="水糖", font="sans", x=50, y=60, height_px=40, ink=(1, 1, 1)))
    together = renderer.render([other, one, photo_of(1)], strength=0)
    assert torch.equal(together[1], renderer.render([one], strength=0)[0])


@pytest.mark.parametrize(("x", "y", "size"), [(80, 80, 60), (320, 240, 200), (560, 400, 150)])
def test_a_thing_lies_where_it_is_placed_and_nowhere_else(renderer: Renderer, x: int, y: int, size: int) -> None:
    picture = scene_of(Sprite(name="ball/0", x=x, y=y, size_px=size, tint=(0.9, 0.1, 0.1)))
    image = renderer.render([picture], strength=0)[0].int()
    changed = (image - image[:, :1, :1]).abs().amax(0) > 8
    rows, columns = changed.any(1).nonzero().flatten(), changed.any(0).nonzero().flatten()
    assert abs((columns.min() + columns.max()).item() / 2 - x) < 3
    assert abs((rows.min() + rows.max()).item() / 2 - y) < 3
    assert size * 0.8 < (columns.max() - columns.min()).item() <= size
    red, green, _ = image[:, y + size // 5, x + size // 5].tolist()  # beside the white lines of the ball
    assert red > 180 and green < 80


def test_an_unknown_style_falls_back_to_the_drawn_one(renderer: Renderer) -> None:
    known, unknown = (
        scene_of(Sprite(name=name, x=200, y=200, size_px=100, tint=(0, 1, 0))) for name in ("car/0", "car/e1f697")
    )
    drawn = renderer.render([known, unknown], strength=0)
    assert torch.equal(drawn[0], drawn[1])


def test_characters_stand_side_by_side_in_the_ink_s_colour(renderer: Renderer) -> None:
    image = renderer.render(
        [label_of(Text(text="水 水", font="sans", x=100, y=200, height_px=44, ink=(0, 1, 0)))], strength=0
    )
    green = (image[0, 1] > 200).float()
    columns = green[200].nonzero().flatten()
    assert 100 <= columns.min() and columns.max() <= 100 + 44 * 2.3 + 1
    assert green[200, 100 + 44 + 4] == 0  # the space
    assert green[:170].sum() == 0 and green[230:].sum() == 0


def test_a_character_outside_the_atlas_is_refused(renderer: Renderer) -> None:
    with pytest.raises(KeyError, match="not in the atlas"):
        renderer.render([label_of(Text(text="水龘", font="sans", x=10, y=100, height_px=40, ink=(1, 1, 1)))])


def test_a_panel_fills_its_rectangle_and_a_frame_leaves_its_inside(renderer: Renderer) -> None:
    solid = Panel(left=100, top=100, right=300, bottom=200, fill=(1, 1, 1), radius_px=10)
    frame = Panel(left=100, top=100, right=300, bottom=200, fill=(1, 1, 1), border_px=4)
    filled, framed = renderer.render([label_of(panels=(solid,)), label_of(panels=(frame,))], strength=0)
    assert filled[0, 150, 200] == 255 and filled[0, 100, 100] < 200 and filled[0, 150, 90] < 60
    assert framed[0, 150, 200] < 60 and framed[0, 150, 102] == 255


def test_photographs_are_letterboxed_or_fill_the_canvas(renderer: Renderer) -> None:
    boxed, filled = renderer.render([photo_of(1, bars=(0, 0, 1)), photo_of(1, letterbox=False)], strength=0)
    assert boxed[:, 240, 320].tolist() == [255, 0, 0] and boxed[:, 240, 20].tolist() == [0, 0, 255]
    assert filled[0].min() == 255


def test_a_renderer_without_photographs_says_so(atlas: Atlas) -> None:
    with pytest.raises(RuntimeError, match="bank"):
        Renderer(atlas).render([photo_of(0)])


def test_packed_chunks_draw_the_same_as_pictures(renderer: Renderer) -> None:
    pictures = [scene_of(Sprite(name="car/0", x=150, y=150, size_px=100), seed=i) for i in range(10)]
    packed = pickle.loads(pickle.dumps(list(renderer.pack(pictures))))
    assert torch.equal(renderer.render(packed, seed=2), renderer.render(pictures, seed=2))


def test_augmentation_keeps_a_thing_in_its_region(renderer: Renderer) -> None:
    rng = random.Random(4)
    for region in range(9):
        pictures = []
        for _ in range(8):
            spot = make_scene(rng, [("ball", "red")], [region]).picture.sprites[0]
            ball = Sprite(name="ball/0", x=spot.x, y=spot.y, size_px=60, tint=(1.0, 0.0, 0.0))
            pictures.append(scene_of(ball, seed=rng.getrandbits(40)))
        for image in renderer.render(pictures, strength=1.0).int():
            rows, columns = ((image[0] - image[1]) > 70).nonzero(as_tuple=True)
            assert region_at(columns.float().mean().item(), rows.float().mean().item()) == region


def test_an_atlas_survives_its_file(atlas: Atlas, tmp_path: Path) -> None:
    atlas.save(tmp_path / "atlas.npz")
    loaded = Atlas.load(tmp_path)
    assert loaded.sprite_names == atlas.sprite_names and loaded.characters == "水糖"
    assert np.array_equal(loaded.sprites, atlas.sprites) and np.array_equal(loaded.glyphs, atlas.glyphs)


def test_every_kind_has_a_drawing_and_every_colour_a_style(atlas: Atlas) -> None:
    from autoglm_agent.training.pictures.sprite_animals import ANIMALS

    assert set(KINDS) == set(THINGS | ANIMALS)
    for kind, info in KINDS.items():
        for color in info.colors or ("",):
            assert f"{kind}/0" in styles(kind, color)


def test_drawings_have_tint_transparency_and_the_right_size() -> None:
    pen = Pen(1)
    THINGS["cup"](pen)
    layers = pen.finish()
    assert layers.shape == (5, SPRITE_SIZE_PX, SPRITE_SIZE_PX)
    assert layers[3, 0, 0] == 0 and layers[3].max() == 255 and layers[4].max() == 255


def test_scene_things_stand_in_their_regions_without_hiding_each_other() -> None:
    rng = random.Random(9)
    for _ in range(200):
        scene = make_scene(rng, random_pairs(rng, "train", rng.randint(0, 9)))
        sprites = scene.picture.sprites
        assert [region_at(s.x, s.y) for s in sprites] == [t.region for t in scene.things]
        for i, a in enumerate(sprites):
            assert MIN_SIZE_PX <= a.size_px <= 200 and a.size_px / 2 < min(a.x, 640 - a.x, a.y, 480 - a.y)
            for b in sprites[:i]:
                distance = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
                assert distance > 0.8 * (a.size_px + b.size_px) / 2


def test_colours_are_told_apart_from_the_background() -> None:
    rng = random.Random(2)
    near = 0
    for _ in range(300):
        picture = random_scene(rng, "train")
        for sprite in picture.sprites:
            for color in (picture.background.first, picture.background.second):
                near += sum((a - b) ** 2 for a, b in zip(color, sprite.tint, strict=True)) ** 0.5 < 0.2
    assert near <= 3
    assert len({c.chinese for c in COLORS.values()}) == len(COLORS)


def test_samples_pickle_and_repeat_for_a_seed() -> None:
    for module in (scenes, joint, labels):
        first, again = (module.samples(random.Random(8), "train") for _ in range(2))
        for _ in range(30):
            sample = next(first)
            assert sample == next(again)
            assert pickle.loads(pickle.dumps(sample)) == sample


def test_uniforms_are_spread_and_depend_on_the_seed() -> None:
    values = uniforms_of(range(500))
    assert values.min() >= 0 and values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01
    assert len(np.unique(values[:, 0])) > 490


def test_packing_rejects_nothing_the_corpus_writes(tmp_path: Path) -> None:
    from autoglm_agent.training.pictures.sprites import corpus_characters

    characters = corpus_characters()
    empty = np.zeros((1, len(characters), 1, 1), np.uint8)
    sprites = np.zeros((len(KINDS), 5, 2, 2), np.uint8)
    widths = np.ones((1, len(characters)), np.float32)
    packer = Packer(Atlas(tuple(f"{k}/0" for k in KINDS), sprites, ("sans",), characters, empty, widths))
    for split in ("train", "eval"):
        for module in (scenes, joint, labels):
            made = module.samples(random.Random(1), split)
            packed = packer.pack([next(made).messages[0].picture for _ in range(100)])  # type: ignore[misc]
            assert packed.num_pictures == 100
            assert any(kind == "glyph" for kind, _ in packed.stamps) == (module is labels)
