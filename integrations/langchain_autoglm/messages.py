"""From LangChain's messages to those of a chat completion. A pure function; media keep the addresses they have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_autoglm.errors import AutoGLMInvalidRequestError
from langchain_autoglm.media import Part, parts

THOUGHTS = {"reasoning": "reasoning", "thinking": "thinking", "reasoning_content": "reasoning_content"}
"""Blocks that hold a trace, by type, and the field it is in: ours, and those of messages other models wrote."""


def to_chat_messages(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """The messages of a request.

    Pictures that tools returned follow the tools' answers as a message of the user, since a tool's answer is text.

    Raises:
        AutoGLMInvalidRequestError: a message or a block of a kind that cannot be sent.
    """
    sent: list[dict[str, Any]] = []
    shown: list[Part] = []
    for message in messages:
        if shown and not isinstance(message, ToolMessage):
            sent.append({"role": "user", "content": shown})
            shown = []
        match message:
            case ToolMessage():
                texts, media = _split(_parts(message))
                text = texts or ("(shown below)" if media else "")
                sent.append({"role": "tool", "content": text, "tool_call_id": message.tool_call_id})
                shown += media
            case AIMessage():
                sent.append(_assistant(message))
            case HumanMessage():
                sent.append({"role": "user", "content": _content(message)})
            case SystemMessage():
                sent.append({"role": "system", "content": _text(message)})
            case ChatMessage():
                sent.append(_by_role(message))
            case _:
                raise AutoGLMInvalidRequestError(f"a {type(message).__name__} cannot be sent to a chat model.")
    if shown:
        sent.append({"role": "user", "content": shown})
    return sent


def _by_role(message: ChatMessage) -> dict[str, Any]:
    match message.role:
        case "user" | "human":
            return {"role": "user", "content": _content(message)}
        case "assistant" | "ai":
            return _assistant(AIMessage(message.content, additional_kwargs=message.additional_kwargs))
        case "system" | "developer":
            return {"role": message.role, "content": _text(message)}
    raise AutoGLMInvalidRequestError(
        f"a ChatMessage of the role {message.role!r} cannot be sent; use user, assistant, system or developer."
    )


def _assistant(message: AIMessage) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": "assistant", "content": message.text}
    reasoning = "".join(_thoughts(message.content_blocks)) if not isinstance(message.content, str) else ""
    reasoning = reasoning or str(message.additional_kwargs.get("reasoning_content") or "")
    if reasoning:
        sent["reasoning_content"] = reasoning
    calls = [
        _call(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls
    ]
    calls += [_call(call["id"], call["name"], call["args"] or "{}") for call in message.invalid_tool_calls]
    if calls:
        sent["tool_calls"] = calls
    return sent


def _thoughts(blocks: Iterable[Any]) -> Iterable[str]:
    for block in blocks:
        inner = block.get("value", block) if block["type"] == "non_standard" else block
        text = inner.get(THOUGHTS.get(inner.get("type"), ""))
        if isinstance(text, str):
            yield text


def _call(call_id: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    return {"id": call_id or "", "type": "function", "function": {"name": name or "", "arguments": arguments}}


def _content(message: BaseMessage) -> str | list[Part]:
    """Plain text where there is no more, since that is what every server takes."""
    if isinstance(message.content, str):
        return message.content
    sent = _parts(message)
    text, media = _split(sent)
    return sent if media else text


def _text(message: BaseMessage) -> str:
    text, media = _split(_parts(message))
    if media:
        raise AutoGLMInvalidRequestError(f"a {type(message).__name__} is text; show pictures and sound as the user.")
    return text


def _parts(message: BaseMessage) -> list[Part]:
    return [part for block in message.content_blocks for part in parts(block)]


def _split(sent: Sequence[Part]) -> tuple[str, list[Part]]:
    texts = [part["text"] for part in sent if part["type"] == "text"]
    return "\n".join(texts), [part for part in sent if part["type"] != "text"]
