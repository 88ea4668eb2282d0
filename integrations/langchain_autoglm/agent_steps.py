"""What an agent does in one run, as steps: reasons, says, calls a tool, gets its result. For any LangChain Runnable.

Both directions use it: `RealtimeVoice`, and the realtime server's `--agent`. A compiled graph says what its chat models
stream, wherever in the graph they are; of another chain its own output is the answer, and models inside it are not
heard. What happens inside a tool, and what is tagged `nostream`, stays silent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_autoglm.agent_output import as_json, blocks, messages_in
from langchain_autoglm.hosted import hosted
from langchain_autoglm.runnables import is_graph
from langchain_autoglm.thinking import ThinkSplitter

SILENT_TAGS = frozenset({"nostream", "langsmith:nostream"})
"""LangGraph's own marks for models whose words are not for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """The trace grew."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The answer grew."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool was called. `arguments` is a JSON object as text."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A tool returned, or `failed`."""

    call_id: str
    name: str
    output: str
    failed: bool = False


Step = Reasoned | Said | Called | Returned


@dataclass(slots=True, kw_only=True)
class Spoken:
    """The words of one message of the run. `message_id` is known once the message is whole."""

    run_id: str
    text: str = ""
    message_id: str | None = None
    splitter: ThinkSplitter = field(default_factory=ThinkSplitter)
    is_streamed: bool = False


@dataclass(slots=True)
class Tokens:
    """What the models of one run counted."""

    input: int = 0
    cached: int = 0
    output: int = 0


