"""Every kind of Runnable in the middle of a `RealtimeVoice`. In real time: some of them compute in threads."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph

from autoglm_agent.engine.scripted import Script, ScriptedEngine
from autoglm_agent.runtime import ComputeBridge
from autoglm_agent.runtime.host import open_host
from langchain_autoglm import RealtimeVoice
from tests.integrations.langchain.voice_fakes import Say, ScriptedModel
from tests.integrations.langchain.voice_host import heard, text, typed

pytestmark = pytest.mark.anyio


def chain(agent: ScriptedModel) -> Any:
    return ChatPromptTemplate.from_messages([("system", "简短。"), ("human", "{question}")]) | agent | StrOutputParser()


def with_history(agent: ScriptedModel) -> Any:
    return ChatPromptTemplate.from_messages([("placeholder", "{before}"), ("human", "{question}")]) | agent


def graph(agent: ScriptedModel) -> Any:
    async def answer(state: MessagesState) -> Any:
        return {"messages": [await agent.ainvoke(state["messages"])]}

    return StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()


def silent_router(agent: ScriptedModel) -> Any:
    router = ScriptedModel(reply=lambda messages: Say("ROUTE")).with_config(tags=["nostream"])

    async def answer(state: MessagesState) -> Any:
        await router.ainvoke(state["messages"])
        return {"messages": [await agent.ainvoke(state["messages"])]}

    return StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()


def canned(agent: ScriptedModel) -> Any:
    async def answer(state: MessagesState) -> Any:
        return {"messages": [("ai", "好的。")]}

    return StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()


AGENTS = [
    lambda agent: agent,
    chain,
    with_history,
    graph,
    silent_router,
    canned,
    lambda agent: create_agent(agent, []),
    lambda agent: create_agent(agent, []).with_config(tags=["bound"]),
    lambda agent: RunnableLambda(lambda messages: "好的。"),
    lambda agent: agent.with_config(tags=["bound"]) | RunnableLambda(lambda message: message.text),
]
NAMES = ["model", "chain", "history", "graph", "router", "canned", "agent", "bound", "lambda", "sequence"]


@pytest.mark.parametrize("make", AGENTS, ids=NAMES)
async def test_any_runnable_answers(make) -> None:
    agent = make(ScriptedModel(reply=lambda messages: Say("好的。")))
    async with open_host(bridge=ComputeBridge.local(ScriptedEngine(Script())), text_only=True) as host:
        voice = RealtimeVoice(agent, host=host)
        events = await heard(voice, typed("你好", "谢谢"))
    assert text(events) == "好的。好的。"
    assert [e.status for e in events if e.type == "turn_end"] == ["completed"] * 2
