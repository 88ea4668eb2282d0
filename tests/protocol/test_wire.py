"""Every event class, command and fact: found, used, and the same after a round trip."""

from typing import get_args

import openai.types.realtime as openai_realtime
import pytest
from agents.realtime.openai_realtime import get_server_event_type_adapter
from pydantic import TypeAdapter

from autoglm_agent.protocol import commands, facts
from autoglm_agent.protocol.config import OPTIONAL_EVENTS
from autoglm_agent.protocol.ids import CountingIds, RandomIds
from autoglm_agent.protocol.wire import base, client_events, server_events
from autoglm_agent.protocol.wire.client_events import CLIENT_EVENTS, client_event_adapter
from autoglm_agent.protocol.wire.server_events import SERVER_EVENTS
from tests.protocol.harness import OURS, Peer, pcm, user_image, user_text

CLIENT_EXAMPLES = [
    {"type": "session.update", "session": {"type": "realtime", "instructions": "x"}},
    {"type": "input_audio_buffer.append", "audio": pcm(10)},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear", "event_id": "e1"},
    {"type": "conversation.item.create", "previous_item_id": "root", "item": user_text(id="a", status="completed")},
    {"type": "conversation.item.create", "item": user_image()},
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": "c", "output": "ok"},
    },
    {"type": "conversation.item.retrieve", "item_id": "a"},
    {"type": "conversation.item.delete", "item_id": "a"},
    {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 5},
    {"type": "response.create"},
    {
        "type": "response.create",
        "response": {
            "conversation": "none",
            "input": [user_text(), {"type": "item_reference", "id": "a"}],
            "metadata": {"a": "b"},
            "output_modalities": ["text"],
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "tool_choice": {"type": "function", "name": "f"},
            "max_output_tokens": "inf",
            "reasoning": {"effort": "low"},
        },
    },
    {"type": "response.cancel", "response_id": "r"},
]


def subclasses(module, base_class):
    found = {value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base_class)}
    return {value for value in found if "type" in value.model_fields}


def test_the_tables_know_every_event_class():
    assert set(CLIENT_EVENTS.values()) == subclasses(client_events, client_events.ClientEvent)
    assert set(SERVER_EVENTS.values()) == subclasses(server_events, server_events.ServerEvent)
    assert {event.model_fields["type"].default for event in SERVER_EVENTS.values()} == set(SERVER_EVENTS)


@pytest.mark.parametrize("example", CLIENT_EXAMPLES, ids=lambda example: example["type"])
def test_client_events_survive_a_round_trip_and_openai_agrees_on_their_form(example):
    parsed = client_event_adapter.validate_python(example)
    assert client_event_adapter.validate_json(parsed.model_dump_json()) == parsed
    if "item_reference" not in str(example):  # their plain event knows no references; only its TypedDict does
        understood = TypeAdapter(openai_realtime.RealtimeClientEvent).validate_json(parsed.model_dump_json())
        assert understood.type == example["type"]


def test_the_examples_cover_every_client_event():
    assert {example["type"] for example in CLIENT_EXAMPLES} == set(CLIENT_EVENTS)


