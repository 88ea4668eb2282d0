"""The compute bridge over its three kinds of engine: results find their session, and a death costs one clear error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import pytest

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.scripted import Script, ScriptedEngine, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import AutoGLMError, ModelNotFoundError
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.mailbox import MERGE_ABOVE, Mailbox

pytestmark = pytest.mark.anyio

SCRIPT = Script(
    utterances=("打开客厅的灯",),
    replies=(
        ScriptedReply(text="好的", reasoning="想", when="你好"),
        ScriptedReply(when="死", dies=True),
        ScriptedReply(text="等", when="等", stalls=True),
        ScriptedReply(text="嗯"),
    ),
)
SPEC = EngineSpec(script=SCRIPT)
BRIDGES: dict[str, Callable[[], AbstractAsyncContextManager[ComputeBridge]]] = {
    "local": lambda: ComputeBridge.local(ScriptedEngine(SCRIPT)),
    "thread": lambda: ComputeBridge.thread(SPEC),
    "process": lambda: ComputeBridge.process(SPEC),
}


def ask(text: str, *, session_id: str = "s", request_id: str = "r") -> m.Generate:
    """A generation request with one user turn."""
    turn = m.Turn(role="user", content=(m.TextPart(text=text),))
    return m.Generate(session_id=session_id, request_id=request_id, turns=(turn,))


async def until_end(mailbox: Mailbox) -> list[m.Result]:
    """Results up to the end of a generation."""
    results: list[m.Result] = []
    async for result in mailbox:
        results.append(result)
        if isinstance(result, m.Finished | m.Failed):
            break
    return results


@pytest.fixture(params=list(BRIDGES))
def make_bridge(request: pytest.FixtureRequest) -> Callable[[], AbstractAsyncContextManager[ComputeBridge]]:
    """Each kind of bridge in turn."""
    return BRIDGES[request.param]


async def test_results_reach_the_session_that_asked_and_no_other(
    make_bridge: Callable[[], AbstractAsyncContextManager[ComputeBridge]],
) -> None:
    with anyio.fail_after(10):
        async with make_bridge() as bridge:
            assert (await bridge.ready()).load_ms >= 0
            with bridge.subscribe("a") as a, bridge.subscribe("b") as b:
                await bridge.send(ask("你好", session_id="a"))
                await bridge.send(ask("再见", session_id="b"))
                results_a, results_b = await until_end(a), await until_end(b)
    assert [type(r) for r in results_a] == [m.ReasoningDelta, m.TextDelta, m.TextDelta, m.Finished]
    assert "".join(r.text for r in results_a if isinstance(r, m.TextDelta)) == "好的"
    assert "".join(r.text for r in results_b if isinstance(r, m.TextDelta)) == "嗯"


async def test_cancel_ends_a_generation_that_would_never_end(
    make_bridge: Callable[[], AbstractAsyncContextManager[ComputeBridge]],
) -> None:
    with anyio.fail_after(10):
        async with make_bridge() as bridge:
            with bridge.subscribe("s") as mailbox:
                await bridge.send(ask("等"))
                assert isinstance(await anext(mailbox), m.TextDelta)
                bridge.send_nowait(m.Cancel(session_id="s", request_id="r"))
                last = (await until_end(mailbox))[-1]
    assert isinstance(last, m.Finished)
    assert last.reason == "cancelled"


@pytest.mark.parametrize("kind", ["thread", "process"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_dying_engine_fails_what_was_in_flight_and_serves_again(kind: str) -> None:
    with anyio.fail_after(20):
        async with BRIDGES[kind]() as bridge:
            await bridge.ready()
            with bridge.subscribe("s") as mailbox, bridge.subscribe("t") as other:
                await bridge.send(ask("等", session_id="t", request_id="waiting"))
                assert isinstance(await anext(other), m.TextDelta)
                await bridge.send(ask("死"))
                (failed,) = await until_end(mailbox)
                (other_failed,) = await until_end(other)
                await bridge.send(ask("你好", request_id="again"))
                again = await until_end(mailbox)
                assert bridge.restarts == 1
                assert bridge.in_flight == 0
    assert isinstance(failed, m.Failed)
    assert (failed.code, failed.request_id) == ("internal", "r")
    assert isinstance(other_failed, m.Failed)
    assert other_failed.request_id == "waiting"
    assert isinstance(again[-1], m.Finished)


async def test_leaving_while_a_generation_runs_stops_the_engine() -> None:
    before = set(threading.enumerate())
    with anyio.fail_after(10):
        async with ComputeBridge.process(SPEC) as bridge:
            with bridge.subscribe("s") as mailbox:
                await bridge.send(ask("等"))
                await anext(mailbox)
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("autoglm-engine")]


async def test_a_model_that_cannot_be_loaded_is_an_error_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(spec: EngineSpec) -> None:
        raise ModelNotFoundError(f"no model named {spec.model!r}")

    monkeypatch.setattr("autoglm_agent.engine.process.build_engine", refuse)
    with anyio.fail_after(10):
        async with ComputeBridge.thread(EngineSpec(model="mega")) as bridge:
            with pytest.raises(ModelNotFoundError, match="mega"):
                await bridge.ready()
            with bridge.subscribe("s") as mailbox:
                await bridge.send(ask("你好"))
                (failed,) = await until_end(mailbox)
    assert isinstance(failed, m.Failed)
    assert issubclass(ModelNotFoundError, AutoGLMError)


async def test_a_slow_reader_gets_all_text_in_a_bounded_number_of_results() -> None:
    mailbox = Mailbox()
    text = "很长的回答" * 100
    for character in text:
        mailbox.put(m.TextDelta(session_id="s", request_id="r", text=character))
    assert len(mailbox) <= MERGE_ABOVE
    mailbox.close()
    assert "".join([result.text async for result in mailbox if isinstance(result, m.TextDelta)]) == text


async def test_a_slow_reader_sees_the_newest_transcript_only() -> None:
    mailbox = Mailbox()
    for audio_ms in range(0, 10_000, 40):
        mailbox.put(
            m.Transcript(
                session_id="s", stream_id="u", stable="", unstable="", audio_ms=audio_ms, final=False, compute_ms=0
            )
        )
    mailbox.close()
    seen = [result.audio_ms async for result in mailbox if isinstance(result, m.Transcript)]
    assert len(seen) <= MERGE_ABOVE
    assert seen[-1] == 9_960
