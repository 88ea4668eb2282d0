"""What kind of Runnable an agent is: how it takes the conversation, and whether it remembers by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableSequence

ToInput = Callable[[Sequence[BaseMessage]], Any]
"""Makes an agent's input of the conversation's messages, oldest first."""


def core(agent: Any) -> Any:
    """The Runnable inside bindings (`with_config`, `bind`) and retries."""
    while isinstance(getattr(agent, "bound", None), Runnable):
        agent = agent.bound
    return agent


def is_graph(agent: Any) -> bool:
    """Whether it is a compiled LangGraph graph, or a chain that ends in one; langgraph need not be installed."""
    found = core(agent)
    if isinstance(found, RunnableSequence):
        return is_graph(found.last)
    return hasattr(found, "aget_state") and hasattr(found, "checkpointer")


def remembers(agent: Any) -> bool:
    """Whether it is a graph with a checkpointer: it keeps the conversation itself, by `thread_id`."""
    found = core(agent)
    return is_graph(found) and bool(getattr(found, "checkpointer", None))


def input_of(agent: Any) -> ToInput:
    """How the agent takes a conversation, told by its input's schema.

    Graphs, and chains with a `messages` variable, take `{"messages": …}`; chat models a list of messages; a prompt with
    one variable the user's words, with one more list of messages what was said before.

    Raises:
        TypeError: the schema leaves it open; say it with `to_input`.
    """
    if is_graph(agent):
        return lambda messages: {"messages": list(messages)}
    schema = agent.get_input_jsonschema()
    if schema.get("type") == "string":
        return last_words
    properties: dict[str, Any] = schema.get("properties", {}) if schema.get("type") == "object" else {}
    if not properties:
        return list
    if "messages" in properties:
        return lambda messages: {"messages": list(messages)}
    wanted = schema.get("required") or list(properties)
    lists = [name for name in wanted if properties[name].get("type") == "array"]
    words = [name for name in wanted if name not in lists]
    if len(words) != 1 or len(lists) > 1:
        raise TypeError(
            f"the agent takes {', '.join(wanted)}; which of them is the conversation cannot be told. "
            "Say it with to_input, a function from messages to the agent's input"
        )
    return lambda messages: {words[0]: last_words(messages), **{name: _before(messages) for name in lists}}


def last_words(messages: Sequence[BaseMessage]) -> str:
    """What the user said last."""
    return next((message.text for message in reversed(messages) if isinstance(message, HumanMessage)), "")


def _before(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """All but what the user said last."""
    last = next((n for n in range(len(messages) - 1, -1, -1) if isinstance(messages[n], HumanMessage)), len(messages))
    return list(messages[:last])
