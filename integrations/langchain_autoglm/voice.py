"""`RealtimeVoice`: a live session with an agent in the middle, as one LangChain Runnable.

The session is **one** input item, not a stream of inputs: LangChain keeps every input of a stream until it ends, and an
hour of sound is not to be kept. Ears, eyes, turn taking and voice are those of the runtime; the agent is its brain.

Use:
    voice = RealtimeVoice(create_agent(model, tools, checkpointer=InMemorySaver()))
    async for event in voice.astream(microphone()):
        match event.type:
            case "tts_chunk": loudspeaker.play(event.audio)
            case "speech_started": loudspeaker.stop()
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
from langchain_core.callbacks import AsyncCallbackManagerForChainRun
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig

from autoglm_agent.client import RealtimeClient
from autoglm_agent.runtime import EngineSpec
from autoglm_agent.runtime.host import SessionHost, SessionSocket, open_host
from langchain_autoglm.brain import MAX_MESSAGES, AgentBrain
from langchain_autoglm.hosted import hosted
from langchain_autoglm.runnables import ToInput
from langchain_autoglm.voice_events import OPTIONAL_EVENTS, AgentChunk, SttOutput, TurnEnded, VoiceEvent, voice_events
from langchain_autoglm.voice_input import Feeder, LiveSession
from langchain_autoglm.voice_remote import SETTINGS, RemoteTalk
from langchain_autoglm.voice_settings import ask_for, refusal, wrong_voice

Give = Callable[[VoiceEvent], Awaitable[None]]
Session = LiveSession | RealtimeClient
"""One input item of a `RealtimeVoice`."""

OUR_SETTINGS = {
    "audio": {"input": {"transcription": {"model": "nano"}}},
    "autoglm": {"events": OPTIONAL_EVENTS},
}
"""Beneath the caller's: transcripts, and all there is to tell."""
INPUT_RATE_HZ = 16_000
"""Of the sound in a live session, unless said otherwise: what most speech recognition takes."""


