"""Items: their order, their ids, what leaves the history, and the camera."""

import base64

import pytest

from autoglm_agent.protocol import commands, facts
from autoglm_agent.protocol.conversation import MAX_ITEMS
from autoglm_agent.protocol.facts import AudioDelta, ItemHeard, ResponseFinished, TextDelta
from autoglm_agent.protocol.items import AudioContent, FunctionCallItem, ImageContent, MessageItem, TextContent
from tests.protocol.harness import JPEG, PNG, data_uri, names, pcm, user_image, user_text


def ids(peer):
    return [item.id for item in peer.connection.history()]


def create(peer, item, **fields):
    events = peer.ask("conversation.item.create", item=item, **fields)
    assert names(events) == ["conversation.item.added", "conversation.item.done"], events
    return events[0]


def spoken_answer(peer, text="一二三四五六七八九十", seconds=1):
    """Answer aloud; return the message's id."""
    response_id = peer.begin(output_modalities=["audio"])
    peer.tell(
        TextDelta(response_id=response_id, text=text),
        AudioDelta(response_id=response_id, audio=b"\0\0" * 24_000 * seconds),
        ResponseFinished(response_id=response_id),
    )
    return peer.log[-1]["response"]["output"][0]["id"]


def test_items_go_where_the_client_says(peer):
    create(peer, user_text(id="b"))
    create(peer, user_text(id="d"), previous_item_id="b")
    assert create(peer, user_text(id="a"), previous_item_id="root")["previous_item_id"] is None
    assert create(peer, user_text(id="c"), previous_item_id="b")["previous_item_id"] == "b"
    assert ids(peer) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("item", "fields", "code", "param"),
    [
        (user_text(id="x"), {}, "item_create_duplicate_item_id", "item.id"),
        (user_text(id="y" * 33), {}, "string_above_max_length", "item.id"),
        (user_text(), {"previous_item_id": "nowhere"}, "invalid_value", "previous_item_id"),
        (user_text("长" * 160_001), {}, "string_above_max_length", "item.content[0].text"),
        ({"type": "mcp_call", "name": "x"}, {}, "invalid_value", "item"),
        ({"type": "message", "role": "robot", "content": []}, {}, "invalid_value", "item"),
        ({"type": "message", "role": "user"}, {}, "missing_required_parameter", "item.content"),
        ({"type": "message", "role": "user", "content": [{"type": "video"}]}, {}, "invalid_value", "item.content[0]"),
        ({"type": "function_call_output", "output": "x"}, {}, "missing_required_parameter", "item.call_id"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "https://a.b/c.png"}]},
            {},
            "invalid_value",
            "item.content[0].image_url",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image"}]},
            {},
            "missing_required_parameter",
            "item.content[0].image_url",
        ),
        (user_image(b""), {}, "invalid_value", "item.content[0].image_url"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "?"}]},
            {},
            "invalid_value",
            "item.content[0].audio",
        ),
    ],
)
def test_a_wrong_item_is_named_and_not_added(peer, item, fields, code, param):
    create(peer, user_text(id="x"))
    error = peer.error("conversation.item.create", item=item, event_id="e7", **fields)
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "e7")
    assert ids(peer) == ["x"]


def test_items_are_decoded_for_the_runtime_and_not_repeated_to_the_client(peer):
    content = [
        {"type": "input_text", "text": "看"},
        {"type": "input_image", "image_url": data_uri(PNG, "image/png"), "detail": "high"},
        {"type": "input_audio", "audio": pcm(10), "transcript": "听"},
    ]
    event = create(peer, {"type": "message", "role": "user", "content": content, "id": "f" * 32})
    assert event["item"]["content"] == [
        {"type": "input_text", "text": "看"},
        {"type": "input_image", "detail": "high"},
        {"type": "input_audio", "transcript": "听"},
    ]
    expected = MessageItem(
        id="f" * 32,
        role="user",
        content=(
            TextContent(text="看"),
            ImageContent(image=PNG, mime="image/png", detail="high"),
            AudioContent(transcript="听", audio=base64.b64decode(pcm(10)), format="audio/pcm"),
        ),
    )
    assert peer.commands == (commands.CreateItem(item=expected),)
    assert peer.connection.history() == (expected,)


