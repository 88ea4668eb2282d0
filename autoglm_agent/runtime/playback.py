"""What of an answer's voice was sent, what of it has been heard by now, and which words that was.

Plain bookkeeping over times that the caller brings: a client plays what it gets at once and without gaps of its own
making. A client's `truncate` knows better and is asked by `text_until`.
"""

from __future__ import annotations

from dataclasses import dataclass

from autoglm_agent.voice.speech import Mark, Speech


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause of the answer that was sent: where its text begins, when its sound begins, and its marks."""

    offset: int
    text: str
    start_ms: int
    speech: Speech


class Playback:
    """One spoken message. `item_id` is known once its first word is out."""

    def __init__(self) -> None:
        self.item_id: str | None = None
        self._clauses: list[_Clause] = []
        self._text = ""
        self._sent_ms = 0.0
        self._ends_s = 0.0

    @property
    def text(self) -> str:
        """All that was sent as sound."""
        return self._text

    @property
    def ends_s(self) -> float:
        """When the client will have played all it got; 0 before the first sound."""
        return self._ends_s

    def begin(self, text: str, speech: Speech) -> None:
        """A clause is about to be sent. Its sound is not kept."""
        start_ms = round(self._sent_ms)
        kept = Speech(pcm=b"", marks=(*speech.marks, Mark(len(text), speech.duration_ms)))
        self._clauses.append(_Clause(len(self._text), text, start_ms, kept))
        self._text += text

    def sent(self, ms: float, now_s: float) -> None:
        """A piece of sound went out."""
        self._sent_ms += ms
        self._ends_s = max(self._ends_s, now_s) + ms / 1000

    def resent(self, ms: float, now_s: float) -> None:
        """The last `ms` of what was sent were lost with a socket and went out again."""
        self._ends_s = max(self._ends_s, now_s + ms / 1000)

    def lead_ms(self, now_s: float) -> float:
        """How much sound the client has that it has not played yet."""
        return max(0.0, self._ends_s - now_s) * 1000

    def heard_ms(self, now_s: float) -> float:
        """How much of the answer has been played."""
        return self._sent_ms - self.lead_ms(now_s)

    def text_until(self, ms: float) -> str:
        """The words that were heard when the sound stopped after `ms`; one that was cut counts if most of it was."""
        for clause in reversed(self._clauses):
            if clause.start_ms < ms:
                heard = clause.speech.characters_heard(clause.text, round(ms - clause.start_ms))
                return self._text[: clause.offset + heard]
        return ""
