"""The state machine alone: what starts, feeds and ends a stretch of reasoning."""

from uuid import UUID

from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_autoglm.tracing.machine import (
    ReasoningEnded,
    ReasoningGrew,
    ReasoningMachine,
    ReasoningStarted,
    TurnFacts,
)

RUN, OTHER_RUN = UUID(int=1), UUID(int=2)


def reasoning(text, index=0):
    return {"type": "reasoning", "reasoning": text, "index": index}


def text(text, index=1):
    return {"type": "text", "text": text, "index": index}


def told(machine, *contents, run=RUN):
    steps = []
    for content in contents:
        steps += machine.chunk(run, AIMessageChunk(content=content))
    return steps


def delta(kind, text, index=0):
    return {"event": "content-block-delta", "index": index, "delta": {"type": f"{kind}-delta", kind: text}}


def test_text_ends_the_reasoning_at_once() -> None:
    machine = ReasoningMachine()
    assert told(machine, [reasoning("想")]) == [ReasoningStarted(), ReasoningGrew("想")]
    assert told(machine, [text("好")]) == [ReasoningEnded("想")]
    assert told(machine, [text("的")]) == []


def test_a_tool_call_ends_the_reasoning() -> None:
    machine = ReasoningMachine()
    told(machine, [reasoning("想")])
    call = {"name": "set_ac", "args": "", "id": "1", "index": 1, "type": "tool_call_chunk"}
    assert machine.chunk(RUN, AIMessageChunk(content=[], tool_call_chunks=[call])) == [ReasoningEnded("想")]


def test_what_is_empty_neither_starts_nor_ends_reasoning() -> None:
    machine = ReasoningMachine()
    assert (
        told(machine, "", [], [text("")], [reasoning("")], [{"type": "reasoning", "extras": {"signature": "x"}}]) == []
    )
    assert RUN not in machine
    told(machine, [reasoning("想")])
    assert told(machine, "", [], [text("")], [{"type": "reasoning", "extras": {"signature": "x"}}]) == []
    assert told(machine, [reasoning("想")]) == [ReasoningGrew("想")]


def test_thinking_again_after_text_is_a_second_stretch_streamed_or_not() -> None:
    contents = [[reasoning("一")], [text("好")], [reasoning("二", 2)], [text("了", 3)]]
    stretches = [
        *(ReasoningStarted(), ReasoningGrew("一"), ReasoningEnded("一")),
        *(ReasoningStarted(), ReasoningGrew("二"), ReasoningEnded("二")),
    ]
    whole = AIMessage(content=[block for content in contents for block in content])
    assert told(machine := ReasoningMachine(), *contents) == stretches
    assert machine.finish(RUN, whole) == [TurnFacts(streamed=True)]
    assert ReasoningMachine().finish(RUN, whole) == [*stretches, TurnFacts()]


def test_blocks_of_reasoning_in_a_row_are_one_stretch() -> None:
    machine = ReasoningMachine()
    steps = told(machine, [reasoning("一", 0)], [reasoning("二", 1)], [text("好", 2)])
    assert steps == [ReasoningStarted(), ReasoningGrew("一"), ReasoningGrew("二"), ReasoningEnded("一二")]


def test_reasoning_that_never_sees_text_ends_with_the_call() -> None:
    machine = ReasoningMachine()
    told(machine, [reasoning("想")])
    assert machine.finish(RUN, AIMessage(content="")) == [ReasoningEnded("想"), TurnFacts(streamed=True)]


def test_reasoning_beside_the_content_is_found_where_the_translation_passes_it_over() -> None:
    message = AIMessage(
        content="好", additional_kwargs={"reasoning_content": "想"}, response_metadata={"model_provider": "openai"}
    )
    assert [block["type"] for block in message.content_blocks] == ["text"]
    steps = ReasoningMachine().finish(RUN, message)
    assert steps == [ReasoningStarted(), ReasoningGrew("想"), ReasoningEnded("想"), TurnFacts()]


def test_thinking_blocks_of_a_provider_s_own_are_understood() -> None:
    content = [{"type": "thinking", "thinking": "想", "signature": "x"}, {"type": "text", "text": "好"}]
    message = AIMessage(content=content, response_metadata={"model_provider": "anthropic"})
    assert ReasoningEnded("想") in ReasoningMachine().finish(RUN, message)


def test_a_v3_block_without_deltas_is_told_when_it_finishes() -> None:
    machine = ReasoningMachine()
    start = {"event": "content-block-start", "index": 0, "content": {"type": "reasoning", "reasoning": ""}}
    finish = {"event": "content-block-finish", "index": 0, "content": {"type": "reasoning", "reasoning": "想"}}
    assert machine.event(RUN, {"event": "message-start", "role": "ai", "id": "m"}) == []
    assert machine.event(RUN, start) == []
    assert machine.event(RUN, finish) == [ReasoningStarted(), ReasoningGrew("想")]
    assert machine.event(RUN, delta("text", "好", 1)) == [ReasoningEnded("想")]


def test_a_v3_block_with_deltas_is_not_told_again_when_it_finishes() -> None:
    machine = ReasoningMachine()
    finish = {"event": "content-block-finish", "index": 0, "content": {"type": "reasoning", "reasoning": "想"}}
    assert machine.event(RUN, delta("reasoning", "想")) == [ReasoningStarted(), ReasoningGrew("想")]
    assert machine.event(RUN, finish) == []
    block_delta = {"event": "content-block-delta", "index": 0, "delta": {"type": "block-delta", "fields": {}}}
    assert machine.event(RUN, block_delta) == []


def test_runs_at_the_same_time_are_kept_apart() -> None:
    machine = ReasoningMachine()
    told(machine, [reasoning("甲")])
    told(machine, [reasoning("乙")], run=OTHER_RUN)
    assert told(machine, [text("好")]) == [ReasoningEnded("甲")]
    error = RuntimeError()
    assert machine.fail(OTHER_RUN, error) == [ReasoningEnded("乙"), TurnFacts(streamed=True, error=error)]
    assert RUN in machine
    assert OTHER_RUN not in machine


def test_facts_of_another_shape_are_left_out() -> None:
    metadata = {"gate": "open", "latency_ms": 12, "model_name": "m"}
    assert ReasoningMachine().finish(RUN, AIMessage(content="好", response_metadata=metadata)) == [TurnFacts(model="m")]
