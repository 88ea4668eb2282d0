"""Watching: the camera's frames on their way to the vision encoder.

Overflow policy: newest wins. One frame waits and one is being encoded; a frame that comes while another waits takes its
place, and one that shows nothing new is not encoded at all. Which frame a turn uses is the connection's decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio
import numpy as np
import numpy.typing as npt

from autoglm_agent.errors import InputError
from autoglm_agent.images import NEAR_DUPLICATE, load_picture, thumbnail
from autoglm_agent.protocol import facts as f
from autoglm_agent.runtime.features import Features, Picture
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.work import Work, in_thread

LOOK_INTERVAL_S = 0.2
"""At most five looks a second: a turn uses one frame, and a person's gesture lasts longer than this."""

Thumbnail = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The last frame that was encoded: what the next one must differ from."""

    picture: Picture
    thumbnail: Thumbnail


class Watcher:
    """Looks at the newest frame, again and again. `on_frame` is called whenever there is something new to fuse."""

    def __init__(
        self, line: Line, features: Features, on_frame: Callable[[], None] = lambda: None, *, work: Work = in_thread
    ) -> None:
        self._line = line
        self._work = work
        self._features = features
        self._on_frame = on_frame
        self._waiting: tuple[str, bytes] | None = None
        self._arrived = anyio.Event()
        self._seen: _Seen | None = None
        self._newest_item_id: str | None = None

    @property
    def frame_id(self) -> str | None:
        """The engine's frame of what the camera shows now, as far as it has been encoded."""
        return self._features.frame_id(self._newest_item_id, 0) if self._newest_item_id is not None else None

    def show(self, item_id: str, image: bytes) -> None:
        """A frame came from the camera."""
        if self._waiting is not None:
            self._tell(self._waiting[0], skipped=True)
        self._waiting = (item_id, image)
        self._arrived.set()

    def forget(self, item_ids: tuple[str, ...]) -> None:
        """These frames will never be used; the last one seen stays as the measure of what is new."""
        for item_id in item_ids:
            self._features.forget(item_id, keep=self._seen.picture if self._seen is not None else None)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            waiting, self._waiting = self._waiting, None
            if waiting is None:
                continue
            start_s = self._line.clock()
            try:
                await self._look(*waiting)
            except InputError as error:
                self._line.tell(f.ErrorRaised(message=str(error), code="bad_image", type="invalid_request_error"))
            await anyio.sleep(max(0.0, LOOK_INTERVAL_S - (self._line.clock() - start_s)))

    async def _look(self, item_id: str, image: bytes) -> None:
        small = await self._work(_shrink, image)
        if self._line.connection.item(item_id) is None:
            return  # deleted or superseded in the meantime
        known = self._features.picture(item_id)
        seen = self._seen
        if (
            known is None
            and seen is not None
            and not seen.picture.faded
            and np.abs(small - seen.thumbnail).max() < NEAR_DUPLICATE
        ):
            self._features.share_picture(item_id, seen.picture)
            self._newest_item_id = item_id
            self._tell(item_id, skipped=True)
            return
        picture = self._features.add_picture(item_id, 0, image)
        await self._features.encode(picture)
        if picture.problem is not None:
            raise InputError(picture.problem.message)
        self._seen, self._newest_item_id = _Seen(picture, small), item_id
        if seen is not None:
            self._features.drop_unused(seen.picture)
        self._tell(item_id, skipped=False, latency_ms=picture.latency_ms)
        self._on_frame()

    def _tell(self, item_id: str, *, skipped: bool, latency_ms: float = 0.0) -> None:
        if self._line.connection.wants("autoglm.vision.frame_encoded"):
            self._line.tell(f.FrameEncoded(frame_id=item_id, skipped=skipped, latency_ms=latency_ms))


def _shrink(image: bytes) -> Thumbnail:
    """Decode a frame to its thumbnail; not on the loop, since a large JPEG takes tens of milliseconds."""
    return thumbnail(load_picture(image))
