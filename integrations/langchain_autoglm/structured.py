"""Answers by a schema: what to bind to the model and how to read what comes back, for the three usual methods."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any, Literal

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.base import OutputParserLike
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

Method = Literal["json_schema", "function_calling", "json_mode"]
METHODS: tuple[Method, ...] = ("json_schema", "function_calling", "json_mode")


def bound(schema: Any, method: Method, *, strict: bool | None) -> dict[str, Any]:
    """What to bind besides tools: the format of the answer, and what tracing wants to know.

    `strict` changes nothing here, since the engine's grammar is always strict; it is noted for tracing.
    """
    noted = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
    match method:
        case "json_schema":
            return {"response_format": response_format(schema), "ls_structured_output_format": noted}
        case "json_mode":
            return {"response_format": {"type": "json_object"}, "ls_structured_output_format": noted}
        case "function_calling":
            return {"ls_structured_output_format": noted}


def response_format(schema: Any) -> dict[str, Any]:
    """A schema (pydantic class, TypedDict, JSON schema or function) as a request asks for it."""
    if isinstance(schema, dict) and schema.get("type") in ("json_schema", "json_object", "text"):
        return schema
    body = closed(convert_to_json_schema(named(schema)))
    return {"type": "json_schema", "json_schema": {"name": str(body.get("title") or "answer"), "schema": body}}


def named(schema: Any) -> Any:
    """A JSON schema of an object with a title, which LangChain asks for: `answer` where it has none."""
    is_untitled = isinstance(schema, dict) and "properties" in schema and not schema.get("title")
    return {**schema, "title": "answer"} if is_untitled else schema


def closed(schema: Any) -> Any:
    """A schema whose objects have the fields they name and no others, unless it says otherwise; as tools' arguments."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(part) for name, part in schema.items()}
    is_object = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    return inner | {"additionalProperties": False} if is_object and "additionalProperties" not in schema else inner


def tool_name(schema: Any) -> str:
    """The name of the function that stands for a schema."""
    return str(convert_to_openai_tool(schema)["function"]["name"])


def parser(schema: Any, method: Method) -> OutputParserLike[Any]:
    """Reads the answer: an instance of a pydantic class, a dict for every other schema."""
    is_pydantic = isinstance(schema, type) and is_basemodel_subclass(schema)
    if method == "function_calling":
        if is_pydantic:
            return PydanticToolsParser(tools=[schema], first_tool_only=True)
        return JsonOutputKeyToolsParser(key_name=tool_name(schema), first_tool_only=True)
    return _PydanticReader(pydantic_object=schema) if is_pydantic else _JsonReader()


class _JsonReader(JsonOutputParser):
    """LangChain's parsers complete what was cut off, as a stream needs it; a whole answer must be whole."""

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        if not partial:
            _refuse_what_was_cut(result)
        return super().parse_result(result, partial=partial)


class _PydanticReader(PydanticOutputParser[Any]):
    """As `_JsonReader`: a list that lost its end still fits its class."""

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        if not partial:
            _refuse_what_was_cut(result)
        return super().parse_result(result, partial=partial)


def _refuse_what_was_cut(result: list[Generation]) -> None:
    first = result[0]
    if not isinstance(first, ChatGeneration) or first.message.response_metadata.get("finish_reason") != "length":
        return
    try:
        json.loads(first.text)
    except ValueError:
        message = "the answer was cut off before its JSON was whole; raise max_tokens."
        raise OutputParserException(message, llm_output=first.text) from None


def with_raw(
    model: Runnable[LanguageModelInput, Any], reader: OutputParserLike[Any]
) -> Runnable[LanguageModelInput, dict[str, Any]]:
    """The answer as it came beside what was read, and the error in place of an exception."""
    assign = RunnablePassthrough.assign(parsed=itemgetter("raw") | reader, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | assign.with_fallbacks([failed], exception_key="parsing_error")
