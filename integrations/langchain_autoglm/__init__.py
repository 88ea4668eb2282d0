"""LangChain's side of autoglm-agent: the chat model, the reasoning callbacks, the voice Runnable.

Uses only the public API of `autoglm_agent`. This is not the place for inference, sockets or turn-taking.
"""

from langchain_autoglm.chat_models import ChatAutoGLM
from langchain_autoglm.tracing import (
    AsyncReasoningTraceHandler,
    ReasoningPrinter,
    ReasoningRecorder,
    ReasoningTrace,
    ReasoningTraceHandler,
    TurnFacts,
)

__all__ = [
    "AsyncReasoningTraceHandler",
    "ChatAutoGLM",
    "ReasoningPrinter",
    "ReasoningRecorder",
    "ReasoningTrace",
    "ReasoningTraceHandler",
    "TurnFacts",
]
