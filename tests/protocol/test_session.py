"""The merge rules of `session.update`, and what the echo says."""

import pytest

from autoglm_agent.protocol.config import SemanticVad, ServerVad, SessionDefaults
from autoglm_agent.protocol.facts import AudioDelta
from autoglm_agent.protocol.session import merge
from tests.protocol.harness import Peer, user_text

TOOL = {"type": "function", "name": "open_door", "description": "开门", "parameters": {"type": "object"}}


def update(peer, **session):
    (event,) = peer.ask("session.update", session=session)
    assert event["type"] == "session.updated", event
    return event["session"]


def detection(peer, value):
    return update(peer, audio={"input": {"turn_detection": value}})["audio"]["input"]["turn_detection"]


def test_the_first_event_tells_every_setting():
    session = Peer(SessionDefaults(model="nano", voices=("mandarin",), instructions="你是助手")).log[0]["session"]
    assert session["type"] == "realtime" and session["object"] == "realtime.session"
    assert session["expires_at"] == 4_600
    assert session["output_modalities"] == ["audio"]
    assert session["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "voice": "mandarin",
        "speed": 1.0,
    }
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }
    assert "autoglm" not in session


def test_an_update_is_partial_and_deep(peer):
    update(peer, instructions="短", tools=[TOOL], audio={"output": {"speed": 1.25}})
    session = update(peer, audio={"input": {"turn_detection": {"threshold": 0.7}}})
    assert session["instructions"] == "短" and session["tools"] == [TOOL]
    assert session["audio"]["output"]["speed"] == 1.25
    assert session["audio"]["input"]["turn_detection"]["threshold"] == 0.7
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500


def test_empty_clears_instructions_and_tools(peer):
    update(peer, instructions="短", tools=[TOOL])
    session = update(peer, instructions="", tools=[])
    assert session["instructions"] == "" and session["tools"] == []
    assert peer.connection.config.tools == ()


def test_null_clears(peer):
    update(
        peer,
        instructions="短",
        audio={"input": {"transcription": {"model": "x"}, "noise_reduction": {"type": "near_field"}}},
    )
    session = update(
        peer,
        instructions=None,
        audio={"input": {"transcription": None, "noise_reduction": None, "turn_detection": None}},
    )
    assert session["instructions"] == ""
    given = session["audio"]["input"]
    assert (given["transcription"], given["noise_reduction"], given["turn_detection"]) == (None, None, None)
    assert peer.connection.config.turn_detection is None and peer.connection.config.transcription is None


def test_turn_detection_is_replaced_whole_when_its_type_changes(peer):
    detection(peer, {"type": "server_vad", "threshold": 0.9, "create_response": False})
    assert detection(peer, {"type": "semantic_vad", "eagerness": "high"}) == {
        "type": "semantic_vad",
        "eagerness": "high",
        "create_response": True,
        "interrupt_response": True,
    }
    assert peer.connection.config.turn_detection == SemanticVad(eagerness="high")
    assert peer.connection.config.turn_detection.max_wait_ms == 2_000
    assert detection(peer, {"type": "server_vad"})["threshold"] == 0.5


def test_turn_detection_of_the_same_type_is_merged(peer):
    detection(peer, {"type": "server_vad", "threshold": 0.9})
    assert detection(peer, {"type": "server_vad", "silence_duration_ms": 200})["threshold"] == 0.9


def test_turn_detection_comes_back_as_server_vad(peer):
    detection(peer, None)
    assert detection(peer, {"interrupt_response": False})["type"] == "server_vad"
    assert peer.connection.config.turn_detection == ServerVad(interrupt_response=False)


def test_an_audio_format_is_replaced_whole(peer):
    session = update(peer, audio={"input": {"format": {"type": "audio/pcmu"}}})
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    session = update(peer, audio={"input": {"format": {"type": "audio/pcm"}}})
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}


