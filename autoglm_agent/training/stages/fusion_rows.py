"""From samples to rows the network can take: tokens, blocks, targets, pictures and utterances, cut into padded batches.

Runs in worker processes on the host; nothing here touches a device. The mode of a row is drawn here: thinking or not,
reasoning kept in the history or not, a distractor picture or none, the transcript as heard, damaged, or missing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from autoglm_agent.model.chat import ChatLayout
    from autoglm_agent.training.pictures.picture_packing import PackedPictures
    from autoglm_agent.training.pictures.pictures import Picture
    from autoglm_agent.training.sample import Message, Sample, Split

GateTarget = tuple[float, float, float]
ROW_SIZES = (64, 80, 96, 112, 128, 144, 160, 192, 224, 272, 336, 448, 640, 912)
"""Lengths that rows are padded to. A dozen shapes and no more: attention is planned, and layers compiled, for each."""
PICTURE_STEP = 32
"""The number of pictures of a batch is padded to a multiple of this, for the same reason."""
PACKED_TOGETHER = 128
"""Pictures that the renderer draws in one go."""
IGNORED_GATE: GateTarget = (-1.0, -1.0, -1.0)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One spoken user message of the pool: where its features lie, and what the speech path made of it."""

    index: int
    num_tokens: int
    transcript: str
    said: str


