"""The text scheduler: replies wait for a slot, are prefilled in units, and decoded together, one token each per step.

A session has one generation at a time; the next one waits until it is over and then finds the cache as it was left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.fast_backbone import DecodeRow, FastBackbone
from autoglm_agent.engine.generation import Generation
from autoglm_agent.engine.grammar import Grammars
from autoglm_agent.engine.packed import PackedLinear, Precision
from autoglm_agent.engine.prefill import Prefill
from autoglm_agent.engine.prompt import FeatureMissingError, PromptBuilder, missing_features, must_wait
from autoglm_agent.engine.slots import SlotTable
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.model.cache import CachePool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from autoglm_agent.engine.fusion import Fusion
    from autoglm_agent.engine.limits import EngineLimits
    from autoglm_agent.engine.prompt import FeatureLookup
    from autoglm_agent.engine.slots import Slot
    from autoglm_agent.model.chat import ChatLayout
    from autoglm_agent.model.network import AutoGLMForConditionalGeneration

OLDEST_EVERY = 4  # of so many prefill units one goes to the oldest prompt, the others to the shortest


class TextScheduler:
    """All generations of the engine."""

    def __init__(
        self,
        model: AutoGLMForConditionalGeneration,
        layout: ChatLayout,
        fusion: Fusion,
        lookup: FeatureLookup,
        *,
        limits: EngineLimits,
        precision: Precision,
        clock: Callable[[], float],
    ) -> None:
        config, weight = model.config.text, model.backbone.embed_tokens.weight
        capacity = min(limits.capacity or config.max_position_embeddings, config.max_position_embeddings)
        self._pool = CachePool(
            config, num_slots=limits.num_slots, capacity=capacity, dtype=weight.dtype, device=weight.device
        )
        self._backbone = FastBackbone(model.backbone, self._pool, precision)
        head = weight if model.lm_head is None else model.lm_head.weight
        self._head = PackedLinear(head.detach(), None, precision)
        self._embed: Callable[[Tensor], Tensor] = model.embed_text
        self._window, self._device = config.sliding_window, weight.device
        self._layout, self._fusion, self._limits, self._clock = layout, fusion, limits, clock
        self._lookup = lookup
        self._prompts = PromptBuilder(layout, lookup, causal=config.prefix_attention == "causal")
        self._grammars = Grammars(layout)
        self.slots = SlotTable(self._pool)
        self._waiting: list[Generation] = []
        self._prefills: list[Prefill] = []
        self._running: list[Generation] = []
        self._units = 0
        self.last_batch = self.cached_tokens = self.input_tokens = self.output_tokens = 0

    # --- Requests ----------------------------------------------------------------------------------------------------

    def submit(self, request: m.Generate) -> m.Failed | None:
        """Queue a generation."""
        if len(self._waiting) >= self._limits.max_waiting:
            reason = f"{len(self._waiting)} generations wait already, which is the limit; try again in a second."
            return _failed(request, "overloaded", reason)
        if self._find(request.session_id, request.request_id) is not None:
            return _failed(request, "bad_request", f"request {request.request_id} is running already; use a new id.")
        self._waiting.append(Generation(request, self._clock()))
        return None

    def cancel(self, session_id: str, request_id: str) -> m.Finished | None:
        """End a generation wherever it is."""
        generation = self._find(session_id, request_id)
        if generation is None:
            return None
        generation.end("cancelled")
        return self._leave(generation)

    def close(self, session_id: str) -> None:
        """Forget a session without a word."""
        for generation in self._all():
            if generation.request.session_id == session_id:
                generation.end("cancelled")
                self._leave(generation)
        self.slots.close(session_id)

    # --- State -------------------------------------------------------------------------------------------------------

    @property
    def num_running(self) -> int:
        """Replies being decoded."""
        return len(self._running)

    @property
    def num_waiting(self) -> int:
        """Replies waiting for a slot or being prefilled."""
        return len(self._waiting) + len(self._prefills)

    @property
    def can_prefill(self) -> bool:
        """Whether a prompt can be worked on now."""
        return bool(self._prefills) or self._next_admissible() is not None

    # --- Work --------------------------------------------------------------------------------------------------------

    def prefill(self) -> list[m.Result]:
        """One unit: let a waiting generation in, or compute part of a prompt."""
        generation = self._next_admissible()
        if generation is not None:
            self._waiting.remove(generation)
            failed = self._admit(generation)
            if failed is not None or not self._prefills:
                return [failed] if failed else []
        self._units += 1
        by_age = self._units % OLDEST_EVERY == 0
        job = self._prefills[0] if by_age else min(self._prefills, key=lambda prefill: prefill.remaining)
        hidden = job.advance(self._backbone, self._pool, self._window, self._limits, self._clock)
        if hidden is None:
            return []
        self._prefills.remove(job)
        return self._begin(job.generation, hidden)

    @torch.inference_mode()
    def decode(self) -> list[m.Result]:
        """One token for each running reply, in one pass."""
        batch = self._running[: self._limits.max_batch]
        self._running = self._running[len(batch) :] + batch  # with more than fit, those left out are first next time
        self.last_batch = len(batch)
        slots = [slot for generation in batch if (slot := generation.slot) is not None]
        rows = [self._row(slot) for slot in slots]
        tokens = torch.tensor([generation.next_token for generation in batch], device=self._device)
        scores = self._head(self._backbone.decode(self._embed(tokens), rows))
        results: list[m.Result] = []
        for generation, slot, row in zip(batch, slots, scores, strict=True):
            self.slots.extend(slot, generation.next_token)
            results += self._choose(generation, slot, row)
        return results

    def _next_admissible(self) -> Generation | None:
        """The first generation that nothing keeps waiting, if a slot is to be had; a session's keep their order."""
        if len(self._prefills) + len(self._running) >= self._limits.num_slots:
            return None
        blocked: set[str] = set()
        for generation in self._waiting:
            session_id = generation.request.session_id
            if session_id in blocked:
                continue
            if not self.slots.is_busy(session_id) and not must_wait(generation.request, self._lookup):
                return generation
            blocked.add(session_id)
        return None

    def _admit(self, generation: Generation) -> m.Failed | None:
        """Lay the prompt out, take a slot, embed what is not cached."""
        request = generation.request
        generation.started_s = generation.first_s = self._clock()
        try:
            generation.prepare(self._layout, self._grammars)
            prompt = self._prompts.build(request)
            if glances := self._fusion.glances(prompt):
                prompt = self._prompts.build(request, glances)
            if len(prompt) >= self._pool.capacity:
                reason = (
                    f"the prompt has {len(prompt)} tokens and the context holds {self._pool.capacity}, the answer "
                    "included; shorten the history."
                )
                return _failed(request, "context_overflow", reason)
            slot = self.slots.acquire(request.session_id, prompt)
            if slot is None:
                self._waiting.insert(0, generation)
                return None
            try:
                missing_features(prompt, slot.length)
            except FeatureMissingError:
                self.slots.release(slot)
                raise
        except FeatureMissingError as error:
            return _failed(request, "feature_missing", str(error), stream_id=error.stream_id, frame_id=error.frame_id)
        except AutoGLMError as error:
            return _failed(request, "bad_request", str(error))
        generation.prompt, generation.slot, generation.cached_tokens = prompt, slot, slot.length
        self.cached_tokens += slot.length
        self.input_tokens += len(prompt)
        embeddings, weights = self._fusion.embed(prompt, slot.length)
        slot.gates.update(weights)
        self._prefills.append(Prefill(generation, prompt, slot, embeddings))
        return None

    @torch.inference_mode()
    def _begin(self, generation: Generation, hidden: Tensor) -> list[m.Result]:
        """The prompt is in: the first token, or the end if nothing more was asked for."""
        generation.first_s = self._clock()
        slot = generation.slot
        assert slot is not None  # `_admit` gave it one
        if generation.request.prefill_only:
            generation.end("prefilled")
            return [self._leave(generation)]
        self._running.append(generation)
        return self._choose(generation, slot, self._head(hidden[None])[0])

    def _choose(self, generation: Generation, slot: Slot, scores: Tensor) -> list[m.Result]:
        results = generation.choose(scores)
        self.output_tokens += 1
        if generation.reason is None and slot.length >= self._pool.capacity:
            results += generation.end("length")
        if generation.reason is not None:
            results.append(self._leave(generation))
        return results

    def _row(self, slot: Slot) -> DecodeRow:
        """The next token's place, and what it may see once the window has moved on."""
        index, window = slot.length, self._window
        if window is None or index < window:
            return DecodeRow(slot.index, index, index + slot.shift, None)
        visible = self._pool.is_global[slot.index, : index + 1].clone()
        visible[index + 1 - window :] = True
        return DecodeRow(slot.index, index, index + slot.shift, visible[None, None, None])

    def _leave(self, generation: Generation) -> m.Finished:
        """Take a generation out wherever it is, and free its slot."""
        finished = generation.finished(self._clock())
        self._waiting = [other for other in self._waiting if other is not generation]
        self._prefills = [job for job in self._prefills if job.generation is not generation]
        self._running = [other for other in self._running if other is not generation]
        if generation.slot is not None:
            self.slots.release(generation.slot)
        return finished

    def _all(self) -> list[Generation]:
        return [*self._waiting, *(job.generation for job in self._prefills), *self._running]

    def _find(self, session_id: str, request_id: str) -> Generation | None:
        wanted = session_id, request_id
        return next((g for g in self._all() if (g.request.session_id, g.request.request_id) == wanted), None)


def _failed(
    request: m.Generate,
    code: m.FailureCode,
    message: str,
    *,
    stream_id: str | None = None,
    frame_id: str | None = None,
) -> m.Failed:
    return m.Failed(
        session_id=request.session_id,
        request_id=request.request_id,
        code=code,
        message=message,
        stream_id=stream_id,
        frame_id=frame_id,
    )
