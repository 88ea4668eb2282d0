"""The evaluation asks a real engine: what it hears, sees and is told is what the case says, and twice gives the same."""

import importlib.util
import io
import json
import tarfile

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.errors import InputError
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.loading import load_model, save_nano
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.training.evaluate.eval_cases import Ask, Case, typed
from autoglm_agent.training.evaluate.eval_engine import EngineSubject
from autoglm_agent.training.evaluate.eval_recordings import EvalData
from autoglm_agent.training.evaluate.eval_sets import at_snr, require_voice
from autoglm_agent.training.evaluate.evaluation import chosen, run_eval
from autoglm_agent.training.pictures.pictures import Background, ScenePicture
from autoglm_agent.training.sample import Message, Sample
from autoglm_agent.training.speech.speech_text import hsk_split
from autoglm_agent.training.text.zoo import fixed

TINY_TOKENS = 24


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny network with random weights large enough that everything it is told matters."""
    torch.manual_seed(3)
    config = AutoGLMConfig.tiny(vocab_size=len(AutoGLMTokenizer.from_pretrained(NANO_DIR)))
    model = AutoGLMForConditionalGeneration(config).eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        if "norm" not in name and parameter.dim() > 1:
            parameter.normal_(std=0.15)
    model.gate.weigher.weight.normal_(std=0.1)
    model.speech.token_head.bias.normal_(std=0.5)
    folder = tmp_path_factory.mktemp("tiny")
    save_nano(model, folder)
    return folder


@pytest.fixture(scope="module")
def engine(checkpoint):
    return Engine(load_model(str(checkpoint)), limits=EngineLimits(num_slots=4))


def subject(engine, sessions=4):
    return EngineSubject(engine, sessions=sessions, max_tokens=TINY_TOKENS)


def spoken_over_picture(seed=0, *asks):
    """A spoken question over a picture, whose sound and picture are noise."""
    rng = np.random.default_rng(seed)
    background = Background(kind="plain", first=(0, 0, 0), second=(1, 1, 1), seed=0)
    picture = ScenePicture(background=background, sprites=(), seed=0)
    question = Message(role="user", text="右边是什么", spoken=True, picture=picture)
    sample = Sample(task="joint_question", messages=(question, Message(role="assistant", text="没有")))
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)).save(buffer, "JPEG")
    wave = rng.normal(0, 3000, 12_000).astype(np.int16)
    return Case(sample=sample, asks=asks or (Ask(),), waves=(wave,), images=(buffer.getvalue(),))


def test_each_part_can_be_dropped_and_the_gate_made_uniform(engine):
    asks = (Ask(), Ask(image=False), Ask(speech_features=False), Ask(uniform=True), Ask(gate_only=True))
    whole, blind, deaf, even, weighed = subject(engine).answer([spoken_over_picture(0, *asks)])[0]
    assert min(whole.gate) > 0 and sum(whole.gate) == pytest.approx(1)
    assert blind.gate[1] == 0.0 and deaf.gate[2] == 0.0
    assert even.gate == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert weighed.gate == pytest.approx(whole.gate) and weighed.text == weighed.reasoning == ""
    assert not any(reply.failure for reply in (whole, blind, deaf, even, weighed))


def test_thinking_is_asked_for_or_not(engine):
    on, off = subject(engine).answer([spoken_over_picture(1, Ask(think=True), Ask(think=False))])[0]
    assert on.reasoning and not off.reasoning


def test_cases_together_are_answered_as_alone(engine):
    cases = [spoken_over_picture(seed) for seed in range(3)] + [Case(sample=typed(fixed()), asks=(Ask(),))]
    together, alone = subject(engine, 4).answer(cases), subject(engine, 1).answer(cases)
    assert [each[0].text for each in together] == [each[0].text for each in alone]
    assert [each[0].reasoning for each in together] == [each[0].reasoning for each in alone]
    assert len({each[0].text + each[0].reasoning for each in together}) > 1


def test_a_broken_picture_fails_its_case_alone(engine):
    good, broken = spoken_over_picture(0), spoken_over_picture(1)
    broken = Case(sample=broken.sample, asks=broken.asks, waves=broken.waves, images=(b"no picture",))
    replies = subject(engine).answer([broken, good])
    assert "bad_image" in replies[0][0].failure or "feature_missing" in replies[0][0].failure
    assert not replies[1][0].failure


def test_a_stream_is_heard_chunk_by_chunk_to_its_end(engine):
    waves = [np.random.default_rng(i).normal(0, 3000, 16_000 + 999 * i).astype(np.int16) for i in range(5)]
    for chunk_ms, before_the_end in ((320, 3), (640, 1), (None, 0)):
        heard = subject(engine, 2).hear(waves, chunk_ms)
        assert len(heard) == 5
        for wave, each in zip(waves, heard, strict=True):
            assert len(each.partials) >= before_the_end
            assert [audio_ms for audio_ms, _ in each.partials][:before_the_end] == [chunk_ms, 640, 960][:before_the_end]
            assert all(audio_ms <= len(wave) // 16 and each.text.startswith(text) for audio_ms, text in each.partials)
    assert len({each.text for each in heard}) > 1


def test_two_runs_give_the_same_table(checkpoint, tmp_path, capsys):
    only = ["commands", "delay", "zoo_spoken", "tool_none", "hsk"]
    first = run_eval(model=str(checkpoint), sizes="tiny", only=only, out=tmp_path / "a.json")
    second = run_eval(model=str(checkpoint), sizes="tiny", only=only, json=True)
    assert first["rows"] == second["rows"] == json.loads((tmp_path / "a.json").read_text())["rows"]
    printed = capsys.readouterr().out
    assert json.loads(printed.strip().splitlines()[-1]) == second
    assert "CER, commands to home, car, robot, 640 ms" in printed
    hsk = [row for row in first["rows"] if row["key"].startswith("cer_hsk")]
    assert {row["note"] for row in hsk} == {"needs --data"} and len(hsk) == 3
    assert first["open"] == 1


def test_size_and_speed_are_measured(checkpoint):
    rows = {row["key"]: row for row in run_eval(model=str(checkpoint), sizes="tiny", only=["speed"])["rows"]}
    assert rows["size"]["passed"] and 0 < rows["load"]["value"] < 10
    assert all(row["value"] > 0 and row["timing"] for row in rows.values())


def test_an_unknown_row_is_refused_with_the_names_there_are():
    with pytest.raises(InputError, match=r"there is no row photo.*scenes"):
        chosen(["photo"])
    assert [group.name for group in chosen(["photos", "joint_uniform"])] == ["photos", "joint"]


def test_missing_synthesis_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"autoglm-agent\[train\]"):
        require_voice()


def test_noise_is_added_at_the_asked_ratio():
    import random

    wave = (8000 * np.sin(np.arange(32_000) / 7)).astype(np.int16)
    noisy = at_snr([wave], 10.0, random.Random(0))[0].astype(float)
    gain = float(noisy @ wave / (wave.astype(float) @ wave))
    noise = noisy - gain * wave
    assert 10 * np.log10(np.mean((gain * wave) ** 2) / np.mean(noise**2)) == pytest.approx(10.0, abs=0.3)


def as_file(wave, kind):
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, 16_000, format=kind)
    return buffer.getvalue()


def sentences(split, count):
    found = (f"这是第{number}句话" for number in range(1000))
    return [text for text in found if hsk_split(text) == split][:count]


def test_the_public_sets_give_held_out_recordings_alone(tmp_path):
    speech = tmp_path / "speech"
    speech.mkdir()
    held, trained = sentences("eval", 2), sentences("train", 3)
    lines = [f"{i}.mp3\t{text}" for i, text in enumerate([*held, *trained])]
    (speech / "hsk_sentences.tsv").write_text("\n".join(["file\ttext", *lines]), encoding="utf-8")
    wave = 0.3 * np.sin(np.arange(16_000) / 5)
    with tarfile.open(speech / "hsk_sentences.tar", "w") as tar:
        for i in range(5):
            info, payload = tarfile.TarInfo(f"hsk/{i}.mp3"), as_file(wave, "WAV")
            info.size = len(payload)
            tar.addfile(info, io.BytesIO(payload))
    data = EvalData.of(tmp_path)
    found = data.recordings("hsk", 10, seed=1)
    assert not data.is_pack and len(found) == 2
    assert all(len(each.wave) > 8000 and hsk_split(each.text) == "eval" for each in found)


def test_a_pack_gives_held_out_stretches_alone(tmp_path):
    speech = tmp_path / "speech"
    speech.mkdir()
    (speech / "sentences.txt.gz").write_bytes(b"")
    low, high = (0.3 * np.sin(np.arange(16_000) * f) for f in (0.1, 1.0))
    soundfile.write(speech / "word-00.opus", np.concatenate([low, high]), 16_000, format="OGG", subtype="OPUS")
    table = "start\tlength\tsplit\tspeaker\ttext\n0\t16000\ttrain\tx\t苹果\n16000\t16000\teval\tx\t香蕉\n"
    (speech / "word-00.tsv").write_text(table, encoding="utf-8")
    data = EvalData.of(tmp_path)
    (found,) = data.recordings("word", 5, seed=0)
    assert data.is_pack and found.text == "香蕉" and len(found.wave) == 16_000
    spectrum = np.abs(np.fft.rfft(found.wave.astype(float)))
    assert spectrum.argmax() == pytest.approx(16_000 / (2 * np.pi), rel=0.02)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no data folder"):
        EvalData.of(tmp_path)


@pytest.mark.trained
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nano_hears_commands_and_remembers_the_zoo():
    rows = {row["key"]: row for row in run_eval(sizes="quick", only=["commands", "dialogue"])["rows"]}
    assert rows["cer_commands_640"]["value"] <= 3.0
    assert rows["zoo"]["value"] >= 70.0 and rows["memory"]["value"] >= 70.0
