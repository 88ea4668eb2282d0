"""Every example and every block of the README runs, against a real server with a scripted engine."""

import re
import shlex
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from typer.main import get_command

from autoglm_agent.cli import app
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.loading import save_nano
from autoglm_agent.model.network import AutoGLMForConditionalGeneration
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
SCRIPT = Script(utterances=("我想要那个",), replies=(ScriptedReply(reasoning="想一想。", text="你指的是这个吗？"),))


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


@asynccontextmanager
async def server():
    with anyio.fail_after(60):  # importing takes seconds on a loaded machine
        async with serving(Settings(port=0), bridge=ComputeBridge.thread(EngineSpec(script=SCRIPT))) as (url, _):
            yield url


async def output_of(*arguments):
    done = await anyio.run_process([sys.executable, *arguments], cwd=ROOT)
    return done.stdout.decode()


@pytest.mark.anyio
async def test_the_readme_s_python_runs() -> None:
    programs = blocks("python")
    assert programs
    async with server() as url:
        for program in programs:
            assert ADDRESS in program
            assert "你指的是这个吗？" in await output_of("-c", program.replace(ADDRESS, url))


@pytest.mark.anyio
async def test_the_realtime_example_prints_what_it_hears_and_what_is_replied() -> None:
    async with server() as url:
        lines = (await output_of("examples/realtime_client.py", url)).splitlines()
    said = {line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1] for line in lines}
    assert said["think"] == "想一想。"
    assert said["reply"] == "你指的是这个吗？"
    assert "".join(line.split()[1] for line in lines if line.startswith("heard")) == "我想要那个"
    assert "'image': 0.33" in said["gate"]


@pytest.mark.anyio
async def test_the_chat_completions_example_prints_reasoning_and_answer() -> None:
    async with server() as url:
        assert await output_of("examples/chat_completions.py", url) == "想一想。你指的是这个吗？\n"


@pytest.mark.anyio
async def test_the_responses_example_prints_reasoning_and_answers_of_two_turns() -> None:
    async with server() as url:
        printed = await output_of("examples/responses.py", url)
    answer = "想一想。\n你指的是这个吗？\n"
    assert printed == f"> 我叫小明。\n{answer}> 我叫什么名字？\n{answer}"


@pytest.mark.anyio
async def test_the_transcriptions_example_prints_what_is_heard() -> None:
    async with server() as url:
        heard, whole = (await output_of("examples/transcriptions.py", url)).splitlines()
    assert heard.replace(" ", "") == whole == "我想要那个"


@pytest.mark.anyio
async def test_the_in_process_example_answers_with_a_checkpoint(tmp_path) -> None:
    config = AutoGLMConfig.tiny(vocab_size=len(AutoGLMTokenizer.from_pretrained(NANO_DIR)))
    save_nano(AutoGLMForConditionalGeneration(config).eval(), tmp_path)
    with anyio.fail_after(60):
        printed = await output_of("examples/in_process.py", str(tmp_path))
    assert re.search(r"\n[1-9]\d* tokens, \d+ ms\n$", printed)


def command_lines():
    return [line.split("#")[0].strip() for block in blocks("bash") for line in block.splitlines()]


def test_every_command_of_the_readme_is_one() -> None:
    lines = [shlex.split(line) for line in command_lines()]
    group = get_command(app)
    for program, *words in lines:
        if program == "make":
            assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
            continue
        assert program == "autoglm"
        files = [word for word in words if "/" in word and "://" not in word]
        assert [word for word in files if not (ROOT / word).exists()] == []
        parse(group, words)


def parse(group, words):
    """Parse without running; a wrong option or a missing argument is an error."""
    name, command, rest = group.resolve_command(
        group.make_context("autoglm", list(words), resilient_parsing=True), words
    )
    if hasattr(command, "commands") and rest != ["--help"]:
        parse(command, rest)
    elif rest != ["--help"]:
        command.make_context(name, list(rest))


def test_a_mistaken_command_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(get_command(app), ["ask", "你好", "--picture", "x.png"])


def test_every_example_is_named_in_the_readme() -> None:
    assert [path.name for path in (ROOT / "examples").iterdir() if path.is_file() and path.name not in README] == []


ELSEWHERE = {
    "make": "this is what `make` runs, or the demonstration, which tests/cli runs",
    "source": "changes the shell",
    "demo": "tests/cli runs it",
    "serve": "runs until it is stopped; every test here talks to one",
    "eval": "takes minutes; tests/training runs it in small",
    "bench": "takes minutes; tests/bench runs each in small",
}
"""Commands of the README that do not run here, and why."""
NEEDS = {"talk": "--wav"}
"""What a command needs to run without a microphone."""


def shown_commands():
    lines = [shlex.split(line) for line in command_lines() if line]
    return [
        words
        for words in lines
        if not {words[0], words[1]} & ELSEWHERE.keys() and NEEDS.get(words[1], words[1]) in words
    ]


@pytest.mark.trained
@pytest.mark.slow
@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_a_command_of_the_readme_does_what_it_says(words) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autoglm_agent.cli", *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
