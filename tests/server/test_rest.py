"""The REST doors on a scripted engine: what every client may count on, with the `openai` package and by hand."""

from __future__ import annotations

import io
import json
import re
import socket
from contextlib import asynccontextmanager, contextmanager

import anyio
import httpx
import numpy as np
import openai
import pytest
import soundfile
from openai import OpenAI

from autoglm_agent.engine.scripted import Script, ScriptedEngine, ScriptedReply
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.server.app import create_app
from autoglm_agent.server.service import open_service
from autoglm_agent.settings import Settings
from tests.interaction.harness import memory_client, silence, speech, until
from tests.server.conftest import SCRIPT, running_server

TOOL = {
    "type": "function",
    "name": "turn_on",
    "description": "开灯",
    "parameters": {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]},
}
HELLO = [{"role": "user", "content": "你好"}]


@pytest.fixture(scope="module")
def client(scripted_url):
    with OpenAI(base_url=f"{scripted_url}/v1", api_key="EMPTY", max_retries=0) as client:
        yield client


def recording(kind="WAV", seconds=2.0, rate_hz=16_000, **options):
    """A tone in a file; the scripted engine hears what its script says."""
    tone = 0.3 * np.sin(np.arange(int(seconds * rate_hz)) / 20)
    file = io.BytesIO()
    soundfile.write(file, tone, rate_hz, format=kind, **options)
    return file.getvalue()


# --- Responses ------------------------------------------------------------------------------------------------------


def test_a_response_has_reasoning_message_and_usage(client):
    response = client.responses.create(
        model="autoglm-phone-9b", input="你好", reasoning={"summary": "auto"}, metadata={"a": "b"}
    )
    thought, message = response.output
    assert (thought.type, thought.content[0].text, thought.summary[0].text) == ("reasoning", "在问好", "在问好")
    assert (message.role, message.status, response.output_text) == ("assistant", "completed", "你好呀")
    assert (response.status, response.model, response.metadata) == ("completed", "nano", {"a": "b"})
    assert response.usage.output_tokens == 6
    assert response.usage.total_tokens == response.usage.input_tokens + 6


def test_a_summary_is_told_only_to_those_who_ask(client):
    plain = client.responses.create(model="nano", input="你好").output[0]
    secret = client.responses.create(model="nano", input="你好", extra_body={"return_reasoning": False}).output
    quiet = client.responses.create(model="nano", input="你好", reasoning={"effort": "none"}).output
    assert (plain.content[0].text, plain.summary) == ("在问好", [])
    assert [item.type for item in secret] == [item.type for item in quiet] == ["message"]


def test_the_events_of_a_response_come_in_the_official_order_and_add_up(client):
    events = list(client.responses.create(model="nano", input="你好", stream=True, reasoning={"summary": "auto"}))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    order = [event.type.removeprefix("response.") for event in events]
    assert list(dict.fromkeys(order)) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_summary_part.added",
        "reasoning_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_text.delta",
        "output_text.done",
        "completed",
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "你好呀"
    assert "".join(event.delta for event in events if event.type == "response.reasoning_text.delta") == "在问好"
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert events[-1].response.output == done
    with client.responses.stream(model="nano", input="你好") as stream:
        assert stream.get_final_response().output_text == "你好呀"


@pytest.mark.parametrize("parallel", [True, False])
def test_calls_come_whole_and_one_at_a_time_on_request(client, parallel):
    response = client.responses.create(model="nano", input="开灯", tools=[TOOL], parallel_tool_calls=parallel)
    calls = [(item.name, json.loads(item.arguments)["room"]) for item in response.output]
    assert calls == [("turn_on", "客厅"), ("turn_on", "卧室")][: 2 if parallel else 1]
    assert response.status == "completed"
    chat = client.chat.completions.create(
        model="nano",
        messages=[{"role": "user", "content": "开灯"}],
        tools=[{"type": "function", "function": TOOL}],
        parallel_tool_calls=parallel,
    ).choices[0]
    assert len(chat.message.tool_calls) == len(calls)
    assert chat.finish_reason == "tool_calls"


