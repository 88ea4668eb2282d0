"""Telling whoever speaks to us from the voices that are always there: a crowd, a television, a party next door.

Voice activity hears speech in all of them. But many voices together are even, and one voice is not: its level moves
by 8 dB and more within a second and a half, that of a crowd by 4. So an even stretch of voice is learned as background,
and voice counts from then on when it stands out of it. Steady noise without voices needs none of this. A pure state
machine over windows of 32 ms.
"""

from __future__ import annotations

from collections import deque

import numpy as np

LEARNED_OVER = 47
"""Windows, 1.5 s: in a shorter stretch one voice can be even, too."""
SMOOTHED_OVER = 3
"""Windows, 96 ms: about a syllable, so that a level is that of a voice and not of one period of it."""
EVEN_DB = 4.5
"""Between the level that a fifth of the windows are below and the one that nine tenths are: babble of eight voices has
3.5 (95 % of it below 4.7), one voice without pauses 9.5 and hardly ever less than 5."""
BEGINS_DB, GOES_ON_DB = 6.0, 5.0
"""How far voice must stand out of the background, by its lower fifth: a window in 400 of the background does."""
VOICED_SHARE = 0.85
"""Of an even stretch: even in a crowd a window here and there has no voice, and steady noise has none at all."""
GONE_DB, GONE_AFTER = 6.0, 10
"""The crowd has gone when it is so much quieter for so many windows (320 ms) in a row, none of them voiced."""
FORGOTTEN_AFTER = 94
"""Or after three seconds without voice at any level: right after loud speech a crowd is taken for noise for a while."""
QUIETEST_DB = -100.0


class Foreground:
    """One stream."""

    def __init__(self) -> None:
        self._powers = deque[float](maxlen=SMOOTHED_OVER)
        self._levels = deque[float](maxlen=LEARNED_OVER)
        self._voiced = deque[bool](maxlen=LEARNED_OVER)
        self._background_db: float | None = None
        self._unvoiced = self._quiet = 0

    def heed(self, window: bytes, *, is_voiced: bool, in_speech: bool) -> bool:
        """Take the next window (s16le); whether a voice in it, if there is one, is one that speaks to us.

        Args:
            window: the samples.
            is_voiced: what voice activity says of it.
            in_speech: whether somebody speaks already; it takes less to go on than to begin.
        """
        samples = np.frombuffer(window, np.int16).astype(np.float32)
        self._powers.append(float(samples @ samples) / (len(samples) * 32768.0**2))
        level_db = max(QUIETEST_DB, 10 * float(np.log10(sum(self._powers) / len(self._powers) + 1e-12)))
        self._levels.append(level_db)
        self._voiced.append(is_voiced)
        self._unvoiced = 0 if is_voiced else self._unvoiced + 1
        is_quiet = not is_voiced and self._background_db is not None and level_db < self._background_db - GONE_DB
        self._quiet = self._quiet + 1 if is_quiet else 0
        if self._quiet >= GONE_AFTER or self._unvoiced >= FORGOTTEN_AFTER:
            self._background_db = None
        elif len(self._levels) == LEARNED_OVER and sum(self._voiced) >= VOICED_SHARE * LEARNED_OVER:
            self._learn()
        if self._background_db is None:
            return True
        return level_db - self._background_db >= (GOES_ON_DB if in_speech else BEGINS_DB)

    def _learn(self) -> None:
        ordered = sorted(self._levels)
        low, high = ordered[LEARNED_OVER // 5], ordered[LEARNED_OVER * 9 // 10]
        if high - low < EVEN_DB:
            self._background_db = low
