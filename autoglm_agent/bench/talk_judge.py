"""Judges logs of `bench conversations` against what was done: each opportunity to go wrong, and whether it was taken.

- A *cut* is a turn committed before its last sample was spoken.
- A turn is *missed* when nothing was committed from its end until `COMMIT_WITHIN_S` after it.
- A barge-in is *missed* when, within `BARGE_IN_WITHIN_S` of the interruption's first sample, new speech was not told or
  the reply was not cancelled. A reply that is only being played out needs no cancelling.
- An *interruption is false* when new speech is told between the start of a backchannel or a noise over a reply and
  `AFTERMATH_S` after its end, or the reply is not completed. Over background noise every reply is an opportunity.
- A *phantom* is new speech told while nobody spoke and nothing was replied.
- A history is *wrong* when it holds more of a reply than was heard, or other words, or less of one heard to its end.

Not here: how often (`conversations`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from autoglm_agent.bench.talk_log import Interjection, Reply, TalkLog, Turn, replies
from autoglm_agent.bench.talk_replay import MS_PER_CHARACTER

BARGE_IN_WITHIN_S = 1.0
"""Twice the half second in which people fall silent when somebody else begins: after it, one repeats oneself."""
COMMIT_WITHIN_S = {"server_vad": 2.0, "semantic_vad": 5.5}
"""The longest silence that is waited for (0.5 s, 4 s), a second for packets that stopped, and half a second."""
AFTERMATH_S = 1.5
"""Longer than any detection takes to decide about a short sound."""
LAST_SAMPLES_S = 0.06
"""A sentence's last sounds are too soft to be told from silence: a commit there cuts no word."""
ROUNDED = 1.01
"""A word counts once half of it was heard."""
EARLY_S, LATE_S = 0.05, 0.3
"""Speech is told at its turn, or so much beside it, or as late as a barge-in may be."""


class Question(StrEnum):
    """What can go wrong."""

    CUT_WITH_PAUSE = "cut of a turn with a pause"
    CUT_FLUENT = "cut of a fluent turn"
    MISSED_TURN = "missed turn"
    MISSED_BARGE_IN = "missed barge-in"
    FALSE_INTERRUPTION = "false interruption"
    PHANTOM = "phantom turn"
    WRONG_HISTORY = "wrong history"


