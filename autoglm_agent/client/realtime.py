"""A client of `/v1/realtime`: what a program needs to talk to the server, and no more. Imports no torch.

Iterating gives events as the wire's JSON objects, `events()` as objects with types (`client.events`). Microphones,
cameras and loudspeakers are not here (`voice_loop`).

With `connect(…, resume=True)` a lost connection is restored behind the scenes: nothing is missed, nothing comes twice,
and `session.resumed` tells of it (or `session.resync_required`, with how things stand, after too long an absence).

Use:
    async with connect("http://127.0.0.1:8000") as client:
        await client.update_session(output_modalities=["text"])
        await client.send_text("你是谁？")
        await client.create_response()
        async for event in client.events():
            match event:
                case OutputTextDelta():
                    print(event.delta, end="")
                case ResponseDone():
                    break
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import anyio
import websockets
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from autoglm_agent.audio import pcm
from autoglm_agent.audio.resample import Resampler
from autoglm_agent.client.devices import SAMPLE_RATE_HZ
from autoglm_agent.client.events import AnyEvent, read_event
from autoglm_agent.client.resuming import ResumingSocket, Socket
from autoglm_agent.errors import AutoGLMError, InputError, OverloadedError

Event = dict[str, Any]

MAX_EVENT_BYTES = 16 << 20
"""Servers keep events below 1 MiB; other servers than ours may not."""
PACKET_MS = 20
"""What a microphone gives: the packet of every telephone and browser."""
OPEN_TIMEOUT_S = 10.0
"""A server that has not answered the handshake by then is not there."""
CLOSE_TIMEOUT_S = 1.0
"""Who leaves with events unread does not wait for the server's goodbye, which stands in the queue behind them."""


class RealtimeClient:
    """One open session. Make it with `connect`; iterate for the server's events."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    # --- Receiving ---------------------------------------------------------------------------------------------------

    async def receive(self) -> Event:
        """The next event. Raises EOFError when the server has closed the session, SessionLostError when it is lost."""
        try:
            event: Event = json.loads(await self._socket.recv())
        except ConnectionClosed as error:
            raise EOFError(f"the session was closed ({error.rcvd.code if error.rcvd else 'lost'})") from error
        return event

    async def until(self, kind: str) -> list[Event]:
        """All events up to and with the next one of type `kind`."""
        events = [await self.receive()]
        while events[-1]["type"] != kind:
            events.append(await self.receive())
        return events

    def __aiter__(self) -> AsyncIterator[Event]:
        """Iterate over events until the session is closed."""
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            try:
                event = await self.receive()
            except EOFError:
                return
            yield event

    async def events(self) -> AsyncIterator[AnyEvent]:
        """Iterate over events as objects, `UnknownEvent` for what this version does not know."""
        async for event in self:
            yield read_event(event)

    # --- Sending -----------------------------------------------------------------------------------------------------

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event of type `kind`."""
        await self._socket.send(json.dumps({"type": kind, **fields}, ensure_ascii=False))

    async def update_session(self, **session: Any) -> None:
        """Change settings; a partial deep merge on the server. Answered by `session.updated`."""
        await self.send("session.update", session={"type": "realtime", **session})

    async def send_audio(self, audio: bytes) -> None:
        """Append s16le mono at 24 kHz to the input buffer."""
        await self.send("input_audio_buffer.append", audio=base64.b64encode(audio).decode())

    async def play(self, samples: pcm.Samples, sample_rate_hz: int, *, real_time: bool = True) -> None:
        """Send a recording as a microphone would: in packets, at the speed of sound unless `real_time` is off."""
        resampler = Resampler(sample_rate_hz, SAMPLE_RATE_HZ)
        packet = sample_rate_hz * PACKET_MS // 1000
        start_s = anyio.current_time()
        for number, start in enumerate(range(0, len(samples), packet)):
            if real_time:
                await anyio.sleep_until(start_s + number * PACKET_MS / 1000)
            await self.send_audio(pcm.encode(resampler.push(samples[start : start + packet])))
        await self.send_audio(pcm.encode(resampler.flush()))

    async def commit_audio(self) -> None:
        """End the turn by hand, where turn detection is off."""
        await self.send("input_audio_buffer.commit")

    async def send_text(self, text: str, *images: bytes) -> None:
        """Add a user's message; pictures are the bytes of JPEG or PNG files."""
        content = [_picture(image) for image in images]
        await self._add({"role": "user", "content": [{"type": "input_text", "text": text}, *content]})

    async def send_frame(self, image: bytes) -> None:
        """Show a frame of the camera, the bytes of a JPEG or PNG file; a turn uses the newest."""
        await self._add({"role": "user", "content": [_picture(image)]})

    send_image = send_frame

    async def send_tool_output(self, call_id: str, output: str) -> None:
        """Give the result of a function call; then ask for a response."""
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        await self.send("conversation.item.create", item=item)

    async def delete_item(self, item_id: str) -> None:
        """Take an item out of the conversation: the model no longer knows of it."""
        await self.send("conversation.item.delete", item_id=item_id)

    async def create_response(self, **response: Any) -> None:
        """Ask for an answer, with settings for this one only if given."""
        await self.send("response.create", **({"response": response} if response else {}))

    async def cancel_response(self) -> None:
        """Stop the answer in progress."""
        await self.send("response.cancel")

    async def truncate(self, item_id: str, audio_end_ms: int, *, content_index: int = 0) -> None:
        """Tell how much of a spoken answer was played before it was stopped; the rest leaves the conversation."""
        await self.send(
            "conversation.item.truncate", item_id=item_id, content_index=content_index, audio_end_ms=audio_end_ms
        )

    async def _add(self, message: dict[str, Any]) -> None:
        await self.send("conversation.item.create", item={"type": "message", **message})


