"""Sessions on the real engine: a tiny network with random weights, so what is said means nothing but all of it runs."""

from __future__ import annotations

import anyio
import pytest

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from tests.engine.conftest import make_bundle
from tests.interaction.harness import Client, memory_client, silence, speech
from tests.interaction.test_perception import frame

pytestmark = pytest.mark.anyio


class RecordingRealEngine(Engine):
    """Remembers the generations it was asked for."""

    def submit(self, request: m.Request) -> None:
        self.__dict__.setdefault("generations", []).extend([request] if isinstance(request, m.Generate) else [])
        super().submit(request)


@pytest.fixture(scope="module")
def bundle():
    return make_bundle(AutoGLMTokenizer.from_pretrained(NANO_DIR))


async def spoken_turn(client: Client) -> dict:
    await client.say(speech())
    await client.say(silence(1000))
    return (await client.next("response.done"))["response"]


async def test_a_spoken_turn_over_a_picture_finds_its_block_already_prefilled(bundle) -> None:
    engine = RecordingRealEngine(bundle)
    with anyio.fail_after(30):
        async with memory_client(engine) as client:
            session = {"type": "realtime", "output_modalities": ["text"], "max_output_tokens": 8}
            events = ["autoglm.fusion.updated", "autoglm.vision.frame_encoded"]
            session["autoglm"] = {"events": events, "enable_thinking": False}
            await client.send("session.update", session=session)
            await client.say(silence(100))
            await client.send("conversation.item.create", item=frame("red"))
            await client.next("autoglm.vision.frame_encoded")
            first = await spoken_turn(client)
            second = await spoken_turn(client)
    assert first["status"] in ("completed", "incomplete")
    details = first["usage"]["input_token_details"]
    assert details["image_tokens"] > 0
    assert details["audio_tokens"] > 0
    # All but the generation prompt was computed during the hold of the voice activity detection.
    assert details["cached_tokens"] >= first["usage"]["input_tokens"] - 4
    assert second["usage"]["input_token_details"]["cached_tokens"] >= details["cached_tokens"]
    gates = [event for event in client.seen if event["type"] == "autoglm.fusion.updated"]
    assert gates
    assert all(sum(event["weights"].values()) == pytest.approx(1, abs=1e-3) for event in gates)
