"""`autoglm bench langchain`: what a token costs on its way through ChatAutoGLM, beside ChatOpenAI on the same server.

The engine is scripted, so that no computation hides the way. A cost is the slope between a short and a long answer,
for each chunk that arrives: an engine this fast has its tokens joined on the way when readers fall behind, a model's
come one by one. What a request costs by itself is told apart. Not here: how fast a model is (`engine`).
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.util import find_spec
from statistics import median
from typing import Any

import anyio
from rich.console import Console
from rich.progress import Progress

from autoglm_agent.bench.report import Figure, hardware, num_cores, show, versions
from autoglm_agent.bench.server_process import server_process
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedEngine, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import InputError
from autoglm_agent.runtime import ChatEngine
from autoglm_agent.settings import load_settings

LONG, SHORT = 1000, 1
ASK_LONG, ASK_SHORT = "long", "short"
SCRIPT = Script(
    replies=(ScriptedReply(text="字" * LONG, when=ASK_LONG), ScriptedReply(text="字" * SHORT, when=ASK_SHORT))
)
TARGET_MS = 0.3
CLIENT = "langchain_openai"

Read = Callable[[str], Awaitable[int]]
"""Asks a question and reads the whole answer; how many chunks it came in."""

FIGURES: tuple[tuple[str, str, float | None], ...] = (
    ("engine", "the engine alone, stepped in a loop", None),
    ("deltas", "in process, deltas without LangChain", None),
    ("invoke", "in process, ChatAutoGLM.invoke", TARGET_MS),
    ("stream", "in process, ChatAutoGLM.stream", TARGET_MS),
    ("astream", "in process, ChatAutoGLM.astream", TARGET_MS),
    ("remote_stream", "over HTTP, ChatAutoGLM.stream", TARGET_MS),
    ("remote_astream", "over HTTP, ChatAutoGLM.astream", TARGET_MS),
    ("openai_stream", "over HTTP, ChatOpenAI.stream", None),
    ("openai_astream", "over HTTP, ChatOpenAI.astream", None),
)
"""Key, label and the target of what a token costs."""


def run(*, rounds: int = 7, json: bool = False) -> dict[str, Any]:
    """Measure, print a table and with `json` one last JSON line; return what that line holds.

    Raises:
        InputError: LangChain is not installed.
    """
    if find_spec("langchain_core") is None or find_spec("httpx") is None:
        raise InputError("langchain-core is not installed; pip install 'autoglm-agent[langchain]'.")
    token_ms: dict[str, list[float]] = {}
    request_ms: dict[str, list[float]] = {}
    anyio.run(_measure, rounds, token_ms, request_ms)
    bare = median(token_ms["engine"])
    figures = [
        Figure(
            key=f"{key}_ms_per_token",
            label=label if key == "engine" else f"{label}, beyond the engine",
            unit="ms",
            values=tuple(value if key == "engine" else value - bare for value in token_ms[key]),
            target=target,
        )
        for key, label, target in FIGURES
        if key in token_ms
    ]
    facts = {
        "request_ms": {key: round(median(values), 2) for key, values in request_ms.items()},
        "rounds": rounds,
        "tokens": LONG,
        "beside": CLIENT if find_spec(CLIENT) else f"{CLIENT} is not installed",
        "hardware": hardware(),
        "cores": num_cores(),
        "versions": versions(),
    }
    return show("langchain: what a token costs on its way", figures, facts, as_json=json)


async def _measure(rounds: int, token_ms: dict[str, list[float]], request_ms: dict[str, list[float]]) -> None:
    spec = EngineSpec(script=SCRIPT)
    settings = load_settings(model="nano", port=0, api_keys=(), voice="none")
    async with server_process(settings, spec) as server:
        ways = _ways(spec, server.url)
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("answering", total=(rounds + 1) * len(ways))
            for number in range(rounds + 1):
                for key, read in ways.items():
                    cost, alone = await _cost(read)
                    if number:  # the first round imports, connects and allocates
                        token_ms.setdefault(key, []).append(cost)
                        request_ms.setdefault(key, []).append(alone)
                    progress.advance(task)
        ChatEngine.shared(spec).close()


async def _cost(read: Read) -> tuple[float, float]:
    """Milliseconds for each chunk beyond the first answer's, and for the short answer as a whole."""
    gc.collect()
    start_s = time.perf_counter()
    few = await read(ASK_SHORT)
    middle_s = time.perf_counter()
    many = await read(ASK_LONG)
    end_s = time.perf_counter()
    alone_s = middle_s - start_s
    return (end_s - middle_s - alone_s) * 1000 / (many - few), alone_s * 1000


def _ways(spec: EngineSpec, url: str) -> dict[str, Read]:
    """Every way to read an answer, ours and the other client's."""
    chat = importlib.import_module("langchain_autoglm").ChatAutoGLM
    local, remote = chat(engine=spec, device=spec.device), chat(base_url=url)
    engine = local.local_engine()
    ways: dict[str, Read] = {
        "engine": _blocking(_step),
        "deltas": _blocking(lambda text: _counted(engine.stream(_request(text)))),
        "invoke": _blocking(lambda text: len(local.invoke(text).text)),
        "stream": _blocking(lambda text: _counted(local.stream(text))),
        "astream": lambda text: _acounted(local.astream(text)),
        "remote_stream": _blocking(lambda text: _counted(remote.stream(text))),
        "remote_astream": lambda text: _acounted(remote.astream(text)),
    }
    if find_spec(CLIENT):
        openai = importlib.import_module(CLIENT).ChatOpenAI(model="nano", base_url=f"{url}/v1", api_key="none")
        ways["openai_stream"] = _blocking(lambda text: _counted(openai.stream(text)))
        ways["openai_astream"] = lambda text: _acounted(openai.astream(text))
    return ways


def _blocking(read: Callable[[str], int]) -> Read:
    """Blocking code runs where it would: there is no other work on the loop meanwhile."""

    async def now(text: str) -> int:
        return read(text)

    return now


def _counted(chunks: Iterator[Any]) -> int:
    return sum(1 for _ in chunks)


async def _acounted(chunks: AsyncIterator[Any]) -> int:
    return sum([1 async for _ in chunks])


def _request(text: str) -> dict[str, Any]:
    return {"model": "nano", "messages": [{"role": "user", "content": text}]}


def _step(text: str) -> int:
    """The engine alone: a request, and steps until it is answered."""
    engine = ScriptedEngine(SCRIPT)
    turn = m.Turn(role="user", content=(m.TextPart(text=text),))
    sampling = m.Sampling(max_tokens=2 * LONG)
    engine.submit(m.Generate(session_id="s", request_id="r", turns=(turn,), sampling=sampling))
    results = 0
    while engine.has_work:
        results += len(engine.step())
    return results
