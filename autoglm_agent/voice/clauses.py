"""Cuts an answer into clauses while it is generated, so that its beginning is said before its end is known.

Where a cut falls depends on the text alone, never on how it arrived: every split of it into deltas gives the same
clauses. Joined they are the text, character for character. It does not know what can be pronounced (`normalise`).
"""

from __future__ import annotations

SHORTEST = 6
"""Characters of a clause after the first: a shorter one sounds chopped and is not worth a synthesis of its own."""
FIRST_SOFT, FIRST_ANYWHERE = 12, 20
"""The first clause is cut without punctuation at a good place after 12 characters (three seconds of speech), and from
20 on between any two words, so that the voice starts at once."""
LATER_SOFT, LATER_ANYWHERE = 40, 60
"""Later ones may be longer, because something is being said meanwhile: ten seconds need no shorter cut."""
LONGEST = 200
"""Whatever it is, it is cut here: what waits stays bounded. No word or number is that long."""

_AT_ONCE = frozenset("。！？；，、\n")
_PAIRED = "…"
_FULL_COLON = "："
_NARROW = frozenset(".!?,;:")
_PARTICLES = frozenset("的了着过呢吧吗啊呀")
"""They end a phrase more often than not; the exceptions are told by what follows."""
_NOT_AFTER_PARTICLE = frozenset("的了着过呢吧吗啊呀解确士话程去敏落")
_NUMERALS = frozenset("零〇一二三四五六七八九十百千万亿两点第")


class ClauseCutter:
    """Takes deltas, gives clauses. Holds at most `LONGEST` characters."""

    def __init__(self) -> None:
        self._rest = ""
        self._judged = 0
        self._first = True

    def feed(self, delta: str) -> list[str]:
        """The clauses that are complete by now, often none."""
        clauses = []
        self._rest += delta
        while end := self._next_cut():
            clauses.append(self._rest[:end])
            self._rest, self._judged, self._first = self._rest[end:], 0, False
        return clauses

    def flush(self) -> list[str]:
        """The rest, if there is any. The cutter then stands at the beginning of another answer."""
        rest, self._rest, self._judged, self._first = self._rest, "", 0, True
        return [rest] if rest else []

    def _next_cut(self) -> int:
        """Length of the first clause in the rest; 0 while that is open."""
        for index in range(self._judged, len(self._rest)):
            ends = self._ends_at(index)
            if ends is None:
                self._judged = index
                return 0
            if ends:
                return index + 1
        self._judged = len(self._rest)
        return 0

    def _ends_at(self, index: int) -> bool | None:
        """Whether a clause ends with this character; None until the next one is known."""
        length = index + 1
        if length >= LONGEST:
            return True
        if not self._long_enough(length):
            return False
        character = self._rest[index]
        if character in _AT_ONCE:
            return True
        before = self._rest[index - 1 : index]
        if character == _FULL_COLON and not before.isdecimal():
            return True
        soft, anywhere = (FIRST_SOFT, FIRST_ANYWHERE) if self._first else (LATER_SOFT, LATER_ANYWHERE)
        if character not in _NARROW and character not in (_FULL_COLON, _PAIRED) and length < soft:
            return False
        if length == len(self._rest):
            return None
        after = self._rest[length]
        if character == _FULL_COLON:
            return not after.isdecimal()
        if character == _PAIRED:
            return after != _PAIRED
        if character in _NARROW:
            return after.isspace() or not after.isascii()
        return length >= soft and _between_words(before, character, after, anywhere=length >= anywhere)

    def _long_enough(self, length: int) -> bool:
        if not self._first and length < SHORTEST:
            return False
        return any(character.isalnum() for character in self._rest[:length])


def _between_words(before: str, character: str, after: str, *, anywhere: bool) -> bool:
    """Whether a phrase may be cut between `character` and `after`, no punctuation being there."""
    if after.isspace() or after in _AT_ONCE or not after.isalnum():
        return False  # a better place comes at once
    if character.isspace():
        return not before.isdecimal() and not after.isdecimal()
    if not _is_wide(character):
        return False
    if character in _PARTICLES:
        return after not in _NOT_AFTER_PARTICLE
    numeric = character in _NUMERALS and (after in _NUMERALS or after.isdecimal())
    return anywhere and not numeric and character not in _NUMERALS and (_is_wide(after) or after.isalpha())


def _is_wide(character: str) -> bool:
    """Of a script that puts no spaces between words."""
    return "㐀" <= character <= "鿿" or character == "〇"
