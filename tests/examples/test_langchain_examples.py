"""The LangChain examples, run as they are: nano answers, in process or behind a server of ours."""

import re
import runpy
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from autoglm_agent.engine.spec import EngineSpec
from tests.integrations.langchain.conftest import server

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.trained


@pytest.fixture(scope="module")
def url():
    """A server with nano."""
    with server(EngineSpec(model="nano")) as (url, _):
        yield url


@pytest.fixture
def output_of(monkeypatch, capsys):
    """Runs an example as `python examples/NAME …` would, in this process, so that nano is loaded once for all."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_the_chain_puts_sentences_into_records(output_of) -> None:
    *records, total, who = output_of("langchain_chain.py").splitlines()
    assert records == ["书包 85", "雨伞 30", "台灯 60"]
    assert total == "total 175"
    assert "AutoGLM" in who


def test_the_agent_changes_the_car_and_says_so(output_of) -> None:
    lines = output_of("langchain_agent.py").splitlines()
    car = literal_eval(lines[-1].removeprefix("car "))
    assert car == {"temperature": 26, "windows": {"driver": 30}, "destination": "人民广场", "range_km": 312}
    said = [line.removeprefix("  says  ") for line in lines if line.startswith("  says")]
    for line, fact in zip(said, ("26", "30", "人民广场", "312"), strict=True):
        assert fact in line


def test_the_agent_s_own_sentence_may_be_given(output_of) -> None:
    printed = output_of("langchain_agent.py", "我想去火车站")
    assert "'destination': '火车站'" in printed
    assert "'temperature': 20" in printed


def test_the_trace_shows_the_reasoning_before_the_answer_and_the_gate_after_it(output_of) -> None:
    thinks, answer, facts, stopwatch = output_of("langchain_trace.py").splitlines()
    assert re.fullmatch(r"thinks  .*右下角.*", thinks)
    assert "右下角" in answer
    assert re.match(r"gate text 0\.\d\d image 0\.\d\d speech 0\.00 · vision \d+ ms, first token \d+ ms", facts)
    assert re.search(r" · [1-9]\d* of \d+ tokens for thinking$", facts)
    assert re.fullmatch(r"[1-9]\d* ms of thought, mostly on the (text|image)", stopwatch)


def test_a_spoken_question_over_a_picture_is_answered(output_of) -> None:
    shown = dict(line.split(maxsplit=1) for line in output_of("langchain_see_and_hear.py").splitlines())
    assert "遥控车" in shown["thinks"]
    assert all(words in shown["says"] for words in ("右下", "红", "遥控车"))
    weights = [float(weight) for weight in re.findall(r"\d\.\d\d", shown["gate"])]
    assert len(weights) == 3
    assert min(weights) > 0.05
    assert sum(weights) == pytest.approx(1, abs=0.02)
    assert {"vision", "speech", "decode"} <= set(re.findall(r"(\w+) \d+ ms", shown["took"]))
    assert literal_eval(shown["tokens"])["input_token_details"]["audio"] > 0


def test_each_thread_of_the_graph_remembers_its_own(output_of) -> None:
    lines = output_of("langchain_memory.py").splitlines()
    asked = [number for number, line in enumerate(lines) if "你还记得" in line]
    mother, neighbour = (lines[number + 1] for number in asked)
    assert all(word in mother for word in ("女儿", "动物园", "大熊猫"))
    assert all(word in neighbour for word in ("奶奶", "海洋馆", "海豚"))
    cached, total = map(int, re.match(r"(\d+) of (\d+) tokens", lines[-1]).groups())
    assert total > cached > total / 2


def test_the_remote_model_streams_stops_batches_and_calls(output_of, url) -> None:
    thinks, answer, *batch, call = output_of("langchain_remote.py", url).splitlines()
    assert re.fullmatch(r"thinks  .+", thinks)
    assert "AutoGLM" in answer
    assert [line.split()[0] for line in batch] == ["你是谁？", "大熊猫吃什么？", "企鹅住在哪里？"]
    assert "竹" in batch[1]
    assert call == "set_ac_temperature {'temperature': 26}"


def test_of_the_other_clients_one_shows_the_reasoning_and_one_does_not(output_of, url) -> None:
    openai, deepseek = re.split(r"(?=^ChatDeepSeek)", output_of("openai_clients.py", url), flags=re.MULTILINE)
    assert openai.splitlines()[0] == "ChatOpenAI"
    assert "(does not show its reasoning)" in openai
    assert re.search(r"^  thinks [^(\s].+", deepseek, flags=re.MULTILINE)
    for printed in (openai, deepseek):
        assert re.search(r"^  says   .*AutoGLM", printed, flags=re.MULTILINE)
