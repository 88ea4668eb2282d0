"""A camera of this machine, by OpenCV, which is imported when one is opened. Frames are JPEGs of 640×480 at most."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread

from autoglm_agent.errors import DeviceError
from autoglm_agent.images import FRAME_HEIGHT, FRAME_WIDTH

JPEG_QUALITY = 85
"""About 60 kB a frame; the vision encoder sees no difference above."""


class WebCamera:
    """A `Camera`. Open it with `open_web_camera`."""

    def __init__(self, capture: Any, cv2: Any) -> None:
        self._capture, self._cv2 = capture, cv2

    async def look(self) -> bytes:
        """The newest frame as JPEG. Raises DeviceError."""
        return await anyio.to_thread.run_sync(self._look)

    def _look(self) -> bytes:
        seen, frame = self._capture.read()
        if not seen:
            raise DeviceError("the camera gives no picture; was it unplugged?")
        encoded, jpeg = self._cv2.imencode(".jpg", frame, [self._cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not encoded:
            raise DeviceError("a frame of the camera could not be written as JPEG")
        return bytes(jpeg)


@asynccontextmanager
async def open_web_camera(number: int = 0) -> AsyncIterator[WebCamera]:
    """Open the camera with this number, and close it again.

    Raises:
        DeviceError: the package or the camera is missing.
    """
    try:
        cv2 = importlib.import_module("cv2")
    except ModuleNotFoundError as error:
        raise DeviceError(
            "a camera needs the package opencv: pip install 'autoglm-agent[camera]'; or show a picture instead"
        ) from error
    capture = await anyio.to_thread.run_sync(cv2.VideoCapture, number)
    try:
        if not capture.isOpened():
            raise DeviceError(f"there is no camera {number}; plug one in, or show a picture instead")
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, FRAME_WIDTH)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, FRAME_HEIGHT)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame, not one of a second ago
        yield WebCamera(capture, cv2)
    finally:
        await anyio.to_thread.run_sync(capture.release)
