"""LangChain's side of autoglm-agent: the chat model, the reasoning callbacks, the voice Runnable.

Uses only the public API of `autoglm_agent`. This is not the place for inference, sockets or turn-taking.
"""

from typing import TYPE_CHECKING, Any

from langchain_autoglm.brain import AgentBrain
from langchain_autoglm.chat_models import ChatAutoGLM
from langchain_autoglm.tracing import (
    AsyncReasoningTraceHandler,
    ReasoningPrinter,
    ReasoningRecorder,
    ReasoningTrace,
    ReasoningTraceHandler,
    TurnFacts,
)

if TYPE_CHECKING:
    from langchain_autoglm.voice import RealtimeVoice
    from langchain_autoglm.voice_events import VoiceEvent
    from langchain_autoglm.voice_input import Frame, recording

__all__ = [
    "AgentBrain",
    "AsyncReasoningTraceHandler",
    "ChatAutoGLM",
    "Frame",
    "RealtimeVoice",
    "ReasoningPrinter",
    "ReasoningRecorder",
    "ReasoningTrace",
    "ReasoningTraceHandler",
    "TurnFacts",
    "VoiceEvent",
    "recording",
]


def __getattr__(name: str) -> Any:
    """The voice comes with ears and a whole session: who only chats does not wait for their import."""
    from importlib import import_module

    homes = {"RealtimeVoice": "voice", "VoiceEvent": "voice_events", "Frame": "voice_input", "recording": "voice_input"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{homes[name]}"), name)
