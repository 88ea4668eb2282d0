"""Audio that comes whole, inside an item or a chat message: decoded to 16 kHz in a worker thread, within bounds."""

from __future__ import annotations

from autoglm_agent.audio import pcm
from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.resample import resample
from autoglm_agent.protocol.config import AUDIO_FORMATS
from autoglm_agent.protocol.items import AudioContent
from autoglm_agent.runtime.work import Work, in_thread

SAMPLE_RATE_HZ = 16_000
MAX_CLIP_S = 120.0
"""As much speech as a session keeps; a longer recording is for `autoglm transcribe`."""


async def decode_clip(content: AudioContent, work: Work = in_thread) -> bytes:
    """The clip as s16le at 16 kHz. Raises InputError when it cannot be read."""
    return await work(_decode, content)


def _decode(content: AudioContent) -> bytes:
    data = content.audio or b""
    for name, audio_format in AUDIO_FORMATS.items():
        if name == content.format:
            whole = len(data) - len(data) % audio_format.bytes_per_sample
            samples = pcm.decode(data[:whole], pcm.Encoding(name))
            samples = samples[: int(MAX_CLIP_S * audio_format.sample_rate_hz)]
            return pcm.encode(resample(samples, audio_format.sample_rate_hz, SAMPLE_RATE_HZ))
    return pcm.encode(read_audio(data, max_seconds=MAX_CLIP_S))
