"""Real synthesis by the real process: speech, marks, and what happens when the process dies."""

import os
import signal
import subprocess
import sys
import time

import anyio
import numpy as np
import pytest

from autoglm_agent.audio.pcm import decode
from autoglm_agent.errors import OverloadedError
from autoglm_agent.voice import espeak
from autoglm_agent.voice.espeak import MAX_CHARACTERS, EspeakSynthesiser
from autoglm_agent.voice.speech import SynthesisError, VoiceNotInstalledError

pytestmark = pytest.mark.anyio

CLAUSE = "今天天气很好我们去公园吧。"
VOICE = EspeakSynthesiser.voices[0]


@pytest.fixture
async def synthesiser():
    async with EspeakSynthesiser() as opened:
        with anyio.fail_after(20):
            yield opened


def sounding_ms(pcm):
    """Where sound begins and ends, in ms."""
    loud = np.flatnonzero(np.abs(decode(pcm)) > 0.01)
    return loud[0] / 24, loud[-1] / 24


@pytest.mark.parametrize("voice", EspeakSynthesiser.voices)
async def test_a_clause_is_said_at_the_pace_of_speech(synthesiser, voice):
    speech = await synthesiser.speak(CLAUSE, voice=voice, speed=1.0)
    assert 2_300 < speech.duration_ms < 3_800  # 12 syllables
    samples = decode(speech.pcm)
    assert 0.2 < np.abs(samples).max() <= 1.0
    sounding = samples[np.abs(samples) > 0.005]
    assert 0.08 < np.sqrt(np.mean(sounding**2)) < 0.25  # all voices at one loudness


async def test_silence_around_a_clause_is_a_natural_pause(synthesiser):
    for ending, pause_ms in (("，", 150), ("。", 300), ("", 20)):
        speech = await synthesiser.speak("我们去公园吧" + ending, voice=VOICE, speed=1.0)
        begins_ms, ends_ms = sounding_ms(speech.pcm)
        assert begins_ms < 40
        assert abs(speech.duration_ms - ends_ms - pause_ms) < 60


async def test_marks_map_syllables_to_the_original_text(synthesiser):
    text = "好的，现在26℃，用Python吧😀。"
    speech = await synthesiser.speak(text, voice=VOICE, speed=1.0)
    assert [text[mark.offset] for mark in speech.marks] == list("好的现在2℃用P吧")
    times = [mark.audio_ms for mark in speech.marks]
    assert times == sorted(times) and times[0] == 0 and times[-1] < speech.duration_ms


async def test_marks_are_at_the_closures_between_syllables(synthesiser):
    text = "爸爸带大地图到北大看大电视"  # plosives: a syllable begins after a closure that can be seen
    speech = await synthesiser.speak(text, voice=VOICE, speed=1.0)
    energy = np.abs(decode(speech.pcm))
    for mark in speech.marks[1:]:
        around = energy[(mark.audio_ms - 120) * 24 : (mark.audio_ms + 120) * 24]
        smooth = np.convolve(around, np.ones(240) / 240, mode="valid")
        assert smooth.min() < 0.35 * smooth.max(), mark  # the closure between two syllables is within 120 ms


async def test_marks_agree_with_the_length_of_prefixes(synthesiser):
    text = "今天天气很好我们一起去公园看花"
    whole = await synthesiser.speak(text, voice=VOICE, speed=1.0)
    for mark in whole.marks[2:]:
        prefix = await synthesiser.speak(text[: mark.offset], voice=VOICE, speed=1.0)
        assert abs(sounding_ms(prefix.pcm)[1] - mark.audio_ms) < 120


async def test_speed_changes_the_duration(synthesiser):
    lengths = [
        (await synthesiser.speak(CLAUSE, voice=VOICE, speed=speed)).duration_ms for speed in (0.25, 0.5, 1.0, 1.5)
    ]
    ratios = [length / lengths[2] for length in lengths]
    assert 3.2 < ratios[0] < 4.8 and 1.7 < ratios[1] < 2.4 and 0.55 < ratios[3] < 0.75


@pytest.mark.parametrize("text", ["", "   ", "😀🎉", "\x00\x07", "うれしい", "……", "**—**", "\ud800"])
async def test_what_cannot_be_said_is_silence_not_an_error(synthesiser, text):
    speech = await synthesiser.speak(text, voice=VOICE, speed=1.0)
    assert (speech.pcm, speech.marks) == (b"", ())


@pytest.mark.parametrize(
    "text", ["7", "嗯", "A", "<b>&amp;</b>", "[[x]] {tone}", "x" * MAX_CHARACTERS, "龘" * 50, "你\x00好"]
)
async def test_odd_texts_are_said(synthesiser, text):
    speech = await synthesiser.speak(text, voice=VOICE, speed=1.0)
    assert speech.duration_ms > 50


async def test_wrong_arguments_are_refused_without_a_synthesis(synthesiser):
    for text, voice, speed in (("好", "nobody", 1.0), ("好", VOICE, 0.2), ("好", VOICE, 1.6), ("好" * 401, VOICE, 1.0)):
        with pytest.raises(ValueError):
            await synthesiser.speak(text, voice=voice, speed=speed)