@asynccontextmanager
async def connect(
    url: str, *, model: str = "nano", api_key: str | None = None, resume: bool = False
) -> AsyncIterator[RealtimeClient]:
    """Open a session at `url` (`http://host:port` or `ws://…`); `session.created` is still to be received.

    `resume`: come back after a lost connection, if the server waits for us. Leaving the block ends the session.

    Raises:
        OverloadedError: the server has no place; the error says when to try again.
        InputError: `url` is no address, no realtime server answers there, or the key is not accepted.
        AutoGLMError: the server refuses.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else None

    async def open_socket(parameters: dict[str, str]) -> websockets.ClientConnection:
        return await websockets.connect(
            _realtime_url(url, model, parameters),
            additional_headers=headers,
            max_size=MAX_EVENT_BYTES,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            compression=None,
            proxy=None,
        )

    try:
        socket = await open_socket({"autoglm": "resume"} if resume else {})
    except InvalidStatus as error:
        raise _refusal(error) from error
    except InvalidURI as error:
        raise InputError(f"{url} is no address of a server; give one like http://127.0.0.1:8000") from error
    except (OSError, TimeoutError) as error:
        raise InputError(
            f"no server at {url} ({_reason(error)}); check the address, or start one with `autoglm serve`"
        ) from error
    except InvalidHandshake as error:
        raise InputError(f"what answers at {url} is no realtime server ({error}); check the address") from error
    if not resume:
        async with socket:
            yield RealtimeClient(socket)
        return
    resuming = ResumingSocket(socket, open_socket)
    try:
        yield RealtimeClient(resuming)
    finally:
        await resuming.close()


def _realtime_url(url: str, model: str, parameters: dict[str, str]) -> str:
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path.rstrip("/")
    if not path.endswith("/realtime"):
        path = f"{path.removesuffix('/v1')}/v1/realtime"
    query = "&".join(filter(None, (parts.query or urlencode({"model": model}), urlencode(parameters))))
    return urlunsplit((scheme, parts.netloc, path, query, ""))


def _refusal(error: InvalidStatus) -> AutoGLMError:
    status, said = error.response.status_code, _message(error.response.body)
    if status == 503:
        retry_after_s = float(error.response.headers.get("Retry-After", 1))
        return OverloadedError(
            f"the server has no place for another session; try again in {retry_after_s:.0f} s, "
            "or raise its --max-sessions",
            retry_after_s=retry_after_s,
        )
    if status == 401:
        return InputError(f"the server does not accept this API key ({said}); give one of its --api-key")
    if status == 404:
        return InputError(f"the server has nothing at this address ({said}); check its path and the model's name")
    return AutoGLMError(f"the server refused the session (HTTP {status}: {said})")


def _message(body: bytes | None) -> str:
    """What the server says is wrong."""
    try:
        return str(json.loads(body or b"")["error"]["message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return "it does not say why"


def _reason(error: Exception) -> str:
    """What the system says; of several attempts (IPv6, IPv4) the messages are long and alike."""
    strerror = getattr(error, "strerror", None)
    if isinstance(error, TimeoutError):
        return f"no answer within {OPEN_TIMEOUT_S:.0f} s"
    return str(strerror or error)


def _picture(image: bytes) -> dict[str, str]:
    mime = "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
    return {"type": "input_image", "image_url": f"data:{mime};base64,{base64.b64encode(image).decode()}"}
