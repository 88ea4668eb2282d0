"""Pictures of all sessions, one after another, each in stages so that speech and decoding need not wait for a whole.

The stages are those of `model.vision.VisionEncoder.forward`; tests compare the two. Not here: which picture is worth
encoding (the runtime's), how long its features are kept (`features`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from autoglm_agent.engine import messages as m
from autoglm_agent.errors import InputError
from autoglm_agent.images import load_picture
from autoglm_agent.model.vision import VisionEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from autoglm_agent.engine.features import PictureStore
    from autoglm_agent.engine.limits import EngineLimits


@dataclass(slots=True)
class _Job:
    """A picture being encoded: `stages` yields None after each stage and at last the features."""

    request: m.EncodeFrame
    submitted_s: float
    stages: Iterator[Tensor | None] | None = None


class Eyes:
    """The queue of pictures to encode."""

    def __init__(
        self, encoder: nn.Module | None, store: PictureStore, limits: EngineLimits, clock: Callable[[], float]
    ) -> None:
        self._encoder, self._store, self._limits, self._clock = encoder, store, limits, clock
        self._device = next(encoder.parameters()).device if encoder is not None else None
        self._queue: OrderedDict[tuple[str, str], _Job] = OrderedDict()

    def __len__(self) -> int:
        """Pictures waiting or under way."""
        return len(self._queue)

    def submit(self, request: m.EncodeFrame) -> m.Failed | None:
        """Queue a picture. One of the same id that still waits is replaced in its place."""
        if self._encoder is None:
            return _failed(request, "bad_request", "this model has no eyes; use one that has, such as nano.")
        key = request.session_id, request.frame_id
        mine = sum(session_id == request.session_id for session_id, _ in self._queue)
        if key not in self._queue and mine >= self._limits.max_waiting_frames:
            reason = f"{mine} pictures of this session wait already, which is the limit; send fewer."
            return _failed(request, "overloaded", reason)
        self._queue[key] = _Job(request, self._clock())
        return None

    def is_waiting(self, session_id: str, frame_id: str) -> bool:
        """Whether the picture is in the queue."""
        return (session_id, frame_id) in self._queue

    def drop(self, session_id: str, frame_id: str) -> None:
        """Forget a picture, encoded or not."""
        self._queue.pop((session_id, frame_id), None)
        self._store.drop(session_id, frame_id)

    def close_session(self, session_id: str) -> None:
        """Forget all pictures of a session."""
        for key in [key for key in self._queue if key[0] == session_id]:
            del self._queue[key]
        self._store.close(session_id)

    def step(self) -> list[m.Result]:
        """Work on the oldest picture for one unit."""
        key, job = next(iter(self._queue.items()))
        start = self._clock()
        if job.stages is None:
            job.stages = self._stages(job.request.image)
        try:
            while (tokens := next(job.stages)) is None:
                if (self._clock() - start) * 1000 >= self._limits.unit_ms:
                    return []
        except InputError as error:
            del self._queue[key]
            return [_failed(job.request, "bad_image", str(error))]
        del self._queue[key]
        self._store.put(*key, tokens)
        latency_ms = (self._clock() - job.submitted_s) * 1000
        return [m.FrameEncoded(session_id=key[0], frame_id=key[1], latency_ms=latency_ms)]

    def _stages(self, image: bytes) -> Iterator[Tensor | None]:
        """Decode, stem, layers, merge: a pause after each, the features [tokens, hidden] at the end."""
        pixels = torch.from_numpy(load_picture(image)).permute(2, 0, 1)[None]
        yield None
        encoder = self._encoder
        assert encoder is not None  # without eyes `submit` lets no picture in
        if not isinstance(encoder, VisionEncoder):  # a published tower: one stage
            with torch.inference_mode():
                tokens: Tensor = encoder(pixels.to(self._device))[0]
            yield tokens
            return
        with torch.inference_mode():
            pixels = pixels.to(self._device)
            x = (pixels.to(encoder.position.dtype) / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        for part in encoder.stem:
            with torch.inference_mode():
                x = part(x)
            yield None
        with torch.inference_mode():
            x = encoder.embed(x.flatten(2).transpose(1, 2)) + encoder.position
        for layer in encoder.layers:
            with torch.inference_mode():
                x = layer(x)
            yield None
        with torch.inference_mode():
            merged = encoder._merge(encoder.merge_norm(x))
            tokens = encoder.merge_out(functional.gelu(encoder.merge_in(merged)))[0]
        yield tokens


def _failed(request: m.EncodeFrame, code: m.FailureCode, message: str) -> m.Failed:
    return m.Failed(
        session_id=request.session_id, request_id=None, code=code, message=message, frame_id=request.frame_id
    )