class RealtimeVoice(Runnable[Session, VoiceEvent]):
    """Hears, sees and speaks for an agent. `astream(session)` yields `VoiceEvent`s until the session ends.

    A session is an async iterable of sound, frames and messages (`voice_input`), or an open `RealtimeClient`: then the
    client's server listens, while the agent runs here and answers in text (`voice_remote`).

    New speech cancels the agent's run, and the agent remembers what was heard. A graph with a checkpointer gets the
    session's id as its `thread_id`, unless the config brings one. Callbacks of the config see the agent's runs as
    children of this one's.

    Args:
        agent: a compiled graph, a chain, a chat model: any Runnable that gives text or messages.
        host: the engine, ears and voice to use, from `open_host`; several voices may share it. Without, each `astream`
            loads its own, which takes about a second.
        spec: the engine to load where there is no `host`; nano by default.
        settings: what `session.update` of the Realtime protocol takes: turn detection, voice, instructions, ….
        sample_rate_hz: of the sound in the session.
        to_input: from the conversation's messages to the agent's input, where its schema does not tell.
        max_messages: how many of the newest messages an agent without a memory of its own is given.

    Raises:
        TypeError: `agent` is no Runnable, or how it takes a conversation cannot be told.
    """

    def __init__(
        self,
        agent: Runnable[Any, Any],
        *,
        host: SessionHost | None = None,
        spec: EngineSpec | None = None,
        settings: Mapping[str, Any] | None = None,
        sample_rate_hz: int = INPUT_RATE_HZ,
        to_input: ToInput | None = None,
        max_messages: int = MAX_MESSAGES,
    ) -> None:
        AgentBrain(agent, to_input=to_input)  # an agent that cannot be used is told of here
        self.agent = agent
        self.host = host
        self.spec = spec
        self.settings = dict(settings or {})
        self.sample_rate_hz = sample_rate_hz
        self.to_input = to_input
        self.max_messages = max_messages

    # --- As a Runnable -----------------------------------------------------------------------------------------------

    async def astream(
        self, input: Session, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncGenerator[VoiceEvent, None]:
        """Run one live session. Close the generator to hang up.

        Raises:
            TypeError: `input` is no session, or what it gives is neither sound, picture nor text.
            InputError: the session does not take the `settings`.
        """

        async def one() -> AsyncIterator[Session]:
            yield input

        async with aclosing(self.atransform(one(), config, **kwargs)) as events:
            async for event in events:
                yield event

    async def atransform(
        self, input: AsyncIterator[Session], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncGenerator[VoiceEvent, None]:
        """Run live sessions, one after the other."""
        stream = self._atransform_stream_with_config(input, self._converse, config, **kwargs)
        try:
            async for event in stream:
                yield event
        finally:
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator, declared as an iterator

    async def ainvoke(self, input: Session, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run one live session to its end; what both sides said, as messages."""
        messages: list[BaseMessage] = []
        words = ""
        async with aclosing(self.astream(input, config, **kwargs)) as events:
            async for event in events:
                match event:
                    case SttOutput(text=text):
                        messages.append(HumanMessage(text))
                    case AgentChunk(text=text):
                        words += text
                    case TurnEnded() if words:
                        messages.append(AIMessage(words))
                        words = ""
        return messages

    def invoke(self, input: Session, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Not for a live session."""
        raise NotImplementedError("a live session is asynchronous: use `astream`, or `await ainvoke`")

    # --- One session -------------------------------------------------------------------------------------------------

    async def _converse(
        self,
        sessions: AsyncIterator[Session],
        run_manager: AsyncCallbackManagerForChainRun,
        config: RunnableConfig,
    ) -> AsyncGenerator[VoiceEvent, None]:
        """`config` has the callbacks of this run as parents, so that the agent's runs nest in it."""
        brain = AgentBrain(self.agent, to_input=self.to_input, config=config, max_messages=self.max_messages)
        async for session in sessions:
            _refuse_what_is_no_session(session)

            async def work(give: Give, session: Session = session) -> None:
                if isinstance(session, RealtimeClient):
                    await self._talk_remotely(session, brain, give)
                    return
                async with self._session(brain) as socket:
                    await self._talk(socket, session, give)

            async with aclosing(hosted(work)) as events:
                async for event in events:
                    yield event

    @asynccontextmanager
    async def _session(self, brain: AgentBrain) -> AsyncIterator[SessionSocket]:
        if self.host is not None:
            async with self.host.session(brain) as socket:
                yield socket
            return
        async with open_host(self.spec) as host, host.session(brain) as socket:
            yield socket

    async def _talk_remotely(self, client: RealtimeClient, brain: AgentBrain, give: Give) -> None:
        settings = _merged(_merged(OUR_SETTINGS, SETTINGS), self.settings)
        await ask_for(client, settings)
        await RemoteTalk(client, brain, give, instructions=settings.get("instructions", "")).run()

    async def _talk(self, socket: SessionSocket, session: LiveSession, give: Give) -> None:
        client = RealtimeClient(socket)
        feeder = Feeder(client, self.sample_rate_hz)
        failures: list[Exception] = []

        async def feed() -> None:
            try:
                await ask_for(client, _merged(OUR_SETTINGS, self.settings))
                await feeder.feed(session)
                await socket.settled()
            except Exception as error:  # raised again below, bare: a task group would wrap it
                failures.append(error)
            finally:
                await socket.close()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed)
            async for event in client:
                if (refused := refusal(event) or wrong_voice(event, self.settings)) is not None:
                    failures.insert(0, refused)
                    break
                feeder.is_answering = _is_answering(event, feeder.is_answering)
                for told in voice_events(event):
                    await give(told)
            tasks.cancel_scope.cancel()
        for failure in failures:
            raise failure


def _refuse_what_is_no_session(session: Any) -> None:
    """Before an engine is loaded for it."""
    if not isinstance(session, AsyncIterable):
        raise TypeError(
            f"a {type(session).__name__} is no live session; give an async iterable of sound, frames and messages, "
            "as recording(path) makes one of a file, or an open RealtimeClient"
        )


def _is_answering(event: Mapping[str, Any], before: bool) -> bool:
    return {"response.created": True, "response.done": False}.get(event["type"], before)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged
