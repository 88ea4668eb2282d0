"""A robot over a table: `python examples/robot.py [--url URL] [--mic] [--camera N]`.

Its hand moves over nine places, takes things and puts them down; its camera sees the table, which is drawn anew
whenever something changes, so it can also be asked what is where. Without `--mic` it needs no hardware: the commands
are spoken by espeak-ng (`pip install 'autoglm-agent[voice]'`), and what should come of each is known. With `--mic`
speak yourself; with `--camera` it looks at your table, not at the drawn one. Ctrl-C ends.
"""

import argparse
import io
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import anyio
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from autoglm_agent.audio import pcm
from autoglm_agent.client import (
    EchoGuard,
    Event,
    PictureCamera,
    RealtimeClient,
    RecordedMicrophone,
    RecordingLoudspeaker,
    Tool,
    VoiceLoop,
    connect,
    open_sound_card,
    open_web_camera,
)
from autoglm_agent.training.pictures.scene_words import COLORS, KINDS
from autoglm_agent.training.pictures.sprite_pen import Pen
from autoglm_agent.training.pictures.sprite_things import THINGS
from autoglm_agent.voice.espeak import EspeakSynthesiser

WIDTH, HEIGHT, SPRITE = 640, 480, 120
TABLE = (232, 224, 206)
ANSWER_WITHIN_S = 30.0
STEPS = {"left": (-1, 0), "right": (1, 0), "forward": (0, -1), "backward": (0, 1)}
GAZES = STEPS | {"front": (0, -1), "back": (0, 1), "up": (0, -1), "down": (0, 1)}

Place = tuple[int, int]
"""Column and row on the table, from the left and from the far side, 0 to 2."""


@dataclass(frozen=True)
class Thing:
    """A thing of a kind and colour, by nano's names of both."""

    kind: str
    color: str

    def __str__(self) -> str:
        return f"{COLORS[self.color].chinese}色的{KINDS[self.kind].chinese}"


@dataclass
class World:
    """The table, the hand over it, and a basket beside it."""

    things: dict[Place, Thing]
    hand: Place = (1, 1)
    holds: Thing | None = None
    basket: list[Thing] = field(default_factory=list)
    seen: str = ""

    async def move(self, direction: str, steps: int) -> None:
        """Move the hand."""
        right, back = STEPS[direction]
        column, row = self.hand[0] + right * steps, self.hand[1] + back * steps
        if not (0 <= column <= 2 and 0 <= row <= 2):
            raise ValueError("那边没有桌子了")
        self.hand = (column, row)

    async def look(self, direction: str) -> dict[str, str]:
        """Say what lies beside the hand."""
        right, back = GAZES[direction]
        thing = self.things.get((self.hand[0] + right, self.hand[1] + back))
        self.seen = str(thing) if thing else "nothing"
        return {"status": "ok", "object": self.seen}

    async def grasp(self, object: str) -> None:
        """Take what lies under the hand."""
        thing = self.things.get(self.hand)
        if self.holds is not None:
            raise ValueError(f"手里已经有{self.holds}")
        if str(thing) != object:
            raise ValueError(f"这里没有{object}")
        self.holds = self.things.pop(self.hand)

    async def put(self, place: str) -> None:
        """Put what the hand holds into the basket, or on the table under it."""
        if self.holds is None:
            raise ValueError("手里没有东西")
        if place == "basket":
            self.basket.append(self.holds)
        elif self.hand in self.things:
            raise ValueError("这里已经有东西了")
        else:
            self.things[self.hand] = self.holds
        self.holds = None

    def tools(self, on_change: Callable[[], None]) -> list[Tool]:
        """The functions as the model is told of them."""

        def tool(function: Callable[..., Any], description: str, **properties: Any) -> Tool:
            async def run(**arguments: Any) -> Any:
                result = await function(**arguments)
                on_change()
                return result

            schema = {"type": "object", "properties": properties, "required": list(properties)}
            return Tool(name=function.__name__, description=description, parameters=schema, run=run)

        def text(description: str, *values: str) -> dict[str, Any]:
            return {"type": "string", "description": description} | ({"enum": list(values)} if values else {})

        steps = {"type": "number", "description": "步数"}
        names = text("物体", *map(str, self.things.values()))  # nano would make up other things
        return [
            tool(self.move, "让机器人走几步", direction=text("方向", *STEPS), steps=steps),
            tool(self.look, "转动头部看某个方向", direction=text("看哪边", *GAZES)),
            tool(self.grasp, "抓取物体", object=names),
            tool(self.put, "放下物体", place=text("位置", "table", "basket")),
        ]

    def picture(self) -> bytes:
        """What the camera sees, as PNG: the things on the table, not the hand."""
        image = Image.new("RGB", (WIDTH, HEIGHT), TABLE)
        for (column, row), thing in self.things.items():
            sprite = draw(thing)
            corner = (round((column + 0.5) * WIDTH / 3 - SPRITE / 2), round((row + 0.5) * HEIGHT / 3 - SPRITE / 2))
            image.paste(sprite, corner, sprite)
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()

    def table(self) -> Table:
        """The state: the table with the hand in brackets, then hand and basket."""
        table = Table(show_header=False, show_lines=True)
        for row in range(3):
            cells = [str(self.things.get((column, row), "")) for column in range(3)]
            table.add_row(*(f"[ {cell} ]" if (i, row) == self.hand else cell for i, cell in enumerate(cells)))
        table.caption = f"hand: {self.holds or 'empty'}; basket: {', '.join(map(str, self.basket)) or 'empty'}"
        return table


