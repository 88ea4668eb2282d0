"""Reading a reply as it is generated: which ids are reasoning, which are text, which are a tool call.

Only special ids change the state; text that looks like them cannot. Not here: when to stop generating (the engine's).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.tokenizer import Detokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPiece:
    """More of the reasoning."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """More of the answer. `broken_call` marks the text of a tool call that is no valid JSON."""

    text: str
    broken_call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPiece:
    """A whole tool call; `arguments` is a JSON object as text."""

    name: str
    arguments: str


Piece = ReasoningPiece | TextPiece | ToolCallPiece


class ReplyParser:
    """One reply. `push` every generated id except the stop token, then `finish`."""

    def __init__(self, layout: ChatLayout, *, thinking: bool) -> None:
        self._layout = layout
        self._detokenizer = Detokenizer(layout.tokenizer.token_bytes)
        self._state: Callable[[str], list[Piece]] = self._reasoning if thinking else self._text
        self._call: list[str] = []

    @property
    def is_thinking(self) -> bool:
        """Whether the next id belongs to the reasoning."""
        return self._state == self._reasoning

    @property
    def in_tool_call(self) -> bool:
        """Whether the next id belongs to a tool call."""
        return self._state == self._tool_call

    def push(self, token_id: int) -> list[Piece]:
        """Take one id; give back what it completes."""
        layout = self._layout
        if token_id not in layout.special_ids:
            return self._state(self._detokenizer.push(token_id))
        if token_id not in (layout.think, layout.end_think, layout.tool_call, layout.end_tool_call):
            return []  # A stray special token (padding, a modality's mark) has no text.
        pieces = self._close()
        if token_id == layout.think:
            self._state = self._reasoning
        elif token_id == layout.tool_call:
            self._state = self._tool_call
        else:
            self._state = self._text
        return pieces

    def finish(self) -> list[Piece]:
        """The end of the reply: what was still waiting. A call without its end is tried all the same."""
        pieces = self._close()
        self._state = self._text
        return pieces

    def _close(self) -> list[Piece]:
        """End the section: give out its last bytes, and the tool call if it was one."""
        pieces = self._state(self._detokenizer.flush())
        if self._call:
            pieces.append(parse_call("".join(self._call)))
            self._call = []
        return pieces

    def _reasoning(self, text: str) -> list[Piece]:
        return [ReasoningPiece(text=text)] if text else []

    def _text(self, text: str) -> list[Piece]:
        return [TextPiece(text=text)] if text else []

    def _tool_call(self, text: str) -> list[Piece]:
        if text:
            self._call.append(text)
        return []


def parse_call(source: str) -> ToolCallPiece | TextPiece:
    """A call from its JSON line, or its text, marked as broken."""
    try:
        call = json.loads(source)
        name, arguments = call["name"], call["arguments"]
    except (ValueError, KeyError, TypeError):
        return TextPiece(text=source, broken_call=True)
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return TextPiece(text=source, broken_call=True)
    return ToolCallPiece(name=name, arguments=json.dumps(arguments, ensure_ascii=False))
