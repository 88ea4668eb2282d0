"""What goes wrong is told in LangChain's terms, tried again when that may help, and never hangs."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langchain_core import exceptions as core
from langchain_core.messages import HumanMessage

from autoglm_agent import errors as ours
from autoglm_agent.engine.scripted import ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from langchain_autoglm import ChatAutoGLM
from tests.integrations.langchain.conftest import server
from tests.integrations.langchain.scripts import engine

GOOD = [
    {"model": "m", "choices": [{"delta": {"content": "好"}, "finish_reason": "stop"}]},
    {"model": "m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}},
]


@contextmanager
def stand_in(*answers):
    """A server that gives these answers in order: a status and an error, or the chunks of a stream; remembers headers, bodies and ports."""
    seen, left = [], list(answers)

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.headers, body, self.client_address[1]))
            answer = left.pop(0)
            if isinstance(answer, list):
                body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in answer)
                self._send(200, body + ("data: [DONE]\n\n" if answer is GOOD else ""))
            else:
                status, error, *headers = answer
                self._send(status, error if isinstance(error, str) else json.dumps({"error": error}), *headers)

        def _send(self, status, body, *headers):
            self.send_response(status)
            for name, value in (("Content-Length", str(len(body.encode()))), *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as web:
        web.daemon_threads = True
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}", seen
        web.shutdown()
        thread.join()


def error(message="no", code=None):
    return {"message": message, "type": "x", "param": None, "code": code}


@pytest.mark.parametrize(
    ("answer", "expected", "family"),
    [
        ((401, error()), core.ModelAuthenticationError, ours.AutoGLMError),
        ((403, error()), core.ModelPermissionDeniedError, ours.AutoGLMError),
        ((404, error()), core.ModelNotFoundError, ours.ModelNotFoundError),
        ((400, error(code="context_length_exceeded")), core.ContextOverflowError, ours.ContextOverflowError),
        ((400, error()), core.ModelInvalidRequestError, ours.InputError),
        ((422, "no JSON at all"), core.ModelInvalidRequestError, ours.InputError),
        ((429, error()), core.ModelRateLimitError, ours.OverloadedError),
        ((503, error()), core.ModelRateLimitError, ours.OverloadedError),
        ((500, error()), core.ModelAPIError, ours.EngineDiedError),
        ([*GOOD[:0], {"error": error()}], core.ModelAPIError, ours.EngineDiedError),
        ([{"model": "m", "choices": [{"delta": {"content": "半"}}]}], core.ModelConnectionError, ours.AutoGLMError),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else None,
)
def test_what_a_server_says_is_what_is_raised(answer, expected, family):
    with stand_in(answer) as (url, _), pytest.raises(expected) as caught:
        ChatAutoGLM(base_url=url, max_retries=0).invoke("你好")
    assert isinstance(caught.value, family)
    assert caught.value.is_retryable is expected.is_retryable


def test_a_server_that_is_not_there():
    with pytest.raises(core.ModelConnectionError, match=r"at http://127\.0\.0\.1:9 cannot be reached"):
        ChatAutoGLM(base_url="http://127.0.0.1:9", max_retries=0).invoke("你好")


@pytest.mark.parametrize("base_url", ["127.0.0.1:8000", "localhost:8000", "http://here:port"])
def test_an_address_that_is_none_is_refused_at_once(base_url):
    with pytest.raises(core.ModelInvalidRequestError, match="base_url is no address of http or https"):
        ChatAutoGLM(base_url=base_url).invoke("你好")


@pytest.mark.parametrize("body", ["<h1>nothing here</h1>", '{"detail": "Not Found"}', error("Not Found")])
def test_a_base_url_whose_path_is_wrong_is_told_with_the_address(body):
    with stand_in((404, body)) as (url, _), pytest.raises(core.ModelInvalidRequestError) as caught:
        ChatAutoGLM(base_url=f"{url}/foo", max_retries=0).invoke("你好")
    assert f"{url}/foo/v1/chat/completions (HTTP 404); check base_url" in str(caught.value)


def test_no_error_is_its_own_cause():
    missing = HumanMessage([{"type": "image", "url": "file:///nowhere/a.png"}])
    with stand_in((401, error())) as (url, _), pytest.raises(core.ModelAuthenticationError) as refused:
        ChatAutoGLM(base_url=url).invoke("你好")
    with pytest.raises(core.ModelInvalidRequestError) as unread:
        ChatAutoGLM(engine=SILENT).invoke([missing])
    assert refused.value.__cause__ is None
    assert isinstance(unread.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize("place", ["in process", "remote"])
def test_a_conversation_without_a_message_is_refused(place, silent_url):
    model = ChatAutoGLM(engine=SILENT) if place == "in process" else ChatAutoGLM(base_url=silent_url)
    with pytest.raises(core.ModelInvalidRequestError):
        model.invoke([])


def test_what_may_help_is_tried_again():
    busy = (503, error(), ("Retry-After", "0"))
    with stand_in(busy, busy, GOOD) as (url, seen):
        assert ChatAutoGLM(base_url=url).invoke("你好").content == "好"
        assert len(seen) == 3


def test_what_cannot_help_is_not_tried_again():
    with stand_in((400, error()), GOOD) as (url, seen):
        with pytest.raises(core.ModelInvalidRequestError):
            ChatAutoGLM(base_url=url).invoke("你好")
        assert len(seen) == 1


def test_an_answer_that_has_begun_is_not_begun_again():
    half = [{"model": "m", "choices": [{"delta": {"content": "半"}}]}]
    with stand_in(half, GOOD) as (url, seen):
        chunks = ChatAutoGLM(base_url=url).stream("你好")
        assert next(chunks).content == "半"
        with pytest.raises(core.ModelConnectionError, match="in the middle of the answer"):
            next(chunks)
        assert len(seen) == 1


def test_tool_calls_of_other_servers_come_in_pieces():
    def piece(**call):
        return {"choices": [{"delta": {"tool_calls": [{"index": 0, **call}]}}]}

    pieces = [
        piece(id="call_1", function={"name": "look", "arguments": ""}),
        piece(function={"arguments": '{"where":'}),
        piece(function={"arguments": '"左"}'}),
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
    ]
    with stand_in(pieces) as (url, _):
        (call,) = ChatAutoGLM(base_url=url).invoke("看").tool_calls
    assert (call["name"], call["args"], call["id"]) == ("look", {"where": "左"}, "call_1")


def test_key_and_headers_reach_the_server():
    with stand_in(GOOD) as (url, seen):
        ChatAutoGLM(base_url=f"{url}/v1", api_key="secret", default_headers={"X-Room": "7"}).invoke("你好")
    headers, body, _ = seen[0]
    assert (headers["Authorization"], headers["X-Room"]) == ("Bearer secret", "7")
    assert body["stream"] is True


def test_connections_are_kept_and_shared():
    with stand_in(GOOD, GOOD, GOOD) as (url, seen):
        for _ in range(3):
            ChatAutoGLM(base_url=url).invoke("你好")
        assert len({port for _, _, port in seen}) == 1  # three models, one connection


SILENT = engine(ScriptedReply(stalls=True))


@pytest.fixture(scope="module")
def silent_url():
    with server(SILENT) as (url, _):
        yield url


@pytest.mark.parametrize("place", ["in process", "remote"])
def test_silence_ends_in_a_timeout(place, silent_url):
    model = ChatAutoGLM(engine=SILENT) if place == "in process" else ChatAutoGLM(base_url=silent_url)
    with pytest.raises(core.ModelTimeoutError, match=r"nothing came for 0\.2 s"):
        model.model_copy(update={"timeout": 0.2, "max_retries": 0}).invoke("你好")


def test_an_unknown_model_is_told_with_what_to_do():
    with pytest.raises(core.ModelNotFoundError, match="neither nano, a directory here, nor a hub id"):
        ChatAutoGLM(model="/nowhere").invoke("你好")


def test_a_model_that_appears_later_is_found_then(tmp_path):
    model = ChatAutoGLM(model=str(tmp_path / "later"))
    for _ in range(2):  # the engine that could not load is not kept
        with pytest.raises(core.ModelNotFoundError):
            model.invoke("你好")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it dies on purpose
def test_an_engine_that_dies_is_started_again():
    spec = engine(ScriptedReply(dies=True, when="死"), ScriptedReply(text="好"))
    model = ChatAutoGLM(engine=spec, max_retries=0)
    with pytest.raises(core.ModelAPIError):
        model.invoke("死")
    assert ChatAutoGLM(engine=spec).invoke("你好").content == "好"


def test_a_malformed_request_names_the_field():
    with pytest.raises(core.ModelInvalidRequestError, match="temperature"):
        ChatAutoGLM(engine=EngineSpec(script=SILENT.script), temperature=7.0).invoke("你好")


def test_a_broken_message_is_refused_before_anything_is_sent():
    with pytest.raises(core.ModelInvalidRequestError, match="application/pdf"):
        ChatAutoGLM(base_url="http://127.0.0.1:9").invoke(
            [HumanMessage([{"type": "file", "base64": "JVBERg==", "mime_type": "application/pdf"}])]
        )
