"""A browser with a microphone and a camera made of files, and a wire to the server that can be counted and cut."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path

import anyio
import numpy as np
import soundfile
from anyio.abc import ByteStream
from PIL import Image
from playwright.sync_api import Browser, BrowserType, Page

from autoglm_agent.audio.files import SAMPLE_RATE_HZ, read_audio

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_MS = 20_000
"""Everything the page is waited for takes a second or two; a busy machine is given more."""
POLL_MS = 50
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
)
ALLOWED = "--use-fake-ui-for-media-stream"


@cache
def find_chromium() -> str | None:
    """The browser of this machine. One that cannot tell its version, as a snap's stand-in in a container, is none."""
    for path in filter(None, map(shutil.which, NAMES)):
        if subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


def recording(path: Path, *parts: float | Path) -> Path:
    """Write a wav of recordings and of silences in seconds, for the microphone."""
    samples = [
        np.zeros(int(part * SAMPLE_RATE_HZ), np.float32) if isinstance(part, int | float) else read_audio(part)
        for part in parts
    ]
    soundfile.write(path, np.concatenate(samples), SAMPLE_RATE_HZ)
    return path


def film(path: Path, picture: Path) -> Path:
    """Write a film of one picture, for the camera."""
    with Image.open(picture) as image:
        image.convert("RGB").save(path, "JPEG", quality=95)
    return path.rename(path.with_suffix(".mjpeg"))


class Watched:
    """A page and everything it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: message.type in ("error", "warning") and self._complain(message.text))
        page.on("pageerror", lambda error: self._complain(str(error)))

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression holds; `autoglm` has the page's parts.

        Not Playwright's `wait_for_function`: that evaluates inside the page, which the page's policy forbids.
        """
        for _ in range(WAIT_MS // POLL_MS):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(POLL_MS)
        raise AssertionError(
            f"not within {WAIT_MS / 1000:.0f} s: {condition}; the page complained of {self.complaints}"
        )

    def notice(self, key: str) -> str:
        """Wait for a notice and return its words."""
        self.page.wait_for_selector(f"#notice[data-key={key}]", state="visible")
        return self.page.inner_text("#notice-text")


@contextmanager
def launched(
    chromium: BrowserType, *, microphone: Path | None = None, camera: Path | None = None, allows: bool = True
) -> Iterator[Browser]:
    """A browser whose devices play these files, and whose user allows them or not."""
    arguments = [*ARGUMENTS, *([ALLOWED] if allows else [])]
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    if camera is not None:
        arguments.append(f"--use-file-for-fake-video-capture={camera}")
    browser = chromium.launch(executable_path=find_chromium(), args=arguments)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def opened(
    browser: Browser, url: str, *, locale: str = "en-US", width: int = 1280, scheme: str = "light"
) -> Iterator[Watched]:
    """The page in a fresh profile, greeted and ready."""
    context = browser.new_context(
        locale=locale, viewport={"width": width, "height": 860}, color_scheme=scheme, reduced_motion="no-preference"
    )
    try:
        watched = Watched(context.new_page())
        watched.page.goto(url)
        watched.until("globalThis.autoglm !== undefined")
        yield watched
    finally:
        context.close()


class Wire:
    """What is between page and server. `cut` breaks every connection; while `is_down` new ones are broken at once."""

    def __init__(self, port: int) -> None:
        self.num_bytes = 0
        """Sent to the page so far."""
        self.is_down = False
        self._port = port
        self._scopes: set[anyio.CancelScope] = set()

    async def cut(self) -> None:
        """Break every connection, without a goodbye."""
        for scope in list(self._scopes):
            scope.cancel()

    async def carry(self, client: ByteStream) -> None:
        """One connection."""
        if self.is_down:
            await client.aclose()
            return
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                async with client, await anyio.connect_tcp("127.0.0.1", self._port) as server:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(self._pump, client, server, False)
                        tasks.start_soon(self._pump, server, client, True)
            finally:
                self._scopes.discard(scope)

    async def _pump(self, source: ByteStream, target: ByteStream, counts: bool) -> None:
        try:
            async for data in source:
                self.num_bytes += len(data) if counts else 0
                await target.send(data)
            await target.send_eof()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass


@asynccontextmanager
async def wired(server_port: int) -> AsyncIterator[tuple[str, Wire]]:
    """A wire to a server: its address and itself."""
    wire = Wire(server_port)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, wire.carry)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            yield f"http://127.0.0.1:{port}/", wire
            tasks.cancel_scope.cancel()
