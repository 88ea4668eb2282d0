"""Data URIs with pictures: taking them apart. Whether the bytes are a picture is for whoever decodes them."""

from __future__ import annotations

import binascii

from autoglm_agent.protocol.errors import RemoteProtocolError

#: What the Realtime API takes, and what every camera client sends.
IMAGE_TYPES = ("image/png", "image/jpeg")


def parse_image(uri: str, param: str, types: tuple[str, ...] = IMAGE_TYPES) -> tuple[str, bytes]:
    """Return media type and bytes of a base64 data URI. Raises `RemoteProtocolError` for anything else."""
    head, comma, body = uri.partition(",")
    mime, _, encoding = head.removeprefix("data:").partition(";")
    mime = "image/jpeg" if mime == "image/jpg" else mime
    if not head.startswith("data:") or not comma or mime not in types or encoding != "base64":
        expected = " or ".join(f"data:{name};base64,…" for name in types)
        raise RemoteProtocolError(f"'{param}' must be a data URI {expected}.", code="invalid_value", param=param)
    try:
        image = binascii.a2b_base64(body, strict_mode=True)
    except (ValueError, binascii.Error):
        raise RemoteProtocolError(f"'{param}' is not valid base64.", code="invalid_value", param=param) from None
    if not image:
        raise RemoteProtocolError(f"'{param}' holds no picture.", code="invalid_value", param=param)
    return mime, image
