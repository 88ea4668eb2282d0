"""Agents for the voice tests: a chat model that streams by script, and what it saw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field


@dataclass(frozen=True)
class Say:
    """One answer of the model. `stalls`: it never ends. `pace_s`: between tokens."""

    text: str = ""
    reasoning: str = ""
    call: tuple[str, str] | None = None
    stalls: bool = False
    pace_s: float = 0.0
    fails: str = ""


class ScriptedModel(BaseChatModel):
    """Answers what `reply` says to the messages it is given, character by character."""

    reply: Callable[[list[BaseMessage]], Say]
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    running: list[str] = Field(default_factory=list)
    cancelled: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.prompts.append(messages)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.reply(messages).text))])

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self.prompts.append(messages)
        said = self.reply(messages)
        self.running.append(said.text)
        try:
            for token in self._tokens(said, len(self.prompts)):
                if said.pace_s:
                    await anyio.sleep(said.pace_s)
                yield ChatGenerationChunk(message=token)
            if said.fails:
                raise RuntimeError(said.fails)
            if said.stalls:
                await anyio.sleep_forever()
        except BaseException as error:
            if not isinstance(error, RuntimeError):
                self.cancelled.append(said.text)
            raise
        finally:
            self.running.remove(said.text)

    def _tokens(self, said: Say, number: int) -> list[AIMessageChunk]:
        tokens = [AIMessageChunk([{"type": "reasoning", "reasoning": c, "index": 0}]) for c in said.reasoning]
        tokens += [AIMessageChunk([{"type": "text", "text": c, "index": 1}]) for c in said.text]
        if said.call is not None:
            name, arguments = said.call
            chunk = tool_call_chunk(name=name, args=arguments, id=f"call_{number}", index=2)
            tokens.append(AIMessageChunk("", tool_call_chunks=[chunk]))
        usage = {"input_tokens": 7, "output_tokens": len(tokens), "total_tokens": 7 + len(tokens)}
        return [*tokens, AIMessageChunk("", usage_metadata=usage, chunk_position="last")]


def last_text(messages: list[BaseMessage]) -> str:
    """What the user said last."""
    return next(message.text for message in reversed(messages) if isinstance(message, HumanMessage))


def by_word(**replies: Say) -> Callable[[list[BaseMessage]], Say]:
    """Replies by a word in what the user said last; `result` answers tools, `other` the rest."""

    def reply(messages: list[BaseMessage]) -> Say:
        if isinstance(messages[-1], ToolMessage):
            return replies["result"]
        said = last_text(messages)
        return next((answer for word, answer in replies.items() if word in said), replies.get("other", Say("好的。")))

    return reply
