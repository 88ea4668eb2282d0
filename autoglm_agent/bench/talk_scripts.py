"""What the users of `bench conversations` do: scripts drawn from a seed, every kind of conversation equally often.

A script says who speaks, into what noise, and a list of acts in order; when they happen depends on the replies, so a
reader of scripts waits for them. Sentences are Mandarin; a pause is written where people make one, most often before
the sentence is complete. Not here: sound (`talk_sounds`), playing a script (`talk_replay`), judging (`talk_judge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from autoglm_agent.bench.talk_phrases import (
    BACKCHANNELS,
    FLUENT,
    HESITANT,
    INTERRUPTIONS,
    PAUSED,
    REPLIES,
    WORDS,
)

TurnKind = Literal["fluent", "paused", "hesitant", "stalled", "muted", "interruption"]
"""`stalled`: packets come late for less than a second in mid-word; `muted`: they stop, and the rest is lost."""
Burst = Literal["cough", "knock"]
BURSTS: tuple[Burst, ...] = ("cough", "knock")
NoiseKind = Literal["white", "brown", "babble"]
NOISES: tuple[NoiseKind, ...] = ("white", "brown", "babble")
Detection = Literal["server_vad", "semantic_vad"]

VOICES = ("lan", "ming", "mei", "gang")
SPEEDS = (0.9, 1.2)
PAUSE_MS = (300, 900)
SHORT_PAUSE_MS = (150, 350)
"""With `server_vad` a pause as long as its silence of 500 ms ends the turn by definition: pauses are shorter there."""
HESITATION_MS = (300, 1_000)
STALL_MS = (200, 800)
MUTE_MS = 8_000
"""Longer than any turn detection waits: 4 s of `semantic_vad`, 1 s for packets that stopped."""
SNR_DB = (10.0, 20.0)
QUIET_MS = 12_000
INTO_REPLY_MS = (900, 2_200)
"""When somebody speaks over a reply: after its first words, well before its end."""
LONG_CHARACTERS, SHORT_CHARACTERS = 36, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A turn: parts with silence between them. `fraction` is where in the sound a stall or the mute begins."""

    kind: TurnKind
    parts: tuple[str, ...]
    pauses_ms: tuple[int, ...] = ()
    fraction: float = 1.0
    stall_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interject:
    """A sign of listening, or a noise of the body or the furniture, over a reply: `text` or `burst`."""

    text: str = ""
    burst: Burst | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitReply:
    """Until a reply has been heard for so long."""

    heard_ms: int


@dataclass(frozen=True, slots=True)
class HearOut:
    """Until a reply has come and nothing of it is left to hear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Silence."""

    ms: int


Act = Say | Interject | AwaitReply | HearOut | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkScript:
    """One conversation. `replies` are what the assistant says, in order, the last one again and again."""

    name: str
    number: int
    detection: Detection
    voice: str
    speed: float
    acts: tuple[Act, ...]
    replies: tuple[str, ...]
    noise: NoiseKind | None = None
    snr_db: float = 0.0


def scripts(count: int, seed: int) -> list[TalkScript]:
    """`count` conversations, the kinds in turn. Each depends on the seed and its own number alone."""
    names = tuple(_KINDS)
    return [_script(names[number % len(names)], number, Random(f"{seed}/{number}")) for number in range(count)]


def _script(name: str, number: int, random: Random) -> TalkScript:
    detection: Detection = "semantic_vad" if number // len(_KINDS) % 2 else "server_vad"
    if name in ("pauses", "hesitations"):
        detection = "server_vad" if number // len(_KINDS) % 4 == 0 and name == "pauses" else "semantic_vad"
    noise = random.choice(NOISES) if name == "noise" or (name == "silence" and random.random() < 0.5) else None
    acts = _KINDS[name](random, detection)
    needs_length = any(isinstance(act, AwaitReply) for act in acts)
    return TalkScript(
        name=name,
        number=number,
        detection=detection,
        voice=random.choice(VOICES),
        speed=round(random.uniform(*SPEEDS), 2),
        acts=acts,
        replies=tuple(long_reply(random, LONG_CHARACTERS if needs_length else SHORT_CHARACTERS) for _ in range(6)),
        noise=noise,
        snr_db=round(random.uniform(*SNR_DB), 1),
    )


