"""What people say over an answer: the first second of many, of requests and of signs of listening, and of noises.

Requests are sentences of the dialogues and tasks and single words; signs of listening are those of
`runtime.backchannels`, in a row too. Both are said by the same synthetic voices and joined from the same human
syllables, so that no voice gives the answer away. Nothing is augmented here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from autoglm_agent.audio.first_sounds import SAMPLE_RATE_HZ
from autoglm_agent.runtime.backchannels import WORDS as LISTENING
from autoglm_agent.runtime.backchannels import is_listening
from autoglm_agent.training.speech.speech_natural import Recording, Source, recordings
from autoglm_agent.training.speech.speech_wave import frame_rms, levelled, to_float, to_int16
from autoglm_agent.training.speech.syllable_bank import SyllableBank, concatenated_speech, concatenated_syllables
from autoglm_agent.training.speech.synthesis import Utterance, random_utterance, synthesise_many
from autoglm_agent.training.text.english_text import english_sentences
from autoglm_agent.training.turns.body_noises import body_noise
from autoglm_agent.training.turns.turn_texts import WORDS, turn_texts
from autoglm_agent.voice.pinyin import syllables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from autoglm_agent.training.sample import Split

KEPT_SAMPLES = SAMPLE_RATE_HZ * 5 // 4
"""The decision is made in the first 700 ms of voice."""
LEAD_SAMPLES = SAMPLE_RATE_HZ // 4
"""Silence before the first sound, of which a random part is heard."""
BEGINNING, ENGLISH_WORDS = 6, 4
"""Characters or words of a sentence that are said: more than a second holds."""
HUMS = ("嗯", "哦", "啊", "呀")
"""Said in any tone: the tone is the mood and not the word."""
COMMON = (*HUMS[:3], "好", "好的", "对", "对的", "是", "是的", "行", "嗯嗯", "对对")
COMMON_SHARE, ROW_SHARE = 0.6, 0.35
"""Of the signs of listening: those of everyday, and several in a row."""
SHORT_SHARE = 0.25
"""Of the requests: short words that stop or change something, as they are said to an assistant that talks."""
ENGLISH_SHARE = 0.08
"""Of both kinds."""
HUMAN_SHARE = 0.3
"""Of both kinds: joined from human syllables instead of synthetic."""
CROWD = (4, 10)
"""Voices, from 4 to 9."""
ONSET_DB = 25.0
"""Below the loudest frame: where a sound begins."""

HUMAN: dict[Source, int] = {"syllable": 9_000, "syllable2": 9_000, "word": 9_000, "speaker": 9_000, "hsk": 900}
"""Sources, and how many recordings of each are read: all, but of the sentences of one voice no more than matter."""

Kind = Literal["request", "listening", "noise"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """`wave` int16 [KEPT_SAMPLES], the first sound at `LEAD_SAMPLES`; `length` in samples up to its last sound."""

    wave: NDArray[np.int16]
    length: int
    text: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How many of each: requests (as many signs of listening), recordings of people, noises, crowds."""

    requests: int = 12_000
    recordings: int = 6_000
    noises: int = 2_500
    crowds: int = 2_500

    def share(self, part: float) -> Amounts:
        """So much of each."""
        return Amounts(
            requests=round(self.requests * part), recordings=round(self.recordings * part),
            noises=round(self.noises * part), crowds=round(self.crowds * part),
        )  # fmt: skip


def beginnings(data: Path, split: Split, amounts: Amounts, *, seed: int = 0, workers: int = 2) -> Iterator[Beginning]:
    """All of a split: texts, voices, speakers and human words of the two never meet, signs of listening do."""
    alone = list(_alone(data, split, amounts, seed=seed, workers=workers))
    yield from alone
    voices = [one.wave[LEAD_SAMPLES : one.length] for one in alone if one.kind != "noise"]
    random_waves = np.random.default_rng((seed, split == "eval"))
    for _ in range(amounts.crowds):
        yield crowd(voices, random_waves)


def crowd(sounds: Sequence[NDArray[np.int16]], random_waves: np.random.Generator) -> Beginning:
    """Several people who talk at once, as in a café: whatever they say, nobody speaks to us."""
    wave = np.zeros(KEPT_SAMPLES, np.float32)
    for number in random_waves.integers(len(sounds), size=random_waves.integers(*CROWD)):
        wave += np.roll(np.resize(to_float(sounds[number]), KEPT_SAMPLES), int(random_waves.integers(KEPT_SAMPLES)))
    return Beginning(to_int16(levelled(wave)), KEPT_SAMPLES, "", "noise")


