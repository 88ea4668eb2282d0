"""What happens in `bench echo`: talks drawn from a seed, and all their sounds, made beforehand by espeak-ng.

A talk is a room, two voices and turns: a question whose answer is left alone, or one whose answer is interrupted. Not
here: playing (`echo_replay`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from autoglm_agent.bench.talk_phrases import FLUENT, INTERRUPTIONS
from autoglm_agent.bench.talk_scripts import INTO_REPLY_MS, LONG_CHARACTERS, SPEEDS, VOICES, filled, long_reply
from autoglm_agent.voice.clauses import ClauseCutter
from autoglm_agent.voice.espeak import EspeakSynthesiser
from autoglm_agent.voice.speech import Speech

TURNS_OF_A_TALK = 5
"""Left alone; half as many again are interrupted."""
ANSWER_SPEED = 1.0

Sounds = dict[tuple[str, str, float], Speech]
"""By text, voice and speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoTurn:
    """A question. With an `interruption`, that is said when `heard_ms` of the answer have been heard."""

    question: str
    interruption: str = ""
    heard_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoScript:
    """One talk. `answers` are said in turn by `voice`; the user has another one, sometimes the same."""

    number: int
    voice: str
    user_voice: str
    user_speed: float
    turns: tuple[EchoTurn, ...]
    answers: tuple[str, ...]


def echo_scripts(turns: int, seed: int) -> list[EchoScript]:
    """Talks with so many turns that are left alone, and half as many that are interrupted."""
    scripts = []
    for number in range(-(-turns // TURNS_OF_A_TALK)):
        alone = min(TURNS_OF_A_TALK, turns - number * TURNS_OF_A_TALK)
        scripts.append(_script(number, alone, Random(f"{seed}/{number}")))
    return scripts


def _script(number: int, alone: int, random: Random) -> EchoScript:
    interrupted = alone // 2 + (alone % 2 and number % 2)
    turns = [_turn(random, is_interrupted=False) for _ in range(alone)]
    turns += [_turn(random, is_interrupted=True) for _ in range(interrupted)]
    random.shuffle(turns)
    return EchoScript(
        number=number,
        voice=VOICES[number % len(VOICES)],
        user_voice=random.choice(VOICES),
        user_speed=round(random.uniform(*SPEEDS), 2),
        turns=tuple(turns),
        answers=tuple(long_reply(random, LONG_CHARACTERS) for _ in range(6)),
    )


def _turn(random: Random, *, is_interrupted: bool) -> EchoTurn:
    question = filled(random, random.choice(FLUENT))
    if not is_interrupted:
        return EchoTurn(question=question)
    words = filled(random, random.choice(INTERRUPTIONS))
    return EchoTurn(question=question, interruption=words, heard_ms=random.randint(*INTO_REPLY_MS))


def clauses(answer: str) -> list[str]:
    """An answer as the session has it said."""
    cutter = ClauseCutter()
    return [*cutter.feed(answer), *cutter.flush()]


def wanted_sounds(scripts: list[EchoScript]) -> list[tuple[str, str, float]]:
    """All that will be said, each once."""
    wanted: dict[tuple[str, str, float], None] = {}
    for script in scripts:
        for turn in script.turns:
            for text in filter(None, (turn.question, turn.interruption)):
                wanted[text, script.user_voice, script.user_speed] = None
        for answer in script.answers:
            for clause in clauses(answer):
                wanted[clause, script.voice, ANSWER_SPEED] = None
    return list(wanted)


async def say_beforehand(scripts: list[EchoScript], told: Callable[[], None] = lambda: None) -> Sounds:
    """Say all of it. `told` is called after each text.

    Raises:
        VoiceNotInstalledError: the `voice` extra is missing.
    """
    sounds: Sounds = {}
    async with EspeakSynthesiser() as synthesiser:
        for text, voice, speed in wanted_sounds(scripts):
            sounds[text, voice, speed] = await synthesiser.speak(text, voice=voice, speed=speed)
            told()
    return sounds


class PreparedVoice:
    """Says what was said beforehand, at once: a `Synthesiser` that virtual time cannot outrun."""

    voices = VOICES

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def speak(self, text: str, *, voice: str, speed: float) -> Speech:
        """The sound of a clause. Raises KeyError for a text nobody prepared."""
        return self._sounds[text, voice, speed]
