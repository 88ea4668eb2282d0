"""The responses that are open, and what settings each one has."""

from __future__ import annotations

from autoglm_agent.protocol.config import ResponseConfig, SessionConfig
from autoglm_agent.protocol.conversation import Conversation
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.facts import ResponseFact
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.outbox import Outbox
from autoglm_agent.protocol.output import Output
from autoglm_agent.protocol.response import OpenResponse, format_from_wire
from autoglm_agent.protocol.session import freeze_tool_choice, freeze_tools, known_voice, thinking
from autoglm_agent.protocol.wire.client_events import ResponseParams

#: Out-of-band responses beside the one in the conversation; a client that wants more must wait.
MAX_OPEN_RESPONSES = 8


class Responses:
    """Open responses by id; at most one of them belongs to the conversation."""

    def __init__(self, conversation: Conversation, ids: IdSource, outbox: Outbox) -> None:
        self._conversation = conversation
        self._ids = ids
        self._outbox = outbox
        self._open: dict[str, OpenResponse] = {}
        self._conversation_id = ids.new("conv")

    @property
    def active_id(self) -> str | None:
        """The conversation's own open response."""
        return next((response.id for response in self._open.values() if response.conversation_id), None)

    def open(
        self, config: ResponseConfig, *, in_band: bool, metadata: dict[str, str] | None, show_reasoning: bool
    ) -> str:
        """Open a response and return its id. Raises `RemoteProtocolError` when there is one too many."""
        active_id = self.active_id
        if in_band and active_id is not None:
            raise RemoteProtocolError(
                f"Conversation already has an active response in progress: {active_id}. "
                "Wait until the response is finished before creating a new one.",
                code="conversation_already_has_active_response",
            )
        if len(self._open) >= MAX_OPEN_RESPONSES:
            raise RemoteProtocolError("Too many responses are open.", code="too_many_responses")
        response_id = self._ids.new("resp")
        output = Output(
            response_id,
            config,
            conversation=self._conversation if in_band else None,
            ids=self._ids,
            outbox=self._outbox,
            show_reasoning=show_reasoning,
        )
        self._open[response_id] = OpenResponse(
            response_id,
            config,
            output,
            self._outbox,
            conversation_id=self._conversation_id if in_band else None,
            metadata=metadata,
        )
        return response_id

    def apply(self, fact: ResponseFact) -> Output | None:
        """Make the events of a fact and return the response's output; None, and no events, when it is over."""
        response = self._open.get(fact.response_id)
        if response is None:
            return None
        response.apply(fact)
        if response.finished:
            del self._open[response.id]
        return response.output

    def is_open(self, response_id: str) -> bool:
        """Whether the response is requested or in progress."""
        return response_id in self._open

    def message_id(self, response_id: str) -> str | None:
        """The message item of an open response, once it is open."""
        response = self._open.get(response_id)
        return response.output.message_id if response is not None else None

    def saying(self, item_id: str) -> Output | None:
        """Return the output whose message `item_id` is still being said."""
        return next((o.output for o in self._open.values() if o.output.message_id == item_id), None)


def session_response_config(session: SessionConfig) -> ResponseConfig:
    """Give the settings of a response about which nothing was said."""
    return ResponseConfig(
        instructions=session.instructions,
        modality=session.modality,
        tools=session.tools,
        tool_choice=session.tool_choice,
        parallel_tool_calls=session.parallel_tool_calls,
        max_output_tokens=session.max_output_tokens,
        reasoning_effort=session.reasoning_effort,
        enable_thinking=session.enable_thinking,
        output_format=session.output_format,
        voice=session.voice,
        speed=session.speed,
    )


def response_config(session: SessionConfig, params: ResponseParams, voices: tuple[str, ...]) -> ResponseConfig:
    """Lay what `response.create` said over the session's settings."""
    base = session_response_config(session)
    output = params.audio.output if params.audio else None
    modality = params.output_modalities[0] if params.output_modalities else base.modality
    limit = base.max_output_tokens if params.max_output_tokens is None else params.max_output_tokens
    return ResponseConfig(
        instructions=base.instructions if params.instructions is None else params.instructions,
        modality=modality if voices else "text",
        tools=base.tools if params.tools is None else freeze_tools(params.tools),
        tool_choice=base.tool_choice if params.tool_choice is None else freeze_tool_choice(params.tool_choice),
        parallel_tool_calls=(
            base.parallel_tool_calls if params.parallel_tool_calls is None else params.parallel_tool_calls
        ),
        max_output_tokens=None if limit == "inf" else limit,
        reasoning_effort=params.reasoning.effort if params.reasoning else base.reasoning_effort,
        enable_thinking=thinking(params.reasoning, None, base.enable_thinking),
        output_format=format_from_wire(output.format) if output and output.format else base.output_format,
        voice=known_voice(output.voice, voices) if output and output.voice else base.voice,
        speed=base.speed,
    )
