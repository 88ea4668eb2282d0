"""The orders of PROTOCOL.md: which events, in which order, for every kind of turn."""

import base64

import pytest

from autoglm_agent.protocol import commands, facts
from autoglm_agent.protocol.errors import LocalProtocolError
from autoglm_agent.protocol.facts import (
    AudioDelta,
    OwnToolAnswered,
    OwnToolCalled,
    ReasoningDelta,
    ResponseFinished,
    ResponseStarted,
    SpeechStarted,
    TextDelta,
    ToolCallDone,
    TranscriptCompleted,
    TranscriptDelta,
)
from tests.protocol.harness import Peer, names, pcm, short, user_text

OPEN_MESSAGE = ["output_item.added", "conversation.item.added", "content_part.added"]
CLOSE_ITEM = ["content_part.done", "conversation.item.done", "output_item.done"]
CLOSE_TEXT = ["output_text.done", *CLOSE_ITEM]
CLOSE_AUDIO = ["output_audio.done", "output_audio_transcript.done", *CLOSE_ITEM]
TOOL = [
    "output_item.added",
    "conversation.item.added",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "conversation.item.done",
    "output_item.done",
]

# name, modality, facts (as functions of the response's id), expected events after response.created
TURNS = [
    (
        "text",
        "text",
        [lambda r: TextDelta(response_id=r, text="红"), lambda r: TextDelta(response_id=r, text="色")],
        [*OPEN_MESSAGE, "output_text.delta", "output_text.delta", *CLOSE_TEXT],
    ),
    (
        "audio, transcript and voice interleaved",
        "audio",
        [
            lambda r: TextDelta(response_id=r, text="红色"),
            lambda r: AudioDelta(response_id=r, audio=b"\0\0" * 240),
            lambda r: TextDelta(response_id=r, text="的。"),
            lambda r: AudioDelta(response_id=r, audio=b"\0\0" * 240),
        ],
        [
            *OPEN_MESSAGE,
            "output_audio_transcript.delta",
            "output_audio.delta",
            "output_audio_transcript.delta",
            "output_audio.delta",
            *CLOSE_AUDIO,
        ],
    ),
    ("tool", "text", [lambda r: ToolCallDone(response_id=r, name="open_door", arguments='{"door":"left"}')], TOOL),
    (
        "two tools",
        "text",
        [lambda r: ToolCallDone(response_id=r, name="a", arguments="{}")] * 2,
        [*TOOL, *TOOL],
    ),
    (
        "text, then a tool",
        "text",
        [
            lambda r: TextDelta(response_id=r, text="好"),
            lambda r: ToolCallDone(response_id=r, name="a", arguments="{}"),
        ],
        [*OPEN_MESSAGE, "output_text.delta", *TOOL, *CLOSE_TEXT],
    ),
    (
        "a tool of the server's own agent",
        "text",
        [
            lambda r: OwnToolCalled(response_id=r, call_id="call_1", name="a", arguments="{}"),
            lambda r: OwnToolAnswered(response_id=r, call_id="call_1", output="42"),
            lambda r: TextDelta(response_id=r, text="好"),
        ],
        [
            *["conversation.item.added", "conversation.item.done"] * 2,
            *OPEN_MESSAGE,
            "output_text.delta",
            *CLOSE_TEXT,
        ],
    ),
    ("nothing at all", "text", [], []),
    ("reasoning nobody asked for", "text", [lambda r: ReasoningDelta(response_id=r, text="想")], []),
]


@pytest.mark.parametrize(("modality", "steps", "expected"), [row[1:] for row in TURNS], ids=[row[0] for row in TURNS])
def test_a_turn_has_one_order(peer, modality, steps, expected):
    response_id = peer.begin(output_modalities=[modality])
    events = peer.tell(*(step(response_id) for step in steps), ResponseFinished(response_id=response_id))
    assert short(events) == [*expected, "done"]
    assert events[-1]["response"]["status"] == "completed"
    assert all(item["status"] == "completed" for item in events[-1]["response"]["output"])


@pytest.mark.parametrize("modality", ["text", "audio"])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("cancelled", "turn_detected"),
        ("incomplete", "max_output_tokens"),
        ("incomplete", "content_filter"),
        ("failed", None),
    ],
)
def test_every_unhappy_end_closes_what_is_open_as_incomplete(peer, modality, status, reason):
    response_id = peer.begin(output_modalities=[modality])
    peer.tell(TextDelta(response_id=response_id, text="红色"))
    events = peer.tell(
        ResponseFinished(
            response_id=response_id, status=status, reason=reason, error_message="engine died", error_code="engine_died"
        )
    )
    assert short(events) == [*(CLOSE_TEXT if modality == "text" else CLOSE_AUDIO), "done"]
    response = events[-1]["response"]
    assert response["status"] == status
    assert response["status_details"]["type"] == status
    assert response["status_details"].get("reason") == reason
    assert [item["status"] for item in response["output"]] == ["incomplete"]
    assert (response["status_details"].get("error") is not None) == (status == "failed")


def test_opening_sends_session_created_and_an_update_session_updated():
    peer = Peer()
    assert names(peer.log) == ["session.created"]
    assert names(peer.ask("session.update", session={"instructions": "说中文"})) == ["session.updated"]
    (command,) = peer.commands
    assert command.config.instructions == "说中文" and command.previous.instructions == ""


def test_an_item_is_added_then_done_with_the_id_before_it(peer):
    events = peer.ask("conversation.item.create", item=user_text("一", id="a" * 32))
    assert names(events) == ["conversation.item.added", "conversation.item.done"]
    assert [event["previous_item_id"] for event in events] == [None, None]
    events = peer.ask("conversation.item.create", item=user_text("二"))
    assert [event["previous_item_id"] for event in events] == ["a" * 32] * 2


def test_a_spoken_turn_goes_from_speech_to_response(peer):
    peer.give("session.update", session={"audio": {"input": {"transcription": {"model": "whisper-1"}}}})
    peer.give("input_audio_buffer.append", audio=pcm(2_000))
    item_id = peer.connection.input_item_id
    events = peer.tell(
        SpeechStarted(audio_start_ms=300),
        TranscriptDelta(item_id=item_id, text="这是"),
        facts.SpeechStopped(audio_end_ms=1_800),
        facts.AudioCommitted(),
        TranscriptDelta(item_id=item_id, text="什么"),
        TranscriptCompleted(item_id=item_id, transcript="这是什么", audio_seconds=2.0),
    )
    transcription = "conversation.item.input_audio_transcription"
    assert names(events) == [
        "input_audio_buffer.speech_started",
        f"{transcription}.delta",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        f"{transcription}.delta",
        f"{transcription}.completed",
    ]
    assert {event.get("item_id", event.get("item", {}).get("id")) for event in events} == {item_id}
    assert events[4]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert events[-1]["usage"] == {"type": "duration", "seconds": 2.0}
    command = peer.connection.open_response()
    assert isinstance(command, commands.CreateResponse) and command.input is None
    assert names(peer.tell(ResponseStarted(response_id=command.response_id))) == ["response.created"]
    assert peer.connection.history()[0].content[0].transcript == "这是什么"


