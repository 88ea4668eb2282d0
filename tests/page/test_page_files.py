"""What the server sends for the page, without a browser."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager

import httpx
import pytest

from autoglm_agent.engine.scripted import Script, ScriptedEngine
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.app import create_app
from autoglm_agent.server.page import SAMPLES, assets
from autoglm_agent.server.service import open_service
from autoglm_agent.settings import Settings

pytestmark = pytest.mark.anyio

MAX_PAGE_BYTES = 200_000


@asynccontextmanager
async def browsing(**settings):
    """A client of the application, and its service."""
    bridge = ComputeBridge.local(ScriptedEngine(Script()))
    async with open_service(Settings(voice="none", **settings), bridge=bridge) as service:
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client, service


async def test_every_file_the_page_names_is_served_with_its_type() -> None:
    async with browsing() as (client, _):
        index = await client.get("/")
        named = re.findall(r'(?:href|src)="(page/[^"]+)"', index.text)
        replies = {name: await client.get(f"/{name}") for name in named}
        imported = {
            name
            for script in assets()
            if script.endswith(".js")
            for name in re.findall(r'"\./([a-z]+\.js)"', assets()[script].body.decode())
        }
        scripts = {name: await client.get(f"/page/{name}") for name in imported}
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    assert {reply.status_code for reply in (*replies.values(), *scripts.values())} == {200}
    assert len(scripts) > 8
    assert {reply.headers["content-type"] for reply in scripts.values()} == {"text/javascript; charset=utf-8"}
    assert replies["page/style.css"].headers["content-type"] == "text/css; charset=utf-8"
    assert replies["page/favicon.svg"].headers["content-type"] == "image/svg+xml"


async def test_nothing_but_this_origin_is_allowed_or_named() -> None:
    async with browsing() as (client, _):
        policy = (await client.get("/")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert set(re.findall(r"'[a-z-]+'", policy)) == {"'none'", "'self'"}
    assert not re.findall(r"https?:|wss?:|\*", policy)
    foreign = {
        name: found
        for name, asset in assets().items()
        if name not in SAMPLES and (found := re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", asset.body.decode()))
    }
    assert foreign == {
        "favicon.svg": ["http://www.w3.org"],
        "dom.js": ["http://www.w3.org"] * 2,
    }  # names, not addresses


async def test_a_browser_that_has_a_file_is_told_that_it_is_still_good() -> None:
    async with browsing() as (client, _):
        first = await client.get("/page/main.js")
        again = await client.get("/page/main.js", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        changed = await client.get("/page/main.js", headers={"If-None-Match": '"other"'})
        head = await client.head("/")
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (changed.status_code, changed.content) == (200, first.content)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(assets()["index.html"].body)


async def test_only_the_pages_own_files_are_given_away() -> None:
    async with browsing() as (client, _):
        replies = [await client.get(f"/page/{name}") for name in ("nothing.js", "..%2fpage.py", "%2e%2e", "main.py")]
        schema = (await client.get("/openapi.json")).json()
    assert [reply.status_code for reply in replies] == [404] * 4
    assert "no file 'nothing.js'" in replies[0].json()["error"]["message"]
    assert not [path for path in schema["paths"] if path == "/" or path.startswith("/page")]


async def test_the_page_is_small() -> None:
    sizes = {name: len(asset.body) for name, asset in assets().items() if name not in SAMPLES}
    assert 20_000 < sum(sizes.values()) < MAX_PAGE_BYTES, sizes


async def test_the_page_can_ask_whether_it_would_be_let_in() -> None:
    async with browsing(max_sessions=1, api_keys="secret") as (client, service):
        await service.bridge.ready()
        missing = (await client.get("/page/status")).json()
        wrong = (await client.get("/page/status", headers={"Authorization": "Bearer guess"})).json()
        with service.lobby.places.take():
            full = await client.get("/page/status", headers={"Authorization": "Bearer secret"})
        free = (await client.get("/page/status?resume=gone", headers={"Authorization": "Bearer secret"})).json()
    assert (missing["key"], wrong["key"], free["key"]) == ("missing", "wrong", "good")
    assert full.json() | {"has_place": False, "sessions": 1, "max_sessions": 1, "retry_after_s": 5.0} == full.json()
    assert full.headers["cache-control"] == "no-store"
    assert (free["has_place"], free["can_resume"], free["ready"]) == (True, False, True)
    assert "can_resume" not in missing
