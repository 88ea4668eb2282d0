"""Plays talks of `bench echo`: the voice loop in a made room, against real sessions over memory, in virtual time.

The loop, the guard, the client, the session, its ears and its rules are those of `autoglm talk`; made are the room, the
user and what is answered. What came of each turn is noted here, how often it went wrong is `echo`'s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import anyio
import numpy as np

from autoglm_agent.audio import pcm
from autoglm_agent.bench.echo_room import EchoRoom, room_response
from autoglm_agent.bench.echo_scripts import ANSWER_SPEED, EchoScript, EchoTurn, PreparedVoice, Sounds
from autoglm_agent.bench.memory_socket import MemorySocket
from autoglm_agent.bench.talk_engine import EndOfTurn, Lines, Script, ScriptedEars, TalkEngine
from autoglm_agent.bench.talk_replay import virtual_service
from autoglm_agent.client import EchoGuard, Event, RealtimeClient, VoiceLoop
from autoglm_agent.engine.spec import EngineProtocol
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop
from autoglm_agent.server.service import Service

ANSWER_WITHIN_S = 4.0
"""For an answer to begin; a turn that was not heard is told as such, and the talk goes on."""
ANSWER_LASTS_S = 25.0
"""For it to end: twice the longest."""
BARGE_IN_WITHIN_S = 1.0
"""As in `talk_judge`: twice the half second in which people fall silent when somebody else begins."""
PAUSE_S = 0.8
"""Between an answer's end and the next question."""
TOGETHER = 5
STARTED = "input_audio_buffer.speech_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoOutcome:
    """What came of a turn. `false_starts`: how often speech was told while the user said nothing.

    `interrupt_ms`: of an interruption that worked, from its first sample; None when it did not. `was_possible`: the
    answer was being heard when the user began.
    """

    talk: int
    turn: EchoTurn
    was_answered: bool
    false_starts: int
    was_possible: bool = False
    interrupt_ms: float | None = None


def replay(
    scripts: list[EchoScript],
    sounds: Sounds,
    ears: EngineProtocol | EndOfTurn,
    *,
    level_db: float,
    is_guarded: bool,
    told: Callable[[], None] = lambda: None,
) -> list[EchoOutcome]:
    """All talks, with own voice at `level_db` in the microphone. `told` is called after each talk."""

    async def main() -> list[EchoOutcome]:
        lines: Script = {}
        hearing = ScriptedEars(lines, anyio.current_time, ears) if callable(ears) else ears
        outcomes: dict[int, list[EchoOutcome]] = {}
        waiting = deque(scripts)

        async def work(service: Service) -> None:
            while waiting:
                script = waiting.popleft()
                person = _Person(script, sounds, level_db=level_db, is_guarded=is_guarded)
                outcomes[script.number] = await person.talk(service, lines)
                told()

        engine = TalkEngine(hearing, lines)
        async with virtual_service(engine, PreparedVoice(sounds)) as service, anyio.create_task_group() as tasks:
            for _ in range(TOGETHER):
                tasks.start_soon(work, service)
        return [outcome for script in scripts for outcome in outcomes[script.number]]

    return anyio.run(main, backend_options={"loop_factory": VirtualTimeLoop})


class _Person:
    """The user of one talk."""

    def __init__(self, script: EchoScript, sounds: Sounds, *, level_db: float, is_guarded: bool) -> None:
        self._script, self._sounds, self._is_guarded = script, sounds, is_guarded
        response = room_response(np.random.default_rng(script.number), level_db=level_db)
        self._room = EchoRoom(response, seed=script.number)
        self._starts: list[float] = []
        self._answer_s = self._cancelled_s = -1.0
        self._changed = anyio.Event()
        self._lines = Lines(deque(script.answers), [])

    async def talk(self, service: Service, lines: Script) -> list[EchoOutcome]:
        """The whole talk."""
        session = service.new_session()
        lines[session.connection.session_id] = self._lines
        ended = anyio.Event()
        await service.lobby.start(session, ended.set)
        client = RealtimeClient(MemorySocket(session))
        await client.update_session(
            audio={
                "input": {"transcription": {"model": "nano"}, "turn_detection": {"type": "server_vad"}},
                "output": {"voice": self._script.voice, "speed": ANSWER_SPEED},
            }
        )
        guard = EchoGuard() if self._is_guarded else None
        loop = VoiceLoop(client, microphone=self._room, loudspeaker=self._room, guard=guard, on_event=self._note)
        outcomes: list[EchoOutcome] = []

        async def act() -> None:
            for turn in self._script.turns:
                await anyio.sleep(PAUSE_S)
                outcomes.append(await self._turn(loop, turn))

        await loop.run(act)
        session.close()
        await ended.wait()
        del lines[session.connection.session_id]
        return outcomes

    def _note(self, event: Event) -> None:
        now_s = anyio.current_time()
        match event["type"]:
            case "input_audio_buffer.speech_started":
                self._starts.append(now_s)
            case "response.output_audio.delta":
                self._answer_s = now_s if self._answer_s < 0 else self._answer_s
            case "conversation.item.truncated":
                self._cancelled_s = now_s
        self._changed.set()

    async def _turn(self, loop: VoiceLoop, turn: EchoTurn) -> EchoOutcome:
        answers = loop.answers
        await self._say(turn.question)
        said_s, self._answer_s = anyio.current_time(), -1.0
        spoke = [(said_s, said_s)]
        with anyio.move_on_after(ANSWER_WITHIN_S):
            while self._answer_s < 0:
                self._changed = anyio.Event()
                await self._changed.wait()
        was_possible, interrupt_ms = False, None
        if turn.interruption and self._answer_s >= 0:
            await anyio.sleep_until(self._answer_s + turn.heard_ms / 1000)
            was_possible = loop.is_speaking
            begin_s, self._cancelled_s = anyio.current_time(), -1.0
            await self._say(turn.interruption)
            await anyio.sleep_until(max(anyio.current_time(), begin_s + BARGE_IN_WITHIN_S))
            spoke.append((begin_s, anyio.current_time()))
            told = [at_s for at_s in self._starts if begin_s <= at_s <= begin_s + BARGE_IN_WITHIN_S]
            if told and begin_s <= self._cancelled_s <= begin_s + BARGE_IN_WITHIN_S:
                interrupt_ms = (told[0] - begin_s) * 1000
        with anyio.move_on_after(ANSWER_LASTS_S) as limit:
            await loop.answered(answers)
        false = [at_s for at_s in self._starts if at_s > said_s and not any(a <= at_s <= b for a, b in spoke)]
        return EchoOutcome(
            talk=self._script.number,
            turn=turn,
            was_answered=self._answer_s >= 0 and not limit.cancelled_caught,
            false_starts=len(false),
            was_possible=was_possible,
            interrupt_ms=interrupt_ms if was_possible else None,
        )

    async def _say(self, text: str) -> None:
        """For ears that read along, the words are those of the script, evenly over the sound."""
        samples = pcm.decode(self._sounds[text, self._script.user_voice, self._script.user_speed].pcm)
        at_s, length_s = anyio.current_time(), len(samples) / 24_000
        self._lines.said += [(at_s + length_s * (n + 1) / len(text), text[n]) for n in range(len(text))]
        await self._room.mouth.say(samples)
