"""Who may come in: bearer keys, over a header or, from browsers, over a WebSocket subprotocol; and client secrets.

A client secret is a key that the holder of a real key has made for a browser: short-lived, good for realtime sessions
only, and with the session's first settings attached.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.requests import HTTPConnection

from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.handshake import ClientSecret, GrantedSecret, bearer_key, grant_secret, read_subprotocols
from autoglm_agent.protocol.ids import IdSource
from autoglm_agent.settings import Settings

MAX_SECRETS = 4096
"""Secrets held at once; the oldest makes room. One per page view of a busy site for the default ten minutes."""
SECRET_PREFIX = "ek_"


def offered_subprotocols(connection: HTTPConnection) -> list[str]:
    """The subprotocols the client offers."""
    return [name.strip() for name in connection.headers.get("sec-websocket-protocol", "").split(",") if name.strip()]


def presented_key(connection: HTTPConnection) -> str | None:
    """The key a request carries."""
    key = bearer_key(connection.headers.get("authorization"))
    return key or read_subprotocols(offered_subprotocols(connection)).key


def is_key(key: str | None, settings: Settings) -> bool:
    """Whether `key` is one of the configured ones; without configured keys everybody may come in."""
    if not settings.api_keys:
        return True
    given = (key or "").encode()
    # Every key is compared, in constant time: how long it takes tells nothing.
    return any([hmac.compare_digest(given, good.get_secret_value().encode()) for good in settings.api_keys])


class ClientSecrets:
    """Secrets that were granted and have not expired."""

    def __init__(self, *, ids: IdSource, clock: Callable[[], float]) -> None:
        self._ids = ids
        self._clock = clock
        self._granted: OrderedDict[str, GrantedSecret] = OrderedDict()

    def grant(self, body: bytes, defaults: SessionDefaults) -> ClientSecret:
        """Make a secret for the session that `body` describes. Raises RemoteProtocolError."""
        value = SECRET_PREFIX + secrets.token_hex(16)
        granted = grant_secret(body, defaults, ids=self._ids, clock=self._clock, value=value)
        self._granted[value] = granted
        while len(self._granted) > MAX_SECRETS:
            self._granted.popitem(last=False)
        return granted.reply

    def settings(self, key: str | None) -> dict[str, Any] | None:
        """The settings that go with a secret; None when there is no such secret, or no longer."""
        granted = self._granted.get(key or "")
        if granted is None:
            return None
        if granted.reply.expires_at <= self._clock():
            del self._granted[granted.reply.value]
            return None
        return granted.settings
