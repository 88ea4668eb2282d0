"""Everything a conversation needs to become the network's inputs: tokenizer, letterboxed pictures, decoded audio.

The Hugging Face shape of preprocessing, for whole conversations (`__call__`). Not here: streams of either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from transformers import BatchFeature

from autoglm_agent.audio.files import read_audio
from autoglm_agent.images import load_picture
from autoglm_agent.model.chat import ChatLayout, Message
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.speech import FRAME_SAMPLES
from autoglm_agent.model.tokenizer import AutoGLMTokenizer

Media = bytes | str | Path


def num_speech_tokens(num_samples: int, config: AutoGLMConfig) -> int:
    """Speech tokens of a recording at 16 kHz: one for each begun 160 ms."""
    samples_per_token = FRAME_SAMPLES * config.speech.token_frames
    return -(-num_samples // samples_per_token)


class AutoGLMProcessor:
    """Tokenizer and decoders in one."""

    def __init__(self, tokenizer: AutoGLMTokenizer, config: AutoGLMConfig) -> None:
        self.tokenizer = tokenizer
        self.config = config
        self.layout = ChatLayout(tokenizer, config)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path) -> Self:
        """The processor of a checkpoint directory."""
        directory = Path(pretrained_model_name_or_path)
        return cls(AutoGLMTokenizer.from_pretrained(directory), AutoGLMConfig.from_pretrained(directory))

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write tokenizer, chat template and configuration."""
        self.tokenizer.save_pretrained(save_directory)
        self.config.save_pretrained(save_directory)

    def __call__(
        self,
        conversations: Sequence[Sequence[Message]],
        *,
        images: Sequence[Media] = (),
        audio: Sequence[Media] = (),
        tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = True,
        enable_thinking: bool = True,
    ) -> BatchFeature:
        """Encode conversations.

        Args:
            conversations: messages as `ChatLayout.encode` takes them.
            images: files or bytes of the pictures, in reading order over all conversations.
            audio: recordings, likewise.
            tools: what the model may call, in every conversation.
            add_generation_prompt: end with the start of an assistant turn.
            enable_thinking: whether that start leaves the thinking open.

        Returns:
            `input_ids`, `block_ids`, `is_global`, `is_text` [B, T], right-padded, as `AutoGLMForConditionalGeneration`
            takes them; `pixels` uint8 [N, 3, 480, 640]; `samples` float [M, longest] and `sample_lengths` int64 [M].

        Raises:
            InputError: a picture or a recording that cannot be decoded.
            ValueError: placeholders and media do not match in number.
        """
        waves = [read_audio(source) for source in audio]
        counts = [num_speech_tokens(len(wave), self.config) for wave in waves]
        prompts, heard, seen = [], 0, 0
        for messages in conversations:
            spoken = sum(_count(message, "audio") for message in messages)
            prompt = self.layout.encode(
                messages,
                tools,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=enable_thinking,
                audio_tokens=counts[heard : heard + spoken],
            )
            heard, seen = heard + spoken, seen + len(prompt.image_starts)
            prompts.append(prompt)
        if (seen, heard) != (len(images), len(audio)):
            raise ValueError(
                f"{seen} pictures and {heard} recordings in the messages, {len(images)}, {len(audio)} given"
            )
        fills = {"input_ids": self.config.pad_token_id, "block_ids": -1, "is_global": 0, "is_text": 0}
        batch = {name: _padded([getattr(p, name) for p in prompts], fill) for name, fill in fills.items()}
        if images:
            frames = np.stack([load_picture(source) for source in images])
            batch["pixels"] = torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous()
        if waves:
            batch["samples"] = _padded(waves, 0)
            batch["sample_lengths"] = torch.tensor([len(wave) for wave in waves])
        return BatchFeature(batch)

    def apply_chat_template(self, messages: Sequence[Message], **options: Any) -> Any:
        """As the tokenizer's."""
        return self.tokenizer.apply_chat_template(list(map(dict, messages)), **options)

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of ids."""
        kept = [int(i) for i in ids if not skip_special_tokens or int(i) >= self.config.num_special_tokens]
        return self.tokenizer.decode_ids(kept)

    def batch_decode(self, batch: Sequence[Sequence[int]], *, skip_special_tokens: bool = False) -> list[str]:
        """The texts of several sequences of ids."""
        return [self.decode(ids, skip_special_tokens=skip_special_tokens) for ids in batch]


def _count(message: Message, kind: str) -> int:
    content = message.get("content") or ""
    return 0 if isinstance(content, str) else sum(part["type"] == kind for part in content)


def _padded(rows: Sequence[npt.NDArray[Any]], fill: int) -> torch.Tensor:
    out = np.full((len(rows), max(map(len, rows))), fill, dtype=rows[0].dtype)
    for index, row in enumerate(rows):
        out[index, : len(row)] = row
    return torch.from_numpy(out)
