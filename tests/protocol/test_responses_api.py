"""`/v1/responses` and `/v1/audio/transcriptions` without a server: what is understood, refused, and written."""

import itertools
import json

import pytest
from openai.types.audio import TranscriptionVerbose as OpenAIVerbose
from openai.types.responses import Response as OpenAIResponse

from autoglm_agent.protocol.chat import ChatMessage, ChatToolCall
from autoglm_agent.protocol.config import ToolSpec
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.items import AudioContent, ImageContent, TextContent
from autoglm_agent.protocol.reply import ChatUsage
from autoglm_agent.protocol.responses_reply import ResponsesReply
from autoglm_agent.protocol.responses_request import decode_responses, parse_responses
from autoglm_agent.protocol.rest_errors import ErrorDetail
from autoglm_agent.protocol.transcriptions import MANDARIN, encode_whole, parse_form, spoken_language
from autoglm_agent.server.stored import Stored, StoredResponses
from tests.protocol.harness import PNG, data_uri

USAGE = ChatUsage(input_tokens=100, cached_tokens=60, audio_tokens=7, output_tokens=9, reasoning_tokens=4)
TOOL = {"type": "function", "name": "open", "parameters": {"type": "object"}, "strict": True}


def text(words):
    return (TextContent(text=words),)


def decode(given="你好", previous=(), **body):
    return decode_responses(parse_responses(json.dumps({"input": given, **body})), previous)


def reply(**body):
    numbers = itertools.count(1)
    request = parse_responses(json.dumps({"input": "你好", **body}))
    return ResponsesReply(request, model="nano", new_id=lambda kind: f"{kind}_{next(numbers)}", clock=lambda: 1000.4)


def events(stream):
    return [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]


# --- Requests -------------------------------------------------------------------------------------------------------


def test_a_conversation_of_items_becomes_messages():
    items = [
        {"role": "developer", "content": "简短"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "这是什么?"},
                {"type": "input_image", "image_url": data_uri(PNG, "image/png"), "detail": "original"},
                {"type": "input_audio", "input_audio": {"data": "AAEC", "format": "wav"}},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "要开门"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "好", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "open", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "close", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "ok"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "no"}]},
        {"role": "assistant", "content": "开了"},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "再想"}]},
        {"role": "assistant", "content": "关了"},
    ]
    turns = decode(items, instructions="你是小智")
    calls = tuple(ChatToolCall(call_id=i, name=n, arguments="{}") for i, n in (("c1", "open"), ("c2", "close")))
    picture = ImageContent(image=PNG, mime="image/png", detail="high")
    assert turns.conversation == (
        ChatMessage(role="system", content=text("简短")),
        ChatMessage(role="user", content=(*text("这是什么?"), picture, AudioContent(audio=b"\0\1\2", format="wav"))),
        ChatMessage(role="assistant", content=text("好"), reasoning="要开门", tool_calls=calls),
        ChatMessage(role="tool", content=text("ok"), tool_call_id="c1"),
        ChatMessage(role="tool", content=text("no"), tool_call_id="c2"),
        ChatMessage(role="assistant", content=text("开了")),
        ChatMessage(role="assistant", content=text("关了"), reasoning="再想"),
    )
    assert turns.chat.messages == (ChatMessage(role="system", content=text("你是小智")), *turns.conversation)


def test_settings_are_decoded():
    chat = decode(
        tools=[TOOL, {**TOOL, "name": "close"}],
        tool_choice={"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "open"}]},
        parallel_tool_calls=False,
        truncation="auto",
        stream=True,
        temperature=0.5,
        max_output_tokens=7,
        reasoning={"effort": "low"},
        text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "array"}}},
    ).chat
    assert chat.tools == (ToolSpec(name="open", parameters='{"type":"object"}'),)
    assert (chat.tool_choice, chat.parallel_tool_calls, chat.truncate, chat.stream) == ("required", False, True, True)
    assert (chat.temperature, chat.max_tokens, chat.reasoning_effort, chat.enable_thinking) == (0.5, 7, "low", True)
    assert chat.json_schema == '{"type": "array"}'
    named = decode(tools=[TOOL], tool_choice={"type": "function", "name": "open"}, reasoning={"effort": "none"}).chat
    assert (named.tool_choice, named.enable_thinking) == ("open", False)
    assert decode(text={"format": {"type": "json_object"}}).chat.json_schema == '{"type":"object"}'