async def test_a_clause_takes_milliseconds(synthesiser):
    await synthesiser.speak("好", voice=VOICE, speed=1.0)
    start_s = time.perf_counter()
    await synthesiser.speak(CLAUSE, voice=VOICE, speed=1.0)
    assert time.perf_counter() - start_s < 1.0


async def test_a_killed_process_is_replaced_and_the_next_call_works(synthesiser):
    await synthesiser.speak("好", voice=VOICE, speed=1.0)
    first = synthesiser.process_id
    os.kill(first, signal.SIGKILL)
    speech = await synthesiser.speak(CLAUSE, voice=VOICE, speed=1.0)
    assert speech.duration_ms > 2_000
    assert synthesiser.process_id != first and synthesiser.restarts == 1


async def test_a_process_that_dies_in_a_clause_costs_nobody_an_answer(synthesiser):
    os.kill(synthesiser.process_id, signal.SIGSTOP)
    lengths = {}

    async def say(text):
        lengths[text] = (await synthesiser.speak(text, voice=VOICE, speed=1.0)).duration_ms

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(say, "第一句话")
        tasks.start_soon(say, "第二句话")
        await anyio.wait_all_tasks_blocked()
        os.kill(synthesiser.process_id, signal.SIGKILL)
    assert set(lengths) == {"第一句话", "第二句话"} and min(lengths.values()) > 500
    assert synthesiser.restarts == 1


async def test_a_text_that_kills_twice_is_an_error_and_the_next_text_is_said(synthesiser, monkeypatch):
    tried = []
    true_send = espeak._Worker.send

    async def deadly_send(worker, request):
        tried.append(request["voice"])
        if request["text"] == "致命":
            worker.process.kill()
        else:
            await true_send(worker, request)

    monkeypatch.setattr(espeak._Worker, "send", deadly_send)
    with pytest.raises(SynthesisError, match="twice"):
        await synthesiser.speak("致命", voice=VOICE, speed=1.0)
    assert tried == [VOICE, ""]
    assert (await synthesiser.speak("好的", voice=VOICE, speed=1.0)).duration_ms > 200


async def test_a_cancelled_call_leaves_the_answers_of_others_in_order(synthesiser):
    expected = (await synthesiser.speak("好", voice=VOICE, speed=1.0)).duration_ms
    os.kill(synthesiser.process_id, signal.SIGSTOP)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: synthesiser.speak(CLAUSE * 20, voice=VOICE, speed=0.25))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()  # returns although the process is still at it
    os.kill(synthesiser.process_id, signal.SIGCONT)
    speech = await synthesiser.speak("好", voice=VOICE, speed=1.0)
    assert abs(speech.duration_ms - expected) < 30
    assert synthesiser.restarts == 0


async def test_sessions_take_turns_in_order_of_arrival(synthesiser):
    finished = []

    async def session(name):
        for turn in range(3):
            speech = await synthesiser.speak(CLAUSE[: 4 + turn], voice=VOICE, speed=1.0)
            assert [mark.offset for mark in speech.marks] == list(range(4 + turn))
            finished.append((turn, name))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session, "a")
        tasks.start_soon(session, "b")
    assert finished == [(turn, name) for turn in range(3) for name in "ab"]


async def test_too_many_waiting_clauses_are_refused_at_once(synthesiser, monkeypatch):
    monkeypatch.setattr(espeak, "MAX_WAITING", 1)
    os.kill(synthesiser.process_id, signal.SIGSTOP)
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(lambda: synthesiser.speak("好", voice=VOICE, speed=1.0))
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(OverloadedError):
            await synthesiser.speak("好", voice=VOICE, speed=1.0)
        os.kill(synthesiser.process_id, signal.SIGCONT)


async def test_the_process_ends_with_its_owner_and_whoever_waits_is_told():
    with anyio.fail_after(20):
        async with EspeakSynthesiser() as synthesiser:
            process = synthesiser._worker.process
            os.kill(process.pid, signal.SIGSTOP)

            async def say():
                with pytest.raises(SynthesisError, match="closed"):
                    await synthesiser.speak("好", voice=VOICE, speed=1.0)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(say)
                await anyio.wait_all_tasks_blocked()
                await synthesiser.aclose()
        assert process.returncode is not None
        with pytest.raises(SynthesisError, match="closed"):
            await synthesiser.speak("好", voice=VOICE, speed=1.0)


async def test_it_starts_by_itself_when_nobody_opened_it():
    synthesiser = EspeakSynthesiser()
    try:
        assert (await synthesiser.speak("你好", voice=VOICE, speed=1.0)).duration_ms > 200
    finally:
        await synthesiser.aclose()


async def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(espeak.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(VoiceNotInstalledError, match=r"pip install 'autoglm-agent\[voice\]'"):
        await EspeakSynthesiser().__aenter__()


def test_importing_the_package_loads_neither_the_library_nor_torch():
    script = (
        "import sys, autoglm_agent.voice.espeak, autoglm_agent.voice.espeak_worker, autoglm_agent.voice.clauses\n"
        "print([name for name in ('espeakng_loader', 'pypinyin', 'torch') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
