"""Plays scripts of `bench conversations` to real sessions over memory, in virtual time, and logs what happens.

Ears, turn policy, listening and speaking are the server's own; the user sends packets of 20 ms at their pace. Only
virtual time is spent waiting, and computing takes none of it: delays are those of the rules, not of the machine.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, assert_never

import anyio
import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.audio.first_sounds import FirstSounds, shipped_file
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.audio.vad import SileroVad
from autoglm_agent.bench.microphone import PACKET_BYTES, PACKET_MS, RATE_HZ
from autoglm_agent.bench.talk_engine import EndOfTurn, Lines, Script, ScriptedEars, TalkEngine
from autoglm_agent.bench.talk_log import Interjection, TalkLog, Told, Turn
from autoglm_agent.bench.talk_scripts import AwaitReply, HearOut, Interject, Say, TalkScript, Wait
from autoglm_agent.bench.talk_sounds import NOISE_S, Spoken, burst, noise, silence
from autoglm_agent.engine.spec import EngineProtocol
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.session import Session
from autoglm_agent.runtime.vad_hub import VadHub
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.server.service import Service, open_service
from autoglm_agent.settings import Settings
from autoglm_agent.voice.speech import BYTES_PER_SAMPLE, Mark, Speech, Synthesiser

PACKET = PACKET_BYTES // BYTES_PER_SAMPLE
MS_PER_CHARACTER = 200
"""Of the assistant's voice: as fast as people read aloud."""
BEFORE_S, AFTER_S = 0.6, 0.6
"""Between a reply's end and the next turn: people take at least that long."""
REPLY_WITHIN_S = 8.0
"""For a reply to be heard: a turn that was missed is found by the judge, and the conversation goes on."""
SETTLE_S = 6.0
"""At the end: longer than any turn detection waits, so that the last turn is committed and answered."""
TOGETHER = 8
"""Conversations at a time; their speech and voice activity are batched."""


class Metronome:
    """A voice of an even pace and without sound, in process: a `Synthesiser` that virtual time cannot outrun."""

    voices = ("metronome",)

    async def speak(self, text: str, *, voice: str, speed: float) -> Speech:
        """`MS_PER_CHARACTER` of silence for every character."""
        samples = RATE_HZ * MS_PER_CHARACTER // 1000
        marks = tuple(Mark(index, index * MS_PER_CHARACTER) for index in range(len(text)))
        return Speech(bytes(BYTES_PER_SAMPLE * samples * len(text)), marks)


def replay(
    scripts: list[TalkScript],
    sounds: Spoken,
    ears: EngineProtocol | EndOfTurn,
    told: Callable[[], None] = lambda: None,
) -> list[TalkLog]:
    """All conversations, in the scripts' order. `told` is called after each.

    `ears` is an engine that hears, or only what tells the end of a turn: the words are then those of the script.
    """

    async def main() -> list[TalkLog]:
        script: Script = {}
        hearing = ScriptedEars(script, anyio.current_time, ears) if callable(ears) else ears
        engine = TalkEngine(hearing, script)
        logs: dict[int, TalkLog] = {}
        waiting = deque(scripts)

        async def work(service: Service) -> None:
            while waiting:
                wanted = waiting.popleft()
                logs[wanted.number] = await _converse(service, wanted, sounds, script)
                told()

        async with virtual_service(engine, Metronome()) as service, anyio.create_task_group() as tasks:
            for _ in range(TOGETHER):
                tasks.start_soon(work, service)
        return [logs[wanted.number] for wanted in scripts]

    return anyio.run(main, backend_options={"loop_factory": VirtualTimeLoop})


@asynccontextmanager
async def virtual_service(engine: EngineProtocol, voice: Synthesiser) -> AsyncIterator[Service]:
    """All of a server but its sockets, on this loop and by its clock."""
    settings = Settings(voice="none", model="nano", max_sessions=TOGETHER)
    async with open_service(
        settings,
        bridge=ComputeBridge.local(engine),
        ears=VadHub(SileroVad(), in_thread=False, first_sounds=FirstSounds.load(shipped_file())),
        voice=_entered(voice),
        ids=CountingIds(),
        clock=anyio.current_time,
        wall_clock=anyio.current_time,
    ) as service:
        yield service


