"""The client's side: `RealtimeClient` and the voice loop (microphone, camera, loudspeaker).

Stands on `protocol` and `audio` alone: it imports no torch, no engine and no server, and works against any server that
speaks the same protocol.
"""
