"""How a conversation becomes tokens: the layout that the network was trained on, with blocks, globals and targets.

    [gMASK]<sop><|system|>{system}{tools, a line each}
    <|user|>{pictures}{audio}{text or transcript}<|fused|>
    <|assistant|><think>{reasoning}</think>{content}<tool_call>{...}</tool_call>
    <|observation|>{result}<|fused|>

(without the line breaks). A longer history begins with the tokens of the shorter one, so cached keys stay true. Not
here: the features behind the placeholders, and reading the reply (`reply`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autoglm_agent.errors import CheckpointError
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.tokenizer import AutoGLMTokenizer

Message = Mapping[str, Any]
MAX_CACHED_TEXTS = 4096  # tools, system prompts and canned results come again; 4096 of them are a few MB


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTokens:
    """A conversation as arrays of length T.

    input_ids int64; block_ids int64 (>= 0: a bidirectional block, -1: causal); is_global bool (seen from any distance);
    is_text bool (counts as text for the gate). `image_starts[i]` is where the i-th picture's tokens begin,
    `audio_starts` likewise. `labels` (training only) int64: the token itself where it is a target, else -100; not
    shifted. `positions` int64 [3, T] (time, height, width) for multimodal RoPE; None means 0..T-1.
    """

    input_ids: npt.NDArray[np.int64]
    block_ids: npt.NDArray[np.int64]
    is_global: npt.NDArray[np.bool_]
    is_text: npt.NDArray[np.bool_]
    image_starts: tuple[int, ...]
    audio_starts: tuple[int, ...]
    labels: npt.NDArray[np.int64] | None = None
    positions: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(slots=True)
class _Draft:
    """The conversation so far: ids, and spans [begin, end) of blocks and targets."""

    train: bool
    audio_tokens: Sequence[int]
    image_tokens: Sequence[int] | None
    ids: list[int] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    systems: list[tuple[int, int]] = field(default_factory=list)
    targets: list[tuple[int, int]] = field(default_factory=list)
    image_starts: list[int] = field(default_factory=list)
    audio_starts: list[int] = field(default_factory=list)
    stop: int | None = None
    """The id that would end the last assistant turn; the next block, if it starts with it, makes it a target."""


class ChatLayout:
    """Encodes conversations. One per tokenizer; holds a cache of encoded texts, so share it inside a thread only."""

    def __init__(self, tokenizer: AutoGLMTokenizer, config: AutoGLMConfig) -> None:
        self.tokenizer = tokenizer
        self.num_image_tokens = config.vision.num_tokens
        self.num_coarse_image_tokens = config.vision.num_coarse_tokens
        self.num_special_tokens = config.num_special_tokens
        self.image, self.audio, self.fused = config.image_token_id, config.audio_token_id, config.fused_token_id
        names = ("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>", "<think>", "</think>")
        self.system, self.user, self.assistant, self.observation, self.think, self.end_think = map(self._id, names)
        self.tool_call, self.end_tool_call = self._id("<tool_call>"), self._id("</tool_call>")
        self._start = [self._id("[gMASK]"), self._id("<sop>"), self.system]
        begin, end = self._id("<|begin_of_image|>"), self._id("<|end_of_image|>")
        self._picture_ends = begin, end
        self._audio_ends = self._id("<|begin_of_audio|>"), self._id("<|end_of_audio|>")
        self.stop_ids = frozenset((self.user, self.observation, self._id("<|endoftext|>")))
        self.special_ids = frozenset(range(self.num_special_tokens))
        self._causal = config.text.prefix_attention == "causal"
        self._cache: dict[str, list[int]] = {}

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
        """Lay out a conversation.

        Args:
            messages: `{"role", "content", "reasoning_content"?, "tool_calls"?}`; content is a text or a list of parts
                `{"type": "text", "text"}`, `{"type": "image"}`, `{"type": "audio", "transcript"}`.
            tools: `{"name", "description", "parameters"}`, bare or under `"function"`.
            add_generation_prompt: end with the start of an assistant turn.
            enable_thinking: whether that start leaves the thinking open.
            audio_tokens: speech tokens of each audio part, in reading order.
            image_tokens: visual tokens of each picture, in reading order; None: every picture has all.
            train: give `labels`, and append the stop token of the last assistant turn.

        Raises:
            ValueError: an unknown role or part, or another number of audio parts than of `audio_tokens`, or of pictures
                than of `image_tokens`.
        """
        draft = _Draft(train, audio_tokens, image_tokens)
        rest = self._open(draft, messages, tools or ())
        for message in rest:
            self._message(draft, message)
        if train and draft.stop is not None:
            draft.targets.append((len(draft.ids), len(draft.ids) + 1))
            draft.ids.append(draft.stop)
        if add_generation_prompt:
            draft.ids += self.generation_prompt(enable_thinking=enable_thinking)
        if len(draft.audio_starts) != len(audio_tokens):
            raise ValueError(f"{len(draft.audio_starts)} audio parts, but token counts for {len(audio_tokens)}")
        if image_tokens is not None and len(draft.image_starts) != len(image_tokens):
            raise ValueError(f"{len(draft.image_starts)} pictures, but token counts for {len(image_tokens)}")
        return self._finish(draft)

    def generation_prompt(self, *, enable_thinking: bool) -> list[int]:
        """The start of an assistant turn; with an empty thought when thinking is off."""
        return [self.assistant, self.think] if enable_thinking else [self.assistant, self.think, self.end_think]

    def starts_thinking(self, *, enable_thinking: bool) -> bool:
        """Whether a reply begins inside the reasoning."""
        return enable_thinking

    def _open(
        self, draft: _Draft, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Message]:
        """The system block; gives back the messages behind it."""
        count = 0
        while count < len(messages) and messages[count]["role"] == "system":
            count += 1
        text = "\n".join(plain_text(message["content"]) for message in messages[:count])
        draft.ids += self._start
        draft.ids += self._cached(text)
        for tool in tools:
            draft.ids += self._cached("\n" + tool_line(tool))
        draft.systems.append((0, len(draft.ids)))
        draft.blocks.append((0, len(draft.ids)))
        return messages[count:]

    def _message(self, draft: _Draft, message: Message) -> None:
        begin, role = len(draft.ids), message["role"]
        if role == "assistant":
            self._reply(draft, message)
            return
        if role == "user":
            self._block_start(draft, self.user)
            self._parts(draft, message["content"])
        elif role == "tool":
            self._block_start(draft, self.observation)
            draft.ids += self._cached(plain_text(message["content"]))
        elif role == "system":
            self._block_start(draft, self.system)
            draft.ids += self._cached(plain_text(message["content"]))
            draft.systems.append((begin, len(draft.ids)))
        else:
            raise ValueError(f"unknown role {role!r}; use system, user, assistant or tool")
        if role != "system":
            draft.ids.append(self.fused)
        draft.blocks.append((begin, len(draft.ids)))

    def _block_start(self, draft: _Draft, token: int) -> None:
        if draft.stop == token:
            draft.targets.append((len(draft.ids), len(draft.ids) + 1))
        draft.stop = None
        draft.ids.append(token)

    def _parts(self, draft: _Draft, content: str | Sequence[Mapping[str, Any]]) -> None:
        """A user's pictures, audio, then all text, whatever the order they came in."""
        if not isinstance(content, str):
            for part in content:
                if part["type"] == "image":
                    index = len(draft.image_starts)
                    count = self.num_image_tokens
                    if draft.image_tokens is not None:
                        count = draft.image_tokens[index] if index < len(draft.image_tokens) else 0
                    draft.image_starts.append(len(draft.ids) + 1)
                    draft.ids += [self._picture_ends[0], *[self.image] * count, self._picture_ends[1]]
            for part in content:
                if part["type"] == "audio":
                    index = len(draft.audio_starts)
                    count = draft.audio_tokens[index] if index < len(draft.audio_tokens) else 0
                    draft.audio_starts.append(len(draft.ids) + 1)
                    draft.ids += [self._audio_ends[0], *[self.audio] * count, self._audio_ends[1]]
        draft.ids += self.tokenizer.encode_ids(plain_text(content))

    def _reply(self, draft: _Draft, message: Message) -> None:
        draft.ids += (self.assistant, self.think)
        encode, reasoning = self.tokenizer.encode_ids, message.get("reasoning_content")
        # An empty reasoning is a choice to be learnt (think of nothing); a missing one is the mode without thinking.
        target = len(draft.ids) + (reasoning is None)
        draft.ids += encode(reasoning) if reasoning else ()
        draft.ids.append(self.end_think)
        draft.ids += encode(plain_text(message.get("content") or ""))
        calls = message.get("tool_calls") or ()
        for call in calls:
            draft.ids.append(self.tool_call)
            draft.ids += encode(call_line(call))
            draft.ids.append(self.end_tool_call)
        draft.targets.append((target, len(draft.ids)))
        draft.stop = self.observation if calls else self.user

    def _finish(self, draft: _Draft) -> PromptTokens:
        ids = np.array(draft.ids, dtype=np.int64)
        blocks = np.full(len(ids), -1, dtype=np.int64)
        for index, (begin, end) in enumerate(() if self._causal else draft.blocks):
            blocks[begin:end] = index
        is_global, is_text = ids == self.fused, ids >= self.num_special_tokens
        for begin, end in draft.systems:
            is_global[begin:end] = True
            is_text[begin:end] = False
        labels = None
        if draft.train:
            labels = np.full(len(ids), -100, dtype=np.int64)
            for begin, end in draft.targets:
                labels[begin:end] = ids[begin:end]
        return PromptTokens(
            input_ids=ids,
            block_ids=blocks,
            is_global=is_global,
            is_text=is_text,
            image_starts=tuple(draft.image_starts),
            audio_starts=tuple(draft.audio_starts),
            labels=labels,
        )

    def _cached(self, text: str) -> list[int]:
        ids = self._cache.get(text)
        if ids is None:
            if len(self._cache) >= MAX_CACHED_TEXTS:
                self._cache.clear()
            ids = self._cache[text] = self.tokenizer.encode_ids(text)
        return ids

    def _id(self, token: str) -> int:
        index = self.tokenizer.plain.token_to_id(token)
        if index is None:
            raise CheckpointError(f"the tokenizer lacks the special token {token}; use the tokenizer of the checkpoint")
        return int(index)


def compact_json(value: Any) -> str:
    """JSON without spaces, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def tool_line(tool: Mapping[str, Any]) -> str:
    """A tool as one line of JSON: name, description, parameters."""
    function = tool.get("function", tool)
    return compact_json(
        {
            "name": function["name"],
            "description": function.get("description") or "",
            "parameters": function.get("parameters") or {},
        }
    )


def call_line(call: Mapping[str, Any]) -> str:
    """A tool call as one line of JSON; arguments may be an object or its JSON text."""
    function = call.get("function", call)
    arguments = function["arguments"]
    if isinstance(arguments, str):
        arguments = json.loads(arguments or "{}")
    return compact_json({"name": function["name"], "arguments": arguments})


def plain_text(content: str | Sequence[Mapping[str, Any]]) -> str:
    """The text of a message: its text parts and transcripts, joined.

    Raises:
        ValueError: a part of unknown type.
    """
    if isinstance(content, str):
        return content
    texts = []
    for part in content:
        match part["type"]:
            case "text":
                texts.append(part["text"])
            case "audio":
                texts.append(part.get("transcript") or "")
            case "image":
                pass
            case kind:
                raise ValueError(f"unknown part {kind!r}; use text, image or audio")
    return "".join(texts)
