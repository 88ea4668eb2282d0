"""What the engine has seen and heard for a session's items, and the bounded copies to show it again.

The engine may forget: it was restarted, or made room. Then a generation fails with `feature_missing`, and `send_again`
brings the one missing thing back. This holds no policy of what to look at or when to listen.

Bounds: of pictures and utterances only the newest are kept; an older utterance lives on as its transcript, an older
picture as what was said about it. Each time a limit is reached half is let go, since every such change makes the cached
keys behind it worthless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import anyio

from autoglm_agent.engine import messages as m
from autoglm_agent.errors import InputError
from autoglm_agent.protocol.items import AudioContent, ImageContent, Item, MessageItem
from autoglm_agent.runtime.engine_session import EngineSession
from autoglm_agent.runtime.stages import Stages

BYTES_PER_MS = 32
"""s16le mono at 16 kHz."""
RETAINED_AUDIO_BYTES = 120_000 * BYTES_PER_MS
"""Two minutes of speech, 3.8 MB: what a restart can bring back in seconds; the words of older speech suffice."""
MAX_UTTERANCES = 24
"""The engine holds 32 streams of a session by default; the open one, its trial and clips need room beside these."""
MAX_PICTURES = 12
"""The engine holds 16 pictures of a session by default; the camera's newest need room beside these."""
PIECE_BYTES = 1_000 * BYTES_PER_MS
"""Old speech is sent again a second at a time, so that it delays nobody's fresh speech by more."""

Key = tuple[str, int]


@dataclass(slots=True, eq=False)
class Picture:
    """A picture and the frame it is encoded as. `problem`: it does not decode. `faded`: it is too old to be shown."""

    frame_id: str
    image: bytes
    state: str = "new"
    faded: bool = False
    problem: m.Failed | None = None
    settled: anyio.Event = field(default_factory=anyio.Event)
    latency_ms: float = 0.0


@dataclass(slots=True, eq=False)
class Utterance:
    """Speech of one item. `pcm` is None once it is too old to keep; `ended` is set with the final transcript."""

    item_id: str
    stream_id: str
    pcm: bytearray | None = field(default_factory=bytearray)
    transcript: str = ""
    audio_ms: int = 0
    problem: m.Failed | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)


