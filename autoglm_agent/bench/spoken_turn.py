"""How long after the end of speech the answer begins: a real session over a real socket, the engine in its own process.

The count starts where the voice activity's hold is over (`speech_stopped`) and ends with the first content the client
receives. Not here: what the engine does in that time (`engine_process`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from autoglm_agent import client as autoglm
from autoglm_agent.bench import voice
from autoglm_agent.bench.microphone import Microphone, packets, silence
from autoglm_agent.client import Event, RealtimeClient
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings

UTTERANCE_S = 1.6  # a short question; longer ones cost the answer nothing more, they are encoded while they are said
PAUSE_S = 1.2  # more than the hold, so that the turn ends
ANSWER_TOKENS = 24
LIMIT_S = 8.0  # for an answer to begin: a turn that is not heard shows as not measured
CONTENT = ("response.output_text.delta", "response.done")
"""A reply may be without text: then its end counts."""
EVENTS = ["autoglm.latency"]


@dataclass(slots=True)
class SpokenTurns:
    """What the turns took: to the first content, and what of it the server says it spent after the commit."""

    first_content_ms: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    engine_load_ms: float = 0.0
    source: str = ""
    failures: list[str] = field(default_factory=list)


async def speak(settings: Settings, *, turns: int, recording: Path | None = None) -> SpokenTurns:
    """Ask the same question aloud a few times in one session, thinking off.

    Raises:
        AutoGLMError: the model cannot be loaded.
    """
    samples, source = voice.speech(recording, seconds=UTTERANCE_S)
    measured = SpokenTurns(source=source)
    question = [*packets(samples), *silence(PAUSE_S)]
    async with serving(settings) as (url, service):
        measured.engine_load_ms = (await service.bridge.ready()).load_ms
        async with autoglm.connect(url, model=service.model) as client:
            await client.until("session.created")
            await client.update_session(
                output_modalities=["text"],
                max_output_tokens=ANSWER_TOKENS,
                audio={"input": {"transcription": {"model": service.model}, "turn_detection": {"type": "server_vad"}}},
                autoglm={"enable_thinking": False, "events": EVENTS},
            )
            await client.until("session.updated")
            microphone = Microphone(client)
            for _ in range(turns):
                await _turn(client, microphone, question, measured)
    return measured


async def _turn(client: RealtimeClient, microphone: Microphone, question: list[bytes], measured: SpokenTurns) -> None:
    with anyio.move_on_after(len(question) * 0.02 + LIMIT_S) as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(microphone.say, question)
            await _answer(client, microphone, measured)
    if scope.cancelled_caught:
        measured.failures.append("no answer: the voice was not heard as speech")


async def _answer(client: RealtimeClient, microphone: Microphone, measured: SpokenTurns) -> None:
    """Until the answer has ended. A pause inside the question may end a turn early: the last one counts."""
    stopped_ms: int | None = None
    async for event in client:
        now_s = anyio.current_time()
        match event["type"]:
            case "input_audio_buffer.speech_stopped":
                stopped_ms = event["audio_end_ms"]
            case "autoglm.latency":
                measured.stages_ms.setdefault(event["stage"], []).append(event["ms"])
        if event["type"] in CONTENT and stopped_ms is not None:
            measured.first_content_ms.append((now_s - microphone.spoken_at(stopped_ms)) * 1000)
            stopped_ms = None
        if event["type"] == "response.done" and stopped_ms is None:
            measured.failures.extend(_problems([event]))
            return


def _problems(events: Iterable[Event]) -> list[str]:
    """Why answers failed, for those that did."""
    return [
        (event["response"].get("status_details") or {}).get("error", {}).get("message", "the answer failed")
        for event in events
        if event["response"]["status"] == "failed"
    ]


def measure(settings: Settings, *, turns: int, recording: Path | None = None) -> SpokenTurns:
    """`speak`, for callers without an event loop."""

    async def run() -> SpokenTurns:
        return await speak(settings, turns=turns, recording=recording)

    measured: SpokenTurns = anyio.run(run)
    if not measured.first_content_ms and not measured.failures:
        raise AutoGLMError("no spoken turn was answered; look at the server's log")
    return measured
