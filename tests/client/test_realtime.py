"""The client against a real server: what it sends and reads, and what it says when there is no talking."""

from __future__ import annotations

import subprocess
import sys
from contextlib import asynccontextmanager

import anyio
import pytest

from autoglm_agent.client import connect
from autoglm_agent.client import events as e
from autoglm_agent.commands.scenes import MEDIA_DIR
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import AutoGLMError, InputError, OverloadedError
from autoglm_agent.protocol.wire.server_events import SERVER_EVENTS
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings

pytestmark = pytest.mark.anyio

CALL = m.ToolCall(call_id="call_1", name="look", arguments='{"where": "left"}')
SCRIPT = Script(
    replies=(
        ScriptedReply(reasoning="想一想。", text="你好！", when="你好"),
        ScriptedReply(tool_calls=(CALL,), when="看"),
        ScriptedReply(text="没有人。", when="nobody"),
        ScriptedReply(text="长" * 50, stalls=True, when="很久"),
    )
)


@asynccontextmanager
async def server(**settings):
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    with anyio.fail_after(60):
        async with serving(Settings(port=0, voice="none", **settings), bridge=bridge) as (url, _):
            yield url


async def until(events, kind):
    found = []
    async for event in events:
        found.append(event)
        if isinstance(event, kind):
            return found
    raise AssertionError(f"no {kind.__name__}")


async def test_a_talk_with_typed_events_from_text_over_tools_to_cancelling() -> None:
    async with server() as url, connect(url) as client:
        events = client.events()
        await client.update_session(output_modalities=["text"], autoglm={"events": ["response.reasoning_text"]})
        await client.send_frame((MEDIA_DIR / "photo.jpg").read_bytes())
        await client.send_text("你好")
        await client.create_response()
        said = await until(events, e.ResponseDone)
        assert "".join(x.delta for x in said if isinstance(x, e.OutputTextDelta)) == "你好！"
        assert "".join(x.delta for x in said if isinstance(x, e.ReasoningTextDelta)) == "想一想。"
        assert said[-1].response.usage.input_token_details.image_tokens == 1

        await client.send_text("看左边")
        await client.create_response()
        call = next(x for x in await until(events, e.ResponseDone) if isinstance(x, e.FunctionArgumentsDone))
        assert (call.name, call.arguments) == ("look", '{"where": "left"}')
        await client.send_tool_output(call.call_id, "nobody")
        await client.create_response()
        answer = await until(events, e.ResponseDone)
        assert answer[-1].response.output[0].content[0].text == "没有人。"

        await client.send_text("说很久")
        await client.create_response()
        await until(events, e.OutputTextDelta)
        await client.cancel_response()
        stopped = (await until(events, e.ResponseDone))[-1].response
        assert (stopped.status, stopped.status_details.reason) == ("cancelled", "client_cancelled")
        await client.cancel_response()
        assert (await until(events, e.Error))[-1].error.code == "response_cancel_not_active"


async def test_a_server_that_is_full_says_when_to_come_again() -> None:
    async with server(max_sessions=1) as url, connect(url):
        with pytest.raises(OverloadedError, match=r"no place .* try again in \d+ s.*--max-sessions") as caught:
            async with connect(url):
                pass
    assert caught.value.retry_after_s >= 1


async def test_a_wrong_key_a_wrong_path_and_a_wrong_address_each_say_what_to_do() -> None:
    async with server(api_keys=("right",)) as url:
        async with connect(url, api_key="right") as client:
            assert isinstance(await anext(client.events()), e.SessionCreated)
        for wrong in (None, "wrong"):
            with pytest.raises(InputError, match=r"does not accept this API key .*--api-key"):
                async with connect(url, api_key=wrong):
                    pass
        with pytest.raises(AutoGLMError, match=r"refused|nothing at this address"):
            async with connect(f"{url}/elsewhere/realtime", api_key="right"):
                pass
    with pytest.raises(InputError, match=r"no server at http://127.0.0.1:\d+.*start one with `autoglm serve`"):
        async with connect(url):
            pass
    for address in ("127.0.0.1:8000", "not an address"):
        with pytest.raises(InputError, match=r"give one like http://127\.0\.0\.1:8000"):
            async with connect(address):
                pass


async def test_what_is_no_realtime_server_is_told_as_such() -> None:
    async def greet(stream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"220 mail.example ESMTP\r\n")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, greet)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        with pytest.raises(InputError, match="no realtime server"):
            async with connect(f"http://127.0.0.1:{port}"):
                pass
        tasks.cancel_scope.cancel()


async def test_every_event_of_the_server_has_a_type_that_a_client_can_name() -> None:
    assert [kind for kind, event in SERVER_EVENTS.items() if getattr(e, event.__name__, None) is not event] == []


async def test_what_cannot_be_read_is_an_unknown_event_and_no_error() -> None:
    for event in ({"type": "rate_limits.updated", "x": 1}, {"type": "response.output_text.delta"}, {"type": []}, {}):
        read = e.read_event(event)
        assert isinstance(read, e.UnknownEvent)
        assert read.json is event


def test_the_client_imports_no_torch() -> None:
    program = (
        "import autoglm_agent.client, sys; print([m for m in ('torch', 'sounddevice', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