def draw(thing: Thing) -> Image.Image:
    """A thing as a sprite: the tintable part below 0.7 of its shade is the colour, above it fades to white."""
    pen = Pen(0)
    THINGS[thing.kind](pen)
    layers = pen.finish().astype(np.float32) / 255
    shade, mask, tint = layers[:1], layers[4:], np.array(COLORS[thing.color].rgb)[:, None, None]
    dark, light = np.minimum(shade / 0.7, 1), np.clip((shade - 0.7) / 0.3, 0, 1)
    colors = layers[:3] + mask * ((tint + (1 - tint) * light) * dark - layers[:3])
    pixels = (np.concatenate([colors, layers[3:4]]).clip(0, 1) * 255).astype(np.uint8)
    return Image.fromarray(pixels.transpose(1, 2, 0), "RGBA").resize((SPRITE, SPRITE))


def new_world() -> World:
    """Four things on the table."""
    ball, block = Thing("ball", "red"), Thing("block", "blue")
    return World({(2, 0): ball, (0, 0): block, (0, 2): Thing("plane", "yellow"), (1, 2): Thing("car", "green")})


@dataclass(frozen=True)
class Command:
    """What is said, what of the world it changes, and what the answer must have, as a regular expression."""

    words: str
    changes: dict[str, Any] = field(default_factory=dict)
    says: str = ""


BALL, CAR = Thing("ball", "red"), Thing("car", "green")
COMMANDS = (
    Command("红色的球在哪里？", says="右上"),
    Command("往右边挪一步", {"hand": (2, 1)}),
    Command("向前走一步", {"hand": (2, 0)}),
    Command("抓住那个红色的球", {"holds": BALL, "things": {(2, 0): None}}),
    Command("有没有红色的球？", says="没有|没看到"),
    Command("往后退两步", {"hand": (2, 2)}),
    Command("看看左边", {"seen": str(CAR)}),
    Command("把球放到篮子里", {"holds": None, "basket": [BALL]}),
    Command("再往左走一步", {"hand": (1, 2)}),
    Command("把绿色的小汽车拿起来", {"holds": CAR, "things": {(1, 2): None}}),
    Command("朝前走一步", {"hand": (1, 1)}),
    Command("小汽车放桌上吧", {"holds": None, "things": {(1, 1): CAR}}),
    Command("绿色的车在哪里？", says="中间|中央"),
)


