"""`/v1/chat/completions` and `/v1/models`: what is understood, what is refused, and what OpenAI's types make of it."""

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.model import Model as OpenAIModel

from autoglm_agent import errors
from autoglm_agent.protocol.chat import ChatMessage, ChatToolCall, decode_chat, parse_chat
from autoglm_agent.protocol.chat_reply import DONE, ChatReply, ChatUsage, Gate
from autoglm_agent.protocol.config import ToolSpec
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.items import AudioContent, ImageContent, TextContent
from autoglm_agent.protocol.models import list_models
from autoglm_agent.protocol.rest_errors import describe
from tests.protocol.harness import PNG, data_uri

USAGE = ChatUsage(input_tokens=100, cached_tokens=60, audio_tokens=7, output_tokens=9, reasoning_tokens=4)


def decode(*, messages=None, allow_urls=False, **body):
    body["messages"] = messages or [{"role": "user", "content": "你好"}]
    return decode_chat(parse_chat(json.dumps(body)), allow_urls=allow_urls)


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


def image(url, **more):
    return {"type": "image_url", "image_url": {"url": url, **more}}


# --- Requests -------------------------------------------------------------------------------------------------------


def test_a_whole_conversation_is_decoded():
    turns = decode(
        model="nano",
        messages=[
            {"role": "developer", "content": [{"type": "text", "text": "简短"}]},
            {
                "role": "user",
                "name": "xiaoming",
                "content": [
                    {"type": "text", "text": "这是什么?"},
                    image(data_uri(PNG, "image/png"), detail="low"),
                    {"type": "input_audio", "input_audio": {"data": "AAEC", "format": "wav"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "要开门",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "open", "arguments": '{"a":1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        ],
    )
    assert turns.messages == (
        ChatMessage(role="system", content=(TextContent(text="简短"),)),
        ChatMessage(
            role="user",
            content=(
                TextContent(text="这是什么?"),
                ImageContent(image=PNG, mime="image/png", detail="low"),
                AudioContent(audio=b"\0\1\2", format="wav"),
            ),
        ),
        ChatMessage(
            role="assistant",
            reasoning="要开门",
            tool_calls=(ChatToolCall(call_id="c1", name="open", arguments='{"a":1}'),),
        ),
        ChatMessage(role="tool", content=(TextContent(text="ok"),), tool_call_id="c1"),
    )


def test_settings_are_decoded():
    tool = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
    turns = decode(
        tools=[tool],
        tool_choice={"type": "function", "function": {"name": "f"}},
        stream=True,
        stream_options={"include_usage": True},
        temperature=0.5,
        top_p=0.9,
        max_tokens=5,
        max_completion_tokens=7,
        stop="。",
        seed=3,
        return_reasoning=False,
        user="somebody",
    )
    assert turns.tools == (ToolSpec(name="f", description="d", parameters='{"type":"object"}'),)
    assert (turns.tool_choice, turns.stream, turns.include_usage) == ("f", True, True)
    assert (turns.temperature, turns.top_p, turns.max_tokens, turns.stop, turns.seed) == (0.5, 0.9, 7, ("。",), 3)
    assert turns.return_reasoning is False
    plain = decode()
    assert (plain.tool_choice, plain.temperature, plain.max_tokens, plain.stop) == ("auto", None, None, ())
    assert plain.return_reasoning is True and plain.stream is False


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, None),
        ({"enable_thinking": False}, False),
        ({"chat_template_kwargs": {"enable_thinking": True}}, True),
        ({"thinking": {"type": "disabled"}}, False),
        ({"reasoning_effort": "high"}, True),
        ({"reasoning_effort": "minimal"}, False),
        ({"enable_thinking": True, "thinking": {"type": "disabled"}, "reasoning_effort": "none"}, True),
    ],
)
def test_every_spelling_of_the_thinking_switch(body, expected):
    assert decode(**body).enable_thinking is expected


def test_response_formats_become_schemas():
    assert decode(response_format={"type": "text"}).json_schema is None
    assert decode(response_format={"type": "json_object"}).json_schema == '{"type":"object"}'
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {"type": "array"}}}
    assert decode(response_format=wanted).json_schema == '{"type": "array"}'