# --- The kinds -------------------------------------------------------------------------------------------------------


def _plain(random: Random, detection: Detection) -> tuple[Act, ...]:
    return _turns(*(_fluent(random) for _ in range(random.randint(2, 4))))


def _pauses(random: Random, detection: Detection) -> tuple[Act, ...]:
    return _turns(*(_paused(random, detection) for _ in range(random.randint(2, 4))))


def _hesitations(random: Random, detection: Detection) -> tuple[Act, ...]:
    return _turns(*(_hesitant(random) for _ in range(random.randint(2, 4))))


def _backchannels(random: Random, detection: Detection) -> tuple[Act, ...]:
    acts: list[Act] = []
    for _ in range(2):
        acts += [_fluent(random), *_interjections(random, 2), HearOut()]
    return tuple(acts)


def _interruptions(random: Random, detection: Detection) -> tuple[Act, ...]:
    acts: list[Act] = [_fluent(random)]
    for _ in range(random.randint(2, 3)):
        acts += [AwaitReply(heard_ms=random.randint(*INTO_REPLY_MS)), _interruption(random)]
    return (*acts, HearOut())


def _muted(random: Random, detection: Detection) -> tuple[Act, ...]:
    stalled = Say(
        kind="stalled",
        parts=(filled(random, random.choice(FLUENT)),),
        fraction=random.uniform(0.3, 0.7),
        stall_ms=random.randint(*STALL_MS),
    )
    muted = Say(kind="muted", parts=(filled(random, random.choice(FLUENT)),), fraction=random.uniform(0.4, 0.8))
    return (*_turns(stalled), muted, Wait(ms=MUTE_MS), *_turns(_fluent(random)))


def _noise(random: Random, detection: Detection) -> tuple[Act, ...]:
    return (
        _fluent(random),
        *_interjections(random, 1),
        HearOut(),
        _paused(random, detection),
        AwaitReply(heard_ms=random.randint(*INTO_REPLY_MS)),
        _interruption(random),
        HearOut(),
    )


def _silence(random: Random, detection: Detection) -> tuple[Act, ...]:
    return (Wait(ms=QUIET_MS),)


_KINDS = {
    "plain": _plain,
    "pauses": _pauses,
    "hesitations": _hesitations,
    "backchannels": _backchannels,
    "interruptions": _interruptions,
    "muted": _muted,
    "noise": _noise,
    "silence": _silence,
}


# --- Their parts -----------------------------------------------------------------------------------------------------


def _turns(*turns: Say) -> tuple[Act, ...]:
    return tuple(act for turn in turns for act in (turn, HearOut()))


def _fluent(random: Random) -> Say:
    return Say(kind="fluent", parts=(filled(random, random.choice(FLUENT)),))


def _paused(random: Random, detection: Detection) -> Say:
    parts = tuple(filled(random, random.choice(PAUSED)).split("|"))
    lengths = PAUSE_MS if detection == "semantic_vad" else SHORT_PAUSE_MS
    return Say(kind="paused", parts=parts, pauses_ms=tuple(random.randint(*lengths) for _ in parts[1:]))


def _hesitant(random: Random) -> Say:
    parts = tuple(filled(random, random.choice(HESITANT)).split("|"))
    return Say(kind="hesitant", parts=parts, pauses_ms=tuple(random.randint(*HESITATION_MS) for _ in parts[1:]))


def _interruption(random: Random) -> Say:
    return Say(kind="interruption", parts=(filled(random, random.choice(INTERRUPTIONS)),))


def _interjections(random: Random, count: int) -> list[Act]:
    acts: list[Act] = []
    for _ in range(count):
        spoken = random.random() < 0.6
        interjection = Interject(text=random.choice(BACKCHANNELS)) if spoken else Interject(burst=random.choice(BURSTS))
        acts += [AwaitReply(heard_ms=random.randint(*INTO_REPLY_MS)) if not acts else Wait(ms=1_500), interjection]
    return acts


def filled(random: Random, template: str) -> str:
    """A template with a word for each of its places."""
    return template.format(**{name: random.choice(words) for name, words in WORDS.items()})


def long_reply(random: Random, characters: int) -> str:
    """A reply of at least so many characters."""
    text = ""
    while len(text) < characters:
        text += random.choice(REPLIES)
    return text
