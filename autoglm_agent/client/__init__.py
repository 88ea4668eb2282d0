"""Talking to a server: `connect` opens a realtime session. Needs `protocol` and `audio` only, and imports no torch."""

from autoglm_agent.client.realtime import Event, RealtimeClient, connect

__all__ = ["Event", "RealtimeClient", "connect"]
