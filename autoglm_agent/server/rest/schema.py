"""The OpenAPI document, made of `operations` and of the very models that read requests and write replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from autoglm_agent.protocol.rest_errors import ErrorBody
from autoglm_agent.server.rest.operations import EVENTS, JSON, OPERATIONS, Operation, Schema

ERRORS = {
    400: "The request cannot be done as it is; `param` names the field.",
    401: "No key, or a wrong one.",
    404: "No such model or response.",
    413: "Too large.",
    415: "Not a form.",
    500: "The engine failed; it is restarted by itself.",
    503: "All places are taken; try again after `Retry-After` seconds.",
}
DESCRIPTION = (
    "Answers, transcriptions and status over HTTP. Live sessions are at the WebSocket `/v1/realtime` (OpenAI "
    "Realtime), which OpenAPI cannot describe. Keys, where the operator configured some, go into "
    "`Authorization: Bearer`."
)

_Refs = Mapping[Any, dict[str, Any]]


def build_openapi(title: str, version: str) -> dict[str, Any]:
    """The document (OpenAPI 3.1)."""
    refs, definitions = models_json_schema(_models(), ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _models() -> list[tuple[Schema, JsonSchemaMode]]:
    found: dict[tuple[Schema, JsonSchemaMode], None] = {(ErrorBody, "serialization"): None}
    for operation in OPERATIONS:
        if operation.body is not None:
            found[operation.body, "validation"] = None
        for model in (*operation.replies, *operation.events, *([operation.unready] if operation.unready else [])):
            found[model, "serialization"] = None
    return list(found)


def _describe(operation: Operation, refs: _Refs) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{operation.method}_{operation.path.strip('/').translate(_PLAIN)}",
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _responses(operation, refs),
        # An empty requirement: without configured keys everybody may come in.
        "security": [{"key": []}, {}] if operation.needs_key else [],
    }
    if operation.description:
        told["description"] = operation.description
    if operation.parameter is not None:
        name = operation.parameter
        told["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        ]
    if operation.body is not None:
        told["requestBody"] = _request(operation, refs)
    return told


_PLAIN = str.maketrans({"/": "_", "{": None, "}": None})


def _request(operation: Operation, refs: _Refs) -> dict[str, Any]:
    assert operation.body is not None
    schema = refs[operation.body, "validation"]
    if not operation.has_file:
        return {"required": True, "content": {JSON: {"schema": schema}}}
    file = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary", "description": "The recording."}},
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": {"allOf": [schema, file]}}}}


def _responses(operation: Operation, refs: _Refs) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in operation.texts}
    bodies = [refs[model, "serialization"] for model in operation.replies]
    if bodies:
        content[JSON] = {"schema": bodies[0] if len(bodies) == 1 else {"anyOf": bodies}}
    if operation.events:
        events = [refs[model, "serialization"] for model in operation.events]
        # OpenAPI 3.1 knows streams as texts only; what stands in each `data` is named beside it.
        told = {"type": "string", "description": "Server-sent events; the `data` of each is one of `x-event-data`."}
        content[EVENTS] = {"schema": told, "x-event-data": events}
    responses: dict[str, Any] = {"200": {"description": "Done.", "content": content}}
    if operation.unready is not None:
        schema = refs[operation.unready, "serialization"]
        responses["503"] = {"description": "Not now.", "content": {JSON: {"schema": schema}}}
    for status in sorted({*operation.errors, *([401] if operation.needs_key else [])}):
        schema = refs[ErrorBody, "serialization"]
        responses[str(status)] = {"description": ERRORS[status], "content": {JSON: {"schema": schema}}}
    if "503" in responses and operation.unready is None:
        responses["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses
