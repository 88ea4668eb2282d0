"""The prepared backbone is the same function as the network's; lower precisions stay close to it."""

import pytest
import torch

from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.fast_backbone import DecodeRow, FastBackbone
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.engine.packed import PackedLinear, can_pack, pack_linears
from autoglm_agent.model.backbone import Backbone
from autoglm_agent.model.cache import CachePool
from autoglm_agent.model.config import AutoGLMConfig
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

LENGTH = 40
packs = pytest.mark.skipif(not can_pack(torch.zeros(1, 1)), reason="this processor has no packed kernels")


def make_backbone(**changes):
    torch.manual_seed(3)
    config = AutoGLMConfig.tiny().text
    for name, value in changes.items():
        setattr(config, name, value)
    backbone = Backbone(config).eval().requires_grad_(False)
    for name, parameter in backbone.named_parameters():
        if "norm" in name:
            parameter.uniform_(0.5, 1.5)
        else:
            parameter.normal_(std=0.1)
    return backbone


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_key_value_heads": 2},
        {"attention_bias": False, "partial_rotary_factor": 1.0},
        {"mrope_section": [4, 2, 2]},
    ],
)
@torch.inference_mode()
def test_spans_and_steps_equal_the_whole_sequence(changes):
    """The first tokens as a span, the rest one by one beside another conversation."""
    backbone = make_backbone(**changes)
    x = torch.randn(2, LENGTH, backbone.config.hidden_size)
    mask = torch.ones(1, 1, LENGTH, LENGTH, dtype=torch.bool).tril()
    index = torch.arange(LENGTH).expand(2, LENGTH)
    expected = backbone(x, index if "mrope_section" not in changes else index.expand(3, 2, LENGTH), mask)
    pool = CachePool(backbone.config, num_slots=3, capacity=64)
    fast = FastBackbone(backbone, pool, "float32")
    begins = (20, 25)
    for row, (slot, begin) in enumerate(zip((2, 0), begins, strict=True)):
        hidden = x[row, :begin]
        for layer in range(fast.num_layers):
            turns = fast.turns(0, begin, None)
            hidden = fast.prefill_layer(layer, hidden, turns, slot, 0, mask[:, :, :begin, :begin])
        torch.testing.assert_close(fast.normalise(hidden), expected[row, :begin], atol=1e-4, rtol=1e-4)
    for step in range(LENGTH - max(begins)):
        places = [begin + step for begin in begins]
        rows = [DecodeRow(slot, at, at, None) for slot, at in zip((2, 0), places, strict=True)]
        out = fast.decode(torch.stack([x[i, at] for i, at in enumerate(places)]), rows)
        wanted = torch.stack([expected[i, at] for i, at in enumerate(places)])
        torch.testing.assert_close(out, wanted, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_pictures_positions_turn_as_the_networks_do():
    backbone = make_backbone(mrope_section=[4, 2, 2])
    x = torch.randn(1, 12, backbone.config.hidden_size)
    positions = torch.randint(0, 12, (3, 1, 12))
    mask = torch.ones(1, 1, 12, 12, dtype=torch.bool).tril()
    fast = FastBackbone(backbone, CachePool(backbone.config, num_slots=1, capacity=16), "float32")
    hidden = x[0]
    for layer in range(fast.num_layers):
        hidden = fast.prefill_layer(layer, hidden, fast.turns(0, 12, positions[:, 0]), 0, 0, mask)
    torch.testing.assert_close(fast.normalise(hidden), backbone(x, positions, mask)[0], atol=1e-4, rtol=1e-4)


@packs
@pytest.mark.parametrize(("precision", "tolerance"), [("float16", 2e-3), ("int8", 5e-2)])
def test_packed_layers_stay_close(precision, tolerance):
    torch.manual_seed(0)
    weight, bias, x = torch.randn(48, 64), torch.randn(48), torch.randn(2, 5, 64)
    weight[7] = 0
    exact = torch.nn.functional.linear(x, weight, bias)
    packed = PackedLinear(weight, bias, precision)(x)
    assert packed.shape == exact.shape
    assert (packed - exact).norm() / exact.norm() < tolerance
    assert torch.allclose(packed[..., 7], bias[7].expand(2, 5))


def test_fp32_packs_nothing():
    module = torch.nn.Sequential(torch.nn.Linear(4, 4))
    pack_linears(module, "float32")
    assert isinstance(module[0], torch.nn.Linear)


@packs
@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_an_engine_in_a_lower_precision_does_the_whole_job(tokenizer, precision):
    """Hear, see and answer; fp16 weights change so little that the same tokens come out."""
    prompt = generate(user("你好，今天天气怎么样"), tokens=12)
    exact = replies(run(Engine(make_bundle(tokenizer), limits=EngineLimits(num_slots=1)), prompt))["r"]
    engine = Engine(make_bundle(tokenizer), limits=EngineLimits(num_slots=1), precision=precision)
    results = run(engine, open_stream("u"), push("u", noise_pcm(0.7)), frame("f", picture()), prompt)
    reply = replies(results)["r"]
    assert reply.finished.usage.output_tokens == exact.finished.usage.output_tokens
    if precision == "float16":
        assert reply.text == exact.text
    assert engine.utterance("s", "u").count == 5
    assert engine.picture("s", "f").count == 80
