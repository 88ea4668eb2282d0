"""One answer from the engine, whoever asks: a realtime response or a chat completion.

It knows how to ask again for what the engine had forgotten. Events, turn taking and the wire are not its business.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol.config import ToolSpec
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.features import Features

THINKING_TOKENS = {"low": 64, "medium": 256, "high": 512}
"""Budget of the trace by `reasoning.effort`; nano's true traces are below 64, a 9B's mostly below 512."""
NO_THINKING = ("none", "minimal")
MAX_OUTPUT_TOKENS = 4096
"""The Realtime API's own limit for one response."""


def engine_tools(tools: Iterable[ToolSpec]) -> tuple[m.Tool, ...]:
    """The client's functions as the engine takes them."""
    return tuple(m.Tool(name=tool.name, description=tool.description, parameters=tool.parameters) for tool in tools)


def thinking(enabled: bool, effort: str | None) -> tuple[bool, int]:
    """Whether to think, and for at most how many tokens."""
    return enabled and effort not in NO_THINKING, THINKING_TOKENS.get(effort or "medium", THINKING_TOKENS["medium"])


async def answer(
    engine: EngineSession,
    features: Features,
    ask: Callable[[], m.Generate],
    *,
    shrink: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[m.Result, None]:
    """The results of the generation that `ask` describes; the last is `Finished` or `Failed`.

    When the engine lacks a picture or an utterance it is sent again, once each, and `ask` is called anew: a request id
    is never used twice. When the context overflows, `shrink` may leave out more of the history and say that it is worth
    another try. Close the iterator (`aclosing`) to cancel the generation.
    """
    sent_again: set[str | None] = set()
    while True:
        failed: m.Failed | None = None
        with engine.generation(ask()) as results:
            async for result in results:
                if isinstance(result, m.Failed) and result.code in ("feature_missing", "context_overflow"):
                    failed = result
                else:
                    yield result
        if failed is None:
            return
        if failed.code == "context_overflow" and shrink():
            continue
        name = failed.frame_id or failed.stream_id
        if name is None or name in sent_again or not await features.send_again(failed):
            yield failed
            return
        sent_again.add(name)
