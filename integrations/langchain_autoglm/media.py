"""From LangChain's content blocks to the parts of a request: text, or a medium with the address it has.

Every spelling that LangChain's users have is read here. An address may be a data URI, http(s) or file; what must be
fetched or unpacked first is `fetching`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_autoglm.errors import AutoGLMInvalidRequestError

Block = Mapping[str, Any]
Part = dict[str, Any]

MAGIC = {
    "/9j/": "image/jpeg",
    "iVBORw0KGgo": "image/png",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "Qk0": "image/bmp",
}
"""How the base64 of pictures begins. (RIFF is shared with wav, so it counts only where a picture is expected.)"""
KINDS = ("image", "audio", "video")
MIME = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}
"""What is taken for granted when nobody says."""


def parts(block: Block) -> Iterator[Part]:
    """The parts that a block of a user's or a tool's message stands for.

    Raises:
        AutoGLMInvalidRequestError: a kind of block this model does not take; the message names it.
    """
    kind = block.get("type")
    if kind == "non_standard":
        yield from parts(block.get("value") or {})
    elif kind in ("text", "text-plain", "input_text"):
        yield {"type": "text", "text": block.get("text") or ""}
    elif kind == "video" and "frames" in block:
        for frame in block["frames"]:
            yield from parts(frame if isinstance(frame, Mapping) else {"type": "image", "url": _as_address(frame)})
    elif kind in KINDS:
        yield medium(str(kind), block)
    elif kind in ("file", "media"):
        yield _file(block)
    elif isinstance(kind, str) and kind.partition("_")[0] in KINDS and kind.endswith("_url"):
        yield from parts(_wrapped(kind.partition("_")[0], block.get(kind)))
    elif kind == "input_image":
        yield from parts(_wrapped("image", block.get("image_url")))
    elif kind == "input_audio":
        sound = block.get("input_audio") or {}
        yield medium("audio", {"base64": sound.get("data"), "mime_type": f"audio/{sound.get('format', 'wav')}"})
    else:
        raise AutoGLMInvalidRequestError(
            f"a content block of type {kind!r} is not understood; send text, image, audio or video."
        )


def medium(kind: str, block: Block) -> Part:
    """A medium by address: `{"type": "image_url", "image_url": {"url": …}}`, or the same with audio or video."""
    details = {"detail": block["detail"]} if "detail" in block else {}
    return {"type": f"{kind}_url", f"{kind}_url": {"url": _address(kind, block), **details}}


def _address(kind: str, block: Block) -> str:
    encoded = block.get("base64") or block.get("data")
    if encoded:
        mime = block.get("mime_type") or (_sniffed(encoded) if kind == "image" else None) or MIME[kind]
        return f"data:{mime};base64,{encoded}"
    url = block.get("url") or block.get("file_uri")
    if url:
        return str(url)
    if block.get("file_id"):
        raise AutoGLMInvalidRequestError(
            f"the {kind} block names the file_id {block['file_id']!r}, but no files are kept; send base64 or a url."
        )
    raise AutoGLMInvalidRequestError(f"the {kind} block has neither base64 nor url.")


def _file(block: Block) -> Part:
    """A file is what its media type says; a picture is known by its first bytes, too."""
    mime = str(block.get("mime_type") or "")
    encoded = str(block.get("base64") or block.get("data") or "")
    picture = _sniffed(encoded) if not mime.startswith(KINDS) else None
    if picture is not None:
        return medium("image", {**block, "mime_type": picture})
    kind = mime.partition("/")[0]
    if kind in KINDS:
        return medium(kind, block)
    if mime.startswith("text/") and block.get("text"):
        return {"type": "text", "text": block["text"]}
    raise AutoGLMInvalidRequestError(
        f"a file of type {mime or 'unknown'} is not understood; send pictures, audio or video, or the text in it."
    )


def _wrapped(kind: str, inner: Any) -> Block:
    """`image_url` and its like: the address itself, or an object that holds it."""
    return {"type": kind, "url": inner} if isinstance(inner, str) else {"type": kind, **(inner or {})}


def _as_address(frame: str) -> str:
    return frame if ":" in frame[:8] else f"data:{_sniffed(frame) or MIME['image']};base64,{frame}"


def _sniffed(encoded: str) -> str | None:
    return next((mime for begin, mime in MAGIC.items() if encoded.startswith(begin)), None)