def test_a_named_tool_choice_is_taken_and_replaced(peer):
    assert update(peer, tool_choice={"type": "function", "name": "open_door"})["tool_choice"]["name"] == "open_door"
    assert peer.connection.config.tool_choice == "open_door"
    assert update(peer, tool_choice="required")["tool_choice"] == "required"


def test_what_we_do_not_have_is_ignored_and_the_echo_says_what_is_used(peer):
    session = update(
        peer,
        type="realtime",
        model="gpt-realtime",
        tracing="auto",
        prompt={"id": "pmpt_1"},
        temperature=0.8,
        something_new={"a": 1},
        audio={"output": {"voice": "marin"}},
    )
    assert session["model"] == "nano" and session["tracing"] is None and session["prompt"] is None
    assert session["audio"]["output"]["voice"] == "mandarin"
    assert "temperature" not in session and "something_new" not in session


def test_without_a_voice_the_answer_is_text():
    peer = Peer(SessionDefaults())
    assert peer.log[0]["session"]["output_modalities"] == ["text"]
    assert update(peer, output_modalities=["audio"])["output_modalities"] == ["text"]
    (command,) = peer.give("response.create", response={"output_modalities": ["audio"]})
    assert command.config.modality == "text"


def test_the_voice_is_fixed_after_the_first_audio(peer):
    update(peer, audio={"output": {"voice": "english"}})
    response_id = peer.begin()
    peer.tell(AudioDelta(response_id=response_id, audio=b"\0\0"))
    error = peer.error("session.update", session={"audio": {"output": {"voice": "mandarin"}}, "instructions": "x"})
    assert error["code"] == "cannot_update_voice"
    assert peer.connection.config.instructions == ""
    assert update(peer, audio={"output": {"voice": "english"}}, instructions="y")["instructions"] == "y"


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"max_output_tokens": 0}, "integer_below_min_value", "session.max_output_tokens"),
        ({"max_output_tokens": 4_097}, "integer_above_max_value", "session.max_output_tokens"),
        ({"output_modalities": ["text", "audio"]}, "array_above_max_length", "session.output_modalities"),
        ({"output_modalities": ["video"]}, "invalid_value", "session.output_modalities[0]"),
        ({"instructions": "x" * 160_001}, "string_above_max_length", "session.instructions"),
        ({"instructions": 5}, "invalid_type", "session.instructions"),
        ({"type": "other"}, "invalid_value", "session.type"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "invalid_value", "session.tools[0].type"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"audio": "loud"}, "invalid_type", "session.audio"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        ({"audio": {"input": {"format": {"type": "audio/opus"}}}}, "invalid_value", "session.audio.input.format"),
        ({"audio": {"output": {"speed": 1.6}}}, "decimal_above_max_value", "session.audio.output.speed"),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 4_999}}}},
            "integer_below_min_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "now"}}}},
            "invalid_value",
            "session.audio.input.turn_detection.eagerness",
        ),
        ({"autoglm": {"events": ["autoglm.secrets"]}}, "invalid_value", "session.autoglm.events"),
        ({"autoglm": {"chunk_ms": 90}}, "invalid_value", "session.autoglm.chunk_ms"),
        (
            {"tools": [{"type": "function", "name": "f", "parameters": {"x": "y" * 1_000_000}}]},
            "string_above_max_length",
            "session",
        ),
    ],
)
def test_a_wrong_setting_changes_nothing_and_is_named(peer, session, code, param):
    before = peer.connection.config
    error = peer.error("session.update", session={"instructions": "kept?", **session})
    assert (error["code"], error["param"]) == (code, param)
    assert isinstance(error["message"], str) and error["message"]
    assert peer.connection.config == before


def test_our_namespace_is_merged_and_echoed_once_asked_for(peer):
    session = update(peer, autoglm={"events": ["autoglm.latency", "response.reasoning_text"], "enable_thinking": False})
    assert session["autoglm"] == {
        "events": ["autoglm.latency", "response.reasoning_text"],
        "enable_thinking": False,
        "chunk_ms": 320,
    }
    assert peer.connection.wants("autoglm.latency") and not peer.connection.wants("autoglm.fusion.updated")
    assert update(peer, autoglm={"chunk_ms": 160})["autoglm"]["enable_thinking"] is False
    assert peer.connection.config.chunk_ms == 160


