"""An event loop whose clock jumps: when nothing is ready it does not wait for the next timer, it is already there.

For replays and measurements over memory: minutes of conversation in seconds, and the same input gives the same events.
All that computes must run on the loop itself (`ComputeBridge.local`, `VadHub(in_thread=False)`, `work.at_once`): time
runs away from threads and other processes. The clock of the session is then anyio's own, `anyio.current_time`.

Use: `anyio.run(main, backend_options={"loop_factory": VirtualTimeLoop})`.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class _Jumping(selectors.DefaultSelector):
    """A selector that never waits for time to pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:  # nothing is due: only the outside world can go on
            return super().select(None)
        events = super().select(0)
        if not events and timeout > 0:
            self.now_s += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """`loop_factory` for anyio's asyncio backend. Time begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made, as its timers see them."""
        return self._jumping.now_s
