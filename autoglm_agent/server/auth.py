"""Who may come in: bearer keys, over a header or, from browsers, over a WebSocket subprotocol; and their stand-ins.

A client secret is a key that the holder of a real key has made for a browser: short-lived, good for realtime sessions
only, and with the session's first settings attached. A signed token is the same the other way round: the holder of a
key `id.secret` signs a JWT with the secret and gives it away (GLM-Realtime); the server keeps nothing of it.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
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
MAX_TOKEN_CHARS = 4096
"""A signed token has about 200; more is not parsed."""
MILLISECONDS_FROM = 1e11
"""An `exp` above this is in milliseconds, as GLM's SDKs write it; in seconds it would be the year 5138."""
_FROM_URL = str.maketrans("-_", "+/")


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


def may_talk(key: str | None, settings: Settings, now_s: float) -> bool:
    """Whether a realtime session may be opened with a key or a signed token. Raises TokenRefusedError."""
    return is_key(key, settings) or (key is not None and check_token(key, settings, now_s))


class TokenRefusedError(Exception):
    """A signed token that is not, or no longer, good. The message tells its holder why; `code` is for programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def check_token(token: str, settings: Settings, now_s: float) -> bool:
    """Whether `token` is a JWT that one of the keys has signed; False for what is no JWT at all.

    The form is GLM's: header `{alg: HS256, sign_type: SIGN}`, payload `{api_key, exp, timestamp}`, `exp` in Unix
    seconds or milliseconds, signed with the secret of a key `id.secret`. Raises TokenRefusedError.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARS:
        return False
    header, payload = _read_json(parts[0]), _read_json(parts[1])
    if header is None or payload is None:
        return False
    if header.get("alg") != "HS256" or header.get("sign_type") != "SIGN":
        raise TokenRefusedError("The token must be signed as HS256 with sign_type SIGN.", "invalid_token")
    signed, signature = f"{parts[0]}.{parts[1]}".encode(), _read_base64(parts[2]) or b""
    # Every key is tried, in constant time, as with bearer keys.
    if not any([_has_signed(key.get_secret_value(), payload, signed, signature) for key in settings.api_keys]):
        raise TokenRefusedError("The token's signature or its api_key is wrong.", "invalid_token")
    expires_at = payload.get("exp")
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        raise TokenRefusedError("The token has no exp.", "invalid_token")
    if (expires_at / 1000 if expires_at > MILLISECONDS_FROM else expires_at) <= now_s:
        raise TokenRefusedError("The token has expired; sign a new one.", "token_expired")
    return True


def _has_signed(key: str, payload: dict[str, Any], signed: bytes, signature: bytes) -> bool:
    key_id, _, secret = key.partition(".")
    good = hmac.compare_digest(hmac.digest(secret.encode(), signed, hashlib.sha256), signature)
    return bool(secret) and good and payload.get("api_key") == key_id


def _read_json(part: str) -> dict[str, Any] | None:
    try:
        value = json.loads(_read_base64(part) or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _read_base64(part: str) -> bytes | None:
    """Base64 of URLs without padding (RFC 7515, section 2)."""
    try:
        return binascii.a2b_base64(part.translate(_FROM_URL) + "=" * (-len(part) % 4), strict_mode=True)
    except ValueError:
        return None


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
