"""The input buffer: what is counted, what can be committed, when transcripts are told."""

import base64
import random

import pytest

from autoglm_agent.protocol import commands, facts
from autoglm_agent.protocol.config import AUDIO_FORMATS
from tests.protocol.harness import Peer, names, pcm

TRANSCRIPTION = {"audio": {"input": {"transcription": {"model": "x"}}}}


def append(peer, audio):
    return peer.give("input_audio_buffer.append", audio=base64.b64encode(audio).decode())


def test_appended_audio_goes_on_decoded_and_unanswered(peer):
    assert append(peer, b"\1\0\2\0") == (commands.AppendAudio(audio=b"\1\0\2\0", format=AUDIO_FORMATS["audio/pcm"]),)
    assert peer.fresh == []


@pytest.mark.parametrize("name", ["audio/pcmu", "audio/pcma"])
def test_g711_is_counted_at_8_khz(peer, name):
    peer.give("session.update", session={"audio": {"input": {"format": {"type": name}}}})
    (command,) = append(peer, bytes(800))
    assert command.format.name == name and len(command.audio) == 800
    assert peer.connection.received_ms == peer.connection.buffered_ms == 100


def test_any_chunking_gives_the_same_samples_and_the_same_clock():
    audio = bytes(range(256)) * 75
    for seed in range(20):
        peer, rest, heard = Peer(), audio, b""
        while rest:
            cut = random.Random(seed + len(rest)).randint(1, 700)
            heard += b"".join(command.audio for command in append(peer, rest[:cut]))
            rest = rest[cut:]
        assert heard == audio
        assert peer.connection.received_ms == 400


@pytest.mark.parametrize(("ms", "ok"), [(0, False), (99, False), (100, True)])
def test_a_commit_needs_100_ms(peer, ms, ok):
    peer.give("input_audio_buffer.append", audio=pcm(ms))
    item_id = peer.connection.input_item_id
    if not ok:
        assert peer.error("input_audio_buffer.commit")["code"] == "input_audio_buffer_commit_empty"
        return
    events = peer.ask("input_audio_buffer.commit")
    assert names(events) == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
    assert peer.commands == (commands.CommitAudio(item_id=item_id),)
    assert peer.connection.buffered_ms == 0 and peer.connection.received_ms == ms
    assert peer.connection.input_item_id != item_id
    assert peer.error("input_audio_buffer.commit")["code"] == "input_audio_buffer_commit_empty"


def test_clear_empties_the_buffer_and_renames_it(peer):
    peer.give("input_audio_buffer.append", audio=pcm(500))
    item_id = peer.connection.input_item_id
    assert names(peer.ask("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    assert peer.commands == (commands.ClearAudio(item_id=item_id),)
    assert peer.connection.buffered_ms == 0 and peer.connection.input_item_id != item_id


def test_a_stop_after_the_buffer_was_taken_is_not_told(peer):
    peer.give("input_audio_buffer.append", audio=pcm(500))
    peer.tell(facts.SpeechStarted(audio_start_ms=0))
    peer.give("input_audio_buffer.clear")
    assert peer.tell(facts.SpeechStopped(audio_end_ms=500)) == []


def test_speech_may_go_on_before_the_turn_is_over(peer):
    events = peer.tell(
        facts.SpeechStarted(audio_start_ms=0),
        facts.SpeechStopped(audio_end_ms=400),
        facts.SpeechStarted(audio_start_ms=900),
        facts.SpeechStopped(audio_end_ms=1_400),
        facts.AudioCommitted(),
    )
    assert len({event["item_id"] for event in events if "item_id" in event}) == 1


def test_idle_time_is_told_under_the_coming_items_id(peer):
    item_id = peer.connection.input_item_id
    events = peer.tell(facts.IdleTimedOut(audio_start_ms=10, audio_end_ms=5_010), facts.AudioCommitted())
    assert names(events)[:2] == ["input_audio_buffer.timeout_triggered", "input_audio_buffer.committed"]
    assert events[0]["item_id"] == events[1]["item_id"] == item_id


@pytest.mark.parametrize("audio", ["*", "AAA", "AAAA AAAA", "AAAA\n", "音"])
def test_what_is_not_base64_is_refused(peer, audio):
    error = peer.error("input_audio_buffer.append", audio=audio)
    assert (error["code"], error["param"]) == ("invalid_value", "audio")


def test_an_append_is_limited_to_15_mib(peer):
    most = 15 * 1024 * 1024
    assert append(peer, bytes(most))
    assert peer.error("input_audio_buffer.append", audio="A" * (most * 4 // 3 + 8))["code"] == "string_above_max_length"


# --- Transcripts ----------------------------------------------------------------------------------------------------


def test_transcripts_wait_until_the_client_knows_the_item(peer):
    peer.give("session.update", session=TRANSCRIPTION)
    peer.give("input_audio_buffer.append", audio=pcm(500))
    item_id = peer.connection.input_item_id
    assert peer.tell(facts.TranscriptDelta(item_id=item_id, text="你")) == []
    events = peer.ask("input_audio_buffer.commit")
    assert names(events)[-2:] == ["conversation.item.done", "conversation.item.input_audio_transcription.delta"]


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_a_transcript_enters_the_history_whenever_it_comes_and_whoever_asked(peer, early, asked):
    if asked:
        peer.give("session.update", session=TRANSCRIPTION)
    item_id = peer.connection.input_item_id
    completed = facts.TranscriptCompleted(item_id=item_id, transcript="你好", audio_seconds=1.0)
    peer.tell(facts.SpeechStarted(audio_start_ms=0))
    events = peer.tell(*((completed, facts.AudioCommitted()) if early else (facts.AudioCommitted(), completed)))
    assert peer.connection.history()[0].content[0].transcript == "你好"
    assert ("conversation.item.input_audio_transcription.completed" in names(events)) is asked


def test_a_transcript_of_nothing_is_dropped(peer):
    peer.give("session.update", session=TRANSCRIPTION)
    assert peer.tell(facts.TranscriptDelta(item_id="item_gone", text="你")) == []
    first = peer.connection.input_item_id
    peer.tell(facts.TranscriptDelta(item_id=first, text="丢"))
    peer.give("input_audio_buffer.clear")
    peer.speak()
    assert not [event for event in peer.log if "transcription" in event["type"]]


def test_a_failed_transcription_is_told(peer):
    peer.give("session.update", session=TRANSCRIPTION)
    item_id = peer.speak()
    (event,) = peer.tell(facts.TranscriptFailed(item_id=item_id, message="engine died"))
    assert event["type"].endswith(".failed") and event["error"]["message"] == "engine died"
