"""Tiny random checkpoints in the shape of the published ones, saved to disk by `transformers` itself."""

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Glm4Config,
    Glm4ForCausalLM,
    Glm4vConfig,
    Glm4vForConditionalGeneration,
    PreTrainedTokenizerFast,
)

SPECIAL = (
    "<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>",
    "<|begin_of_image|>", "<|end_of_image|>", "<|image|>", "<think>", "</think>",
)  # fmt: skip
TEMPLATE = """[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>
{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{% if p.type == "image" -%}
<|begin_of_image|><|image|><|end_of_image|>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endif %}{% endfor %}
{%- if add_generation_prompt %}<|assistant|>
{% if enable_thinking is defined and enable_thinking %}<think>{% endif %}{% endif %}"""
TEXT_SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "vocab_size": 320,
}


def save_tokenizer(directory):
    """A byte-level tokenizer with the special tokens of GLM-4, as its published ones are made."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        ["hello world 你好"] * 4, trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>", chat_template=TEMPLATE)
    fast.save_pretrained(directory)
    return fast


def randomise(model):
    """Weights with some spread, biases and norms too, so that nothing can be mixed up unseen."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name and parameter.dim() == 1:
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.normal_(std=0.15)
    return model.eval()


def save_glm4(directory, *, shards=False, tied=False):
    """`Glm4ForCausalLM`, the shape of GLM-4-9B-0414."""
    save_tokenizer(directory)
    config = Glm4Config(
        **TEXT_SIZES, head_dim=16, attention_bias=True, tie_word_embeddings=tied, eos_token_id=[280, 284]
    )
    model = randomise(Glm4ForCausalLM(config))
    model.save_pretrained(directory, max_shard_size="100KB" if shards else "1GB")
    return model


def save_glm4v(directory):
    """`Glm4vForConditionalGeneration`, the shape of GLM-4.1V-9B and of AutoGLM-Phone-9B."""
    tokenizer = save_tokenizer(directory)
    rope = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5, "mrope_section": [1, 1, 2]}
    config = Glm4vConfig(
        text_config={**TEXT_SIZES, "rope_parameters": rope},
        vision_config={
            "depth": 2, "hidden_size": 32, "num_heads": 2, "intermediate_size": 48, "out_hidden_size": 64,
            "patch_size": 14, "image_size": 336,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<|image|>"),
    )  # fmt: skip
    model = randomise(Glm4vForConditionalGeneration(config))
    model.save_pretrained(directory)
    return model
