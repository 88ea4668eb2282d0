"""Figures: medians, percentiles, targets and what is printed of them."""

import json

import pytest

from autoglm_agent.bench.report import Figure, hardware, peak_rss_mb, percentile, rss_mb, show, summary


def figure(*values, **changes):
    return Figure(**{"key": "load_s", "label": "loading", "unit": "s", "values": values, **changes})


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([7], 99, 7), ([1, 2, 3, 4], 50, 2), (range(1, 101), 95, 95), ([5, 1, 9], 99, 9)],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values, percent, expected):
    assert percentile(list(values), percent) == expected


def test_a_target_is_judged_by_the_median_in_its_own_direction():
    assert figure(1.0, 9.0, 2.0, target=2.0).met is True
    assert figure(1.0, 9.0, 2.0, target=3.0, more_is_better=True).met is False
    assert figure(1.0).met is None


def test_what_could_not_be_measured_has_not_reached_its_target():
    assert figure(target=2.0).met is False
    assert summary([figure(target=2.0)], {})["load_s"] is None


def test_the_target_of_a_distribution_is_its_95th_percentile():
    delays = figure(*range(1, 101), key="delay_ms", target=94.0, is_distribution=True)
    told = summary([delays], {})
    assert (told["delay_ms_p50"], told["delay_ms_p95"], told["delay_ms_p99"]) == (50, 95, 99)
    assert told["targets"] == {"delay_ms_p95": 94.0}
    assert told["met"] == {"delay_ms_p95": False}


def test_the_last_line_is_json_only_when_asked_for(capsys):
    result = show("title", [figure(1.5, 2.5, 3.5, target=2.0)], {"model": "空"}, as_json=True)
    lines = capsys.readouterr().out.strip().splitlines()
    assert json.loads(lines[-1]) == result
    assert any("loading" in line and "2.5 s" in line and "✗" in line for line in lines)
    show("title", [figure(1.5)], {}, as_json=False)
    assert "{" not in capsys.readouterr().out


def test_the_machine_is_named_and_its_memory_counted():
    assert "cores" in hardware()
    assert 0 < rss_mb() <= peak_rss_mb() * 1.01
