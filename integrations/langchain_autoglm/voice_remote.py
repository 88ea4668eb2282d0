"""A session on a server, with the agent on this side: the server hears and takes turns, the agent answers here.

For a `RealtimeVoice` over a `RealtimeClient`. The server is asked to make no responses of its own; a turn that it has
understood, or a message that the client wrote, is the agent's to answer, and speech that begins cancels the answer. The
agent's words are told as text and written into the server's conversation. They are not spoken, and the pictures that
the server sees stay there: an agent that is to have both is served by `autoglm serve --agent`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import anyio
from anyio.abc import TaskGroup

from autoglm_agent.client import RealtimeClient
from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.config import AUDIO_FORMATS, ResponseConfig
from autoglm_agent.protocol.items import (
    AudioContent,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
    TextContent,
)
from autoglm_agent.runtime import Brain, BrainMaker, Question, Thought
from langchain_autoglm.voice_events import (
    AgentChunk,
    Interrupted,
    ReasoningChunk,
    SpeechStarted,
    SttOutput,
    ToolCall,
    ToolResult,
    TurnEnded,
    VoiceError,
    VoiceEvent,
    voice_events,
)
from langchain_autoglm.voice_settings import refusal

Give = Callable[[VoiceEvent], Awaitable[None]]

SETTINGS: dict[str, Any] = {
    "output_modalities": ["text"],
    "audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": False}}},
}
"""The server listens and does not answer."""
MAX_ITEMS = 256
"""Of the conversation so many items are kept here; an agent is given fewer."""


@dataclass(slots=True, eq=False)
class _Answer:
    """The answer that is being made."""

    response_id: str
    words: str = ""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class RemoteTalk:
    """One session: its conversation as this side knows it, and the answer that is being made."""

    def __init__(self, client: RealtimeClient, make_brain: BrainMaker, give: Give, *, instructions: str = "") -> None:
        self._client = client
        self._make_brain = make_brain
        self._give = give
        self._config = _response_config(instructions)
        self._brain: Brain | None = None
        self._session_id = ""
        self._items: list[Item] = []
        self._numbers = count(1)
        self._answer: _Answer | None = None

    async def run(self) -> None:
        """Until the client's session is closed and the last answer is made.

        Raises:
            InputError: the server does not take the settings.
        """
        refused = None
        async with anyio.create_task_group() as tasks:
            async for event in self._client:
                if (refused := refusal(event)) is not None:
                    tasks.cancel_scope.cancel()
                    break
                await self._heed(event, tasks)
        if refused is not None:  # not within: the task group would wrap it
            raise refused

    async def _heed(self, event: Mapping[str, Any], tasks: TaskGroup) -> None:
        if self._brain is None and event["type"] in ("session.created", "session.updated"):
            self._session_id = event["session"]["id"]
            self._brain = self._make_brain(self._session_id)
        for told in voice_events(event):
            await self._give(told)
            if isinstance(told, SpeechStarted):
                await self._interrupt("turn_detected")
            elif isinstance(told, SttOutput):
                content = AudioContent(transcript=told.text)
                await self._begin(MessageItem(id=told.item_id, role="user", content=(content,)), tasks)
        if (written := _written(event)) is not None:
            await self._begin(written, tasks)

    # --- Answers -----------------------------------------------------------------------------------------------------

    async def _begin(self, item: MessageItem, tasks: TaskGroup) -> None:
        await self._interrupt("client_cancelled")
        self._remember(item)
        if self._brain is not None:
            self._answer = _Answer(f"answer_{next(self._numbers)}")
            tasks.start_soon(self._run, self._brain, self._answer)

    async def _interrupt(self, reason: str) -> None:
        answer = self._answer
        if answer is None:
            return
        answer.scope.cancel()
        await self._settle(answer)
        await self._give(Interrupted(response_id=answer.response_id, reason=reason))
        await self._give(TurnEnded(response_id=answer.response_id, status="cancelled"))

    async def _settle(self, answer: _Answer) -> None:
        """No more of the answer will be told: what was told is part of the conversation, here and on the server."""
        self._answer = None
        if not answer.words:
            return
        self._remember(MessageItem(id=self._item_id(), role="assistant", content=(TextContent(text=answer.words),)))
        content = [{"type": "output_text", "text": answer.words}]
        item = {"type": "message", "role": "assistant", "content": content}
        await self._client.send("conversation.item.create", item=item)

    async def _run(self, brain: Brain, answer: _Answer) -> None:
        question = Question(
            session_id=self._session_id, response_id=answer.response_id, items=tuple(self._items), config=self._config
        )
        with answer.scope:
            async with aclosing(brain.answer(question)) as thoughts:
                async for thought in thoughts:
                    if isinstance(thought, f.ResponseFinished):
                        await self._settle(answer)
                    elif isinstance(thought, f.TextDelta):
                        answer.words += thought.text
                    self._note(thought)
                    if (told := _told(thought)) is not None:
                        await self._give(told)

    def _note(self, thought: Thought) -> None:
        """Tool steps are part of the conversation."""
        match thought:
            case f.OwnToolCalled(call_id=call_id, name=name, arguments=arguments):
                self._remember(FunctionCallItem(id=self._item_id(), call_id=call_id, name=name, arguments=arguments))
            case f.OwnToolAnswered(call_id=call_id, output=output):
                self._remember(FunctionCallOutputItem(id=self._item_id(), call_id=call_id, output=output))
            case _:
                pass

    def _remember(self, item: Item) -> None:
        self._items.append(item)
        del self._items[:-MAX_ITEMS]

    def _item_id(self) -> str:
        return f"{self._session_id}:{next(self._numbers)}"


def _written(event: Mapping[str, Any]) -> MessageItem | None:
    """A message that the client wrote itself."""
    item = event.get("item") or {}
    if event["type"] != "conversation.item.done" or item.get("role") != "user":
        return None
    texts = [part["text"] for part in item["content"] if part["type"] == "input_text"]
    content = tuple(TextContent(text=text) for text in texts)
    return MessageItem(id=item["id"], role="user", content=content) if content else None


def _told(thought: Thought) -> VoiceEvent | None:
    match thought:
        case f.ReasoningDelta(response_id=response_id, text=text):
            return ReasoningChunk(response_id=response_id, text=text)
        case f.TextDelta(response_id=response_id, text=text):
            return AgentChunk(response_id=response_id, text=text)
        case f.OwnToolCalled(call_id=call_id, name=name, arguments=arguments):
            return ToolCall(call_id=call_id, name=name, arguments=arguments)
        case f.OwnToolAnswered(call_id=call_id, output=output):
            return ToolResult(call_id=call_id, output=output)
        case f.ErrorRaised(message=message, code=code):
            return VoiceError(message=message, code=code)
        case f.ResponseFinished(response_id=response_id, status=status):
            return TurnEnded(response_id=response_id, status=status)
        case _:
            return None


def _response_config(instructions: str) -> ResponseConfig:
    return ResponseConfig(
        instructions=instructions,
        modality="text",
        tools=(),
        tool_choice="auto",
        parallel_tool_calls=True,
        max_output_tokens=None,
        reasoning_effort=None,
        enable_thinking=True,
        output_format=AUDIO_FORMATS["audio/pcm"],
        voice="",
        speed=1.0,
    )
