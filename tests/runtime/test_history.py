"""Items to turns: one block per exchange, in the order of the prompt, growing only at its end."""

from __future__ import annotations

from autoglm_agent.engine.messages import AudioPart, ImagePart, TextPart, ToolCall, Turn
from autoglm_agent.protocol.items import (
    AudioContent,
    FunctionCallItem,
    FunctionCallOutputItem,
    ImageContent,
    MessageItem,
    TextContent,
)
from autoglm_agent.runtime.history import Pending, to_turns


class Known:
    """A lookup by item id."""

    def __init__(self, frames=(), utterances=None) -> None:
        self._frames = frames
        self._utterances = utterances or {}

    def frame_id(self, item_id, index):
        return f"f_{item_id}" if item_id in self._frames else None

    def utterance(self, item_id, index):
        if item_id not in self._utterances:
            return None
        return AudioPart(stream_id=f"s_{item_id}", transcript=self._utterances[item_id])


def user(item_id, *content):
    return MessageItem(id=item_id, role="user", content=content)


def assistant(item_id, text, reasoning=""):
    return MessageItem(id=item_id, role="assistant", content=(TextContent(text=text),), reasoning=reasoning)


PICTURE = ImageContent(image=b"jpeg", mime="image/jpeg")


def test_what_lies_between_two_answers_is_one_block_pictures_first_then_speech_then_text() -> None:
    items = (user("a", TextContent(text="看")), user("b", AudioContent()), user("c", PICTURE), assistant("d", "好"))
    turns = to_turns(items, Known(frames={"c"}, utterances={"b": "听"}), instructions="你是小智")
    assert turns == (
        Turn(role="system", content=(TextPart(text="你是小智"),)),
        Turn(
            role="user",
            content=(ImagePart(frame_id="f_c"), AudioPart(stream_id="s_b", transcript="听"), TextPart(text="看")),
        ),
        Turn(role="assistant", content=(TextPart(text="好"),)),
    )


def test_a_call_joins_the_text_and_the_trace_of_its_response() -> None:
    items = (
        assistant("a", "马上", reasoning="要开灯"),
        FunctionCallItem(id="b", call_id="c1", name="turn_on", arguments="{}", reasoning="要开灯"),
        FunctionCallOutputItem(id="c", call_id="c1", output="on"),
        assistant("d", "开了"),
    )
    answer, result, last = to_turns(items, Known())
    assert answer == Turn(
        role="assistant",
        content=(TextPart(text="马上"),),
        reasoning="要开灯",
        tool_calls=(ToolCall(call_id="c1", name="turn_on", arguments="{}"),),
    )
    assert result == Turn(role="tool", content=(TextPart(text="on"),), tool_call_id="c1")
    assert last.content == (TextPart(text="开了"),)


def test_speech_that_is_gone_lives_on_as_its_words_and_a_broken_picture_leaves_nothing() -> None:
    items = (user("a", AudioContent(transcript="很久以前")), user("b", PICTURE), user("c", AudioContent()))
    assert to_turns(items, Known()) == (Turn(role="user", content=(TextPart(text="很久以前"),)),)


def test_a_pending_block_makes_the_prompt_that_its_commit_will_make() -> None:
    history = (user("a", TextContent(text="你好")), assistant("b", "你好"))
    speech = AudioPart(stream_id="s_d", transcript="这是什么")
    known = Known(frames={"c"}, utterances={"d": "这是什么"})
    pending = to_turns(history, known, pending=Pending(frame_id="f_c", speech=speech))
    committed = to_turns((*history, user("c", PICTURE), user("d", AudioContent())), known)
    assert pending == committed


def test_a_prompt_only_grows_at_its_end() -> None:
    items = (user("a", TextContent(text="一")), assistant("b", "二"), user("c", TextContent(text="三")))
    for length in range(1, len(items)):
        assert to_turns(items, Known())[:length] == to_turns(items[:length], Known())
