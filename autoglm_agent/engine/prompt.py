"""From the turns of a request to what the scheduler works on: ids, blocks, features, and keys to compare by.

A key names what a position holds: the token, or which feature of which picture or utterance, or a fused token with the
way it is weighed. Two prompts with equal keys up to a position have equal cached keys and values up to there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autoglm_agent.engine import messages as m
from autoglm_agent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from autoglm_agent.engine.features import Feature
    from autoglm_agent.model.chat import ChatLayout, PromptTokens

SERIAL_STRIDE = 1 << 20  # more tokens than any picture or utterance has
SPEECH_OFFSET = 1 << 19  # parts the keys of pictures from those of utterances, which count their serials on their own
GLANCE_OFFSET = 1 << 18  # parts the keys of a picture at a glance from those of the same in detail
UNIFORM_FUSED_KEY = -1


class FeatureMissingError(InputError):
    """A part refers to what the engine does not hold."""

    def __init__(self, message: str, *, stream_id: str | None = None, frame_id: str | None = None) -> None:
        super().__init__(message)
        self.stream_id, self.frame_id = stream_id, frame_id


@dataclass(frozen=True, slots=True)
class FeatureSpan:
    """Where a picture's or an utterance's tokens stand in the prompt: `count` from `start` on.

    `glance`: a picture in a quarter of its tokens.
    """

    start: int
    count: int
    feature: Feature
    part: m.ImagePart | m.AudioPart
    glance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A conversation laid out. Arrays have length T; see `model.chat.PromptTokens`. `keys` int64."""

    ids: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]
    is_global: npt.NDArray[np.bool_]
    is_text: npt.NDArray[np.bool_]
    positions: npt.NDArray[np.int64] | None
    spans: tuple[FeatureSpan, ...]
    fused_at: tuple[int, ...]
    uniform_gate: bool
    num_image_tokens: int
    num_audio_tokens: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def next_position(self) -> int:
        """The rotary position behind the prompt. A picture takes fewer positions than tokens in multimodal RoPE."""
        return len(self.ids) if self.positions is None else int(self.positions.max()) + 1


class FeatureLookup(Protocol):
    """Finds features by the ids of one session's parts."""

    def picture(self, session_id: str, frame_id: str) -> Feature | None:
        """The picture, if known."""
        ...

    def utterance(self, session_id: str, stream_id: str) -> Feature | None:
        """The utterance, if known."""
        ...

    def is_coming(self, session_id: str, part: m.Part) -> bool:
        """Whether the picture, or the end of the utterance, waits to be encoded."""
        ...


