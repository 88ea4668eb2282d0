import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from autoglm_agent.errors import CheckpointError, ModelNotFoundError
from autoglm_agent.model import loading as bundles
from autoglm_agent.model.checkpoint import PARTS, WEIGHTS_FILE, TensorFiles, empty, load_parts
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration as Network
from autoglm_agent.model.quantisation import SCALE_SUFFIX, dequantise, quantise


def tiny(seed=0, *, vocab_size=512, tied=True):
    torch.manual_seed(seed)
    config = AutoGLMConfig.tiny(vocab_size=vocab_size)
    config.text.tie_word_embeddings = tied
    model = Network(config)
    for module in model.modules():  # batch norms that folding would notice
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model.eval()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A tiny model with the real tokenizer, saved as nano is."""
    directory = tmp_path_factory.mktemp("checkpoint")
    bundles.save_nano(tiny(vocab_size=5120), directory)
    return directory


def test_an_int8_weight_is_off_by_half_a_step_at_most():
    weight = torch.randn(7, 5, 3, 3) * torch.logspace(-3, 2, 7)[:, None, None, None]
    steps, scale = quantise(weight)

    assert steps.dtype == torch.int8
    error = (dequantise(steps, scale) - weight).abs().amax((1, 2, 3))
    assert (error <= scale / 2 * 1.001).all()
    assert torch.equal(quantise(dequantise(steps, scale))[0], steps)
    assert torch.equal(dequantise(*quantise(torch.zeros(2, 3))), torch.zeros(2, 3))


@pytest.mark.parametrize("tied", [True, False])
def test_a_model_saved_in_full_precision_loads_exactly(tmp_path, tied):
    model = tiny(tied=tied)
    model.save_pretrained(tmp_path)
    again = Network.from_pretrained(tmp_path)

    assert again.config.to_dict() == model.config.to_dict()
    assert again.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(a, b) for a, b in zip(again.state_dict().values(), model.state_dict().values(), strict=True))
    assert not again.training


def test_int8_keeps_small_tensors_in_half_precision_and_the_output_close(tmp_path):
    model = tiny()
    model.save_pretrained(tmp_path, precision="int8")
    stored = load_file(tmp_path / WEIGHTS_FILE)
    again = Network.from_pretrained(tmp_path)

    assert stored["backbone.embed_tokens.weight"].dtype == torch.int8
    assert stored["backbone.embed_tokens.weight" + SCALE_SUFFIX].shape == (512,)
    assert stored["gate.weigher.weight"].dtype == torch.float16
    pixels = torch.randint(0, 256, (1, 3, 480, 640), dtype=torch.uint8)
    with torch.no_grad():
        ours, theirs = again.vision(pixels), model.vision(pixels)
    assert (ours - theirs).norm() < 0.03 * theirs.norm()


def test_parts_load_on_their_own_and_the_rest_takes_no_memory(saved):
    model = empty(Network, AutoGLMConfig.from_pretrained(saved))
    files = TensorFiles(saved)
    load_parts(model, files, ("text",))

    assert not any(p.is_meta for p in (*model.backbone.parameters(), *model.gate.parameters()))
    assert all(p.is_meta for p in (*model.vision.parameters(), *model.speech.parameters()))
    assert not model.speech.features.bank.is_meta
    load_parts(model, files, ("vision", "speech"))
    assert not any(p.is_meta for p in model.parameters())


def test_a_folded_model_can_be_saved_and_loaded(tmp_path):
    model = tiny()
    pixels = torch.randint(0, 256, (1, 3, 480, 640), dtype=torch.uint8)
    with torch.no_grad():
        unfolded = model.vision(pixels)
        model.vision.fold()
        folded = model.vision(pixels)
        model.save_pretrained(tmp_path)
        again = Network.from_pretrained(tmp_path).vision(pixels)

    torch.testing.assert_close(folded, unfolded, atol=1e-4, rtol=1e-4)
    assert torch.equal(again, folded)


def test_a_bundle_brings_eyes_and_ears_when_they_are_asked_for(saved):
    bundle = bundles.load_model(str(saved), parts=("text",))

    assert bundle.loaded == {"text"}
    assert next(bundle.model.vision.parameters()).is_meta
    bundle.require("vision", "vision", "speech")
    assert bundle.loaded == set(bundle.parts) == set(PARTS)
    assert not any(p.is_meta for p in bundle.model.parameters())
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in bundle.model.modules())
    assert bundle.layout.encode([{"role": "user", "content": "你好"}]).input_ids[-2] == bundle.layout.assistant


def test_int8_files_are_less_than_a_third_of_full_precision(tmp_path):
    model = tiny(vocab_size=5120)
    model.save_pretrained(tmp_path / "full")
    model.save_pretrained(tmp_path / "small", precision="int8")
    full, small = ((tmp_path / name / WEIGHTS_FILE).stat().st_size for name in ("full", "small"))

    assert small < full / 3


@pytest.mark.parametrize(
    ("name", "cause"),
    [("no-such-model", "neither nano, a directory here, nor a hub id"), ("owner/no-such-model", "cannot be fetched")],
)
def test_a_model_that_is_not_there_is_named(name, cause):
    with pytest.raises(ModelNotFoundError, match=cause):
        bundles.load_model(name)


def test_a_directory_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"no config\.json"):
        bundles.load_model(str(tmp_path))
    AutoGLMConfig.tiny().save_pretrained(tmp_path)
    with pytest.raises(ModelNotFoundError, match=r"holds neither model\.safetensors"):
        bundles.load_model(str(tmp_path))


def spoil_type(directory):
    (directory / "config.json").write_text(json.dumps({"model_type": "bert"}))


def spoil_config(directory):
    (directory / "config.json").write_text("{")


def spoil_weights(directory):
    data = (directory / WEIGHTS_FILE).read_bytes()
    (directory / WEIGHTS_FILE).write_bytes(data[: len(data) // 2])


def spoil_names(directory):
    state = load_file(directory / WEIGHTS_FILE)
    del state["backbone.norm.weight"]
    save_file(state, directory / WEIGHTS_FILE)


def spoil_shape(directory):
    state = load_file(directory / WEIGHTS_FILE)
    state["backbone.norm.weight"] = torch.ones(3)
    save_file(state, directory / WEIGHTS_FILE)


def spoil_version(directory):
    save_file(load_file(directory / WEIGHTS_FILE), directory / WEIGHTS_FILE, {"autoglm_format_version": "9"})


def spoil_tokenizer(directory):
    (directory / "tokenizer.json").unlink()


def spoil_vocabulary(directory):
    bundles.save_nano(tiny(vocab_size=512), directory)


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (spoil_type, "is a 'bert' model"),
        (spoil_config, r"config\.json is broken"),
        (spoil_weights, "are broken"),
        (spoil_names, r"1 tensors missing \['backbone\.norm\.weight'\]"),
        (spoil_shape, r"backbone\.norm\.weight has shape \[3\]"),
        (spoil_version, "format version 9"),
        (spoil_tokenizer, "no usable tokenizer"),
        (spoil_vocabulary, "5120 tokens"),
    ],
)
def test_a_checkpoint_that_does_not_fit_names_cause_and_remedy(tmp_path, spoil, cause):
    bundles.save_nano(tiny(vocab_size=5120), tmp_path)
    spoil(tmp_path)

    with pytest.raises(CheckpointError, match=cause):
        bundles.load_model(str(tmp_path))
