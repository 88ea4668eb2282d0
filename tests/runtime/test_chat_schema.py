"""How a schema that binds the answer is told to the model."""

import json

from pydantic import BaseModel, Field

from autoglm_agent.protocol.chat import ChatTurns
from autoglm_agent.runtime.chat import instructions


class Book(BaseModel):
    """A book on a shelf."""

    title: str = Field(description="as printed on it")
    pages: list[int] = []


def test_a_schema_is_told_type_first_and_without_the_titles_that_only_repeat_names() -> None:
    chat = ChatTurns(model="nano", messages=(), json_schema=json.dumps(Book.model_json_schema()))
    told = instructions(chat).removeprefix("Answer in JSON with this schema: ")
    assert told.startswith('{"type":"object","properties":{"title":')
    assert json.loads(told) == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "as printed on it"},
            "pages": {"type": "array", "items": {"type": "integer"}, "default": []},
        },
        "required": ["title"],
        "description": "A book on a shelf.",
    }