def _alone(data: Path, split: Split, amounts: Amounts, *, seed: int, workers: int) -> Iterator[Beginning]:
    rng = random.Random(f"{seed}/{split}")
    requests = request_texts(data, split, amounts.requests, rng)
    signs = [listening_text(rng) for _ in requests]
    human = [item for source, most in HUMAN.items() for item in islice(recordings(data, source), most)]
    bank = SyllableBank.of(human)
    is_human = [rng.random() < HUMAN_SHARE and split == "train" for _ in requests]  # syllables are for training only
    kinds: tuple[tuple[Kind, list[str]], ...] = (("request", requests), ("listening", signs))
    for kind, texts in kinds:
        spoken = [_utterance(text, split, rng) for text, joined in zip(texts, is_human, strict=True) if not joined]
        for utterance, wave in zip(spoken, synthesise_many(spoken, workers), strict=True):
            yield from begun(wave, utterance.text, kind)
        for text in (text for text, joined in zip(texts, is_human, strict=True) if joined):
            joined_wave = _joined(text, bank, rng)
            if joined_wave is not None:
                yield from begun(joined_wave, text, kind)
    yield from _recorded(human, split, amounts.recordings, rng)
    for number in range(amounts.noises):
        yield from begun(body_noise(np.random.default_rng((seed, number, split == "eval"))), "", "noise")


def request_texts(data: Path, split: Split, count: int, rng: random.Random) -> list[str]:
    """Beginnings of sentences that are no signs of listening, and short words; those of the splits never meet."""
    said = turn_texts(data, split, dialogues=count, tasks=count, seed=rng.randrange(1 << 30))
    found = [_beginning(each.text) for each in said if not each.text.isascii()]
    short = [word for word in WORDS if not is_listening(word)]
    num_english = round(count * ENGLISH_SHARE)
    num_short = round(count * SHORT_SHARE) if split == "train" else 0
    english = [_beginning(text) for text in english_sentences(rng, 2 * num_english)]
    chosen = [text for text in english if not is_listening(text)][:num_english]
    chosen += rng.choices(short, k=num_short)
    chosen += [text for text in found if not is_listening(text)][: count - len(chosen)]
    rng.shuffle(chosen)
    return chosen


def _beginning(text: str) -> str:
    return " ".join(text.split()[:ENGLISH_WORDS]) if text.isascii() else text[:BEGINNING]


def listening_text(rng: random.Random) -> str:
    """One sign of listening or several in a row, in one language."""
    is_english = rng.random() < ENGLISH_SHARE
    words = [word for word in LISTENING if word.isascii() == is_english]

    def one() -> str:
        return rng.choice(COMMON if rng.random() < COMMON_SHARE and not is_english else words)

    if rng.random() >= ROW_SHARE:
        return one()
    first = one()
    return (" " if is_english else "").join((first, first if rng.random() < 0.5 else one()))


def _spelled(text: str, rng: random.Random) -> list[str]:
    """Toned pinyin; a hum in any tone."""
    return [
        spelled[:-1] + str(rng.randint(1, 5)) if character in HUMS else spelled
        for character, spelled in zip(text, syllables(text), strict=True)
    ]


def _utterance(text: str, split: Split, rng: random.Random) -> Utterance:
    pinyin = "" if text.isascii() else " ".join(_spelled(text, rng))
    return random_utterance(text, split, rng.randrange(1 << 30), pinyin=pinyin)


def _joined(text: str, bank: SyllableBank, rng: random.Random) -> NDArray[np.int16] | None:
    if text.isascii():
        return None
    try:
        if rng.random() < 0.5:
            return concatenated_syllables(_spelled(text, rng), bank, rng)
        return concatenated_speech(text, bank, rng)
    except KeyError:
        return None


def _recorded(human: list[Recording], split: Split, count: int, rng: random.Random) -> Iterator[Beginning]:
    """Words and sentences as people said them."""
    found = [item for item in human if item.split == split and not item.source.startswith("syllable")]
    for item in rng.sample(found, min(count, len(found))):
        beginning = _beginning(item.text)
        if item.text == beginning or not is_listening(beginning):
            yield from begun(item.wave, item.text, "listening" if is_listening(item.text) else "request")


def begun(wave: NDArray[np.int16], text: str, kind: Kind) -> Iterator[Beginning]:
    """The sound from its first frame that can be heard on; nothing of silence."""
    loudness = frame_rms(to_float(wave))
    if not loudness.size or loudness.max() <= 0:
        return
    heard = np.flatnonzero(loudness > loudness.max() * 10 ** (-ONSET_DB / 20)) * (SAMPLE_RATE_HZ // 100)
    sound = wave[heard[0] : heard[-1] + SAMPLE_RATE_HZ // 100][: KEPT_SAMPLES - LEAD_SAMPLES]
    before = wave[max(0, heard[0] - LEAD_SAMPLES) : heard[0]]
    kept = np.zeros(KEPT_SAMPLES, np.int16)
    kept[LEAD_SAMPLES - len(before) : LEAD_SAMPLES] = before
    kept[LEAD_SAMPLES : LEAD_SAMPLES + len(sound)] = sound
    yield Beginning(kept, LEAD_SAMPLES + len(sound), text, kind)


