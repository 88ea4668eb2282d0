import io

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from autoglm_agent.errors import InputError
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration as Network
from autoglm_agent.model.processor import AutoGLMProcessor, num_speech_tokens

SPOKEN = [{"role": "user", "content": [{"type": "image"}, {"type": "audio", "transcript": "你好"}]}]
TYPED = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def processor(tokenizer):
    return AutoGLMProcessor(tokenizer, AutoGLMConfig.tiny(vocab_size=len(tokenizer)))


def picture():
    data = io.BytesIO()
    Image.new("RGB", (320, 200), "red").save(data, "PNG")
    return data.getvalue()


def recording(num_samples):
    data = io.BytesIO()
    noise = np.random.default_rng(0).standard_normal(num_samples) * 0.1
    soundfile.write(data, noise, 16_000, format="WAV")
    return data.getvalue()


def test_conversations_become_what_the_network_takes(processor):
    inputs = processor([TYPED, SPOKEN], images=[picture()], audio=[recording(16_001)])
    model = Network(processor.config).eval()
    counts = num_speech_tokens(16_001, processor.config)
    with torch.no_grad():
        visual = model.vision(inputs.pop("pixels")).flatten(0, 1)
        heard = model.speech(inputs.pop("samples"), inputs.pop("sample_lengths"), 8)
        speech = model.speech.adapt(heard.hidden).flatten(0, 1)
        output = model(**inputs, visual=visual, speech=speech)

    assert counts == len(speech) == 7
    assert (inputs["input_ids"] == processor.config.audio_token_id).sum() == 7
    assert output.logits.shape == (*inputs["input_ids"].shape, 5120)
    assert (inputs["input_ids"][0, -1], inputs["block_ids"][0, -1]) == (0, -1)
    assert output.gate_weights[1].min() > 0


def test_pictures_are_letterboxed_and_kept_as_bytes(processor):
    pixels = processor([SPOKEN[:0], TYPED, SPOKEN], images=[picture()], audio=[recording(999)])["pixels"]

    assert (pixels.dtype, tuple(pixels.shape)) == (torch.uint8, (1, 3, 480, 640))
    assert pixels[0, :, 240, 320].tolist() == [255, 0, 0]
    assert pixels[0, :, 0, 0].tolist() == [114, 114, 114]


def test_media_and_placeholders_must_match(processor):
    with pytest.raises(ValueError, match="0 pictures and 0 recordings in the messages, 1, 0 given"):
        processor([TYPED], images=[picture()])
    with pytest.raises(ValueError, match="1 audio parts"):
        processor([SPOKEN], images=[picture()])
    with pytest.raises(InputError, match="not a picture"):
        processor([SPOKEN], images=[b"GIF no"], audio=[recording(999)])


def test_a_saved_processor_loads_the_same(processor, tmp_path):
    processor.save_pretrained(tmp_path)
    again = AutoGLMProcessor.from_pretrained(tmp_path)
    ours, theirs = (p([TYPED], enable_thinking=False)["input_ids"] for p in (again, processor))

    assert torch.equal(ours, theirs)
    assert again.decode(ours[0]).endswith("hello<|fused|><|assistant|><think></think>")
    assert again.batch_decode(ours, skip_special_tokens=True) == ["hello"]
    rendered = again.apply_chat_template(TYPED, tokenize=False, add_generation_prompt=True)
    assert rendered.endswith("<think>")
