"""What stands on the machine: the recorder, the printer, custom events."""

import io
import logging
import re
from uuid import UUID

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.language_models import FakeListLLM
from langchain_core.runnables import RunnableLambda

from langchain_autoglm import (
    AsyncReasoningTraceHandler,
    ReasoningPrinter,
    ReasoningRecorder,
    ReasoningTraceHandler,
    TurnFacts,
)
from tests.integrations.langchain.thinkers import (
    ANSWER,
    GATE,
    LATENCY_MS,
    THOUGHT,
    USAGE,
    AsyncLog,
    Blocks,
    BrokenThoughtError,
    Thinker,
)

WHOLE_THOUGHT = "".join(THOUGHT)
FACTS_LINE = "gate text 0.50 image 0.20 speech 0.30 · prefill 4 ms, first token 9 ms · 3 of 5 tokens for thinking\n"


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        return True


class Ticks:
    """A clock that moves a second each time it is read."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        self.now_s += 1
        return self.now_s


def test_the_recorder_keeps_reasoning_and_facts_of_each_call() -> None:
    recorder = ReasoningRecorder(clock_s=Ticks())
    list(Blocks().stream("你好", {"callbacks": [recorder]}))
    trace = recorder.last
    assert (trace.text, trace.tokens, trace.stretches) == (WHOLE_THOUGHT, THOUGHT, [WHOLE_THOUGHT])
    assert trace.thinking_ms == 1000
    assert trace.facts == TurnFacts(model="thinker", gate=GATE, latency_ms=LATENCY_MS, usage=USAGE, streamed=True)
    assert not recorder.live


def test_the_recorder_keeps_calls_of_a_batch_apart_and_only_so_many() -> None:
    recorder = ReasoningRecorder(max_traces=3)
    Blocks(streaming=True).batch(["你好"] * 5, {"callbacks": [recorder]})
    assert [trace.text for trace in recorder.traces] == [WHOLE_THOUGHT] * 3
    assert len({trace.run_id for trace in recorder.traces}) == 3
    recorder.clear()
    with pytest.raises(LookupError, match="nothing recorded yet"):
        _ = recorder.last


def test_the_recorder_says_why_a_call_ended_early() -> None:
    recorder = ReasoningRecorder()
    with pytest.raises(BrokenThoughtError):
        list(Blocks(breaks_after=1).stream("你好", {"callbacks": [recorder]}))
    assert recorder.last.text == THOUGHT[0]
    assert isinstance(recorder.last.facts.error, BrokenThoughtError)


def test_the_printer_shows_plain_lines_where_there_is_no_terminal(capsys) -> None:
    Thinker().invoke("你好", {"callbacks": [ReasoningPrinter()]})
    assert capsys.readouterr().out == f"thinks  {WHOLE_THOUGHT}\n{FACTS_LINE}"


def test_the_printer_leaves_a_streamed_answer_its_line(capsys) -> None:
    for chunk in Blocks().stream("你好", {"callbacks": [ReasoningPrinter()]}):
        print(chunk.text, end="")
    assert capsys.readouterr().out == f"thinks  {WHOLE_THOUGHT}\n{ANSWER}\n{FACTS_LINE}"


def test_the_printer_shows_a_terminal_quiet_letters_and_keeps_the_words(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    printer = ReasoningPrinter(terminal, label="思考", facts=False)
    run = UUID(int=1)
    printer.on_reasoning_start(run)
    for token in ("[red]", "很长" * 200, "\\n"):
        printer.on_reasoning_token(token, run)
    printer.on_reasoning_end("", run)
    printed = terminal.getvalue()
    assert "\x1b[2;3m" in printed
    assert re.sub(r"\x1b\[[\d;]*m", "", printed) == "思考  [red]" + "很长" * 200 + "\\n\n"


def test_the_printer_never_mixes_calls() -> None:
    out = io.StringIO()
    printer, first, second = ReasoningPrinter(out, facts=False), UUID(int=1), UUID(int=2)
    printer.on_reasoning_start(first)
    printer.on_reasoning_token("一", first)
    printer.on_reasoning_start(second)
    printer.on_reasoning_token("二", second)
    printer.on_reasoning_end("二", second)
    printer.on_reasoning_token("一", first)
    printer.on_reasoning_end("一一", first)
    assert out.getvalue() == "thinks  一一\nthinks  二\n"


def test_the_printer_says_that_a_turn_ended_early() -> None:
    out = io.StringIO()
    with pytest.raises(BrokenThoughtError):
        list(Blocks(breaks_after=2).stream("你好", {"callbacks": [ReasoningPrinter(out)]}))
    assert out.getvalue() == "thinks  先看温度，\n\nended early: BrokenThoughtError\n"


class Loud(ReasoningTraceHandler):
    """Sends its steps as custom events."""

    custom_events = True


class AsyncLoud(AsyncReasoningTraceHandler):
    """The same from coroutines."""

    custom_events = True


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [Loud, AsyncLoud])
async def test_custom_events_reach_who_listens_to_a_chain(handler) -> None:
    chain = Blocks() | RunnableLambda(lambda message: message.text)
    with anyio.fail_after(10):
        events = [e async for e in chain.astream_events("你好", {"callbacks": [handler()]}, version="v2")]
    custom = [(e["name"], e["data"]) for e in events if e["event"] == "on_custom_event"]
    assert [name for name, _ in custom] == ["reasoning_start", *["reasoning_token"] * 3, "reasoning_end", "turn_end"]
    assert [data["token"] for name, data in custom if name == "reasoning_token"] == THOUGHT
    assert custom[-2][1]["text"] == WHOLE_THOUGHT
    assert custom[-1][1]["gate"] == GATE


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [Loud, AsyncLoud])
async def test_custom_events_reach_the_custom_stream_of_a_graph(handler) -> None:
    agent = create_agent(Blocks(streaming=True), [])
    said = {"messages": [("user", "你好")]}
    with anyio.fail_after(10):
        pieces = [p async for p in agent.astream(said, {"callbacks": [handler()]}, stream_mode="custom")]
    assert [p["token"] for p in pieces if p["event"] == "reasoning_token"] == THOUGHT
    assert (pieces[0]["event"], pieces[-1]["event"]) == ("reasoning_start", "turn_end")


@pytest.mark.parametrize("handler", [Loud, AsyncLoud])
def test_custom_events_reach_the_custom_stream_of_a_graph_in_sync_code(handler) -> None:
    agent = create_agent(Blocks(streaming=True), [])
    said = {"messages": [("user", "你好")]}
    pieces = list(agent.stream(said, {"callbacks": [handler()]}, stream_mode="custom"))
    assert [p["token"] for p in pieces if p["event"] == "reasoning_token"] == THOUGHT


@pytest.mark.anyio
@pytest.mark.parametrize("handler", [Loud, AsyncLoud])
async def test_custom_events_without_a_listener_disturb_nobody(handler, caplog) -> None:
    with caplog.at_level(logging.WARNING), anyio.fail_after(10):
        message = await Blocks(streaming=True).ainvoke("你好", {"callbacks": [handler()]})
    assert message.text == ANSWER
    assert caplog.records == []


def test_a_text_completion_has_no_reasoning_and_no_trouble() -> None:
    recorder = ReasoningRecorder()
    assert FakeListLLM(responses=["好"]).invoke("你好", {"callbacks": [recorder]}) == "好"
    assert recorder.last.text == ""
    assert recorder.last.facts == TurnFacts()


def test_a_hook_that_raises_is_logged_and_the_answer_stands(caplog) -> None:
    class Clumsy(ReasoningTraceHandler):
        def on_reasoning_token(self, token, run_id):
            raise ValueError("dropped it")

    assert Blocks(streaming=True).invoke("你好", {"callbacks": [Clumsy()]}).text == ANSWER
    assert "dropped it" in caplog.text


def test_a_hook_that_raises_stops_the_call_if_the_handler_asks_for_it() -> None:
    class Strict(ReasoningTraceHandler):
        raise_error = True

        def on_reasoning_token(self, token, run_id):
            raise ValueError("dropped it")

    with pytest.raises(ValueError, match="dropped it"):
        Blocks(streaming=True).invoke("你好", {"callbacks": [Strict()]})


@pytest.mark.anyio
async def test_a_hook_that_raises_for_a_cancelled_call_is_logged(caplog) -> None:
    class Clumsy(AsyncLog):
        async def on_reasoning_end(self, text, run_id):
            raise ValueError("dropped it")

    handler = Clumsy()
    model = Blocks(streaming=True, stalls_after=2)
    with anyio.fail_after(10), caplog.at_level(logging.WARNING):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(model.ainvoke, "你好", {"callbacks": [handler]})
            await handler.two_pieces.wait()
            tasks.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
    assert "Clumsy of a cancelled call: ValueError('dropped it')" in caplog.text
