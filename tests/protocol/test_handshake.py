"""Before the first event: subprotocols, keys and client secrets."""

import json

import pytest
from openai.types.realtime.client_secret_create_response import ClientSecretCreateResponse

from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.protocol.handshake import bearer_key, grant_secret, read_subprotocols
from autoglm_agent.protocol.ids import CountingIds
from tests.protocol.harness import Peer


def grant(**body):
    return grant_secret(
        json.dumps(body), SessionDefaults(), ids=CountingIds(), clock=lambda: 1_000.0, value="ek_secret"
    )


@pytest.mark.parametrize(
    ("offered", "selected", "key"),
    [
        ([], None, None),
        (["realtime"], "realtime", None),
        (["realtime", "openai-insecure-api-key.ek_1", "openai-agents-sdk.0.24"], "realtime", "ek_1"),
        (["openai-beta.realtime-v1", "chat"], None, None),
    ],
)
def test_subprotocols(offered, selected, key):
    read = read_subprotocols(offered)
    assert (read.selected, read.key) == (selected, key)


@pytest.mark.parametrize(
    ("header", "key"),
    [(None, None), ("", None), ("Bearer sk-1", "sk-1"), ("bearer  x", "x"), ("Basic x", None), ("Bearer", None)],
)
def test_bearer_keys(header, key):
    assert bearer_key(header) == key


def test_a_secret_carries_settings_into_the_session_opened_with_it():
    granted = grant(
        expires_after={"anchor": "created_at", "seconds": 10}, session={"type": "realtime", "instructions": "短"}
    )
    reply = ClientSecretCreateResponse.model_validate_json(granted.reply.model_dump_json())
    assert (reply.value, reply.expires_at, reply.session.instructions) == ("ek_secret", 1_010, "短")
    assert Peer(preset=granted.settings).log[0]["session"]["instructions"] == "短"
    assert grant().reply.expires_at == 1_600


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 9}}, "expires_after.seconds"),
        ({"session": {"max_output_tokens": 0}}, "session.max_output_tokens"),
    ],
)
def test_a_wrong_request_is_refused(body, param):
    with pytest.raises(RemoteProtocolError) as refused:
        grant(**body)
    assert refused.value.param == param and refused.value.code == "integer_below_min_value"
