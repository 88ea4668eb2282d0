"""LangChain's benchmark: every way is measured, and told by key."""

import json

from autoglm_agent.bench import langchain

WAYS = ("engine", "deltas", "invoke", "stream", "astream", "remote_stream", "remote_astream", "openai_stream")


def test_every_way_is_measured_beside_the_other_client(capsys):
    result = langchain.run(rounds=1, json=True)
    assert json.loads(capsys.readouterr().out.strip().splitlines()[-1]) == result
    for way in WAYS:
        assert result["num_measured"][f"{way}_ms_per_token"] == 1
        assert result["request_ms"][way] > 0
    assert all(abs(result[f"{way}_ms_per_token"]) < 20 for way in WAYS)  # on whatever machine this runs
    assert result["targets"]["stream_ms_per_token"] == 0.3
    assert result["beside"] == "langchain_openai"
