"""Fusing: the gate's weights while the user speaks, for clients that asked to see them.

At most one question is with the engine; what changes meanwhile leads to one more, with the newest state. The weights
told here are running ones; those of a committed turn come with its answer.
"""

from __future__ import annotations

from collections.abc import Callable

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.items import Item
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.features import Features
from autoglm_agent.runtime.history import to_turns
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.window import HistoryWindow

MAX_ITEMS = 64
"""Of a long conversation the gate weighs the end: all of it, some times a second, would cost more than the answers."""
RETENTION_RATIO = 0.5
"""Cuts are rare, since the engine then counts the rest anew."""


class Fuser:
    """Keeps the client's view of the gate up to date. `current` gives (item id, stream id, frame id) of the moment."""

    def __init__(
        self,
        line: Line,
        engine: EngineSession,
        features: Features,
        current: Callable[[], tuple[str | None, str | None, str | None]],
    ) -> None:
        self._line = line
        self._engine = engine
        self._features = features
        self._current = current
        self._window = HistoryWindow()
        self._asked = False
        self._changed = False

    def update(self) -> None:
        """Something new was heard or seen."""
        if not self._line.connection.wants("autoglm.fusion.updated"):
            return
        if self._asked:
            self._changed = True
            return
        _, stream_id, frame_id = self._current()
        if stream_id is None and frame_id is None:
            return
        self._asked, self._changed = True, False
        self._engine.send_nowait(
            m.Fuse(
                session_id=self._engine.session_id,
                history=to_turns(self._visible_history(), self._features),
                stream_id=stream_id,
                frame_id=frame_id,
            )
        )

    def _visible_history(self) -> tuple[Item, ...]:
        items = self._line.connection.history()
        if len(self._window.visible(items)) > MAX_ITEMS:
            self._window.shrink(items, RETENTION_RATIO)
        return self._window.visible(items)

    def on_gate(self, weights: m.GateWeights) -> None:
        """The engine's answer."""
        item_id, stream_id, _ = self._current()
        self._line.tell(
            f.GateUpdated(
                text=weights.text,
                image=weights.image,
                speech=weights.speech,
                audio_end_ms=self._line.connection.received_ms,
                item_id=item_id if weights.stream_id == stream_id else None,
                frame_id=weights.frame_id,
            )
        )
        self.settled()

    def settled(self) -> None:
        """The question was answered, or could not be: ask again if something changed."""
        self._asked = False
        if self._changed:
            self.update()
