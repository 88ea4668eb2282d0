"""The layout of a published checkpoint: its own chat template, with what users type kept from becoming special tokens.

Plain causal attention, no fused tokens; pictures get positions of their own for multimodal RoPE. Audio has no tokens
here: its transcript is all a published text model can take in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autoglm_agent.model.chat import ChatLayout, Message, PromptTokens
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.tokenizer import AutoGLMTokenizer

ABSENT = -1
# A text stands in the template as this pair of private-use characters around its number, then is put back.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


class TemplateLayout(ChatLayout):
    """`ChatLayout` by another model's template. Token ids that the model does not have are `ABSENT`."""

    def __init__(self, tokenizer: AutoGLMTokenizer, config: AutoGLMConfig, stop_ids: Sequence[int]) -> None:
        self.tokenizer = tokenizer
        self.grid = config.vision.grid
        self.num_image_tokens = config.vision.num_tokens
        self.num_special_tokens = config.num_special_tokens
        self.multimodal_rope = config.text.mrope_section is not None
        self.image, self.audio, self.fused = config.image_token_id, ABSENT, ABSENT
        self.special_ids = frozenset(tokenizer.added_tokens_decoder)
        names = ("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>", "<think>", "</think>")
        self.system, self.user, self.assistant, self.observation, self.think, self.end_think = map(self._find, names)
        self.tool_call, self.end_tool_call = self._find("<tool_call>"), self._find("</tool_call>")
        self.stop_ids = frozenset((*stop_ids, self.user, self.observation)) - {ABSENT}
        self._names = [str(token) for token in tokenizer.added_tokens_decoder.values()]

    def encode(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] | None = None,
        *,
        add_generation_prompt: bool = True,
        enable_thinking: bool = True,
        audio_tokens: Sequence[int] = (),
        image_tokens: Sequence[int] | None = None,
        train: bool = False,
    ) -> PromptTokens:
        """As `ChatLayout.encode`; `audio_tokens` must be zero, pictures whole, and there are no targets to train on.

        Raises:
            ValueError: training, audio tokens or fewer visual tokens were asked for.
        """
        if train or any(audio_tokens):
            raise ValueError("a published checkpoint takes no speech tokens and is not trained here")
        if any(count != self.num_image_tokens for count in image_tokens or ()):
            raise ValueError(f"a published checkpoint sees every picture in its {self.num_image_tokens} tokens")
        texts: list[str] = []
        rendered = self.tokenizer.apply_chat_template(
            [_outlined(message, texts) for message in messages],
            tools=list(map(dict, tools)) if tools else None,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            enable_thinking=enable_thinking,
        )
        ids = np.array(self._expanded(self._encoded(str(rendered), texts)), dtype=np.int64)
        is_image = ids == self.image
        starts = np.flatnonzero(is_image)[:: self.num_image_tokens] if self.num_image_tokens else np.zeros(0, np.int64)
        return PromptTokens(
            input_ids=ids,
            block_ids=np.full(len(ids), -1, dtype=np.int64),
            is_global=np.zeros(len(ids), dtype=bool),
            is_text=~np.isin(ids, list(self.special_ids)),
            image_starts=tuple(map(int, starts)),
            audio_starts=(0,) * len(audio_tokens),
            positions=self.positions(ids) if self.multimodal_rope else None,
        )

    def generation_prompt(self, *, enable_thinking: bool) -> list[int]:
        """What the template puts in front of a reply."""
        question: list[Message] = [{"role": "user", "content": "?"}]
        without = self.encode(question, add_generation_prompt=False, enable_thinking=enable_thinking)
        whole = self.encode(question, add_generation_prompt=True, enable_thinking=enable_thinking)
        return [int(index) for index in whole.input_ids[len(without) :]]

    def starts_thinking(self, *, enable_thinking: bool) -> bool:
        """Whether a reply begins inside the reasoning. These models open it themselves, if they think."""
        return self.think != ABSENT and self.generation_prompt(enable_thinking=enable_thinking)[-1:] == [self.think]

    def positions(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Time, height and width of every token, [3, T]: a picture's tokens share a time and spread over the others."""
        rows, columns = self.grid
        out = np.empty((3, len(ids)), dtype=np.int64)
        at, place = 0, 0
        while at < len(ids):
            if ids[at] == self.image:
                count = rows * columns
                out[0, at : at + count] = place
                out[1, at : at + count] = place + np.repeat(np.arange(rows), columns)
                out[2, at : at + count] = place + np.tile(np.arange(columns), rows)
                at, place = at + count, place + max(rows, columns)
            else:
                following = np.flatnonzero(ids[at:] == self.image)
                count = int(following[0]) if len(following) else len(ids) - at
                out[:, at : at + count] = place + np.arange(count)
                at, place = at + count, place + count
        return out

    def _encoded(self, rendered: str, texts: Sequence[str]) -> list[int]:
        """The template's special tokens parsed, the users' texts not."""
        if not any(name in text for text in texts for name in self._names):
            for index, text in enumerate(texts):
                rendered = rendered.replace(f"{_OPEN}{index}{_CLOSE}", text)
            return list(self.tokenizer.backend_tokenizer.encode(rendered, add_special_tokens=False).ids)
        ids: list[int] = []
        for piece in rendered.split(_OPEN):
            number, closed, rest = piece.partition(_CLOSE)
            if closed:
                ids += self.tokenizer.encode_ids(texts[int(number)])
            else:
                rest = piece
            ids += self.tokenizer.backend_tokenizer.encode(rest, add_special_tokens=False).ids
        return ids

    def _expanded(self, ids: Sequence[int]) -> list[int]:
        """Every picture's one token repeated to as many as the tower gives."""
        out: list[int] = []
        for index in ids:
            out += [index] * (self.num_image_tokens if index == self.image else 1)
        return out

    def _find(self, token: str) -> int:
        index = self.tokenizer.plain.token_to_id(token)
        return ABSENT if index is None else int(index)


def _outlined(message: Message, texts: list[str]) -> dict[str, Any]:
    """The message with every text replaced by its mark; an audio part becomes the text of its transcript."""

    def mark(text: str) -> str:
        if not text:
            return ""
        texts.append(text)
        return f"{_OPEN}{len(texts) - 1}{_CLOSE}"

    out = dict(message)
    content = message.get("content") or ""
    if isinstance(content, str):
        out["content"] = mark(content)
    else:
        out["content"] = [
            {"type": "image"} if part["type"] == "image" else {"type": "text", "text": mark(_text(part))}
            for part in content
        ]
    if message.get("reasoning_content"):
        out["reasoning_content"] = mark(message["reasoning_content"])
    return out


def _text(part: Mapping[str, Any]) -> str:
    if part["type"] not in ("text", "audio"):
        raise ValueError(f"unknown part {part['type']!r}; use text, image or audio")
    return str(part.get("text") or part.get("transcript") or "")
