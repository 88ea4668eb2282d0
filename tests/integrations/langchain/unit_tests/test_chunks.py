"""One answer in three forms: merged chunks, a whole message, and events; all three say the same."""

from functools import reduce
from operator import add

import pytest
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream

from autoglm_agent.protocol.chat_deltas import AnswerEnded, AnswerPiece, CallPiece, ReasoningPiece
from autoglm_agent.protocol.chat_reply import ChatUsage
from langchain_autoglm.chunks import ChunkMaker, to_result
from langchain_autoglm.events import EventMaker

END = AnswerEnded(
    model="nano",
    reason="stop",
    usage=ChatUsage(input_tokens=20, cached_tokens=8, audio_tokens=3, output_tokens=6, reasoning_tokens=2),
    gate={"text": 0.2, "image": 0.5, "speech": 0.3},
    latency_ms={"first_token": 1.5, "total": 9.5},
)
THOUGHT = [ReasoningPiece(text="想"), ReasoningPiece(text="想")]
TEXT = [AnswerPiece(text="你"), AnswerPiece(text="好")]
CALLS = [
    CallPiece(index=0, call_id="call_1", name="look", arguments='{"where":'),
    CallPiece(index=0, arguments='"左"}'),
    CallPiece(index=1, call_id="call_2", name="stop", arguments="{}"),
]
BROKEN = [CallPiece(index=0, call_id="call_1", name="look", arguments='{"where":')]
ANSWERS = {
    "text": [*TEXT, END],
    "trace and text": [*THOUGHT, *TEXT, END],
    "trace and calls": [*THOUGHT, *CALLS, END],
    "everything": [*THOUGHT, *TEXT, *CALLS, END],
    "nothing": [END],
}


def merged(deltas):
    maker = ChunkMaker()
    return reduce(add, [maker.chunk(delta).message for delta in deltas])


def events_of(deltas):
    maker = EventMaker("nano")
    return [event for delta in deltas for event in maker.events(delta)]


def content(message):
    return [
        {key: value for key, value in block.items() if key in ("type", "text", "reasoning", "name", "args", "id")}
        for block in message.content_blocks
    ]


@pytest.mark.parametrize("deltas", ANSWERS.values(), ids=ANSWERS)
def test_chunks_and_the_whole_say_the_same(deltas):
    chunk, whole = merged(deltas), to_result(deltas).generations[0].message
    assert content(chunk) == content(whole)
    assert (chunk.text, chunk.tool_calls, chunk.usage_metadata) == (whole.text, whole.tool_calls, whole.usage_metadata)
    assert chunk.response_metadata == whole.response_metadata


@pytest.mark.parametrize("deltas", ANSWERS.values(), ids=ANSWERS)
def test_events_are_in_order_and_say_the_same(deltas):
    events = events_of(deltas)
    assert_valid_event_stream(events)
    stream = ChatModelStream()
    for event in events:
        stream.dispatch(event)
    whole = to_result(deltas).generations[0].message
    assert (stream.output_message.text, stream.output_message.tool_calls) == (whole.text, whole.tool_calls)
    assert stream.output_message.usage_metadata == whole.usage_metadata
    told = {k: v for k, v in stream.output_message.response_metadata.items() if k in whole.response_metadata}
    assert told == whole.response_metadata


def test_the_trace_is_closed_before_the_answer_begins():
    names = [(event["event"], event.get("index")) for event in events_of(ANSWERS["trace and text"])]
    assert names.index(("content-block-finish", 0)) < names.index(("content-block-start", 1))


def test_blocks_and_calls_share_one_space_of_indices():
    maker, indices = ChunkMaker(), []
    for delta in ANSWERS["everything"][:-1]:
        message = maker.chunk(delta).message
        indices += [block["index"] for block in message.content if isinstance(block, dict)]
        indices += [call["index"] for call in message.tool_call_chunks]
    assert indices == [0, 0, 1, 1, 2, 2, 3]


def test_an_answer_without_a_trace_is_plain_text():
    assert merged(ANSWERS["text"]).content == "你好" == to_result(ANSWERS["text"]).generations[0].message.content


def test_only_the_last_chunk_tells_of_model_reason_and_times():
    maker = ChunkMaker()
    chunks = [maker.chunk(delta).message for delta in ANSWERS["everything"]]
    assert [bool(chunk.response_metadata or chunk.usage_metadata) for chunk in chunks] == [False] * 7 + [True]
    assert chunks[-1].chunk_position == "last"
    assert chunks[-1].response_metadata == {
        "model_provider": "autoglm",
        "model_name": "nano",
        "finish_reason": "stop",
        "latency_ms": {"first_token": 1.5, "total": 9.5},
        "gate": {"text": 0.2, "image": 0.5, "speech": 0.3},
    }


def test_usage_by_kind():
    assert merged(ANSWERS["text"]).usage_metadata == {
        "input_tokens": 20,
        "output_tokens": 6,
        "total_tokens": 26,
        "input_token_details": {"audio": 3, "cache_read": 8},
        "output_token_details": {"reasoning": 2},
    }


def test_a_call_whose_arguments_are_no_json_is_an_invalid_call():
    message = to_result([*BROKEN, END]).generations[0].message
    events = events_of([*BROKEN, END])
    assert [event["content"]["type"] for event in events if event["event"] == "content-block-finish"] == [
        "invalid_tool_call"
    ]
    assert (message.tool_calls, message.invalid_tool_calls[0]["args"]) == ([], '{"where":')
