"""The stock `openai` package as the client, unchanged: a realtime conversation and chat completions."""

from __future__ import annotations

import base64
import io
import json
from contextlib import asynccontextmanager

import anyio
import openai
import pytest
import soundfile
from openai import AsyncOpenAI

from autoglm_agent.audio import pcm
from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.run import serving
from autoglm_agent.settings import Settings
from tests.interaction.harness import MEDIA, RATE_HZ, silence, speech, until
from tests.interaction.test_turns import TOOL, jpeg

pytestmark = pytest.mark.anyio

CHAT_TOOL = {"type": "function", "function": {key: TOOL[key] for key in ("name", "description", "parameters")}}
SCRIPT = Script(
    utterances=("你好小智",),
    replies=(
        ScriptedReply(
            when="开灯", tool_calls=(ToolCall(call_id="call_1", name="turn_on", arguments='{"room":"客厅"}'),)
        ),
        ScriptedReply(text="故事", when="故事", stalls=True),
        ScriptedReply(when="死", dies=True),
        ScriptedReply(text="你好呀", reasoning="在问好"),
    ),
)


@asynccontextmanager
async def server(**settings):
    bridge = ComputeBridge.thread(EngineSpec(script=SCRIPT))
    async with serving(Settings(port=0, **settings), bridge=bridge) as (url, service):
        async with AsyncOpenAI(
            api_key="k", base_url=f"{url}/v1", websocket_base_url=f"{url.replace('http', 'ws')}/v1", max_retries=0
        ) as client:
            yield client, service


async def test_a_realtime_conversation_in_text_and_speech() -> None:
    with anyio.fail_after(10):
        async with server() as (client, _), client.realtime.connect(model="nano") as connection:
            assert (await connection.recv()).type == "session.created"
            await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]}
            await connection.conversation.item.create(item=item)
            await connection.response.create()
            text = ""
            async for event in connection:
                if event.type == "response.output_text.delta":
                    text += event.delta
                if event.type == "response.done":
                    break
            assert (text, event.response.status) == ("你好呀", "completed")
            data = pcm.encode(speech()) + pcm.encode(silence(1000))
            for start in range(0, len(data), RATE_HZ):
                audio = base64.b64encode(data[start : start + RATE_HZ]).decode()
                await connection.input_audio_buffer.append(audio=audio)
            seen = []
            async for event in connection:
                seen.append(event.type)
                if event.type == "response.done":
                    break
    assert seen.index("input_audio_buffer.speech_started") < seen.index("input_audio_buffer.speech_stopped")
    assert seen.index("input_audio_buffer.committed") < seen.index("response.created")


async def test_a_whole_chat_completion_keeps_reasoning_beside_content() -> None:
    with anyio.fail_after(5):
        async with server() as (client, _):
            reply = await client.chat.completions.create(
                model="autoglm-phone-9b", messages=[{"role": "user", "content": "你好"}]
            )
            quiet = await client.chat.completions.create(
                model="nano",
                messages=[{"role": "user", "content": "你好"}],
                extra_body={"chat_template_kwargs": {"enable_thinking": False}},
            )
    assert reply.model == "nano"
    assert reply.choices[0].message.content == "你好呀"
    assert reply.choices[0].message.reasoning_content == "在问好"
    assert reply.choices[0].finish_reason == "stop"
    assert getattr(quiet.choices[0].message, "reasoning_content", None) is None


async def test_a_streamed_chat_completion_adds_up_to_the_whole_one() -> None:
    with anyio.fail_after(5):
        async with server() as (client, _):
            stream = await client.chat.completions.create(
                model="nano",
                messages=[{"role": "user", "content": "你好"}],
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "你好呀"
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "在问好"
    assert chunks[-1].usage.completion_tokens == 6


async def test_pictures_and_recordings_reach_the_model_over_rest() -> None:
    samples, rate_hz = soundfile.read(MEDIA / "greeting.opus")
    wav = io.BytesIO()
    soundfile.write(wav, samples, rate_hz, format="WAV")
    sound = {"data": base64.b64encode(wav.getvalue()).decode(), "format": "wav"}
    content = [{"type": "image_url", "image_url": {"url": jpeg()}}, {"type": "input_audio", "input_audio": sound}]
    with anyio.fail_after(5):
        async with server() as (client, _):
            reply = await client.chat.completions.create(model="nano", messages=[{"role": "user", "content": content}])
            raw = reply.model_dump()
    assert reply.usage.prompt_tokens_details.audio_tokens == 1
    assert raw["autoglm_gate"]["image"] > 0
    assert raw["autoglm_gate"]["speech"] > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_come_whole(stream) -> None:
    with anyio.fail_after(5):
        async with server() as (client, _):
            reply = await client.chat.completions.create(
                model="nano", messages=[{"role": "user", "content": "请开灯"}], tools=[CHAT_TOOL], stream=stream
            )
            if stream:
                chunks = [chunk async for chunk in reply]
                (call,) = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
                reason = chunks[-1].choices[0].finish_reason
            else:
                (call,) = reply.choices[0].message.tool_calls
                reason = reply.choices[0].finish_reason
    assert (call.function.name, json.loads(call.function.arguments)) == ("turn_on", {"room": "客厅"})
    assert reason == "tool_calls"


async def test_hanging_up_stops_the_engine() -> None:
    with anyio.fail_after(5):
        async with server() as (client, service):
            stream = await client.chat.completions.create(
                model="nano", messages=[{"role": "user", "content": "讲故事"}], stream=True
            )
            async for chunk in stream:
                if chunk.choices[0].delta.content:
                    break
            assert service.bridge.in_flight == 1
            await stream.close()
            await until(lambda: not service.bridge.in_flight and not service.chats.taken)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_errors_have_openai_s_shape_and_status() -> None:
    hello = [{"role": "user", "content": "你好"}]
    with anyio.fail_after(10):
        async with server() as (client, _):
            with pytest.raises(openai.NotFoundError, match="gpt-9"):
                await client.chat.completions.create(model="gpt-9", messages=hello)
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(model="nano", messages=[])
            with pytest.raises(openai.InternalServerError, match="engine died"):
                await client.chat.completions.create(model="nano", messages=[{"role": "user", "content": "死"}])
            again = await client.chat.completions.create(model="nano", messages=hello)
            assert again.choices[0].message.content == "你好呀"
            names = [model.id async for model in await client.models.list()]
    assert names == ["nano", "autoglm-phone-9b"]


async def test_a_browser_s_secret_opens_a_session_with_the_settings_it_was_made_for() -> None:
    session = {"type": "realtime", "instructions": "你是小智", "output_modalities": ["text"]}
    with anyio.fail_after(5):
        async with server(api_keys=("secret",)) as (client, _):
            with pytest.raises(openai.AuthenticationError):
                await client.realtime.client_secrets.create(session=session)
            secret = await client.with_options(api_key="secret").realtime.client_secrets.create(session=session)
            browser = client.with_options(api_key=secret.value)
            async with browser.realtime.connect(model="nano") as connection:
                created = await connection.recv()
            with pytest.raises(openai.AuthenticationError):
                await browser.models.list()
    assert secret.value.startswith("ek_")
    assert created.session.instructions == "你是小智"


async def test_keys_are_required_where_configured() -> None:
    with anyio.fail_after(5):
        async with server(api_keys=("secret",)) as (client, _):
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()
            allowed = client.with_options(api_key="secret")
            assert [model.id async for model in await allowed.models.list()]
            async with allowed.realtime.connect(model="nano") as connection:
                assert (await connection.recv()).type == "session.created"
