"""Before the first event: subprotocols, keys and client secrets. Whether a key is good is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.protocol.session import SessionState
from autoglm_agent.protocol.validation import invalid_request
from autoglm_agent.protocol.wire.base import Wire
from autoglm_agent.protocol.wire.server_events import SessionUnion

SUBPROTOCOL = "realtime"
_KEY_PREFIX = "openai-insecure-api-key."


@dataclass(frozen=True, slots=True, kw_only=True)
class Subprotocols:
    """What to answer (None: none was offered that we speak) and the key a browser hid among them."""

    selected: str | None
    key: str | None


def read_subprotocols(offered: Iterable[str]) -> Subprotocols:
    """Pick `realtime` and the key; every other `openai-*` is ignored."""
    selected = key = None
    for name in offered:
        if name == SUBPROTOCOL:
            selected = name
        elif name.startswith(_KEY_PREFIX):
            key = name.removeprefix(_KEY_PREFIX)
    return Subprotocols(selected=selected, key=key)


def bearer_key(authorization: str | None) -> str | None:
    """Take the key out of an `Authorization` header."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


class ExpiresAfter(Wire):
    """When a secret ends. The bounds are the Realtime API's."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7_200)] = 600


class ClientSecretRequest(Wire):
    """The body of `POST /v1/realtime/client_secrets`."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: dict[str, Any] = Field(default_factory=dict)


class ClientSecret(Wire):
    """The reply: a key for a browser, with the settings that a session opened with it begins with."""

    value: str
    expires_at: int
    session: SessionUnion


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedSecret:
    """What the server keeps until `reply.expires_at`: hand `settings` to `RealtimeConnection(preset=…)`."""

    reply: ClientSecret
    settings: dict[str, Any]


def grant_secret(
    body: bytes | str, defaults: SessionDefaults, *, ids: IdSource, clock: Callable[[], float], value: str
) -> GrantedSecret:
    """Check a request and make the reply. `value` is the secret, `ek_…`. Raises `RemoteProtocolError`."""
    if not value.startswith("ek_"):
        raise ValueError("a client secret starts with ek_")
    try:
        request = ClientSecretRequest.model_validate_json(body or "{}")
    except ValidationError as error:
        raise invalid_request(error) from None
    now = int(clock())
    state = SessionState(defaults, session_id=ids.new("sess"), expires_at=now + defaults.max_session_seconds)
    state.update(request.session)
    reply = ClientSecret(value=value, expires_at=now + request.expires_after.seconds, session=state.echo())
    return GrantedSecret(reply=reply, settings=request.session)
