"""Coming back, as the wire tells it: who asks is told a token, and later where things stand."""

import json

import pytest

from autoglm_agent.protocol import facts
from autoglm_agent.protocol.config import AUDIO_FORMATS, SessionDefaults
from autoglm_agent.protocol.handshake import grant_secret
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.protocol.resuming import voice_ms
from tests.protocol.harness import Peer, names, pcm, user_image, user_text

OFFER = SessionDefaults(resume_grace_seconds=30)
ASK = {"autoglm": {"resume": True}}


def resume_of(event):
    return event["session"].get("autoglm", {}).get("resume")


def test_nobody_hears_of_resuming_who_does_not_ask():
    peer = Peer(OFFER)
    (updated,) = peer.ask("session.update", session={"autoglm": {"events": ["autoglm.latency"]}})
    assert "autoglm" not in peer.log[0]["session"]
    assert "resume" not in updated["session"]["autoglm"]
    assert peer.connection.resume_token is None


def test_who_asks_in_the_settings_is_told_one_token_from_then_on():
    peer = Peer(OFFER)
    (asked,) = peer.ask("session.update", session=ASK)
    (later,) = peer.ask("session.update", session={"instructions": "x"})
    told_back = peer.ask("session.update", session={"autoglm": {"resume": resume_of(asked)}})
    assert resume_of(asked) == {"token": peer.connection.resume_token, "grace_seconds": 30}
    assert resume_of(asked) == resume_of(later) == resume_of(told_back[0])
    (withdrawn,) = peer.ask("session.update", session={"autoglm": {"resume": None}})
    assert resume_of(withdrawn) is None
    assert peer.connection.resume_token is None


def test_who_asks_beforehand_is_told_in_the_first_event():
    peer = Peer(OFFER, preset=ASK)
    assert resume_of(peer.log[0])["token"] == peer.connection.resume_token


def test_a_server_that_does_not_wait_makes_no_promise():
    peer = Peer(SessionDefaults(), preset=ASK)
    assert resume_of(peer.log[0]) is None
    assert peer.connection.resume_token is None


def test_a_client_secret_carries_the_wish_and_no_token():
    granted = grant_secret(json.dumps({"session": ASK}), OFFER, ids=CountingIds(), clock=lambda: 0.0, value="ek_x")
    assert "resume" not in granted.reply.session.model_dump(exclude_none=True)["autoglm"]
    assert resume_of(Peer(OFFER, preset=granted.settings).log[0]) is not None


@pytest.mark.parametrize("wish", ["soon", {"token": 3}, 7])
def test_a_wish_that_is_none_is_refused(wish):
    assert Peer(OFFER).error("session.update", session={"autoglm": {"resume": wish}})["code"]


def test_a_client_that_is_back_is_told_what_was_received():
    peer = Peer(OFFER, preset=ASK)
    peer.ask("input_audio_buffer.append", audio=pcm(250))
    peer.ask("response.cancel")
    peer.connection.reconnected(is_complete=True)
    (resumed,) = peer.drain()
    assert resumed["type"] == "session.resumed"
    assert (resumed["received_audio_ms"], resumed["received_events"]) == (250, 2)
    assert resume_of(resumed)["token"] == peer.connection.resume_token


def test_half_a_sample_of_the_old_socket_does_not_shift_what_comes_over_the_new_one():
    peer = Peer(OFFER)
    peer.ask("input_audio_buffer.append", audio="AQID")  # a sample and a half
    peer.connection.reconnected(is_complete=True)
    (append,) = peer.give("input_audio_buffer.append", audio="BAUGBw==")
    assert append.audio == bytes([4, 5, 6, 7])


def test_a_client_that_missed_too_much_is_shown_the_conversation_without_its_media():
    peer = Peer(OFFER)
    peer.type_text("在吗", id="a")
    peer.ask("conversation.item.create", item=user_image(id="frame"))
    peer.type_text("看", id="b")
    peer.speak(transcript="你好")
    response = peer.begin(output_modalities=["text"])
    peer.tell(facts.TextDelta(response_id=response, text="好"))
    peer.connection.reconnected(is_complete=False)
    (snapshot,) = peer.drain()
    assert snapshot["previous_item_id"] is None
    assert [item["id"] for item in snapshot["items"][:3]] == ["a", "frame", "b"]
    assert snapshot["items"][1]["content"] == [{"type": "input_image", "detail": "auto"}]
    assert snapshot["items"][3]["content"][0] == {"type": "input_audio", "transcript": "你好"}
    assert snapshot["items"][4]["status"] == "in_progress"


def test_a_snapshot_fits_a_frame_and_says_where_it_begins():
    peer = Peer(OFFER)
    peer.ask("session.update", session={"instructions": "长" * 100_000})
    for number in range(30):
        peer.ask("conversation.item.create", item=user_text("好" * 20_000, id=f"i{number}"))
    peer.connection.reconnected(is_complete=False)
    (snapshot,) = peer.drain()  # the harness checks that it is below 1 MiB
    shown = [item["id"] for item in snapshot["items"]]
    first = 30 - len(shown)
    assert 5 < len(shown) < 30
    assert shown == [f"i{number}" for number in range(first, 30)]
    assert snapshot["previous_item_id"] == f"i{first - 1}"


def test_the_voice_in_events_is_counted_by_item():
    peer = Peer(SessionDefaults(voices=("tick",)))
    response = peer.begin()
    peer.connection.send(facts.TextDelta(response_id=response, text="response.output_audio.delta"))
    for _ in range(3):
        peer.connection.send(facts.AudioDelta(response_id=response, audio=bytes(48 * 200)))
    texts = peer.connection.events_to_send()
    events = [json.loads(text) for text in texts]
    (item_id,) = {event["item_id"] for event in events if event["type"] == "response.output_audio.delta"}
    assert "response.output_audio_transcript.delta" in names(events)
    assert voice_ms(texts, AUDIO_FORMATS["audio/pcm"]) == {item_id: pytest.approx(600)}