def test_a_history_can_be_filled_in(peer):
    create(peer, {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "简短"}]})
    create(peer, {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "好"}]})
    create(peer, {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "嗯"}]})
    create(peer, {"type": "function_call", "id": "c1", "call_id": "k", "name": "f", "arguments": "{}"})
    system, first, second, call = peer.connection.history()
    assert (system.role, first.content[0].text, second.content[0].transcript) == ("system", "好", "嗯")
    assert call == FunctionCallItem(id="c1", call_id="k", name="f", arguments="{}")


def test_retrieve_shows_an_item_and_delete_takes_it_away(peer):
    item_id = peer.type_text("一")
    (event,) = peer.ask("conversation.item.retrieve", item_id=item_id)
    assert event["type"] == "conversation.item.retrieved" and event["item"]["content"][0]["text"] == "一"
    assert names(peer.ask("conversation.item.delete", item_id=item_id)) == ["conversation.item.deleted"]
    assert peer.commands == (commands.DeleteItem(item_id=item_id),)
    assert ids(peer) == []
    assert peer.error("conversation.item.retrieve", item_id=item_id)["code"] == "item_retrieve_invalid_item_id"
    assert peer.error("conversation.item.delete", item_id=item_id)["code"] == "item_delete_invalid_item_id"


def test_an_item_in_progress_cannot_be_deleted_and_is_not_history(peer):
    response_id = peer.begin(output_modalities=["text"])
    peer.tell(TextDelta(response_id=response_id, text="好"))
    item_id = peer.log[-1]["item_id"]
    assert peer.error("conversation.item.delete", item_id=item_id)["code"] == "invalid_value"
    assert ids(peer) == []
    peer.tell(ResponseFinished(response_id=response_id))
    assert ids(peer) == [item_id]


