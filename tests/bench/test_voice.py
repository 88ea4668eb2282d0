"""What the benchmarks speak with, and when a sample was spoken."""

from pathlib import Path

import anyio
import numpy as np
import pytest

from autoglm_agent.audio.vad import SileroVad, Windower
from autoglm_agent.bench import voice
from autoglm_agent.bench.microphone import PACKET_BYTES, Microphone, packets, silence
from autoglm_agent.errors import InputError

RECORDING = Path(__file__).parent.parent / "media" / "greeting.opus"


def test_voice_activity_takes_the_synthetic_voice_for_speech():
    vad = SileroVad()
    state, heard = vad.initial_state(), []
    for window in Windower().push(voice.voiced(2.0)):
        probability, state = vad.step(window[None], state)
        heard.append(probability[0] > 0.5)
    assert np.mean(heard) > 0.8


def test_a_recording_begins_and_ends_with_sound():
    samples, source = voice.speech(RECORDING, seconds=60)
    assert source == "greeting.opus"
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    assert loud[0] <= voice.FRAME
    assert len(samples) - loud[-1] <= voice.FRAME + 1
    shorter, _ = voice.speech(RECORDING, seconds=0.5)
    np.testing.assert_array_equal(shorter, samples[:8000])


def test_a_recording_that_is_not_there_is_an_error():
    with pytest.raises(InputError):
        voice.speech(Path("nowhere.wav"), seconds=1)


def test_without_any_recording_a_voice_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(voice, "MEDIA", tmp_path)
    samples, source = voice.speech(seconds=0.5)
    assert len(samples) == 8000
    assert "synthetic" in source


def test_packets_are_of_one_size_and_hold_all_of_the_sound():
    made = packets(voice.voiced(0.5))
    assert {len(packet) for packet in made} == {PACKET_BYTES}
    assert len(made) == 25
    assert b"".join(silence(0.1)) == bytes(5 * PACKET_BYTES)


class Client:
    def __init__(self):
        self.sent_at = []

    async def send_audio(self, audio):
        self.sent_at.append(anyio.current_time())


@pytest.mark.anyio
async def test_a_sample_was_spoken_before_its_packet_left_and_pauses_between_stretches_count():
    client = Client()
    microphone = Microphone(client)
    with anyio.fail_after(5):
        await microphone.say(silence(0.06))
        await anyio.sleep(0.05)
        await microphone.say(silence(0.04))
    assert microphone.sent_ms == 100
    ends = [microphone.spoken_at(20 * number - 0.001) for number in range(1, 6)]
    assert all(spoken <= sent for spoken, sent in zip(ends, client.sent_at, strict=True))
    assert microphone.spoken_at(60.5) - microphone.spoken_at(59.5) >= 0.05
    assert microphone.spoken_at(100) - microphone.spoken_at(60) == pytest.approx(0.04)
