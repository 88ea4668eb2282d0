import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.speech import FRAME_SAMPLES, SpeechEncoder, SpeechState, chunk_mask

CLOSE = {"atol": 2e-4, "rtol": 1e-3}


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return SpeechEncoder(AutoGLMConfig.tiny().speech, 50, 64).eval()


def noise(num_samples, seed=0, batch=1):
    return torch.randn(batch, num_samples, generator=torch.Generator().manual_seed(seed)) * 0.1


def stream(encoder, samples, chunk_frames, state=None):
    """A recording [1, N] in chunks; the last one is padded and says how long it is."""
    state = state or encoder.initial_state()
    outputs = []
    size = chunk_frames * FRAME_SAMPLES
    for begin in range(0, samples.shape[1], size):
        chunk = samples[:, begin : begin + size]
        frames = -(-chunk.shape[1] // FRAME_SAMPLES)
        padded = torch.nn.functional.pad(chunk, (0, size - chunk.shape[1]))
        output, state = encoder.stream(padded, torch.tensor([frames]), state)
        outputs.append((output.hidden[:, :frames], output.tokens[:, :frames], output.phones[:, :frames]))
    return [torch.cat(parts, 1) for parts in zip(*outputs, strict=True)], state


@settings(max_examples=25, deadline=None)
@given(num_samples=st.integers(1, 40 * FRAME_SAMPLES), chunk_frames=st.sampled_from([1, 2, 3, 4, 8, 16, 24]))
def test_streaming_equals_offline(encoder, num_samples, chunk_frames):
    samples = noise(num_samples, seed=num_samples)
    with torch.no_grad():
        offline = encoder(samples, torch.tensor([num_samples]), chunk_frames)
        (hidden, tokens, phones), _ = stream(encoder, samples, chunk_frames)

    assert hidden.shape[1] == offline.lengths[0] == -(-num_samples // FRAME_SAMPLES)
    torch.testing.assert_close(hidden, offline.hidden, **CLOSE)
    torch.testing.assert_close(tokens, offline.tokens, **CLOSE)
    torch.testing.assert_close(phones, offline.phones, **CLOSE)


def test_streams_of_different_ages_batch_as_if_alone(encoder):
    old, new = noise(20 * FRAME_SAMPLES, 1), noise(4 * FRAME_SAMPLES, 2)
    with torch.no_grad():
        _, state_old = stream(encoder, old, 4)
        states = SpeechState.stack([state_old, encoder.initial_state()])
        chunk = torch.cat((noise(4 * FRAME_SAMPLES, 3), new))
        together, after = encoder.stream(chunk, torch.tensor([4, 4]), states)
        alone_old, after_old = encoder.stream(chunk[:1], torch.tensor([4]), state_old)
        alone_new, _ = encoder.stream(chunk[1:], torch.tensor([4]), encoder.initial_state())

    torch.testing.assert_close(together.hidden, torch.cat((alone_old.hidden, alone_new.hidden)), **CLOSE)
    torch.testing.assert_close(after.split()[0].keys, after_old.keys, **CLOSE)
    assert after.num_frames.tolist() == [24, 4]


def test_a_padded_recording_in_a_batch_equals_itself_alone(encoder):
    long, short = noise(30 * FRAME_SAMPLES, 1), noise(11 * FRAME_SAMPLES - 77, 2)
    batch = torch.cat((long, torch.nn.functional.pad(short, (0, long.shape[1] - short.shape[1]))))
    with torch.no_grad():
        both = encoder(batch, torch.tensor([long.shape[1], short.shape[1]]), 8)
        alone = encoder(short, torch.tensor([short.shape[1]]), 8)

    assert both.lengths.tolist() == [30, 11]
    torch.testing.assert_close(both.hidden[1:, :11], alone.hidden, **CLOSE)


def test_a_frame_never_sees_beyond_its_chunk(encoder):
    samples = noise(16 * FRAME_SAMPLES)
    changed = samples.clone()
    changed[:, 8 * FRAME_SAMPLES :] = 0.5
    with torch.no_grad():
        first = encoder(samples, torch.tensor([samples.shape[1]]), 4).hidden
        second = encoder(changed, torch.tensor([samples.shape[1]]), 4).hidden

    assert torch.equal(first[:, :8], second[:, :8])
    assert not torch.allclose(first[:, 8:], second[:, 8:])


def test_the_chunk_mask_bounds_the_left_context():
    mask = chunk_mask(torch.arange(12), 3, 4)[0]

    assert mask[7].nonzero().flatten().tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert chunk_mask(torch.arange(5), None, 1).all()


def test_four_frames_make_a_speech_token(encoder):
    hidden = torch.randn(2, 9, 32)
    with torch.no_grad():
        tokens = encoder.adapt(hidden)
        begun = encoder.adapt(hidden[:, :8])

    assert tokens.shape == (2, 3, 64)
    torch.testing.assert_close(tokens[:, :2], begun)


def test_half_precision_weights_take_full_precision_samples(encoder):
    half = SpeechEncoder(encoder.config, 50, 64).to(torch.bfloat16)
    output, state = half.stream(noise(4 * FRAME_SAMPLES), torch.tensor([4]), half.initial_state())

    assert output.tokens.dtype == torch.bfloat16
    assert state.samples.dtype == torch.float32
    assert half(noise(999), torch.tensor([999]), 4).hidden.dtype == torch.bfloat16