class Features:
    """The `history.Lookup` of one session, and the way to fill it."""

    def __init__(
        self,
        engine: EngineSession,
        *,
        new_id: Callable[[str], str],
        decode_clip: Callable[[AudioContent], Awaitable[bytes]],
        chunk_ms: int = 320,
    ) -> None:
        self.chunk_ms = chunk_ms
        self._engine = engine
        self._new_id = new_id
        self._decode_clip = decode_clip
        self._pictures: dict[Key, Picture] = {}
        self._utterances: dict[Key, Utterance] = {}

    # --- Lookup ------------------------------------------------------------------------------------------------------

    def frame_id(self, item_id: str, index: int) -> str | None:
        """The frame of an item's picture; None when it is unknown or broken."""
        picture = self._pictures.get((item_id, index))
        return picture.frame_id if picture is not None and picture.problem is None and not picture.faded else None

    def utterance(self, item_id: str, index: int) -> m.AudioPart | None:
        """The stream of an item's speech; None when it is unknown, failed or only its words are left."""
        heard = self._utterances.get((item_id, index))
        if heard is None or heard.pcm is None or heard.problem is not None:
            return None
        return m.AudioPart(stream_id=heard.stream_id, transcript=heard.transcript)

    # --- Filling -----------------------------------------------------------------------------------------------------

    def add_picture(self, item_id: str, index: int, image: bytes) -> Picture:
        """Know a picture; `encode` shows it to the engine. One that is known already is returned as it is."""
        picture = self._pictures.get((item_id, index))
        if picture is None:
            picture = self._pictures[item_id, index] = Picture(self._new_id("frame"), image)
            self._fade_pictures()
        return picture

    def _fade_pictures(self) -> None:
        alive = [picture for picture in dict.fromkeys(self._pictures.values()) if not picture.faded]
        if len(alive) > MAX_PICTURES:
            for picture in alive[: -MAX_PICTURES // 2]:
                picture.faded = True
                self._drop(picture)

    def picture(self, item_id: str) -> Picture | None:
        """The first picture of an item, if it is known."""
        return self._pictures.get((item_id, 0))

    def share_picture(self, item_id: str, picture: Picture) -> None:
        """Let another item stand for the same picture: a camera frame that shows nothing new."""
        self._pictures[item_id, 0] = picture

    async def encode(self, picture: Picture) -> m.Failed | None:
        """Have a picture encoded, or wait while it is. Its problem goes to the one caller for whom it was encoded."""
        if picture.state == "encoding":
            await picture.settled.wait()
        elif picture.state == "new" and not picture.faded:
            picture.state, picture.settled = "encoding", anyio.Event()
            try:
                answer = await self._engine.encode(picture.frame_id, picture.image)
                if isinstance(answer, m.Failed) and answer.code == "internal":  # the engine died under it
                    answer = await self._engine.encode(picture.frame_id, picture.image)
                if isinstance(answer, m.Failed):
                    picture.problem = answer
                else:
                    picture.latency_ms = answer.latency_ms
            finally:
                picture.state = "settled"
                picture.settled.set()
            return picture.problem
        return None

    def add_utterance(self, utterance: Utterance, index: int = 0) -> None:
        """Know the speech of part `index` of an item and let go of what is too old."""
        self._utterances[utterance.item_id, index] = utterance
        alive = [heard for heard in self._utterances.values() if heard.pcm is not None]
        if len(alive) <= MAX_UTTERANCES and _audio_bytes(alive) <= RETAINED_AUDIO_BYTES:
            return
        while len(alive) > 1 and (len(alive) > MAX_UTTERANCES // 2 or _audio_bytes(alive) > RETAINED_AUDIO_BYTES // 2):
            oldest = alive.pop(0)
            oldest.pcm = None
            self._close(oldest.stream_id)

    async def hear(self, utterance: Utterance) -> None:
        """Have an utterance recognised from its copy, from the start, as a stream of its own."""
        session_id, pcm = self._engine.session_id, bytes(utterance.pcm or b"")
        await self._engine.send(
            m.OpenStream(session_id=session_id, stream_id=utterance.stream_id, chunk_ms=self.chunk_ms)
        )
        last = max(0, len(pcm) - PIECE_BYTES)
        for start in range(0, last, PIECE_BYTES):
            piece = pcm[start : min(start + PIECE_BYTES, last)]
            await self._engine.send(m.PushAudio(session_id=session_id, stream_id=utterance.stream_id, pcm=piece))
        self.settle(utterance, await self._engine.finish_stream(utterance.stream_id, pcm[last:]))

    def settle(self, utterance: Utterance, answer: m.Transcript | m.Failed) -> None:
        """Write down how the recognition of an utterance ended."""
        if isinstance(answer, m.Failed):
            utterance.problem = answer
        else:
            utterance.transcript, utterance.audio_ms = answer.stable, answer.audio_ms
        utterance.ended.set()

    # --- Before and during a generation ------------------------------------------------------------------------------

    async def prepare(self, items: Iterable[Item], stages: Stages | None = None) -> list[m.Failed]:
        """Wait until all that `items` refer to is encoded and recognised; the problems found for the first time."""
        problems: list[m.Failed] = []
        stages = stages or Stages()
        for item in items:
            for index, content in enumerate(item.content if isinstance(item, MessageItem) else ()):
                if isinstance(content, ImageContent):
                    with stages.span("vision"):
                        problem = await self._prepare_picture((item.id, index), content)
                elif isinstance(content, AudioContent):
                    with stages.span("speech"):
                        problem = await self._prepare_speech((item.id, index), content)
                else:
                    continue
                if problem is not None:
                    problems.append(problem)
        return problems

    async def _prepare_picture(self, key: Key, content: ImageContent) -> m.Failed | None:
        return await self.encode(self.add_picture(*key, content.image))

    async def _prepare_speech(self, key: Key, content: AudioContent) -> m.Failed | None:
        utterance = self._utterances.get(key)
        if utterance is not None:
            await utterance.ended.wait()
            return None  # the listener has told already
        if content.audio is None:
            return None
        utterance = Utterance(key[0], self._new_id("utt"))
        self.add_utterance(utterance, key[1])
        try:
            utterance.pcm = bytearray(await self._decode_clip(content))
        except InputError as error:
            failed = m.Failed(session_id=self._engine.session_id, request_id=None, code="bad_audio", message=str(error))
            self.settle(utterance, failed)
            return failed
        await self.hear(utterance)
        return utterance.problem

    async def send_again(self, failed: m.Failed) -> bool:
        """Bring back what the engine says it lacks. False: there is no copy of it."""
        for picture in self._pictures.values():
            if picture.frame_id == failed.frame_id and picture.state == "settled":
                picture.state = "new"
                await self.encode(picture)
                return picture.problem is None
        for utterance in self._utterances.values():
            if utterance.stream_id == failed.stream_id and utterance.pcm is not None:
                await self.hear(utterance)
                return utterance.problem is None
        return False

    def forget(self, item_id: str, *, keep: Picture | None = None) -> None:
        """The item left the conversation, or never entered it: the engine may forget it too, all but `keep`."""
        for key in [key for key in self._pictures if key[0] == item_id]:
            picture = self._pictures.pop(key)
            if picture is not keep:
                self.drop_unused(picture)
        for key in [key for key in self._utterances if key[0] == item_id]:
            self._close(self._utterances.pop(key).stream_id)

    def drop_unused(self, picture: Picture) -> None:
        """Drop a picture's frame unless an item still stands for it."""
        if picture not in self._pictures.values():
            self._drop(picture)

    def _drop(self, picture: Picture) -> None:
        if picture.state != "new":
            self._engine.send_nowait(m.DropFrame(session_id=self._engine.session_id, frame_id=picture.frame_id))

    def _close(self, stream_id: str) -> None:
        self._engine.send_nowait(m.CloseStream(session_id=self._engine.session_id, stream_id=stream_id))


def _audio_bytes(utterances: Iterable[Utterance]) -> int:
    return sum(len(heard.pcm or b"") for heard in utterances)
