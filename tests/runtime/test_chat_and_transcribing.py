"""Whole conversations and whole recordings over the bridge: what is left out, and how much waits."""

import anyio
import numpy as np
import pytest

from autoglm_agent.audio.files import write_wav
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedEngine
from autoglm_agent.errors import ContextOverflowError, InputError
from autoglm_agent.protocol.chat import ChatMessage, ChatTurns
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.protocol.items import TextContent
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.chat import complete
from autoglm_agent.runtime.transcribing import AHEAD_MS, transcribe

pytestmark = pytest.mark.anyio


class NarrowEngine(ScriptedEngine):
    """Has room for so many turns."""

    room = 4

    def submit(self, request: m.Request) -> None:
        if isinstance(request, m.Generate) and len(request.turns) > self.room:
            ids = {"session_id": request.session_id, "request_id": request.request_id}
            self._out.append(m.Failed(**ids, code="context_overflow", message="too long"))
        else:
            self.__dict__.setdefault("asked", []).append(request)
            super().submit(request)


def conversation(turns, **more):
    roles = ("system", *("user", "assistant") * turns)
    messages = [ChatMessage(role=role, content=(TextContent(text=f"{n}"),)) for n, role in enumerate(roles)]
    return ChatTurns(model="nano", messages=tuple(messages[:-1]), **more)


async def nothing(_result):
    pass


async def test_what_does_not_fit_is_left_out_from_the_oldest_on_but_never_the_instructions() -> None:
    engine = NarrowEngine(Script())
    with anyio.fail_after(5):
        async with ComputeBridge.local(engine) as bridge:
            await complete(bridge, conversation(8, truncate=True), nothing, new_id=CountingIds().new)
            with pytest.raises(ContextOverflowError):
                await complete(bridge, conversation(8), nothing, new_id=CountingIds().new)
    (asked,) = [request for request in engine.asked if isinstance(request, m.Generate)]
    assert [turn.role for turn in asked.turns] == ["system", "user", "assistant", "user"]
    assert [turn.content[0].text for turn in asked.turns] == ["0", "13", "14", "15"]


class SlowEars(ScriptedEngine):
    """Notes how much audio was ever waiting."""

    most_waiting_ms = 0

    def submit(self, request: m.Request) -> None:
        super().submit(request)
        waiting = sum(len(push.pcm) for push in self._speech if isinstance(push, m.PushAudio)) // 32
        self.most_waiting_ms = max(self.most_waiting_ms, waiting)


@pytest.fixture
def recording(tmp_path):
    write_wav(tmp_path / "long.wav", np.sin(np.arange(60 * 16_000) / 20).astype(np.float32) * 0.3)
    return (tmp_path / "long.wav").read_bytes()


async def test_a_long_recording_never_waits_whole_in_the_engine(recording) -> None:
    engine, told = SlowEars(Script(utterances=("字" * 200,))), []

    async def on_text(text):
        told.append(text)

    with anyio.fail_after(10):
        async with ComputeBridge.local(engine) as bridge:
            heard = await transcribe(bridge, recording, chunk_ms=320, new_id=CountingIds().new, on_text=on_text)
    assert heard.text == "".join(told) == "字" * 200
    assert heard.audio_s == pytest.approx(60, abs=0.05)
    assert engine.most_waiting_ms <= AHEAD_MS + 1000
    assert len(told) > 20


class CorrectingEars(ScriptedEngine):
    """Hears better in the end."""

    def step(self) -> list[m.Result]:
        return [
            m.Transcript(**{**{name: getattr(r, name) for name in r.__slots__}, "stable": "改好了"})
            if isinstance(r, m.Transcript) and r.final
            else r
            for r in super().step()
        ]


async def test_the_whole_may_correct_what_was_told(recording) -> None:
    told = []

    async def on_text(text):
        told.append(text)

    with anyio.fail_after(10):
        async with ComputeBridge.local(CorrectingEars(Script(utterances=("原来的话",)))) as bridge:
            heard = await transcribe(bridge, recording, chunk_ms=320, new_id=CountingIds().new, on_text=on_text)
    assert (heard.text, "".join(told)) == ("改好了", "原来的话")


async def test_what_the_engine_reports_ends_a_transcription(recording) -> None:
    class Refusing(ScriptedEngine):
        def submit(self, request: m.Request) -> None:
            if isinstance(request, m.PushAudio):
                ids = {"session_id": request.session_id, "stream_id": request.stream_id}
                self._out.append(m.Failed(**ids, request_id=None, code="bad_audio", message="no ears"))
            else:
                super().submit(request)

    with anyio.fail_after(5):
        async with ComputeBridge.local(Refusing(Script())) as bridge:
            with pytest.raises(InputError, match="no ears"):
                await transcribe(bridge, recording, chunk_ms=320, new_id=CountingIds().new, on_text=nothing)
