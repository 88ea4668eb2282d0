"""A car that does what it is told: `python examples/in_car.py [--url URL] [--mic]`.

Climate, windows, seats, navigation, media and phone are functions; the state of the car is shown after each. Without
`--mic` it needs no hardware: the commands are spoken by espeak-ng (`pip install 'autoglm-agent[voice]'`), and what the
car should be afterwards is known, so it tells how many were done right. With `--mic` speak yourself; Ctrl-C ends.
"""

import argparse
from collections.abc import Callable
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import anyio
from rich.console import Console
from rich.table import Table

from autoglm_agent.audio import pcm
from autoglm_agent.client import (
    EchoGuard,
    Event,
    RealtimeClient,
    RecordedMicrophone,
    RecordingLoudspeaker,
    Tool,
    VoiceLoop,
    connect,
    open_sound_card,
)
from autoglm_agent.voice.espeak import EspeakSynthesiser

SEATS = ("driver", "passenger", "rear_left", "rear_right")
ANSWER_WITHIN_S = 30.0


def _seats(value: Any) -> Callable[[], dict[str, Any]]:
    """A value for every seat."""
    return lambda: dict.fromkeys(SEATS, value)


@dataclass
class Car:
    """What can be told to the car. Windows are open by so many percent."""

    temperature: float = 22
    fan: int = 1
    windows: dict[str, int] = field(default_factory=_seats(0))
    heating: dict[str, int] = field(default_factory=_seats(0))
    massage: dict[str, str] = field(default_factory=_seats("off"))
    destination: str = ""
    song: str = ""
    volume: int = 30
    call: str = ""

    async def set_ac_temperature(self, temperature: float) -> None:
        """Set the air conditioning to so many degrees."""
        if not 16 <= temperature <= 32:
            raise ValueError("温度只能在16到32度之间")
        self.temperature = temperature

    async def set_fan_speed(self, level: int) -> None:
        """Set the fan, from 0 to 7."""
        if not 0 <= level <= 7:
            raise ValueError("风速只有0到7档")
        self.fan = level

    async def set_window(self, window: str, percent: int) -> None:
        """Open a window, or all of them, by so many percent."""
        self.windows.update(dict.fromkeys(SEATS if window == "all" else (window,), percent))

    async def control_window(self, window: str, action: str) -> None:
        """Open or close a window, or all of them."""
        await self.set_window(window, 100 if action == "open" else 0)

    async def set_seat_heating(self, seat: str, level: int) -> None:
        """Heat a seat, from 0 to 3."""
        if not 0 <= level <= 3:
            raise ValueError("座椅加热只有0到3档")
        self.heating[seat] = level

    async def seat_massage(self, seat: str, state: str) -> None:
        """Turn a seat's massage on or off."""
        self.massage[seat] = state

    async def navigate(self, destination: str) -> None:
        """Show the way to a place."""
        self.destination = destination

    async def play_music(self, song: str) -> None:
        """Play a song."""
        self.song = song

    async def set_volume(self, volume: int) -> None:
        """Set the volume in percent."""
        self.volume = volume

    async def call_contact(self, contact: str) -> None:
        """Ring somebody."""
        self.call = contact

    def tools(self, on_change: Callable[[], None]) -> list[Tool]:
        """The functions as the model is told of them."""
        window = _one_of("哪扇窗", *SEATS, "all")
        seat = _one_of("座位", *SEATS)

        def tool(function: Callable[..., Any], description: str, **properties: Any) -> Tool:
            async def run(**arguments: Any) -> None:
                await function(**arguments)
                on_change()

            schema = {"type": "object", "properties": properties, "required": list(properties)}
            return Tool(name=function.__name__, description=description, parameters=schema, run=run)

        return [
            tool(self.set_ac_temperature, "设置空调温度", temperature=_number("温度")),
            tool(self.set_fan_speed, "设置空调风速档位", level=_number("档位")),
            tool(self.set_window, "设置车窗开度", window=window, percent=_number("开度")),
            tool(self.control_window, "开关车窗", window=window, action=_one_of("动作", "open", "close")),
            tool(self.set_seat_heating, "设置座椅加热档位", seat=seat, level=_number("档位")),
            tool(self.seat_massage, "开关座椅按摩", seat=seat, state=_one_of("开关", "on", "off")),
            tool(self.navigate, "导航到目的地", destination=_text("目的地")),
            tool(self.play_music, "播放音乐", song=_text("歌名")),
            tool(self.set_volume, "设置音量", volume=_number("音量")),
            tool(self.call_contact, "打电话给联系人", contact=_text("联系人")),
        ]

    def table(self) -> Table:
        """The state, a line for each part."""

        def seats(values: dict[str, Any], unit: str = "") -> str:
            return "  ".join(f"{seat} {value}{unit}" for seat, value in values.items())

        table = Table(show_header=False)
        table.add_row("climate", f"{self.temperature:g} °C, fan {self.fan}")
        table.add_row("windows", seats(self.windows, "%"))
        table.add_row("heating", seats(self.heating))
        table.add_row("massage", seats(self.massage))
        table.add_row("navigation", self.destination or "–")
        table.add_row("media", f"{self.song or '–'}, volume {self.volume}")
        table.add_row("phone", self.call or "–")
        return table