@dataclass(frozen=True, slots=True)
class SpokenSample:
    """A sample with a spoken message, and its utterances: [version][spoken message]."""

    sample: Sample
    versions: tuple[tuple[Utterance, ...], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation, encoded. Pictures and utterances are in reading order."""

    task: str
    input_ids: NDArray[np.int64]
    block_ids: NDArray[np.int64]
    is_global: NDArray[np.bool_]
    is_text: NDArray[np.bool_]
    labels: NDArray[np.int64]
    pictures: tuple[Picture, ...]
    utterances: tuple[int, ...]
    gate: GateTarget
    detailed: tuple[bool, ...] = ()
    """Of each picture: whether it is seen in detail, or at a glance."""


@dataclass(frozen=True, slots=True)
class FusionBatch:
    """Rows padded to one length [B, T]; `image_rows`, `audio_rows` are lists in reading order over the batch."""

    tasks: tuple[str, ...]
    input_ids: NDArray[np.int64]
    block_ids: NDArray[np.int64]
    is_global: NDArray[np.bool_]
    is_text: NDArray[np.bool_]
    labels: NDArray[np.int64]
    pictures: tuple[Picture, ...] | tuple[PackedPictures, ...]
    utterances: NDArray[np.int64]
    gate: NDArray[np.float32]
    detailed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOptions:
    """How modes are drawn. Evaluation sets `fixed` thinking and no accidents."""

    think: bool | None = None
    distractor_share: float = 0.2
    damage_share: float = 0.14
    mute_share: float = 0.2
    deaf_share: float = 0.05
    glance_share: float = 0.1
    """Of the pictures that are needed: seen at a glance all the same, as when the gate is mistaken."""
    stare_share: float = 0.15
    """Of the pictures that are not: seen in detail."""
    max_tokens: int = 640


class RowMaker:
    """Encodes samples; one a process."""

    def __init__(
        self, layout: ChatLayout, distractor: Callable[[random.Random, Split], Picture], split: Split, options: RowOptions
    ) -> None:
        self.layout, self.distractor, self.split, self.options = layout, distractor, split, options
        self._sizes = {True: layout.num_image_tokens, False: layout.num_coarse_image_tokens}

    def row(self, sample: Sample, rng: random.Random, spoken: Sequence[Utterance] | None = None) -> Row | None:
        """The row of a sample; None when it is too long. `spoken` replaces its spoken messages by utterances."""
        if spoken is None and any(m.spoken for m in sample.messages):
            # Not in the pool: typed instead of spoken.
            sample = replace(sample, messages=tuple(replace(m, spoken=False) for m in sample.messages))
        sample = self._with_distractor(sample, rng)
        think = self._thinks(sample, rng)
        messages, utterances, audio_tokens = self._messages(sample, rng, think, spoken)
        detailed = self._detailed(sample, rng)
        prompt = self.layout.encode(
            messages, list(sample.tools) or None, add_generation_prompt=False, enable_thinking=think,
            audio_tokens=audio_tokens, image_tokens=[self._sizes[each] for each in detailed], train=True,
        )
        if len(prompt.input_ids) > self.options.max_tokens or prompt.labels is None:
            return None
        return Row(
            sample.task, np.asarray(prompt.input_ids, np.int64), np.asarray(prompt.block_ids, np.int64),
            np.asarray(prompt.is_global, np.bool_), np.asarray(prompt.is_text, np.bool_), np.asarray(prompt.labels, np.int64),
            tuple(m.picture for m in sample.messages if m.picture is not None), utterances, gate_target(sample), detailed,
        )

    def _detailed(self, sample: Sample, rng: random.Random) -> tuple[bool, ...]:
        """How each picture is seen. One shown before the last question answered an earlier one."""
        users = [message for message in sample.messages if message.role == "user"]
        found = []
        for message in users:
            if message.picture is not None:
                needed = bool(sample.needs_image) if message is users[-1] else True
                share = 1 - self.options.glance_share if needed else self.options.stare_share
                found.append(rng.random() < share)
        return tuple(found)

    def _thinks(self, sample: Sample, rng: random.Random) -> bool:
        if self.options.think is not None:
            return self.options.think
        if sample.think == "either":
            return rng.random() < 0.55
        return sample.think == "always"

    def _with_distractor(self, sample: Sample, rng: random.Random) -> Sample:
        """Show a picture that does not matter to a sample without one."""
        has_picture = any(m.picture is not None for m in sample.messages)
        if has_picture or sample.task == "raw_dialogue" or rng.random() >= self.options.distractor_share:
            return sample
        last = max(i for i, m in enumerate(sample.messages) if m.role == "user")
        messages = list(sample.messages)
        messages[last] = replace(messages[last], picture=self.distractor(rng, self.split))
        return replace(sample, messages=tuple(messages), needs_image=False)

    def _messages(
        self, sample: Sample, rng: random.Random, think: bool, spoken: Sequence[Utterance] | None
    ) -> tuple[list[dict[str, Any]], tuple[int, ...], list[int]]:
        pending = list(spoken or ())
        last_assistant = max((i for i, m in enumerate(sample.messages) if m.role == "assistant"), default=-1)
        keep_reasoning = rng.random() < 0.5
        messages: list[dict[str, Any]] = []
        utterances: list[int] = []
        audio_tokens: list[int] = []
        for i, message in enumerate(sample.messages):
            content: list[dict[str, str]] = []
            if message.picture is not None:
                content.append({"type": "image"})
            if message.beside:
                content.append({"type": "text", "text": message.beside + "\n"})
            if message.spoken and pending:
                utterance = pending.pop(0)
                transcript, deaf = self._heard(utterance, rng)
                if deaf:
                    content.append({"type": "text", "text": transcript})
                else:
                    content.append({"type": "audio", "transcript": transcript})
                    utterances.append(utterance.index)
                    audio_tokens.append(utterance.num_tokens)
            else:
                content.append({"type": "text", "text": message.text})
            entry: dict[str, Any] = {"role": message.role, "content": content if message.role == "user" else message.text}
            if message.role == "assistant":
                if think and (i == last_assistant or keep_reasoning or not message.reasoning):
                    entry["reasoning_content"] = message.reasoning
                if message.tool_calls:
                    entry["tool_calls"] = list(message.tool_calls)
            messages.append(entry)
        return messages, tuple(utterances), audio_tokens

    def _heard(self, utterance: Utterance, rng: random.Random) -> tuple[str, bool]:
        """The transcript the row shows, and whether the speech features are left out."""
        draw = rng.random()
        if draw < self.options.mute_share:
            return "", False
        draw -= self.options.mute_share
        if draw < self.options.damage_share:
            kept = [c for c in utterance.transcript if rng.random() > 0.25]
            return "".join(kept), False
        draw -= self.options.damage_share
        return utterance.transcript, draw < self.options.deaf_share


def gate_target(sample: Sample) -> GateTarget:
    """What the gate should say at the last user message (text, image, speech); negative: not taught."""
    last: Message = next(m for m in reversed(sample.messages) if m.role == "user")
    if sample.task == "raw_dialogue":
        return IGNORED_GATE
    text, image, speech = 1.0, 0.0, 0.0
    if last.picture is not None:
        image = 1.6 if sample.needs_image else 0.06
    if last.spoken:
        speech = 1.0
        text = 0.6
    if sample.task.startswith(("memory", "zoo")):
        text *= 1.5
    total = text + image + speech
    return text / total, image / total, speech / total


def rows_of_size(size: int, budget_tokens: int) -> int:
    """How many rows of a padded length make a batch."""
    return max(1, budget_tokens // size)


def batched(rows: Iterator[Row], *, budget_tokens: int) -> Iterator[FusionBatch]:
    """Batches of about `budget_tokens` padded tokens from an endless stream: each length has its own number of rows."""
    gathered: dict[int, list[Row]] = {size: [] for size in ROW_SIZES}
    for row in rows:
        size = next(size for size in ROW_SIZES if size >= len(row.input_ids))
        gathered[size].append(row)
        if len(gathered[size]) == rows_of_size(size, budget_tokens):
            yield pad_rows(gathered[size])
            gathered[size] = []


def pad_rows(rows: Sequence[Row]) -> FusionBatch:
    """Right-pad to the least of `ROW_SIZES` that holds the longest."""
    longest = max(len(r.input_ids) for r in rows)
    longest = next(size for size in ROW_SIZES if size >= longest)

    def padded(name: str, fill: int, dtype: Any) -> NDArray[Any]:
        out = np.full((len(rows), longest), fill, dtype=dtype)
        for i, row in enumerate(rows):
            values = getattr(row, name)
            out[i, : len(values)] = values
        return out

    return FusionBatch(
        tuple(r.task for r in rows), padded("input_ids", 0, np.int64), padded("block_ids", -1, np.int64),
        padded("is_global", 0, np.bool_), padded("is_text", 0, np.bool_), padded("labels", -100, np.int64),
        tuple(p for r in rows for p in r.pictures), np.array([u for r in rows for u in r.utterances], np.int64),
        np.array([r.gate for r in rows], np.float32), np.array([d for r in rows for d in r.detailed], np.bool_),
    )


class RowFactory:
    """What a worker process needs to make rows for ever; picklable, built in the parent."""

    def __init__(
        self, make_layout: Callable[[], ChatLayout], pool: Sequence[SpokenSample], spoken_share: float,
        options: RowOptions, budget_tokens: int, atlas: Path | None = None,
    ) -> None:
        self.atlas = atlas
        self.make_layout, self.pool, self.spoken_share = make_layout, pool, spoken_share
        self.options, self.budget_tokens = options, budget_tokens

    def rows(self, seed: int) -> Iterator[Row]:
        """Endless training rows of one worker."""
        from autoglm_agent.training.corpus import random_distractor, training_samples

        rng = random.Random(seed)
        maker = RowMaker(self.make_layout(), random_distractor, "train", self.options)
        typed = training_samples(rng, "train")
        while True:
            if self.pool and rng.random() < self.spoken_share:
                item = rng.choice(self.pool)
                row = maker.row(item.sample, rng, rng.choice(item.versions))
            else:
                row = maker.row(next(typed), rng)
            if row is not None:
                yield row

    def batches(self, seed: int) -> Iterator[FusionBatch]:
        """Endless batches of one worker, their pictures packed where the atlas is known."""
        batches = batched(self.rows(seed), budget_tokens=self.budget_tokens)
        if self.atlas is None:
            yield from batches
            return
        from autoglm_agent.training.pictures.picture_packing import Packer
        from autoglm_agent.training.pictures.sprites import Atlas

        packer = Packer(Atlas.load(self.atlas))
        for batch in batches:
            chunks = [batch.pictures[i : i + PACKED_TOGETHER] for i in range(0, len(batch.pictures), PACKED_TOGETHER)]
            yield replace(batch, pictures=tuple(packer.pack(chunk) for chunk in chunks))  # type: ignore[arg-type]
