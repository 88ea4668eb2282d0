"""The stock `openai` package as a realtime client, and a strict reader of what the server tells it.

The package itself takes anything: it builds its types without validating. Here every event is validated against the
package's own classes, without coercion and without a field that they do not know.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from autoglm_agent.audio import pcm
from autoglm_agent.engine.scripted import Script
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.brain import BrainMaker
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.server.service import Service
from autoglm_agent.settings import Settings
from tests.interaction.harness import RATE_HZ

MAX_FRAME_BYTES = 1 << 20
UNTYPED = {
    # What OpenAI's server sends and the package has no field for: its session events reuse the request's type.
    "session.id",
    "session.object",
    "session.expires_at",
}
_events: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@asynccontextmanager
async def stock_server(
    script: Script, *, key: str = "k", brain: BrainMaker | None = None, **settings: Any
) -> AsyncIterator[tuple[AsyncOpenAI, Service]]:
    """A server with the real voice, and a stock client that knows its address."""
    bridge = ComputeBridge.thread(EngineSpec(script=script))
    async with serving(Settings(port=0, **settings), bridge=bridge, brain=brain) as (url, service):
        websocket_url = f"{url.replace('http', 'ws')}/v1"
        async with AsyncOpenAI(
            api_key=key, base_url=f"{url}/v1", websocket_base_url=websocket_url, max_retries=0
        ) as client:
            yield client, service


class Talk:
    """One connection, and all that came over it."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.seen: list[Any] = []

    async def receive(self) -> Any:
        """The next event, as the package parses it."""
        data = await self.connection.recv_bytes()
        check(data)
        event = self.connection.parse_event(data)
        self.seen.append(event)
        return event

    async def until(self, kind: str) -> list[Any]:
        """Everything up to and with the next event of this kind."""
        events: list[Any] = []
        while not events or events[-1].type != kind:
            events.append(await self.receive())
        return events

    async def next(self, kind: str) -> Any:
        """The next event of this kind."""
        return (await self.until(kind))[-1]

    async def configure(self, **session: Any) -> Any:
        """Change settings and wait until they hold."""
        await self.connection.session.update(session={"type": "realtime", **session})
        return (await self.next("session.updated")).session

    async def write(self, *content: str | dict[str, Any]) -> Any:
        """A user's message of texts and other parts; gives the item as it was taken."""
        parts = [{"type": "input_text", "text": part} if isinstance(part, str) else part for part in content]
        item: Any = {"type": "message", "role": "user", "content": parts}
        await self.connection.conversation.item.create(item=item)
        return (await self.next("conversation.item.done")).item

    async def ask(self, *content: str | dict[str, Any]) -> list[Any]:
        """A user's message and all of its answer."""
        await self.write(*content)
        await self.connection.response.create()
        return await self.until("response.done")

    async def say(self, samples: np.ndarray[Any, Any]) -> None:
        """Sound at 24 kHz in chunks of half a second."""
        data = pcm.encode(samples)
        for start in range(0, len(data), RATE_HZ):
            audio = base64.b64encode(data[start : start + RATE_HZ]).decode()
            await self.connection.input_audio_buffer.append(audio=audio)


@asynccontextmanager
async def talk(script: Script, **settings: Any) -> AsyncIterator[Talk]:
    """A conversation with a server of its own."""
    async with stock_server(script, **settings) as (client, _), client.realtime.connect(model="nano") as connection:
        talk = Talk(connection)
        await talk.next("session.created")
        yield talk


def check(data: bytes) -> None:
    """Refuse an event that the package has no type for, or that is not exactly of its type."""
    assert len(data) < MAX_FRAME_BYTES
    event = json.loads(data)
    understood = _events.validate_json(data, strict=True)
    assert understood.type == event["type"]
    unknown = set(_unknown_fields(understood)) - UNTYPED
    assert not unknown, f"{event['type']} has {unknown}"


def _unknown_fields(model: BaseModel, path: str = "") -> Iterator[str]:
    for name in model.model_extra or ():
        yield f"{path}{name}"
    for name in model.model_fields_set:
        value = getattr(model, name)
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, BaseModel):
                yield from _unknown_fields(part, f"{path}{name}.")


def kinds(events: list[Any]) -> list[str]:
    """The types, for comparing orders."""
    return [event.type for event in events]


def sound(events: list[Any]) -> bytes:
    """All voice of these events."""
    return b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")


def words(events: list[Any]) -> str:
    """All text of these events, spoken or written."""
    said = ("response.output_audio_transcript.delta", "response.output_text.delta")
    return "".join(event.delta for event in events if event.type in said)