def test_an_answer_that_is_cut_says_so(client):
    response = client.responses.create(model="nano", input="你好", max_output_tokens=4)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (response.output[-1].status, response.output_text) == ("incomplete", "你")


def test_an_empty_answer_is_an_answer(client):
    response = client.responses.create(model="nano", input="沉默")
    assert (response.status, response.output_text, len(response.output)) == ("completed", "", 1)


def test_a_response_goes_on_from_a_stored_one(client):
    first = client.responses.create(model="nano", input="你好", instructions="简短")
    second = client.responses.create(model="nano", input="再说一次", previous_response_id=first.id)
    third = client.responses.create(model="nano", input="再来", previous_response_id=second.id, store=False)
    # The script counts the parts of the prompt: question, answer, question and so on; instructions only where given.
    assert [r.usage.input_tokens for r in (first, second, third)] == [2, 3, 5]
    assert client.responses.retrieve(second.id).output_text == "你好呀"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(third.id)
    client.responses.delete(first.id)
    with pytest.raises(openai.BadRequestError, match="whole") as gone:
        client.responses.create(model="nano", input="再来", previous_response_id=first.id)
    assert (gone.value.code, gone.value.param) == ("previous_response_not_found", "previous_response_id")


def test_stored_responses_belong_to_the_key_that_made_them():
    with running_server(SCRIPT, api_keys=("one", "two")) as (url, _):
        one, two = (OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) for key in ("one", "two"))
        made = one.responses.create(model="nano", input="你好")
        assert one.responses.retrieve(made.id).id == made.id
        with pytest.raises(openai.NotFoundError):
            two.responses.retrieve(made.id)
        with pytest.raises(openai.BadRequestError):
            two.responses.create(model="nano", input="你好", previous_response_id=made.id)
        with pytest.raises(openai.AuthenticationError) as refused:
            OpenAI(base_url=f"{url}/v1", api_key="three", max_retries=0).responses.create(model="nano", input="你好")
        assert refused.value.code == "invalid_api_key"
        one.close()
        two.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_response_in_which_the_engine_dies_fails_and_the_next_one_works():
    with running_server(SCRIPT) as (url, _), OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        events = list(client.responses.create(model="nano", input="死", stream=True))
        assert (events[-1].type, events[-1].response.error.code) == ("response.failed", "engine_died")
        assert client.responses.create(model="nano", input="你好").output_text == "你好呀"


# --- Transcriptions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("a.wav", "WAV", {}),
        ("a.mp3", "MP3", {}),
        ("a.flac", "FLAC", {}),
        ("a.ogg", "OGG", {"subtype": "VORBIS"}),
        ("a.opus", "OGG", {"subtype": "OPUS"}),
    ],
)
def test_recordings_of_every_kind_are_written_down(client, name, kind, options):
    written = client.audio.transcriptions.create(model="nano", file=(name, recording(kind, **options)), language="zh")
    assert written.text == "你好小智"
    assert written.usage.seconds == pytest.approx(2.0, abs=0.1)


def test_a_transcription_comes_as_it_is_heard():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 50)))
    with running_server(Script(utterances=(text,))) as (url, _), OpenAI(base_url=f"{url}/v1", api_key="k") as client:
        stream = client.audio.transcriptions.create(model="nano", file=("a.wav", recording(seconds=8)), stream=True)
        *deltas, done = stream
    assert len(deltas) >= 3
    assert "".join(event.delta for event in deltas) == done.text == text


