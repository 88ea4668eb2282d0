"""What every wire model shares."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field


def _is_none(value: object) -> bool:
    return value is None


T = TypeVar("T")

#: A field whose key is left out when it is None (PROTOCOL, server rule 2). Give it `= None` where it is declared.
Maybe = Annotated[T | None, Field(exclude_if=_is_none)]

#: The longest text in one field. Escaped at its worst (6 bytes a character) it still fits a 1 MiB frame.
MAX_TEXT_CHARS = 160_000

Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
Id = Annotated[str, Field(min_length=1, max_length=32)]
#: A reference to an id. Longer than any id of ours, so that a wrong one is "not found" and not "too long".
IdRef = Annotated[str, Field(max_length=512)]


class Wire(BaseModel):
    """A piece of JSON. Frozen; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="null", serialize_by_alias=True)
