"""The sessions' benchmark: two users, real sockets, a few seconds."""

import json

from autoglm_agent.bench import realtime

DELAYS = ("event_overhead_ms", "partial_ms", "interrupt_ms", "final_transcript_ms", "first_token_ms", "client_lag_ms")


def test_two_users_interrupt_their_replies_and_every_delay_is_told(capsys):
    result = realtime.run(sessions=2, seconds=3, json=True)
    printed = capsys.readouterr().out.strip().splitlines()
    assert json.loads(printed[-1]) == result
    for key in DELAYS:
        assert result["num_measured"][key] > 0, key
        assert 0 < result[f"{key}_p50"] <= result[f"{key}_p95"] <= result[f"{key}_p99"]
    assert result["replies"] >= 3
    assert result["replies_failed"] == result["audio_shed_ms"] == 0
    # Each user cuts off every reply but the last.
    assert result["replies_interrupted"] == result["replies"] - 2
    assert 0 < result["vad_per_session_percent"] < 100
    assert 0 < result["cpu_per_session_percent"] < 100
    assert result["memory_server_mb"] > 10
