"""Grammars for what must be well formed: a tool call that fits a tool's schema, an answer that fits a JSON schema.

llguidance does the work; here it learns our vocabulary, and finished grammars are kept because the same tools come with
every turn. Not here: when a grammar is in force (`rules`).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from autoglm_agent.errors import InputError

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions
    from torch import Tensor

    from autoglm_agent.engine.messages import Tool
    from autoglm_agent.model.chat import ChatLayout

MAX_GRAMMARS = 64  # tool sets and schemas in use at a time; a grammar is some hundred kilobytes
COMPACT: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
SPACED: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""Both as training writes them, calls without spaces and answers with: forced into the other, nano loses its thread."""


class _Vocabulary:
    """Our tokenizer as llguidance wants to see it."""

    bos_token_id = None

    def __init__(self, layout: ChatLayout, end: int) -> None:
        self.eos_token_id = end
        self.tokens = layout.tokenizer.token_bytes
        self.special_token_ids = sorted(layout.special_ids)
        self._encode = layout.tokenizer.encode_ids

    def __call__(self, text: str) -> list[int]:
        return self._encode(text)


class Grammar:
    """One text being written under a grammar."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def may_end(self) -> bool:
        """Whether the text is complete, though it might go on."""
        return bool(self._matcher.is_accepting())

    @property
    def must_end(self) -> bool:
        """Whether nothing more can follow. Also so when the grammar grew too complex to go on with."""
        return bool(self._matcher.is_stopped())

    def forbid(self, scores: Tensor) -> None:
        """Set the scores [vocab] of tokens that cannot come next to -inf, in place."""
        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8)
        size = min(len(scores), len(allowed))
        scores[:size].masked_fill_(allowed[:size].to(scores.device) == 0, float("-inf"))
        scores[size:] = float("-inf")

    def accept(self, token_id: int) -> None:
        """Take the token that was chosen."""
        self._matcher.consume_token(token_id)


class Grammars:
    """Makes grammars and keeps them."""

    def __init__(self, layout: ChatLayout) -> None:
        self._layout = layout
        self._tokenizer: LLTokenizer | None = None
        self._made: OrderedDict[str, LLMatcher] = OrderedDict()

    def tool_call(self, tools: tuple[Tool, ...]) -> Grammar:
        """A call of one of `tools`: its name, then arguments that fit its schema (any object, where that is odd)."""
        schema = {"anyOf": [_call_schema(tool, strict=True) for tool in tools]}
        try:
            return self._grammar(json.dumps(schema), COMPACT)
        except InputError:
            return self._grammar(json.dumps({"anyOf": [_call_schema(tool, strict=False) for tool in tools]}), COMPACT)

    def json(self, schema: str) -> Grammar:
        """An answer in JSON that fits `schema`.

        Raises:
            InputError: the schema is broken or uses what cannot be enforced.
        """
        return self._grammar(schema, SPACED)

    def _grammar(self, schema: str, spacing: JsonCompileOptions) -> Grammar:
        key = f"{spacing['key_separator']}{schema}"
        matcher = self._made.get(key)
        if matcher is None:
            matcher = self._made[key] = self._make(schema, spacing)
            if len(self._made) > MAX_GRAMMARS:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return Grammar(matcher.deep_copy())

    def _make(self, schema: str, spacing: JsonCompileOptions) -> LLMatcher:
        if self._tokenizer is None:
            vocabulary = _Vocabulary(self._layout, max(self._layout.stop_ids))
            self._tokenizer = LLTokenizer(TokenizerWrapper(vocabulary))
        try:
            source = LLMatcher.grammar_from_json_schema(schema, overrides=spacing)
        except ValueError as error:
            raise InputError(f"the JSON schema cannot be read ({error}); send a JSON object.") from error
        matcher = LLMatcher(self._tokenizer, source, log_level=0)
        if matcher.is_error():
            raise InputError(f"the JSON schema cannot be enforced: {matcher.get_error()}. Simplify it.")
        return matcher


def _call_schema(tool: Tool, *, strict: bool) -> dict[str, Any]:
    # Unless its author says otherwise a tool takes the arguments it names and no others.
    parameters = {"additionalProperties": False} | json.loads(tool.parameters or "{}") if strict else {}
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": {"type": "object", **parameters}},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
