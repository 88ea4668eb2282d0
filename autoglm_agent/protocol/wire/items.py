"""Wire form of conversation items and their content."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from autoglm_agent.protocol.wire.base import Id, IdRef, Maybe, Text, Wire

Status = Literal["completed", "incomplete", "in_progress"]


class InputTextPart(Wire):
    """Typed text of a user or the system."""

    type: Literal["input_text"] = "input_text"
    text: Text


class InputAudioPart(Wire):
    """Speech of a user. `transcript` is sent even when it is not known yet (null)."""

    type: Literal["input_audio"] = "input_audio"
    audio: Maybe[str] = None
    transcript: Text | None = None


class InputImagePart(Wire):
    """A picture as a data URI. It is not repeated to the client: one picture could fill a frame."""

    type: Literal["input_image"] = "input_image"
    image_url: Maybe[str] = None
    detail: Maybe[Literal["auto", "low", "high"]] = None


class OutputTextPart(Wire):
    """Text of the assistant."""

    type: Literal["output_text"] = "output_text"
    text: Text = ""


class OutputAudioPart(Wire):
    """Speech of the assistant. The audio itself is never inlined."""

    type: Literal["output_audio"] = "output_audio"
    transcript: Maybe[Text] = None
    audio: Maybe[str] = None


class ItemBase(Wire):
    """What every item has."""

    id: Maybe[Id] = None
    object: Literal["realtime.item"] = "realtime.item"
    status: Status = "completed"


class SystemMessage(ItemBase):
    """An instruction inside the conversation."""

    type: Literal["message"] = "message"
    role: Literal["system"] = "system"
    content: list[InputTextPart]


class UserMessage(ItemBase):
    """What the user typed, said or showed."""

    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    content: list[Annotated[InputTextPart | InputAudioPart | InputImagePart, Field(discriminator="type")]]


class AssistantMessage(ItemBase):
    """What the assistant answered."""

    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    content: list[Annotated[OutputTextPart | OutputAudioPart, Field(discriminator="type")]]


class FunctionCall(ItemBase):
    """A tool call."""

    type: Literal["function_call"] = "function_call"
    call_id: Maybe[IdRef] = None
    name: str
    arguments: Text


class FunctionCallOutput(ItemBase):
    """A tool's result."""

    type: Literal["function_call_output"] = "function_call_output"
    call_id: IdRef
    output: Text


class ItemReference(Wire):
    """An item of the conversation by its id; only in `response.create`'s `input`."""

    type: Literal["item_reference"] = "item_reference"
    id: IdRef


def _kind(value: Any) -> str | None:
    """Tell items apart: messages by role, the rest by type."""
    read = value if isinstance(value, dict) else {key: getattr(value, key, None) for key in ("type", "role")}
    kind = read.get("role") if read.get("type") == "message" else read.get("type")
    return kind if isinstance(kind, str) else None


Item = Annotated[
    Annotated[SystemMessage, Tag("system")]
    | Annotated[UserMessage, Tag("user")]
    | Annotated[AssistantMessage, Tag("assistant")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionCallOutput, Tag("function_call_output")],
    Discriminator(_kind),
]
ItemOrReference = Annotated[
    Annotated[SystemMessage, Tag("system")]
    | Annotated[UserMessage, Tag("user")]
    | Annotated[AssistantMessage, Tag("assistant")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionCallOutput, Tag("function_call_output")]
    | Annotated[ItemReference, Tag("item_reference")],
    Discriminator(_kind),
]
