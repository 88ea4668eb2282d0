"""What `bench engine` measures inside a fresh process: importing, loading, hearing, seeing, reading and writing.

Everything goes through the engine's messages, so a step costs what it costs in service. Torch is imported by the
functions only: the import is one of the figures.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.bench import voice
from autoglm_agent.bench.report import peak_rss_mb, rss_mb
from autoglm_agent.engine import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable

    from autoglm_agent.engine.core import Engine
    from autoglm_agent.engine.spec import EngineSpec

CHUNK_MS = 320
SPEECH_S = 4.8  # of each recording: 15 chunks
REPEATS = 3
BATCHES = (1, 4, 8)
STREAMS = 8
DECODE_STEPS = 96  # of each batch: long enough for the processor's clock to settle
DECODE_LIMIT_S = 4.0  # a model that stops at once gives few steps of a full batch; then those must do
DECODE_TOKENS = 480  # prompts are read between decoding steps: the first reply must last until the eighth has begun
RAMBLING = 4.0  # the temperature at which no reply ends by itself, so that batches stay whole
PROMPT_TOKENS = (512, 256, 64)  # the longest that the context holds
EXCHANGES = 4
QUESTION = "请问你叫什么名字，今天可以帮我做些什么？"
TEXT = "窗外的雨已经下了一整天，街上的行人都打着伞，小店里的灯光照着湿漉漉的石板路，老板正在给客人倒一杯热茶。"


@dataclass(slots=True)
class Measured:
    """Values by figure, and what is true of the whole run."""

    values: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, str | int | float] = field(default_factory=dict)

    def add(self, key: str, value: float) -> None:
        """One more measurement."""
        self.values.setdefault(key, []).append(value)


def load(spec: EngineSpec) -> Measured:
    """Import and load, nothing else. For a process that has done neither."""
    measured = Measured()
    _load(spec, measured)
    return measured


def measure(spec: EngineSpec) -> Measured:
    """Import, load and measure all that needs no session. For a process that has done none of it."""
    measured = Measured()
    engine = _load(spec, measured)
    measured.facts["memory_loaded_mb"] = round(rss_mb())
    bench = _Bench(engine, measured, spec)
    bench.hear()
    bench.see()
    bench.read()
    bench.remember()
    bench.write()
    measured.facts["memory_peak_mb"] = round(peak_rss_mb())
    return measured


def _load(spec: EngineSpec, measured: Measured) -> Engine:
    start = time.perf_counter()
    import torch

    from autoglm_agent.engine import load as loading

    imported = time.perf_counter()
    engine = loading.load(spec)
    measured.add("import_s", imported - start)
    measured.add("load_s", time.perf_counter() - imported)
    device = loading.resolve_device(spec.device)
    on_gpu = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    measured.facts |= {
        "device": f"{device}{on_gpu}",
        "dtype": loading.resolve_precision(spec.dtype, device),
        "threads": torch.get_num_threads(),
    }
    return engine


class _Bench:
    """One engine under measurement; every number is of work that was asked for by messages."""

    def __init__(self, engine: Engine, measured: Measured, spec: EngineSpec) -> None:
        import torch

        self._engine, self._measured = engine, measured
        self._settle: Callable[[], object] = lambda: None
        if spec.device != "cpu" and torch.cuda.is_available():
            self._settle = torch.cuda.synchronize  # a GPU works on after the call has returned
        self._ids = 0

    def hear(self) -> None:
        """One stream and eight, on one thread, in chunks as they come from a microphone."""
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            self._listen(1, SPEECH_S / 4)  # the first chunks of a process choose their kernels
            for _ in range(REPEATS):
                chunks_ms = self._listen(1, SPEECH_S)
                self._measured.add("speech_rtf", sum(chunks_ms) / 1000 / SPEECH_S)
                self._measured.add("speech_chunk_ms", sorted(chunks_ms)[len(chunks_ms) // 2])
                spent_ms = sum(self._listen(STREAMS, SPEECH_S))
                self._measured.add("speech_rtf_8_streams", spent_ms / 1000 / SPEECH_S / STREAMS)
        finally:
            torch.set_num_threads(before)

    def _listen(self, streams: int, seconds: float) -> list[float]:
        """The time of each chunk of all streams together, in milliseconds."""
        sound = pcm.encode(voice.lasting(voice.voiced(min(seconds, 2.0)), seconds))
        sessions = [self._new_id() for _ in range(streams)]
        for session in sessions:
            self._engine.submit(m.OpenStream(session_id=session, stream_id="u", chunk_ms=CHUNK_MS))
        step = CHUNK_MS * voice.SAMPLE_RATE_HZ * 2 // 1000
        spent_ms = []
        for start in range(0, len(sound), step):
            final = start + step >= len(sound)
            for session in sessions:
                piece = sound[start : start + step]
                self._engine.submit(m.PushAudio(session_id=session, stream_id="u", pcm=piece, final=final))
            spent_ms.append(self._timed())
        for session in sessions:
            self._engine.submit(m.CloseSession(session_id=session))
        return spent_ms

    def see(self) -> None:
        """A picture, from the bytes of its file to features."""
        image = _photograph()
        for number in range(2 * REPEATS + 1):
            session = self._new_id()
            self._engine.submit(m.EncodeFrame(session_id=session, frame_id="f", image=image))
            spent_ms = self._timed()
            self._engine.submit(m.CloseSession(session_id=session))
            if number:
                self._measured.add("frame_ms", spent_ms)

    def read(self) -> None:
        """A long prompt, and the first token of a short one; nothing of either is in the cache."""
        for number in range(REPEATS + 1):
            tokens, spent_ms = self._prefill(number)
            if number:
                self._measured.add("prefill_tokens_per_s", tokens / spent_ms * 1000)
                self._measured.facts["prefill_tokens"] = tokens
        for number in range(2 * REPEATS):
            request = self._request(f"{number}。{QUESTION}", tokens=1)
            self._engine.submit(request)
            self._measured.add("first_token_ms", self._timed())
            self._engine.submit(m.CloseSession(session_id=request.session_id))

    def remember(self) -> None:
        """The first token of a dialogue's last turn: all new, the history cached, the turn read on trial as well."""
        for number in range(2 * REPEATS):
            turns = _dialogue(number)
            for key, before in (
                ("first_token_cold_ms", None),
                ("first_token_reused_ms", turns[:-1]),
                ("first_token_prefilled_ms", turns),
            ):
                session = self._new_id()
                if before is not None:
                    self._ask(session, before, prefill_only=True)
                self._measured.add(key, self._ask(session, turns))
                self._engine.submit(m.CloseSession(session_id=session))
        self._measured.facts["dialogue_turns"] = len(turns)

    def _ask(self, session: str, turns: tuple[m.Turn, ...], *, prefill_only: bool = False) -> float:
        """Milliseconds until the first token of an answer, or until the prompt is read."""
        sampling = m.Sampling(max_tokens=1)
        request = m.Generate(
            session_id=session,
            request_id=self._new_id(),
            turns=turns,
            enable_thinking=False,
            sampling=sampling,
            prefill_only=prefill_only,
        )
        self._engine.submit(request)
        return self._timed()

    def _prefill(self, number: int) -> tuple[int, float]:
        """Tokens computed, and the milliseconds it took, of the longest prompt that fits."""
        for length in PROMPT_TOKENS:
            request = self._request(_text(number, length), tokens=1)
            self._engine.submit(request)
            results: list[m.Result] = []
            spent_ms = self._timed(results)
            self._engine.submit(m.CloseSession(session_id=request.session_id))
            for result in results:
                if isinstance(result, m.Finished):
                    return result.usage.input_tokens - result.usage.cached_tokens, spent_ms
        raise RuntimeError(f"the model reads no prompt of {PROMPT_TOKENS[-1]} tokens")

    def write(self) -> None:
        """Tokens a second of several replies at once: steps with the whole batch in them count, and no others."""
        for batch in BATCHES:
            key = "decode_tokens_per_s" if batch == 1 else f"decode_tokens_per_s_batch_{batch}"
            self._decode(batch, steps=8)
            steps_s = self._decode(batch, steps=DECODE_STEPS)
            third = max(1, len(steps_s) // REPEATS)
            for start in range(0, third * (len(steps_s) // third) if steps_s else 0, third):
                part = steps_s[start : start + third]
                self._measured.add(key, batch * len(part) / sum(part))

    def _decode(self, batch: int, *, steps: int) -> list[float]:
        engine, wanted = self._engine, {self._submit_reply() for _ in range(batch)}
        spent_s: list[float] = []
        end = time.perf_counter() + DECODE_LIMIT_S
        while len(spent_s) < steps and time.perf_counter() < end:
            before = engine.metrics.steps.get("decode", 0)
            start = time.perf_counter()
            results = engine.step()
            self._settle()
            taken = time.perf_counter() - start
            now = engine.metrics
            if now.steps.get("decode", 0) > before and now.decode_batch == batch:
                spent_s.append(taken)
            for session in {r.session_id for r in results if isinstance(r, m.Finished)} & wanted:
                engine.submit(m.CloseSession(session_id=session))
                wanted = wanted - {session} | {self._submit_reply()}
        for session in wanted:
            engine.submit(m.CloseSession(session_id=session))
        return spent_s

    def _submit_reply(self) -> str:
        request = self._request(QUESTION, tokens=DECODE_TOKENS, thinking=True, temperature=RAMBLING)
        self._engine.submit(request)
        return request.session_id

    def _request(self, text: str, *, tokens: int, thinking: bool = False, temperature: float = 0.0) -> m.Generate:
        return m.Generate(
            session_id=self._new_id(),
            request_id="r",
            turns=(m.Turn(role="user", content=(m.TextPart(text=text),)),),
            enable_thinking=thinking,
            sampling=m.Sampling(max_tokens=tokens, temperature=temperature, seed=self._ids),
        )

    def _timed(self, results: list[m.Result] | None = None) -> float:
        """Work until nothing is left: milliseconds."""
        start = time.perf_counter()
        while self._engine.has_work:
            out = self._engine.step()
            if results is not None:
                results += out
        self._settle()
        return (time.perf_counter() - start) * 1000

    def _new_id(self) -> str:
        self._ids += 1
        return f"bench-{self._ids}"


def _dialogue(number: int) -> tuple[m.Turn, ...]:
    """Some exchanges and a last question, about 300 tokens of nano's; different for every number."""
    texts = [f"第{number}次。{QUESTION}", *([TEXT, QUESTION] * EXCHANGES)]
    roles: tuple[Literal["user", "assistant"], ...] = ("user", "assistant")
    return tuple(m.Turn(role=roles[i % 2], content=(m.TextPart(text=text),)) for i, text in enumerate(texts))


def _text(number: int, length: int) -> str:
    """Different from its first character on for every number, so that no cache has it; a character is a token."""
    start = number * 7 % len(TEXT)
    return ((TEXT[start:] + TEXT[:start]) * (length // len(TEXT) + 1))[:length]


def _photograph() -> bytes:
    """A JPEG of 640×480 with as much detail as a photograph has."""
    from PIL import Image

    coarse = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()
