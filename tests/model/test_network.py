import pytest
import torch

from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.gating import IMAGE, SPEECH, TEXT, CrossModalGate, FusionState
from autoglm_agent.model.network import AutoGLMForConditionalGeneration as Network
from tests.model import conversations as c

CLOSE = {"atol": 2e-5, "rtol": 1e-4}


@pytest.fixture(scope="module")
def network(tokenizer):
    torch.manual_seed(0)
    config = AutoGLMConfig.tiny(vocab_size=len(tokenizer))
    model = Network(config)
    with torch.no_grad():  # a gate that has learned something
        for parameter in model.gate.parameters():
            parameter.normal_(std=0.3)
        model.backbone.embed_tokens.weight.normal_(std=0.3)
    return model.eval()


def batch_of(network, tokenizer, conversations, *, train=False):
    """Padded tensors of conversations, and random features for their placeholders."""
    layout = ChatLayout(tokenizer, network.config)
    prompts = [
        layout.encode(m, None, audio_tokens=c.audio_tokens(m), add_generation_prompt=False, train=train)
        for m in conversations
    ]
    names = ("input_ids", "block_ids", "is_global", "is_text", *(("labels",) if train else ()))
    fills = {"block_ids": -1, "labels": -100}
    batch = {
        name: torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(getattr(p, name)) for p in prompts], batch_first=True, padding_value=fills.get(name, 0)
        )
        for name in names
    }
    generator = torch.Generator().manual_seed(3)
    for name, token in (("visual", layout.image), ("speech", layout.audio)):
        batch[name] = torch.randn(int((batch["input_ids"] == token).sum()), 64, generator=generator)
    return batch


def run(network, batch, **options):
    with torch.no_grad():
        return network(**batch, **options)


def test_conversations_in_a_batch_equal_themselves_alone(network, tokenizer):
    together = batch_of(network, tokenizer, c.ALL)
    output = run(network, together)
    seen = heard = fused = 0
    for row, messages in enumerate(c.ALL):
        alone = batch_of(network, tokenizer, [messages])
        images, audio = len(alone["visual"]), len(alone["speech"])
        alone["visual"] = together["visual"][seen : seen + images]
        alone["speech"] = together["speech"][heard : heard + audio]
        seen, heard = seen + images, heard + audio
        expected = run(network, alone)
        blocks = len(expected.gate_weights)

        torch.testing.assert_close(output.logits[row, : expected.logits.shape[1]], expected.logits[0], **CLOSE)
        torch.testing.assert_close(output.gate_weights[fused : fused + blocks], expected.gate_weights, **CLOSE)
        fused += blocks


def test_an_absent_modality_weighs_exactly_nothing(network, tokenizer):
    weights = run(network, batch_of(network, tokenizer, c.ALL)).gate_weights
    # Blocks in reading order: spoken with a picture, tool, text | text, two pictures | text, tool, tool.
    image, speech = weights[:, IMAGE], weights[:, SPEECH]

    torch.testing.assert_close(weights.sum(1), torch.ones(len(weights)))
    assert (image > 0).tolist() == [True, False, False, False, True, False, False, False]
    assert (speech > 0).tolist() == [True, *[False] * 7]
    assert (image[1], speech[1]) == (0.0, 0.0)


def test_running_sums_give_the_weights_of_the_whole_conversation(network, tokenizer):
    batch = batch_of(network, tokenizer, [c.TOOL_DIALOGUE])
    expected = run(network, batch).gate_weights
    state, weights = FusionState.empty(64), []
    seen = heard = 0
    with torch.no_grad():
        for index, is_text in zip(batch["input_ids"][0], batch["is_text"][0], strict=True):
            if index == network.config.image_token_id:
                state.add(IMAGE, batch["visual"][seen : seen + 1])
                seen += 1
            elif index == network.config.audio_token_id:
                state.add(SPEECH, batch["speech"][heard : heard + 1])
                heard += 1
            elif is_text:
                state.add(TEXT, network.embed_text(index[None]))
            elif index == network.config.fused_token_id:
                weights.append(network.gate(state.sums[None], state.counts[None])[0])
                state.clear()

    torch.testing.assert_close(torch.cat(weights), expected, **CLOSE)


def test_a_clone_goes_its_own_way():
    state = FusionState.empty(4)
    state.add(TEXT, torch.ones(2, 4))
    copy = state.clone()
    copy.add(TEXT, torch.ones(1, 4))

    assert (state.counts[TEXT], copy.counts[TEXT]) == (2, 3)
    assert state.sums[TEXT, 0] == 2


def test_nothing_present_weighs_nothing():
    gate = CrossModalGate(8)
    weights, fused = gate(torch.zeros(1, 3, 8), torch.zeros(1, 3))

    assert weights.tolist() == [[0, 0, 0]]
    assert fused.abs().max() == 0


def test_a_fresh_gate_changes_nothing(tokenizer):
    torch.manual_seed(1)
    fresh = Network(AutoGLMConfig.tiny(vocab_size=len(tokenizer))).eval()
    batch = batch_of(fresh, tokenizer, c.ALL)
    gated = run(fresh, batch)
    fresh.config.gate_trained = False
    off = run(fresh, batch)

    assert torch.equal(gated.logits, off.logits)
    assert gated.gate_weights.abs().sum() > 0
    assert off.gate_weights.abs().sum() == 0


def test_a_trained_gate_matters_and_uniform_weights_are_its_control(network, tokenizer):
    batch = batch_of(network, tokenizer, [c.TOOL_DIALOGUE])
    gated, uniform = run(network, batch), run(network, batch, uniform_gate=True)

    torch.testing.assert_close(uniform.gate_weights[0], torch.full((3,), 1 / 3))
    assert uniform.gate_weights[1].tolist() == [1, 0, 0]
    assert not torch.allclose(gated.logits, uniform.logits, atol=1e-3)


def test_a_suppressing_gate_silences_what_is_beside_the_point():
    gate, counts = CrossModalGate(8, suppresses=True), torch.ones(3, 3)
    gate.reset_zero()
    weights = torch.tensor([[0.5, 0.04, 0.46], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.1, 0.4]])

    gains = gate.gains(weights, counts)

    assert gains[0, 1].abs().max() == 0
    assert torch.equal(gains[1], torch.ones(3, 8))
    torch.testing.assert_close(gains[2, 1], torch.full((8,), (0.3 - 0.15) / 0.35))
    assert torch.equal(CrossModalGate(8).gains(weights, counts)[0], torch.ones(3, 8))


def test_the_loss_is_the_mean_over_the_targets(network, tokenizer):
    batch = batch_of(network, tokenizer, c.ALL[:2], train=True)
    output = run(network, batch)
    labels = batch.pop("labels")
    logits = run(network, batch).logits[:, :-1]
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)

    torch.testing.assert_close(output.loss, expected, **CLOSE)
    assert len(output.logits) == (labels[:, 1:] >= 0).sum()


def test_every_part_of_the_network_learns(network, tokenizer):
    batch = batch_of(network, tokenizer, c.ALL, train=True)
    pixels = torch.randint(0, 256, (3, 3, 480, 640), dtype=torch.uint8)
    model = Network(network.config)
    model.load_state_dict(network.state_dict())
    batch["visual"] = model.vision(pixels).flatten(0, 1)
    spoken = model.speech(torch.randn(1, 7 * 2560) * 0.1, torch.tensor([7 * 2560]), 4)
    batch["speech"] = model.speech.adapt(spoken.hidden)[0]
    (model(**batch).loss + spoken.tokens.logsumexp(-1).mean()).backward()

    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert idle == []