def test_it_goes_on_behind_what_was_stored_without_the_old_instructions():
    before = (ChatMessage(role="user", content=text("你好")), ChatMessage(role="assistant", content=text("你好呀")))
    turns = decode("再说一次", before, instructions="新的")
    assert [message.role for message in turns.chat.messages] == ["system", "user", "assistant", "user"]
    assert turns.conversation == (*before, ChatMessage(role="user", content=text("再说一次")))


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"input": []}, "invalid_type", "input"),
        ({"input": [{"type": "web_search_call"}]}, "invalid_value", "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "invalid_value", "input[0].content[0]"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://a/b.png"}]}]},
            "invalid_image_url",
            "input[0].content[0].image_url",
        ),
        (
            {"input": [{"type": "function_call_output", "output": "x"}]},
            "missing_required_parameter",
            "input[0].call_id",
        ),
        ({"conversation": "conv_1"}, "invalid_type", "conversation"),
        ({"background": True}, "invalid_value", "background"),
        ({"top_logprobs": 2}, "invalid_value", "top_logprobs"),
        ({"tools": [{"type": "web_search"}]}, "invalid_value", "tools[0].type"),
        ({"text": {"format": {"type": "json_schema"}}}, "missing_required_parameter", "text.format.schema"),
        (
            {
                "tools": [TOOL],
                "tool_choice": {"type": "allowed_tools", "tools": [{"type": "function", "name": "shut"}]},
            },
            "invalid_value",
            "tool_choice",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(body, code, param):
    with pytest.raises(RemoteProtocolError) as refused:
        decode(**{"given": "x", **{("given" if k == "input" else k): v for k, v in body.items()}})
    assert (refused.value.code, refused.value.param) == (code, param)


# --- Replies --------------------------------------------------------------------------------------------------------


def test_a_whole_reply_is_openai_s_response_and_echoes_what_was_asked():
    answer = reply(tools=[TOOL], text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "array"}}})
    for piece in ("数", "一数"):
        answer.reasoning(piece)
    answer.content("三个")
    answer.tool_call("c1", "open", '{"a":1}')
    response = OpenAIResponse.model_validate_json(answer.whole("tool_calls", USAGE).model_dump_json())
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]
    assert (response.output[0].content[0].text, response.output_text) == ("数一数", "三个")
    assert (response.output[2].call_id, response.output[2].arguments) == ("c1", '{"a":1}')
    assert (response.usage.input_tokens, response.usage.total_tokens) == (100, 109)
    assert response.usage.input_tokens_details.cached_tokens == 60
    assert response.usage.output_tokens_details.reasoning_tokens == 4
    assert (response.text.format.schema_, response.tools[0].name) == ({"type": "array"}, "open")
    assert (response.created_at, response.completed_at) == (1000, 1000)


def test_the_answer_is_remembered_as_the_message_it_was():
    answer = reply()
    answer.reasoning("想")
    answer.content("好")
    answer.tool_call("c1", "open", "{}")
    answer.finish("tool_calls", USAGE)
    call = ChatToolCall(call_id="c1", name="open", arguments="{}")
    assert answer.message() == ChatMessage(role="assistant", content=text("好"), reasoning="想", tool_calls=(call,))