class PromptBuilder:
    """Lays out requests. `causal` is for published checkpoints, which know no bidirectional blocks."""

    def __init__(self, layout: ChatLayout, lookup: FeatureLookup, *, causal: bool) -> None:
        self._layout, self._lookup, self._causal = layout, lookup, causal

    def build(self, request: m.Generate, glances: Collection[int] = ()) -> Prompt:
        """The prompt of a generation.

        `glances` are the pictures, counted in reading order, that get a quarter of their tokens.

        Raises:
            FeatureMissingError: a part refers to a picture or an utterance the engine does not know.
            InputError: a tool's schema or a call's arguments are no JSON.
        """
        if not request.turns:
            raise InputError("the conversation is empty; send at least one turn.")
        drop_speech, layout = request.drop_speech_features, self._layout
        pictures, utterances = self._features(request.session_id, request.turns, drop_speech=drop_speech)
        try:
            tokens = layout.encode(
                [to_message(turn, drop_speech=drop_speech) for turn in request.turns],
                [_tool(tool) for tool in request.tools],
                enable_thinking=request.enable_thinking,
                audio_tokens=[feature.count for _, feature in utterances],
                image_tokens=[
                    layout.num_coarse_image_tokens if number in glances else feature.count
                    for number, (_, feature) in enumerate(pictures)
                ],
            )
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"the conversation cannot be laid out: {error}. Correct that turn.") from error
        return self._prompt(tokens, pictures, utterances, glances, uniform=request.uniform_gate)

    def _prompt(
        self,
        tokens: PromptTokens,
        pictures: list[tuple[m.ImagePart, Feature]],
        utterances: list[tuple[m.AudioPart, Feature]],
        glances: Collection[int],
        *,
        uniform: bool,
    ) -> Prompt:
        """Name what every position holds."""
        keys = tokens.input_ids.copy()
        fused = np.flatnonzero(tokens.input_ids == self._layout.fused)
        if uniform:
            keys[fused] = UNIFORM_FUSED_KEY
        spans = []
        for number, (start, (picture, feature)) in enumerate(zip(tokens.image_starts, pictures, strict=True)):
            spans.append(FeatureSpan(start, feature.count, feature, picture))
            if number in glances:
                spans[-1] = replace(spans[-1], count=self._layout.num_coarse_image_tokens, glance=True)
        for start, (speech, feature) in zip(tokens.audio_starts, utterances, strict=True):
            spans.append(FeatureSpan(start, feature.count, feature, speech))
        for span in spans:
            offset = SPEECH_OFFSET if isinstance(span.part, m.AudioPart) else GLANCE_OFFSET * span.glance
            first = span.feature.serial * SERIAL_STRIDE + offset + span.feature.first
            keys[span.start : span.start + span.count] = -np.arange(first, first + span.count)
        return Prompt(
            ids=tokens.input_ids,
            keys=keys,
            blocks=np.full_like(tokens.block_ids, -1) if self._causal else tokens.block_ids,
            is_global=tokens.is_global,
            is_text=tokens.is_text,
            positions=tokens.positions,
            spans=tuple(spans),
            fused_at=tuple(fused.tolist()),
            uniform_gate=uniform,
            num_image_tokens=sum(span.count for span in spans if isinstance(span.part, m.ImagePart)),
            num_audio_tokens=sum(feature.count for _, feature in utterances),
        )

    def _features(
        self, session_id: str, turns: tuple[m.Turn, ...], *, drop_speech: bool
    ) -> tuple[list[tuple[m.ImagePart, Feature]], list[tuple[m.AudioPart, Feature]]]:
        """The features of all user parts, in reading order."""
        pictures: list[tuple[m.ImagePart, Feature]] = []
        utterances: list[tuple[m.AudioPart, Feature]] = []
        for part in (part for turn in turns if turn.role == "user" for part in turn.content):
            match part:
                case m.ImagePart(frame_id=frame_id):
                    found = self._lookup.picture(session_id, frame_id)
                    if found is None:
                        raise FeatureMissingError(_missing(f"frame {frame_id}"), frame_id=frame_id)
                    pictures.append((part, found))
                case m.AudioPart(stream_id=stream_id) if not drop_speech:
                    found = self._lookup.utterance(session_id, stream_id)
                    if found is None:
                        raise FeatureMissingError(_missing(f"stream {stream_id}"), stream_id=stream_id)
                    utterances.append((part, found))
                case _:
                    pass
        return pictures, utterances


def must_wait(request: m.Generate, lookup: FeatureLookup) -> bool:
    """Whether something the prompt refers to is still being encoded."""
    return any(lookup.is_coming(request.session_id, part) for turn in request.turns for part in turn.content)


def missing_features(prompt: Prompt, begin: int) -> None:
    """Raise `FeatureMissingError` for features at or after `begin` that had to make room."""
    for span in prompt.spans:
        if span.start >= begin and span.feature.tokens is None:
            match span.part:
                case m.ImagePart(frame_id=frame_id):
                    raise FeatureMissingError(_missing(f"frame {frame_id}"), frame_id=frame_id)
                case m.AudioPart(stream_id=stream_id):
                    raise FeatureMissingError(_missing(f"stream {stream_id}"), stream_id=stream_id)


def _missing(what: str) -> str:
    return f"the engine does not hold {what}; send it again, then ask again."


def to_message(turn: m.Turn, *, drop_speech: bool = False) -> dict[str, Any]:
    """A turn as the layout takes it."""
    parts = [_part(part, drop_speech=drop_speech) for part in turn.content]
    if turn.role != "user":  # Only users show and speak; of others the words count.
        words = "".join(part.get("text") or part.get("transcript") or "" for part in parts)
        calls = [{"name": call.name, "arguments": call.arguments} for call in turn.tool_calls]
        return {"role": turn.role, "content": words, "reasoning_content": turn.reasoning, "tool_calls": calls}
    return {"role": turn.role, "content": parts}


def _part(part: m.Part, *, drop_speech: bool) -> dict[str, Any]:
    match part:
        case m.TextPart(text=text):
            return {"type": "text", "text": text}
        case m.ImagePart():
            return {"type": "image"}
        case m.AudioPart(transcript=transcript):
            return {"type": "text", "text": transcript} if drop_speech else {"type": "audio", "transcript": transcript}


def _tool(tool: m.Tool) -> dict[str, Any]:
    try:
        parameters = json.loads(tool.parameters or "{}")
    except ValueError as error:
        raise InputError(f"the parameters of tool {tool.name} are no JSON ({error}); send a JSON schema.") from error
    return {"name": tool.name, "description": tool.description, "parameters": parameters}
