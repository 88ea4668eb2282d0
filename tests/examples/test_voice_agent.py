"""The agents of the examples: one that hears a recording on nano, one that a server answers with."""

import ast
import socket
import sys
import wave

import anyio
import pytest

from autoglm_agent.client import connect
from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.examples.test_examples import ROOT

CALL = ToolCall(call_id="call_1", name="set_ac_temperature", arguments='{"temperature": 26}')
SCRIPT = Script(
    replies=(ScriptedReply(when="空调", reasoning="要调空调", tool_calls=(CALL,)), ScriptedReply(text="调好了。"))
)


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.trained
async def test_the_voice_agent_hears_a_command_acts_on_it_and_answers_aloud(tmp_path) -> None:
    answer = tmp_path / "answer.wav"
    program = [sys.executable, "examples/langchain_voice_agent.py", "autoglm_agent/media/car.flac", str(answer)]
    with anyio.fail_after(110):  # two imports of torch and two engines on a loaded machine
        done = await anyio.run_process(program, cwd=ROOT)
    lines = [line.split(maxsplit=1) for line in done.stdout.decode().splitlines()]
    told = {label: text for label, text in lines}
    assert told["hears"] == "把空调调到二十六度"
    assert told["calls"] == 'set_ac_temperature {"temperature": 26}'
    assert told["thinks"]
    assert "26" in told["says"]
    assert ast.literal_eval(told["car"]) == {"temperature": 26.0, "window": "closed"}
    with wave.open(str(answer)) as file:
        assert file.getframerate() == 24_000
        assert file.getnframes() > 24_000


@pytest.fixture
def port(monkeypatch):
    """A free port, and the agent told that its server is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    monkeypatch.setenv("AUTOGLM_URL", f"http://127.0.0.1:{number}")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield number
    sys.modules.pop("examples.car_agent", None)


@pytest.mark.anyio
async def test_a_server_answers_with_the_car_agent_whose_model_is_its_own(port) -> None:
    settings = Settings(port=port, voice="none", agent="examples.car_agent:agent")
    with anyio.fail_after(30):
        async with serving(settings, bridge=ComputeBridge.thread(EngineSpec(script=SCRIPT))) as (url, _):
            async with connect(url) as client:
                await client.send_text("把空调调到二十六度")
                await client.create_response()
                events = await client.until("response.done")
    items = [event["item"] for event in events if event["type"] == "conversation.item.done"]
    assert [item["type"] for item in items] == ["message", "function_call", "function_call_output", "message"]
    assert (items[1]["name"], items[1]["arguments"]) == ("set_ac_temperature", '{"temperature": 26}')
    assert items[2]["output"] == '{"ok": true, "temperature": 26.0}'
    assert items[3]["content"][0]["text"] == "调好了。"
