"""The car and the robot, obeying nano: the whole example but its server's socket, in virtual time."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
from collections import deque
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.bench.memory_socket import MemorySocket
from autoglm_agent.client import RealtimeClient, RecordedMicrophone, RecordingLoudspeaker
from autoglm_agent.client.tools import run_tool
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.load import load
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.runtime.work import at_once
from autoglm_agent.server.run import serving
from autoglm_agent.server.service import open_service
from autoglm_agent.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def nano():
    return load(EngineSpec(model="nano", threads=2))


def obeyed(nano, module, make, *numbers):
    """Have some of the example's commands obeyed; the object that obeyed, and what it printed."""
    module.COMMANDS = tuple(module.COMMANDS[number] for number in numbers)
    sounds = anyio.run(module.speak, [command.words for command in module.COMMANDS])
    console = Console(file=io.StringIO(), width=160)

    async def run():
        async with open_service(
            Settings(voice="none"),
            bridge=ComputeBridge.local(nano),
            ears=VadHub(SileroVad(), in_thread=False),
            clock=anyio.current_time,
            work=at_once,
        ) as service:
            session = service.new_session()
            await service.lobby.start(session)
            client, microphone = RealtimeClient(MemorySocket(session)), RecordedMicrophone()
            await client.update_session(
                output_modalities=["text"],
                audio={"input": {"transcription": {"model": "nano"}, "turn_detection": {"type": "semantic_vad"}}},
            )
            one = make(client, console, microphone=microphone, loudspeaker=RecordingLoudspeaker())
            await one.loop.run(lambda: one.obey(microphone, sounds))
            session.close()
            return one

    one = anyio.run(run, backend_options={"loop_factory": VirtualTimeLoop})
    return one, console.file.getvalue()


@pytest.mark.trained
@pytest.mark.slow
def test_the_car_does_most_of_what_it_is_told_and_shows_it(nano) -> None:
    module = example("in_car")
    drive, shown = obeyed(nano, module, module.Drive, 1, 2, 3, 6, 9, 11)
    assert len(drive.right) == 6
    assert sum(drive.right) >= 5, shown
    assert drive.car.temperature == 20
    assert re.search(r"climate +│ 20 °C", shown)


@pytest.mark.trained
@pytest.mark.slow
def test_the_robot_moves_takes_and_finds_things_in_what_its_camera_sees(nano) -> None:
    module = example("robot")
    robot, shown = obeyed(nano, module, module.Robot, 0, 1, 2, 3, 5, 7)
    assert len(robot.right) == 6
    assert sum(robot.right) >= 5, shown
    assert robot.right[0], "the red ball was not found in the picture"
    assert (robot.world.hand, robot.world.basket) == ((2, 2), [module.BALL])
    assert "hand: 红色的球" in shown


CALLS = {
    "in_car": ("set_ac_temperature", '{"temperature": 26}', {}),
    "robot": ("move", '{"direction": "right", "steps": 1}', {"camera": None}),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_example_talks_to_a_server_by_its_address(name, capsys) -> None:
    module = example(name)
    function, arguments, more = CALLS[name]
    module.COMMANDS = next((command,) for command in module.COMMANDS if command.changes)
    call = m.ToolCall(call_id="call_1", name=function, arguments=arguments)
    replies = (ScriptedReply(tool_calls=(call,), when="请"), ScriptedReply(text="好的。"))
    bridge = ComputeBridge.thread(EngineSpec(script=Script(utterances=("请",), replies=replies)))

    async def talk() -> None:
        with anyio.fail_after(60):
            async with serving(Settings(port=0, voice="none"), bridge=bridge) as (url, _):
                await module.main(url, mic=False, **more)

    anyio.run(talk)
    shown = capsys.readouterr().out
    assert f"does   {function} {arguments}" in shown
    assert "says   好的。" in shown
    assert "1 of 1 commands done right" in shown


# --- The machines themselves -----------------------------------------------------------------------------------------


def calling(module_object, calls):
    """Results of calls as the model makes them."""
    tools = {tool.name: tool for tool in module_object.tools(lambda: None)}

    async def run():
        return [await run_tool(tools, name, arguments) for name, arguments in calls]

    return anyio.run(run)


def test_a_car_refuses_what_it_cannot_do_and_says_why() -> None:
    car = example("in_car").Car()
    results = calling(
        car,
        [
            ("set_ac_temperature", '{"temperature": 60}'),
            ("set_seat_heating", '{"seat": "driver", "level": 9}'),
            ("set_fan_speed", '{"level": -1}'),
            ("control_window", '{"window": "all", "action": "open"}'),
        ],
    )
    assert ["error" in result for result in results] == [True, True, True, False]
    assert "16到32" in results[0]
    assert (car.temperature, set(car.windows.values())) == (22, {100})


def test_a_robot_takes_only_what_is_under_its_hand_and_stays_over_the_table() -> None:
    module = example("robot")
    world = module.new_world()
    results = calling(
        world,
        [
            ("grasp", '{"object": "红色的球"}'),
            ("move", '{"direction": "right", "steps": 5}'),
            ("put", '{"place": "table"}'),
            ("move", '{"direction": "right", "steps": 1}'),
            ("look", '{"direction": "front"}'),
            ("move", '{"direction": "forward", "steps": 1}'),
            ("grasp", '{"object": "红色的球"}'),
            ("grasp", '{"object": "红色的球"}'),
            ("move", '{"direction": "left", "steps": 2}'),
            ("put", '{"place": "table"}'),
            ("put", '{"place": "basket"}'),
        ],
    )
    wrong = deque(number for number, result in enumerate(results) if "error" in result)
    assert list(wrong) == [0, 1, 2, 7, 9]
    assert "红色的球" in results[4]
    assert (world.hand, world.holds, world.basket) == ((0, 0), None, [module.BALL])


def test_the_picture_changes_only_where_a_thing_was_taken() -> None:
    module = example("robot")
    world = module.new_world()
    before = np.asarray(Image.open(io.BytesIO(world.picture())))
    del world.things[2, 0]
    after = np.asarray(Image.open(io.BytesIO(world.picture())))
    rows, columns = np.nonzero((before != after).any(axis=2))
    assert (rows.max() < 160, columns.min() > 426) == (True, True)
    assert before.shape == (480, 640, 3)
    red, green, blue = np.moveaxis(before[rows, columns].astype(int), 1, 0)
    assert np.mean((red > 2 * green) & (red > 2 * blue)) > 0.5