def test_the_formats_of_a_transcription(client):
    def ask(**more):
        return client.audio.transcriptions.create(model="nano", file=("a.wav", recording()), **more)

    assert ask(response_format="text") == "你好小智"
    verbose = ask(response_format="verbose_json")
    assert (verbose.text, verbose.language, verbose.duration) == ("你好小智", "chinese", 2.0)
    for param, more in {
        "response_format": {"response_format": "srt"},
        "timestamp_granularities": {"response_format": "verbose_json", "timestamp_granularities": ["word"]},
        "include": {"include": ["logprobs"]},
        "language": {"language": "fi"},
    }.items():
        with pytest.raises(openai.BadRequestError) as refused:
            ask(**more)
        assert refused.value.param == param


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "is empty"),
        (b"not a recording at all", "cannot be read as audio"),
        (recording("FLAC")[:400], "audio"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_reason(client, file, reason):
    with pytest.raises(openai.BadRequestError, match=reason):
        client.audio.transcriptions.create(model="nano", file=("a.wav", file))


def test_forms_that_cannot_be_read_are_refused(scripted_url):
    url = f"{scripted_url}/v1/audio/transcriptions"
    assert httpx.post(url, json={"model": "nano"}).status_code == 415
    without = httpx.post(url, files={"other": b"x"})
    assert (without.status_code, without.json()["error"]["param"]) == (400, "file")
    no_boundary = httpx.post(url, content=b"x", headers={"content-type": "multipart/form-data"})
    assert (no_boundary.status_code, no_boundary.json()["error"]["code"]) == (400, "invalid_form")
    unknown = httpx.post(url, files={"file": recording()}, data={"model": "whisper-9"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


def test_an_upload_is_refused_when_its_bound_is_reached_not_when_it_has_come(scripted_url):
    address = httpx.URL(scripted_url)
    with socket.create_connection((address.host, address.port), timeout=10) as raw:
        raw.sendall(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Length: 400000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        )
        raw.sendall(bytes(27 << 20))  # of the 400 MB
        answer = raw.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ")


# --- Chat -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("n", {"n": 2}),
        ("logprobs", {"logprobs": True}),
        ("top_logprobs", {"top_logprobs": 3}),
        ("logit_bias", {"logit_bias": {"1": 1}}),
        ("modalities[1]", {"modalities": ["text", "audio"]}),
        ("functions", {"functions": [{"name": "f"}]}),
        ("seed", {"seed": 2**70}),
        ("stop[0]", {"stop": [""]}),
        ("tool_choice", {"tool_choice": {"type": "custom", "custom": {"name": "f"}}}),
    ],
)
def test_what_chat_cannot_do_is_refused_by_name(client, param, more):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="nano", messages=HELLO, extra_body=more)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


def test_no_address_is_fetched(client):
    content = [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest/meta-data"}}]
    with pytest.raises(openai.BadRequestError, match="does not fetch"):
        client.chat.completions.create(model="nano", messages=[{"role": "user", "content": content}])
    item = {"role": "user", "content": [{"type": "input_image", "image_url": "https://example.com/a.png"}]}
    with pytest.raises(openai.BadRequestError, match="does not fetch"):
        client.responses.create(model="nano", input=[item])


def test_models_are_told_one_by_one(client):
    assert client.models.retrieve("autoglm-phone-9b").id == "autoglm-phone-9b"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.models.retrieve("gpt-9/large")
    assert unknown.value.code == "model_not_found"


def test_what_is_no_door_is_refused_in_the_same_shape(scripted_url):
    for answer, status, code in (
        (httpx.get(f"{scripted_url}/v1/nothing"), 404, "not_found"),
        (httpx.delete(f"{scripted_url}/v1/models"), 405, "method_not_allowed"),
        (httpx.post(f"{scripted_url}/v1/responses", content=b"{"), 400, None),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["type"]) == (status, "invalid_request_error")
        assert code is None or error["code"] == code


# --- Operation ------------------------------------------------------------------------------------------------------


@contextmanager
def long_story(url, door):
    """An answer that does not end, while the block runs."""
    body = {"model": "nano", "stream": True}
    body |= {"input": "故事"} if door == "responses" else {"messages": [{"role": "user", "content": "故事"}]}
    with httpx.stream("POST", f"{url}/v1/{door}", json=body, timeout=10) as answer:
        lines = answer.iter_lines()
        while "山" not in next(lines):
            pass
        yield


@pytest.mark.parametrize("door", ["chat/completions", "responses"])
def test_a_full_server_says_so_and_hanging_up_makes_room(door):
    with running_server(SCRIPT, max_sessions=1) as (url, service):
        assert httpx.get(f"{url}/ready").json() == {"ready": True}
        with long_story(url, door):
            full = httpx.get(f"{url}/ready")
            assert (full.status_code, full.json()) == (503, {"ready": False, "reason": "full"})
            turned_away = httpx.post(f"{url}/v1/responses", json={"input": "你好"})
            assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "5")
            assert turned_away.json()["error"]["code"] == "overloaded"
            assert service.bridge.in_flight == 1
            assert httpx.get(f"{url}/health").json()["status"] == "ok"
        anyio.run(wait_until, lambda: not service.bridge.in_flight and not service.chats.taken)
        assert httpx.get(f"{url}/ready").status_code == 200
        metrics = httpx.get(f"{url}/metrics").text
        assert 'autoglm_turned_away_total{what="requests"} 1.0' in metrics
        assert 'autoglm_generations_total{reason="cancelled"} 1.0' in metrics