class AgentRun:
    """One run of an agent. Read `steps` to its end, or close it to cancel the agent."""

    def __init__(self, agent: Runnable[Any, Any], value: Any, config: RunnableConfig) -> None:
        self.spoken: list[Spoken] = []
        """The messages that have said something, in order."""
        self.tokens = Tokens()
        self.has_begun = False
        """Whether a part of the agent has started, so that a graph has its input in its thread."""
        self._agent, self._value, self._config = agent, value, config
        self._is_graph = is_graph(agent)
        self._root: str | None = None
        self._tools: dict[str, str] = {}
        self._calls: dict[str, str] = {}
        self._started: set[str] = set()

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Run. Raises what the agent raises."""

        async def work(give: Callable[[Step], Awaitable[None]]) -> None:
            async with aclosing(self._events()) as events:
                async for event in events:
                    for step in self._read(event):
                        await give(step)

        async with aclosing(hosted(work)) as steps:
            async for step in steps:
                yield step

    async def _events(self) -> AsyncGenerator[Any, None]:
        stream = self._agent.astream_events(self._value, self._config, version="v2")
        try:
            async for event in stream:
                yield event
        finally:
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator, declared as an iterator

    # --- Events ------------------------------------------------------------------------------------------------------

    def _read(self, event: Any) -> Iterator[Step]:
        kind, run_id = event["event"], event["run_id"]
        if self._root is None:
            self._root = run_id
        is_root = run_id == self._root
        self.has_begun = self.has_begun or not is_root
        if any(parent in self._tools for parent in event["parent_ids"]) or SILENT_TAGS & set(event["tags"]):
            return
        match kind:
            case "on_chat_model_stream" | "on_llm_stream":
                yield from self._words(run_id, event["data"]["chunk"], heard=self._is_graph or is_root)
            case "on_chat_model_end":
                yield from self._message(run_id, event["data"]["output"], heard=self._is_graph or is_root)
            case "on_tool_start":
                yield from self._tool_started(event)
            case "on_tool_end" | "on_tool_error":
                yield from self._tool_ended(event)
            case _ if is_root and kind.endswith("_stream") and not self._is_graph:
                yield from self._words(run_id, event["data"]["chunk"], heard=True, traced=False)
            case _ if is_root and kind.endswith("_stream"):
                yield from self._question(event["data"]["chunk"])
            case _ if is_root and kind.endswith("_end"):
                yield from self._ended(event["data"].get("output"))

    def _words(self, run_id: str, chunk: Any, *, heard: bool, traced: bool = True) -> Iterator[Step]:
        """Words of a model, or of the chain's own output. `traced` False: its reasoning was told with the model's."""
        for kind, text in blocks(chunk):
            spoken = self._speaker(run_id)
            spoken.is_streamed = True
            pieces = [("reasoning", text)] if kind == "reasoning" else spoken.splitter.feed(text)
            yield from self._tell(spoken, pieces, heard=heard, traced=traced)

    def _tell(self, spoken: Spoken, pieces: list[Any], *, heard: bool, traced: bool) -> Iterator[Step]:
        for kind, text in pieces:
            if kind == "reasoning" and traced:
                yield Reasoned(text=text)
            elif kind == "text" and heard:
                if not spoken.text and any(before.text for before in self.spoken if before is not spoken):
                    yield Said(text="\n")  # another message: it does not go on in the middle of a sentence
                spoken.text += text
                yield Said(text=text)

    def _speaker(self, run_id: str) -> Spoken:
        for spoken in self.spoken:
            if spoken.run_id == run_id:
                return spoken
        self.spoken.append(Spoken(run_id=run_id))
        return self.spoken[-1]

    def _message(self, run_id: str, message: Any, *, heard: bool) -> Iterator[Step]:
        """A model's message is whole: its calls, its tokens, and its words if they did not come in a stream."""
        if not isinstance(message, AIMessage):
            return
        spoken = self._speaker(run_id)
        if not spoken.is_streamed:
            yield from self._words(run_id, message, heard=heard)
        yield from self._tell(spoken, spoken.splitter.flush(), heard=heard, traced=True)
        spoken.message_id = message.id
        if message.usage_metadata is not None:
            self.tokens.input += message.usage_metadata["input_tokens"]
            self.tokens.output += message.usage_metadata["output_tokens"]
            self.tokens.cached += message.usage_metadata.get("input_token_details", {}).get("cache_read", 0)
        for call in message.tool_calls:
            call_id = call["id"] or f"{run_id}-{call['name']}"
            if call_id not in self._calls:
                self._calls[call_id] = call["name"]
                yield Called(call_id=call_id, name=call["name"], arguments=as_json(call["args"]))

    # --- Tools -------------------------------------------------------------------------------------------------------

    def _tool_started(self, event: Any) -> Iterator[Step]:
        """A tool runs; one that no model called, but the chain itself, is told of now."""
        run_id, name = event["run_id"], event["name"]
        waiting = (call for call, known in self._calls.items() if known == name and call not in self._started)
        call_id = next(waiting, None)
        if call_id is None:
            call_id = run_id
            self._calls[call_id] = name
            yield Called(call_id=call_id, name=name, arguments=as_json(event["data"].get("input") or {}))
        self._started.add(call_id)
        self._tools[run_id] = call_id

    def _tool_ended(self, event: Any) -> Iterator[Step]:
        data = event["data"]
        call_id = data.get("tool_call_id") or self._tools.get(event["run_id"], event["run_id"])
        if event["event"] == "on_tool_error":
            error = data["error"]
            if type(error).__name__ in ("GraphInterrupt", "GraphBubbleUp", "ParentCommand"):
                return  # LangGraph's control flow, not a failure
            yield from self._return(call_id, f"{type(error).__name__}: {error}", failed=True)
            return
        output = data.get("output")
        messages = [message for message in messages_in(output) if isinstance(message, ToolMessage)]
        for message in messages:
            yield from self._return(message.tool_call_id, message.text, failed=message.status == "error")
        if not messages:
            yield from self._return(call_id, output if isinstance(output, str) else as_json(output))

    def _return(self, call_id: str, output: str, *, failed: bool = False) -> Iterator[Step]:
        name = self._calls.pop(call_id, None)
        if name is not None:
            yield Returned(call_id=call_id, name=name, output=output, failed=failed)

    def _question(self, chunk: Any) -> Iterator[Step]:
        """A graph that interrupts itself with a text asks the user, who answers in the next turn."""
        for asked in chunk.get("__interrupt__", ()) if isinstance(chunk, dict) else ():
            if isinstance(asked.value, str):
                yield from self._tell(self._speaker("question"), [("text", asked.value)], heard=True, traced=True)

    # --- The end -----------------------------------------------------------------------------------------------------

    def _ended(self, output: Any) -> Iterator[Step]:
        """What only the result tells: tools answered without being run, words that no model streamed."""
        for spoken in self.spoken:
            yield from self._tell(spoken, spoken.splitter.flush(), heard=True, traced=True)
        messages = messages_in(output)
        for message in messages:
            if isinstance(message, ToolMessage):
                yield from self._return(message.tool_call_id, message.text, failed=message.status == "error")
        last = messages[-1] if messages else output
        if isinstance(last, BaseMessage) and not isinstance(last, AIMessage):
            return
        text = "".join(piece for kind, piece in blocks(last) if kind == "text")
        known = {spoken.message_id for spoken in self.spoken} - {None}
        if not text or getattr(last, "id", None) in known or any(spoken.text == text for spoken in self.spoken):
            return
        if not self._is_graph and any(spoken.text for spoken in self.spoken):
            return
        said = Spoken(run_id="result", message_id=getattr(last, "id", None))
        yield from self._tell(said, [("text", text)], heard=True, traced=True)
        self.spoken.append(said)
