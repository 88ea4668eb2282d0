"""Audio files: formats, bounds, and errors that name the cause and the remedy."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from autoglm_agent.audio.files import ensure_audible, loudest_dbfs, read_audio, stream_audio, write_wav
from autoglm_agent.audio.resample import resample
from autoglm_agent.errors import InputError

MEDIA = Path(__file__).parents[1] / "media"


def tone(seconds=1.0, rate=16_000, level=0.3):
    return (level * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def as_file(samples, rate, file_format, subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=file_format, subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file_format", "subtype", "rate", "tolerance"),
    [
        ("WAV", "PCM_16", 16_000, 1e-4),
        ("WAV", "FLOAT", 44_100, 2e-3),
        ("WAV", "ULAW", 8_000, 2e-2),
        ("FLAC", "PCM_24", 48_000, 2e-3),
        ("OGG", "VORBIS", 24_000, 5e-2),
        ("OGG", "OPUS", 48_000, 5e-2),
        ("MP3", None, 44_100, 5e-2),
    ],
)
def test_every_format_comes_out_as_the_same_sound(file_format, subtype, rate, tolerance):
    heard = read_audio(as_file(tone(rate=rate), rate, file_format, subtype))
    assert abs(len(heard) - 16_000) < 1_700  # MP3 pads by a frame or two
    middle = heard[4_000:12_000]
    power = np.abs(np.fft.rfft(middle))
    assert np.argmax(power) * 16_000 / len(middle) == pytest.approx(300, abs=2)
    assert middle.std() * np.sqrt(2) == pytest.approx(0.3, abs=tolerance)


def test_channels_are_averaged():
    stereo = np.stack([tone(level=0.2), tone(level=0.4)], axis=1)
    assert np.abs(read_audio(as_file(stereo, 16_000, "WAV", "FLOAT")) - tone(level=0.3)).max() < 1e-6


@pytest.mark.parametrize("block_ms", [1, 20, 333])
@pytest.mark.parametrize(
    "source",
    [MEDIA / "greeting.opus", as_file(tone(), 16_000, "MP3"), as_file(tone(), 16_000, "WAV")],
    ids=["opus", "mp3", "wav"],
)
def test_streaming_equals_decoding_at_once(source, block_ms):
    whole, rate = soundfile.read(io.BytesIO(source) if isinstance(source, bytes) else source, dtype="float32")
    streamed = np.concatenate(list(stream_audio(source, block_ms=block_ms)))
    assert np.abs(streamed - resample(whole, rate, 16_000)).max() < 1e-6


def test_a_written_recording_reads_back(tmp_path):
    write_wav(tmp_path / "a.wav", tone())
    assert np.abs(read_audio(tmp_path / "a.wav") - tone()).max() < 1e-4


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.wav does not exist.*check the path"):
        read_audio(tmp_path / "nowhere.wav")


def test_a_folder_is_not_a_recording(tmp_path):
    with pytest.raises(InputError, match="not a file"):
        read_audio(tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"this is a text and no sound at all", r"cannot be read as audio.*convert it to WAV"),
        (as_file(np.zeros(0, np.float32), 16_000, "WAV"), "holds no audio"),
        (as_file(np.full(100, np.nan, np.float32), 16_000, "WAV", "FLOAT"), "not numbers"),
    ],
    ids=["empty", "text", "no samples", "not a number"],
)
def test_what_cannot_be_heard_says_why(data, said):
    with pytest.raises(InputError, match=said):
        read_audio(data)


def test_a_long_recording_is_refused_before_it_is_decoded():
    with pytest.raises(InputError, match=r"lasts 3 s; the limit is 2 s"):
        next(iter(stream_audio(as_file(tone(3), 16_000, "WAV"), max_seconds=2)))


@pytest.mark.parametrize("samples", [np.zeros(16_000, np.float32), np.full(16_000, 0.5, np.float32)])
def test_digital_silence_and_a_constant_offset_are_silent(samples):
    with pytest.raises(InputError, match=r"silent \(nothing at all\); check the microphone"):
        ensure_audible(samples)


def test_the_hiss_of_a_muted_input_is_silent():
    hiss = np.random.default_rng(0).normal(0, 1e-4, 16_000).astype(np.float32)
    with pytest.raises(InputError, match=r"hum\.wav is silent \(-\d+ dBFS at most\)"):
        ensure_audible(hiss, "hum.wav")


def test_a_single_quiet_word_in_a_long_silence_is_audible():
    samples = np.zeros(160_000, np.float32)
    samples[80_000:84_000] = tone(0.25, level=0.01)
    ensure_audible(samples)
    assert loudest_dbfs(samples) == pytest.approx(-43, abs=1)
