"""What an answer consists of: the trace, the text, what is told of them; in process and over HTTP alike."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from autoglm_agent.engine.scripted import ScriptedReply
from langchain_autoglm import ChatAutoGLM
from tests.integrations.langchain.conftest import server
from tests.integrations.langchain.scripts import call, engine

MEDIA = Path(__file__).parents[4] / "autoglm_agent" / "media"
PICTURE = base64.b64encode((MEDIA / "toys.png").read_bytes()).decode()
SPOKEN = {"type": "audio", "base64": base64.b64encode((MEDIA / "who.flac").read_bytes()).decode()}
SHOWN = {"type": "image", "base64": PICTURE, "mime_type": "image/png"}
SPEC = engine(
    ScriptedReply(reasoning="先想一想。", text="你好，世界。"),
    call("look", when="看", reasoning="要看。", where="左"),
    call("Riddle", when="谜", question="什么红又圆？", answer="苹果"),
    ScriptedReply(json=True, when="谜", text=json.dumps({"question": "什么红又圆？", "answer": "苹果"})),
    ScriptedReply(json=True, text='{"question": "没有答案'),
    utterances=("你是谁",),
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning"),
]


class Riddle(BaseModel):
    """A riddle."""

    question: str
    answer: str


@tool
def look(where: str) -> str:
    """Look somewhere."""
    return where


@pytest.fixture(scope="module")
def url():
    with server(SPEC) as (address, _):
        yield address


@pytest.fixture(params=["in process", "remote"])
def model(request, url):
    return ChatAutoGLM(engine=SPEC) if request.param == "in process" else ChatAutoGLM(base_url=f"{url}/v1/")


def whole(chunks):
    return sum(chunks[1:], chunks[0])


def blocks(message):
    return [(b["type"], b.get("reasoning") or b.get("text") or b.get("args")) for b in message.content_blocks]


ANSWER = [("reasoning", "先想一想。"), ("text", "你好，世界。")]


def test_the_trace_is_a_block_of_its_own_and_not_in_the_text(model):
    answers = [model.invoke("你好"), whole(list(model.stream("你好")))]
    assert [blocks(answer) for answer in answers] == [ANSWER] * 2
    assert [answer.text for answer in answers] == ["你好，世界。"] * 2


async def test_the_trace_comes_asynchronously_too(model):
    answers = [await model.ainvoke("你好"), whole([chunk async for chunk in model.astream("你好")])]
    stream = await model.astream_events("你好", version="v3")
    answers.append(await stream.output)
    assert [blocks(answer) for answer in answers] == [ANSWER] * 3


def test_a_token_is_a_chunk(model):
    chunks = list(model.stream("你好"))
    assert "".join(b["reasoning"] for c in chunks for b in c.content_blocks if b["type"] == "reasoning") == "先想一想。"
    assert len(chunks) == len("先想一想。你好，世界。") + 1


def test_thinking_is_switched_for_the_model_and_for_a_call(model):
    silent = model.model_copy(update={"reasoning": False})
    assert blocks(silent.invoke("你好")) == [("text", "你好，世界。")]
    assert blocks(silent.invoke("你好", reasoning=True)) == ANSWER
    assert model.invoke("你好", reasoning=False).content == "你好，世界。"
    assert blocks(model.bind(reasoning=False).invoke("你好")) == [("text", "你好，世界。")]


def test_what_is_told_of_an_answer(model):
    question = HumanMessage([{"type": "text", "text": "你好"}, SHOWN, SPOKEN])
    for answer in (model.invoke([question]), whole(list(model.stream([question])))):
        told = answer.response_metadata
        assert (told["model_provider"], told["model_name"], told["finish_reason"]) == ("autoglm", "nano", "stop")
        assert told["gate"] == pytest.approx({"text": 1 / 3, "image": 1 / 3, "speech": 1 / 3}, abs=1e-3)
        assert {"speech", "vision", "first_token", "first_text", "prefill", "decode", "total"} <= set(
            told["latency_ms"]
        )
        assert told["latency_ms"]["total"] >= told["latency_ms"]["first_text"] >= told["latency_ms"]["first_token"] > 0
        assert answer.usage_metadata["output_token_details"] == {"reasoning": len("先想一想。")}
        assert answer.usage_metadata["input_token_details"]["audio"] == 1


def test_a_tool_call_with_its_trace(model):
    for answer in (
        model.bind_tools([look]).invoke("看左边"),
        whole(list(model.bind_tools([look]).stream("看左边"))),
    ):
        assert blocks(answer) == [("reasoning", "要看。"), ("tool_call", {"where": "左"})]
        assert answer.response_metadata["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structure_by_every_method(model, method):
    assert model.with_structured_output(Riddle, method=method).invoke("出个谜") == Riddle(
        question="什么红又圆？", answer="苹果"
    )
    reader = model.with_structured_output(Riddle.model_json_schema(), method=method, include_raw=True)
    read = reader.invoke("出个谜")
    assert (read["parsed"], read["parsing_error"]) == ({"question": "什么红又圆？", "answer": "苹果"}, None)


def test_an_answer_that_does_not_fit_is_told_beside_the_raw_one(model):
    read = model.with_structured_output(Riddle, include_raw=True).invoke("出题")
    assert (read["parsed"], read["raw"].text) == (None, '{"question": "没有答案')
    assert "Failed to parse Riddle" in str(read["parsing_error"]) or read["parsing_error"] is not None


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("schema", [Riddle, Riddle.model_json_schema()], ids=["class", "dict"])
def test_an_answer_that_was_cut_off_is_not_taken_for_whole(model, method, schema):
    short = model.model_copy(update={"max_tokens": 12})
    with pytest.raises(OutputParserException, match="raise max_tokens"):
        short.with_structured_output(schema, method=method).invoke("出个谜")
    read = short.with_structured_output(schema, method=method, include_raw=True).invoke("出个谜")
    assert read["parsed"] is None and "raise max_tokens" in str(read["parsing_error"])


def test_a_cut_answer_streams_as_far_as_it_came(model):
    short = model.model_copy(update={"max_tokens": 40})
    pieces = list(short.with_structured_output(Riddle.model_json_schema()).stream("出个谜"))
    assert {"question": "什么"} in pieces


@pytest.fixture(scope="module")
def media_url():
    """A web server that has our media, and one address that is too large."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/missing.png":
                self.send_error(404)
                return
            body = bytes(21 << 20) if self.path == "/large.png" else (MEDIA / self.path[1:]).read_bytes()
            self.send_response(200)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                pass  # the other side has had enough

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Files) as web:
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


