"""Voice activity on real speech: near the truth, batched equal to alone, torch never loaded."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autoglm_agent.audio.endpointing import Endpointer
from autoglm_agent.audio.files import read_audio
from autoglm_agent.audio.pcm import encode
from autoglm_agent.audio.vad import WINDOW, SileroVad, VadState, Windower
from autoglm_agent.events import SilenceBegan, SpeechResumed, SpeechStarted, SpeechStopped

MEDIA = Path(__file__).parents[1] / "media"


@pytest.fixture(scope="module")
def vad():
    return SileroVad()


def room(seconds, seed):
    return np.random.default_rng(seed).normal(0, 5e-4, int(seconds * 16_000)).astype(np.float32)


def in_a_room(*words, pause=1.0):
    """Recordings with a quiet room before, between and after them."""
    parts = [room(pause, 0)]
    for index, name in enumerate(words):
        parts += [read_audio(MEDIA / name), room(pause, index + 1)]
    return np.concatenate(parts)


def loud_ms(samples):
    """Where the recording is loud, by energy: the truth to compare with."""
    level = np.sqrt((samples[: len(samples) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1))
    loud = np.flatnonzero(level > 0.02)
    return loud[0] * 10, (loud[-1] + 1) * 10


def listen(vad, samples):
    endpointer, state, events = Endpointer(), vad.initial_state(), []
    for window in Windower().push(samples):
        probability, state = vad.step(window[None], state)
        events += endpointer.push(float(probability[0]))
    return events


@pytest.mark.parametrize("word", ["greeting.opus", "thanks.opus"])
def test_an_utterance_starts_and_stops_near_the_truth(vad, word):
    samples = in_a_room(word)
    first, last = loud_ms(samples)
    events = [event for event in listen(vad, samples) if not isinstance(event, SilenceBegan | SpeechResumed)]
    started, stopped = events
    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert first - 400 <= started.audio_start_ms <= first - 150  # the padding is there, and nothing is cut
    assert last - 60 <= stopped.speech_end_ms <= last + 200
    assert stopped.audio_end_ms - stopped.speech_end_ms == pytest.approx(500, abs=32)


def test_two_sentences_are_two_utterances(vad):
    events = listen(vad, in_a_room("greeting.opus", "thanks.opus"))
    assert [type(e) for e in events if isinstance(e, SpeechStarted | SpeechStopped)] == [
        SpeechStarted,
        SpeechStopped,
    ] * 2


@pytest.mark.parametrize("level", [0.0, 5e-4, 0.05])
def test_noise_is_not_speech(vad, level):
    samples = np.random.default_rng(3).normal(0, level, 48_000).astype(np.float32)
    assert listen(vad, samples) == []


def test_sessions_in_one_batch_hear_what_each_hears_alone(vad):
    streams = [Windower().push(in_a_room(word)) for word in ("greeting.opus", "thanks.opus")]
    count = min(len(stream) for stream in streams)
    together, state = [], VadState.initial(2)
    for window in range(count):
        probabilities, state = vad.step(np.stack([stream[window] for stream in streams]), state)
        together.append(probabilities)
    for index, stream in enumerate(streams):
        alone, state = [], VadState.initial()
        for window in range(count):
            probabilities, state = vad.step(stream[window][None], state)
            alone.append(probabilities[0])
        assert np.allclose(np.array(together)[:, index], alone, atol=1e-4)
        assert max(alone) > 0.9


def test_streams_come_and_go_between_batches(vad):
    windows = [encode(window) for window in Windower().push(in_a_room("greeting.opus"))][:60]
    alone, states = [], [vad.initial_state()]
    for window in windows:
        probabilities, states = vad([window], states)
        alone += probabilities
    mixed, state = [], vad.initial_state()
    for index, window in enumerate(windows):
        guests = index % 3
        states = [vad.initial_state() for _ in range(guests)]
        probabilities, after = vad([*[windows[0]] * guests, window], [*states, state])
        mixed.append(probabilities[-1])
        state = after[-1]
    assert np.allclose(mixed, alone, atol=1e-4)


@pytest.mark.parametrize("size", [1, 100, WINDOW, 1000])
def test_windows_are_the_same_however_the_audio_arrives(size):
    samples = room(0.2, 5)
    windower = Windower()
    pieces = [windower.push(samples[start : start + size]) for start in range(0, len(samples), size)]
    assert np.array_equal(np.concatenate(pieces), samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW))


def test_a_window_of_the_wrong_size_is_refused(vad):
    with pytest.raises(ValueError, match=r"\[B, 512\]"):
        vad.step(np.zeros((1, 480), np.float32), VadState.initial())


def test_hearing_loads_no_torch():
    code = (
        "import sys; from autoglm_agent.audio.vad import SileroVad; import autoglm_agent.audio.endpointing, "
        "autoglm_agent.audio.files; SileroVad(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
