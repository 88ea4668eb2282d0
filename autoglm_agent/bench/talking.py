"""One user of `bench realtime`: speaks, waits for the reply to begin, interrupts it, and notes how late everything is.

Every delay counts from the sound that caused the event. Not here: the server, and what the delays add up to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import anyio

from autoglm_agent import client as autoglm
from autoglm_agent.bench.microphone import Microphone, silence
from autoglm_agent.client import Event, RealtimeClient

PROBE_EVERY_S = 0.25
PROBE = "conversation.item.retrieve"
"""Asking for an item that is not there is answered at once by an error with our id, and changes nothing."""
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"


@dataclass(slots=True)
class Delays:
    """What all users together have seen, in milliseconds."""

    overhead: list[float] = field(default_factory=list)
    partial: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    first_token: list[float] = field(default_factory=list)
    first_audio: list[float] = field(default_factory=list)
    interrupt: list[float] = field(default_factory=list)
    client_lag: list[float] = field(default_factory=list)
    num_replies: int = 0
    num_failed: int = 0
    shed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a user says again and again: its words, and the end of each character in milliseconds of the sound."""

    text: str
    ends_ms: tuple[float, ...]


class User:
    """One session. When a word was said is known by `ms_per_character`, the scripted engine's pace, or by `said`."""

    def __init__(
        self, client: RealtimeClient, delays: Delays, ms_per_character: int | None, said: Said | None = None
    ) -> None:
        self._client, self._delays, self._pace_ms, self._said = client, delays, ms_per_character, said
        self._heard: dict[str, str] = {}
        self._spoken_from_ms = 0
        self._microphone = Microphone(client)
        self._onset_s: float | None = None
        self._stopped_s: float | None = None
        self._awaits_token = self._awaits_audio = self._answering = False
        self._began: dict[str, tuple[int, float]] = {}
        self._probes: dict[str, float] = {}

    async def talk(self, speech: list[bytes], pause: list[bytes], *, after_s: float, until_s: float) -> None:
        """Speak and pause, again and again: a pause is long enough for a reply to begin, the next words cut it off."""
        await self._microphone.say(silence(after_s))
        while anyio.current_time() < until_s:
            self._onset_s = anyio.current_time() if self._answering else None
            self._spoken_from_ms = self._microphone.sent_ms
            await self._microphone.say(speech)
            await self._microphone.say(pause)
        self._delays.client_lag += self._microphone.lags_ms

    async def probe(self) -> None:
        """Send events whose answer costs nothing, amid the audio, until cancelled."""
        for number in count():
            name = f"probe_{number}"
            self._probes[name] = anyio.current_time()
            await self._client.send(PROBE, item_id="item_none", event_id=name)
            await anyio.sleep(PROBE_EVERY_S)

    async def listen(self) -> None:
        """Note what comes, until cancelled or the session ends."""
        async for event in self._client:
            self._note(event, anyio.current_time())

    def _note(self, event: Event, now_s: float) -> None:
        delays, kind = self._delays, event["type"]
        if kind == "error":
            sent_s = self._probes.pop(event["error"].get("event_id"), None)
            if sent_s is not None:
                delays.overhead.append((now_s - sent_s) * 1000)
        elif kind == "input_audio_buffer.speech_started":
            self._began = {event["item_id"]: (event["audio_start_ms"], now_s)}
        elif kind == DELTA:
            self._note_partial(event["item_id"], event["delta"], now_s)
        elif kind == "input_audio_buffer.speech_stopped":
            self._stopped_s = self._microphone.spoken_at(event["audio_end_ms"])
            self._awaits_token = self._awaits_audio = True
        elif kind == COMPLETED and self._stopped_s is not None:
            delays.final.append((now_s - self._stopped_s) * 1000)
        elif kind == "autoglm.audio.shed":
            delays.shed_ms += event["ms"]
        else:
            self._note_response(event, now_s)

    def _note_response(self, event: Event, now_s: float) -> None:
        delays, stopped_s = self._delays, self._stopped_s
        match event["type"]:
            case "response.created":
                self._answering = True
                delays.num_replies += 1
            case "response.output_text.delta" | "response.output_audio_transcript.delta" if self._awaits_token:
                delays.first_token += [] if stopped_s is None else [(now_s - stopped_s) * 1000]
                self._awaits_token = False
            case "response.output_audio.delta" if self._awaits_audio:
                delays.first_audio += [] if stopped_s is None else [(now_s - stopped_s) * 1000]
                self._awaits_audio = False
            case "response.done":
                self._answering = False
                status = event["response"]["status"]
                delays.num_failed += status == "failed"
                if status == "cancelled" and self._onset_s is not None:
                    delays.interrupt.append((now_s - self._onset_s) * 1000)
                self._onset_s = None

    def _note_partial(self, item_id: str, text: str, now_s: float) -> None:
        """Characters that were said before speech was announced are due with the announcement, not before it."""
        if item_id not in self._began:
            return
        start_ms, announced_s = self._began[item_id]
        self._heard = {item_id: self._heard.get(item_id, "") + text}
        ended_ms = self._ended_ms(self._heard[item_id], start_ms)
        said_s = self._microphone.spoken_at(ended_ms) if ended_ms is not None else now_s
        if announced_s < said_s < now_s:
            self._delays.partial.append((now_s - said_s) * 1000)

    def _ended_ms(self, heard: str, start_ms: int) -> float | None:
        """Where in the sound the newest character that was heard had been said; None when it cannot be known."""
        if self._pace_ms is not None:
            return start_ms + len(heard) * self._pace_ms
        if self._said is None or not self._said.text.startswith(heard):
            return None
        return self._spoken_from_ms + self._said.ends_ms[len(heard) - 1]


@asynccontextmanager
async def user(
    url: str,
    delays: Delays,
    *,
    model: str,
    ms_per_character: int | None = None,
    thinking: bool = False,
    hears_voice: bool = False,
    said: Said | None = None,
) -> AsyncIterator[User]:
    """Connect, ask for transcripts and voice activity."""
    async with autoglm.connect(url, model=model) as client:
        await client.until("session.created")
        await client.update_session(
            output_modalities=["audio" if hears_voice else "text"],
            audio={"input": {"transcription": {"model": model}, "turn_detection": {"type": "server_vad"}}},
            autoglm={"enable_thinking": thinking},
        )
        await client.until("session.updated")
        yield User(client, delays, ms_per_character, said)