def _number(description: str) -> dict[str, Any]:
    return {"type": "number", "description": description}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _one_of(description: str, *values: str) -> dict[str, Any]:
    return {"type": "string", "description": description, "enum": list(values)}


@dataclass(frozen=True)
class Command:
    """What is said, and what of the car it changes. A dict is merged: only these seats change."""

    words: str
    changes: dict[str, Any]


COMMANDS = (
    Command("把空调调到二十六度", {"temperature": 26}),
    Command("我有点热，空调二十度吧", {"temperature": 20}),
    Command("风大一点，开到四档", {"fan": 4}),
    Command("把左后车窗打开一半", {"windows": {"rear_left": 50}}),
    Command("副驾那边的窗户开三成", {"windows": {"passenger": 30}}),
    Command("下雨了，关上所有车窗", {"windows": dict.fromkeys(SEATS, 0)}),
    Command("副驾座椅有点冷，加热调到三档", {"heating": {"passenger": 3}}),
    Command("给我的座椅开按摩，我在主驾", {"massage": {"driver": "on"}}),
    Command("送我去人民公园", {"destination": "人民公园"}),
    Command("我想听月亮代表我的心", {"song": "月亮代表我的心"}),
    Command("声音太大了，音量调到百分之二十", {"volume": 20}),
    Command("帮我给妈妈打个电话", {"call": "妈妈"}),
)
"""Half of them are said as nano was never told to expect."""


async def speak(texts: list[str]) -> list[pcm.Samples]:
    """The texts as sound, by a voice."""
    async with EspeakSynthesiser() as synthesiser:
        return [pcm.decode((await synthesiser.speak(text, voice="ming")).pcm) for text in texts]


class Drive:
    """The car, its voice loop, and what is shown of both."""

    def __init__(self, client: RealtimeClient, console: Console, **devices: Any) -> None:
        self.car, self._console = Car(), console
        tools = self.car.tools(lambda: console.print(self.car.table()))
        # nano mistakes old commands for new ones, so each stands alone.
        self.loop = VoiceLoop(client, tools=tools, keep_turns=0, on_event=self._show, **devices)
        self.right: list[bool] = []

    async def obey(self, microphone: RecordedMicrophone, sounds: list[pcm.Samples]) -> None:
        """Have `COMMANDS` spoken one after the other, and note whether each was done, and nothing else."""
        for command, sound in zip(COMMANDS, sounds, strict=True):
            wanted, answers = deepcopy(self.car), self.loop.answers
            for name, value in command.changes.items():
                setattr(wanted, name, getattr(wanted, name) | value if isinstance(value, dict) else value)
            self._console.print(f"\n[bold]{command.words}[/bold]")
            with anyio.move_on_after(ANSWER_WITHIN_S):
                await microphone.say(sound)
                await self.loop.answered(answers)
            self.right.append(self.car == wanted)
            self._console.print("[green]✓[/green]" if self.right[-1] else "[red]✗ not what was asked for[/red]")

    def _show(self, event: Event) -> None:
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                self._console.print(f"  heard  {event['transcript']}")
            case "response.function_call_arguments.done":
                self._console.print(f"  does   {event['name']} {event['arguments']}", markup=False)
            case "response.output_text.done" | "response.output_audio_transcript.done":
                text = event.get("text") or event.get("transcript")
                self._console.print(f"  says   {text}", markup=False)
            case "error":
                self._console.print(f"  error  {event['error']['message']}", style="red", markup=False)


async def main(url: str | None, *, mic: bool) -> None:
    """Connect, or start a server; then obey the commands, or whoever speaks."""
    console = Console(highlight=False)
    async with AsyncExitStack() as stack:
        if url is None:
            from autoglm_agent.server.run import serving
            from autoglm_agent.settings import Settings

            url, _ = await stack.enter_async_context(serving(Settings(port=0, log_level="error")))
        client = await stack.enter_async_context(connect(url, resume=True))
        await client.update_session(
            output_modalities=["audio" if mic else "text"],
            audio={"input": {"transcription": {"model": "nano"}, "turn_detection": {"type": "semantic_vad"}}},
        )
        if mic:
            card = await stack.enter_async_context(open_sound_card())
            console.print("Speak; Ctrl-C ends.")
            await Drive(client, console, microphone=card, loudspeaker=card, guard=EchoGuard()).loop.run()
            return
        sounds = await speak([command.words for command in COMMANDS])
        microphone = RecordedMicrophone()
        drive = Drive(client, console, microphone=microphone, loudspeaker=RecordingLoudspeaker())
        await drive.loop.run(lambda: drive.obey(microphone, sounds))
        console.print(f"\n{sum(drive.right)} of {len(COMMANDS)} commands done right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A car that does what it is told.")
    parser.add_argument("--url", help="a server's address; without one a server is started")
    parser.add_argument("--mic", action="store_true", help="speak yourself: needs a microphone and a loudspeaker")
    arguments = parser.parse_args()
    try:
        anyio.run(lambda: main(arguments.url, mic=arguments.mic))
    except KeyboardInterrupt:
        pass
