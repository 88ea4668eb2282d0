"""A LangChain agent as the brain of realtime sessions: `autoglm serve --agent`, and `RealtimeVoice`.

Its reasoning, words and tool steps become the session's; who interrupts it cancels it. A graph with a checkpointer
remembers by itself, in the thread named after the session; any other agent is given the conversation each time.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs

from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.config import SessionConfig
from autoglm_agent.protocol.items import Item
from autoglm_agent.runtime import Brain, BrainMaker, Pending, Question, Thought
from langchain_autoglm.agent_steps import AgentRun, Called, Reasoned, Returned, Said, Step
from langchain_autoglm.conversation import newest, to_messages
from langchain_autoglm.runnables import ToInput, core, input_of, last_words, remembers
from langchain_autoglm.thread_memory import ThreadMemory

logger = logging.getLogger(__name__)

MAX_MESSAGES = 64
"""Of a long conversation an agent that does not remember is given so many of the newest messages."""
MAX_CALL_ID_CHARS = 32
"""The longest id that realtime clients take."""
MAX_ERROR_CHARS = 500
"""Of an agent's error the client is told so much; all of it is in the log."""
INSTRUCTIONS_ID = "session-instructions"


class AgentBrain:
    """Makes the brains of sessions that one agent answers. Call it with a session's id.

    Args:
        agent: a compiled graph, a chain, a chat model: any Runnable that gives text or messages.
        to_input: from the conversation's messages to the agent's input, where its schema does not tell.
        config: for every run. `configurable.thread_id` is the session's id unless it is given here.
        max_messages: how many of the newest messages an agent without a memory of its own is given.

    Raises:
        TypeError: `agent` is no Runnable, or how it takes a conversation cannot be told.
    """

    def __init__(
        self,
        agent: Runnable[Any, Any],
        *,
        to_input: ToInput | None = None,
        config: RunnableConfig | None = None,
        max_messages: int = MAX_MESSAGES,
    ) -> None:
        if not isinstance(agent, Runnable):
            raise TypeError(_no_agent(agent))
        self.agent = agent
        self.to_input = to_input or input_of(agent)
        self.config = config
        self.max_messages = max_messages
        self.remembers = remembers(agent)

    def __call__(self, session_id: str) -> Brain:
        """The brain of one session."""
        return _SessionBrain(self, session_id)


def brain_of(agent: Any) -> BrainMaker:
    """What `--agent` names as a brain. Raises TypeError, with the remedy, for what is no agent."""
    return agent if isinstance(agent, AgentBrain) else AgentBrain(agent)


class _SessionBrain:
    """One session's turns, one at a time."""

    def __init__(self, maker: AgentBrain, session_id: str) -> None:
        self._maker = maker
        self._session_id = session_id
        self._memory = ThreadMemory()
        self._turn = anyio.Lock()  # an agent that was interrupted may still be cleaning up

    async def prefill(self, items: tuple[Item, ...], config: SessionConfig, pending: Pending) -> None:
        """Nothing: an agent may act, so it is not asked on trial."""

    async def answer(self, question: Question) -> AsyncGenerator[Thought, None]:
        """Run the agent; what it raises is told, and the session goes on."""
        async with self._turn:
            try:
                run = await self._prepare(question)
                async with aclosing(run.steps()) as steps:
                    async for step in steps:
                        yield _thought(question.response_id, step)
            except Exception as error:  # the boundary: whatever an agent does wrong costs this answer
                logger.exception("the agent failed in response %s", question.response_id)
                message = f"the agent failed with {type(error).__name__}: {error}"[:MAX_ERROR_CHARS]
                yield f.ErrorRaised(message=message, code="agent_failed")
                yield f.ResponseFinished(
                    response_id=question.response_id,
                    status="failed",
                    error_message=message,
                    error_code="agent_failed",
                )
                return
            tokens = run.tokens
            usage = f.ResponseUsage(input_tokens=tokens.input, cached_tokens=tokens.cached, output_tokens=tokens.output)
            yield f.ResponseFinished(response_id=question.response_id, usage=usage)

    async def _prepare(self, question: Question) -> AgentRun:
        maker, config = self._maker, self._config(question)
        if not (maker.remembers and question.in_band):
            messages = to_messages(newest(question.items, maker.max_messages))
            return AgentRun(maker.agent, maker.to_input(_instructed(question, messages)), config)
        state = await core(maker.agent).aget_state(config)
        messages = self._memory.turn(question.items, state.values.get("messages", ()))
        value = maker.to_input(_instructed(question, messages))
        if any(isinstance(asked.value, str) for asked in state.interrupts):
            value = _resumed(last_words(messages))
        run = AgentRun(maker.agent, value, config)
        self._memory.asked(question.items, run)
        return run

    def _config(self, question: Question) -> RunnableConfig:
        """Ours beneath, the caller's above. What is out of band has a thread to itself."""
        thread_id = self._session_id if question.in_band else f"{self._session_id}:{question.response_id}"
        ours = RunnableConfig(
            configurable={"thread_id": thread_id, "session_id": self._session_id},
            metadata={"session_id": self._session_id, "response_id": question.response_id},
        )
        config = merge_configs(ours, self._maker.config)
        if not question.in_band:
            config["configurable"]["thread_id"] = thread_id
        return config


def _instructed(question: Question, messages: list[BaseMessage]) -> list[BaseMessage]:
    """The client's instructions in front, if it gave some; by their id they stand once in a thread."""
    instructions = question.config.instructions
    return [SystemMessage(instructions, id=INSTRUCTIONS_ID), *messages] if instructions else messages


def _resumed(words: str) -> Any:
    """A graph that asked the user something goes on with the answer."""
    from langgraph.types import Command  # only who has a graph that asks gets here

    return Command(resume=words)


def _thought(response_id: str, step: Step) -> Thought:
    match step:
        case Reasoned(text=text):
            return f.ReasoningDelta(response_id=response_id, text=text)
        case Said(text=text):
            return f.TextDelta(response_id=response_id, text=text)
        case Called(call_id=call_id, name=name, arguments=arguments):
            call_id = call_id[-MAX_CALL_ID_CHARS:]
            return f.OwnToolCalled(response_id=response_id, call_id=call_id, name=name, arguments=arguments)
        case Returned(call_id=call_id, output=output):
            return f.OwnToolAnswered(response_id=response_id, call_id=call_id[-MAX_CALL_ID_CHARS:], output=output)


def _no_agent(found: Any) -> str:
    name = type(found).__name__
    if hasattr(found, "compile"):
        return f"it is a {name} that has not been compiled; name the result of its compile()"
    if callable(found):
        return f"it is of type {name}, not a Runnable; call it and name what it returns, or wrap it in RunnableLambda"
    return f"it is of type {name}, not a Runnable; name a compiled graph, a chain or a chat model"
