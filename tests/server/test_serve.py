"""The server as a program: its ready line, its signals, and what a load balancer asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import anyio
import httpx
import pytest

from autoglm_agent.engine.scripted import Script
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings

PROGRAM = """
from autoglm_agent.engine.scripted import Script
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.server import run, service
from autoglm_agent.settings import Settings

if __name__ == "__main__":
    service.engine_spec = lambda settings: EngineSpec(script=Script())
    run.serve(Settings(port=0), announce=lambda line: print(line, flush=True))
    print("bye", flush=True)
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_it_is_and_ends_in_good_order_at_a_signal(number, tmp_path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = line.split("docs ")[1].strip().removesuffix("/docs")
        with urllib.request.urlopen(f"{url}/ready") as reply:
            assert reply.status == 200
        server.send_signal(number)
        rest, errors = server.communicate()
    assert line.startswith("autoglm ready: nano loaded in")
    assert rest.strip() == "bye"
    assert server.returncode == 0
    assert errors == ""


@pytest.mark.anyio
async def test_health_tells_the_model_and_the_sessions() -> None:
    bridge = ComputeBridge.thread(EngineSpec(script=Script()))
    with anyio.fail_after(5):
        async with serving(Settings(port=0), bridge=bridge) as (url, _), httpx.AsyncClient() as client:
            health = (await client.get(f"{url}/health")).json()
            missing = await client.get(f"{url}/v1/nothing")
            broken = await client.post(f"{url}/v1/chat/completions", content=b"{")
    assert health == {"status": "ok", "model": "nano", "engine": "ready", "sessions": 0}
    assert missing.status_code == 404
    assert missing.json()["error"]["type"] == "invalid_request_error"
    assert broken.status_code == 400
