"""`/openapi.json` and `/docs`: the document, and a page that shows it, without a script and asking no other host."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse

from autoglm_agent import __version__
from autoglm_agent.server.rest.schema import build_openapi

TITLE = "autoglm-agent"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: light-dark(#0b57d0, #8ab4f8) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1, h2 { line-height: 1.2 } a { color: var(--accent) } code { font: 0.9em ui-monospace, monospace }
details { border: 1px solid var(--line); border-radius: 0.5rem; margin: 0.5rem 0; padding: 0 1rem }
summary { padding: 0.6rem 0; cursor: pointer } summary code { font-weight: 600 }
.method { display: inline-block; min-width: 4.5rem; text-transform: uppercase; color: var(--accent) }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1rem } caption { text-align: left; font-weight: 600 }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem 0.3rem 0; border-top: 1px solid var(--line) }
td:first-child { white-space: nowrap } td { overflow-wrap: anywhere }
@media (max-width: 40rem) {
  th { display: none } td { display: block; border: 0; padding: 0.1rem 0 } tr { border-top: 1px solid var(--line) }
  td:first-child { padding-top: 0.5rem }
}
"""

router = APIRouter()


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; it is the same for every server of this version."""
    return build_openapi(TITLE, __version__)


@router.get("/openapi.json", include_in_schema=False)
async def openapi() -> JSONResponse:
    """The document."""
    return JSONResponse(document())


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_page(), headers={"Content-Security-Policy": POLICY})


@cache
def _page() -> str:
    told = document()
    schemas = told["components"]["schemas"]
    by_tag: dict[str, list[str]] = {}
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    doors = "".join(f"<h2>{escape(tag)}</h2>{''.join(shown)}" for tag, shown in by_tag.items())
    models = "".join(_schema(name, schema) for name, schema in sorted(schemas.items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}: REST</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<main><h1>{TITLE} {escape(told['info']['version'])}</h1><p>{_prose(told['info']['description'])}</p>"
        f'<p>As a document for programs: <a href="openapi.json">openapi.json</a>.</p>'
        f"{doors}<h2>Schemas</h2>{models}</main></body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    key = "" if operation["security"] else "<p>No key is asked for.</p>"
    body = "".join(
        f"<p>Body, <code>{escape(kind)}</code>: {_type(content['schema'])}</p>"
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    rows = "".join(_reply(status, response) for status, response in operation["responses"].items())
    return (
        f'<details><summary><span class="method">{method}</span> <code>{escape(path)}</code> '
        f"{escape(operation['summary'])}</summary><p>{_prose(operation.get('description', ''))}</p>{key}{body}"
        f"<table><caption>Replies</caption><tr><th>Status<th>Content<th>Meaning</tr>{rows}</table></details>"
    )


def _reply(status: str, response: dict[str, Any]) -> str:
    contents = []
    for kind, content in response["content"].items():
        events = content.get("x-event-data")
        shown = " or ".join(_type(event) for event in events) if events else _type(content["schema"])
        contents.append(f"<code>{escape(kind)}</code>: {shown}")
    return f"<tr><td>{status}<td>{'<br>'.join(contents)}<td>{_prose(response['description'])}</tr>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code>{'*' if field in required else ''}<td>{_type(value)}"
        f"<td>{_prose(value.get('description', ''))}</tr>"
        for field, value in schema.get("properties", {}).items()
    )
    head = "<tr><th>Field (* required)<th>Type<th>Meaning</tr>"
    table = f"<table>{head}{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    return (
        f"<details><summary><code>{escape(name)}</code></summary>"
        f'<p id="{escape(name)}">{_prose(schema.get("description", ""))}</p>{table}</details>'
    )


def _type(schema: dict[str, Any]) -> str:
    """A schema in a line, with links to those that have a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    for word, joint in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " with ")):
        if word in schema:
            return joint.join(dict.fromkeys(_type(part) for part in schema[word]))
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and "properties" in schema:
        return ", ".join(f"<code>{escape(name)}</code>: {_type(part)}" for name, part in schema["properties"].items())
    bounds = [f"{sign} {schema[word]}" for word, sign in _BOUNDS.items() if word in schema]
    return escape(" ".join([str(schema.get("type", "anything")), *bounds]))


_BOUNDS = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<", "maxLength": "length ≤"}


def _prose(text: str) -> str:
    """Text with `code` marked."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
