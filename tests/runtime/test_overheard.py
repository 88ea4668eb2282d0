"""Who wants the floor, by the sound alone: what the shipped network makes of our own voices."""

from __future__ import annotations

import pytest

from autoglm_agent.audio import pcm
from autoglm_agent.audio.first_sounds import FirstSounds, shipped_file
from autoglm_agent.audio.resample import resample
from autoglm_agent.audio.vad import SAMPLE_RATE_HZ, WINDOW
from autoglm_agent.runtime.overheard import Overheard
from autoglm_agent.runtime.turn_policy import SURE_OF_WORDS
from autoglm_agent.voice.espeak import EspeakSynthesiser
from autoglm_agent.voice.speech import SAMPLE_RATE_HZ as SPEECH_RATE_HZ

pytestmark = pytest.mark.anyio

REQUESTS = ("暂停", "取消", "你刚才说什么", "快一点", "我想问一个问题", "把窗户关上")
SIGNS = ("嗯", "好的", "对对", "啊", "是的", "嗯嗯")
KNOWN_AFTER_MS, LISTENED_MS = 320, 700
BEFORE = bytes(2 * 10 * WINDOW)


async def said(texts: tuple[str, ...]) -> list[bytes]:
    """Each text by each of our voices, s16le at 16 kHz."""
    async with EspeakSynthesiser() as synthesiser:
        speeches = [await synthesiser.speak(text, voice=v, speed=1.0) for text in texts for v in synthesiser.voices]
    return [pcm.encode(resample(pcm.decode(each.pcm), SPEECH_RATE_HZ, SAMPLE_RATE_HZ)) for each in speeches]


def surest(sound: bytes, until_ms: int) -> float:
    """The highest probability within so much of the sound."""
    overheard = Overheard(FirstSounds.load(shipped_file()))
    overheard.begin(BEFORE)
    found = []
    windows = until_ms * SAMPLE_RATE_HZ // 1000 // WINDOW
    for start in range(0, min(len(sound), 2 * WINDOW * windows) - 2 * WINDOW + 1, 2 * WINDOW):
        overheard.hear(sound[start : start + 2 * WINDOW])
        found.append(overheard.wants_floor or 0.0)
    return max(found)


async def test_requests_are_known_by_their_first_sounds_and_signs_of_listening_are_none() -> None:
    requests = [surest(sound, KNOWN_AFTER_MS) >= SURE_OF_WORDS for sound in await said(REQUESTS)]
    signs = [surest(sound, LISTENED_MS) >= SURE_OF_WORDS for sound in await said(SIGNS)]
    assert sum(requests) >= 0.75 * len(requests)
    assert sum(signs) <= 0.1 * len(signs)


def test_nothing_is_told_before_a_voice_or_after_its_end_or_without_a_network() -> None:
    overheard = Overheard(FirstSounds.load(shipped_file()))
    overheard.hear(BEFORE)
    assert overheard.wants_floor is None
    overheard.begin(BEFORE)
    assert overheard.wants_floor is not None
    overheard.end()
    assert overheard.wants_floor is None
    deaf = Overheard(None)
    deaf.begin(BEFORE)
    assert deaf.wants_floor is None