async def speak(texts: list[str]) -> list[pcm.Samples]:
    """The texts as sound, by a voice."""
    async with EspeakSynthesiser() as synthesiser:
        return [pcm.decode((await synthesiser.speak(text, voice="ming")).pcm) for text in texts]


class Robot:
    """The world, the voice loop about it, and what is shown of both."""

    def __init__(self, client: RealtimeClient, console: Console, *, camera: Any = None, **devices: Any) -> None:
        self.world, self._console, self._said = new_world(), console, ""
        self._drawn = PictureCamera(self.world.picture())
        self.loop = VoiceLoop(
            client,
            tools=self.world.tools(self._changed),
            camera=camera or self._drawn,
            keep_turns=0,  # nano mistakes old commands for new ones
            on_event=self._show,
            **devices,
        )
        self.right: list[bool] = []

    async def obey(self, microphone: RecordedMicrophone, sounds: list[pcm.Samples]) -> None:
        """Have `COMMANDS` spoken one after the other, and note whether each did what it should, and nothing else."""
        self._console.print(self.world.table())
        for command, sound in zip(COMMANDS, sounds, strict=True):
            wanted, answers = wanted_after(self.world, command), self.loop.answers
            self._console.print(f"\n[bold]{command.words}[/bold]")
            with anyio.move_on_after(ANSWER_WITHIN_S):
                await microphone.say(sound)
                await self.loop.answered(answers)
            self.right.append(self.world == wanted and re.search(command.says, self._said) is not None)
            self._console.print("[green]✓[/green]" if self.right[-1] else "[red]✗ not what was asked for[/red]")
            if self.world != wanted:  # put right by hand, so that a mistake counts once
                vars(self.world).update(vars(wanted))
                self._changed()

    def _changed(self) -> None:
        self._drawn.show(self.world.picture())
        self._console.print(self.world.table())

    def _show(self, event: Event) -> None:
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                self._said = ""
                self._console.print(f"  heard  {event['transcript']}")
            case "response.function_call_arguments.done":
                self._console.print(f"  does   {event['name']} {event['arguments']}", markup=False)
            case "response.output_text.done" | "response.output_audio_transcript.done":
                self._said = event.get("text") or event.get("transcript") or ""
                self._console.print(f"  says   {self._said}", markup=False)
            case "error":
                self._console.print(f"  error  {event['error']['message']}", style="red", markup=False)


def wanted_after(world: World, command: Command) -> World:
    """The world as it should be after the command. Of the things only the places named change, None takes one away."""
    wanted = deepcopy(world)
    for name, value in command.changes.items():
        if name == "things":
            merged = wanted.things | value
            value = {place: thing for place, thing in merged.items() if thing is not None}
        setattr(wanted, name, value)
    return wanted


async def main(url: str | None, *, mic: bool, camera: int | None) -> None:
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
        eye = await stack.enter_async_context(open_web_camera(camera)) if camera is not None else None
        if mic:
            card = await stack.enter_async_context(open_sound_card())
            robot = Robot(client, console, camera=eye, microphone=card, loudspeaker=card, guard=EchoGuard())
            console.print(robot.world.table(), "Speak; Ctrl-C ends.")
            await robot.loop.run()
            return
        sounds = await speak([command.words for command in COMMANDS])
        microphone = RecordedMicrophone()
        robot = Robot(client, console, camera=eye, microphone=microphone, loudspeaker=RecordingLoudspeaker())
        await robot.loop.run(lambda: robot.obey(microphone, sounds))
        console.print(f"\n{sum(robot.right)} of {len(COMMANDS)} commands done right")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A robot over a table.")
    parser.add_argument("--url", help="a server's address; without one a server is started")
    parser.add_argument("--mic", action="store_true", help="speak yourself: needs a microphone and a loudspeaker")
    parser.add_argument("--camera", type=int, metavar="N", help="look through this camera, not at the drawn table")
    arguments = parser.parse_args()
    try:
        anyio.run(lambda: main(arguments.url, mic=arguments.mic, camera=arguments.camera))
    except KeyboardInterrupt:
        pass
