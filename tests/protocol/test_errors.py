"""Errors: every code names its cause, carries the client's event id, and keeps the connection open."""

import pytest

from autoglm_agent.protocol import facts
from tests.protocol.harness import names, user_text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("[]", "invalid_json"),
        ("null", "invalid_json"),
        ('"text"', "invalid_json"),
        ('{"type":"response.create","response":{"max_output_tokens":NaN}}', "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ('{"type":"\\ud800"}', "invalid_json"),
        ("{}", "missing_required_parameter"),
        ('{"type":7}', "invalid_value"),
        ('{"type":{"a":1}}', "invalid_value"),
        ('{"type":"session.create"}', "invalid_value"),
        ('{"type":"session.update"}', "missing_required_parameter"),
        ('{"type":"session.update","session":[]}', "invalid_type"),
        ('{"type":"response.cancel","reason":"x"}', "unknown_parameter"),
        ('{"type":"input_audio_buffer.append"}', "missing_required_parameter"),
        ('{"type":"input_audio_buffer.append","audio":5}', "invalid_type"),
        ('{"type":"response.create","response":{"conversation":"other"}}', "invalid_value"),
        ('{"type":"response.create","response":{"max_output_tokens":0}}', "integer_below_min_value"),
        ('{"type":"response.create","response":{"input":[{"type":"item_reference","id":"no"}]}}', "invalid_value"),
        ('{"type":"response.create","response":{"metadata":{"k":"' + "v" * 513 + '"}}}', "string_above_max_length"),
        ('{"type":"response.cancel","event_id":"' + "e" * 513 + '"}', "string_above_max_length"),
    ],
)
def test_a_bad_message_is_answered_and_the_next_one_works(peer, text, code):
    assert peer.give_raw(text) == ()
    (event,) = peer.fresh
    assert event["type"] == "error" and event["error"]["type"] == "invalid_request_error"
    assert event["error"]["code"] == code, event
    assert isinstance(event["error"]["message"], str)
    assert names(peer.ask("conversation.item.create", item=user_text())) != ["error"]


def test_the_clients_event_id_comes_back_only_in_errors(peer):
    events = peer.ask("conversation.item.create", item=user_text(), event_id="mine")
    assert "mine" not in str(events)
    assert peer.error("input_audio_buffer.commit", event_id="mine")["event_id"] == "mine"


def test_the_parameter_is_named_without_the_validators_inner_names(peer):
    items = [user_text(), {"type": "message", "role": "user", "content": [{"type": "input_text", "text": 5}]}]
    error = peer.error("response.create", response={"input": items})
    assert error["param"] == "response.input[1].content[0].text"
    assert peer.error("response.create", response={"max_output_tokens": 0})["param"] == "response.max_output_tokens"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"type": "response.cancel", "reason": "x"}, "Unknown parameter: 'reason'."),
        ({"type": "conversation.item.delete"}, "Missing required parameter: 'item_id'."),
        (
            {"type": "conversation.item.create", "item": {"type": "message", "role": "r" * 9_000, "content": []}},
            f"Invalid 'item': '{'r' * 64}' is not one of 'system', 'user', 'assistant', 'function_call', "
            "'function_call_output'.",
        ),
        (
            {"type": "conversation.item.create", "item": {"content": []}},
            "Invalid 'item': it does not say what it is: its type, or a message's role, is missing.",
        ),
        (
            {"type": "session.update", "session": {"autoglm": {"events": ["x"]}}},
            "Invalid 'session.autoglm.events': unknown event 'x'; supported are ",
        ),
    ],
)
def test_a_message_is_for_people_and_free_of_the_validators_own_words(peer, event, message):
    assert peer.error(event.pop("type"), **event)["message"].startswith(message)


def test_too_many_responses_beside_each_other_are_refused(peer):
    for _ in range(8):
        peer.begin(conversation="none", input=[])
    assert peer.error("response.create", response={"conversation": "none", "input": []})["code"] == "too_many_responses"


def test_too_many_input_items_are_refused(peer):
    assert peer.error("response.create", response={"input": [user_text()] * 257})["code"] == "array_above_max_length"


def test_trouble_of_the_runtime_is_told_and_the_session_goes_on(peer):
    (event,) = peer.tell(facts.ErrorRaised(message="the picture cannot be decoded", code="bad_image", param="item"))
    assert event["error"]["code"] == "bad_image" and event["error"]["type"] == "server_error"
    assert peer.begin()


def test_an_expired_session_says_so(peer):
    (event,) = peer.tell(facts.SessionExpired())
    assert event["error"]["code"] == "session_expired"
    assert event["error"]["type"] == "invalid_request_error"
    assert "60 minutes" in event["error"]["message"]
