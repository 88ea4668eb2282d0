"""A model inside a program: requests as a server takes them, answers as typed deltas."""

import anyio
import pytest

from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import EngineDiedError, ModelNotFoundError
from autoglm_agent.protocol.chat_deltas import AnswerEnded, AnswerPiece, CallPiece, ReasoningPiece
from autoglm_agent.protocol.errors import RemoteProtocolError
from autoglm_agent.runtime import ChatEngine
from autoglm_agent.runtime.stages import Stages
from tests.integrations.langchain.scripts import call

SPEC = EngineSpec(
    script=Script(replies=(ScriptedReply(reasoning="想", text="好"), call("look", when="看", where="左")))
)

pytestmark = pytest.mark.anyio


def request(text="你好", **more):
    return {"model": "nano", "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture(scope="module")
def engine():
    engine = ChatEngine(SPEC)
    yield engine
    engine.close()


def test_an_answer_is_its_pieces_and_an_end(engine):
    *pieces, end = engine.stream(request())
    assert pieces == [ReasoningPiece(text="想"), AnswerPiece(text="好")]
    assert isinstance(end, AnswerEnded)
    assert (end.model, end.reason, end.usage.output_tokens, end.usage.reasoning_tokens) == ("nano", "stop", 2, 1)
    assert end.gate == {"text": 1.0, "image": 0.0, "speech": 0.0}
    assert set(end.latency_ms) == {"first_token", "first_text", "queue", "prefill", "decode", "total"}


async def test_it_comes_asynchronously_too(engine):
    with anyio.fail_after(5):
        pieces = [delta async for delta in engine.astream(request("看"))]
    assert pieces[0] == CallPiece(index=0, call_id="call_look", name="look", arguments='{"where": "左"}')


def test_a_malformed_request_is_refused(engine):
    with pytest.raises(RemoteProtocolError, match="messages"):
        list(engine.stream({"messages": []}))


def test_those_who_name_the_same_engine_share_it():
    assert ChatEngine.shared(SPEC) is ChatEngine.shared(EngineSpec(script=SPEC.script))
    assert ChatEngine.shared(SPEC) is not ChatEngine.shared(EngineSpec(script=SPEC.script, threads=1))
    assert ChatEngine.shared(EngineSpec(model="autoglm-phone-9b")) is ChatEngine.shared(EngineSpec(model="nano"))


def test_a_closed_engine_starts_again(engine):
    assert len(list(engine.stream(request()))) == 3
    engine.close()
    assert len(list(engine.stream(request()))) == 3


def test_closing_fails_the_answers_that_are_on_their_way():
    engine = ChatEngine(EngineSpec(script=Script(replies=(ScriptedReply(text="等", stalls=True),))))
    deltas = engine.stream(request())
    assert next(deltas) == AnswerPiece(text="等")
    engine.close()
    with pytest.raises(EngineDiedError, match="closed in the middle"):
        next(deltas)


def test_a_model_that_cannot_be_loaded_is_told_every_time():
    engine = ChatEngine(EngineSpec(model="/nowhere"))
    for _ in range(2):
        with pytest.raises(ModelNotFoundError):
            list(engine.stream(request()))


def test_stages_are_counted_once_or_added_up():
    times = iter([0.0, 1.0, 1.5, 2.0, 2.25, 3.0])
    stages = Stages(clock=lambda: next(times))
    for _ in range(2):
        with stages.span("vision"):
            pass
    assert stages.ms == {"vision": 750.0}
