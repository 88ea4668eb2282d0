"""LangChain's side of autoglm-agent: the chat model, the reasoning callbacks, the voice Runnable.

Uses only the public API of `autoglm_agent`. This is not the place for inference, sockets or turn-taking.
"""

from langchain_autoglm.brain import AgentBrain
from langchain_autoglm.chat_models import ChatAutoGLM
from langchain_autoglm.voice import RealtimeVoice
from langchain_autoglm.voice_events import VoiceEvent
from langchain_autoglm.voice_input import Frame, recording

__all__ = ["AgentBrain", "ChatAutoGLM", "Frame", "RealtimeVoice", "VoiceEvent", "recording"]
