"""Chat models that think in every way LangChain knows, and a log of what a handler is told."""

from collections import defaultdict

import anyio
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from langchain_autoglm import AsyncReasoningTraceHandler, ReasoningTraceHandler

THOUGHT = ["先看", "温度，", "再调空调。"]
ANSWER = "好的。"
GATE = {"text": 0.5, "image": 0.2, "speech": 0.3}
LATENCY_MS = {"prefill": 4.0, "first_token": 9.0}
USAGE = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12, "output_token_details": {"reasoning": 3}}
CALL = {"name": "set_ac", "args": {"degrees": 26}, "id": "call-1", "type": "tool_call"}
LAST = {"gate": GATE, "latency_ms": LATENCY_MS, "model_name": "thinker"}


class BrokenThoughtError(RuntimeError):
    """The provider failed in the middle."""


class Thinker(BaseChatModel):
    """Thinks, then calls the tool it was given, then thinks and answers. Gives everything at once: no streaming.

    `breaks_after` pieces of thought it fails, `stalls_after` it waits until it is cancelled.
    """

    provider: str = "thinker"
    streaming: bool | None = None
    breaks_after: int | None = None
    stalls_after: int | None = None

    @property
    def _llm_type(self):
        return "thinker"

    def bind_tools(self, tools, *, tool_choice=None, **kwargs):
        return self.bind(tools=tools, **kwargs)

    def _calls(self, messages, tools):
        return bool(tools) and not isinstance(messages[-1], ToolMessage)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        if self.breaks_after is not None:
            raise BrokenThoughtError
        blocks = [{"type": "reasoning", "reasoning": "".join(THOUGHT)}]
        calls = [_named(kwargs["tools"])] if self._calls(messages, kwargs.get("tools")) else []
        message = AIMessage(
            content=blocks if calls else [*blocks, {"type": "text", "text": ANSWER}],
            tool_calls=calls,
            usage_metadata=USAGE,
            response_metadata={"model_provider": self.provider, **LAST},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


class Blocks(Thinker):
    """Streams indexed v1 blocks, as our model does."""

    def thought(self, token):
        return {"content": [{"type": "reasoning", "reasoning": token, "index": 0}]}

    def _chunks(self, messages, tools):
        for number, token in enumerate(THOUGHT):
            if number == self.breaks_after:
                raise BrokenThoughtError
            yield self.thought(token)
        if self._calls(messages, tools):
            call = _named(tools)
            piece = {"name": call["name"], "args": '{"degrees": 26}', "id": call["id"], "index": 1}
            yield {"content": [], "tool_call_chunks": [{**piece, "type": "tool_call_chunk"}]}
        else:
            for character in ANSWER:
                yield {"content": [{"type": "text", "text": character, "index": 1}]}
        yield {"content": [], "usage_metadata": USAGE, "response_metadata": LAST, "chunk_position": "last"}

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for number, fields in enumerate(self._chunks(messages, kwargs.get("tools"))):
            metadata = fields.pop("response_metadata", {})
            provider = {"model_provider": self.provider} if number == 0 else {}
            yield ChatGenerationChunk(message=AIMessageChunk(**fields, response_metadata={**metadata, **provider}))

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        for number, chunk in enumerate(self._stream(messages, **kwargs)):
            await anyio.lowlevel.checkpoint()
            if number == self.stalls_after:
                await anyio.sleep_forever()
            yield chunk


class Beside(Blocks):
    """Streams its reasoning beside the content, as DeepSeek does."""

    provider: str = "deepseek"

    def thought(self, token):
        return {"content": "", "additional_kwargs": {"reasoning_content": token}}

    def _chunks(self, messages, tools):
        for fields in super()._chunks(messages, tools):
            content = fields["content"]
            text = "".join(block["text"] for block in content) if isinstance(content, list) else content
            yield {**fields, "content": text}


class ToldTwice(Blocks):
    """Calls the run manager itself, as many partner packages do: with v3 every token is told as chunk and event."""

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for chunk in super()._stream(messages, **kwargs):
            if run_manager:
                run_manager.on_llm_new_token(chunk.message.text, chunk=chunk)
            yield chunk

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        async for chunk in super()._astream(messages, **kwargs):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.message.text, chunk=chunk)
            yield chunk


