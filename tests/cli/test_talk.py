"""`autoglm talk` against a real server with a scripted engine, by recordings; and what it says when it cannot talk."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from rich.console import Console

from autoglm_agent.audio.files import read_audio, write_wav
from autoglm_agent.commands.demo_view import PlainView
from autoglm_agent.commands.scenes import MEDIA_DIR
from autoglm_agent.commands.talk_view import TalkView
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.interaction.voices import Metronome, entered

SCRIPT = Script(
    utterances=("我明天想带女儿去动物园", "她最想看大熊猫"),
    replies=(ScriptedReply(reasoning="想一想。", text="真好！", when="动物园"), ScriptedReply(text="熊猫吃竹子。")),
)


@pytest.fixture(scope="module")
def url():
    """A server in another thread; the command has its own event loop."""
    with start_blocking_portal() as portal:
        bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
        running = serving(
            Settings(port=0, max_sessions=1, api_keys=("key",)), bridge=bridge, voice=entered(Metronome())
        )
        with portal.wrap_async_context_manager(running) as (address, _):
            yield address


def test_recordings_are_said_one_after_the_other_and_each_is_answered_aloud(autoglm, url, tmp_path) -> None:
    recordings = [MEDIA_DIR / "zoo1.flac", MEDIA_DIR / "zoo2.flac"]
    out = tmp_path / "out.wav"
    result = autoglm(
        "talk", "--url", url, "--api-key", "key", "--wav", recordings[0], "--wav", recordings[1],
        "--image", MEDIA_DIR / "toys.png", "--save", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.stdout
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    order = [(what, text) for what, text in lines if what in ("plays", "hears", "thinks", "says")]
    assert order == [
        ("plays", "zoo1.flac"), ("hears", "我明天想带女儿去动物园"), ("thinks", "想一想。"), ("says", "真好！"),
        ("plays", "zoo2.flac"), ("hears", "她最想看大熊猫"), ("says", "熊猫吃竹子。"),
    ]  # fmt: skip
    said = {what for what, _ in lines}
    assert {"hears…", "sees", "gate", "took"} <= said
    assert "first audio" in result.stdout
    assert np.count_nonzero(read_audio(out)) == pytest.approx((3 + 6) * 0.2 * 16_000, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (("--url", "http://127.0.0.1:9"), "no server at http://127.0.0.1:9", 2),
        (("--url", "{url}", "--api-key", "wrong"), "does not accept this API key", 2),
        (("--wav", "nothing.wav"), "nothing.wav does not exist", 2),
        (("--image", "nothing.png"), "nothing.png", 2),
        (("--image", "{image}", "--camera", "0"), "exclude each other", 2),
        (("--camera", "0"), "autoglm-agent[camera]", 2),
        (("--save", "x.wav", "--no-wav"), "--save needs --wav", 2),
        (("--no-wav",), "autoglm-agent[audio]", 2),
    ],
)
def test_what_hinders_a_talk_is_told_in_a_line_with_the_remedy(
    autoglm, url, monkeypatch, arguments, says, code
) -> None:
    for package in ("sounddevice", "cv2"):
        monkeypatch.setitem(sys.modules, package, None)  # as if not installed
    given = [word.format(url=url, image=MEDIA_DIR / "toys.png") for word in arguments if word != "--no-wav"]
    if "--no-wav" not in arguments and "--wav" not in arguments:
        given += ["--wav", MEDIA_DIR / "zoo1.flac"]
    result = autoglm("talk", *given)
    assert result.exit_code == code
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_recording_that_nobody_answers_makes_the_command_fail(autoglm, url, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("autoglm_agent.commands.talk.ANSWERED_WITHIN_S", 1.0)
    hum = 0.1 * np.sin(np.arange(8_000) * 0.02).astype(np.float32)
    write_wav(tmp_path / "hum.wav", hum)
    result = autoglm("talk", "--url", url, "--api-key", "key", "--wav", tmp_path / "hum.wav")
    assert result.exit_code == 1
    assert "was not answered within 1 s" in result.stdout


# --- The looks -------------------------------------------------------------------------------------------------------


def shown(*events) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    view = TalkView(PlainView(console), console)
    for kind, fields in events:
        view.show({"type": kind, **fields})
    view.finish()
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def heard(text):
    return "conversation.item.input_audio_transcription.completed", {"transcript": text}


def said(text):
    return [
        ("response.output_audio_transcript.delta", {"delta": text}),
        ("response.output_audio_transcript.done", {"transcript": text}),
    ]


def done(status="completed", **more):
    return "response.done", {"response": {"status": status, "output": [], **more}}


STARTED, CREATED = ("input_audio_buffer.speech_started", {}), ("response.created", {})


def test_an_answer_that_was_interrupted_says_so_before_the_next_turn_begins() -> None:
    stopped = done("cancelled", status_details={"reason": "turn_detected"})
    events = [
        STARTED,
        heard("讲个故事"),
        CREATED,
        *said("从前有"),
        STARTED,
        stopped,
        heard("停"),
        CREATED,
        *said("好"),
        done(),
    ]
    assert shown(*events) == ["hears 讲个故事", "says 从前有", "stopped since you spoke", "hears 停", "says 好"]


def test_a_call_and_the_answer_to_its_result_are_one_turn() -> None:
    call = ("response.function_call_arguments.done", {"call_id": "c", "name": "look", "arguments": "{}"})
    called = done(output=[{"type": "function_call"}])
    took = ("autoglm.latency", {"stage": "first_text", "ms": 9})
    events = [STARTED, heard("看"), CREATED, call, called, CREATED, took, *said("好"), done()]
    assert shown(*events) == ["hears 看", "calls look({})", "says 好", "took first text 9 ms"]


def test_errors_are_told_inside_a_turn_and_outside() -> None:
    failed = done("failed", status_details={"error": {"message": "the engine died"}})
    error = ("error", {"error": {"message": "no such voice"}})
    assert shown(error, STARTED, CREATED, failed) == [
        "error no such voice", "error the response is failed: the engine died",
    ]  # fmt: skip
