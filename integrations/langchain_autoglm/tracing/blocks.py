"""Where the reasoning is in what a chat model gives: chunks, whole messages and v3 stream events.

Reads what LangChain calls reasoning, whoever the provider is. Not here: what follows from it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from langchain_core.messages import AIMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult


class Other(Enum):
    """Content that is no reasoning and so ends it: text, a tool call, a picture."""

    CONTENT = "content"


OTHER: Final = Other.CONTENT
Part: TypeAlias = str | Other
"""A piece of reasoning, or the sign that something else came."""


def parts_of_message(message: BaseMessage) -> Iterator[Part]:
    """The parts of a message or chunk in their order; what is empty is left out.

    Providers put reasoning into v1 blocks, into blocks of their own, which `content_blocks` translates, or into
    `additional_kwargs["reasoning_content"]`, which some translations pass over.
    """
    parts = [part for block in message.content_blocks if (part := _part_of_block(block)) is not None]
    if not any(isinstance(part, str) for part in parts):
        beside = message.additional_kwargs.get("reasoning_content")
        if isinstance(beside, str) and beside:
            yield beside
    yield from parts


def part_of_event(event: Mapping[str, Any], spoken: set[int]) -> Part | None:
    """The part in a v3 stream event, None if there is none.

    `spoken` holds the indices of the blocks whose reasoning came as deltas and is kept up to date here: a block that
    had none may bring its whole reasoning when it finishes.
    """
    index = event.get("index", 0)
    match event["event"]:
        case "content-block-delta":
            part = _part_of_delta(event["delta"])
            if isinstance(part, str):
                spoken.add(index)
            return part
        case "content-block-start":
            return _part_of_block(event["content"])
        case "content-block-finish":
            block = event["content"]
            if block["type"] == "reasoning" and index in spoken:
                return None
            return _part_of_block(block)
        case _:
            return None


def final_message(response: LLMResult) -> AIMessage | None:
    """The first message of a finished call; None for a text completion or an empty result."""
    for generations in response.generations:
        for generation in generations:
            message = getattr(generation, "message", None)
            return message if isinstance(message, AIMessage) else None
    return None


def _part_of_block(block: Mapping[str, Any]) -> Part | None:
    match block.get("type"):
        case "reasoning":
            return block.get("reasoning") or None  # without text it is a signature or a redacted thought
        case "text":
            return OTHER if block.get("text") else None
        case _:
            return OTHER


def _part_of_delta(delta: Mapping[str, Any]) -> Part | None:
    match delta["type"]:
        case "reasoning-delta":
            return delta.get("reasoning") or None
        case "text-delta":
            return OTHER if delta.get("text") else None
        case "block-delta":
            return None  # signs or completes a block of any kind
        case _:
            return OTHER
