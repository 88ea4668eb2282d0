"""How a request reaches a model: one interface, `local` and `remote` behind it, and what both share.

Work runs on the side loop of `autoglm_agent.runtime`, so blocking and asynchronous callers, and any number of event
loops, share engines and connections; leaving an iterator early cancels the work.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Protocol

import anyio

from autoglm_agent.protocol.chat_deltas import ChatDelta
from autoglm_agent.runtime.side_loop import shared_side_loop
from langchain_autoglm.errors import AutoGLMTimeoutError, translated
from langchain_autoglm.fetching import with_media

FIRST_RETRY_S = 0.5
"""Doubled with every further try, unless the other side says how long."""
LONGEST_RETRY_S = 8.0

Request = dict[str, Any]
Put = Callable[[ChatDelta], None]


class Transport(Protocol):
    """A way to a model. Both methods run on the side loop."""

    async def ready(self) -> None:
        """Wait for what takes its time once, and not with every request: a model that loads."""
        ...

    async def answer(self, request: Request, put: Put) -> None:
        """Answer a body of `/v1/chat/completions`, handing each delta to `put`; the last is `AnswerEnded`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for the next delta (seconds; None: for ever), and how often to try again before the first."""

    timeout_s: float | None = None
    max_retries: int = 2


def stream(
    transport: Transport, request: Request, patience: Patience, *, fetch_urls: bool
) -> Generator[ChatDelta, None, None]:
    """The deltas of an answer, blocking. Raises the errors of `errors`."""
    work = partial(_answer, transport, request, patience, fetch_urls)
    with closing(shared_side_loop().iterate(work)) as deltas:
        yield from deltas


async def astream(
    transport: Transport, request: Request, patience: Patience, *, fetch_urls: bool
) -> AsyncGenerator[ChatDelta, None]:
    """The deltas of an answer, in the caller's event loop. Raises the errors of `errors`."""
    work = partial(_answer, transport, request, patience, fetch_urls)
    async with aclosing(shared_side_loop().aiterate(work)) as deltas:
        async for delta in deltas:
            yield delta


async def _answer(transport: Transport, request: Request, patience: Patience, fetch_urls: bool, put: Put) -> None:
    """Fetch what must be fetched, then try until an answer begins: what has begun is never tried again."""
    has_begun = False

    def put_first(delta: ChatDelta) -> None:
        nonlocal has_begun
        has_begun = True
        put(delta)

    try:
        sent = await with_media(request, fetch_urls=fetch_urls)
    except Exception as error:
        _raise(translated(error), error)
    for number in range(patience.max_retries + 1):
        try:
            await transport.ready()
            await _in_time(transport, sent, patience.timeout_s, put_first)
        except Exception as error:
            failure = translated(error)
            if has_begun or number == patience.max_retries or not getattr(failure, "is_retryable", False):
                _raise(failure, error)
            wait_s = getattr(failure, "retry_after_s", FIRST_RETRY_S * 2**number)
            await anyio.sleep(min(wait_s, LONGEST_RETRY_S))
        else:
            return


def _raise(failure: Exception, error: Exception) -> NoReturn:
    """Raise what `error` means to a caller; never with itself as its cause: who walks along causes would not end."""
    raise failure from (error if failure is not error else error.__cause__)


async def _in_time(transport: Transport, request: Request, timeout_s: float | None, put: Put) -> None:
    """Answer, with never more than `timeout_s` between two deltas."""
    if timeout_s is None:
        await transport.answer(request, put)
        return
    with anyio.move_on_after(timeout_s) as scope:

        def put_and_wait_anew(delta: ChatDelta) -> None:
            scope.deadline = anyio.current_time() + timeout_s
            put(delta)

        await transport.answer(request, put_and_wait_anew)
    if scope.cancelled_caught:
        raise AutoGLMTimeoutError(f"nothing came for {timeout_s:g} s; raise timeout, or ask for less.")
