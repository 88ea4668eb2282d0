"""The engine's benchmark on a tiny checkpoint: what it says must hang together, whatever the machine's speed."""

import json

import pytest

from autoglm_agent.bench import engine, engine_process
from autoglm_agent.engine import messages as m
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.errors import ModelNotFoundError

MEASURED_OFTEN = {"speech_rtf", "frame_ms", "prefill_tokens_per_s", "first_token_ms"}


@pytest.mark.slow
def test_every_figure_is_measured_and_the_last_line_is_json(tiny, capsys, monkeypatch):
    monkeypatch.setattr(engine, "LOADS", 1)
    monkeypatch.setattr(engine, "TURNS", 1)
    result = engine.run(model=str(tiny), json=True)
    printed = capsys.readouterr().out.strip().splitlines()
    assert json.loads(printed[-1]) == result
    keys = [figure[0] for figure in engine.FIGURES]
    assert {key: result[key] for key in keys if not result[key]} == {}
    assert result["failures"] == []
    for key, (lowest, highest) in result["spread"].items():
        assert 0 < lowest <= result[key] <= highest
    assert result["num_measured"]["load_s"] == 2
    assert min(result["num_measured"][key] for key in MEASURED_OFTEN) >= 3
    # A process that has loaded holds at least the model, and never more than it ever held.
    assert 0 < result["memory_loaded_mb"] <= result["memory_peak_mb"]
    # A chunk of 320 ms takes its share of real time, and a batch gives each stream no less than it has alone.
    assert result["speech_chunk_ms"] / 320 == pytest.approx(result["speech_rtf"], rel=0.8)
    assert result["decode_tokens_per_s_batch_8"] > result["decode_tokens_per_s"]
    assert set(result["met"]) == set(result["targets"])
    assert result["met"]["load_s"] == (result["load_s"] <= result["targets"]["load_s"])
    assert result["dtype"] == "float16"


@pytest.mark.slow
def test_a_model_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        engine.run(model="nowhere")


class Engine:
    """Stops every reply at its first token, as a model may."""

    def __init__(self):
        self.asked, self.closed = [], []

    @property
    def has_work(self):
        return bool(self.asked)

    def submit(self, request):
        (self.asked if isinstance(request, m.Generate) else self.closed).append(request)

    @property
    def metrics(self):
        class Metrics:
            steps = {}  # noqa: RUF012
            decode_batch = 0

        return Metrics()

    def step(self):
        request = self.asked.pop(0)
        usage = m.Usage(
            input_tokens=5, cached_tokens=0, audio_tokens=0, image_tokens=0, output_tokens=1, reasoning_tokens=0
        )
        finished = m.Finished(
            session_id=request.session_id,
            request_id=request.request_id,
            reason="stop",
            usage=usage,
            gate=None,
            queue_ms=0,
            prefill_ms=0,
            decode_ms=0,
        )
        return [finished]


def test_replies_that_end_at_once_are_replaced_and_do_not_count_as_decoding(monkeypatch):
    monkeypatch.setattr(engine_process, "DECODE_LIMIT_S", 0.05)
    measured, recited = engine_process.Measured(), Engine()
    engine_process._Bench(recited, measured, EngineSpec()).write()
    assert not any(key.startswith("decode") for key in measured.values)
    assert len({request.session_id for request in recited.closed}) == len(recited.closed)
    assert not {r.session_id for r in recited.asked} - {r.session_id for r in recited.closed}