@asynccontextmanager
async def _entered(voice: Synthesiser) -> AsyncIterator[Synthesiser]:
    yield voice


async def _converse(service: Service, wanted: TalkScript, sounds: Spoken, script: Script) -> TalkLog:
    """One conversation in a session of its own."""
    session = service.new_session()
    ended = anyio.Event()
    lines = script[session.connection.session_id] = Lines(deque(wanted.replies), [])
    await service.lobby.start(session, ended.set)
    person = _Person(session, wanted, sounds, lines)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(person.listen)
        await person.send("session.update", session=_settings(wanted))
        tasks.start_soon(person.transmit)
        await person.act()
        tasks.cancel_scope.cancel()
    if ended.is_set():
        raise AutoGLMError(f"the session of conversation {wanted.number} broke; see the log")
    session.close()
    await ended.wait()
    del script[session.connection.session_id]
    return person.log


def _settings(wanted: TalkScript) -> dict[str, Any]:
    audio = {"input": {"turn_detection": {"type": wanted.detection}, "transcription": {"model": "nano"}}}
    return {"type": "realtime", "output_modalities": ["audio"], "audio": audio}


class _Person:
    """The user of one conversation: a mouth and a microphone that always run, ears, and a script to follow."""

    def __init__(self, session: Session, script: TalkScript, sounds: Spoken, lines: Lines) -> None:
        self.log = TalkLog(script=script)
        self._session, self._script, self._sounds, self._lines = session, script, sounds, lines
        self._begin_s = anyio.current_time()
        self._mouth = np.zeros(0, dtype=np.float32)
        self._noise = noise(script.noise, script.snr_db, sounds, script.number) if script.noise else None
        self._noise_at = 0
        self._muted = False
        self._said = anyio.Event()
        self._changed = anyio.Event()
        self._reply_from_s = self._reply_until_s = 0.0
        self._spoke_until_s = 0.0

    def _now_s(self) -> float:
        return anyio.current_time() - self._begin_s

    async def send(self, kind: str, **fields: Any) -> None:
        """An event of the client."""
        await self._session.receive(json.dumps({"type": kind, **fields}))

    # --- The microphone ----------------------------------------------------------------------------------------------

    async def transmit(self) -> None:
        """Packets at their pace, until cancelled. A packet leaves when its last sample has been heard."""
        number = 0
        while True:
            number += 1
            await anyio.sleep_until(self._begin_s + number * PACKET_MS / 1000)
            if self._muted:
                continue
            packet, self._mouth = self._mouth[:PACKET], self._mouth[PACKET:]
            if not len(self._mouth):
                self._said.set()
            audio = pcm.encode(self._with_noise(np.pad(packet, (0, PACKET - len(packet)))))
            await self.send("input_audio_buffer.append", audio=base64.b64encode(audio).decode())

    def _with_noise(self, packet: Samples) -> Samples:
        if self._noise is None:
            return packet
        piece = self._noise[self._noise_at : self._noise_at + PACKET]
        self._noise_at = (self._noise_at + PACKET) % round(NOISE_S * RATE_HZ)
        mixed: Samples = packet + piece
        return mixed

    async def _utter(self, samples: Samples) -> tuple[float, float]:
        """Say it from the next packet on; when its first and its last sample were spoken."""
        start_s = int(self._now_s() * 1000 / PACKET_MS + 0.5) * PACKET_MS / 1000
        self._mouth, self._said = samples, anyio.Event()
        await self._said.wait()
        return start_s, self._now_s()

    # --- The ears ----------------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Log what is told, until cancelled or the session ends."""
        while texts := await self._session.outbox.take():
            for text in texts:
                self._hear(json.loads(text))

    def _hear(self, event: dict[str, Any]) -> None:
        now_s = self._now_s()
        match event["type"]:
            case "response.output_audio.delta":
                audio_ms = len(base64.b64decode(event.pop("delta"))) * 1000 // (RATE_HZ * BYTES_PER_SAMPLE)
                event["audio_ms"] = audio_ms
                if self._reply_until_s <= now_s:
                    self._reply_from_s = now_s
                self._reply_until_s = max(self._reply_until_s, now_s) + audio_ms / 1000
            case "input_audio_buffer.speech_started":
                self._reply_until_s = min(self._reply_until_s, now_s)
            case "conversation.item.retrieved":
                content = event["item"]["content"]
                self.log.remembered[event["item"]["id"]] = content[0]["transcript"] if content else ""
        self.log.told.append(Told(now_s, event))
        self._changed.set()

    async def _reply(self, heard_ms: int) -> None:
        """Until a reply to the last turn has been heard for so long without a gap; not for ever."""
        with anyio.move_on_after(REPLY_WITHIN_S):
            while self._reply_until_s <= self._now_s() or self._reply_from_s < self._spoke_until_s:
                self._changed = anyio.Event()
                await self._changed.wait()
            await anyio.sleep_until(self._begin_s + self._reply_from_s + heard_ms / 1000)

    async def _hear_out(self) -> None:
        await self._reply(0)
        while self._reply_until_s > self._now_s() + PACKET_MS / 1000:
            with anyio.CancelScope(deadline=self._begin_s + self._reply_until_s):
                self._changed = anyio.Event()
                await self._changed.wait()

    # --- The script --------------------------------------------------------------------------------------------------

    async def act(self) -> None:
        """Follow the script, then wait for its last effects and ask what the session remembers."""
        await anyio.sleep(BEFORE_S)
        for act in self._script.acts:
            match act:
                case Say():
                    await self._say(act)
                case Interject():
                    await self._interject(act)
                case AwaitReply():
                    await self._reply(act.heard_ms)
                case HearOut():
                    await self._hear_out()
                    await anyio.sleep(AFTER_S)
                case Wait(ms=ms):
                    await anyio.sleep(ms / 1000)
                    self._muted = False
                case _:
                    assert_never(act)
        await anyio.sleep(SETTLE_S)
        self.log.end_s = self._now_s()
        for item_id in {t.event["item_id"]: None for t in self.log.told if t.kind == "response.output_audio.done"}:
            await self.send("conversation.item.retrieve", item_id=item_id)
        await anyio.sleep(PACKET_MS / 1000)

    async def _say(self, say: Say) -> None:
        sounds = [self._sound(part) for part in say.parts]
        pieces = [sounds[0]]
        for pause_ms, sound in zip(say.pauses_ms, sounds[1:], strict=True):
            pieces += [silence(pause_ms), sound]
        self._will_say(say, [len(piece) / RATE_HZ for piece in pieces])
        whole = np.concatenate(pieces)
        cut = round(len(whole) * say.fraction)
        start_s, end_s = await self._utter(whole[:cut])
        if say.kind in ("stalled", "muted"):
            self._muted = True
        if say.kind == "stalled":
            await anyio.sleep(say.stall_ms / 1000)
            self._muted = False
            _, end_s = await self._utter(whole[cut:])
        self._spoke_until_s = end_s
        text = "|".join(say.parts)
        self.log.done.append(Turn(kind=say.kind, text=text, start_s=start_s, end_s=end_s))

    async def _interject(self, interject: Interject) -> None:
        sound = burst(interject.burst, self._script.number) if interject.burst else self._sound(interject.text)
        if interject.text:
            self._will_say(Say(kind="fluent", parts=(interject.text,)), [len(sound) / RATE_HZ])
        start_s, end_s = await self._utter(sound)
        self.log.done.append(Interjection(text=interject.text, burst=interject.burst, start_s=start_s, end_s=end_s))

    def _sound(self, text: str) -> Samples:
        return self._sounds[text, self._script.voice, self._script.speed]

    def _will_say(self, say: Say, lengths_s: list[float]) -> None:
        """For ears that read along: when each character will have been said, evenly over its part."""
        at_s, whole_s = anyio.current_time(), sum(lengths_s) * say.fraction
        late_s = say.stall_ms / 1000 if say.kind == "stalled" else 0.0
        begin_s = 0.0
        for index, length_s in enumerate(lengths_s):
            part = say.parts[index // 2] if index % 2 == 0 else ""
            for number in range(len(part)):
                end_s = begin_s + length_s * (number + 1) / len(part)
                if end_s <= whole_s or late_s:
                    self._lines.said.append((at_s + end_s + (late_s if end_s > whole_s else 0.0), part[number]))
            begin_s += length_s
