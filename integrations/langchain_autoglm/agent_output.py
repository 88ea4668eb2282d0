"""Words and messages in whatever a Runnable gives: texts, messages, chunks of them, a graph's state, a `Command`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import BaseMessage


def blocks(chunk: Any) -> Iterator[tuple[str, str]]:
    """The reasoning and the text in a piece of output: a message, a text, a dict with an answer in it."""
    match chunk:
        case str():
            yield "text", chunk
        case BaseMessage():
            for block in chunk.content_blocks:
                if block["type"] == "reasoning":
                    yield "reasoning", block.get("reasoning", "")
                elif block["type"] == "text":
                    yield "text", block["text"]
        case dict():
            for key in ("output", "answer", "text"):
                if isinstance(chunk.get(key), str | BaseMessage):
                    yield from blocks(chunk[key])
                    return
        case _ if isinstance(getattr(chunk, "text", None), str):  # a GenerationChunk
            yield "text", chunk.text


def messages_in(output: Any) -> list[BaseMessage]:
    """The messages in a result: of a graph's state, of a `Command`, or the result itself."""
    update = getattr(output, "update", None)
    if not isinstance(output, dict) and isinstance(update, dict):
        output = update
    if isinstance(output, dict):
        output = output.get("messages", ())
    found = output if isinstance(output, list | tuple) else [output]
    return [message for message in found if isinstance(message, BaseMessage)]


def as_json(value: Any) -> str:
    """JSON as a person would write it; what has no JSON is shown as text."""
    return json.dumps(value, ensure_ascii=False, default=str)
