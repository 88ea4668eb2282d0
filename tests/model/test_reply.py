from hypothesis import given
from hypothesis import strategies as st

from autoglm_agent.model.reply import ReasoningPiece, ReplyParser, TextPiece, ToolCallPiece


def parse(layout, source, *, thinking):
    """Pieces of a reply given as text with special tokens; neighbours of one kind joined."""
    parser = ReplyParser(layout, thinking=thinking)
    pieces = [p for index in layout.tokenizer(source)["input_ids"] for p in parser.push(index)] + parser.finish()
    joined = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, ReasoningPiece) and isinstance(last, ReasoningPiece):
            joined[-1] = ReasoningPiece(text=last.text + piece.text)
        elif isinstance(piece, TextPiece) and isinstance(last, TextPiece) and not piece.broken_call:
            joined[-1] = TextPiece(text=last.text + piece.text)
        else:
            joined.append(piece)
    return joined


def test_a_thinking_reply_is_reasoning_then_text_then_calls(layout):
    reply = '先想🤖想</think>好的。<tool_call>{"name":"a","arguments":{"x":1}}</tool_call><tool_call>{"name":"b","arguments":{}}'

    assert parse(layout, reply, thinking=True) == [
        ReasoningPiece(text="先想🤖想"),
        TextPiece(text="好的。"),
        ToolCallPiece(name="a", arguments='{"x": 1}'),
        ToolCallPiece(name="b", arguments="{}"),
    ]


def test_without_thinking_the_reply_is_text_at_once(layout):
    assert parse(layout, "你好", thinking=False) == [TextPiece(text="你好")]


def test_a_broken_call_is_text_and_says_so(layout):
    for source in (
        '{"name":"a","arguments":{',
        '{"name":"a"}',
        '{"name":1,"arguments":{}}',
        '{"name":"a","arguments":[]}',
        "[]",
    ):
        assert parse(layout, f"<tool_call>{source}</tool_call>", thinking=False) == [
            TextPiece(text=source, broken_call=True)
        ]


def test_text_that_looks_like_a_mark_stays_text(layout):
    parser = ReplyParser(layout, thinking=False)
    pieces = [p for index in layout.tokenizer.encode_ids("a</think><tool_call>") for p in parser.push(index)]

    assert "".join(p.text for p in pieces) == "a</think><tool_call>"
    assert not parser.in_tool_call


@given(ids=st.lists(st.integers(0, 5119), max_size=60), thinking=st.booleans())
def test_no_ids_break_the_parser(layout, ids, thinking):
    parser = ReplyParser(layout, thinking=thinking)
    for index in ids:
        parser.push(index)
    parser.finish()

    assert parser.finish() == []