class Native(Blocks):
    """Has v3 hooks of its own."""

    def _events(self, messages, tools):
        yield {"event": "message-start", "role": "ai", "id": f"message-{len(messages)}"}
        yield {"event": "content-block-start", "index": 0, "content": {"type": "reasoning", "reasoning": ""}}
        for number, token in enumerate(THOUGHT):
            if number == self.breaks_after:
                raise BrokenThoughtError
            yield _delta(0, {"type": "reasoning-delta", "reasoning": token})
        yield _finish(0, {"type": "reasoning", "reasoning": "".join(THOUGHT)})
        if self._calls(messages, tools):
            call = _named(tools)
            skeleton = {"type": "tool_call_chunk", "id": call["id"], "name": call["name"], "args": ""}
            yield {"event": "content-block-start", "index": 1, "content": skeleton}
            yield _delta(1, {"type": "tool-call-delta", "args": '{"degrees": 26}'})
            yield _finish(1, call)
        else:
            yield {"event": "content-block-start", "index": 1, "content": {"type": "text", "text": ""}}
            yield _delta(1, {"type": "text-delta", "text": ANSWER})
            yield _finish(1, {"type": "text", "text": ANSWER})
        yield {"event": "message-finish", "usage": USAGE, "metadata": LAST}

    def _stream_chat_model_events(self, messages, stop=None, run_manager=None, **kwargs):
        yield from self._events(messages, kwargs.get("tools"))

    async def _astream_chat_model_events(self, messages, stop=None, run_manager=None, **kwargs):
        thoughts = 0
        for event in self._events(messages, kwargs.get("tools")):
            await anyio.lowlevel.checkpoint()
            yield event
            thoughts += event["event"] == "content-block-delta"
            if thoughts == self.stalls_after:
                await anyio.sleep_forever()


def _named(tools):
    """A call of the first tool offered, whatever its name is."""
    tool = tools[0]
    name = tool["function"]["name"] if isinstance(tool, dict) else getattr(tool, "name", None) or tool.__name__
    return {**CALL, "name": name}


def _delta(index, delta):
    return {"event": "content-block-delta", "index": index, "delta": delta}


def _finish(index, content):
    return {"event": "content-block-finish", "index": index, "content": content}


class Log(ReasoningTraceHandler):
    """What each run was told, in order."""

    raise_error = True

    def __init__(self):
        self.told = defaultdict(list)
        self.two_pieces = anyio.Event()

    def on_reasoning_start(self, run_id):
        self.told[run_id].append("start")

    def on_reasoning_token(self, token, run_id):
        self.told[run_id].append(("token", token))
        if len(self.told[run_id]) == 3:
            self.two_pieces.set()

    def on_reasoning_end(self, text, run_id):
        self.told[run_id].append(("end", text))

    def on_turn_end(self, facts, run_id):
        self.told[run_id].append(facts)


class AsyncLog(AsyncReasoningTraceHandler):
    """The same from coroutines, which give way in the middle."""

    raise_error = True

    def __init__(self):
        self.told = defaultdict(list)
        self.two_pieces = anyio.Event()

    async def on_reasoning_start(self, run_id):
        await anyio.lowlevel.checkpoint()
        self.told[run_id].append("start")

    async def on_reasoning_token(self, token, run_id):
        await anyio.lowlevel.checkpoint()
        self.told[run_id].append(("token", token))
        if len(self.told[run_id]) == 3:
            self.two_pieces.set()

    async def on_reasoning_end(self, text, run_id):
        await anyio.lowlevel.checkpoint()
        self.told[run_id].append(("end", text))

    async def on_turn_end(self, facts, run_id):
        await anyio.lowlevel.checkpoint()
        self.told[run_id].append(facts)