def grand_tour():
    """Do everything once: every command, every fact, and with them every server event."""
    peer, seen, told = Peer(), [], []

    def give(kind, **fields):
        seen.extend(peer.give(kind, **fields))

    def tell(*things):
        told.extend(things)
        peer.tell(*things)

    give(
        "session.update",
        session={"audio": {"input": {"transcription": {}}}, "autoglm": {"events": list(OPTIONAL_EVENTS)}},
    )
    give("conversation.item.create", item=user_image(id="f1"))
    give("conversation.item.create", item=user_image(id="f2"))
    give("input_audio_buffer.append", audio=pcm(500))
    item_id = peer.connection.input_item_id
    tell(
        facts.SpeechStarted(audio_start_ms=0),
        facts.TranscriptDelta(item_id=item_id, text="你"),
        facts.GateUpdated(text=0.5, image=0.25, speech=0.25, audio_end_ms=320, item_id=item_id, frame_id="f2"),
        facts.GateUpdated(text=1.0, image=0.0, speech=0.0, audio_end_ms=320),
        facts.FrameEncoded(frame_id="f2", skipped=False, latency_ms=90.0),
        facts.TurnPredicted(end_of_turn_probability=0.9),
        facts.SpeechStopped(audio_end_ms=500),
        facts.AudioCommitted(),
        facts.TranscriptCompleted(item_id=item_id, transcript="你好", audio_seconds=0.5),
        facts.TranscriptFailed(item_id=item_id, message="no"),
        facts.LatencyMeasured(stage="asr_final", ms=12.5),
        facts.AudioShed(ms=40),
    )
    response = peer.connection.open_response().response_id
    tell(
        facts.ResponseStarted(response_id=response),
        facts.ReasoningDelta(response_id=response, text="想"),
        facts.TextDelta(response_id=response, text="好"),
        facts.AudioDelta(response_id=response, audio=b"\0\0" * 2_400),
        facts.ToolCallDone(response_id=response, name="f", arguments="{}"),
        facts.OwnToolCalled(response_id=response, call_id="call_own", name="g", arguments="{}"),
        facts.OwnToolAnswered(response_id=response, call_id="call_own", output="42"),
        facts.UsageMeasured(response_id=response, usage=facts.ResponseUsage(input_tokens=3)),
        facts.ResponseFinished(response_id=response),
    )
    answer = peer.log[-1]["response"]["output"][0]["id"]
    tell(facts.ItemHeard(item_id=answer, text=""))
    give("conversation.item.truncate", item_id=answer, content_index=0, audio_end_ms=50)
    give("conversation.item.retrieve", item_id=answer)
    give("conversation.item.delete", item_id=answer)
    give("conversation.item.create", item=user_text())
    give("response.create", response={"output_modalities": ["text"]})
    text = seen[-1].response_id
    tell(facts.ResponseStarted(response_id=text), facts.TextDelta(response_id=text, text="好"))
    give("response.cancel")
    give("input_audio_buffer.append", audio=pcm(500))
    give("input_audio_buffer.commit")
    give("input_audio_buffer.clear")
    tell(
        facts.IdleTimedOut(audio_start_ms=0, audio_end_ms=5_000),
        facts.ErrorRaised(message="engine restarted"),
        facts.SessionExpired(),
    )
    for is_complete in (True, False):
        peer.connection.reconnected(is_complete=is_complete)
        peer.drain()
    return peer, seen, told


def test_a_tour_through_everything_meets_every_command_fact_and_server_event():
    peer, seen, told = grand_tour()
    assert {type(command) for command in seen} == set(get_args(commands.Command))
    assert {type(fact) for fact in told} == set(get_args(facts.Fact))
    assert {event["type"] for event in peer.log} == set(SERVER_EVENTS)
    event_ids = [event["event_id"] for event in peer.log]
    assert len(set(event_ids)) == len(event_ids)


def test_the_same_input_gives_the_same_log_twice():
    assert grand_tour()[0].log == grand_tour()[0].log


def test_optional_events_are_silent_unless_asked_for(peer):
    assert (
        peer.tell(
            facts.GateUpdated(text=1.0, image=0.0, speech=0.0, audio_end_ms=0),
            facts.FrameEncoded(frame_id="f", skipped=True, latency_ms=0.0),
            facts.TurnPredicted(end_of_turn_probability=0.1),
            facts.LatencyMeasured(stage="first_token", ms=1.0),
            facts.AudioShed(ms=1),
        )
        == []
    )


def test_parts_and_details_hold_no_nulls():
    peer, _, _ = grand_tour()
    for event in peer.log:
        if "part" in event:
            assert None not in event["part"].values()
        for detail in ("weights", "item"):
            assert None not in {k: v for k, v in (event.get(detail) or {}).items() if k != "transcript"}.values()


def test_ids_are_short_and_unlike_each_other():
    ids = RandomIds()
    made = [ids.new("event") for _ in range(1_000)]
    assert len(set(made)) == 1_000 and max(map(len, made)) <= 32
    counting = CountingIds()
    assert [counting.new("item"), counting.new("resp")] == ["item_1", "resp_2"]


def test_the_longest_text_fits_a_frame_however_it_is_escaped(peer):
    peer.ask("conversation.item.create", item=user_text("\x01" * base.MAX_TEXT_CHARS))
    peer.ask("session.update", session={"instructions": "长" * base.MAX_TEXT_CHARS})


def test_openai_agents_reads_every_standard_event():
    read = get_server_event_type_adapter().validate_python
    for event in grand_tour()[0].log:
        if not event["type"].startswith(OURS):
            assert read(event).type == event["type"]
