"""An engine from its description: from a checkpoint on disk, and what is told when it cannot be."""

import subprocess
import sys

import pytest
import torch

from autoglm_agent.engine import load_engine
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.model.loading import save_nano
from tests.engine.conftest import (
    frame,
    generate,
    make_bundle,
    noise_pcm,
    open_stream,
    picture,
    push,
    replies,
    run,
    user,
)


def test_a_saved_checkpoint_answers_as_the_network_it_was_saved_from(tokenizer, tmp_path):
    bundle = make_bundle(tokenizer)
    save_nano(bundle.model, tmp_path, precision="float32")
    engine = load_engine(EngineSpec(model=str(tmp_path), threads=1))
    request = generate(user("你好，今天天气怎么样"), tokens=12)
    loaded = replies(run(engine, request))["r"]
    assert loaded.text == replies(run(Engine(bundle, limits=EngineLimits(num_slots=1)), request))["r"].text
    results = run(engine, open_stream("u"), push("u", noise_pcm(0.7)), frame("f", picture()))
    assert len(results) >= 4
    assert engine.picture("s", "f").count == 80


@pytest.mark.parametrize("dtype", ["auto", "bfloat16", "int8"])
def test_every_precision_hears_sees_and_answers(tokenizer, tmp_path, dtype):
    save_nano(make_bundle(tokenizer).model, tmp_path, precision="float32")
    engine = load_engine(EngineSpec(model=str(tmp_path), threads=1, dtype=dtype, device="auto"))
    part = m.AudioPart(stream_id="u", transcript="好")
    request = generate(user(m.ImagePart(frame_id="f"), part), tokens=8)
    reply = replies(run(engine, open_stream("u"), push("u", noise_pcm(0.7)), frame("f", picture()), request))["r"]
    assert reply.finished.usage.output_tokens == 8
    gate = reply.finished.gate
    assert gate.text + gate.image + gate.speech == pytest.approx(1.0, abs=1e-2)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"model": "no such model"}, "nano"),
        ({"dtype": "float8"}, "float16"),
        ({"device": "cuda:63"}, "use cpu"),
        ({"device": "toaster"}, "use cpu"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_the_remedy(changes, hint):
    threads = torch.get_num_threads()
    with pytest.raises(AutoGLMError, match=hint):
        load_engine(EngineSpec(**changes))
    assert torch.get_num_threads() == threads


def test_naming_an_engine_imports_no_torch():
    code = "import sys, autoglm_agent.engine, autoglm_agent.engine.spec as s; s.EngineSpec(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
