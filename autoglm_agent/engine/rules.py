"""What a reply may say next: sections in order, the budget of thinking, tool choice, grammars.

Rules act on scores before a token is chosen, or name the token outright; forward and sampling know nothing of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from autoglm_agent.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from autoglm_agent.engine.grammar import Grammar, Grammars
    from autoglm_agent.engine.messages import Generate, Tool
    from autoglm_agent.model.chat import ChatLayout
    from autoglm_agent.model.reply import ReplyParser


class ReplyRules:
    """The rules of one reply."""

    def __init__(self, layout: ChatLayout, grammars: Grammars, request: Generate) -> None:
        """Raise `InputError` for a tool choice or a schema that cannot be followed."""
        self._layout, self._grammars = layout, grammars
        self._max_thinking_tokens = request.max_thinking_tokens
        self._tools = _callable_tools(request)
        self._must_call = request.tool_choice not in ("auto", "none")
        self._grammar: Grammar | None = None
        self._schema = grammars.json(request.json_schema) if request.json_schema is not None else None
        if self._schema is not None and self._must_call:
            raise InputError("a JSON schema and a required tool call exclude each other; ask for one of them.")
        self._must_write = not self._tools or layout.tool_call not in layout.special_ids
        """An answer bound to a schema may be a call instead, until it has begun."""
        self._stop = min(layout.stop_ids)
        opens_thought = request.enable_thinking and not layout.starts_thinking(enable_thinking=True)
        self._banned = _bans(layout, opens_thought=opens_thought)
        if self._must_call and layout.tool_call not in layout.special_ids:
            raise InputError("this model knows no tool calls; leave tool_choice at auto.")

    def forced(self, parser: ReplyParser, thinking_tokens: int) -> int | None:
        """The token that must come next whatever the network says, if there is one."""
        layout = self._layout
        if parser.is_thinking:
            return layout.end_think if thinking_tokens >= self._max_thinking_tokens else None
        grammar = self._grammar if parser.in_tool_call else self._schema
        if grammar is not None and grammar.must_end:
            return layout.end_tool_call if parser.in_tool_call else self._stop
        if self._must_call and not parser.in_tool_call:
            return layout.tool_call
        return None

    def forbid(self, scores: Tensor, parser: ReplyParser) -> None:
        """Set the scores [vocab] of tokens that may not come next to -inf, in place."""
        if parser.is_thinking:
            section = "thinking"
        elif parser.in_tool_call:
            section = "tool_call"
            self._bind(scores, self._grammar, self._layout.end_tool_call)
        elif self._schema is not None:
            section, call = "json" if self._must_write else "json_or_call", self._layout.tool_call
            calling = scores[call].clone()
            self._bind(scores, self._schema, self._stop)
            if not self._must_write:
                scores[call] = calling
        else:
            section = "text" if self._tools else "text_alone"
        scores[self._banned[section].to(scores.device, torch.long)] = float("-inf")

    def accept(self, token_id: int, parser: ReplyParser) -> None:
        """Take a token that was chosen, before the parser takes it."""
        layout = self._layout
        if token_id == layout.tool_call:
            self._grammar = self._grammars.tool_call(self._tools)
            self._must_call, self._schema = False, None  # the answer by the schema comes when the results are in
        elif token_id == layout.end_tool_call:
            self._grammar = None
        elif token_id not in layout.special_ids:
            grammar = self._grammar if parser.in_tool_call else None if parser.is_thinking else self._schema
            if grammar is not None:
                grammar.accept(token_id)
                self._must_write = True

    @staticmethod
    def _bind(scores: Tensor, grammar: Grammar | None, end: int) -> None:
        """Leave what the grammar allows, and `end` once the text is complete."""
        if grammar is None:
            return
        ending = scores[end].clone()
        grammar.forbid(scores)
        scores[end] = ending if grammar.may_end else float("-inf")
        if not torch.isfinite(scores).any():  # no token of ours goes on: better a broken text than an endless one
            scores[end] = 0.0


def _bans(layout: ChatLayout, *, opens_thought: bool) -> dict[str, Tensor]:
    """The special tokens that have no place in each section. A thought is ended before anything else begins.

    `opens_thought`: the network itself begins the thought, as published checkpoints do.
    """
    marks = {layout.think, layout.end_think, layout.tool_call, layout.end_tool_call}
    never = layout.special_ids - marks - layout.stop_ids
    thought = set() if opens_thought else {layout.think}
    bans = {
        "thinking": never | {layout.think, layout.tool_call, layout.end_tool_call} | layout.stop_ids,
        "tool_call": never | {layout.think, layout.end_think, layout.tool_call},
        "json": never | (marks - {layout.think}) | thought,
        "json_or_call": never | {layout.end_think, layout.end_tool_call} | thought,
        "text": never | {layout.end_think, layout.end_tool_call} | thought,
        "text_alone": never | (marks - {layout.think}) | thought,
    }
    # An id below 0 is a token that this model does not have.
    return {section: torch.tensor(sorted(i for i in banned if i >= 0)) for section, banned in bans.items()}


def _callable_tools(request: Generate) -> tuple[Tool, ...]:
    if request.tool_choice == "none":
        return ()
    if request.tool_choice in ("auto", "required"):
        if request.tool_choice == "required" and not request.tools:
            raise InputError("tool_choice is required but there are no tools; send tools or choose auto.")
        return request.tools
    named = tuple(tool for tool in request.tools if tool.name == request.tool_choice)
    if not named:
        names = ", ".join(tool.name for tool in request.tools) or "none"
        raise InputError(f"tool_choice names {request.tool_choice}, but the tools are: {names}. Choose one of them.")
    return named
