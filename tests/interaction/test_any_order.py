"""Clients send anything in any order: the session answers, and never breaks."""

from __future__ import annotations

import random

import anyio
import pytest

from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from tests.interaction.harness import Client, kinds, memory_client, silence, speech
from tests.interaction.test_perception import frame
from tests.interaction.test_turns import TOOL

pytestmark = pytest.mark.anyio

SCRIPT = Script(
    utterances=("你好小智", "", "嗯", "今天天气怎么样然后"),
    replies=(
        ScriptedReply(text="你好", reasoning="想"),
        ScriptedReply(text="我讲一个故事", stalls=True),
        ScriptedReply(tool_calls=(ToolCall(call_id="", name="turn_on", arguments="{}"),)),
    ),
)
DETECTIONS = (
    None,
    {"type": "server_vad"},
    {"type": "server_vad", "silence_duration_ms": 200, "interrupt_response": False},
    {"type": "server_vad", "create_response": False},
    {"type": "semantic_vad", "eagerness": "high"},
)


async def speak(client: Client, dice: random.Random) -> None:
    sentence = speech(dice.choice(("greeting.opus", "thanks.opus")))
    await client.say(sentence, chunk_ms=dice.choice((20, 33, 100, 700)))


async def pause(client: Client, dice: random.Random) -> None:
    await client.say(silence(dice.choice((100, 300, 900))))


async def end_or_clear(client: Client, dice: random.Random) -> None:
    await client.send(dice.choice(("input_audio_buffer.commit", "input_audio_buffer.clear", "response.cancel")))


async def change_settings(client: Client, dice: random.Random) -> None:
    fields = {"audio": {"input": {"turn_detection": dice.choice(DETECTIONS)}}, "tools": [TOOL]}
    await client.send("session.update", session={"type": "realtime", "output_modalities": ["text"], **fields})


async def write(client: Client, dice: random.Random) -> None:
    await client.write("你好", respond=dice.random() < 0.7)


async def show(client: Client, dice: random.Random) -> None:
    await client.send("conversation.item.create", item=frame(dice.choice(("red", "blue"))))


async def handle_an_item(client: Client, dice: random.Random) -> None:
    items = [event["item"]["id"] for event in client.seen if event["type"] == "conversation.item.added"] or ["none"]
    kind = dice.choice(("conversation.item.delete", "conversation.item.retrieve"))
    await client.send(kind, item_id=dice.choice(items))


async def ask(client: Client, dice: random.Random) -> None:
    response = {"conversation": "none", "input": []} if dice.random() < 0.5 else {"instructions": "短"}
    await client.send("response.create", response=response)


ACTS = (speak, speak, pause, pause, end_or_clear, end_or_clear, change_settings, write, show, handle_an_item, ask)


@pytest.mark.parametrize("seed", range(12))
async def test_no_order_of_events_breaks_a_session(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    dice = random.Random(seed)
    with anyio.fail_after(20):
        async with memory_client(SCRIPT) as client:
            for _ in range(30):
                await dice.choice(ACTS)(client, dice)
                for _ in range(dice.choice((0, 0, 5, 50))):
                    await anyio.lowlevel.checkpoint()
            await client.send("conversation.item.retrieve", item_id="the_end")
            error = await client.next("error")
            while "the_end" not in error["error"]["message"]:
                error = await client.next("error")
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    created, done = kinds(client.seen).count("response.created"), kinds(client.seen).count("response.done")
    assert done <= created <= done + 9
    for kind in ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"):
        assert all(event["item_id"] for event in client.seen if event["type"] == kind)
