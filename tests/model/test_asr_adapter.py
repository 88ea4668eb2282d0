import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import (
    NemotronAsrStreamingConfig,
    NemotronAsrStreamingForRNNT,
    PreTrainedTokenizerFast,
)

from autoglm_agent.errors import CheckpointError, ModelNotFoundError
from autoglm_agent.model.asr_adapter import ConformerRecogniser, TransducerRecogniser, load_transducer
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.speech import SpeechEncoder
from autoglm_agent.model.transducer_mel import TransducerMel

LETTERS = "abcdefghijklmnopqrstuvwxyz "


def recording(num_samples, seed=0):
    noise = np.random.default_rng(seed).standard_normal(num_samples).astype(np.float32)
    return 0.1 * noise * np.abs(np.sin(np.arange(num_samples, dtype=np.float32) / 1700))


def calibrate(model):
    """Spread what the encoder says, so that blanks as well as many letters come out of random weights."""
    mel = TransducerMel(40)
    frames = mel.push(mel.initial_state(), torch.from_numpy(recording(20_000)))
    hidden = model.get_audio_features(input_features=frames[None], num_lookahead_tokens=1).last_hidden_state[0]
    projector, head = model.encoder_projector, model.joint.head
    projector.weight.copy_(torch.randn_like(projector.weight) / hidden.std(0) / 4)
    projector.bias.copy_(-(hidden.mean(0) @ projector.weight.T))
    head.weight.normal_()
    head.bias.zero_()
    head.bias[model.config.blank_token_id] += 4


@pytest.fixture(scope="module")
def transducer(tmp_path_factory):
    """A tiny random checkpoint, written by transformers and loaded by us."""
    torch.manual_seed(2)
    config = NemotronAsrStreamingConfig(
        vocab_size=len(LETTERS) + 1,
        blank_token_id=len(LETTERS),
        decoder_hidden_size=24,
        num_decoder_layers=1,
        max_symbols_per_step=3,
        encoder_config={
            "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48,
            "subsampling_conv_channels": 8, "num_mel_bins": 40, "sliding_window": 9, "default_num_lookahead_tokens": 1,
        },
    )  # fmt: skip
    model = NemotronAsrStreamingForRNNT(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
        calibrate(model)
    directory = tmp_path_factory.mktemp("asr")
    model.generation_config.decoder_start_token_id = config.blank_token_id
    model.save_pretrained(directory)
    backend = Tokenizer(models.WordLevel({letter: i for i, letter in enumerate(LETTERS)}, unk_token=" "))
    backend.decoder = decoders.Fuse()
    PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(directory)
    return load_transducer(directory)


@pytest.fixture(scope="module")
def conformer():
    torch.manual_seed(0)
    encoder = SpeechEncoder(AutoGLMConfig.tiny().speech, 40, 64).eval()
    torch.nn.init.normal_(encoder.token_head.weight)
    return ConformerRecogniser(encoder, lambda ids: ",".join(map(str, ids)), chunk_ms=160)


def recognise(recogniser, samples, cuts=()):
    recognition = recogniser.open()
    heard = [recognition.push(piece) for piece in np.split(samples, sorted(cuts))]
    return [*heard, recognition.final()], recognition


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=8))
@pytest.mark.parametrize("name", ["transducer", "conformer"])
def test_any_chunking_of_the_samples_gives_the_same_text(name, cuts, request):
    recogniser = request.getfixturevalue(name)
    samples = recording(20_000)
    whole, _ = recognise(recogniser, samples)
    pieces, _ = recognise(recogniser, samples, cuts)

    assert pieces[-1] == whole[-1]
    assert len(whole[-1].text) > 3
    assert all(whole[-1].text.startswith(heard.text) for heard in pieces)


@pytest.mark.parametrize("lookahead", [0, 1, 3])
def test_the_transducer_hears_what_transformers_generates_from_the_same_chunks(transducer, lookahead):
    recogniser = TransducerRecogniser(transducer.model, transducer.decode, lookahead=lookahead)
    first, following = (recogniser.chunk_frames(first=f) for f in (True, False))
    num_frames = first + 12 * following
    samples = recording(num_frames * 160)
    state = recogniser.mel.initial_state()
    mel = torch.cat((recogniser.mel.push(state, torch.from_numpy(samples)), recogniser.mel.flush(state)))
    assert len(mel) == num_frames

    chunks = (chunk[None] for chunk in mel.split([first, *[following] * 12]))
    expected = (
        recogniser.model.generate(input_features=chunks, num_lookahead_tokens=lookahead, max_new_tokens=1000)
        .sequences[0]
        .tolist()
    )
    (*_, final), recognition = recognise(recogniser, samples)

    blank = recogniser.model.config.blank_token_id
    assert recognition.ids == [index for index in expected if index != blank]
    assert len(set(recognition.ids)) > 4
    assert 5 < len(recognition.ids) < num_frames // 8 * 3, "blanks as well as letters"
    assert final.text == "".join(LETTERS[index] for index in recognition.ids)
    assert final.audio_ms == num_frames * 10
    assert recogniser.chunk_ms == (lookahead + 1) * 80


def test_mel_frames_are_those_of_a_centred_transform_of_the_whole():
    mel = TransducerMel(80)
    samples = torch.from_numpy(recording(8_130))
    state = mel.initial_state()
    ours = torch.cat([*(mel.push(state, piece) for piece in samples.split(777)), mel.flush(state)])
    # As the feature extractor of transformers computes them (it cannot be imported without librosa).
    emphasised = torch.cat((samples[:1], samples[1:] - 0.97 * samples[:-1]))
    window = torch.hann_window(400, periodic=False)
    spectrum = torch.stft(emphasised, 512, 160, 400, window, center=True, pad_mode="constant", return_complex=True)
    bank = torchaudio.functional.melscale_fbanks(257, 0.0, 8000.0, 80, 16000, norm="slaney", mel_scale="slaney")
    theirs = torch.log(spectrum.abs().square().T @ bank + 2**-24)

    assert len(ours) == 8_130 // 160
    torch.testing.assert_close(ours, theirs[: len(ours)], atol=1e-3, rtol=1e-3)


def test_partials_come_before_the_end(transducer):
    heard, _ = recognise(transducer, recording(32_000), range(1600, 32_000, 1600))

    assert len({h.text for h in heard}) > 4
    assert [h.audio_ms for h in heard] == sorted(h.audio_ms for h in heard)


def test_silence_of_no_samples_is_no_text(transducer, conformer):
    for recogniser in (transducer, conformer):
        assert recogniser.open().final().text == ""


def test_what_is_no_such_checkpoint_is_named(tmp_path):
    with pytest.raises(ModelNotFoundError, match="not a directory"):
        load_transducer(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match="no NemotronAsrStreaming checkpoint"):
        load_transducer(tmp_path)
    with pytest.raises(ValueError, match="multiple of 40"):
        ConformerRecogniser(SpeechEncoder(AutoGLMConfig.tiny().speech, 40, 64), str, chunk_ms=50)