def test_barge_in_closes_everything_and_nothing_stale_follows(peer):
    response_id = peer.begin(output_modalities=["audio"])
    peer.tell(
        TextDelta(response_id=response_id, text="很久很久以前"),
        AudioDelta(response_id=response_id, audio=b"\0\0" * 24_000),
    )
    item_id = peer.log[-1]["item_id"]
    events = peer.tell(
        SpeechStarted(audio_start_ms=0),
        ResponseFinished(response_id=response_id, status="cancelled", reason="turn_detected"),
        TextDelta(response_id=response_id, text="有一座山"),
        AudioDelta(response_id=response_id, audio=b"\0\0"),
        ToolCallDone(response_id=response_id, name="late", arguments="{}"),
        ResponseFinished(response_id=response_id),
    )
    assert short(events) == ["speech_started", *CLOSE_AUDIO, "done"]
    assert events[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"
    truncated = peer.ask("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=500)
    assert names(truncated) == ["conversation.item.truncated"]
    assert peer.commands == (commands.TruncateItem(item_id=item_id, content_index=0, audio_end_ms=500),)
    assert peer.connection.history()[0].content[0].transcript == "很久很"


def test_a_client_cancels_and_may_ask_again_at_once(text_peer):
    response_id = text_peer.begin()
    text_peer.tell(TextDelta(response_id=response_id, text="好"))
    events = text_peer.ask("response.cancel")
    assert short(events) == [*CLOSE_TEXT, "done"]
    assert events[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert text_peer.commands == (commands.CancelResponse(response_id=response_id),)
    assert text_peer.begin() != response_id
    assert text_peer.tell(ResponseFinished(response_id=response_id)) == []


def test_a_response_cancelled_before_it_started_is_created_and_done(peer):
    peer.give("response.create")
    assert names(peer.ask("response.cancel")) == ["response.created", "response.done"]


def test_cancelling_nothing_is_an_error_and_the_session_goes_on(peer):
    assert peer.error("response.cancel", event_id="mine")["code"] == "response_cancel_not_active"
    assert peer.error("response.cancel", response_id="resp_other", event_id="mine")["event_id"] == "mine"
    assert peer.begin()


def test_a_second_response_is_refused_while_one_is_active(peer):
    peer.begin()
    assert peer.error("response.create")["code"] == "conversation_already_has_active_response"
    with pytest.raises(LocalProtocolError):
        peer.connection.open_response()


def test_a_tool_call_its_output_and_the_answer(text_peer):
    response_id = text_peer.begin()
    events = text_peer.tell(
        ToolCallDone(response_id=response_id, name="play_music", arguments='{"song":"茉莉花"}', call_id="call_7"),
        ResponseFinished(response_id=response_id),
    )
    added = next(event["item"] for event in events if event["type"] == "conversation.item.added")
    assert (added["name"], added["call_id"], added["arguments"]) == ("play_music", "call_7", "")
    done = next(event for event in events if event["type"].endswith("arguments.done"))
    assert (done["call_id"], done["name"], done["arguments"]) == ("call_7", "play_music", '{"song":"茉莉花"}')
    output = {"type": "function_call_output", "call_id": "call_7", "output": "ok"}
    assert names(text_peer.ask("conversation.item.create", item=output)) == [
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert text_peer.begin()
    call, answer = text_peer.connection.history()
    assert (call.arguments, answer.call_id, answer.output) == ('{"song":"茉莉花"}', "call_7", "ok")


def test_reasoning_is_told_under_the_id_of_the_item_it_leads_to(text_peer):
    text_peer.give("session.update", session={"autoglm": {"events": ["response.reasoning_text.delta"]}})
    response_id = text_peer.begin()
    events = text_peer.tell(
        ReasoningDelta(response_id=response_id, text="数一"),
        ReasoningDelta(response_id=response_id, text="数"),
        TextDelta(response_id=response_id, text="三个"),
        ResponseFinished(response_id=response_id),
    )
    assert short(events)[:4] == [
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "output_item.added",
    ]
    assert events[2]["text"] == "数一数"
    assert events[2]["item_id"] == events[3]["item"]["id"]
    (message,) = text_peer.connection.history()
    assert message.reasoning == "数一数" and message.content[0].text == "三个"
    assert "数一数" not in str(events[-1])


def test_an_out_of_band_response_leaves_the_conversation_alone(text_peer):
    text_peer.type_text()
    main = text_peer.begin()
    aside = text_peer.begin(conversation="none", input=[user_text("分类")], metadata={"topic": "x"})
    events = text_peer.tell(TextDelta(response_id=aside, text="二"), ResponseFinished(response_id=aside))
    assert not [name for name in names(events) if name.startswith("conversation.")]
    assert events[-1]["response"]["conversation_id"] is None
    assert events[-1]["response"]["metadata"] == {"topic": "x"}
    assert len(text_peer.connection.history()) == 1
    assert text_peer.connection.active_response_id == main


def test_voice_is_cut_into_frames_and_nothing_is_lost(peer):
    response_id = peer.begin(output_modalities=["audio"])
    audio = bytes(range(256)) * 8_000
    deltas = [event for event in peer.tell(AudioDelta(response_id=response_id, audio=audio)) if "delta" in event]
    assert len(deltas) == 6
    assert b"".join(base64.b64decode(event["delta"]) for event in deltas) == audio


def test_facts_in_an_impossible_order_name_fact_and_state(peer):
    (command,) = peer.give("response.create", response={"output_modalities": ["text"]})
    with pytest.raises(LocalProtocolError, match=r"TextDelta.*REQUESTED"):
        peer.connection.send(TextDelta(response_id=command.response_id, text="早"))
    peer.tell(ResponseStarted(response_id=command.response_id))
    with pytest.raises(LocalProtocolError, match=r"ResponseStarted.*IN_PROGRESS"):
        peer.connection.send(ResponseStarted(response_id=command.response_id))
    with pytest.raises(LocalProtocolError, match=r"text"):
        peer.connection.send(AudioDelta(response_id=command.response_id, audio=b"\0\0"))
    peer.tell(SpeechStarted(audio_start_ms=0))
    with pytest.raises(LocalProtocolError, match=r"SpeechStarted.*SPEAKING"):
        peer.connection.send(SpeechStarted(audio_start_ms=0))


def test_usage_is_always_there(text_peer):
    measured = facts.ResponseUsage(input_tokens=90, cached_tokens=40, input_image_tokens=80, output_tokens=5)
    first = text_peer.begin()
    done = text_peer.tell(ResponseFinished(response_id=first, usage=measured))[-1]["response"]
    assert done["usage"] == {
        "total_tokens": 95,
        "input_tokens": 90,
        "output_tokens": 5,
        "input_token_details": {"text_tokens": 10, "audio_tokens": 0, "image_tokens": 80, "cached_tokens": 40},
        "output_token_details": {"text_tokens": 5, "audio_tokens": 0},
    }
    second = text_peer.begin()
    text_peer.tell(facts.UsageMeasured(response_id=second, usage=measured))
    assert text_peer.ask("response.cancel")[-1]["response"]["usage"]["input_tokens"] == 90
    text_peer.begin()
    assert text_peer.ask("response.cancel")[-1]["response"]["usage"]["total_tokens"] == 0
