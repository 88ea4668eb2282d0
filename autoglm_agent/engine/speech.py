"""Speech of all sessions: utterances whose next chunk is complete are encoded together, chunk size by chunk size.

A step encodes one chunk of each such utterance, adapts finished groups of frames to speech tokens, and tells every
transcript. A stream that outruns the encoder is bounded in `push`.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING

import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.utterance import BYTES_PER_MS, FRAME_MS, Utterance
from autoglm_agent.model.speech import SpeechState

if TYPE_CHECKING:
    from collections.abc import Callable

    from autoglm_agent.engine.ctc import Recognition
    from autoglm_agent.engine.limits import EngineLimits
    from autoglm_agent.engine.utterance import Chunk
    from autoglm_agent.model.speech import SpeechEncoder

MAX_CHUNK_MS = 4000  # one forward pass over more is no streaming any more, and its scores alone are a megabyte a second
TOKEN_MS = 160


class SpeechStreams:
    """All utterances, by session and stream."""

    def __init__(
        self,
        encoder: SpeechEncoder | None,
        new_ctc: Callable[[], Recognition],
        limits: EngineLimits,
        clock: Callable[[], float],
        end_of_turn: Callable[[str], float | None] = lambda text: None,
    ) -> None:
        """`end_of_turn` tells how likely nothing follows a transcript, or None."""
        self._ears, self._new_ctc, self._limits, self._clock = encoder, new_ctc, limits, clock
        self._end_of_turn = end_of_turn
        self._streams: dict[str, OrderedDict[str, Utterance]] = {}
        self._ready: OrderedDict[tuple[str, str], Utterance] = OrderedDict()
        self._serials = itertools.count(1)
        self.last_batch = 0

    @property
    def _encoder(self) -> SpeechEncoder:
        assert self._ears is not None  # without ears `submit` lets no utterance in
        return self._ears

    def __len__(self) -> int:
        """Utterances with a chunk to encode."""
        return len(self._ready)

    def get(self, session_id: str, stream_id: str) -> Utterance | None:
        """The utterance, if it is known."""
        streams = self._streams.get(session_id)
        return streams.get(stream_id) if streams is not None else None

    def submit(self, request: m.OpenStream | m.PushAudio | m.ForkStream | m.CloseStream) -> m.Failed | None:
        """Take a request; nothing is encoded here."""
        if self._ears is None:
            reason = "this model has no ears; use one that has, such as nano."
            return _failed(request.session_id, request.stream_id, "bad_request", reason)
        match request:
            case m.OpenStream():
                return self.open(request)
            case m.PushAudio():
                return self.push(request)
            case m.ForkStream():
                return self.fork(request)
            case m.CloseStream():
                self.close(request.session_id, request.stream_id)
                return None

    def open(self, request: m.OpenStream) -> m.Failed | None:
        """Begin an utterance; one of the same id is begun anew."""
        if request.chunk_ms <= 0 or request.chunk_ms % FRAME_MS or request.chunk_ms > MAX_CHUNK_MS:
            reason = f"chunk_ms {request.chunk_ms} is not usable; take a multiple of {FRAME_MS} up to {MAX_CHUNK_MS}."
            return _failed(request.session_id, request.stream_id, "bad_request", reason)
        self.close(request.session_id, request.stream_id)
        utterance = Utterance(
            session_id=request.session_id,
            stream_id=request.stream_id,
            serial=next(self._serials),
            chunk_frames=request.chunk_ms // FRAME_MS,
            ctc=self._new_ctc(),
            max_tokens=self._limits.max_utterance_s * 1000 // TOKEN_MS,
            state=None,
        )
        return self._keep(utterance)

    def push(self, request: m.PushAudio) -> m.Failed | None:
        """Take audio."""
        utterance = self.get(request.session_id, request.stream_id)
        if utterance is None or utterance.let_go:
            reason = f"stream {request.stream_id} is not open; open it, then push its audio from the beginning."
            return _failed(request.session_id, request.stream_id, "feature_missing", reason)
        if utterance.final:
            reason = f"stream {request.stream_id} has ended; open another for more audio."
            return _failed(request.session_id, request.stream_id, "bad_audio", reason)
        failed = None
        if len(utterance.pcm) + len(request.pcm) > self._limits.max_pending_audio_s * 1000 * BYTES_PER_MS:
            reason = (
                f"stream {request.stream_id} has {len(utterance.pcm) // BYTES_PER_MS} ms of audio waiting and "
                f"{self._limits.max_pending_audio_s} s is the limit; push slower. This piece was not taken."
            )
            failed = _failed(request.session_id, request.stream_id, "overloaded", reason)
        else:
            utterance.pcm += request.pcm
            utterance.received_bytes += len(request.pcm)
        if request.final:
            utterance.end()
        self._queue(utterance)
        return failed

    def fork(self, request: m.ForkStream) -> m.Failed | None:
        """Copy an utterance with all that was pushed."""
        utterance = self.get(request.session_id, request.stream_id)
        if utterance is None or utterance.let_go:
            reason = f"stream {request.stream_id} is not open, so it cannot be forked; open it anew."
            return _failed(request.session_id, request.new_stream_id, "feature_missing", reason)
        self.close(request.session_id, request.new_stream_id)
        return self._keep(utterance.fork(request.new_stream_id, next(self._serials)))

    def close(self, session_id: str, stream_id: str) -> None:
        """Forget an utterance; unknown ids are ignored."""
        streams = self._streams.get(session_id, OrderedDict())
        streams.pop(stream_id, None)
        self._ready.pop((session_id, stream_id), None)
        if not streams:
            self._streams.pop(session_id, None)

    def close_session(self, session_id: str) -> None:
        """Forget all utterances of a session."""
        for stream_id in list(self._streams.get(session_id, ())):
            self.close(session_id, stream_id)

    def step(self) -> list[m.Result]:
        """Encode one chunk of the utterance that has waited longest, and of all others of its chunk size that fit."""
        start = self._clock()
        batch = self._batch()
        chunks = [utterance.take_chunk() for utterance in batch]
        filled = [i for i, chunk in enumerate(chunks) if chunk.frames]
        if filled:
            self._encode([batch[i] for i in filled], [chunks[i] for i in filled])
        for utterance in batch:
            if utterance.final and not utterance.pcm:
                self._end(utterance)
            self._queue(utterance)
        self.last_batch = len(batch)
        ends = [self._end_of_turn(utterance.ctc.text) for utterance in batch]
        compute_ms = (self._clock() - start) * 1000
        return [_transcript(u, compute_ms, end_of_turn) for u, end_of_turn in zip(batch, ends, strict=True)]

    def _keep(self, utterance: Utterance) -> m.Failed | None:
        """Hold a new utterance; beyond the bound the oldest that ended loses its features, or else it is refused."""
        streams = self._streams.setdefault(utterance.session_id, OrderedDict())
        held = [u for u in streams.values() if not u.let_go]
        if len(held) >= self._limits.max_streams:
            ended = next((u for u in held if u.ended), None)
            if ended is None:
                reason = f"{len(held)} streams are open in this session, which is the limit; close one first."
                return _failed(utterance.session_id, utterance.stream_id, "overloaded", reason)
            ended.release()
        if utterance.state is None and not utterance.ended:
            utterance.state = self._encoder.initial_state()
        streams[utterance.stream_id] = utterance
        self._queue(utterance)
        return None

    def _queue(self, utterance: Utterance) -> None:
        """Put an utterance behind the others if it has more to encode, and take it out if not."""
        key = utterance.session_id, utterance.stream_id
        if not utterance.is_ready:
            self._ready.pop(key, None)
        elif key not in self._ready:
            self._ready[key] = utterance

    def _batch(self) -> list[Utterance]:
        first = next(iter(self._ready.values()))
        most = max(1, self._limits.speech_rows // first.chunk_frames)
        alike = (u for u in self._ready.values() if u.chunk_frames == first.chunk_frames)
        batch = list(itertools.islice(alike, most))
        for utterance in batch:
            del self._ready[utterance.session_id, utterance.stream_id]
        return batch

    def _encode(self, batch: list[Utterance], chunks: list[Chunk]) -> None:
        where = self._encoder.embed.weight.device
        samples = torch.stack([chunk.samples for chunk in chunks]).to(where)
        frames = torch.tensor([chunk.frames for chunk in chunks], device=where)
        states = [utterance.state for utterance in batch]
        state = states[0] if len(states) == 1 else SpeechState.stack([s for s in states if s is not None])
        assert state is not None  # only `release` and the end take it away, and both end the encoding
        output, after = self._encoder.stream(samples, frames, state)
        parts = [after] if len(batch) == 1 else after.split()
        normaliser = output.tokens.float().logsumexp(-1, keepdim=True)
        likeliest = output.tokens.float().topk(max(utterance.ctc.num_candidates for utterance in batch))
        classes, scores = likeliest.indices.tolist(), (likeliest.values - normaliser).tolist()
        for i, (utterance, chunk) in enumerate(zip(batch, chunks, strict=True)):
            utterance.state = parts[i]
            utterance.ctc.push(classes[i][: chunk.frames], scores[i][: chunk.frames])
            said = output.hidden[i, : chunk.said_frames]
            waiting = utterance.waiting_frames
            utterance.waiting_frames = said if waiting is None else torch.cat((waiting, said))
        self._adapt(batch)

    def _adapt(self, batch: list[Utterance]) -> None:
        """Turn whole groups of frames into speech tokens, all utterances in one pass."""
        group = self._encoder.config.token_frames
        counts, grouped = [], []
        for utterance in batch:
            frames = utterance.waiting_frames
            assert frames is not None  # `_encode` has just set it
            whole = len(frames) // group * group
            counts.append(whole // group)
            grouped.append(frames[:whole])
            utterance.waiting_frames = frames[whole:].clone()
        if any(counts):
            tokens = self._encoder.adapt(torch.cat(grouped)[None])[0]
            for utterance, piece in zip(batch, tokens.split(counts), strict=True):
                utterance.add_tokens(piece.clone())

    def _end(self, utterance: Utterance) -> None:
        """The last group is padded with zeros; the encoder's state is no longer needed."""
        if utterance.waiting_frames is not None and len(utterance.waiting_frames):
            utterance.add_tokens(self._encoder.adapt(utterance.waiting_frames[None])[0])
        utterance.ctc.end()
        utterance.ended = True
        utterance.state = utterance.waiting_frames = None


def _transcript(utterance: Utterance, compute_ms: float, end_of_turn: float | None) -> m.Transcript:
    return m.Transcript(
        session_id=utterance.session_id,
        stream_id=utterance.stream_id,
        stable=utterance.ctc.text,
        unstable="",
        audio_ms=utterance.audio_ms,
        final=utterance.ended,
        compute_ms=compute_ms,
        end_of_turn=end_of_turn,
    )


def _failed(session_id: str, stream_id: str, code: m.FailureCode, message: str) -> m.Failed:
    return m.Failed(session_id=session_id, request_id=None, code=code, message=message, stream_id=stream_id)
