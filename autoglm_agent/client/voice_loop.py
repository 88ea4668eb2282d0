"""A talk by voice: microphone → echo guard → session → loudspeaker, with frames of a camera and functions to call.

New speech stops what is played, and the session is told how much of it was heard, to the sample. The functions that an
answer calls run beside the talk; their results are given back and answered. Speech over them stops them.

Sound goes out and comes in whatever the network does: `OUTGOING_BLOCKS` wait for it, then the oldest are lost and
counted. Not here: the session's settings (`RealtimeClient.update_session`), devices, what to show of it.

Use:
    async with connect(url) as client, open_sound_card() as card:
        await VoiceLoop(client, microphone=card, loudspeaker=card).run()
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
from anyio.abc import TaskGroup

from autoglm_agent.audio import pcm
from autoglm_agent.client.devices import BLOCK_S, Camera, Loudspeaker, Microphone
from autoglm_agent.client.echo_guard import EchoGuard
from autoglm_agent.client.playback import Playback
from autoglm_agent.client.realtime import Event, RealtimeClient
from autoglm_agent.client.tools import Tool, run_tool
from autoglm_agent.errors import AutoGLMError

OUTGOING_BLOCKS = round(10.0 / BLOCK_S)
"""Ten seconds: what a lost connection takes to come back. Older speech would be answered when nobody expects it."""
FRAME_EVERY_S = 1.0
"""What the Realtime API's clients send; a picture is encoded in 100 ms, and the newest is used."""
MAX_ROUNDS = 4
"""Of calls without a word of the user between: a model that calls on and on has lost the thread."""
CANCELLED = json.dumps({"error": "cancelled: the user went on speaking"})

Script = Callable[[], Awaitable[None]]