async def wait_until(condition):
    with anyio.fail_after(5):
        await until(condition)


def test_hanging_up_while_a_recording_is_heard_stops_the_engine():
    with running_server(Script(deaf=True)) as (url, service):
        form = {"files": {"file": recording(seconds=10)}, "data": {"stream": "true"}}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/audio/transcriptions", timeout=1, **form)
        anyio.run(wait_until, lambda: not service.bridge.in_flight and not service.chats.taken)


@pytest.mark.anyio
async def test_a_server_whose_model_loads_lives_but_is_not_ready() -> None:
    @asynccontextmanager
    async def loading():
        yield ComputeBridge()

    async with open_service(Settings(voice="none"), bridge=loading()) as service:
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            ready, health = await client.get("/ready"), await client.get("/health")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "reason": "loading"})
    assert (health.status_code, health.json()["engine"]) == (200, "loading")


@pytest.mark.anyio
async def test_metrics_count_what_happens_in_realtime_sessions() -> None:
    script = Script(utterances=("你好小智",), end_of_turn=0.9, replies=(ScriptedReply(text="很久以前", stalls=True),))
    with anyio.fail_after(20):
        async with memory_client(ScriptedEngine(script)) as client:
            await client.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
            for awaited in ("response.output_text.delta", "response.done"):
                await client.say(speech())
                await client.say(silence(1000))
                await client.next(awaited)
            metrics = samples(client.service.metrics.exposition(client.service).decode())
    assert metrics["autoglm_barge_ins_total"] == 1
    assert metrics["autoglm_audio_seconds_total"] > 1
    assert any(name.startswith("autoglm_turn_seconds_count{stage=") for name in metrics)


def samples(text):
    """The values of the metrics by name and labels."""
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


def test_metrics_count_what_was_done():
    with running_server(SCRIPT) as (url, _), OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        client.chat.completions.create(model="nano", messages=HELLO)
        list(client.responses.create(model="nano", input="你好", stream=True))
        client.audio.transcriptions.create(model="nano", file=("a.wav", recording(seconds=3)))
        httpx.get(f"{url}/v1/{'x' * 50}")
        answer = httpx.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    values = samples(answer.text)
    assert values['autoglm_tokens_total{kind="output"}'] == 12
    assert values['autoglm_generations_total{reason="stop"}'] == 2
    assert values["autoglm_audio_seconds_total"] == pytest.approx(3.0, abs=0.05)
    assert values['autoglm_http_requests_total{method="POST",route="/v1/responses",status="200"}'] == 1
    assert values['autoglm_http_requests_total{method="GET",route="other",status="404"}'] == 1
    assert values['autoglm_first_token_seconds_count{door="chat"}'] == 1
    assert values["autoglm_generation_decode_seconds_count"] == 2
    assert (values["autoglm_engine_up"], values["autoglm_sessions"], values["autoglm_stored_responses"]) == (1, 0, 1)
    assert "x" * 50 not in answer.text  # what a client invents makes no series
    assert all(name.startswith(("autoglm_", "process_")) for name in values)
