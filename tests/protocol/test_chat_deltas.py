"""What a server writes as chunks is read back as the same deltas."""

import json

from autoglm_agent.protocol.chat_deltas import AnswerEnded, AnswerPiece, CallPiece, ChunkReader, ReasoningPiece
from autoglm_agent.protocol.chat_reply import DONE, ChatReply, ChatUsage, Gate

USAGE = ChatUsage(input_tokens=9, cached_tokens=4, audio_tokens=2, output_tokens=5, reasoning_tokens=1)


def chunks(text):
    events = [event.removeprefix("data: ") for event in text.removesuffix(DONE).strip().split("\n\n")]
    return [json.loads(event) for event in events]


def read(*texts):
    reader = ChunkReader()
    deltas = [delta for text in texts for chunk in chunks(text) for delta in reader.feed(chunk)]
    return [*deltas, reader.end()], reader


def test_a_stream_comes_back_as_it_went():
    reply = ChatReply(completion_id="c", model="nano", created=0, include_usage=True)
    gate, times = Gate(text=0.5, image=0.25, speech=0.25), {"first_token": 1.5, "total": 9.0}
    deltas, reader = read(
        reply.start(),
        reply.reasoning("想"),
        reply.content("好"),
        reply.tool_call("call_1", "look", "{}"),
        reply.finish("tool_calls", USAGE, gate, times),
    )
    assert deltas == [
        ReasoningPiece(text="想"),
        AnswerPiece(text="好"),
        CallPiece(index=0, call_id="call_1", name="look", arguments="{}"),
        AnswerEnded(
            model="nano",
            reason="tool_calls",
            usage=USAGE,
            gate={"text": 0.5, "image": 0.25, "speech": 0.25},
            latency_ms=times,
        ),
    ]
    assert reader.is_complete


def test_a_server_without_gate_times_or_counts():
    reply = ChatReply(completion_id="c", model="other", created=0)
    deltas, _ = read(reply.start(), reply.content("好"), reply.finish("stop", USAGE))
    assert deltas[-1] == AnswerEnded(model="other", reason="stop")


def test_a_stream_that_breaks_off_is_not_complete():
    reply = ChatReply(completion_id="c", model="nano", created=0)
    assert not read(reply.start(), reply.content("半"))[1].is_complete
