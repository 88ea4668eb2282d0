"""Audio files in and out: any format libsndfile reads (wav, mp3, flac, ogg, opus), as 16 kHz mono, within bounds.

Errors name the cause and the remedy; they are shown to users as they are. Devices and sockets are not here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from autoglm_agent.audio.pcm import Samples
from autoglm_agent.audio.resample import Resampler
from autoglm_agent.errors import InputError

SAMPLE_RATE_HZ = 16_000
"""What voice activity and the speech encoder hear."""
MAX_SECONDS = 3600.0
"""An hour: the longest session of the protocol. At 16 kHz it is 230 MB in memory; streaming holds one block."""
MAX_BYTES = 1 << 30
"""An hour of 48 kHz stereo in 24 bits. Larger is hardly speech."""
SILENCE_DBFS = -60.0
"""Quieter than any room picked up by a working microphone; whispered speech peaks above −50."""
BLOCK_MS = 100
"""What is decoded at a time: small against the memory, large against the cost of a call."""

Source = str | Path | bytes


def read_audio(source: Source, *, max_seconds: float = MAX_SECONDS) -> Samples:
    """A whole recording, `float32 [num_samples]` at 16 kHz, channels averaged.

    Raises:
        InputError: missing, unreadable, broken, empty or too long.
    """
    return np.concatenate(list(stream_audio(source, max_seconds=max_seconds)))


def stream_audio(source: Source, *, block_ms: int = BLOCK_MS, max_seconds: float = MAX_SECONDS) -> Iterator[Samples]:
    """The same recording in blocks as it is decoded, about `block_ms` each (the resampler decides).

    Raises:
        InputError: as `read_audio`; a file that breaks midway raises midway.
    """
    name = "the recording" if isinstance(source, bytes) else str(source)
    with _opened(source, name) as recording:
        seconds = recording.frames / recording.samplerate
        if seconds > max_seconds:
            raise InputError(f"{name} lasts {seconds:.0f} s; the limit is {max_seconds:.0f} s. Cut it into parts.")
        resampler = Resampler(recording.samplerate, SAMPLE_RATE_HZ)
        block = max(1, recording.samplerate * block_ms // 1000)
        num_samples = 0
        while (frames := recording.read(block, dtype="float32", always_2d=True)).size:
            num_samples += len(frames)
            if num_samples > max_seconds * recording.samplerate:  # the header may not know the length, or lie
                raise InputError(f"{name} lasts longer than the limit of {max_seconds:.0f} s. Cut it into parts.")
            if not np.isfinite(frames).all():
                raise InputError(f"{name} holds samples that are not numbers; export it again as 16-bit WAV.")
            yield resampler.push(frames.mean(axis=1, dtype=np.float32))
        if not num_samples:
            raise InputError(f"{name} holds no audio; record it again.")
        yield resampler.flush()


def ensure_audible(samples: Samples, name: str = "the recording") -> None:
    """Refuse a recording in which nothing can be heard.

    Raises:
        InputError: empty, or its loudest 30 ms stay below −60 dBFS.
    """
    level = loudest_dbfs(samples)
    if level < SILENCE_DBFS:
        heard = "nothing at all" if level == -np.inf else f"{level:.0f} dBFS at most"
        raise InputError(f"{name} is silent ({heard}); check the microphone, its volume, and whether it was muted.")


def loudest_dbfs(samples: Samples) -> float:
    """Level of the loudest 30 ms in dB of full scale, without the constant offset; −inf for digital silence."""
    window = SAMPLE_RATE_HZ * 30 // 1000
    if not samples.size:
        return -np.inf
    padded = np.pad(samples.astype(np.float64), (0, -len(samples) % window), mode="edge").reshape(-1, window)
    power = float(padded.var(axis=1).max())
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


def write_wav(path: str | Path, samples: Samples, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Write mono 16-bit WAV."""
    soundfile.write(path, np.clip(samples, -1.0, 1.0), sample_rate_hz, format="WAV", subtype="PCM_16")


class _ForwardOnly(soundfile.SoundFile):  # type: ignore[misc]  # the package has no types
    """A file read from front to back. `SoundFile` seeks after every read, and MP3 and Opus do not seek exactly."""

    def seekable(self) -> bool:
        """Never, whatever the format says."""
        return False


@contextmanager
def _opened(source: Source, name: str) -> Iterator[soundfile.SoundFile]:
    """Open within the bounds; whatever libsndfile says, here or while reading, becomes an `InputError`."""
    if isinstance(source, bytes):
        size = len(source)
    else:
        path = Path(source)
        if not path.is_file():
            raise InputError(f"{name} does not exist or is not a file; check the path.")
        size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"{name} has {size >> 20} MiB; the limit is {MAX_BYTES >> 20} MiB. Cut it into parts.")
    if not size:
        raise InputError(f"{name} is empty; record it again.")
    try:
        with _ForwardOnly(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as recording:
            yield recording
    except (soundfile.SoundFileError, OSError) as error:
        raise InputError(
            f"{name} cannot be read as audio ({_reason(error)}); convert it to WAV, MP3, FLAC, OGG or Opus."
        ) from error


def _reason(error: Exception) -> str:
    """What libsndfile said, without its `Error opening <object>:`."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
