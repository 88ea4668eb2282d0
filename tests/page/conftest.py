"""Servers in a thread of their own, and the browser, which is driven from the test's thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import sync_playwright

from autoglm_agent.engine.scripted import Script
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.server.service import Service
from autoglm_agent.settings import Settings
from tests.interaction.voices import Metronome, entered
from tests.page.browser import Wire, find_chromium, wired


@dataclass
class House:
    """A running server, the wire to it, and the thread they live in."""

    url: str
    wire: Wire
    service: Service
    portal: BlockingPortal

    def cut(self) -> None:
        self.portal.call(self.wire.cut)


@contextmanager
def house(script: Script | None, **settings) -> Iterator[House]:
    """A server with a scripted engine and a ticking voice; without a script it is nano's, with its own voice."""
    parts = (
        {}
        if script is None
        else {"bridge": ComputeBridge.thread(EngineSpec(script=script)), "voice": entered(Metronome())}
    )
    with start_blocking_portal() as portal:
        server = serving(Settings(port=0, log_level="error", **settings), **parts)
        with portal.wrap_async_context_manager(server) as (url, service):
            with portal.wrap_async_context_manager(wired(urlsplit(url).port)) as (address, wire):
                yield House(address, wire, service, portal)


@pytest.fixture(scope="module")
def chromium():
    """Playwright's driver; the loop it runs in this thread ends with the module, so async tests elsewhere can follow."""
    if find_chromium() is None:
        pytest.skip("NO BROWSER: the page was not tested. Install Debian's `chromium` package and run again.")
    with sync_playwright() as playwright:
        yield playwright.chromium
