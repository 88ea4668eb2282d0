"""The demonstration: its checks as pure functions, and its scenes over a real socket with a scripted engine."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from rich.console import Console

from autoglm_agent.audio.files import ensure_audible, read_audio
from autoglm_agent.commands.demo import play_scene
from autoglm_agent.commands.demo_view import LiveView, Outcome, PlainView, make_view, summary
from autoglm_agent.commands.scenes import MEDIA_DIR, SCENES, Scene, complaints
from autoglm_agent.commands.turn import ToolCall, Turn
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.images import load_picture
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from autoglm_agent.training import demo_media

TOYS, LABEL, CAR, WHO, ZOO, PHOTO, HUMAN = SCENES
SEEN = {"partials": 2, "frame_ms": 90.0, "gate": {"text": 0.2, "image": 0.5, "speech": 0.3}}

# --- The checks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "number", "text"),
    [
        (TOYS, 0, "你指的是右下角那辆红色遥控车吗？"),
        (LABEL, 0, "配料有水、白砂糖、柠檬酸，这是含糖的柠檬味饮料。"),
        (WHO, 0, "我是AutoGLM，一个能听、能看、能思考的小模型。"),
        (ZOO, 0, "真好！你们最想看什么动物？"),
        (ZOO, 1, "大熊猫吃竹子。"),
        (ZOO, 2, "记得，你要带女儿去动物园看大熊猫。"),
        (PHOTO, 0, "这是香蕉。"),
    ],
)
def test_a_right_answer_passes_and_an_empty_one_does_not(scene: Scene, number: int, text: str) -> None:
    expected = scene.turns[number].expected
    assert complaints(expected, Turn(text=text, **SEEN)) == []
    assert complaints(expected, Turn(**SEEN)) == ["there is no reply"]


@pytest.mark.parametrize(
    ("scene", "number", "text", "lacks"),
    [
        (TOYS, 0, "你指的是左下角那辆红色遥控车吗？", "右下"),
        (TOYS, 0, "你指的是右下角那辆蓝色遥控车吗？", "红"),
        (TOYS, 0, "你指的是右下角那个红色积木吗？", "遥控车"),
        (LABEL, 0, "配料有水、柠檬酸，是一款含糖的饮料。", "白砂糖"),
        (WHO, 0, "我是小明。", "AutoGLM"),
        (ZOO, 1, "大熊猫吃肉。", "竹"),
        (ZOO, 2, "你要带儿子去看大熊猫。", "女儿"),
        (PHOTO, 0, "这是苹果。", "香蕉"),
    ],
)
def test_a_wrong_answer_is_told_by_what_it_lacks(scene: Scene, number: int, text: str, lacks: str) -> None:
    assert complaints(scene.turns[number].expected, Turn(text=text, **SEEN)) == [f"the reply lacks {lacks}"]


def test_a_picture_that_was_not_seen_or_not_weighed_is_wrong() -> None:
    text = "你指的是右下角那辆红色遥控车吗？"
    expected = TOYS.turns[0].expected
    assert complaints(expected, Turn(text=text, partials=2, gate=SEEN["gate"])) == ["no frame was encoded"]
    blind = {"text": 0.5, "image": 0.0, "speech": 0.5}
    turn = Turn(text=text, partials=2, frame_ms=9.0, gate=blind)
    assert complaints(expected, turn) == ["the gate gave the picture no weight"]


def test_a_transcript_that_came_only_at_the_end_is_wrong() -> None:
    turn = Turn(text="你指的是右下角那辆红色遥控车吗？", **(SEEN | {"partials": 0}))
    assert complaints(TOYS.turns[0].expected, turn) == ["the transcript did not grow"]


@pytest.mark.parametrize(
    ("calls", "wrong"),
    [
        ([("set_ac_temperature", '{"temperature": 26}')], False),
        ([("set_ac_temperature", '{"temperature":26.0}')], False),
        ([("set_ac_temperature", '{"temperature": 25}')], True),
        ([("set_ac_temperature", '{"temperature": "26"}')], True),
        ([("set_ac_temperature", '{"temperature": 26, "room": "x"}')], True),
        ([("open_window", '{"temperature": 26}')], True),
        ([("set_ac_temperature", "{")], True),
        ([], True),
    ],
)
def test_a_call_must_have_the_name_and_exactly_the_arguments(calls, wrong) -> None:
    turn = Turn(calls=[ToolCall("c", *call) for call in calls])
    assert bool(complaints(CAR.turns[0].expected, turn)) is wrong


def test_the_answer_to_a_tool_must_name_the_temperature() -> None:
    expected = CAR.turns[0].expected_after
    assert (
        complaints(expected, Turn(text="空调已调到26度。")) == complaints(expected, Turn(text="已调到二十六度")) == []
    )
    assert complaints(expected, Turn(text="空调已调到126度。")) == ["the reply lacks 26 or 二十六"]


def test_what_a_human_said_must_be_written_down_exactly() -> None:
    expected = HUMAN.turns[0].expected
    assert complaints(expected, Turn(transcript="中国。")) == []
    assert complaints(expected, Turn(transcript="种果")) == ["heard '种果', not '中国'"]


def test_a_response_that_did_not_end_well_is_told() -> None:
    turn = Turn(text="大熊猫吃竹")
    turn.take({"type": "response.done", "response": {"status": "incomplete", "status_details": {"reason": "length"}}})
    assert complaints(ZOO.turns[1].expected, turn) == ["the response is incomplete: length"]
    turn.take({"type": "error", "error": {"message": "the engine died"}})
    assert turn.problem == "the engine died"


# --- The media -------------------------------------------------------------------------------------------------------


def test_every_scene_has_its_media_and_they_are_small() -> None:
    for scene in SCENES:
        for spoken in scene.turns:
            ensure_audible(read_audio(MEDIA_DIR / spoken.recording))
        if scene.picture is not None:
            assert load_picture(MEDIA_DIR / scene.picture).shape == (480, 640, 3)
    assert sum(path.stat().st_size for path in MEDIA_DIR.iterdir()) < 3 * 2**20


def test_the_recordings_say_what_the_scenes_claim_and_each_file_has_a_licence() -> None:
    def plain(text: str) -> str:
        return re.sub("[，。？]", "", text)

    words = {spoken.recording: plain(spoken.words) for scene in SCENES for spoken in scene.turns}
    made = {name: plain(text) for name, text in demo_media.SPEECH.items()}
    assert words == made | {demo_media.HUMAN[0]: demo_media.HUMAN[2]}
    licences = (MEDIA_DIR / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in MEDIA_DIR.iterdir()} - {"README.md"}
    assert files == words.keys() | set(demo_media.PICTURES)
    assert [name for name in sorted(files) if f"`{name}`" not in licences] == []


def test_speech_is_made_again_the_same(tmp_path: Path) -> None:
    for path in demo_media.write_speech(tmp_path):
        assert (read_audio(path) == read_audio(MEDIA_DIR / path.name)).all(), path.name


# --- The scenes, played ----------------------------------------------------------------------------------------------


async def play(scene: Scene, script: Script) -> tuple[Outcome, str]:
    """A scene over a real socket, faster than real time; what the plain view printed comes, too."""
    console = Console(file=io.StringIO(), width=200)
    bridge = ComputeBridge.thread(EngineSpec(script=script))
    with anyio.fail_after(20):  # the voice activity detection loads its model first
        async with serving(Settings(port=0), bridge=bridge) as (url, _):
            outcome = await play_scene(scene, url, "nano", PlainView(console), real_time=False)
    return outcome, console.file.getvalue()


@pytest.mark.anyio
async def test_a_scene_shows_what_is_heard_seen_weighed_thought_and_said() -> None:
    reply = ScriptedReply(reasoning="右下角有一辆红色遥控车。", text="你指的是右下角那辆红色遥控车吗？")
    outcome, shown = await play(TOYS, Script(utterances=("我想要那个红色的玩具车",), replies=(reply,)))
    assert outcome.complaints == ()
    assert {"asr_final", "first_token", "first_text"} <= set(outcome.latency_ms)
    lines = [line.split(maxsplit=1) for line in shown.splitlines()]
    said = {what: text for what, text in lines}
    assert said["hears"] == "我想要那个红色的玩具车"
    partials = [text for what, text in lines if what == "hears…"]
    assert partials
    assert all("我想要那个红色的玩具车".startswith(text) for text in partials)
    assert said["thinks"] == "右下角有一辆红色遥控车。"
    assert said["says"] == "你指的是右下角那辆红色遥控车吗？"
    assert said["gate"] == "text 0.33  image 0.33  speech 0.33"
    assert "frame, encoded" in said["sees"]


@pytest.mark.anyio
async def test_a_wrong_answer_makes_the_scene_fail() -> None:
    reply = ScriptedReply(text="你指的是左上角那辆蓝色遥控车吗？")
    outcome, _ = await play(TOYS, Script(utterances=("我想要那个红色的玩具车",), replies=(reply,)))
    assert outcome.complaints == ("the reply lacks 右下", "the reply lacks 红")


@pytest.mark.anyio
async def test_a_call_is_answered_and_the_answer_to_it_checked() -> None:
    call = m.ToolCall(call_id="call_1", name="set_ac_temperature", arguments='{"temperature": 26}')
    replies = (
        ScriptedReply(tool_calls=(call,), when="把空调"),
        ScriptedReply(text="空调已调到26度。", when="ok"),
    )
    outcome, shown = await play(CAR, Script(utterances=("把空调调到二十六度",), replies=replies))
    assert outcome.complaints == ()
    assert 'set_ac_temperature({"temperature": 26})' in shown
    assert "空调已调到26度。" in shown


@pytest.mark.anyio
async def test_three_turns_share_one_session_and_each_is_judged() -> None:
    replies = (
        ScriptedReply(text="真好！", when="明天"),
        ScriptedReply(text="大熊猫吃肉。", when="最想看"),
        ScriptedReply(text="你要带女儿去看大熊猫。", when="记得"),
    )
    utterances = ("我明天想带女儿去动物园", "她最想看大熊猫大熊猫吃什么", "你还记得我要带谁去看什么吗")
    outcome, _ = await play(ZOO, Script(utterances=utterances, replies=replies))
    assert outcome.complaints == ("turn 2: the reply lacks 竹",)


@pytest.mark.anyio
async def test_a_scene_that_only_transcribes_ends_without_a_response() -> None:
    outcome, shown = await play(HUMAN, Script(utterances=("中国",)))
    assert outcome.complaints == ()
    assert "says" not in shown


@pytest.mark.anyio
async def test_a_turn_without_an_answer_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoglm_agent.commands.demo.TURN_TIMEOUT_S", 3.0)
    outcome, _ = await play(WHO, Script(utterances=("你是谁",), replies=(ScriptedReply(text="我", stalls=True),)))
    assert outcome.complaints == ("no answer within 3 s", "the reply lacks AutoGLM")


# --- The looks -------------------------------------------------------------------------------------------------------


def full_turn() -> Turn:
    call = ToolCall("c", "set_ac_temperature", "{}")
    return Turn(transcript="你好", reasoning="想", text="好", calls=[call], latency_ms={"first_text": 300.0}, **SEEN)


def test_a_terminal_shows_all_of_a_turn_with_bars() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    view = make_view(console, plain=False)
    assert isinstance(view, LiveView)
    view.begin("你好", Turn())
    view.show({"type": "response.output_text.delta"}, full_turn())
    view.end(full_turn())
    drawn = console.file.getvalue()
    for piece in ("你好", "想", "好", "set_ac_temperature", "first text 300 ms", "█" * 12 + "░" * 12):
        assert piece in drawn


def test_without_a_terminal_or_when_asked_lines_are_printed() -> None:
    assert isinstance(make_view(Console(file=io.StringIO()), plain=False), PlainView)
    assert isinstance(make_view(Console(file=io.StringIO(), force_terminal=True), plain=True), PlainView)


def test_the_summary_marks_what_is_wrong() -> None:
    good = Outcome(title="One", seconds=1.0, latency_ms={"first_text": 412.3}, complaints=())
    console = Console(file=io.StringIO(), width=100)
    console.print(summary([good, replace(good, title="Two", latency_ms={}, complaints=("the reply lacks 红",))]))
    one, two = [line for line in console.file.getvalue().splitlines() if "One" in line or "Two" in line]
    assert "✓" in one
    assert "412" in one
    assert "✗" in two
    assert "the reply lacks 红" in two


@pytest.mark.parametrize(("right", "code"), [(True, 0), (False, 1)])
def test_the_command_ends_with_1_when_something_is_wrong(autoglm, monkeypatch, right, code) -> None:
    monkeypatch.setattr("autoglm_agent.commands.demo.run_demo", lambda **_: right)
    assert autoglm("demo").exit_code == code


@pytest.mark.trained
@pytest.mark.timeout(300)
def test_nano_answers_every_scene(autoglm) -> None:
    result = autoglm("demo", "--fast")
    assert result.exit_code == 0, result.stdout
    assert "7 of 7 scenes right" in result.stdout
