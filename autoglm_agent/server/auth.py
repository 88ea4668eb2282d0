"""Who may come in: bearer keys, over a header or, from browsers, over a WebSocket subprotocol."""

from __future__ import annotations

import hmac

from starlette.requests import HTTPConnection

from autoglm_agent.settings import Settings

KEY_SUBPROTOCOL = "openai-insecure-api-key."
"""Browsers cannot set headers on a WebSocket; the Realtime API lets them put the key here."""
SUBPROTOCOL = "realtime"


def is_allowed(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the request carries one of the configured keys; without configured keys everybody may."""
    if not settings.api_keys:
        return True
    presented = _presented_key(connection)
    if presented is None:
        return False
    given = presented.encode()
    # Every key is compared, in constant time: how long it takes tells nothing.
    return any([hmac.compare_digest(given, key.get_secret_value().encode()) for key in settings.api_keys])


def subprotocols(connection: HTTPConnection) -> list[str]:
    """The subprotocols the client offers."""
    return [name.strip() for name in connection.headers.get("sec-websocket-protocol", "").split(",") if name.strip()]


def _presented_key(connection: HTTPConnection) -> str | None:
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    for name in subprotocols(connection):
        if name.startswith(KEY_SUBPROTOCOL):
            return name.removeprefix(KEY_SUBPROTOCOL)
    return None
