"""Speech streams: any cutting of the audio, alone or together, gives what the network gives offline."""

import itertools

import numpy as np
import pytest
import torch

from autoglm_agent.engine import messages as m
from autoglm_agent.engine.core import Engine
from autoglm_agent.engine.limits import EngineLimits
from autoglm_agent.engine.utterance import BYTES_PER_MS, FRAME_BYTES, TAIL_MS
from tests.engine.conftest import generate, make_bundle, noise_pcm, open_stream, push, replies, run, user

PCM = noise_pcm(2.345, seed=3)


def transcripts(results, stream="u"):
    return [r for r in results if isinstance(r, m.Transcript) and r.stream_id == stream]


def offline(bundle, pcm, chunk_frames):
    """Greedy CTC over the whole recording and the silence behind it; speech tokens of the recording alone."""
    padded = pcm + bytes(TAIL_MS * BYTES_PER_MS)
    samples = torch.from_numpy(np.frombuffer(padded, "<i2").astype(np.float32) / 32768)[None]
    said = -(-len(pcm) // FRAME_BYTES)
    with torch.inference_mode():
        output = bundle.model.speech(samples, torch.tensor([samples.shape[1]]), chunk_frames)
        best = output.tokens[0].argmax(-1).tolist()
        merged = [b for a, b in zip([0, *best], best, strict=False) if b != a and b >= 32]
        return bundle.layout.tokenizer.decode_ids(merged).strip(), bundle.model.speech.adapt(output.hidden[:, :said])[0]


@pytest.mark.parametrize("chunk_ms", [40, 320, 640, 2000])
def test_a_stream_equals_the_whole_recording(bundle, engine, chunk_ms):
    results = run(engine, open_stream("u", chunk_ms=chunk_ms), push("u", PCM))
    text, tokens = offline(bundle, PCM, chunk_ms // 40)
    last = transcripts(results)[-1]
    assert last.final
    assert last.stable == text
    assert len(text) > 3
    assert last.audio_ms == 2345
    torch.testing.assert_close(engine.utterance("s", "u").tokens, tokens, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("size", [1, 639, 1280, 3333, 10_240, 10_241])
def test_any_cutting_of_the_audio_gives_the_same(bundle, engine, size):
    pcm = PCM[: 30_000 if size == 1 else None]
    run(engine, open_stream("whole"))
    whole = transcripts(run(engine, push("whole", pcm)), "whole")[-1]
    run(engine, open_stream("u"))
    results = []
    for begin in range(0, len(pcm), size):
        engine.submit(push("u", pcm[begin : begin + size], final=False))
        if begin % 7 == 0:
            results += run(engine)
    results += run(engine, push("u", b""))
    parts = transcripts(results)
    assert parts[-1].stable == whole.stable
    assert parts[-1].audio_ms == whole.audio_ms
    assert torch.equal(engine.utterance("s", "u").tokens, engine.utterance("s", "whole").tokens)
    for earlier, later in itertools.pairwise(parts):
        assert later.stable.startswith(earlier.stable)
        assert later.audio_ms >= earlier.audio_ms


def test_streams_of_many_sessions_are_encoded_together_and_equal_streams_alone(bundle, engine):
    recordings = [noise_pcm(0.5 + 0.31 * i, seed=i) for i in range(6)]
    alone = []
    for i, pcm in enumerate(recordings):
        run(engine, open_stream(f"a{i}"))
        alone.append(transcripts(run(engine, push(f"a{i}", pcm)), f"a{i}")[-1].stable)
    before = engine.metrics.steps["speech"]
    run(engine, *[open_stream("u", session=str(i)) for i in range(6)])
    results = run(engine, *[push("u", pcm, session=str(i)) for i, pcm in enumerate(recordings)])
    together = [next(r.stable for r in results if r.session_id == str(i) and r.final) for i in range(6)]
    assert together == alone
    chunks = sum(-(-len(pcm) // 10_240) + 1 for pcm in recordings)
    assert engine.metrics.steps["speech"] - before <= chunks / 2


def test_streams_of_other_chunk_sizes_do_not_disturb(bundle, engine):
    run(engine, open_stream("u", chunk_ms=320), open_stream("v", chunk_ms=160))
    results = run(engine, push("u", PCM), push("v", PCM))
    assert transcripts(results, "u")[-1].stable == offline(bundle, PCM, 8)[0]
    assert transcripts(results, "v")[-1].stable == offline(bundle, PCM, 4)[0]


def test_a_fork_goes_its_own_way(bundle, engine):
    half = len(PCM) // 4 * 2
    run(engine, open_stream("u"), push("u", PCM[:half], final=False))
    results = run(engine, m.ForkStream(session_id="s", stream_id="u", new_stream_id="trial"), push("trial", b""))
    assert transcripts(results, "trial")[-1].stable == offline(bundle, PCM[:half], 8)[0]
    results = run(engine, push("u", PCM[half:]))
    assert transcripts(results)[-1].stable == offline(bundle, PCM, 8)[0]
    torch.testing.assert_close(engine.utterance("s", "u").tokens, offline(bundle, PCM, 8)[1], atol=1e-4, rtol=1e-3)


def test_an_empty_utterance_ends_with_an_empty_transcript(engine):
    last = transcripts(run(engine, open_stream("u"), push("u", b"")))[-1]
    assert (last.stable, last.audio_ms, last.final) == ("", 0, True)


def test_of_a_long_utterance_the_newest_features_are_kept_and_the_transcript_goes_on(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_utterance_s=1))
    last = transcripts(run(engine, open_stream("u"), push("u", PCM)))[-1]
    text, tokens = offline(bundle, PCM, 8)
    assert last.stable == text
    utterance = engine.utterance("s", "u")
    assert (utterance.first, utterance.count) == (9, 6)
    torch.testing.assert_close(utterance.tokens, tokens[-6:], atol=1e-4, rtol=1e-3)
    reply = replies(run(engine, generate(user(m.AudioPart(stream_id="u", transcript=text)))))["r"]
    assert reply.finished.usage.audio_tokens == 6


@pytest.mark.parametrize(
    ("requests", "code", "hint"),
    [
        ([open_stream("u", chunk_ms=330)], "bad_request", "multiple of 40"),
        ([open_stream("u", chunk_ms=0)], "bad_request", "multiple of 40"),
        ([push("u", PCM)], "feature_missing", "open it"),
        ([open_stream("u"), push("u", b""), push("u", PCM)], "bad_audio", "open another"),
        ([open_stream("u"), push("u", bytes(33 * 32_000), final=False)], "overloaded", "push slower"),
        ([m.ForkStream(session_id="s", stream_id="x", new_stream_id="u")], "feature_missing", "open it anew"),
        ([open_stream(str(i)) for i in range(4)] + [open_stream("u")], "overloaded", "close one"),
    ],
)
def test_what_a_stream_can_do_wrong_is_told_with_the_remedy(bundle, requests, code, hint):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_pending_audio_s=32, max_streams=4))
    failures = [r for r in run(engine, *requests) if isinstance(r, m.Failed)]
    assert [f.code for f in failures] == [code]
    assert hint in failures[0].message
    assert failures[0].stream_id == "u"
    assert not engine.has_work


def test_refused_audio_still_lets_the_stream_end(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_pending_audio_s=1))
    results = run(engine, open_stream("u"), push("u", bytes(64_000)))
    assert [type(r) for r in results] == [m.Failed, m.Transcript]
    assert results[1].final


def test_old_utterances_make_room_for_new_ones(bundle):
    engine = Engine(bundle, limits=EngineLimits(num_slots=1, max_streams=2))
    for name in "abc":
        run(engine, open_stream(name), push(name, noise_pcm(0.4)))
    gone = replies(run(engine, generate(user(m.AudioPart(stream_id="a", transcript="好")))))["r"]
    assert (gone.failed.code, gone.failed.stream_id) == ("feature_missing", "a")
    kept = replies(run(engine, generate(user(m.AudioPart(stream_id="c", transcript="好")))))["r"]
    assert kept.finished is not None


def test_a_closed_session_says_nothing_more(engine):
    run(engine, open_stream("u"))
    engine.submit(push("u", PCM))
    engine.submit(m.CloseSession(session_id="s"))
    assert not engine.has_work
    assert engine.utterance("s", "u") is None


def test_every_transcript_tells_how_likely_the_turn_has_ended_by_its_words(tokenizer):
    bundle = make_bundle(tokenizer)
    bundle.turn_ends = ByLength()
    results = transcripts(run(Engine(bundle, limits=EngineLimits(num_slots=1)), open_stream("u"), push("u", PCM)))
    assert len(results) > 3
    assert [r.end_of_turn for r in results] == [1 / (1 + len(r.stable)) for r in results]


def test_without_the_means_nothing_is_told_about_the_end_of_the_turn(engine):
    assert {r.end_of_turn for r in transcripts(run(engine, open_stream("u"), push("u", PCM)))} == {None}


class ByLength:
    """In the place of `TurnEnds`."""

    def probability(self, text):
        return 1 / (1 + len(text))
