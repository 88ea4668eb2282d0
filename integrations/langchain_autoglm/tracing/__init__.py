"""Reasoning traces: what a chat model thinks, as callbacks, for our model and any other that shows its reasoning."""

from langchain_autoglm.tracing.handlers import AsyncReasoningTraceHandler, ReasoningTraceHandler
from langchain_autoglm.tracing.machine import TurnFacts
from langchain_autoglm.tracing.printer import ReasoningPrinter
from langchain_autoglm.tracing.recorder import ReasoningRecorder, ReasoningTrace

__all__ = [
    "AsyncReasoningTraceHandler",
    "ReasoningPrinter",
    "ReasoningRecorder",
    "ReasoningTrace",
    "ReasoningTraceHandler",
    "TurnFacts",
]