def test_a_stream_that_breaks_ends_its_item_and_says_why():
    answer = reply()
    got = events(answer.start() + answer.content("好") + answer.fail(ErrorDetail(message="gone", type="server_error")))
    done, failed = got[-2:]
    assert (done["type"], done["item"]["status"]) == ("response.output_item.done", "incomplete")
    assert failed["type"] == "response.failed"
    assert failed["response"]["error"] == {"code": "server_error", "message": "gone"}
    assert failed["response"]["output"] == [done["item"]]


def test_items_never_overlap_and_every_one_that_begins_ends():
    answer = reply(return_reasoning=True)
    stream = answer.start() + answer.content("先") + answer.reasoning("想") + answer.tool_call("c", "open", "{}")
    got = events(stream + answer.content("后") + answer.finish("stop", USAGE))
    open_items = []
    for event in got:
        if event["type"] == "response.output_item.added":
            assert open_items == []
            open_items.append(event["output_index"])
        elif event["type"] == "response.output_item.done":
            assert open_items.pop() == event["output_index"]
        elif "output_index" in event:
            assert open_items == [event["output_index"]]
    assert [item["type"] for item in got[-1]["response"]["output"]] == [
        "message",
        "reasoning",
        "function_call",
        "message",
    ]


# --- Stored responses -----------------------------------------------------------------------------------------------


def stored(number, size=1000):
    answer = reply()
    answer.content("好")
    response = answer.whole("stop", USAGE).model_copy(update={"id": f"resp_{number}"})
    picture = ImageContent(image=bytes(size), mime="image/png")
    return Stored(response=response, conversation=(ChatMessage(role="user", content=(picture,)),))


def test_stored_responses_make_room_for_newer_ones_the_least_used_first():
    one = stored(1).size_bytes
    responses = StoredResponses(max_bytes=3 * one)
    for number in (1, 2, 3):
        responses.keep(stored(number), "key")
    assert responses.find("resp_1", "key") is not None  # used: now 2 is the oldest
    responses.keep(stored(4), "key")
    assert [n for n in (1, 2, 3, 4) if responses.find(f"resp_{n}", "key")] == [1, 3, 4]
    assert responses.size_bytes == 3 * one
    responses.keep(stored(5, size=4 * one), "key")  # larger than all the room
    assert responses.find("resp_5", "key") is None
    assert len(responses) == 3
    assert responses.find("resp_1", "other") is None


# --- Transcriptions -------------------------------------------------------------------------------------------------


def test_a_form_is_read_and_its_language_named():
    form = parse_form({"model": ["nano"], "language": ["zh-CN"], "stream": ["true"], "prompt": ["动物园"], "x": ["1"]})
    assert (form.model, form.stream, form.response_format) == ("nano", True, "json")
    assert spoken_language(form, MANDARIN) == "chinese"
    assert spoken_language(parse_form({}), MANDARIN) == "chinese"
    assert spoken_language(parse_form({"language": ["fi"]}), None) == "fi"
    with pytest.raises(RemoteProtocolError, match="it hears zh"):
        spoken_language(parse_form({"language": ["fi"]}), MANDARIN)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": ["vtt"]}, "response_format"),
        ({"response_format": ["verbose_json"], "stream": ["true"]}, "response_format"),
        ({"temperature": ["2"]}, "temperature"),
        ({"timestamp_granularities": ["word", "segment"]}, "timestamp_granularities"),
        ({"known_speaker_names": ["小明"]}, "known_speaker_names"),
    ],
)
def test_fields_that_cannot_be_obeyed_are_refused(fields, param):
    with pytest.raises(RemoteProtocolError) as refused:
        parse_form(fields)
    assert refused.value.param == param


def test_a_verbose_transcription_is_openai_s():
    form = parse_form({"response_format": ["verbose_json"]})
    written = encode_whole(form, "你好", 2.04, "chinese").model_dump_json()
    verbose = OpenAIVerbose.model_validate_json(written)
    assert (verbose.text, verbose.duration, verbose.language, verbose.segments) == ("你好", 2.04, "chinese", None)
    assert verbose.usage.seconds == 2.04
