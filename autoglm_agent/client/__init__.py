"""Talking to a server: `connect` opens a realtime session, `VoiceLoop` talks over it. Imports no torch.

Needs `protocol` and `audio` only. Microphones, loudspeakers and cameras are small protocols (`devices`), for which
`sound_card` and `web_camera` have hardware and `recordings` has files.
"""

from autoglm_agent.client.echo_guard import EchoGuard
from autoglm_agent.client.realtime import Event, RealtimeClient, connect
from autoglm_agent.client.recordings import (
    PictureCamera,
    RecordedMicrophone,
    RecordingLoudspeaker,
    read_recording,
)
from autoglm_agent.client.sound_card import open_sound_card
from autoglm_agent.client.tools import Tool
from autoglm_agent.client.voice_loop import VoiceLoop
from autoglm_agent.client.web_camera import open_web_camera

__all__ = [
    "EchoGuard",
    "Event",
    "PictureCamera",
    "RealtimeClient",
    "RecordedMicrophone",
    "RecordingLoudspeaker",
    "Tool",
    "VoiceLoop",
    "connect",
    "open_sound_card",
    "open_web_camera",
    "read_recording",
]
