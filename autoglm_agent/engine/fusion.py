"""The gate in the engine: a prompt's embeddings, each user block weighed at its fused token; weights while listening.

The same function as `AutoGLMForConditionalGeneration._fuse` (tests compare them), step by step: only the part of a
prompt that is not cached is embedded, and a committed block's weights are never computed again.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.prompt import to_message
from autoglm_agent.model.gating import IMAGE, SPEECH, TEXT, FusionState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from autoglm_agent.engine.features import Feature
    from autoglm_agent.engine.prompt import Prompt
    from autoglm_agent.model.chat import ChatLayout, PromptTokens
    from autoglm_agent.model.network import AutoGLMForConditionalGeneration

Weights = tuple[float, float, float]
MAX_REMEMBERED = 1024  # user blocks with pictures, of all sessions, whose allotment is remembered


class Fusion:
    """Weighs modalities; keeps the running sums of each session's history."""

    def __init__(self, model: AutoGLMForConditionalGeneration, layout: ChatLayout) -> None:
        self._model, self._layout = model, layout
        self._gate = model.gate
        self._device = model.backbone.embed_tokens.weight.device
        self._detail: dict[bytes, bool] = {}
        self._histories: dict[str, tuple[tuple[m.Turn, ...], FusionState]] = {}

    @property
    def is_trained(self) -> bool:
        """Whether the checkpoint has a gate to ask."""
        return bool(self._model.config.gate_trained)

    @property
    def allots(self) -> bool:
        """Whether the gate says how many tokens a picture is worth."""
        return self.is_trained and bool(self._model.config.gate_allots)

    @torch.inference_mode()
    def glances(self, prompt: Prompt) -> frozenset[int]:
        """Which pictures of a prompt, in reading order, are worth no more than a glance.

        `prompt` has all pictures in detail. What a part demands counts; else the gate, which answers the same for the
        same prefix ever after: a committed block is not laid out anew when the conversation grows.
        """
        pictures = [(span.start, span.part.detail) for span in prompt.spans if isinstance(span.part, m.ImagePart)]
        if not pictures or not self.allots:
            return frozenset()
        state, read, previous = FusionState.empty(self._gate.hidden_size, self._device), 0, -1
        found: set[int] = set()
        for at in prompt.fused_at:
            block = {number: wish for number, (start, wish) in enumerate(pictures) if previous < start < at}
            if block:
                prefix = blake2b(prompt.keys[: at + 1].tobytes(), digest_size=16).digest()
                detail = self._detail.get(prefix)
                if detail is None:
                    self._read(state, prompt, read, at + 1)
                    read = at + 1
                    detail = self._remember(prefix, self._wants_detail(state, prompt, previous + 1, at))
                found.update(n for n, wish in block.items() if wish == "low" or (wish == "auto" and not detail))
            previous = at
        return frozenset(found)

    def _wants_detail(self, state: FusionState, prompt: Prompt, start: int, at: int) -> bool:
        """The gate's word on the pictures of the block that ends at `at`; features that are gone need none."""
        state.clear()
        for span in prompt.spans:
            if start <= span.start < at and span.feature.tokens is not None:
                state.add(IMAGE if isinstance(span.part, m.ImagePart) else SPEECH, span.feature.tokens)
        counts = state.counts[None]
        weights, _ = self._gate(state.sums[None], counts, uniform=prompt.uniform_gate)
        return bool(self._gate.wants_detail(weights, counts)[0])

    def _remember(self, prefix: bytes, detail: bool) -> bool:
        self._detail[prefix] = detail
        if len(self._detail) > MAX_REMEMBERED:
            del self._detail[next(iter(self._detail))]
        return detail

    @torch.inference_mode()
    def embed(self, prompt: Prompt, begin: int) -> tuple[Tensor, dict[int, Weights]]:
        """Embeddings [T - begin, hidden] of the prompt from `begin` on, and the weights of its fused tokens.

        `begin` parts no bidirectional block, so a picture and the fused token of its block are on the same side.
        """
        embeddings = self._model.embed_text(torch.from_numpy(prompt.ids[begin:]).to(self._device))
        for span in prompt.spans:
            tokens = span.feature.tokens
            if span.start >= begin and tokens is not None:
                place = span.start - begin
                seen = self._model.vision.at_a_glance(tokens[None])[0] if span.glance else tokens
                embeddings[place : place + span.count] = seen.to(embeddings.dtype)
        if not self.is_trained:
            return embeddings, {}
        state = FusionState.empty(self._gate.hidden_size, self._device)
        self._read(state, prompt, 0, begin)
        weights: dict[int, Weights] = {}
        previous = -1
        for at in prompt.fused_at:
            if at >= begin:
                self._read(state, prompt, max(previous + 1, begin), at + 1)
                weights[at] = self._commit(embeddings, prompt, begin, (previous + 1, at), state)
            previous = at
        return embeddings, weights

    def _read(self, state: FusionState, prompt: Prompt, begin: int, end: int) -> None:
        """Take in the text between two positions."""
        words = prompt.ids[begin:end][prompt.is_text[begin:end]]
        state.add(TEXT, self._model.embed_text(torch.from_numpy(words).to(self._device)))

    def _commit(
        self, embeddings: Tensor, prompt: Prompt, begin: int, block: tuple[int, int], state: FusionState
    ) -> Weights:
        """Weigh the block that ends at a fused token, and let the weights act on its embeddings."""
        start, at = block
        spans = [
            (IMAGE if isinstance(span.part, m.ImagePart) else SPEECH, span.start - begin, span.count)
            for span in prompt.spans
            if start <= span.start < at
        ]
        state.clear()
        for modality, place, count in spans:
            state.add(modality, embeddings[place : place + count])
        sums, counts = state.sums[None], state.counts[None]
        weights, fused = self._gate(sums, counts, uniform=prompt.uniform_gate)
        gains = self._gate.gains(weights, counts)[0].to(embeddings.dtype)
        for modality, place, count in spans:
            embeddings[place : place + count] *= gains[modality]
        embeddings[at - begin] += self._gate.fused_residual(fused)[0].to(embeddings.dtype)
        return _triple(weights)

    @torch.inference_mode()
    def weigh(self, request: m.Fuse, transcript: str, utterance: Feature | None, picture: Feature | None) -> m.Result:
        """The weights over the history, the utterance so far and the newest picture. What is not there weighs 0."""
        if not self.is_trained:
            reason = "this checkpoint has no trained gate, so there are no weights to tell; use nano for fusion."
            return m.Failed(session_id=request.session_id, request_id=None, code="bad_request", message=reason)
        state = self._history(request.session_id, request.history).clone()
        heard = self._layout.tokenizer.encode_ids(transcript)
        state.add(TEXT, self._model.embed_text(torch.tensor(heard, dtype=torch.long, device=self._device)))
        for modality, feature in ((IMAGE, picture), (SPEECH, utterance)):
            if feature is not None and feature.tokens is not None:
                state.add(modality, feature.tokens)
        text, image, speech = _triple(self._gate(state.sums[None], state.counts[None])[0])
        return m.GateWeights(
            session_id=request.session_id,
            text=text,
            image=image,
            speech=speech,
            stream_id=request.stream_id,
            frame_id=request.frame_id,
        )

    def forget(self, session_id: str) -> None:
        """Forget a session's history."""
        self._histories.pop(session_id, None)

    def _history(self, session_id: str, turns: tuple[m.Turn, ...]) -> FusionState:
        """The text of the history, summed; of a history that has grown only the new turns are read."""
        known, state = self._histories.get(session_id, ((), None))
        if state is None or turns[: len(known)] != known:
            known, state = (), FusionState.empty(self._gate.hidden_size, self._device)
        if len(turns) > len(known):
            state = state.clone()
            tokens = self._lay_out(turns[len(known) :])
            words = torch.from_numpy(tokens.input_ids[tokens.is_text]).to(self._device)
            state.add(TEXT, self._model.embed_text(words))
        self._histories[session_id] = turns, state
        return state

    def _lay_out(self, turns: Sequence[m.Turn]) -> PromptTokens:
        messages = [to_message(turn, drop_speech=True) for turn in turns]
        return self._layout.encode(messages, add_generation_prompt=False)


def _triple(weights: Tensor) -> Weights:
    text, image, speech = weights[0].tolist()
    return text, image, speech
