"""JSON schemas of records as libraries write them: bare, or as pydantic does, sorted, with titles and references."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from autoglm_agent.training.text.english_params import Param, label
from autoglm_agent.training.text.english_tools import parameters

SYSTEM: Final = "Answer in JSON with this schema: {s}"
"""How a runtime tells the schema of `response_format`; most samples have it so."""
_OTHERS: Final = (
    "Reply with JSON that fits this schema: {s}", "Output JSON only, schema: {s}", "Answer with a JSON object of this schema: {s}",
    "Return only JSON for {s}", "用JSON回答，schema是{s}",
)  # fmt: skip


def schema_of(rng: random.Random, name: str, about: str, fields: list[Param]) -> dict[str, Any]:
    """The schema of a class in one of the usual forms."""
    draw = rng.random()
    if draw < 0.25:
        return parameters(rng, fields)
    if draw < 0.45:
        return {"title": name, **({"description": about} if about else {}), **parameters(rng, fields)}
    return _as_pydantic(rng, name, about, fields)


def _as_pydantic(rng: random.Random, name: str, about: str, fields: list[Param]) -> dict[str, Any]:
    """Keys sorted, each field titled; nested objects and choices now and then by reference."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for field in fields:
        title = label(field.name).title()
        inner = dict(field.schema)
        if (inner.get("type") == "object" or "enum" in inner) and rng.random() < 0.6:
            kind = title.replace(" ", "")
            inner.pop("description", None)
            definitions[kind] = dict(sorted((inner | {"title": kind}).items()))
            properties[field.name] = {"$ref": f"#/$defs/{kind}"}
        else:
            properties[field.name] = dict(sorted((inner | {"title": title}).items()))
    schema: dict[str, Any] = {"properties": properties, "title": name, "type": "object"}
    required = [field.name for field in fields if field.required]
    if required:
        schema["required"] = required
    if about:
        schema["description"] = about
    if definitions:
        schema["$defs"] = definitions
    return dict(sorted(schema.items()))


def told(rng: random.Random, schema: dict[str, Any]) -> str:
    """The system text that tells a schema."""
    form = SYSTEM if rng.random() < 0.7 else _OTHERS[int(rng.random() * len(_OTHERS))]
    return form.replace("{s}", json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