def gate(answer):
    return {name for name, weight in answer.response_metadata["gate"].items() if weight}


def test_media_by_address(model, media_url):
    picture, sound = (
        {"type": "image", "url": f"{media_url}/toys.png"},
        {"type": "audio", "url": f"{media_url}/who.flac"},
    )
    file = {"type": "image", "url": (MEDIA / "photo.jpg").as_uri()}
    assert gate(model.invoke([HumanMessage([picture])])) == {"text", "image"}
    assert gate(model.invoke([HumanMessage([sound])])) == {"text", "speech"}
    assert gate(model.invoke([HumanMessage([file, sound])])) == {"text", "image", "speech"}


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "image", "url": "{}/missing.png"}, "missing.png cannot be fetched: .*404"),
        ({"type": "image", "url": "{}/large.png"}, "more than 20 MiB"),
        ({"type": "image", "url": "http://127.0.0.1:9/a.png"}, "cannot be fetched"),
        ({"type": "image", "url": "file:///nowhere/a.png"}, "cannot be read .*check the path"),
        ({"type": "image", "url": "ftp://example.org/a.png"}, "no address of http"),
        ({"type": "image", "url": "/nowhere/a.png"}, r"of a file give Path\(\.\.\.\)\.resolve\(\)\.as_uri\(\)"),
        ({"type": "audio", "base64": "AAA", "mime_type": "audio/wav"}, "no valid base64"),
        ({"type": "video", "base64": "AAAA", "mime_type": "video/mp4"}, r"autoglm-agent\[camera\]|no frames"),
    ],
)
def test_a_medium_that_cannot_be_had_is_named(model, media_url, block, problem):
    from langchain_core.exceptions import ModelInvalidRequestError

    block = {name: value.replace("{}", media_url) for name, value in block.items()}
    with pytest.raises(ModelInvalidRequestError, match=problem):
        model.invoke([HumanMessage([block])])


def test_addresses_are_left_alone_when_fetching_is_off(model, media_url):
    from langchain_core.exceptions import ModelInvalidRequestError

    with pytest.raises(ModelInvalidRequestError, match="fetch_urls is off"):
        careful = model.model_copy(update={"fetch_urls": False})
        careful.invoke([HumanMessage([{"type": "image", "url": f"{media_url}/toys.png"}])])


def test_an_animation_is_seen_as_frames(model):
    import io

    from PIL import Image

    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), (shade, 0, 0)) for shade in range(0, 200, 10)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    block = {"type": "video", "base64": base64.b64encode(file.getvalue()).decode(), "mime_type": "image/gif"}
    answer = model.invoke([HumanMessage([block])])
    assert answer.usage_metadata["input_tokens"] == 8  # the frames: the scripted engine counts parts
