"""Rows of size and speed, measured on the engine that answers the other rows. `autoglm bench` goes deeper."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.local import run_to_completion
from autoglm_agent.training.evaluate.eval_cases import Ask, Case
from autoglm_agent.training.evaluate.eval_engine import EngineSubject
from autoglm_agent.training.evaluate.eval_recordings import as_png
from autoglm_agent.training.evaluate.eval_replies import made
from autoglm_agent.training.evaluate.eval_rows import Context, EngineFacts, Group, Measured, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

AUDIO_S = 8
STREAMS = 8
CHUNK_MS = 320
FRAMES = 5
REPLIES = 6


def speed(context: Context) -> Mapping[str, Measured]:
    """What a user waits for, one thing at a time. What is heard and seen does not change how long it takes."""
    facts = context.engine
    assert facts is not None  # the group needs it
    noise = (np.random.default_rng(context.material.seed).normal(0, 1500, AUDIO_S * 16_000)).astype(np.int16)
    found = {
        "size": Measured(facts.size_mb, 1, f"{facts.num_parameters / 1e6:.1f} M parameters"),
        "load": Measured(facts.load_s, 1, "imports aside"),
        "rtf": Measured(_real_time_factor(facts.engine, noise, 1), 1),
        "rtf_streams": Measured(_real_time_factor(facts.engine, noise, STREAMS), STREAMS),
    }
    pixels = np.random.default_rng(context.material.seed).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    times = [_frame_ms(facts.engine, as_png(pixels), i) for i in range(FRAMES)]
    found["frame"] = Measured(float(np.median(times)), FRAMES)
    tokens, spent_ms = _decode(context, facts)
    if tokens:
        found["tokens_per_s"] = Measured(1000.0 * tokens / spent_ms, tokens)
    return found


def _real_time_factor(engine: Any, wave: NDArray[Any], streams: int) -> float:
    """Seconds of computing per second of audio and stream."""
    names = [f"speed-{streams}-{i}" for i in range(streams)]
    requests: list[m.Request] = [m.OpenStream(session_id=name, stream_id="s", chunk_ms=CHUNK_MS) for name in names]
    step = CHUNK_MS * 16
    for at in range(0, len(wave), step):
        pcm, last = wave[at : at + step].tobytes(), at + step >= len(wave)
        requests += [m.PushAudio(session_id=name, stream_id="s", pcm=pcm, final=last) for name in names]
    started = time.perf_counter()
    for _ in run_to_completion(engine, requests):
        pass
    spent_s = time.perf_counter() - started
    for _ in run_to_completion(engine, [m.CloseSession(session_id=name) for name in names]):
        pass
    return spent_s / (streams * len(wave) / 16_000)


def _frame_ms(engine: Any, image: bytes, number: int) -> float:
    started = time.perf_counter()
    requests: list[m.Request] = [m.EncodeFrame(session_id="speed-frame", frame_id=str(number), image=image)]
    for _ in run_to_completion(engine, requests):
        pass
    return 1000.0 * (time.perf_counter() - started)


def _decode(context: Context, facts: EngineFacts) -> tuple[int, float]:
    """Tokens and milliseconds of decoding, one conversation at a time."""
    alone = EngineSubject(facts.engine, sessions=1)
    cases = [Case(sample=sample, asks=(Ask(),)) for sample in made(context, "zoo", REPLIES)]
    replies = [each[0] for each in alone.answer(cases)]
    return sum(reply.output_tokens for reply in replies), sum(reply.decode_ms for reply in replies)


GROUPS: Final[tuple[Group, ...]] = (
    Group(
        name="speed", title="size and speed", measure=speed, needs=("engine",), timing=True,
        specs=(
            Spec(key="size", title="checkpoint on disk", unit="MB", at_most=40.0),
            Spec(key="load", title="load time", unit="s", at_most=2.0),
            Spec(key="rtf", title="hearing, one stream", unit="× real time", at_most=0.15),
            Spec(key="rtf_streams", title="hearing, per stream at eight", unit="× real time", at_most=0.06),
            Spec(key="frame", title="a frame", unit="ms", at_most=150.0),
            Spec(key="tokens_per_s", title="decoding", unit="tokens/s", at_least=100.0),
        ),
    ),
)
