"""A tiny network with random weights and nano's tokenizer: every part present, milliseconds to run."""

import io
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from PIL import Image

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.model.bundle import ModelBundle
from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer


def make_bundle(tokenizer: AutoGLMTokenizer, seed: int = 0) -> ModelBundle:
    """Weights large enough that attention, gate and features all matter to the scores."""
    torch.manual_seed(seed)
    config = AutoGLMConfig.tiny(vocab_size=len(tokenizer))
    config.text.tie_word_embeddings = False  # a random tied head repeats its input for ever
    model = AutoGLMForConditionalGeneration(config).eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        if "norm" not in name and parameter.dim() > 1:
            parameter.normal_(std=0.15)
    model.gate.gain.normal_(std=0.5)
    model.gate.fused_proj.weight.normal_(std=0.5)
    model.gate.weigher.weight.normal_(std=0.1)
    model.speech.token_head.bias.normal_(std=0.5)
    model.vision.fold()
    return ModelBundle("tiny", NANO_DIR, config, model, tokenizer, ChatLayout(tokenizer, config))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny matrices gain nothing from a second thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer():
    return AutoGLMTokenizer.from_pretrained(NANO_DIR)


@pytest.fixture(scope="session")
def bundle(tokenizer):
    return make_bundle(tokenizer)


@pytest.fixture
def engine(bundle):
    return Engine(bundle, limits=EngineLimits(num_slots=4))


@dataclass
class Reply:
    """Everything one generation gave."""

    reasoning: str = ""
    text: str = ""
    calls: list[m.ToolCall] = field(default_factory=list)
    finished: m.Finished | None = None
    failed: m.Failed | None = None


def run(engine, *requests):
    """Submit and work until nothing is left; all results. A loop that does not end is cut short."""
    for request in requests:
        engine.submit(request)
    results = []
    for _ in range(20_000):
        if not engine.has_work:
            return results
        results += engine.step()
    raise AssertionError("the engine never came to rest")


def replies(results):
    """The results of generations, by request id."""
    found: dict[str, Reply] = {}
    for result in results:
        request_id = getattr(result, "request_id", None)
        if request_id is None:
            continue
        reply = found.setdefault(request_id, Reply())
        match result:
            case m.ReasoningDelta(text=text):
                reply.reasoning += text
            case m.TextDelta(text=text):
                reply.text += text
            case m.ToolCallDone(call=call):
                reply.calls.append(call)
            case m.Finished():
                reply.finished = result
            case m.Failed():
                reply.failed = result
    return found


def user(*parts):
    """A user turn; strings are text."""
    return m.Turn(role="user", content=tuple(m.TextPart(text=p) if isinstance(p, str) else p for p in parts))


def assistant(text, reasoning="", calls=()):
    return m.Turn(role="assistant", content=(m.TextPart(text=text),), reasoning=reasoning, tool_calls=calls)


def generate(*turns, session="s", request="r", tokens=12, **options):
    sampling = options.pop("sampling", m.Sampling(max_tokens=tokens))
    options.setdefault("enable_thinking", False)
    return m.Generate(session_id=session, request_id=request, turns=tuple(turns), sampling=sampling, **options)


def noise_pcm(seconds, seed=0):
    """Babble of no language, s16le at 16 kHz."""
    rng = np.random.default_rng(seed)
    samples = (
        rng.normal(size=int(seconds * 16000))
        * np.repeat(rng.uniform(0, 1, int(seconds * 50) + 1), 320)[: int(seconds * 16000)]
    )
    return (samples * 8000).clip(-32768, 32767).astype("<i2").tobytes()


def picture(seed=0, size=(640, 480)):
    """A PNG of coloured tiles."""
    tiles = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(tiles).resize(size, Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def open_stream(stream, session="s", chunk_ms=320):
    return m.OpenStream(session_id=session, stream_id=stream, chunk_ms=chunk_ms)


def push(stream, pcm, session="s", final=True):
    return m.PushAudio(session_id=session, stream_id=stream, pcm=pcm, final=final)


def frame(frame_id, image, session="s"):
    return m.EncodeFrame(session_id=session, frame_id=frame_id, image=image)
