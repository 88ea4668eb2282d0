"""ChatAutoGLM on nano itself: it hears, sees, thinks, calls tools; its work is shared and can be stopped."""

import base64
from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langchain_autoglm import ChatAutoGLM

MEDIA = Path(__file__).parents[4] / "autoglm_agent" / "media"

pytestmark = [pytest.mark.anyio, pytest.mark.trained]


@tool
def set_ac_temperature(temperature: int) -> str:
    """设置空调温度"""
    return f"{temperature}"


@pytest.fixture(scope="module")
def nano():
    return ChatAutoGLM(device="cpu", max_tokens=200)


def block(name, kind, mime):
    return {"type": kind, "base64": base64.b64encode((MEDIA / name).read_bytes()).decode(), "mime_type": mime}


def test_it_hears_sees_thinks_and_answers(nano):
    question = HumanMessage([block("toys.png", "image", "image/png"), block("toys.flac", "audio", "audio/flac")])
    answer = nano.invoke([question])
    assert "红色" in answer.text and "车" in answer.text
    assert answer.content_blocks[0]["type"] == "reasoning" and answer.content_blocks[0]["reasoning"]
    gate = answer.response_metadata["gate"]
    assert sum(gate.values()) == pytest.approx(1.0, abs=1e-3) and min(gate.values()) > 0
    assert {"speech", "vision", "first_token", "prefill", "decode", "total"} <= set(
        answer.response_metadata["latency_ms"]
    )
    assert answer.usage_metadata["input_token_details"]["audio"] > 0
    assert 0 < answer.usage_metadata["output_token_details"]["reasoning"] < answer.usage_metadata["output_tokens"]


def test_thinking_off_leaves_no_trace(nano):
    answer = nano.invoke("你是谁？", reasoning=False)
    assert "AutoGLM" in answer.content
    assert answer.usage_metadata["output_token_details"]["reasoning"] == 0


def test_a_command_becomes_a_call_and_its_result_an_answer(nano):
    model, said = nano.bind_tools([set_ac_temperature]), HumanMessage("把空调调到二十六度")
    called = model.invoke([said])
    assert [(call["name"], call["args"]) for call in called.tool_calls] == [("set_ac_temperature", {"temperature": 26})]
    result = ToolMessage("26", tool_call_id=called.tool_calls[0]["id"])
    answer = model.invoke([said, called, result])
    assert isinstance(answer, AIMessage) and answer.text and not answer.tool_calls


def test_a_second_turn_reads_the_first_from_the_cache(nano):
    said = HumanMessage("你好，我叫小明，我喜欢画画，也喜欢踢足球，今年十岁了，住在一个很大的城市里。")
    first = nano.invoke([said], reasoning=False)
    second = nano.invoke([said, first, HumanMessage("我叫什么名字？")], reasoning=False)
    assert second.usage_metadata["input_token_details"]["cache_read"] >= 32


def test_it_stops_within_a_step(nano):
    before = nano.local_engine().metrics()
    with closing(nano.stream("你会做什么？", reasoning=False)) as chunks:
        next(chunks)
    after = nano.local_engine().metrics()
    assert after.generations_running == after.generations_waiting == 0
    assert after.output_tokens - before.output_tokens <= 5  # the token that was read, a step, and its way back


async def test_fifty_calls_share_batches(nano):
    await nano.ainvoke("你好")  # loaded
    with anyio.fail_after(100):
        before = await anyio.to_thread.run_sync(nano.local_engine().metrics)
        answers = await nano.abatch(["你会做什么？"] * 50, reasoning=False)
        after = await anyio.to_thread.run_sync(nano.local_engine().metrics)
    assert len(answers) == 50 and all(answer.text for answer in answers)
    tokens, passes = after.output_tokens - before.output_tokens, after.steps["decode"] - before.steps["decode"]
    # Prompts are read in between, and an answer is short: they overlap some at a time, not all fifty.
    assert tokens / passes > 2, f"{tokens} tokens in {passes} passes"
