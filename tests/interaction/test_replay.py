"""The same recorded input gives the same events twice, voice and interruptions included, faster than real time."""

from __future__ import annotations

import base64
import json
import time

import anyio

from autoglm_agent.audio import pcm
from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.runtime.work import at_once
from tests.interaction.harness import kinds, memory_client, silence, speech
from tests.interaction.test_speaking import STORY
from tests.interaction.test_turns import jpeg
from tests.interaction.voices import Metronome, entered

PACKET_MS = 20
SCRIPT = Script(
    utterances=("讲个故事吧", "嗯", "不要讲了换一个"),
    ms_per_character=120,
    replies=(ScriptedReply(text=STORY, reasoning="他想听"), ScriptedReply(text="好的，换一个。")),
)
OPTIONAL = [
    "autoglm.fusion.updated", "autoglm.latency", "autoglm.turn.predicted", "autoglm.vision.frame_encoded",
    "response.reasoning_text",
]  # fmt: skip


def microphone(samples, at_ms: int) -> list[tuple[int, dict]]:
    """Packets as they would come."""
    data, step = pcm.encode(samples), 48 * PACKET_MS
    return [
        (at_ms + start // 48, {"type": "input_audio_buffer.append", "audio": base64.b64encode(data[start : start + step]).decode()})
        for start in range(0, len(data), step)
    ]  # fmt: skip


def recording() -> list[tuple[int, dict]]:
    """Half a minute: a question over a camera, a sign of listening, an interruption, a client that cancels."""
    settings = {
        "type": "realtime", "autoglm": {"events": OPTIONAL},
        "audio": {"input": {"transcription": {"model": "nano"}, "turn_detection": {"type": "semantic_vad"}}},
    }  # fmt: skip
    content = [{"type": "input_image", "image_url": jpeg("red")}]
    frames = [
        (at, {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
        for at in (100, 1_100)
    ]
    sound = [
        *microphone(speech(), 200), *microphone(silence(2_000), 2_200), *microphone(speech("thanks.opus")[:18_000], 4_200),
        *microphone(silence(2_000), 5_000), *microphone(speech(), 7_000), *microphone(silence(8_500), 9_000),
    ]  # fmt: skip
    end = [(20_000, {"type": "response.create"}), (21_000, {"type": "response.cancel"})]
    return sorted(
        [(0, {"type": "session.update", "session": settings}), *frames, *sound, *end], key=lambda entry: entry[0]
    )


async def replayed() -> list[tuple[float, dict]]:
    """The recording played into a fresh session: every event with the time at which it came."""
    log: list[tuple[float, dict]] = []
    replay = {
        "ids": CountingIds(), "clock": anyio.current_time, "wall_clock": lambda: 0.0,
        "ears": VadHub(SileroVad(), in_thread=False), "voice": entered(Metronome()), "work": at_once,
    }  # fmt: skip
    begin_s = anyio.current_time()

    async def listen(client) -> None:
        while True:
            event = await client.receive()
            log.append((round(anyio.current_time() - begin_s, 6), event))

    async with memory_client(SCRIPT, replay=replay) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(listen, client)
        for at_ms, event in recording():
            await anyio.sleep_until(begin_s + at_ms / 1000)
            await client.send(**{"kind": event["type"], **{k: v for k, v in event.items() if k != "type"}})
        await anyio.sleep(3)
        tasks.cancel_scope.cancel()
    return log


def test_a_recorded_conversation_gives_the_same_log_twice_faster_than_real_time() -> None:
    start = time.perf_counter()
    options = {"loop_factory": VirtualTimeLoop}
    first, second = (anyio.run(replayed, backend_options=options) for _ in range(2))
    spent_s = time.perf_counter() - start

    assert json.dumps(first) == json.dumps(second)
    assert spent_s < first[-1][0]
    told = kinds([event for _, event in first])
    for kind in ("input_audio_buffer.speech_started", "response.output_audio.delta", *OPTIONAL[:4]):
        assert kind in told, kind
    reasons = [
        (event["response"].get("status_details") or {}).get("reason")
        for _, event in first if event["type"] == "response.done"
    ]  # fmt: skip
    assert "turn_detected" in reasons
    assert reasons[-1] == "client_cancelled"