WITH_PAUSE = ("paused", "hesitant", "stalled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One opportunity. `delay_ms`: of an interruption that worked, or of the commit after a turn's end."""

    question: Question
    subject: str
    is_wrong: bool
    at_s: float
    delay_ms: float | None = None


def judge(log: TalkLog) -> list[Verdict]:
    """Every opportunity of one conversation."""
    heard = replies(log)
    verdicts: list[Verdict] = []
    for turn in log.turns:
        verdicts += [_cut(log, turn), _missed(log, turn)]
        if turn.kind == "interruption":
            verdicts += _barge_in(log, turn, heard)
    for interjection in log.interjections:
        verdicts += _false_interruption(log, interjection, heard)
    if log.script.noise is not None:
        verdicts += _over_noise(log, heard)
    if not log.turns or log.script.noise is not None:
        verdicts.append(_phantom(log, heard))
    return [*verdicts, *_history(log, heard)]


# --- Turns -----------------------------------------------------------------------------------------------------------


def _cut(log: TalkLog, turn: Turn) -> Verdict:
    cuts = [at_s for at_s in _committed(log) if turn.start_s < at_s < turn.end_s - LAST_SAMPLES_S]
    question = Question.CUT_WITH_PAUSE if turn.kind in WITH_PAUSE else Question.CUT_FLUENT
    subject = f"{turn.kind}, {log.script.detection}: {turn.text}"
    return Verdict(question=question, subject=subject, is_wrong=bool(cuts), at_s=cuts[0] if cuts else turn.start_s)


def _missed(log: TalkLog, turn: Turn) -> Verdict:
    until_s = turn.end_s + COMMIT_WITHIN_S[log.script.detection]
    ends = [at_s for at_s in _committed(log) if turn.end_s - LAST_SAMPLES_S <= at_s <= until_s]
    return Verdict(
        question=Question.MISSED_TURN,
        subject=f"{turn.kind}: {turn.text}",
        is_wrong=not ends,
        at_s=turn.start_s,
        delay_ms=(ends[0] - turn.end_s) * 1000 if ends else None,
    )


def _barge_in(log: TalkLog, turn: Turn, heard: list[Reply]) -> Iterator[Verdict]:
    """Nothing when no reply was to be heard: then the turn is only a turn."""
    until_s = turn.start_s + BARGE_IN_WITHIN_S
    for reply in heard:
        if reply.start_s is None or not reply.start_s <= turn.start_s < reply.until_s:
            continue
        told = [at_s for at_s in log.times("input_audio_buffer.speech_started") if turn.start_s <= at_s <= until_s]
        stopped = reply.done_s is not None and reply.done_s <= until_s
        worked = bool(told) and stopped
        yield Verdict(
            question=Question.MISSED_BARGE_IN,
            subject=turn.text,
            is_wrong=not worked,
            at_s=turn.start_s,
            delay_ms=(told[0] - turn.start_s) * 1000 if worked else None,
        )


def _committed(log: TalkLog) -> list[float]:
    return log.times("input_audio_buffer.committed")


# --- What is not meant as a turn -------------------------------------------------------------------------------------


def _aftermath(log: TalkLog, interjection: Interjection) -> tuple[float, float]:
    """What it may have caused: up to the next turn, if that comes sooner."""
    later = [turn.start_s for turn in log.turns if turn.start_s > interjection.start_s]
    return interjection.start_s, min([interjection.end_s + AFTERMATH_S, *later])


def _false_interruption(log: TalkLog, interjection: Interjection, heard: list[Reply]) -> Iterator[Verdict]:
    from_s, until_s = _aftermath(log, interjection)
    for reply in heard:
        if reply.start_s is None or not reply.start_s <= from_s < reply.until_s:
            continue
        told = [at_s for at_s in log.times("input_audio_buffer.speech_started") if from_s <= at_s <= until_s]
        over_s = reply.done_s
        stopped = over_s is None or (reply.status != "completed" and from_s <= over_s <= until_s)
        subject = interjection.text or str(interjection.burst)
        yield Verdict(
            question=Question.FALSE_INTERRUPTION, subject=subject, is_wrong=bool(told) or stopped, at_s=from_s
        )


def _over_noise(log: TalkLog, heard: list[Reply]) -> Iterator[Verdict]:
    unexplained = [at_s for at_s in log.times("input_audio_buffer.speech_started") if not _is_explained(log, at_s)]
    for reply in heard:
        if reply.start_s is not None:
            start_s, until_s = reply.start_s, reply.until_s
            wrong = [at_s for at_s in unexplained if start_s <= at_s <= until_s]
            yield Verdict(
                question=Question.FALSE_INTERRUPTION,
                subject=f"{log.script.noise} noise, {log.script.snr_db:.0f} dB",
                is_wrong=bool(wrong),
                at_s=wrong[0] if wrong else start_s,
            )


def _phantom(log: TalkLog, heard: list[Reply]) -> Verdict:
    phantoms = [
        at_s
        for at_s in log.times("input_audio_buffer.speech_started")
        if not _is_explained(log, at_s)
        and not any(r.start_s is not None and r.start_s <= at_s <= r.until_s for r in heard)
    ]
    subject = f"{log.script.noise} noise, {log.script.snr_db:.0f} dB" if log.script.noise else "silence"
    return Verdict(
        question=Question.PHANTOM, subject=subject, is_wrong=bool(phantoms), at_s=phantoms[0] if phantoms else 0.0
    )


def _is_explained(log: TalkLog, at_s: float) -> bool:
    """Whether somebody spoke, or made a noise that is judged by itself."""
    spoken = [
        (turn.start_s - EARLY_S, max(turn.end_s + LATE_S, turn.start_s + BARGE_IN_WITHIN_S)) for turn in log.turns
    ]
    return any(from_s <= at_s <= until_s for from_s, until_s in spoken) or any(
        from_s <= at_s <= until_s for from_s, until_s in (_aftermath(log, one) for one in log.interjections)
    )


# --- What is remembered ----------------------------------------------------------------------------------------------


def _history(log: TalkLog, heard: list[Reply]) -> Iterator[Verdict]:
    for reply in heard:
        if reply.item_id not in log.remembered or reply.start_s is None:
            continue
        remembered = log.remembered[reply.item_id]
        characters = reply.heard_ms / MS_PER_CHARACTER
        whole = characters >= len(reply.text) - 0.5
        right = remembered == reply.text if whole else len(remembered) <= characters + ROUNDED
        yield Verdict(
            question=Question.WRONG_HISTORY,
            subject=f"{remembered!r} of {reply.text!r}, {characters:.1f} characters heard",
            is_wrong=not (right and reply.text.startswith(remembered)),
            at_s=reply.start_s,
        )
