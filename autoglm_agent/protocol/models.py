"""`/v1/models`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from autoglm_agent.protocol.wire.base import Wire


class Model(Wire):
    """A model that answers under `id`. `created` is Unix seconds."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "autoglm-agent"


class ModelList(Wire):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[Model]


def list_models(names: Sequence[str], created: int) -> ModelList:
    """Encode the list, in the given order; a name that is given twice is told once."""
    return ModelList(data=[Model(id=name, created=created) for name in dict.fromkeys(names)])
