"""A schema that binds an answer is shown to the model, too; the scripted engine heeds what a request asks for."""

import json

import pytest

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedEngine, ScriptedReply
from autoglm_agent.protocol.chat import decode_chat
from autoglm_agent.protocol.wire.chat import ChatRequest
from autoglm_agent.runtime.chat import instructions

SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "title": "名字"}}}
LOOK = m.ToolCall(call_id="1", name="look", arguments="{}")
TOOLS = tuple(m.Tool(name=name, description="", parameters="{}") for name in ("look", "stop"))
REPLIES = (
    ScriptedReply(text="你好，朋友。"),
    ScriptedReply(tool_calls=(LOOK,)),
    ScriptedReply(text="{}", json=True),
)


def chat(**more):
    return decode_chat(ChatRequest.model_validate({"messages": [{"role": "user", "content": "你好"}], **more}))


def test_a_schema_is_shown_compactly():
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    shown = instructions(chat(response_format=wanted))
    told = json.loads(shown.removeprefix("Answer in JSON with this schema: "))
    assert shown.endswith(json.dumps(told, ensure_ascii=False, separators=(",", ":")))
    assert told["properties"].keys() == SCHEMA["properties"].keys()


@pytest.mark.parametrize("wanted", [None, {"type": "text"}, {"type": "json_object"}])
def test_without_a_schema_nothing_is_said(wanted):
    assert instructions(chat(response_format=wanted)) == ""


def recite(**options):
    engine = ScriptedEngine(Script(replies=REPLIES))
    turns = (m.Turn(role="user", content=(m.TextPart(text="你好"),)),)
    engine.submit(m.Generate(session_id="s", request_id="r", turns=turns, **options))
    results = []
    while engine.has_work:
        results += engine.step()
    text = "".join(result.text for result in results if isinstance(result, m.TextDelta))
    calls = [result.call.name for result in results if isinstance(result, m.ToolCallDone)]
    return text, calls


@pytest.mark.parametrize(
    ("options", "said", "called"),
    [
        ({}, "你好，朋友。", []),
        ({"tools": TOOLS, "tool_choice": "none"}, "你好，朋友。", []),
        ({"tools": TOOLS, "tool_choice": "required"}, "", ["look"]),
        ({"tools": TOOLS, "tool_choice": "look"}, "", ["look"]),
        ({"tools": TOOLS, "tool_choice": "stop"}, "", []),
        ({"json_schema": "{}"}, "{}", []),
        ({"sampling": m.Sampling(stop=("朋友",))}, "你好，", []),
        ({"sampling": m.Sampling(max_tokens=2)}, "你好", []),
    ],
)
def test_the_scripted_engine_heeds_the_request(options, said, called):
    assert recite(**options) == (said, called)


def test_the_scripted_engine_tells_its_metrics():
    engine = ScriptedEngine(Script(replies=(ScriptedReply(text="好", stalls=True),)))
    turns = (m.Turn(role="user", content=(m.TextPart(text="你好"),)),)
    for session in ("a", "b"):
        engine.submit(m.Generate(session_id=session, request_id="r", turns=turns))
    engine.step()
    engine.submit(m.ReadMetrics(session_id="c"))
    (read,) = engine.step()
    assert (read.metrics.generations_running, read.metrics.decode_batch, read.metrics.output_tokens) == (2, 2, 2)
