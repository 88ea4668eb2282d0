"""The conversation in an agent's own thread: told of what is new, and mended to what was heard.

A graph with a checkpointer keeps its messages itself, but knows nothing of interruptions: an answer cut off while it
was made is missing from its thread, one cut off while it was spoken stands there whole, and a call may stand there
without a result. So each turn brings, beside the user's words, what makes the thread true. It works through the
`add_messages` reducer: a message with a known id replaces the one there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, RemoveMessage, ToolMessage

from autoglm_agent.protocol.items import Item, MessageItem
from langchain_autoglm.agent_steps import AgentRun, Spoken
from langchain_autoglm.conversation import INTERRUPTED, text_of, to_messages, without_pictures


class ThreadMemory:
    """What of one session its thread has been told already."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._asked: set[str] = set()
        self._run: AgentRun | None = None

    def turn(self, items: Sequence[Item], thread: Sequence[BaseMessage]) -> list[BaseMessage]:
        """The messages to go on with, given the session's items and what the thread holds."""
        spoken = self._settle_last_run()
        fresh = [item for item in items if item.id not in self._told]
        mended = [*_faded(thread), *_settled(thread)]
        if not self._told:  # the beginning: whatever the client put into the conversation first
            return [*mended, *to_messages(fresh)]
        ours = [item for item in fresh if not (isinstance(item, MessageItem) and item.role in ("user", "system"))]
        heard = "".join(text_of(item) for item in ours if isinstance(item, MessageItem))
        theirs = [item for item in fresh if isinstance(item, MessageItem) and item.role in ("user", "system")]
        return [*mended, *_heard(spoken, heard, thread), *to_messages(theirs)]

    def asked(self, items: Iterable[Item], run: AgentRun) -> None:
        """A run is about to begin with these. Whether they reached the thread is seen at the next turn."""
        self._asked, self._run = {item.id for item in items}, run

    def _settle_last_run(self) -> list[Spoken]:
        """What the last run said. One that was cancelled before its first step has not even listened."""
        if self._run is None or not self._run.has_begun:
            return []
        self._told = self._asked
        return [message for message in self._run.spoken if message.text]


def _faded(thread: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Pictures of earlier turns go: each would be read again with every turn."""
    seen = [message for message in thread if isinstance(message, HumanMessage) and not isinstance(message.content, str)]
    faded = [without_pictures(message) for message in seen if any("image" in b["type"] for b in message.content_blocks)]
    return [message for message in faded if message.id is not None]


def _settled(thread: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Results for calls that were left open."""
    answered = {message.tool_call_id for message in thread if isinstance(message, ToolMessage)}
    last = next((message for message in reversed(thread) if isinstance(message, AIMessage)), None)
    return [
        ToolMessage(INTERRUPTED, tool_call_id=call["id"] or "", name=call["name"], status="error")
        for call in (last.tool_calls if last is not None else ())
        if call["id"] not in answered
    ]


def _heard(spoken: Sequence[Spoken], heard: str, thread: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Cut what was said to what was heard. Blanks do not count: a voice says none."""
    known = {message.id: message for message in thread if isinstance(message, AIMessage) and message.id}
    left = len("".join(heard.split()))
    mended: list[BaseMessage] = []
    for said in spoken:
        whole = len("".join(said.text.split()))
        words = _first(said.text, left)
        left = max(0, left - whole)
        there = known.get(said.message_id or "")
        if there is None and words:
            mended.append(AIMessage(words))
        elif there is not None and len("".join(words.split())) < whole:
            mended.append(_cut(there, words))
    return mended


def _cut(message: AIMessage, words: str) -> BaseMessage:
    if not words and not message.tool_calls:
        return RemoveMessage(id=str(message.id))
    return AIMessage(words, id=message.id, tool_calls=message.tool_calls)


def _first(text: str, count: int) -> str:
    """As much of a text as has `count` characters that are no blanks."""
    for index, character in enumerate(text):
        if not character.isspace():
            if not count:
                return text[:index].rstrip()
            count -= 1
    return text
