"""The engine: requests in, results out, one bounded unit of work per step, in the order of urgency.

Synchronous and single-threaded. Nothing a request contains can stop it: what cannot be done is answered by `Failed`.
What is no request's fault (a broken model, no memory) is raised, and ends the engine's process on purpose.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, assert_never

import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.ctc import GreedyCtc, Recognition
from autoglm_agent.engine.ctc_search import CtcSearch
from autoglm_agent.engine.features import PictureStore
from autoglm_agent.engine.fusion import Fusion
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.engine.metrics import EngineMetrics, StepTimes
from autoglm_agent.engine.packed import Precision, pack_linears
from autoglm_agent.engine.speech import SpeechStreams
from autoglm_agent.engine.text import TextScheduler
from autoglm_agent.engine.turnstile import Turnstile
from autoglm_agent.engine.vision import Eyes

if TYPE_CHECKING:
    from collections.abc import Callable

    from autoglm_agent.engine.features import Feature
    from autoglm_agent.engine.turnstile import Kind
    from autoglm_agent.model.bundle import ModelBundle

FEW_ROWS_KINDS = ("speech", "decode", "fusion")
"""Work on a handful of rows at a time: a second thread costs more to wake than it does, and the event loop wants it."""

KEPT_LINEARS = ("embed",)  # speech and vision ask this layer's weight for its dtype and device


class Engine:
    """Batches over sessions. See `messages` for what each request does and is answered by."""

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        limits: EngineLimits | None = None,
        precision: Precision = "float32",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take over `bundle.model`: with a precision below fp32 its linear layers are packed in place."""
        self.model_name = bundle.name
        self._limits, self._clock = limits or EngineLimits(), clock
        model, layout = bundle.model, bundle.layout
        token_bytes, num_special = layout.tokenizer.token_bytes, layout.num_special_tokens
        blank = int(bundle.config.pad_token_id)

        def new_ctc() -> Recognition:
            words = bundle.words
            search = CtcSearch(words, blank, num_special) if words is not None else None
            return Recognition(token_bytes, GreedyCtc(token_bytes, blank, num_special), search)

        def end_of_turn(text: str) -> float | None:
            return bundle.turn_ends.probability(text) if bundle.turn_ends is not None else None

        for part in (part for part in bundle.parts if part != "text"):
            pack_linears(getattr(model, part), precision, keep=KEPT_LINEARS)
        self._pictures = PictureStore(self._limits.max_frames, self._limits.max_all_frames)
        self._speech = SpeechStreams(model.speech, new_ctc, self._limits, clock, end_of_turn)
        self._eyes = Eyes(model.vision, self._pictures, self._limits, clock)
        self._fusion = Fusion(model, layout)
        self._text = TextScheduler(
            model, layout, self._fusion, self, limits=self._limits, precision=precision, clock=clock
        )
        self._fuses: OrderedDict[str, m.Fuse] = OrderedDict()
        self._out: list[m.Result] = []
        self._turnstile, self._times = Turnstile(), StepTimes()

    # --- The engine's interface --------------------------------------------------------------------------------------

    def submit(self, request: m.Request) -> None:
        """Take a request. Computes nothing; an answer that is known already comes with the next step."""
        answer: m.Result | None = None
        match request:
            case m.OpenStream() | m.PushAudio() | m.ForkStream() | m.CloseStream():
                answer = self._speech.submit(request)
            case m.EncodeFrame():
                answer = self._eyes.submit(request)
            case m.DropFrame():
                self._eyes.drop(request.session_id, request.frame_id)
            case m.Fuse():
                self._fuses[request.session_id] = request  # weights are a state: the newest question is the one
            case m.Generate():
                answer = self._text.submit(request)
            case m.Cancel():
                answer = self._text.cancel(request.session_id, request.request_id)
            case m.CloseSession():
                self._close(request.session_id)
            case m.ReadMetrics():
                answer = m.MetricsRead(session_id=request.session_id, metrics=self.metrics)
            case _:
                assert_never(request)
        if answer is not None:
            self._out.append(answer)

    @property
    def has_work(self) -> bool:
        """Whether a step would do something."""
        return bool(self._out) or any(self._work().values())

    def step(self) -> list[m.Result]:
        """Do one unit of work, and give out what is known."""
        start = self._clock()
        kind = self._turnstile.pick(self._work(), start)
        results, self._out = self._out, []
        if kind is not None:
            threads = torch.get_num_threads()
            if kind in FEW_ROWS_KINDS and threads > 1:
                torch.set_num_threads(1)
            try:
                results += self._do(kind)
            finally:
                if torch.get_num_threads() != threads:
                    torch.set_num_threads(threads)
            self._times.add(kind, (self._clock() - start) * 1000)
        return results

    @property
    def metrics(self) -> EngineMetrics:
        """A snapshot."""
        text = self._text
        return EngineMetrics(
            streams_ready=len(self._speech),
            frames_waiting=len(self._eyes),
            generations_waiting=text.num_waiting,
            generations_running=text.num_running,
            speech_batch=self._speech.last_batch,
            decode_batch=text.last_batch,
            slots_used=text.slots.used,
            slot_evictions=text.slots.evictions,
            frames_held=len(self._pictures),
            input_tokens=text.input_tokens,
            cached_tokens=text.cached_tokens,
            output_tokens=text.output_tokens,
            steps=dict(self._times.counts),
            step_ms_p50=self._times.p50(),
            step_ms_max=self._times.longest(),
        )

    # --- What prompts refer to ---------------------------------------------------------------------------------------

    def picture(self, session_id: str, frame_id: str) -> Feature | None:
        """An encoded picture of a session."""
        return self._pictures.get(session_id, frame_id)

    def utterance(self, session_id: str, stream_id: str) -> Feature | None:
        """An utterance of a session, as far as it has been encoded."""
        return self._speech.get(session_id, stream_id)

    def is_coming(self, session_id: str, part: m.Part) -> bool:
        """Whether a picture, or the end of an utterance, waits to be encoded."""
        match part:
            case m.ImagePart(frame_id=frame_id):
                return self._eyes.is_waiting(session_id, frame_id)
            case m.AudioPart(stream_id=stream_id):
                utterance = self._speech.get(session_id, stream_id)
                return utterance is not None and utterance.final and not utterance.ended
            case m.TextPart():
                return False

    # --- Work --------------------------------------------------------------------------------------------------------

    def _work(self) -> dict[Kind, bool]:
        return {
            "speech": len(self._speech) > 0,
            "decode": self._text.num_running > 0,
            "fusion": bool(self._fuses),
            "prefill": self._text.can_prefill,
            "vision": len(self._eyes) > 0,
        }

    def _do(self, kind: Kind) -> list[m.Result]:
        match kind:
            case "speech":
                with torch.inference_mode():
                    return self._speech.step()
            case "decode":
                return self._text.decode()
            case "fusion":
                return [self._fuse(self._fuses.popitem(last=False)[1])]
            case "prefill":
                return self._text.prefill()
            case "vision":
                return self._eyes.step()

    def _fuse(self, request: m.Fuse) -> m.Result:
        utterance = picture = None
        if request.stream_id is not None:
            utterance = self._speech.get(request.session_id, request.stream_id)
        if request.frame_id is not None:
            picture = self._pictures.get(request.session_id, request.frame_id)
        return self._fusion.weigh(request, utterance.ctc.text if utterance else "", utterance, picture)

    def _close(self, session_id: str) -> None:
        self._speech.close_session(session_id)
        self._eyes.close_session(session_id)
        self._text.close(session_id)
        self._fusion.forget(session_id)
        self._fuses.pop(session_id, None)
        self._out = [result for result in self._out if result.session_id != session_id]
