"""How much the engine holds. Every buffer is bounded; what happens at its bound is written beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """The bounds of one engine."""

    num_slots: int = 16
    """Conversations with cached keys. More evict the least recently used idle one, which is then prefilled anew."""

    capacity: int | None = None
    """Tokens of one conversation; None takes the model's. A longer prompt fails with `context_overflow`."""

    max_waiting: int = 256
    """Generations waiting for a slot. One more fails with `overloaded`."""

    max_batch: int = 32
    """Conversations decoded in one step; others wait their turn in order."""

    max_streams: int = 32
    """Utterances held per session. A new one lets go of the oldest one's features (`feature_missing` if asked for)."""

    max_pending_audio_s: int = 120
    """Audio of one stream not yet encoded (3.8 MB). A push beyond it fails with `overloaded` and is not taken."""

    max_utterance_s: int = 30
    """Speech features of one utterance: what the network was trained on. Of a longer one the newest are kept for the
    prompt; its transcript goes on."""

    max_frames: int = 16
    """Encoded pictures per session. A new one lets go of the least recently used."""

    max_all_frames: int = 512
    """Encoded pictures of all sessions (63 MB at nano size), likewise."""

    max_waiting_frames: int = 8
    """Pictures of one session waiting to be encoded. One more fails with `overloaded`: the runtime sends the newest."""

    speech_rows: int = 32
    """Encoder frames in one forward pass over speech: four streams of 320 ms. More are hardly cheaper each, and longer
    than a unit of work should be."""

    prefill_tokens: int = 256
    """Tokens in one span of a prefill. A bidirectional block is never cut, however long."""

    unit_ms: float = 25.0
    """What a unit of work aims at: a prefill or a picture pauses between layers when it is reached."""