# --- What was heard -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "answered", "left"), [(0, 0, ""), (550, 550, "一二三四五"), (9_000, 1_000, "一二三四五六七八九十")]
)
def test_truncation_leaves_what_was_heard(peer, asked, answered, left):
    item_id = spoken_answer(peer)
    (event,) = peer.ask("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=asked)
    assert event["type"] == "conversation.item.truncated" and event["audio_end_ms"] == answered
    assert [item.content[0].transcript for item in peer.connection.history()] == ([left] if left else [])


def test_truncating_twice_cuts_from_the_whole(peer):
    item_id = spoken_answer(peer)
    peer.tell(ItemHeard(item_id=item_id, text="一二三四"))
    assert peer.connection.history()[0].content[0].transcript == "一二三四"
    for end_ms, left in ((800, "一二三四五六七八"), (300, "一二三")):
        peer.ask("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=end_ms)
        assert peer.connection.history()[0].content[0].transcript == left


def test_a_truncation_during_the_answer_holds_after_it(peer):
    response_id = peer.begin(output_modalities=["audio"])
    peer.tell(
        TextDelta(response_id=response_id, text="一二三四五六七八九十"),
        AudioDelta(response_id=response_id, audio=b"\0\0" * 24_000),
    )
    item_id = peer.log[-1]["item_id"]
    peer.ask("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=200)
    peer.ask("response.cancel")
    assert peer.connection.history()[0].content[0].transcript == "一二"


def test_what_was_heard_can_be_told_before_the_answer_ends(peer):
    response_id = peer.begin(output_modalities=["audio"])
    peer.tell(
        TextDelta(response_id=response_id, text="一二三四五"),
        AudioDelta(response_id=response_id, audio=b"\0\0" * 24_000),
    )
    item_id = peer.log[-1]["item_id"]
    peer.tell(ItemHeard(item_id=item_id, text="一"), ResponseFinished(response_id=response_id, status="cancelled"))
    assert peer.connection.history()[0].content[0].transcript == "一"


def test_only_the_assistants_audio_can_be_truncated(peer):
    said = peer.type_text()
    cut = {"content_index": 0, "audio_end_ms": 0}
    assert peer.error("conversation.item.truncate", item_id=said, **cut)["code"] == "invalid_value"
    assert peer.error("conversation.item.truncate", item_id="no", **cut)["code"] == "item_truncate_invalid_item_id"
    answer = spoken_answer(peer)
    wrong = peer.error("conversation.item.truncate", item_id=answer, content_index=1, audio_end_ms=0)
    assert (wrong["code"], wrong["param"]) == ("invalid_value", "content_index")
    negative = peer.error("conversation.item.truncate", item_id=answer, content_index=0, audio_end_ms=-1)
    assert negative["code"] == "integer_below_min_value"


# --- The camera -----------------------------------------------------------------------------------------------------


def show(peer, item_id):
    events = peer.ask("conversation.item.create", item=user_image(id=item_id))
    assert names(events) == ["conversation.item.added", "conversation.item.done"]
    return peer.commands


def test_the_newest_frame_enters_the_history_at_commit_and_the_others_never_do(peer):
    peer.give("input_audio_buffer.append", audio=pcm(200))
    assert show(peer, "f1") == (commands.ShowFrame(item_id="f1", image=JPEG, mime="image/jpeg"),)
    assert show(peer, "f2")[1] == commands.ForgetFrames(item_ids=("f1",))
    show(peer, "f3")
    assert ids(peer) == []
    spoken = peer.speak()
    assert ids(peer) == ["f3", spoken]
    committed = next(event for event in peer.log if event["type"] == "input_audio_buffer.committed")
    assert committed["previous_item_id"] == "f3"


def test_frames_that_come_while_we_answer_wait_for_the_next_commit(peer):
    first = peer.speak()
    command = peer.connection.open_response()
    peer.tell(facts.ResponseStarted(response_id=command.response_id))
    show(peer, "f1")
    peer.tell(TextDelta(response_id=command.response_id, text="好"), ResponseFinished(response_id=command.response_id))
    answer = peer.log[-1]["response"]["output"][0]["id"]
    assert ids(peer) == [first, answer]
    second = peer.speak()
    assert ids(peer) == [first, answer, "f1", second]


def test_frames_from_before_the_microphone_are_dropped_when_it_comes_on(peer):
    for name in ("f1", "f2", "f3"):
        show(peer, name)
    forgotten, appended = peer.give("input_audio_buffer.append", audio=pcm(20))
    assert forgotten == commands.ForgetFrames(item_ids=("f1", "f2"))
    assert isinstance(appended, commands.AppendAudio)


def test_pictures_before_a_typed_question_are_all_kept_in_order(peer):
    show(peer, "f1")
    show(peer, "f2")
    question = peer.type_text("哪张更亮?")
    assert ids(peer) == ["f1", "f2", question]


def test_a_picture_and_then_a_response_is_no_camera(peer):
    question = peer.type_text("这是什么?")
    show(peer, "f1")
    peer.begin()
    assert ids(peer) == [question, "f1"]


def test_a_response_after_speech_leaves_the_running_camera_alone(peer):
    spoken = peer.speak()
    show(peer, "f1")
    peer.begin()
    assert ids(peer) == [spoken]


def test_a_tool_result_does_not_take_an_older_frame(peer):
    peer.speak()
    show(peer, "f1")
    create(peer, {"type": "function_call_output", "call_id": "k", "output": "ok"})
    peer.begin()
    assert "f1" not in ids(peer)


def test_a_picture_beside_text_is_an_ordinary_item(peer):
    peer.give("input_audio_buffer.append", audio=pcm(200))
    both = {"type": "message", "role": "user", "content": [*user_image()["content"], *user_text()["content"]]}
    create(peer, both)
    create(peer, both)
    assert len(ids(peer)) == 2


def test_a_dropped_frame_may_still_be_deleted(peer):
    peer.give("input_audio_buffer.append", audio=pcm(200))
    show(peer, "f1")
    show(peer, "f2")
    assert names(peer.ask("conversation.item.delete", item_id="f1")) == ["conversation.item.deleted"]
    assert names(peer.ask("conversation.item.delete", item_id="f2")) == ["conversation.item.deleted"]
    spoken = peer.speak()
    assert ids(peer) == [spoken]


def test_a_conversation_is_bounded(peer):
    for _ in range(MAX_ITEMS):
        peer.connection.receive_text(
            '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[]}}'
        )
    peer.connection.events_to_send()
    assert peer.error("conversation.item.create", item=user_text())["code"] == "conversation_full"