def test_tolerated_spellings():
    call = {"id": "c", "function": {"name": "f", "arguments": {"a": "好"}}}
    turns = decode(
        messages=[
            *user({"type": "image_url", "image_url": data_uri()}),
            {"role": "assistant", "content": "", "reasoning": "想", "tool_calls": [call]},
        ],
        stop=None,
        stream=None,
    )
    assert turns.messages[0].content[0].mime == "image/jpeg"
    assert turns.messages[1].tool_calls[0].arguments == '{"a": "好"}'
    assert turns.messages[1].reasoning == "想" and turns.messages[1].content == ()


def test_an_address_is_refused_or_left_for_the_server_to_fetch():
    messages = user(image("https://example.com/a.jpg"))
    with pytest.raises(RemoteProtocolError, match="data URI") as refused:
        decode(messages=messages)
    assert refused.value.param == "messages[0].content[0].image_url.url"
    assert decode(messages=messages, allow_urls=True).messages[0].content[0].url == "https://example.com/a.jpg"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"messages": []}, "array_below_min_length", "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "invalid_value", "messages[0]"),
        ({"messages": user({"type": "video_url"})}, "invalid_value", "messages[0].content[0]"),
        ({"messages": user(image("data:image/png;base64,?"))}, "invalid_value", "messages[0].content[0].image_url.url"),
        (
            {"messages": user(image("data:text/html;base64,AA"))},
            "invalid_value",
            "messages[0].content[0].image_url.url",
        ),
        ({"messages": user(image("file:///etc/passwd"))}, "invalid_value", "messages[0].content[0].image_url.url"),
        (
            {"messages": user({"type": "input_audio", "input_audio": {"data": "?"}})},
            "invalid_value",
            "messages[0].content[0].input_audio.data",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "missing_required_parameter", "messages[0].tool_call_id"),
        ({"temperature": 3}, "integer_above_max_value", "temperature"),
        ({"max_tokens": 0}, "integer_below_min_value", "max_tokens"),
        ({"n": 2}, "invalid_value", "n"),
        ({"logprobs": True}, "invalid_value", "logprobs"),
        ({"tools": [{"type": "function", "function": {}}]}, "missing_required_parameter", "tools[0].function.name"),
        ({"response_format": {"type": "json_schema"}}, "missing_required_parameter", "response_format.json_schema"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(body, code, param):
    body = {"messages": [{"role": "user", "content": "x"}], **body}
    with pytest.raises(RemoteProtocolError) as refused:
        decode_chat(parse_chat(json.dumps(body)))
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "The body is not valid JSON: EOF while parsing"),
        ("{", "The body is not valid JSON: EOF while parsing"),
        ("[]", "The body must be a JSON object."),
        ("null", "The body must be a JSON object."),
        ('{"model":"nano"}', "Missing required parameter: 'messages'."),
        ('{"messages":[{"role":"robot"}]}', "Invalid 'messages[0]': 'robot' is not one of 'system', 'developer', "),
    ],
)
def test_a_body_that_is_no_request_is_refused_in_plain_words(body, message):
    with pytest.raises(RemoteProtocolError) as refused:
        parse_chat(body)
    assert refused.value.message.startswith(message)


# --- Replies --------------------------------------------------------------------------------------------------------


def reply(**options):
    return ChatReply(completion_id="chatcmpl-1", model="nano", created=1_000, **options)


def chunks(text):
    events = text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [ChatCompletionChunk.model_validate_json(event.removeprefix("data: "), strict=True) for event in events[:-2]]