class VoiceLoop:
    """One talk. `answers` counts what was answered whole: spoken to its end, its functions called."""

    def __init__(
        self,
        client: RealtimeClient,
        *,
        microphone: Microphone,
        loudspeaker: Loudspeaker,
        camera: Camera | None = None,
        tools: Iterable[Tool] = (),
        guard: EchoGuard | None = None,
        keep_turns: int | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """Take what is needed; nothing begins before `run`.

        Args:
            client: an open session.
            microphone: sets the pace.
            loudspeaker: gets a block for each of the microphone's.
            camera: looked through once a second.
            tools: what the model may call.
            guard: None where no loudspeaker can be heard by the microphone: headphones, files.
            keep_turns: how many answered turns stay in the conversation; None keeps all. Small models mistake old
                commands for new ones: with 0 each command stands alone, with 1 "and now two more" is understood.
            on_event: is shown each event of the server, after the loop has acted on it.
        """
        self._client = client
        self._microphone, self._loudspeaker, self._camera = microphone, loudspeaker, camera
        self._tools = {tool.name: tool for tool in tools}
        self._guard, self._on_event = guard, on_event
        self._playback = Playback(loudspeaker.latency_s)
        self._outgoing: deque[bytes] = deque(maxlen=OUTGOING_BLOCKS)
        self._has_outgoing = anyio.Event()
        self._keep_turns = keep_turns
        self._turns = deque[list[str]]([[]])
        self._calls: list[dict[str, str]] = []
        self._rounds = 0
        self._running: anyio.CancelScope | None = None
        self._responding = False
        self._changed = anyio.Event()
        self._failure: Exception | None = None
        self.answers = 0
        self.lost_ms = 0

    async def run(self, script: Script | None = None) -> None:
        """Talk until cancelled, or until `script`, which runs beside it, is over.

        Raises:
            AutoGLMError: the server closed the session, or a device failed.
        """
        if self._tools:
            await self._client.update_session(tools=[tool.definition for tool in self._tools.values()])
        async with anyio.create_task_group() as tasks:

            async def guarded(work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
                try:
                    await work(*arguments)
                except Exception as error:  # taken out of the group bare, below
                    self._failure = self._failure or error
                    tasks.cancel_scope.cancel()

            for work in (self._sound, self._send, self._look):
                tasks.start_soon(guarded, work)
            tasks.start_soon(guarded, self._receive, tasks)
            if script is not None:
                await guarded(script)
                tasks.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure

    @property
    def is_speaking(self) -> bool:
        """Whether something of an answer is being heard, or waits to be."""
        return self._playback.is_playing

    async def answered(self, answers: int) -> None:
        """Wait until more than so many turns were answered, to the last sound. Bound it: a turn may not be heard."""
        while self.answers <= answers or self._responding or self._playback.is_playing or self._running is not None:
            self._changed = anyio.Event()
            await self._changed.wait()

    # --- Sound, out and in -------------------------------------------------------------------------------------------

    async def _sound(self) -> None:
        """Block by block, at the microphone's pace."""
        while True:
            heard = await self._microphone.read()
            was_playing = self._playback.is_playing
            played = self._playback.render()
            await self._loudspeaker.write(played)
            clean = self._guard.push(heard, played) if self._guard is not None else heard
            if len(self._outgoing) == OUTGOING_BLOCKS:
                self.lost_ms += round(BLOCK_S * 1000)
            self._outgoing.append(pcm.encode(clean))
            self._has_outgoing.set()
            if was_playing and not self._playback.is_playing:
                self._changed.set()

    async def _send(self) -> None:
        while True:
            await self._has_outgoing.wait()
            self._has_outgoing = anyio.Event()
            audio = b"".join(self._outgoing)
            self._outgoing.clear()
            await self._client.send_audio(audio)

    async def _look(self) -> None:
        while self._camera is not None:
            await self._client.send_frame(await self._camera.look())
            await anyio.sleep(FRAME_EVERY_S)

    # --- What the server tells ---------------------------------------------------------------------------------------

    async def _receive(self, tasks: TaskGroup) -> None:
        async for event in self._client:
            await self._act_on(event, tasks)
            self._on_event(event)
            self._changed.set()
        raise AutoGLMError("the server closed the session; begin a new one")

    async def _act_on(self, event: Event, tasks: TaskGroup) -> None:
        match event["type"]:
            case "input_audio_buffer.speech_started":
                await self._interrupted()
            case "conversation.item.added" if self._keep_turns is not None:
                self._turns[-1].append(event["item"]["id"])
            case "input_audio_buffer.committed":
                self._rounds = 0
            case "response.created":
                self._responding, self._calls = True, []
            case "response.output_audio.delta":
                audio = base64.b64decode(event["delta"])
                self._playback.add(event["item_id"], event.get("content_index", 0), audio)
            case "response.function_call_arguments.done":
                self._calls.append(event)
            case "response.done":
                await self._done(event["response"]["status"], tasks)

    async def _interrupted(self) -> None:
        """The user speaks: stop what is played and what is being done."""
        if self._running is not None:
            self._running.cancel()
        cut = self._playback.interrupt()
        if cut is not None:
            await self._client.truncate(cut.item_id, cut.audio_end_ms, content_index=cut.content_index)

    async def _done(self, status: str, tasks: TaskGroup) -> None:
        self._responding = False
        calls, self._calls = self._calls, []
        if calls:
            self._running = anyio.CancelScope()
            tasks.start_soon(self._call, calls, self._running)
        elif status != "cancelled":
            await self._answered()

    async def _answered(self) -> None:
        """A turn is complete; forget the oldest, if that is wanted."""
        self.answers += 1
        self._turns.append([])
        while self._keep_turns is not None and len(self._turns) > self._keep_turns + 1:
            for item_id in self._turns.popleft():
                await self._client.delete_item(item_id)

    async def _call(self, calls: list[dict[str, str]], scope: anyio.CancelScope) -> None:
        """Run what was called, one after the other; each call gets a result, or the history would be broken."""
        results = {call["call_id"]: CANCELLED for call in calls}
        with scope:
            for call in calls:
                results[call["call_id"]] = await run_tool(self._tools, call["name"], call["arguments"])
        for call_id, result in results.items():
            await self._client.send_tool_output(call_id, result)
        self._rounds += 1
        if scope.cancel_called:
            pass  # the user's new words are answered
        elif self._rounds < MAX_ROUNDS:
            self._responding = True
            await self._client.create_response()
        else:
            await self._answered()
        self._running = None
        self._changed.set()
