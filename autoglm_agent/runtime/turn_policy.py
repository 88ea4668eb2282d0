"""When the user has finished, and when new speech takes the floor: pure decisions over what is known at a moment.

No clock, no task, no model: the caller brings the silence in milliseconds of audio and the words so far. Turn taking by
a trained end-of-turn probability fits in as another `end_of_turn_probability`.
"""

from __future__ import annotations

from dataclasses import dataclass

from autoglm_agent.protocol.config import SemanticVad, ServerVad, TurnDetection

SEMANTIC_HOLD_MS = 500
"""The hold of a sentence that sounds finished; the Realtime API's default silence."""

HESITATIONS = ("嗯", "呃", "那个", "这个", "然后", "就是", "因为", "所以", "但是", "还有", "和", "把", "在", "的", "跟")
"""Words on which nobody ends a sentence on purpose. `的` ends some; waiting there costs half a second, not a word."""

BACKCHANNELS = frozenset({"嗯", "嗯嗯", "哦", "噢", "好", "好的", "对", "对对", "是", "是的", "啊"})
"""What listeners say without wanting the floor."""

CONFIRM_MS = 200
"""Voice shorter than this while we answer is a cough or a knock, not an interruption."""


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
    """How finished the words sound, from 0 to 1. Nothing understood yet counts as undecided."""
    words = transcript.rstrip("，。？！、,.?! ")
    if not words:
        return 0.5
    return 0.1 if words.endswith(HESITATIONS) else 0.9


def hold_ms(settings: TurnSettings, probability: float) -> int:
    """How long the silence must last before the turn ends: short when it sounds finished, longer the less it does."""
    if probability >= 0.5:
        return settings.hold_ms
    return round(settings.hold_ms + (settings.longest_hold_ms - settings.hold_ms) * (1 - 2 * probability))


def takes_the_floor(*, voiced_ms: int, transcript: str) -> bool:
    """Whether speech over our answer interrupts it: voiced long enough, and not just a sign of listening."""
    return voiced_ms >= CONFIRM_MS and transcript.strip("，。！ ") not in BACKCHANNELS
