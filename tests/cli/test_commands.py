"""The commands as a user types them: what they print, and what they say when something cannot be used."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autoglm_agent.audio.files import read_audio, write_wav
from autoglm_agent.commands.asking import Question, answer
from autoglm_agent.commands.scenes import MEDIA_DIR
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedEngine, ScriptedReply
from autoglm_agent.errors import InputError
from autoglm_agent.model import loading

WHO = MEDIA_DIR / "who.flac"
TOYS = MEDIA_DIR / "toys.png"


def test_help_answers_in_under_half_a_second() -> None:
    spent_s = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "autoglm_agent.cli", "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent_s) < 0.5


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom autoglm_agent.cli import app\n"
        "for words in (['--help'], ['train', '--help'], ['bench', '--help'], ['ask', '--help']):\n"
        "    assert CliRunner().invoke(app, words).exit_code == 0, words\n"
        "print({'torch', 'transformers', 'numpy', 'fastapi', 'anyio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_ask_gives_json_with_every_stage(autoglm, checkpoint) -> None:
    result = autoglm(
        "ask", "这是什么？", "--image", TOYS, "--audio", WHO, "--json", "--model", checkpoint, "--threads", 1
    )
    assert result.exit_code == 0
    given = json.loads(result.stdout)
    assert list(given) == ["transcript", "reasoning", "text", "tool_calls", "gate", "latency_ms"]
    assert given["transcript"]
    assert given["reasoning"] + given["text"]
    assert set(given["gate"]) == {"text", "image", "speech"}
    assert sum(given["gate"].values()) == pytest.approx(1, abs=1e-3)
    assert min(given["gate"].values()) > 0
    stages = given["latency_ms"]
    assert {"load", "speech", "vision", "first_token", "prefill", "decode", "total"} <= set(stages)
    assert stages["speech"] + stages["vision"] <= stages["first_token"] <= stages["total"]


def test_what_was_not_given_has_no_weight_and_no_stage(autoglm, checkpoint) -> None:
    result = autoglm("ask", "你是谁？", "--no-think", "--json", "--model", checkpoint, "--threads", 1)
    given = json.loads(result.stdout)
    assert given["reasoning"] == given["transcript"] == ""
    assert given["gate"] == {"text": 1.0, "image": 0.0, "speech": 0.0}
    assert not {"speech", "vision"} & set(given["latency_ms"])


def test_ask_prints_reasoning_then_text_then_calls(autoglm, monkeypatch, tmp_path) -> None:
    call = m.ToolCall(call_id="c", name="set_ac_temperature", arguments='{"temperature": 26}')
    reply = ScriptedReply(reasoning="要调空调。", text="好的。", tool_calls=(call,))
    engine = ScriptedEngine(Script(replies=(reply,)))
    monkeypatch.setattr("autoglm_agent.commands.asking.load_engine", lambda spec: engine)
    tools = tmp_path / "tools.json"
    tools.write_text(json.dumps([{"type": "function", "function": {"name": "set_ac_temperature"}}]))
    result = autoglm("ask", "调到二十六度", "--tools", tools)
    assert result.stdout.splitlines()[:3] == ["要调空调。", "好的。", 'set_ac_temperature({"temperature": 26})']


def test_an_answer_counts_time_by_the_clock_it_is_given() -> None:
    ticks = iter(range(100))
    engine = ScriptedEngine(Script(utterances=("你好",), replies=(ScriptedReply(reasoning="嗯", text="好"),)))
    given = answer(engine, Question(audio=read_audio(WHO)), clock=lambda: next(ticks))
    assert given.transcript == "你好"
    stages = given.latency_ms
    assert (stages["speech"], stages["first_token"], stages["first_text"], stages["total"]) == (1000, 2000, 4000, 5000)


def test_the_tools_of_a_question_reach_the_engine() -> None:
    seen = []

    class Recorder(ScriptedEngine):
        def submit(self, request):
            seen.append(request)
            super().submit(request)

    tool = m.Tool(name="play", description="播放", parameters="{}")
    answer(Recorder(Script()), Question(text="放首歌", tools=(tool,), think=False))
    (generate,) = [request for request in seen if isinstance(request, m.Generate)]
    assert generate.tools == (tool,)
    assert not generate.enable_thinking


def test_a_failure_of_the_engine_is_raised_as_what_it_means() -> None:
    with pytest.raises(InputError, match="the picture is empty"):
        answer(ScriptedEngine(Script()), Question(text="看", images=(b"",)))


def test_transcribe_gives_a_line_of_json_for_each_file(autoglm, checkpoint) -> None:
    files = [WHO, MEDIA_DIR / "human.flac"]
    result = autoglm("transcribe", *files, "--json", "--model", checkpoint, "--threads", 1, "--lookahead-ms", 160)
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(path) for path in files]
    for line, path in zip(lines, files, strict=True):
        assert list(line) == ["file", "text", "partials", "rtf"]
        assert line["partials"][-1]["text"] == line["text"] != ""
        heard_ms = [partial["audio_ms"] for partial in line["partials"]]
        assert heard_ms == sorted(heard_ms)
        assert heard_ms[0] <= 320
        assert heard_ms[-1] <= len(read_audio(path)) / 16 + 160
        assert line["rtf"] > 0


def test_transcribe_prints_the_text_beside_the_file(autoglm, monkeypatch) -> None:
    engine = ScriptedEngine(Script(utterances=("你是谁",)))
    monkeypatch.setattr("autoglm_agent.commands.transcribing.load_engine", lambda spec: engine)
    assert autoglm("transcribe", WHO).stdout.startswith(f"{WHO}: 你是谁  rtf ")


def test_a_file_that_cannot_be_used_does_not_stop_the_others(autoglm, monkeypatch) -> None:
    engine = ScriptedEngine(Script(utterances=("你是谁",)))
    monkeypatch.setattr("autoglm_agent.commands.transcribing.load_engine", lambda spec: engine)
    result = autoglm("transcribe", "absent.wav", WHO, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["text"] == "你是谁"
    assert result.stderr == "error: absent.wav does not exist or is not a file; check the path.\n"


@pytest.fixture
def broken(tmp_path):
    """Files that cannot be used, by name."""
    (tmp_path / "broken.png").write_bytes(TOYS.read_bytes()[:2000])
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "noise.wav").write_bytes(b"RIFF" + bytes(range(200)))
    (tmp_path / "empty.wav").write_bytes(b"")
    write_wav(tmp_path / "silent.wav", np.zeros(16_000, np.float32))
    (tmp_path / "tools.json").write_text("[{]")
    (tmp_path / "nameless.json").write_text('[{"type": "function", "description": "?"}]')
    (tmp_path / "numbers.json").write_text("[1, 2]")
    (tmp_path / "unknown").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "llama"}')
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask"], "nothing to answer"),
        (["ask", "你好", "--image", "{}/absent.png"], "absent.png does not exist"),
        (["ask", "你好", "--image", "{}/broken.png"], "broken.png is a broken picture"),
        (["ask", "你好", "--image", "{}/text.png"], "text.png is not a picture we can read"),
        (["ask", "--audio", "{}/absent.wav"], "absent.wav does not exist"),
        (["ask", "--audio", "{}/noise.wav"], "noise.wav cannot be read as audio"),
        (["ask", "--audio", "{}/empty.wav"], "empty.wav is empty"),
        (["ask", "--audio", "{}/silent.wav"], "silent.wav is silent"),
        (["ask", "你好", "--tools", "{}/absent.json"], "absent.json cannot be read"),
        (["ask", "你好", "--tools", "{}/tools.json"], "tools.json is no JSON list of functions"),
        (["ask", "你好", "--tools", "{}/nameless.json"], "nameless.json is no list of functions: name"),
        (["ask", "你好", "--tools", "{}/numbers.json"], "numbers.json is no JSON list of functions"),
        (["ask", "你好", "--model", "nowhere"], "'nowhere' is neither nano, a directory here, nor a hub id"),
        (["ask", "你好", "--model", "{}/unknown"], "has no config.json"),
        (["ask", "你好", "--model", "{}/other"], "is a 'llama' model"),
        (["transcribe", "{}/silent.wav"], "silent.wav is silent"),
        (["transcribe", "{}/noise.wav"], "noise.wav cannot be read as audio"),
        (["transcribe", str(WHO), "--lookahead-ms", "50"], "--lookahead-ms 50 is not usable"),
        (["transcribe", str(WHO), "--model", "nowhere"], "'nowhere' is neither"),
        (["demo", "--fast", "--model", "nowhere"], "'nowhere' is neither"),
        (["serve", "--port", "70000"], "setting `port` is not usable"),
        (["serve", "--log-level", "loud"], "setting `log_level` is not usable"),
        (["eval", "--data", "{}/absent"], "is not a folder"),
    ],
    ids=lambda value: " ".join(value).replace("/", "-") if isinstance(value, list) else "",
)
def test_what_cannot_be_used_is_told_in_one_line(autoglm, broken, words, said) -> None:
    result = autoglm(*(word.replace("{}", str(broken)) for word in words))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_absent_weights_are_told_with_the_remedy(autoglm, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(loading, "NANO_DIR", tmp_path)
    result = autoglm("ask", "你好")
    assert result.exit_code == 2
    assert "the weights of nano are not in this installation; train them" in result.stderr


def test_a_broken_checkpoint_is_no_traceback(autoglm, checkpoint, tmp_path) -> None:
    for path in Path(checkpoint).iterdir():
        data = path.read_bytes()
        (tmp_path / path.name).write_bytes(data[:100] if path.name == "model.safetensors" else data)
    result = autoglm("ask", "你好", "--model", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def test_an_absent_package_is_named_with_the_extra_that_has_it(autoglm, monkeypatch) -> None:
    def fail(**_):
        raise ModuleNotFoundError("No module named 'pypinyin'", name="pypinyin")

    monkeypatch.setattr("autoglm_agent.training.evaluate.evaluation.run_eval", fail)
    result = autoglm("eval")
    assert result.exit_code == 2
    assert "this needs the package pypinyin" in result.stderr
    assert "autoglm-agent[train]" in result.stderr


def test_eval_and_bench_hand_on_what_was_typed(autoglm, monkeypatch, tmp_path) -> None:
    seen = []
    monkeypatch.setattr("autoglm_agent.training.evaluate.evaluation.run_eval", lambda **given: seen.append(given))
    monkeypatch.setattr("autoglm_agent.bench.engine.run", lambda **given: seen.append(given))
    monkeypatch.setattr("autoglm_agent.bench.realtime.run", lambda **given: seen.append(given))
    monkeypatch.setattr("autoglm_agent.bench.conversations.run", lambda **given: seen.append(given))
    autoglm("eval", "--data", tmp_path, "--only", "scenes", "--only", "labels", "--sizes", "tiny", "--json")
    autoglm("bench", "engine", "--model", "nano", "--device", "cpu", "--json")
    autoglm("bench", "realtime", "--sessions", 12)
    autoglm("bench", "conversations", "--seed", 2)
    evaluation, engine, realtime, conversations = seen
    assert (evaluation["data"], evaluation["only"], evaluation["sizes"]) == (tmp_path, ["scenes", "labels"], "tiny")
    assert evaluation["json"]
    assert (engine["model"], engine["device"], engine["json"]) == ("nano", "cpu", True)
    assert (realtime["sessions"], realtime["engine"], realtime["json"]) == (12, "scripted", False)
    assert conversations == {"conversations": 200, "engine": "nano", "seed": 2, "json": False}


def test_serve_hands_on_only_what_was_typed(autoglm, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr("autoglm_agent.server.run.serve", lambda settings, announce: seen.append(settings))
    monkeypatch.setenv("AUTOGLM_MAX_SESSIONS", "7")
    autoglm("serve", "--port", 0, "--api-key", "one", "--api-key", "two")
    (settings,) = seen
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert (settings.port, settings.max_sessions, settings.host) == (0, 7, "127.0.0.1")


def test_a_picture_is_read_whole_before_the_model_is_loaded(autoglm, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("autoglm_agent.commands.asking.load_engine", lambda spec: pytest.fail("loaded"))
    Image.new("RGB", (8, 8)).save(tmp_path / "small.bmp")
    (tmp_path / "cut.jpg").write_bytes((MEDIA_DIR / "photo.jpg").read_bytes()[:5000])
    result = autoglm("ask", "看", "--image", tmp_path / "small.bmp", "--image", tmp_path / "cut.jpg")
    assert result.exit_code == 2
    assert "cut.jpg" in result.stderr


def test_a_longer_recording_than_an_utterance_is_refused(autoglm, tmp_path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 61 * 16_000).astype(np.float32)
    write_wav(tmp_path / "long.wav", noise)
    result = autoglm("ask", "--audio", tmp_path / "long.wav")
    assert result.exit_code == 2
    assert "the limit is 60 s" in result.stderr


def test_the_question_of_a_recording_stands_before_the_text() -> None:
    seen = []

    class Recorder(ScriptedEngine):
        def submit(self, request):
            seen.append(request)
            super().submit(request)

    question = Question(text="请回答", images=(TOYS.read_bytes(), TOYS.read_bytes()), audio=read_audio(WHO))
    answer(Recorder(Script(utterances=("你是谁",))), question)
    (generate,) = [request for request in seen if isinstance(request, m.Generate)]
    assert generate.turns[0].content == (
        m.ImagePart(frame_id="image0"),
        m.ImagePart(frame_id="image1"),
        m.AudioPart(stream_id="recording", transcript="你是谁"),
        m.TextPart(text="请回答"),
    )


def test_the_model_of_the_environment_is_taken_where_none_is_typed(autoglm, monkeypatch) -> None:
    monkeypatch.setenv("AUTOGLM_MODEL", "elsewhere")
    assert "'elsewhere' is neither" in autoglm("ask", "你好").stderr
    assert "'nowhere' is neither" in autoglm("ask", "你好", "--model", "nowhere").stderr
