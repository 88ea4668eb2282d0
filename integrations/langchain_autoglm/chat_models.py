"""`ChatAutoGLM`: our models as a LangChain chat model, in this process or behind a server.

Its public face and nothing more: messages become a request in `messages`, a way to the model is a transport, deltas
become chunks in `chunks` and events in `events`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils import secret_from_env
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, InstanceOf, SecretStr, field_validator, model_validator

from autoglm_agent.runtime import ChatEngine, EngineSpec
from langchain_autoglm import parameters, structured
from langchain_autoglm.chunks import PROVIDER, ChunkMaker, to_result
from langchain_autoglm.events import Event, EventMaker
from langchain_autoglm.local import LocalTransport
from langchain_autoglm.messages import to_chat_messages
from langchain_autoglm.profile import profile_of
from langchain_autoglm.remote import RemoteTransport
from langchain_autoglm.transports import Patience, Request, Transport, astream, stream

Tool = dict[str, Any] | type | Callable[..., Any] | BaseTool
#: What `repr` tells beside model and address, where it was set.
SHOWN = ("device", "dtype", "temperature", "top_p", "max_tokens", "stop", "seed", "reasoning", "reasoning_effort")


class ChatAutoGLM(BaseChatModel):
    """AutoGLM as a chat model: text, pictures, sound and frames in; reasoning, text and tool calls out.

    In this process (`model="nano"`, a checkpoint's folder, a hub id), loaded by the first request and shared by all
    who name the same model; or with `base_url` on a server of ours. Reasoning comes as blocks of its own and is never
    in the text. The last chunk's `response_metadata` tells `model_provider`, `model_name`, `finish_reason`, the `gate`
    over text, image and speech if the model has one, and `latency_ms` by stage.
    """

    # What was given is not shown in errors: it may be the key.
    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True, hide_input_in_errors=True)

    model: str = Field(default="nano", alias="model_name")
    """`nano`, a checkpoint's folder or a hub id; with `base_url` a name that server knows."""
    base_url: str | None = None
    """A server's address, with or without `/v1`. None: in this process."""
    api_key: SecretStr | None = Field(default_factory=secret_from_env("AUTOGLM_API_KEY", default=None))
    """The server's key; from AUTOGLM_API_KEY unless given."""
    device: str = "auto"
    """In process: `auto`, `cpu`, `cuda`, `cuda:1`, …"""
    dtype: str = "auto"
    """In process: `auto`, `float32`, `bfloat16`, `float16` or `int8`."""
    engine: InstanceOf[EngineSpec] | None = None
    """In process, what else the engine is to be: threads, or a script in place of a model. Model, device and dtype
    are this class's."""
    temperature: float | None = None
    """0, the default, always takes the likeliest token."""
    top_p: float | None = None
    max_tokens: int | None = None
    """Of the answer, reasoning included."""
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """The answer ends before the first of these texts; one may stand alone."""
    seed: int | None = None
    """Makes sampling repeatable."""
    reasoning: bool | None = None
    """Think before answering. None: as the model does by itself. Also a keyword of every call."""
    reasoning_effort: str | None = None
    """`none`, `minimal`, `low`, `medium` or `high`: the budget of the trace."""
    timeout: float | None = None
    """Seconds without a new token after which a call fails with `AutoGLMTimeoutError`; loading a model aside."""
    max_retries: int = 2
    """How often a call that failed before its first token is tried again, when that may help."""
    streaming: bool = False
    """Also stream where `invoke` is called, for callbacks."""
    fetch_urls: bool = True
    """Fetch media that messages name by address (http, https, file). Turn it off for messages of strangers."""
    default_headers: dict[str, str] | None = None
    """Sent with every request to `base_url`."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, given: Any) -> Any:
        """LangChain's classes ignore what they do not know, and so every misspelt name."""
        if isinstance(given, dict) and cls.model_config.get("extra") != "allow":
            aliases = [field.alias for field in cls.model_fields.values() if field.alias]
            own = [name for name in cls.model_fields if name not in BaseChatModel.model_fields]
            parameters.refuse_unknown(given, [*cls.model_fields, *aliases], own)
        return given

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop(cls, stop: Any) -> Any:
        return [stop] if isinstance(stop, str) else stop

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Which model, where, and what was set; no key, no headers, no profile."""
        yield "model", self.model
        if self.base_url:
            yield "base_url", re.sub(r"//[^/@]*@", "//", self.base_url)
        for name in SHOWN:
            value = getattr(self, name)
            if value != type(self).model_fields[name].default:
                yield name, value

    # --- What LangChain asks a model about itself --------------------------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "autoglm-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """All that changes what is answered: it is the key under which answers are cached."""
        names = ("temperature", "top_p", "max_tokens", "seed", "reasoning", "reasoning_effort")
        where = {"base_url": self.base_url} if self.base_url else {"device": self.device, "dtype": self.dtype}
        engine = {"engine": repr(self.engine)} if self.engine is not None and not self.base_url else {}
        said = {name: getattr(self, name) for name in names}
        return {"model": self.model, **where, **engine, **said, "stop_sequences": self.stop}  # `stop` is the call's

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        said = {parameters.ALIASES.get(name, name): value for name, value in kwargs.items()}
        params = super()._get_ls_params(**{"stop": self.stop, **said, **({"stop": stop} if stop else {})})
        params["ls_provider"] = PROVIDER
        return params

    def _resolve_model_profile(self) -> ModelProfile | None:
        return profile_of(self.model)

    def get_token_ids(self, text: str) -> list[int]:
        """The tokens of a text, by the model's own tokenizer: for `get_num_tokens` and `trim_messages`."""
        if self.custom_get_token_ids is not None:
            return self.custom_get_token_ids(text)
        from langchain_autoglm.tokens import token_ids  # who does not count does not wait for the import

        return token_ids(self.model, text)

    # --- Answering ---------------------------------------------------------------------------------------------------

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        transport, request, patience = self._plan(messages, stop, kwargs)
        with closing(stream(transport, request, patience, fetch_urls=self.fetch_urls)) as deltas:
            return to_result(deltas)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        transport, request, patience = self._plan(messages, stop, kwargs)
        async with aclosing(astream(transport, request, patience, fetch_urls=self.fetch_urls)) as deltas:
            return to_result([delta async for delta in deltas])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        transport, request, patience = self._plan(messages, stop, kwargs)
        maker = ChunkMaker()
        with closing(stream(transport, request, patience, fetch_urls=self.fetch_urls)) as deltas:
            for delta in deltas:
                chunk = maker.chunk(delta)
                if run_manager is not None:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        transport, request, patience = self._plan(messages, stop, kwargs)
        maker = ChunkMaker()
        async with aclosing(astream(transport, request, patience, fetch_urls=self.fetch_urls)) as deltas:
            async for delta in deltas:
                chunk = maker.chunk(delta)
                if run_manager is not None:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _stream_chat_model_events(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[Event]:
        """Stream events of version 3, found by LangChain under this name; it dispatches them to callbacks itself."""
        transport, request, patience = self._plan(messages, stop, kwargs)
        maker = EventMaker(request["model"])
        with closing(stream(transport, request, patience, fetch_urls=self.fetch_urls)) as deltas:
            for delta in deltas:
                yield from maker.events(delta)

    async def _astream_chat_model_events(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Event]:
        """As `_stream_chat_model_events`."""
        transport, request, patience = self._plan(messages, stop, kwargs)
        maker = EventMaker(request["model"])
        async with aclosing(astream(transport, request, patience, fetch_urls=self.fetch_urls)) as deltas:
            async for delta in deltas:
                for event in maker.events(delta):
                    yield event

    def _plan(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> tuple[Transport, Request, Patience]:
        """Where to send what, and how long to wait for it."""
        request = self._request(messages, stop, kwargs)
        patience = Patience(
            timeout_s=kwargs.get("timeout", self.timeout), max_retries=kwargs.get("max_retries", self.max_retries)
        )
        if self.base_url:
            key = self.api_key.get_secret_value() if self.api_key else None
            return RemoteTransport(self.base_url, key, self.default_headers), request, patience
        return LocalTransport(self._spec(request["model"])), request, patience

    def local_engine(self, model: str | None = None) -> ChatEngine:
        """The engine in this process that answers, shared by all who name the same: for its metrics, or to close it.

        Raises:
            ValueError: the model is behind a server.
        """
        if self.base_url:
            raise ValueError(f"the model answers at {self.base_url}; there is no engine of it in this process.")
        return LocalTransport(self._spec(model or self.model)).engine

    def _spec(self, model: str) -> EngineSpec:
        return replace(self.engine or EngineSpec(), model=model, device=self.device, dtype=self.dtype)

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> Request:
        """The body of a chat completion; a call's keywords go before the model's own."""
        said = parameters.of_a_call(kwargs, type(self).model_fields, is_remote=bool(self.base_url))
        if stop:
            said["stop"] = [stop] if isinstance(stop, str) else stop
        request: Request = {
            "model": self.model,
            "messages": to_chat_messages(messages),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "stop": self.stop,
            "seed": self.seed,
            "enable_thinking": kwargs.get("reasoning", self.reasoning),
            "reasoning_effort": self.reasoning_effort,
            **{name: value for name, value in said.items() if name not in parameters.OURS},
        }
        if request.get("response_format") is not None:
            request["response_format"] = structured.response_format(request["response_format"])
        return {name: value for name, value in request.items() if name == "messages" or value not in (None, [])}

    # --- Tools and structure -----------------------------------------------------------------------------------------

    def bind_tools(
        self,
        tools: Sequence[Tool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call `tools`.

        `tool_choice`: `auto`, `none`, `any` or `required` or True (at least one call), or a tool's name.
        """
        offered = [convert_to_openai_tool(tool) for tool in tools]
        choice = _choice(tool_choice, offered)
        return self.bind(tools=offered, **({"tool_choice": choice} if choice is not None else {}), **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        method: structured.Method = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Answer by a schema: a pydantic class gives instances; a TypedDict, a JSON schema and a function give dicts.

        `json_schema` binds the answer by a grammar in the engine, `function_calling` makes the schema a tool that must
        be called, `json_mode` gives any JSON object: then say in the prompt which. With `include_raw` a dict of `raw`,
        `parsed` and `parsing_error`.

        Raises:
            ValueError: an unknown method.
        """
        if method not in structured.METHODS:
            raise ValueError(f"method {method!r} is unknown; use one of {', '.join(structured.METHODS)}.")
        schema = structured.named(schema)
        more = {**structured.bound(schema, method, strict=strict), **kwargs}
        model: Runnable[LanguageModelInput, Any]
        if method == "function_calling":
            model = self.bind_tools([schema], tool_choice=structured.tool_name(schema), **more)
        else:
            model = self.bind(**more)
        reader = structured.parser(schema, method)
        return structured.with_raw(model, reader) if include_raw else model | reader


def _choice(choice: dict[str, Any] | str | bool | None, offered: Sequence[dict[str, Any]]) -> Any:
    """Tool choice as a request spells it. Raises ValueError for the name of a tool that is not offered."""
    if choice is None or isinstance(choice, dict) or choice in ("auto", "none", "required"):
        return choice
    if isinstance(choice, bool):
        return "required" if choice else None
    if choice == "any":
        return "required"
    names = [tool["function"]["name"] for tool in offered]
    if choice not in names:
        raise ValueError(f"tool_choice {choice!r} is none of the tools: {', '.join(names)}.")
    return {"type": "function", "function": {"name": choice}}
