"""Accounting of the input buffer: how much came, how much is uncommitted, and which item it will become.

It counts samples and holds no audio. Base64 and G.711 payloads are checked here, decoded samples go on to the runtime.
"""

from __future__ import annotations

import binascii
from enum import Enum, auto

from autoglm_agent.protocol.config import AudioFormat
from autoglm_agent.protocol.errors import LocalProtocolError, RemoteProtocolError
from autoglm_agent.protocol.facts import SpeechStarted, SpeechStopped
from autoglm_agent.protocol.ids import IdSource

#: One append may carry this much (Realtime API reference, `input_audio_buffer.append`).
MAX_APPEND_BYTES = 15 * 1024 * 1024
#: A commit needs this much (the API's own limit; less cannot hold a syllable).
MIN_COMMIT_MS = 100
#: The clock's resolution: 24 kHz, of which the 8 kHz of G.711 is a whole part, so that nothing is ever rounded.
TICKS_PER_MS = 24


class SpeechState(Enum):
    """Where turn detection stands within the present buffer."""

    SILENT = auto()
    SPEAKING = auto()
    STOPPED = auto()


#: Legal moves. Speech may resume after a stop when the turn was not committed (semantic_vad). A stop in silence is the
#: end of speech whose buffer the client took away (commit, clear): legal, and nothing to tell.
SPEECH_TRANSITIONS: dict[SpeechState, dict[type, SpeechState]] = {
    SpeechState.SILENT: {SpeechStarted: SpeechState.SPEAKING, SpeechStopped: SpeechState.SILENT},
    SpeechState.SPEAKING: {SpeechStopped: SpeechState.STOPPED},
    SpeechState.STOPPED: {SpeechStarted: SpeechState.SPEAKING},
}


def decode_audio(encoded: str, param: str) -> bytes:
    """Decode base64 audio. Raises `RemoteProtocolError` when it is too long or not base64."""
    if len(encoded) > MAX_APPEND_BYTES * 4 // 3 + 4:
        raise RemoteProtocolError(
            f"'{param}' exceeds {MAX_APPEND_BYTES} bytes.", code="string_above_max_length", param=param
        )
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except (ValueError, binascii.Error):
        raise RemoteProtocolError(f"'{param}' is not valid base64.", code="invalid_value", param=param) from None


class InputAudio:
    """The buffer's counters. `item_id` is the id its audio will have as an item."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._odd = b""
        self._received_ticks = 0
        self._started_ticks = 0
        self.item_id = ids.new("item")
        self.speech = SpeechState.SILENT

    @property
    def received_ms(self) -> int:
        """Audio since the session began."""
        return self._received_ticks // TICKS_PER_MS

    @property
    def buffered_ms(self) -> int:
        """Audio since the last commit or clear."""
        return (self._received_ticks - self._started_ticks) // TICKS_PER_MS

    @property
    def announced(self) -> bool:
        """Whether the client knows `item_id` already, from `speech_started`."""
        return self.speech is not SpeechState.SILENT

    def append(self, encoded: str, audio_format: AudioFormat) -> bytes:
        """Decode and count one append. A split sample waits for its other half."""
        data = self._odd + decode_audio(encoded, "audio")
        whole = len(data) - len(data) % audio_format.bytes_per_sample
        self._odd = data[whole:]
        num_samples = whole // audio_format.bytes_per_sample
        self._received_ticks += num_samples * TICKS_PER_MS * 1_000 // audio_format.sample_rate_hz
        return data[:whole]

    def speak(self, fact: SpeechStarted | SpeechStopped) -> bool:
        """Follow turn detection. Return whether there is something to tell. Raises `LocalProtocolError` if illegal."""
        following = SPEECH_TRANSITIONS[self.speech].get(type(fact))
        if following is None:
            raise LocalProtocolError(f"{type(fact).__name__} while the input is {self.speech.name}")
        changed = following is not self.speech
        self.speech = following
        return changed

    def check_commit(self) -> None:
        """Raise `RemoteProtocolError` when there is too little to commit."""
        if self.buffered_ms < MIN_COMMIT_MS:
            raise RemoteProtocolError(
                f"Error committing input audio buffer: buffer too small. Expected at least {MIN_COMMIT_MS}ms of audio, "
                f"but buffer only has {self.buffered_ms}.00ms of audio.",
                code="input_audio_buffer_commit_empty",
            )

    def reconnected(self) -> None:
        """The client speaks over another socket: half a sample that came over the old one has lost its other half."""
        self._odd = b""

    def take(self) -> str:
        """End the buffer, by commit or clear: return its item id and begin a new one."""
        item_id = self.item_id
        self.item_id = self._ids.new("item")
        self.speech = SpeechState.SILENT
        self._started_ticks = self._received_ticks
        self._odd = b""
        return item_id
