"""A chat completion: one stateless exchange over the bridge, for REST and for in-process callers.

The conversation comes whole with every request; nothing is kept afterwards. Encoding the reply is the caller's part.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from autoglm_agent.engine import messages as m
from autoglm_agent.errors import (
    AutoGLMError,
    ContextOverflowError,
    EngineDiedError,
    InputError,
    OverloadedError,
)
from autoglm_agent.protocol.chat import ANY_OBJECT, ChatMessage, ChatTurns
from autoglm_agent.protocol.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
    TextContent,
)
from autoglm_agent.runtime.answering import MAX_OUTPUT_TOKENS, answer, engine_tools, thinking
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.clips import decode_clip
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.features import Features
from autoglm_agent.runtime.history import to_turns
from autoglm_agent.runtime.stages import Stages

ERRORS: dict[str, type[AutoGLMError]] = {
    "context_overflow": ContextOverflowError,
    "bad_image": InputError,
    "bad_audio": InputError,
    "bad_request": InputError,
    "overloaded": OverloadedError,
    "internal": EngineDiedError,
}
"""The engine's failure codes as exceptions; `feature_missing` only comes through when a copy was lost, too."""


async def complete(
    bridge: ComputeBridge,
    chat: ChatTurns,
    on_result: Callable[[m.Result], Awaitable[None]],
    *,
    new_id: Callable[[str], str],
    enable_thinking: bool = True,
    stages: Stages | None = None,
) -> m.Finished:
    """Answer `chat`, handing each delta to `on_result` as it comes. Cancel the call to cancel the generation.

    `stages` takes note of how long each stage took.

    Raises:
        InputError: a picture or a recording cannot be decoded.
        ContextOverflowError: the conversation is too long.
        EngineDiedError: the engine ended in the middle; it is being restarted.
        AutoGLMError: anything else the engine reports.
    """
    engine = EngineSession(bridge, new_id("chat"))
    features = Features(engine, new_id=new_id, decode_clip=decode_clip)
    items = to_items(chat.messages)
    stages = stages or Stages()

    async def on_each(result: m.Result) -> None:
        stages.note(result)
        await on_result(result)

    async with engine.running():
        for problem in await features.prepare(items, stages):
            raise _error(problem)
        finished = await _generate(engine, features, chat, items, on_each, new_id=new_id, think=enable_thinking)
    stages.note(finished)
    return finished


async def _generate(
    engine: EngineSession,
    features: Features,
    chat: ChatTurns,
    items: tuple[Item, ...],
    on_result: Callable[[m.Result], Awaitable[None]],
    *,
    new_id: Callable[[str], str],
    think: bool,
) -> m.Finished:
    wanted = chat.enable_thinking if chat.enable_thinking is not None else think
    enabled, budget = thinking(wanted, chat.reasoning_effort)

    def ask() -> m.Generate:
        return m.Generate(
            session_id=engine.session_id,
            request_id=new_id("gen"),
            turns=to_turns(items, features, instructions=instructions(chat)),
            tools=engine_tools(chat.tools),
            tool_choice=chat.tool_choice,
            enable_thinking=enabled,
            max_thinking_tokens=budget,
            sampling=sampling(chat),
            json_schema=chat.json_schema,
            return_reasoning=chat.return_reasoning,
        )

    async with aclosing(answer(engine, features, ask)) as results:
        async for result in results:
            if isinstance(result, m.Failed):
                raise _error(result)
            if isinstance(result, m.Finished):
                return result
            await on_result(result)
    raise EngineDiedError("the generation ended without a result")


def instructions(chat: ChatTurns) -> str:
    """What to say to the model about a schema that binds its answer: a grammar makes JSON, but not sense."""
    if chat.json_schema is None or chat.json_schema == ANY_OBJECT:
        return ""
    schema = json.dumps(json.loads(chat.json_schema), ensure_ascii=False, separators=(",", ":"))
    return f"Answer in JSON with this schema: {schema}"


def sampling(chat: ChatTurns) -> m.Sampling:
    """The caller's choices; what was not said is greedy."""
    return m.Sampling(
        temperature=chat.temperature or 0.0,
        top_p=chat.top_p if chat.top_p is not None else 1.0,
        seed=chat.seed,
        max_tokens=min(chat.max_tokens or MAX_OUTPUT_TOKENS, MAX_OUTPUT_TOKENS),
        stop=chat.stop,
    )


def to_items(messages: tuple[ChatMessage, ...]) -> tuple[Item, ...]:
    """Chat messages as conversation items, so that one mapping to turns serves both."""
    items: list[Item] = []
    for number, message in enumerate(messages):
        item_id = f"message_{number}"
        if message.role == "tool":
            output = "".join(part.text for part in message.content if isinstance(part, TextContent))
            items.append(FunctionCallOutputItem(id=item_id, call_id=message.tool_call_id or "", output=output))
            continue
        if message.content or message.reasoning:
            items.append(
                MessageItem(id=item_id, role=message.role, content=message.content, reasoning=message.reasoning)
            )
        items.extend(
            FunctionCallItem(id=f"{item_id}_{index}", call_id=call.call_id, name=call.name, arguments=call.arguments)
            for index, call in enumerate(message.tool_calls)
        )
    return tuple(items)


def _error(failed: m.Failed) -> AutoGLMError:
    return ERRORS.get(failed.code, AutoGLMError)(failed.message)
