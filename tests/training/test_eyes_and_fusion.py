"""The eyes and fusion stages in miniature, on the CPU: targets that are true, rows that are whole, and that both learn."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from autoglm_agent.errors import InputError
from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.training.pictures.picture_packing import Packer
from autoglm_agent.training.pictures.pictures import Background, LabelPicture, ScenePicture, Sprite, Text
from autoglm_agent.training.pictures.render import Renderer
from autoglm_agent.training.pictures.sprite_pen import Pen
from autoglm_agent.training.pictures.sprite_things import THINGS
from autoglm_agent.training.pictures.sprites import GLYPH_CELL_PX, Atlas
from autoglm_agent.training.sample import Message, Sample
from autoglm_agent.training.speech.spoken_pool import SpeechBank
from autoglm_agent.training.stages.eyes_stage import (
    CELL_PX,
    COLUMNS,
    EyesHeads,
    EyesStageConfig,
    Inventory,
    eyes_scores,
    train_eyes,
)
from autoglm_agent.training.stages.fusion_rows import (
    IGNORED_GATE,
    ROW_SIZES,
    RowMaker,
    RowOptions,
    SpokenSample,
    Utterance,
    batched,
    gate_target,
    pad_rows,
)
from autoglm_agent.training.stages.fusion_stage import (
    FusionForward,
    FusionStageConfig,
    forced_accuracy,
    gate_loss,
    train_fusion,
)
from autoglm_agent.training.stages.progress import Curves
from autoglm_agent.training.stages.shards import load_shards, save_shards

PLAIN = Background(kind="plain", first=(0.9, 0.9, 0.9), second=(0.9, 0.9, 0.9), seed=1)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """Two drawn things, and two squares in place of characters: no fonts are needed."""
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


def scene(name: str, x: float, y: float, tint: tuple[float, float, float] = (0.9, 0.1, 0.1)) -> ScenePicture:
    return ScenePicture(background=PLAIN, sprites=(Sprite(name=name, x=x, y=y, size_px=150, tint=tint),), seed=3)


@pytest.fixture(scope="module")
def layout() -> ChatLayout:
    tokenizer = AutoGLMTokenizer.from_pretrained(NANO_DIR)
    return ChatLayout(tokenizer, AutoGLMConfig.nano(vocab_size=len(tokenizer)))


def blank(_rng: random.Random, _split: str) -> ScenePicture:
    return ScenePicture(background=PLAIN, sprites=(), seed=0)


def maker(layout: ChatLayout, **options: float) -> RowMaker:
    return RowMaker(layout, blank, "train", RowOptions(**({"distractor_share": 0.0} | options)))  # type: ignore[arg-type]


def test_cells_hold_what_is_centred_in_them(atlas: Atlas) -> None:
    text = Text(text="水糖", font="sans", x=100, y=200, height_px=40, ink=(0, 0, 0))
    label = LabelPicture(background=PLAIN, panels=(), sprites=(), texts=(text,), seed=0)
    inventory = Inventory(atlas)
    batch = inventory.batch([scene("car/0", 500, 100), label], Packer(atlas))
    found = set(zip(batch.cells.tolist(), batch.classes.tolist(), strict=True))
    row = (200 // CELL_PX) * COLUMNS
    assert found == {
        ((100 // CELL_PX) * COLUMNS + 500 // CELL_PX, 2 + 1),  # behind two characters: ball, car
        (300 + row + 120 // CELL_PX, 0),
        (300 + row + 160 // CELL_PX, 1),
    }
    assert batch.colours.tolist() == [pytest.approx([0.9, 0.1, 0.1])]


def test_eyes_learn_which_thing_is_where(atlas: Atlas, tmp_path: Path) -> None:
    torch.manual_seed(0)
    inventory, packer, renderer = Inventory(atlas), Packer(atlas), Renderer(atlas, "cpu")
    encoder = AutoGLMForConditionalGeneration(AutoGLMConfig.tiny()).vision
    heads = EyesHeads(32, inventory)
    rng = random.Random(0)

    def chunk() -> object:
        things = [scene(rng.choice(["ball/0", "car/0"]), rng.uniform(90, 550), rng.uniform(90, 390)) for _ in range(8)]
        return inventory.batch(list(things), packer)

    held_out = [chunk() for _ in range(2)]
    config = EyesStageConfig(steps=60, lr=1e-2, chunks_per_step=1, eval_every=60)
    before = eyes_scores(encoder.eval(), renderer, heads, held_out, inventory)  # type: ignore[arg-type]
    train_eyes(
        encoder.train(), renderer, heads, (chunk() for _ in iter(int, 1)), config, Curves(tmp_path, "eyes"),  # type: ignore[misc]
        evaluate=lambda: eyes_scores(encoder, renderer, heads, held_out, inventory),  # type: ignore[arg-type]
        save=lambda: save_shards(encoder.state_dict(), tmp_path),
    )  # fmt: skip
    losses = [line for line in (tmp_path / "eyes.jsonl").read_text().splitlines() if "cell_loss" in line]
    assert before["thing_recall"] == 0
    assert len(losses) == 1
    logits = heads.cell_head(encoder.eval().cells(renderer.render([held_out[0].packed]))).flatten(0, 1)  # type: ignore[attr-defined]
    there = logits[held_out[0].cells, held_out[0].classes].mean()  # type: ignore[attr-defined]
    assert there - logits[:, 2:4].mean() > 2.0, "things must stand out where they are"
    assert load_shards(tmp_path).keys() == encoder.state_dict().keys()


QUESTION = Sample(
    task="fact",
    messages=(
        Message(role="user", text="天空是什么颜色"),
        Message(role="assistant", text="蓝色。", reasoning="天空蓝。"),
    ),
)


def test_thinking_rows_have_the_trace_and_others_do_not(layout: ChatLayout) -> None:
    rng = random.Random(0)
    tokenizer = layout.tokenizer
    thinking, direct = (maker(layout, think=think).row(QUESTION, rng) for think in (True, False))
    assert thinking is not None
    assert direct is not None
    targets = tokenizer.decode_ids([i for i in thinking.labels.tolist() if i >= 0])
    assert targets.startswith("天空蓝。</think>蓝色。")
    assert tokenizer.decode_ids([i for i in direct.labels.tolist() if i >= 0]).startswith("蓝色。")


def test_a_distractor_is_shown_but_marked_as_not_needed(layout: ChatLayout) -> None:
    row = maker(layout, distractor_share=1.0).row(QUESTION, random.Random(0))
    assert row is not None
    assert len(row.pictures) == 1
    assert row.gate[1] < 0.1
    needed = Sample(
        task="scene_what",
        messages=(Message(role="user", text="这是什么", picture=blank(random.Random(0), "train")),),
        needs_image=True,
    )
    assert gate_target(needed)[1] > 0.5
    assert gate_target(Sample(task="raw_dialogue", messages=QUESTION.messages)) == IGNORED_GATE


def test_a_spoken_row_carries_its_utterance_or_only_its_transcript(layout: ChatLayout) -> None:
    spoken = Sample(
        task="fact", messages=(Message(role="user", text="你好", spoken=True), Message(role="assistant", text="你好！"))
    )
    item = SpokenSample(spoken, ((Utterance(7, 5, "你号", "你好"),),))
    heard = maker(layout, damage_share=0, mute_share=0, deaf_share=0).row(
        item.sample, random.Random(0), item.versions[0]
    )
    deaf = maker(layout, damage_share=0, mute_share=0, deaf_share=1).row(
        item.sample, random.Random(0), item.versions[0]
    )
    assert heard is not None
    assert deaf is not None
    assert heard.utterances == (7,)
    assert int((heard.input_ids == layout.audio).sum()) == 5
    assert deaf.utterances == ()
    assert "你号" in layout.tokenizer.decode_ids(heard.input_ids.tolist())
    assert "你号" in layout.tokenizer.decode_ids(deaf.input_ids.tolist())


def test_batches_keep_to_their_budget(layout: ChatLayout) -> None:
    make = maker(layout)
    rng = random.Random(1)
    rows = (row for row in (make.row(QUESTION, rng) for _ in iter(int, 1)) if row is not None)
    for batch in islice(batched(rows, budget_tokens=200), 5):
        assert batch.input_ids.size <= 200
        assert batch.input_ids.shape[1] in ROW_SIZES


def test_speech_tokens_come_in_the_order_asked_for() -> None:
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.tiny())
    hidden = torch.randn(11, 32, generator=torch.Generator().manual_seed(0))
    bank = SpeechBank(hidden, np.array([0, 6]), np.array([6, 5]))
    tokens = bank.tokens(model.speech, np.array([1, 0]))
    assert tokens is not None
    torch.testing.assert_close(
        tokens, torch.cat([model.speech.adapt(hidden[None, 6:])[0], model.speech.adapt(hidden[None, :6])[0]])
    )
    assert bank.tokens(model.speech, np.array([], np.int64)) is None


def test_fusion_learns_a_picture_question_by_heart(atlas: Atlas, layout: ChatLayout, tmp_path: Path) -> None:
    torch.manual_seed(0)
    tiny = AutoGLMConfig.tiny(vocab_size=len(layout.tokenizer))
    model = AutoGLMForConditionalGeneration(tiny)
    make, rng = maker(layout, think=False), random.Random(0)

    def ask(name: str, reply: str) -> Sample:
        user = Message(role="user", text="图里是什么", picture=scene(name, 320, 240))
        return Sample(task="scene_what", messages=(user, Message(role="assistant", text=reply)), needs_image=True)

    rows = [make.row(ask("ball/0", "球"), rng), make.row(ask("car/0", "车"), rng)]
    batch = pad_rows([row for row in rows if row is not None])
    forward = FusionForward(model, Renderer(atlas, "cpu"), None)
    first = forward(batch, seed=0, strength=0.0)
    assert gate_loss(first[2], batch, tiny.fused_token_id).item() > 0
    scores: list[dict[str, float]] = []

    def evaluate() -> dict[str, float]:
        scores.append(forced_accuracy(forward, [batch]))
        return scores[-1]

    train_fusion(
        forward, iter(lambda: batch, None), FusionStageConfig(steps=60, lr=1e-2, warmup_steps=5, eval_every=60),
        Curves(tmp_path, "fusion"), evaluate=evaluate, save=lambda: None,
    )  # fmt: skip
    final = forward(batch, seed=0)
    assert final[0].item() < 0.3 * first[0].item()
    assert not model.speech.layers[0].first.up.weight.requires_grad, "the ears stay as they are"
    assert scores == [{"scene_what": 100.0}]


def test_frozen_eyes_stay_as_they_are_while_the_backbone_learns(
    atlas: Atlas, layout: ChatLayout, tmp_path: Path
) -> None:
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.tiny(vocab_size=len(layout.tokenizer)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    user = Message(role="user", text="图里是什么", picture=scene("ball/0", 320, 240))
    sample = Sample(task="scene_what", messages=(user, Message(role="assistant", text="球")), needs_image=True)
    row = maker(layout, think=False).row(sample, random.Random(0))
    assert row is not None
    forward = FusionForward(model, Renderer(atlas, "cpu"), None)
    train_fusion(
        forward, iter(lambda: pad_rows([row]), None), FusionStageConfig(steps=2, warmup_steps=1, freeze_eyes=True),
        Curves(tmp_path, "fusion"), evaluate=dict[str, float], save=lambda: None,
    )  # fmt: skip
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert not any(name.startswith("vision.") and "merge_" not in name for name in changed), (
        "nor its running statistics"
    )
    assert "vision.merge_out.weight" in changed
    assert "backbone.layers.0.mlp.down_proj.weight" in changed


def test_a_stage_goes_on_from_a_checkpoint_as_from_shards(tmp_path: Path) -> None:
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.tiny())
    model.save_pretrained(tmp_path / "whole", precision="int8")
    state = load_shards(tmp_path / "whole")
    assert state.keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        step = float(tensor.abs().max()) / 127 if tensor.is_floating_point() else 0
        assert float((state[name] - tensor).abs().max()) <= step + 1e-6, name
    with pytest.raises(InputError, match=r"neither shard-\*\.safetensors nor model\.safetensors is in .*check --init"):
        load_shards(tmp_path)


def test_a_picture_beside_the_point_is_seen_at_a_glance(atlas: Atlas, layout: ChatLayout) -> None:
    rng, picture = random.Random(0), scene("ball/0", 320, 240)
    about = Sample(
        task="scene_what", needs_image=True,
        messages=(Message(role="user", text="图里是什么", picture=picture), Message(role="assistant", text="球")),
    )  # fmt: skip
    beside = replace(about, messages=(replace(about.messages[0], text="你好"), about.messages[1]), needs_image=False)
    options = RowOptions(think=False, glance_share=0, stare_share=0)
    make = RowMaker(layout, lambda _rng, _split: picture, "train", options)
    rows = [row for sample in (about, beside) if (row := make.row(sample, rng)) is not None]
    assert [row.detailed for row in rows] == [(True,), (False,)]
    image = AutoGLMConfig.tiny().image_token_id
    assert [int((row.input_ids == image).sum()) for row in rows] == [80, 20]
    model = AutoGLMForConditionalGeneration(AutoGLMConfig.tiny(vocab_size=len(layout.tokenizer))).eval()
    forward = FusionForward(model, Renderer(atlas, "cpu"), None)
    together = forward(pad_rows(rows), seed=0, strength=0.0)[1]
    alone = [forward(pad_rows([row]), seed=0, strength=0.0)[1] for row in rows]
    torch.testing.assert_close(together, torch.cat(alone), atol=2e-3, rtol=1e-2)
