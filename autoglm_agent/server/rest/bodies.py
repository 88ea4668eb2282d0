"""Bodies of requests, within bounds: what is too large is refused when the bound is reached, not when it has come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from autoglm_agent.protocol.errors import RemoteProtocolError

MAX_BODY_BYTES = 32 << 20
"""Two pictures of 10 MB as base64, and a long conversation."""
MAX_UPLOAD_BYTES = 26 << 20
"""A recording of 25 MiB, OpenAI's own limit, and the form around it."""
MAX_FIELDS = 64
"""Fields of a form; a transcription has a dozen."""
MAX_FIELD_BYTES = 64 << 10
"""One field of a form: a prompt of 20,000 Chinese characters."""


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The whole body. Raises HTTPException 413."""
    body = bytearray()
    async for piece in _bounded(request, limit):
        body += piece
    return bytes(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A form with one file. A field that came several times has several values."""

    file: bytes
    fields: dict[str, list[str]]


async def read_upload(request: Request, limit: int = MAX_UPLOAD_BYTES) -> Upload:
    """A multipart form with one `file`, which waits on disk while it comes.

    Raises:
        HTTPException: 413 too large, 415 no multipart form.
        RemoteProtocolError: a broken form, or one without a file.
    """
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "multipart/form-data":
        raise HTTPException(415, "The body must be a form, multipart/form-data, with the recording as 'file'.")
    parser = MultiPartParser(
        request.headers, _bounded(request, limit), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:  # KeyError: a content type without its boundary
        reason = getattr(error, "message", "it names no boundary")
        raise RemoteProtocolError(f"The form cannot be read: {reason}", code="invalid_form") from None
    try:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise RemoteProtocolError(
                "'file' is missing: the recording.", code="missing_required_parameter", param="file"
            )
        return Upload(file=await upload.read(), fields=_texts(form.multi_items()))
    finally:
        await form.close()


def _texts(items: Sequence[tuple[str, UploadFile | str]]) -> dict[str, list[str]]:
    """The fields that are texts; `name[]` is the same field as `name`."""
    fields: dict[str, list[str]] = {}
    for name, value in items:
        if isinstance(value, str):
            fields.setdefault(name.removesuffix("[]"), []).append(value)
    return fields


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise HTTPException(413, f"The request has more than {limit >> 20} MiB.")
        yield piece