@pytest.mark.parametrize(
    ("session", "response", "expected"),
    [
        ({}, {}, True),
        ({"reasoning": {"effort": "minimal"}}, {}, False),
        ({"reasoning": {"effort": "minimal"}, "autoglm": {"enable_thinking": True}}, {}, True),
        ({"autoglm": {"enable_thinking": False}}, {}, False),
        ({"autoglm": {"enable_thinking": False}}, {"reasoning": {"effort": "high"}}, True),
        ({}, {"reasoning": {"effort": "none"}}, False),
    ],
)
def test_the_switches_for_thinking(peer, session, response, expected):
    update(peer, **session)
    (command,) = peer.give("response.create", response=response)
    assert command.config.enable_thinking is expected


def test_a_response_overrides_the_session_for_itself_only(peer):
    update(peer, instructions="会话", tools=[TOOL], max_output_tokens=100)
    (command,) = peer.give(
        "response.create",
        response={
            "instructions": "",
            "tools": [],
            "tool_choice": "none",
            "max_output_tokens": "inf",
            "output_modalities": ["text"],
            "audio": {"output": {"voice": "english", "format": {"type": "audio/pcma"}}},
        },
    )
    config = command.config
    assert (config.instructions, config.tools, config.tool_choice, config.max_output_tokens) == ("", (), "none", None)
    assert (config.modality, config.voice, config.output_format.sample_rate_hz) == ("text", "english", 8_000)
    assert peer.connection.config.instructions == "会话"


def test_metadata_is_echoed_at_both_ends(text_peer):
    text_peer.begin(metadata={"turn": "7"})
    created = text_peer.log[-1]["response"]
    done = text_peer.ask("response.cancel")[-1]["response"]
    assert created["metadata"] == done["metadata"] == {"turn": "7"}


def test_a_transcription_session_transcribes_and_does_not_answer():
    peer = Peer(transcription_only=True)
    session = peer.log[0]["session"]
    assert session["type"] == "transcription" and not {"output_modalities", "model"} & set(session)
    item_id = peer.speak(transcript="你好")
    completed = peer.log[-1]
    assert (completed["item_id"], completed["transcript"]) == (item_id, "你好")
    assert peer.error("response.create")["code"] == "invalid_value"


def test_switching_to_transcription_by_update(peer):
    session = update(peer, type="transcription", audio={"input": {"transcription": {"model": "x", "language": "zh"}}})
    assert session["type"] == "transcription" and session["object"] == "realtime.transcription_session"
    assert peer.connection.config.kind == "transcription"


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
def test_the_end_of_a_turn_is_not_answered_in_a_transcription_session(peer, kind):
    asked = {"input": {"turn_detection": {"type": kind, "create_response": True}}}
    session = update(peer, type="transcription", audio=asked)
    assert session["audio"]["input"]["turn_detection"]["create_response"] is False
    assert peer.connection.config.turn_detection.create_response is False
    assert update(peer, type="realtime")["audio"]["input"]["turn_detection"]["create_response"] is True


def test_merging_leaves_its_arguments_alone():
    current, patch = {"a": {"b": 1}, "c": 2}, {"a": {"d": None, "e": [1]}, "c": None}
    assert merge(current, patch, {"c": 9}) == {"a": {"b": 1, "e": [1]}, "c": 9}
    assert current == {"a": {"b": 1}, "c": 2} and patch == {"a": {"d": None, "e": [1]}, "c": None}


def test_items_are_not_settings(peer):
    peer.ask("conversation.item.create", item=user_text())
    assert update(peer, instructions="x")["instructions"] == "x"
    assert len(peer.connection.history()) == 1
