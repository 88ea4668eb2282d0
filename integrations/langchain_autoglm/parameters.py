"""The names of parameters: which a model and a call know, and what is said of one that they do not."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from autoglm_agent.protocol.wire.chat import ChatRequest

ALIASES = {"model_name": "model", "stop_sequences": "stop"}
"""Other names of a call's parameters, as the constructor takes them too."""
NOT_SENT = frozenset({"strict", "structured_output_format", "run_manager", "stream", "output_version"})
"""Bound by LangChain for its own ends, as all that begins with `ls_`; or of no meaning here: a grammar is strict."""
OURS = frozenset({"reasoning", "timeout", "max_retries"})
"""A call's, and not a request's under these names."""
KNOWN = (frozenset(ChatRequest.model_fields) | OURS | frozenset(ALIASES)) - {"messages"}


def refuse_unknown(given: Mapping[str, Any], known: Collection[str], own: Collection[str]) -> None:
    """Of a constructor. `own` are those worth naming where none is near.

    Raises:
        ValueError: there is no such parameter; the nearest is named.
    """
    for name in given:
        if name not in known:
            remedy = _near(name, known) or f"use one of {', '.join(own)}."
            raise ValueError(f"{name!r} is no parameter; {remedy}")


def of_a_call(said: Mapping[str, Any], constructor: Collection[str], *, is_remote: bool) -> dict[str, Any]:
    """A call's keywords by the names that a request has, without those of LangChain; warns once of each unknown.

    It only warns, since a chain may bind for several models at once, and since another server may know more.
    """
    taken: dict[str, Any] = {}
    for name, value in said.items():
        if name in NOT_SENT or name.startswith("ls_"):
            continue
        if name not in KNOWN:
            _warn_once(name, _told(name, constructor, is_remote=is_remote))
        taken[ALIASES.get(name, name)] = value
    return taken


def _told(name: str, constructor: Collection[str], *, is_remote: bool) -> str:
    if name in constructor:
        return f"{name!r} is ignored in a call; give it to ChatAutoGLM(…)."
    fate = "sent to the server as it is, and our servers ignore it" if is_remote else "ignored"
    return f"{name!r} is no parameter of a call to ChatAutoGLM: it is {fate}; {_near(name, KNOWN) or 'leave it out.'}"


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


@cache
def _warn_once(name: str, message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)
