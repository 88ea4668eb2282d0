"""Speaking: the voice of one answer, clause by clause, sent a little ahead of what is heard.

The text comes as it is generated and its sound follows. Being ahead by `LEAD_MS` and not by the whole answer is what
makes an interruption cheap: what was not sent need not be taken back, and a cough only pauses. Bounds: the text of one
answer, one clause of sound. Not here: when to speak or stop (`responding`, `listening`), how a voice sounds (`voice`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from autoglm_agent.audio.pcm import Encoding
from autoglm_agent.errors import AutoGLMError
from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.config import ResponseConfig
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.playback import Playback
from autoglm_agent.voice.clauses import ClauseCutter
from autoglm_agent.voice.output import OutputEncoder
from autoglm_agent.voice.speech import Speech, Synthesiser

LEAD_MS = 1_000
"""Sound that may wait at the client: bridges the network's hiccups, and is all that can sound stale after a pause."""
PIECE_MS = 200
"""Sound is sent in pieces of this length: five events a second, and a pause begins within one."""

EARLY_MS = 1.0
"""So little too early is in time; waiting for less than a clock can tell would never end."""


class Speaker:
    """Says one answer. `run` it beside the generation that calls `feed` and at last `end`."""

    def __init__(
        self,
        line: Line,
        synthesiser: Synthesiser,
        response_id: str,
        config: ResponseConfig,
        *,
        on_first_sound: Callable[[], None] = lambda: None,
    ) -> None:
        self.playback = Playback()
        self._line, self._synthesiser, self._response_id = line, synthesiser, response_id
        self._voice, self._speed, self._format = config.voice, config.speed, config.output_format
        self._encoder = OutputEncoder(Encoding(config.output_format.name))
        self._cutter = ClauseCutter()
        self._clauses: deque[str] = deque()
        self._ended = False
        self._changed = anyio.Event()
        self._may_go_on = anyio.Event()
        self._may_go_on.set()
        self._on_first_sound = on_first_sound
        self._is_mute = False

    def feed(self, text: str) -> None:
        """More of the answer's text; it has been told to the client as transcript."""
        self.playback.item_id = self._line.connection.message_id(self._response_id)
        self._clauses.extend(self._cutter.feed(text))
        self._changed.set()

    def end(self) -> None:
        """The text is complete."""
        self._clauses.extend(self._cutter.flush())
        self._ended = True
        self._changed.set()

    def pause(self) -> None:
        """Send nothing for now: somebody speaks, perhaps to us."""
        if self._may_go_on.is_set():
            self._may_go_on = anyio.Event()

    def resume(self) -> None:
        """It was nothing."""
        self._may_go_on.set()

    async def run(self) -> None:
        """Until all is sent. Cancelled by whoever stops the answer."""
        while True:
            while self._clauses:
                await self._say(self._clauses.popleft())
            if self._ended:
                break
            self._changed = anyio.Event()
            await self._changed.wait()
        await self._send(self._encoder.flush())

    async def _say(self, text: str) -> None:
        speech = await self._synthesised(text)
        self.playback.begin(text, speech)
        await self._send(self._encoder.push(speech.pcm))

    async def _synthesised(self, text: str) -> Speech:
        """The clause as sound; a voice that fails is told of once and costs no word of the transcript."""
        if not self._is_mute:
            try:
                return await self._synthesiser.speak(text, voice=self._voice, speed=self._speed)
            except AutoGLMError as error:
                self._line.tell(
                    f.ErrorRaised(message=f"a part of the answer has no voice: {error}", code="voice_failed")
                )
                self._is_mute = True
        return Speech(pcm=b"", marks=())

    async def _send(self, audio: bytes) -> None:
        """Piece by piece, as the client plays it."""
        bytes_per_ms = self._format.sample_rate_hz * self._format.bytes_per_sample / 1000
        step = round(PIECE_MS * bytes_per_ms)
        for start in range(0, len(audio), step):
            piece = audio[start : start + step]
            ms = len(piece) / bytes_per_ms
            await self._may_be_sent(ms)
            self._line.tell(f.AudioDelta(response_id=self._response_id, audio=piece))
            if not self.playback.ends_s:
                self._on_first_sound()
            self.playback.sent(ms, self._line.clock())
            await self._line.room()

    async def _may_be_sent(self, ms: float) -> None:
        await self._permission()
        while (ahead_ms := self.playback.lead_ms(self._line.clock()) + ms - LEAD_MS) > EARLY_MS:
            await anyio.sleep(ahead_ms / 1000)
            await self._permission()

    async def _permission(self) -> None:
        """Wait while somebody else speaks, or nobody would hear it: the client is lost."""
        while self._line.is_lost or not self._may_go_on.is_set():
            await self._line.client()
            await self._may_go_on.wait()
