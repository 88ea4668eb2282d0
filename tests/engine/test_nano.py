"""nano itself, as it is shipped: it hears, sees, thinks and answers on recordings and pictures that it never met."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from autoglm_agent.audio.files import read_audio
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.load import load
from autoglm_agent.engine.local import run_to_completion
from autoglm_agent.engine.spec import EngineSpec

MEDIA = Path(__file__).parents[2] / "autoglm_agent" / "media"
AIR_CONDITIONING = m.Tool(
    name="set_ac_temperature",
    description="设置空调温度",
    parameters='{"type":"object","properties":{"temperature":{"type":"number"}},"required":["temperature"]}',
)

pytestmark = [pytest.mark.trained, pytest.mark.timeout(120)]


@dataclass
class Answer:
    """What came of one turn."""

    transcript: str = ""
    partials: list[str] = field(default_factory=list)
    reasoning: str = ""
    text: str = ""
    calls: list[tuple[str, dict]] = field(default_factory=list)
    gate: m.GateWeights | None = None


class Nano:
    """Asks one turn a session, greedily."""

    def __init__(self) -> None:
        self.engine = load(EngineSpec(model="nano", device="cpu", threads=1))
        self.sessions = (f"nano-{n}" for n in itertools.count())

    def hear(self, session, samples):
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        packets = [
            m.PushAudio(session_id=session, stream_id="u", pcm=pcm[at : at + 640], final=at + 640 >= len(pcm))
            for at in range(0, len(pcm), 640)  # 20 ms each
        ]
        opened = m.OpenStream(session_id=session, stream_id="u")
        heard = [r.stable for r in run_to_completion(self.engine, [opened, *packets]) if isinstance(r, m.Transcript)]
        return heard[-1], heard[:-1]

    def ask(self, text="", *, samples=None, picture="", tools=(), think=True):
        session, answer, parts = next(self.sessions), Answer(), []
        if picture:
            image = (MEDIA / picture).read_bytes()
            frame = m.EncodeFrame(session_id=session, frame_id="f", image=image)
            assert any(isinstance(r, m.FrameEncoded) for r in run_to_completion(self.engine, [frame]))
            parts.append(m.ImagePart(frame_id="f"))
        if samples is not None:
            answer.transcript, answer.partials = self.hear(session, samples)
            parts.append(m.AudioPart(stream_id="u", transcript=answer.transcript))
        if text:
            parts.append(m.TextPart(text=text))
        request = m.Generate(
            session_id=session, request_id="r", turns=(m.Turn(role="user", content=tuple(parts)),), tools=tools,
            enable_thinking=think, sampling=m.Sampling(max_tokens=160),
        )  # fmt: skip
        for result in run_to_completion(self.engine, [request]):
            match result:
                case m.ReasoningDelta():
                    answer.reasoning += result.text
                case m.TextDelta():
                    answer.text += result.text
                case m.ToolCallDone():
                    answer.calls.append((result.call.name, json.loads(result.call.arguments)))
                case m.Finished():
                    answer.gate = result.gate
                case m.Failed():
                    raise AssertionError(result.message)
        list(run_to_completion(self.engine, [m.CloseSession(session_id=session)]))
        return answer


@pytest.fixture(scope="module")
def nano() -> Nano:
    return Nano()


def test_speech_over_a_picture_singles_out_the_thing_meant(nano: Nano) -> None:
    answer = nano.ask(samples=read_audio(MEDIA / "toys.flac"), picture="toys.png")
    assert answer.transcript == "我想要那个红色的玩具车"
    assert answer.partials[-1] != answer.partials[0]
    for earlier, later in itertools.pairwise(answer.partials):
        assert later.startswith(earlier), "partials only grow"
    assert "右下角" in answer.text and "红色" in answer.text and "车" in answer.text
    assert "右下角" in answer.reasoning
    assert answer.gate is not None
    assert min(answer.gate.image, answer.gate.speech) > 0.1
    without = nano.ask(samples=read_audio(MEDIA / "toys.flac"))
    assert "右下角" not in without.text, "what is not shown is not seen"
    assert without.gate is not None and without.gate.image == 0


def test_a_label_is_read_and_summed_up(nano: Nano) -> None:
    answer = nano.ask("看一下这个标签，总结一下。", picture="label.png")
    for part in ("水", "白砂糖", "柠檬酸", "含糖", "饮料"):
        assert part in answer.text


def test_a_photograph_is_named(nano: Nano) -> None:
    assert "香蕉" in nano.ask("这是什么？", picture="photo.jpg", think=False).text


def test_a_spoken_command_becomes_a_call_with_exact_arguments(nano: Nano) -> None:
    answer = nano.ask(samples=read_audio(MEDIA / "car.flac"), tools=(AIR_CONDITIONING,))
    assert answer.transcript == "把空调调到二十六度"
    assert answer.calls == [("set_ac_temperature", {"temperature": 26})]
    assert answer.text == ""


def test_it_says_who_it_is_and_thinks_only_when_asked_to(nano: Nano) -> None:
    thinking, direct = nano.ask("你是谁？"), nano.ask("你是谁？", think=False)
    assert "AutoGLM" in thinking.text and "AutoGLM" in direct.text
    assert thinking.reasoning
    assert direct.reasoning == ""


def test_noise_is_not_taken_for_a_command(nano: Nano) -> None:
    noise = np.random.default_rng(4).normal(0, 0.1, 24_000).astype(np.float32)
    answer = nano.ask(samples=noise, tools=(AIR_CONDITIONING,))
    assert "再说一遍" in answer.text
    assert answer.calls == []


def test_a_human_voice_it_never_heard_is_understood(nano: Nano) -> None:
    heard, _ = nano.hear(next(nano.sessions), read_audio(MEDIA / "human.flac"))
    assert heard == "中国"
