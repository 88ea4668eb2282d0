"""Reasoning as LangChain's custom events and in LangGraph's custom stream, where there is someone to receive them.

Both need a run around the model call; at top level there is none, and nothing is sent.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, assert_never

from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)

from langchain_autoglm.tracing.machine import ReasoningEnded, ReasoningGrew, ReasoningStarted, TurnFacts

if TYPE_CHECKING:
    from uuid import UUID

    from langchain_autoglm.tracing.machine import Step


def send(step: Step, run_id: UUID) -> None:
    """Send `step` as a custom event `reasoning_start`, `reasoning_token`, `reasoning_end` or `turn_end`."""
    name, data = _described(step, run_id)
    if get_callback_manager_for_config(ensure_config()).parent_run_id is not None:
        dispatch_custom_event(name, data)
    _write(name, data)


async def asend(step: Step, run_id: UUID) -> None:
    """The same from a coroutine."""
    name, data = _described(step, run_id)
    if get_async_callback_manager_for_config(ensure_config()).parent_run_id is not None:
        await adispatch_custom_event(name, data)
    _write(name, data)


def _described(step: Step, run_id: UUID) -> tuple[str, dict[str, Any]]:
    match step:
        case ReasoningStarted():
            return "reasoning_start", {"run_id": str(run_id)}
        case ReasoningGrew(token=token):
            return "reasoning_token", {"run_id": str(run_id), "token": token}
        case ReasoningEnded(text=text):
            return "reasoning_end", {"run_id": str(run_id), "text": text}
        case TurnFacts():
            facts = {"model": step.model, "gate": step.gate, "latency_ms": step.latency_ms, "usage": step.usage}
            error = None if step.error is None else repr(step.error)
            return "turn_end", {"run_id": str(run_id), **facts, "error": error}
        case _:
            assert_never(step)


def _write(name: str, data: dict[str, Any]) -> None:
    """Into LangGraph's `stream_mode="custom"`, if the call is made in a graph."""
    if "langgraph.config" not in sys.modules:  # not in a graph, and no dependency of ours
        return
    try:
        writer = sys.modules["langgraph.config"].get_stream_writer()
    except (KeyError, RuntimeError):  # LangGraph is loaded, but this call is not made in a graph
        return
    writer({"event": name, **data})
