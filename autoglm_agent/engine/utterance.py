"""One utterance being heard: its samples not yet encoded, the encoder's state, the transcript, the speech tokens.

Any cutting of the PCM gives the same chunks, so the same result. Nothing here computes: `speech` batches utterances.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from autoglm_agent.engine.ctc import Recognition
    from autoglm_agent.model.speech import SpeechState

SAMPLE_BYTES = 2
FRAME_SAMPLES = 640
FRAME_BYTES = FRAME_SAMPLES * SAMPLE_BYTES
FRAME_MS = 40
BYTES_PER_MS = 32
TAIL_MS = 320
"""Silence heard behind the end of an utterance: a causal encoder tells the last word some 200 ms after it."""


class Chunk(NamedTuple):
    """Samples float [640·C], how many frames are valid (0: nothing is left), and how many of these were said."""

    samples: Tensor
    frames: int
    said_frames: int


@dataclass(slots=True)
class Utterance:
    """`first` and `count` are those of the speech tokens held (160 ms each); see `features.Feature`."""

    session_id: str
    stream_id: str
    serial: int
    chunk_frames: int
    ctc: Recognition
    max_tokens: int
    state: SpeechState | None
    pcm: bytearray = field(default_factory=bytearray)
    received_bytes: int = 0
    final: bool = False
    """Its end was pushed."""
    tail_bytes: int = 0
    """How much of the end of `pcm` is silence of our own."""
    ended: bool = False
    """Its end was encoded; the last transcript is out."""
    let_go: bool = False
    """Its features had to make room."""
    waiting_frames: Tensor | None = None
    """Encoder frames [fewer than 4, D] that do not make a speech token yet."""
    first: int = 0
    pieces: deque[Tensor] = field(default_factory=deque)
    """Speech tokens, [n, hidden] each."""
    count: int = 0

    @property
    def tokens(self) -> Tensor | None:
        """Speech tokens [count, hidden]; None when they had to go."""
        if self.let_go:
            return None
        if len(self.pieces) > 1:
            self.pieces = deque([torch.cat(tuple(self.pieces))])
        return self.pieces[0] if self.pieces else torch.zeros(0, 0)

    @property
    def audio_ms(self) -> int:
        """Audio encoded so far; all of it once it has ended."""
        left = 0 if self.ended else len(self.pcm) - self.tail_bytes
        return (self.received_bytes - left) // BYTES_PER_MS

    @property
    def is_ready(self) -> bool:
        """Whether a chunk, or the end, can be encoded."""
        return not self.ended and (self.final or len(self.pcm) >= self.chunk_frames * FRAME_BYTES)

    def end(self) -> None:
        """Its end was pushed: let it ring out."""
        self.final = True
        if self.received_bytes:
            self.tail_bytes = TAIL_MS * BYTES_PER_MS
            self.pcm += bytes(-len(self.pcm) % SAMPLE_BYTES + self.tail_bytes)

    def take_chunk(self) -> Chunk:
        """The next chunk, padded with zeros."""
        size = self.chunk_frames * FRAME_BYTES
        real = max(0, min(size, len(self.pcm) - self.tail_bytes))
        taken = bytes(self.pcm[:size])
        del self.pcm[:size]
        self.tail_bytes = min(self.tail_bytes, len(self.pcm))
        taken = taken[: len(taken) // SAMPLE_BYTES * SAMPLE_BYTES]
        samples = torch.zeros(self.chunk_frames * FRAME_SAMPLES)
        if taken:
            heard = np.frombuffer(taken, dtype="<i2").astype(np.float32)
            samples[: len(heard)] = torch.from_numpy(heard / 32768.0)
        return Chunk(samples, -(-len(taken) // FRAME_BYTES), -(-real // FRAME_BYTES))

    def add_tokens(self, tokens: Tensor) -> None:
        """Append speech tokens; beyond the bound the oldest go."""
        self.pieces.append(tokens)
        self.count += len(tokens)
        if self.count > self.max_tokens:
            held = torch.cat(tuple(self.pieces))
            surplus = self.count - self.max_tokens
            self.pieces = deque([held[surplus:].clone()])
            self.first, self.count = self.first + surplus, self.max_tokens

    def release(self) -> None:
        """Let the features go; name and size stay."""
        self.let_go = True
        self.pieces.clear()
        self.waiting_frames = self.state = None

    def fork(self, stream_id: str, serial: int) -> Utterance:
        """A copy that goes its own way. Tensors are shared: none is ever written in place."""
        other = copy(self)
        other.stream_id, other.serial = stream_id, serial
        other.pcm, other.pieces, other.ctc = bytearray(self.pcm), deque(self.pieces), self.ctc.fork()
        return other