def test_a_whole_reply_is_a_chat_completion():
    answer = reply()
    for text in ("数", "一数"):
        answer.reasoning(text)
    answer.content("三")
    answer.content("个")
    text = answer.whole("stop", USAGE, Gate(text=0.5, image=0.5, speech=0.0)).model_dump_json()
    completion = ChatCompletion.model_validate_json(text, strict=True)
    message = completion.choices[0].message
    assert (message.content, message.reasoning_content, message.tool_calls) == ("三个", "数一数", None)
    assert completion.choices[0].finish_reason == "stop" and completion.model == "nano"
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (100, 9)
    assert completion.usage.total_tokens == 109
    assert completion.usage.prompt_tokens_details.cached_tokens == 60
    assert completion.usage.completion_tokens_details.reasoning_tokens == 4
    assert completion.autoglm_gate == {"text": 0.5, "image": 0.5, "speech": 0.0}


def test_a_reply_of_calls_has_no_content():
    answer = reply()
    answer.tool_call("c1", "open", "{}")
    message = ChatCompletion.model_validate_json(answer.whole("tool_calls", USAGE).model_dump_json()).choices[0].message
    assert message.content is None and "reasoning_content" not in message.model_dump()
    assert (message.tool_calls[0].id, message.tool_calls[0].function.name) == ("c1", "open")


def test_an_empty_reply_has_empty_content():
    assert reply().whole("length", USAGE).choices[0].message.content == ""


def test_a_stream_adds_up_to_the_reply():
    answer = reply(include_usage=True)
    text = answer.start() + answer.reasoning("想") + answer.content("好") + answer.content("的")
    text += answer.tool_call("c1", "open", '{"a":1}') + answer.tool_call("c2", "close", "{}")
    got = chunks(text + answer.finish("tool_calls", USAGE))
    deltas = [chunk.choices[0].delta for chunk in got[:-1]]
    assert deltas[0].role == "assistant"
    assert [delta.reasoning_content for delta in deltas if hasattr(delta, "reasoning_content")] == ["想"]
    assert "".join(delta.content or "" for delta in deltas) == "好的"
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    assert [(call.index, call.id, call.function.name) for call in calls] == [(0, "c1", "open"), (1, "c2", "close")]
    assert [chunk.choices[0].finish_reason for chunk in got[:-1]] == [None] * 6 + ["tool_calls"]
    assert got[-1].choices == [] and got[-1].usage.total_tokens == 109
    assert all(chunk.usage is None for chunk in got[:-1])


def test_usage_is_streamed_only_on_request():
    answer = reply()
    assert all(chunk.choices for chunk in chunks(answer.content("好") + answer.finish("stop", USAGE)))


def test_thinking_without_telling():
    answer = reply(return_reasoning=False)
    assert answer.reasoning("秘密") == ""
    answer.content("好")
    assert "秘密" not in answer.whole("stop", USAGE).model_dump_json()


def test_done_ends_a_stream():
    assert reply().finish("stop", USAGE).endswith(DONE)


# --- Errors and models ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RemoteProtocolError("bad", code="invalid_value", param="n"), 400, "invalid_value"),
        (errors.ContextOverflowError("too long"), 400, "context_length_exceeded"),
        (errors.InputError("broken picture"), 400, "invalid_value"),
        (errors.ModelNotFoundError("no such"), 404, "model_not_found"),
        (errors.OverloadedError("full"), 503, "overloaded"),
        (errors.EngineDiedError("gone"), 500, "engine_died"),
        (errors.CheckpointError("broken"), 500, "server_error"),
        (RuntimeError("secret path"), 500, "server_error"),
    ],
)
def test_errors_have_openais_form(error, status, code):
    got, body = describe(error)
    assert (got, body.error.code) == (status, code)
    assert set(body.model_dump()["error"]) == {"message", "type", "param", "code"}
    assert "secret" not in body.error.message


def test_models_are_listed_once_each():
    listed = list_models(["nano", "autoglm-phone-9b", "nano"], created=5).model_dump()
    assert listed["object"] == "list"
    assert [OpenAIModel.model_validate(model, strict=True).id for model in listed["data"]] == [
        "nano",
        "autoglm-phone-9b",
    ]
