"""When the user has finished, and when new speech takes the floor: pure decisions over what is known at a moment.

No clock, no task, no model: the caller brings the silence in milliseconds of audio, the words so far and, where the
engine tells it, how likely nothing follows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from autoglm_agent.protocol.config import SemanticVad, ServerVad, TurnDetection
from autoglm_agent.runtime.backchannels import is_listening

SEMANTIC_HOLD_MS = 320
"""The hold of a sentence that sounds finished: ten windows of voice activity, and time to understand its last word."""

UNSETTLED_HOLD_MS = 500
"""Until the last word was understood nothing ends sooner than this; the Realtime API's default silence."""

SURE = 0.95
"""From this probability on a sentence counts as finished."""
PATIENCE = 1.75
"""How slowly the hold grows below `SURE`: as this power of what is missing. Both were chosen by `bench conversations`:
pauses up to 0.9 s cut few turns, and most finished ones wait no longer than `SEMANTIC_HOLD_MS`."""

HESITATIONS = ("嗯", "呃", "那个", "这个", "然后", "就是", "因为", "所以", "但是", "还有", "和", "把", "在", "的", "跟")
"""Words on which nobody ends a sentence on purpose. `的` ends some; waiting there costs half a second, not a word."""

CONFIRM_MS = 200
"""Voice shorter than this while we answer is a cough or a knock, not an interruption."""

WORDLESS_MS = 700
"""Voice in which no word was understood interrupts after this: a cough or a laugh is over by then, and whoever speaks a
language the engine does not know is heard, too. The first word is understood after 300 to 400 ms of it."""

SURE_OF_WORDS = 0.9
"""From this probability on the first sounds are those of somebody who wants something, whatever the first word is. Of
signs of listening by unknown voices one in forty gets there, of requests three in four before they are 0.3 s old."""
SOUNDED_MS = 128
"""Voice after which sounds may decide, four windows. Voice activity finds it 40 ms after its first sample, and 100 ms
after a soft consonant, so some 200 ms were heard. Waiting longer makes no fewer mistakes: who only listens is mistaken
as seldom at 0.1 s as at 0.2 s, for the network stays undecided by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettings:
    """Turn taking as the listener needs it, whichever kind the client chose."""

    threshold: float
    prefix_padding_ms: int
    hold_ms: int
    longest_hold_ms: int
    create_response: bool
    interrupt_response: bool


def settings_for(detection: TurnDetection) -> TurnSettings:
    """Translate the client's choice. Semantic detection holds longer while the sentence sounds unfinished."""
    match detection:
        case ServerVad():
            return TurnSettings(
                threshold=detection.threshold,
                prefix_padding_ms=detection.prefix_padding_ms,
                hold_ms=detection.silence_duration_ms,
                longest_hold_ms=detection.silence_duration_ms,
                create_response=detection.create_response,
                interrupt_response=detection.interrupt_response,
            )
        case SemanticVad():
            return TurnSettings(
                threshold=ServerVad().threshold,
                prefix_padding_ms=ServerVad().prefix_padding_ms,
                hold_ms=SEMANTIC_HOLD_MS,
                longest_hold_ms=detection.max_wait_ms,
                create_response=detection.create_response,
                interrupt_response=detection.interrupt_response,
            )


def end_of_turn_probability(transcript: str) -> float:
    """How finished the words sound, from 0 to 1, by a list: for engines that cannot tell.

    Nothing understood yet counts as undecided.
    """
    words = transcript.rstrip("，。？！、,.?! ")
    if not words:
        return 0.5
    return 0.1 if words.endswith(HESITATIONS) else 0.9


def hold_ms(settings: TurnSettings, probability: float, *, is_settled: bool = True) -> int:
    """How long the silence must last before the turn ends: short when it sounds finished, longer the less it does.

    `is_settled` False: the probability is that of words which may lack the last one.
    """
    doubt: float = max(0.0, 1 - probability / SURE) ** PATIENCE
    wanted = round(settings.hold_ms + (settings.longest_hold_ms - settings.hold_ms) * doubt)
    return wanted if is_settled else min(settings.longest_hold_ms, max(wanted, UNSETTLED_HOLD_MS))


def takes_the_floor(
    *, voiced_ms: int, transcript: str, is_understood: bool = True, wants_floor: float | None = None
) -> bool:
    """Whether speech over our answer interrupts it: voiced long enough, and not just a sign of listening.

    `is_understood` False: the engine is so far behind that no words mean nothing. `wants_floor`: how likely the sound
    is more than a sign of listening; it decides while there are no words, and only when it is sure.
    """
    if not transcript and wants_floor is not None and wants_floor >= SURE_OF_WORDS:
        return voiced_ms >= SOUNDED_MS
    if not transcript:
        return voiced_ms >= (WORDLESS_MS if is_understood else CONFIRM_MS)
    return voiced_ms >= CONFIRM_MS and not is_listening(transcript)
