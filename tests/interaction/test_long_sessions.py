"""Sessions longer than the model's context, with more pictures than the engine holds."""

from __future__ import annotations

import anyio
import pytest

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.runtime import features
from tests.interaction.harness import RecordingEngine, memory_client, silence, speech
from tests.interaction.test_turns import jpeg, text_only

pytestmark = pytest.mark.anyio

SCRIPT = Script(replies=(ScriptedReply(text="好"),))
MAX_TURNS = 9


class Narrow(RecordingEngine):
    """Its context holds `MAX_TURNS` turns."""

    def submit(self, request: m.Request) -> None:
        super().submit(request)
        if isinstance(request, m.Generate) and len(request.turns) > MAX_TURNS:
            del self._generations[request.session_id, request.request_id]
            self._out.append(
                m.Failed(
                    session_id=request.session_id,
                    request_id=request.request_id,
                    code="context_overflow",
                    message="too long",
                )
            )


async def test_a_dialogue_goes_on_beyond_the_context_with_few_cuts() -> None:
    engine = Narrow(SCRIPT)
    with anyio.fail_after(5):
        async with memory_client(engine) as client:
            await text_only(client)
            for number in range(20):
                await client.write(f"第{number}句")
                done = await client.next("response.done")
                assert done["response"]["status"] == "completed"
    asked = engine.asked(m.Generate)
    assert len(asked) - 20 <= 8  # the rest were refused, and led to a cut
    assert asked[-1].turns[-1].content == (m.TextPart(text="第19句"),)


async def test_a_client_that_allows_no_truncation_is_told_when_the_context_is_full() -> None:
    engine = Narrow(SCRIPT)
    with anyio.fail_after(5):
        async with memory_client(engine) as client:
            session = {"type": "realtime", "output_modalities": ["text"], "truncation": "disabled"}
            await client.send("session.update", session=session)
            assert (await client.next("session.updated"))["session"]["truncation"] == "disabled"
            status = "completed"
            while status == "completed":
                await client.write("再来一句")
                done = await client.next("response.done")
                status = done["response"]["status"]
            assert done["response"]["status_details"]["error"]["code"] == "context_length_exceeded"
            ratio = {"type": "retention_ratio", "retention_ratio": 0.2}
            await client.send("session.update", session={"type": "realtime", "truncation": ratio})
            await client.write("现在呢")
            assert (await client.next("response.done"))["response"]["status"] == "completed"


async def test_only_the_newest_pictures_stay_in_the_prompt_and_none_is_asked_for_that_was_dropped() -> None:
    engine = RecordingEngine(SCRIPT)
    count = features.MAX_PICTURES + 5
    with anyio.fail_after(10):
        async with memory_client(engine) as client:
            await text_only(client)
            for number in range(count):
                content = [{"type": "input_image", "image_url": jpeg()}, {"type": "input_text", "text": str(number)}]
                item = {"type": "message", "role": "user", "content": content}
                await client.send("conversation.item.create", item=item)
                await client.send("response.create")
                done = await client.next("response.done")
                assert done["response"]["status"] == "completed"
    assert len(engine.asked(m.EncodeFrame)) == count  # nothing had to be sent twice
    shown = [sum(isinstance(p, m.ImagePart) for t in g.turns for p in t.content) for g in engine.asked(m.Generate)]
    assert max(shown) <= features.MAX_PICTURES
    assert shown[-1] >= features.MAX_PICTURES // 2


async def test_old_speech_lives_on_as_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "MAX_UTTERANCES", 2)
    engine = RecordingEngine(Script(utterances=("一", "二", "三"), replies=SCRIPT.replies))
    with anyio.fail_after(10):
        async with memory_client(engine) as client:
            await text_only(client)
            for _ in range(3):
                await client.say(speech("thanks.opus"))
                await client.say(silence(900))
                await client.next("response.done")
    users = [turn.content for turn in engine.asked(m.Generate)[-1].turns if turn.role == "user"]
    assert users[:2] == [(m.TextPart(text="一"),), (m.TextPart(text="二"),)]
    assert isinstance(users[2][0], m.AudioPart)
