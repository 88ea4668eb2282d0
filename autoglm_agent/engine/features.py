"""What a session has shown and said, encoded: bounded, named by the session's ids, each under a serial number.

The serial number enters the keys a prompt is compared by, so that the same id with new content is never taken for the
cached one. An entry whose features had to go keeps its name and size: a block already in the cache needs no features.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

MAX_NAMES = 4096  # per session; a name is a few hundred bytes, and no context holds as many pictures and utterances


class Feature(Protocol):
    """Encoded picture or speech, as a prompt needs it."""

    @property
    def serial(self) -> int:
        """Unique in the engine."""
        ...

    @property
    def first(self) -> int:
        """Index of the first token still in `tokens`, from the beginning of the utterance."""
        ...

    @property
    def count(self) -> int:
        """Tokens."""
        ...

    @property
    def tokens(self) -> Tensor | None:
        """[count, hidden], or None when they had to make room."""
        ...


@dataclass(slots=True)
class Picture:
    """An encoded picture."""

    serial: int
    count: int
    tokens: Tensor | None
    first: int = 0


class PictureStore:
    """Encoded pictures of all sessions. At either bound the least recently used loses its features."""

    def __init__(self, max_frames: int, max_all_frames: int) -> None:
        self._max_frames, self._max_all_frames = max_frames, max_all_frames
        self._pictures: dict[str, OrderedDict[str, Picture]] = {}
        self._held: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._held_by: dict[str, OrderedDict[str, None]] = {}
        self._serials = itertools.count(1)

    def __len__(self) -> int:
        """Pictures whose features are held."""
        return len(self._held)

    def put(self, session_id: str, frame_id: str, tokens: Tensor) -> None:
        """Keep the features of a picture; an older one of the same id is replaced."""
        named = self._pictures.setdefault(session_id, OrderedDict())
        named.pop(frame_id, None)
        named[frame_id] = Picture(next(self._serials), len(tokens), tokens)
        if len(named) > MAX_NAMES:
            self.drop(session_id, next(iter(named)))
        self._touch(session_id, frame_id)
        mine = self._held_by[session_id]
        if len(mine) > self._max_frames:
            self._let_go(session_id, next(iter(mine)))
        if len(self._held) > self._max_all_frames:
            self._let_go(*next(iter(self._held)))

    def get(self, session_id: str, frame_id: str) -> Picture | None:
        """The picture, and it was used just now."""
        named = self._pictures.get(session_id)
        picture = named.get(frame_id) if named is not None else None
        if picture is not None and picture.tokens is not None:
            self._touch(session_id, frame_id)
        return picture

    def drop(self, session_id: str, frame_id: str) -> None:
        """Forget a picture and its name."""
        self._let_go(session_id, frame_id)
        if session_id in self._pictures:
            self._pictures[session_id].pop(frame_id, None)

    def close(self, session_id: str) -> None:
        """Forget a session."""
        for frame_id in list(self._held_by.get(session_id, ())):
            self._let_go(session_id, frame_id)
        self._pictures.pop(session_id, None)

    def _touch(self, session_id: str, frame_id: str) -> None:
        mine = self._held_by.setdefault(session_id, OrderedDict())
        mine[frame_id] = None
        mine.move_to_end(frame_id)
        self._held[session_id, frame_id] = None
        self._held.move_to_end((session_id, frame_id))

    def _let_go(self, session_id: str, frame_id: str) -> None:
        if self._held.pop((session_id, frame_id), 0) is None:
            mine = self._held_by[session_id]
            del mine[frame_id]
            if not mine:
                del self._held_by[session_id]
            self._pictures[session_id][frame_id].tokens = None
