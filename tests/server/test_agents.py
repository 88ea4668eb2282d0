"""`serve --agent`: what is loaded, and what is said when it cannot be."""

from __future__ import annotations

import sys

import anyio
import pytest
from typer.testing import CliRunner

from autoglm_agent.cli import app
from autoglm_agent.engine.scripted import Script
from autoglm_agent.errors import InputError
from autoglm_agent.server import agents
from autoglm_agent.server.agents import load_agent
from langchain_autoglm import AgentBrain
from tests.interaction.harness import CLIENTS
from tests.interaction.test_turns import text_only

CAR = """
from langchain_core.runnables import RunnableLambda
from langgraph.graph import MessagesState, StateGraph

from langchain_autoglm import AgentBrain


async def answer(messages):
    return f"你说的是{messages[-1].text}"


agent = RunnableLambda(answer)
brain = AgentBrain(agent, max_messages=4)
graph = StateGraph(MessagesState)
number = 3


class Car:
    agent = agent


def make():
    return agent
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with agents, which the server is started in."""
    (tmp_path / "voice_car.py").write_text(CAR, encoding="utf-8")
    (tmp_path / "voice_broken.py").write_text("1 / 0\n")
    (tmp_path / "voice_needy.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("voice_")]:
        del sys.modules[name]


@pytest.mark.parametrize("attribute", ["agent", "Car.agent"])
def test_a_runnable_is_found_in_the_working_folder(folder, attribute) -> None:
    maker = load_agent(f"voice_car:{attribute}")
    assert isinstance(maker, AgentBrain)
    assert maker.agent is sys.modules["voice_car"].agent


def test_a_brain_is_taken_as_it_is(folder) -> None:
    assert load_agent("voice_car:brain") is sys.modules["voice_car"].brain


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (
            "voice_car",
            "not of the form module:attribute; for `agent = create_agent(…)` in car.py write --agent car:agent",
        ),
        ("voice_car:agnt", "'voice_car' has no 'agnt'; did you mean agent?"),
        ("voice_boat:agent", "no module 'voice_boat' in {folder} or among the installed packages"),
        ("voice_car:number", "is of type int, not a Runnable; name a compiled graph, a chain or a chat model"),
        ("voice_car:make", "is of type function, not a Runnable; call it and name what it returns"),
        ("voice_car:graph", "is a StateGraph that has not been compiled; name the result of its compile()"),
        ("voice_broken:agent", "importing 'voice_broken' failed with ZeroDivisionError: division by zero"),
        ("voice_needy:agent", "needs the package 'a_package_that_nobody_has', which is not installed"),
    ],
    ids=lambda value: value if value.startswith("voice_") else "",
)
def test_the_command_says_what_is_wrong_with_an_agent_before_it_listens(folder, reference, words) -> None:
    result = CliRunner().invoke(app, ["serve", "--port", "0", "--agent", reference])
    assert result.exit_code == 2
    assert words.format(folder=folder) in result.stderr
    assert "ready" not in result.stdout


def test_without_langchain_the_command_says_what_to_install(folder, monkeypatch) -> None:
    monkeypatch.setattr(agents, "INTEGRATION", "langchain_that_is_not_here.brain")
    with pytest.raises(InputError, match=r"needs LangChain.*pip install 'autoglm-agent\[langchain\]'"):
        load_agent("voice_car:agent")


@pytest.mark.anyio
@pytest.mark.parametrize("connect", list(CLIENTS.values()), ids=list(CLIENTS))
async def test_the_agent_that_the_settings_name_answers(folder, connect) -> None:
    with anyio.fail_after(10):
        async with connect(Script(), agent="voice_car:agent") as client:
            await text_only(client)
            await client.write("你好")
            events = await client.until("response.done")
    assert "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta") == "你说的是你好"
