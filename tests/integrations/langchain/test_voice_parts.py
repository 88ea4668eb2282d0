"""The small parts of the voice: reasoning told apart, work hosted in a task, a conversation as messages."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from autoglm_agent.protocol.items import (
    AudioContent,
    FunctionCallItem,
    FunctionCallOutputItem,
    ImageContent,
    MessageItem,
    TextContent,
)
from langchain_autoglm.conversation import INAUDIBLE, INTERRUPTED, newest, to_messages
from langchain_autoglm.hosted import BUFFER, hosted
from langchain_autoglm.thinking import ThinkSplitter

# --- Reasoning in the text --------------------------------------------------------------------------------------------

TEXTS = [
    ("<think>想一想</think>你好。", "想一想", "你好。"),
    ("\n<think>a < b </thin </think>\n\n好", "a < b </thin ", "好"),
    ("没有标签。", "", "没有标签。"),
    ("先说 <think>不算</think>", "", "先说 <think>不算</think>"),
    ("<thin", "", "<thin"),
    ("<think>没有结束", "没有结束", ""),
]


@pytest.mark.parametrize(("text", "reasoning", "said"), TEXTS)
def test_reasoning_between_tags_is_told_apart_wherever_the_text_is_cut(text, reasoning, said) -> None:
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            splitter = ThinkSplitter()
            pieces = [p for part in (text[:first], text[first:second], text[second:]) for p in splitter.feed(part)]
            pieces += splitter.flush()
            assert "".join(piece for kind, piece in pieces if kind == "reasoning") == reasoning
            assert "".join(piece for kind, piece in pieces if kind == "text") == said


# --- Hosting ----------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_hosted_work_keeps_one_task_though_each_step_of_the_generator_has_its_own() -> None:
    tasks = []

    async def work(give: Any) -> None:
        async with anyio.create_task_group() as group:  # could not be left from another task
            group.start_soon(anyio.sleep_forever)
            for number in range(3):
                tasks.append(asyncio.current_task())
                await give(number)
            group.cancel_scope.cancel()

    generator = hosted(work)
    steps = [await asyncio.create_task(anext(generator)) for _ in range(3)]
    with pytest.raises(StopAsyncIteration):
        await asyncio.create_task(anext(generator))
    assert steps == [0, 1, 2]
    assert len(set(tasks)) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_hosted_work_is_cancelled_once_and_may_clean_up(how) -> None:
    log: list[str] = []

    async def work(give: Any) -> None:
        try:
            await give("begun")
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            log.append("cancelled")
            for _ in range(20):
                await asyncio.sleep(0)  # a second cancellation would end this
            log.append("cleaned up")
            raise

    with anyio.fail_after(5):
        if how == "closed":
            async with aclosing(hosted(work)) as steps:
                assert await anext(steps) == "begun"
        else:
            with anyio.CancelScope() as scope:
                async with aclosing(hosted(work)) as steps:
                    async for _ in steps:
                        scope.cancel()
    assert log == ["cancelled", "cleaned up"]


@pytest.mark.anyio
async def test_hosted_work_waits_for_its_reader_and_its_error_is_raised() -> None:
    given = 0

    async def work(give: Any) -> None:
        nonlocal given
        for _ in range(10 * BUFFER):
            await give(given)
            given += 1
        raise OSError("at the end")

    seen = 0
    with anyio.fail_after(5), pytest.raises(OSError, match="at the end"):
        async for _ in hosted(work):
            seen += 1
            await anyio.lowlevel.checkpoint()
            assert given - seen <= BUFFER + 1
    assert seen == 10 * BUFFER


@pytest.mark.anyio
async def test_work_that_does_not_end_is_told_of_and_left_behind(caplog) -> None:
    leave = anyio.Event()

    async def work(give: Any) -> None:
        await give(1)
        while not leave.is_set():
            try:
                await leave.wait()
            except asyncio.CancelledError:
                pass

    with anyio.fail_after(5), caplog.at_level(logging.WARNING):
        async with aclosing(hosted(work, grace_s=0.01)) as steps:
            await anext(steps)
    assert "does not end; it is left behind" in caplog.text
    leave.set()
    await asyncio.sleep(0.01)


# --- The conversation -------------------------------------------------------------------------------------------------


def user(number: int, *content: Any) -> MessageItem:
    return MessageItem(id=f"user_{number}", role="user", content=content)


def said(number: int, text: str) -> MessageItem:
    return MessageItem(id=f"said_{number}", role="assistant", content=(AudioContent(transcript=text),))


PICTURE = ImageContent(image=b"\xff\xd8jpeg", mime="image/jpeg")


def test_a_conversation_becomes_messages_that_any_model_takes() -> None:
    items = [
        MessageItem(id="rules", role="system", content=(TextContent(text="简短。"),)),
        user(1, PICTURE),
        user(2, AudioContent(transcript="这是什么")),
        said(1, "一个苹果。"),
        user(3, AudioContent(transcript="")),
        FunctionCallItem(id="c1", call_id="call_1", name="look", arguments='{"far": true}'),
        FunctionCallItem(id="c2", call_id="call_2", name="listen", arguments="not json"),
        FunctionCallOutputItem(id="o1", call_id="call_1", output="梨"),
        said(2, "一个梨。"),
        user(4, PICTURE, TextContent(text="这个呢")),
    ]
    messages = to_messages(items)
    assert [(type(m), m.text) for m in messages] == [
        (SystemMessage, "简短。"), (HumanMessage, "[picture]\n这是什么"), (AIMessage, "一个苹果。"), (HumanMessage, INAUDIBLE),
        (AIMessage, ""), (ToolMessage, "梨"), (ToolMessage, INTERRUPTED), (AIMessage, "一个梨。"), (HumanMessage, "这个呢"),
    ]  # fmt: skip
    assert [(call["name"], call["args"]) for call in messages[4].tool_calls] == [
        ("look", {"far": True}),
        ("listen", {}),
    ]
    assert [block["type"] for block in messages[-1].content_blocks] == ["image", "text"]


def test_words_that_came_before_a_tool_s_result_are_told_after_it() -> None:
    items = [
        user(1, TextContent(text="热")),
        said(1, "我来看看。现在二十六度。"),
        FunctionCallItem(id="c1", call_id="call_1", name="look", arguments="{}"),
        FunctionCallOutputItem(id="o1", call_id="call_1", output="26"),
    ]
    assert [type(message) for message in to_messages(items)] == [HumanMessage, AIMessage, ToolMessage, AIMessage]


@pytest.mark.parametrize("limit", range(1, 16))
def test_the_newest_items_begin_with_an_exchange_and_keep_the_rules(limit) -> None:
    rules = MessageItem(id="rules", role="system", content=(TextContent(text="简短。"),))
    items: list[Any] = [rules]
    for number in range(5):
        items += [user(2 * number, PICTURE), user(2 * number + 1, TextContent(text="问")), said(number, "答")]
    kept = newest(items, limit)
    assert kept[0] is rules
    assert kept[1].content == (PICTURE,)
    assert kept[-3:] == items[-3:]
    assert min(limit, 3) <= len(kept) <= limit + 3
