"""`autoglm demo`: a server, its engine in a process of its own, and our client playing recordings to it.

Nothing is scripted: each scene is a realtime session over a WebSocket, and its answers are checked (`scenes`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import numpy as np
from rich.console import Console
from rich.text import Text

from autoglm_agent.audio.files import SAMPLE_RATE_HZ, read_audio
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.client import RealtimeClient, connect
from autoglm_agent.commands.demo_view import Outcome, View, make_view, summary
from autoglm_agent.commands.scenes import MEDIA_DIR, SCENES, Scene, Spoken, complaints
from autoglm_agent.commands.turn import TRANSCRIPTION, Turn
from autoglm_agent.runtime.background import background_tasks
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings, load_settings

SILENCE_S = 1.0
"""Played after each recording: twice the voice activity detection's hold, so that the turn ends for sure."""
TURN_TIMEOUT_S = 60.0
"""A turn takes about five seconds; a minute leaves room for a loaded machine."""
MAX_OUTPUT_TOKENS = 256
"""The answers shown, with their reasoning, are below 100; a model that does not end is stopped here."""
PLAIN_WIDTH = 120
"""Columns of the table where there is no terminal to ask."""
EVENTS = (
    "response.reasoning_text",
    "autoglm.fusion.updated",
    "autoglm.vision.frame_encoded",
    "autoglm.latency",
)


def run_demo(*, model: str | None, fast: bool, plain: bool) -> bool:
    """Play all scenes. Returns whether everything was as expected.

    Raises:
        AutoGLMError: the model cannot be loaded.
    """
    # No keys: the server is ours alone and listens on this machine only.
    settings = load_settings(host="127.0.0.1", port=0, model=model, api_keys=(), log_level="error")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return anyio.run(_demo, settings, console, make_view(console, plain=plain), not fast)


async def _demo(settings: Settings, console: Console, view: View, real_time: bool) -> bool:
    start_s = time.perf_counter()
    async with serving(settings) as (url, service):
        loaded = await service.bridge.ready()
        console.print(
            Text(f"{settings.model} loaded in {loaded.load_ms / 1000:.1f} s, server up at {url}", style="dim")
        )
        outcomes = []
        for number, scene in enumerate(SCENES, start=1):
            console.print(Text(f"\n{number}. {scene.title}", style="bold"))
            outcomes.append(await play_scene(scene, url, settings.model, view, real_time=real_time))
            _judge(console, outcomes[-1])
    console.print()
    console.print(summary(outcomes))
    wrong = sum(bool(outcome.complaints) for outcome in outcomes)
    console.print(f"{len(outcomes) - wrong} of {len(outcomes)} scenes right, {time.perf_counter() - start_s:.0f} s")
    return not wrong


def _judge(console: Console, outcome: Outcome) -> None:
    if not outcome.complaints:
        console.print(Text("  ✓ as expected", style="green"))
    for complaint in outcome.complaints:
        console.print(Text(f"  ✗ {complaint}", style="red"))


async def play_scene(scene: Scene, url: str, model: str, view: View, *, real_time: bool = True) -> Outcome:
    """Play one scene in a session of its own; what goes wrong is in the outcome."""
    start_s = time.perf_counter()
    wrong: list[str] = []
    latency_ms: dict[str, float] = {}
    async with connect(url, model=model) as client:
        await _open(client, scene)
        for number, spoken in enumerate(scene.turns, start=1):
            turn = await _speak(client, scene, spoken, view, real_time=real_time)
            # What is played in an instant may be over before a part of it is sure.
            expected = spoken.expected if real_time else replace(spoken.expected, grows=False)
            found = complaints(expected, turn)
            latency_ms = turn.latency_ms
            if spoken.tool_result is not None and turn.calls:
                after = await _give_result(client, turn, spoken.tool_result, view)
                found += complaints(spoken.expected_after, after)
            wrong += [f"turn {number}: {complaint}" for complaint in found] if len(scene.turns) > 1 else found
    return Outcome(
        title=scene.title, seconds=time.perf_counter() - start_s, latency_ms=latency_ms, complaints=tuple(wrong)
    )


async def _open(client: RealtimeClient, scene: Scene) -> None:
    await client.update_session(
        output_modalities=["text"],
        max_output_tokens=MAX_OUTPUT_TOKENS,
        tools=list(scene.tools),
        audio={
            "input": {
                "transcription": {"model": "nano"},
                "turn_detection": {"type": "server_vad", "create_response": scene.answers},
            }
        },
        autoglm={"enable_thinking": True, "events": list(EVENTS)},
    )
    with anyio.fail_after(TURN_TIMEOUT_S):
        await client.until("session.updated")
    if scene.picture is not None:
        await client.send_image((MEDIA_DIR / scene.picture).read_bytes())


async def _speak(client: RealtimeClient, scene: Scene, spoken: Spoken, view: View, *, real_time: bool) -> Turn:
    """Play a recording and gather the turn it makes."""
    samples = with_silence(MEDIA_DIR / spoken.recording)
    last = "response.done" if scene.answers else f"{TRANSCRIPTION}.completed"
    async with _playing(client, samples, real_time=real_time):
        return await _gather(client, last, spoken.words, view)


async def _give_result(client: RealtimeClient, turn: Turn, result: str, view: View) -> Turn:
    for call in turn.calls:
        await client.send_tool_output(call.call_id, result)
    await client.create_response()
    return await _gather(client, "response.done", "", view)


async def _gather(client: RealtimeClient, last: str, words: str, view: View) -> Turn:
    """Take events until one of type `last`, or until the time is up or the session closed."""
    turn = Turn()
    view.begin(words, turn)
    with anyio.move_on_after(TURN_TIMEOUT_S) as scope:
        async for event in client:
            turn.take(event)
            view.show(event, turn)
            if event["type"] == last:
                break
        else:
            turn.problem = turn.problem or "the session was closed"
    if scope.cancelled_caught:
        turn.problem = turn.problem or f"no answer within {TURN_TIMEOUT_S:.0f} s"
    view.end(turn)
    return turn


def with_silence(path: Path) -> Samples:
    """A recording as float32 at 16 kHz, with the silence that ends a turn."""
    return np.concatenate([read_audio(path), np.zeros(int(SILENCE_S * SAMPLE_RATE_HZ), np.float32)])


@asynccontextmanager
async def _playing(client: RealtimeClient, samples: Samples, *, real_time: bool) -> AsyncIterator[None]:
    """Play beside the body; what is left of the silence when the body ends is not sent."""
    async with background_tasks() as tasks:
        tasks.start_soon(_play, client, samples, real_time)
        yield


async def _play(client: RealtimeClient, samples: Samples, real_time: bool) -> None:
    await client.play(samples, SAMPLE_RATE_HZ, real_time=real_time)
