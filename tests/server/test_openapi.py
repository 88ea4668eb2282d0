"""The OpenAPI document tells the truth: it names every door, and no answer is off its schema or a server error."""

import json
import re
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import autoglm_agent
from autoglm_agent.server.rest import DOORS
from autoglm_agent.server.rest.docs import document

EXAMPLES = 25
"""Of each operation and each kind of data."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(document())
OPERATIONS = [result.ok() for result in schema.get_all_operations()]
CASES = [
    *[(operation, GenerationMode.POSITIVE) for operation in OPERATIONS],
    # Without a body there is nothing to get wrong but the path, and that is then another one.
    *[(operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation.body],
]


MEDIA = Path(autoglm_agent.__file__).parent / "media"


def test_it_names_every_door_and_no_other():
    told = {(method.upper(), path) for path, operations in document()["paths"].items() for method in operations}
    routes = [route for door in DOORS for route in door.routes if route.include_in_schema]
    assert told == {(method, route.path.replace(":path}", "}")) for route in routes for method in route.methods}


@pytest.mark.parametrize(("operation", "mode"), CASES, ids=lambda value: getattr(value, "label", value))
def test_no_answer_is_off_its_schema(operation, mode, scripted_url):
    @seed(20)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        if mode is GenerationMode.POSITIVE and "/audio/" in operation.path:
            case.body["file"] = (MEDIA / "who.flac").read_bytes()  # random bytes would only ever be refused
        case.call_and_validate(base_url=scripted_url, checks=CHECKS)

    call()


def test_what_is_stored_and_what_is_named_is_on_its_schema_too(scripted_url):
    with httpx.Client(base_url=scripted_url) as client:
        made = client.post("/v1/responses", json={"input": "你好"}).json()
        answers = {
            "/v1/responses/{response_id}": client.get(f"/v1/responses/{made['id']}"),
            "/v1/models/{model_id}": client.get("/v1/models/autoglm-phone-9b"),
        }
        for path, answer in answers.items():
            assert answer.status_code == 200
            schema[path]["GET"].validate_response(answer)
        gone = client.delete(f"/v1/responses/{made['id']}")
        schema["/v1/responses/{response_id}"]["DELETE"].validate_response(gone)
        assert gone.json()["deleted"] is True
        assert client.get(f"/v1/responses/{made['id']}").status_code == 404


def test_the_page_shows_every_door_and_asks_no_other_host(scripted_url):
    page = httpx.get(f"{scripted_url}/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert re.findall(r"<th>\s*<", page.text.replace("<th>Status<th>", "")) == []
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page.text) == []
    assert [path for path in document()["paths"] if path not in page.text] == []
    assert [name for name in document()["components"]["schemas"] if f'id="{name}"' not in page.text] == []
    links = set(re.findall(r'href="#([^"]+)"', page.text))
    assert links == {name for name in links if f'id="{name}"' in page.text}


def test_every_named_event_is_one_that_a_stream_may_have(scripted_url):
    """Each `data` of a stream fits one of the schemas that its operation names."""
    told = document()
    for path, body in {
        "/v1/responses": {"input": "你好", "stream": True, "return_reasoning": True},
        "/v1/chat/completions": {"messages": [{"role": "user", "content": "你好"}], "stream": True},
    }.items():
        named = told["paths"][path]["post"]["responses"]["200"]["content"]["text/event-stream"]["x-event-data"]
        validator = Draft202012Validator({"anyOf": named, "components": told["components"]})
        lines = httpx.post(f"{scripted_url}{path}", json=body).text.splitlines()
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ") and "[DONE]" not in line]
        assert len(data) >= 8
        for event in data:
            validator.validate(json.loads(event))
