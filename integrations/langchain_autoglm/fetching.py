"""Media that have an address: brought here, and unpacked into what a request may carry (pictures and recordings).

Only what the messages name is fetched, within bounds, by the program that runs the chat model; a model that answers
strangers' messages should have `fetch_urls=False`. Videos become pictures: `VIDEO_FRAMES` of them, evenly spaced.
"""

from __future__ import annotations

import base64
import binascii
import io
import mimetypes
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import anyio
import anyio.to_thread
import httpx
from PIL import Image, ImageSequence, UnidentifiedImageError

from langchain_autoglm.errors import AutoGLMInvalidRequestError

MAX_BYTES = 20 << 20
"""Of one medium: what the server takes of a request allows no more."""
FETCH_TIMEOUT_S = 20.0
MAX_REDIRECTS = 3
VIDEO_FRAMES = 8
"""Half of the pictures an engine keeps of a conversation."""
FRAME_SIZE = (640, 480)
"""What the vision encoder sees; larger frames would only be sent further."""

Part = dict[str, Any]


async def with_media(request: dict[str, Any], *, fetch_urls: bool) -> dict[str, Any]:
    """The request with every medium in it.

    Raises:
        AutoGLMInvalidRequestError: a medium cannot be fetched or unpacked; the message names it.
    """
    messages = [await _with_media(message, fetch_urls) for message in request["messages"]]
    return {**request, "messages": messages}


async def _with_media(message: dict[str, Any], fetch_urls: bool) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    parts = [ready for part in content for ready in await _ready(part, fetch_urls)]
    return {**message, "content": parts}


async def _ready(part: Part, fetch_urls: bool) -> Iterable[Part]:
    kind = part["type"]
    if kind == "text":
        return [part]
    url = part[kind]["url"]
    if kind == "image_url" and url.startswith("data:"):
        return [part]
    mime, data = await _read(url, fetch_urls)
    if kind == "image_url":
        return [_picture(mime, data, part[kind])]
    if kind == "audio_url":
        return [{"type": "input_audio", "input_audio": {"data": _encoded(data), "format": _audio_format(mime)}}]
    frames = await anyio.to_thread.run_sync(frames_of, data, mime)
    return [_picture("image/jpeg", frame, {}) for frame in frames]


async def _read(url: str, fetch_urls: bool) -> tuple[str, bytes]:
    """Media type and bytes of what is at an address."""
    scheme = urlsplit(url).scheme
    if scheme == "data":
        return _unpacked(url)
    if scheme not in ("http", "https", "file"):
        raise AutoGLMInvalidRequestError(
            f"{url[:80]!r} is no address of http, https, file or data; of a file give Path(...).resolve().as_uri()."
        )
    if not fetch_urls:
        raise AutoGLMInvalidRequestError(f"{url[:80]!r} may not be fetched: fetch_urls is off. Send base64.")
    if scheme == "file":
        return await anyio.to_thread.run_sync(_from_file, url)
    try:
        return await fetch(url)
    except httpx.HTTPError as error:
        raise AutoGLMInvalidRequestError(f"{url} cannot be fetched: {error or type(error).__name__}") from error


async def fetch(url: str) -> tuple[str, bytes]:
    """Media type and bytes from the web. Raises httpx.HTTPError, and as `with_media` when it is too large."""
    options: dict[str, Any] = {"follow_redirects": True, "max_redirects": MAX_REDIRECTS, "timeout": FETCH_TIMEOUT_S}
    data = bytearray()
    async with httpx.AsyncClient(**options) as client, client.stream("GET", url) as response:
        response.raise_for_status()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > MAX_BYTES:
                raise AutoGLMInvalidRequestError(f"{url} has more than {MAX_BYTES >> 20} MiB; send less.")
    told = response.headers.get("content-type", "").partition(";")[0].strip()
    return told if "/" in told and "octet-stream" not in told else _guessed(url), bytes(data)


def frames_of(data: bytes, mime: str) -> list[bytes]:
    """Evenly spaced frames of a video as JPEG: of animations by Pillow, of films by OpenCV where it is installed.

    Raises:
        AutoGLMInvalidRequestError: it cannot be read, or only with OpenCV.
    """
    try:
        with Image.open(io.BytesIO(data)) as animation:
            number = getattr(animation, "n_frames", 1)
            chosen = set(_spread(number))
            frames = [frame.copy() for at, frame in enumerate(ImageSequence.Iterator(animation)) if at in chosen]
    except UnidentifiedImageError:
        frames = _film_frames(data, mime)
    return [_jpeg(frame) for frame in frames]


def _film_frames(data: bytes, mime: str) -> list[Image.Image]:
    try:
        import cv2
    except ImportError:
        raise AutoGLMInvalidRequestError(
            f"a film ({mime}) is unpacked with OpenCV: pip install 'autoglm-agent[camera]', or send its frames as "
            '{"type": "video", "frames": [...]}.'
        ) from None
    with tempfile.NamedTemporaryFile(suffix=mimetypes.guess_extension(mime) or ".mp4") as file:
        file.write(data)
        file.flush()
        frames = _grabbed(cv2, file.name)
    if not frames:
        raise AutoGLMInvalidRequestError(f"a film ({mime}) holds no frames that can be read.")
    return frames


def _grabbed(cv2: Any, path: str) -> list[Image.Image]:
    film = cv2.VideoCapture(path)
    chosen = set(_spread(int(film.get(cv2.CAP_PROP_FRAME_COUNT))))
    frames = []
    for at in range(max(chosen, default=-1) + 1):
        if not film.grab():
            break
        if at in chosen:
            _, pixels = film.retrieve()
            frames.append(Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)))
    film.release()
    return frames


def _spread(number: int) -> list[int]:
    """Which of `number` frames to take: the first, the last, and evenly between."""
    if number <= VIDEO_FRAMES:
        return list(range(number))
    return [round(at * (number - 1) / (VIDEO_FRAMES - 1)) for at in range(VIDEO_FRAMES)]


def _jpeg(frame: Image.Image) -> bytes:
    picture = frame.convert("RGB")
    picture.thumbnail(FRAME_SIZE)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def _unpacked(uri: str) -> tuple[str, bytes]:
    head, _, body = uri.partition(",")
    mime, _, encoding = head.removeprefix("data:").rpartition(";")
    if encoding != "base64":
        raise AutoGLMInvalidRequestError(f"{uri[:40]!r} is no data URI in base64.")
    try:
        return mime, binascii.a2b_base64(body)
    except binascii.Error as error:
        raise AutoGLMInvalidRequestError(f"a medium of type {mime} is no valid base64 ({error}).") from error


def _from_file(url: str) -> tuple[str, bytes]:
    path = Path(url2pathname(unquote(urlsplit(url).path)))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AutoGLMInvalidRequestError(f"{path} has more than {MAX_BYTES >> 20} MiB; send less.")
        return _guessed(url), path.read_bytes()
    except OSError as error:
        raise AutoGLMInvalidRequestError(f"{path} cannot be read ({error.strerror}); check the path.") from error


def _guessed(url: str) -> str:
    return mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream"


def _picture(mime: str, data: bytes, picture: Part) -> Part:
    url = f"data:{mime};base64,{_encoded(data)}"
    return {"type": "image_url", "image_url": {**picture, "url": url}}


def _audio_format(mime: str) -> str:
    """The format as a request names it. Raw samples go by their media type, files by the kind of file."""
    return mime if mime in ("audio/pcm", "audio/pcmu", "audio/pcma") else mime.partition("/")[2] or "wav"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
