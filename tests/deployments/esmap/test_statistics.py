"""Durations of this process."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.statistics import Durations, Statistics


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 20))
def test_the_newest_count(values: list[float], kept: int) -> None:
    durations = Durations(kept)
    for value in values:
        durations.add(value)
    newest = sorted(values[-kept:])
    summary = durations.summary()
    assert summary["count"] == len(newest)
    assert (summary["min"], summary["max"]) == (round(newest[0], 3), round(newest[-1], 3))
    assert summary["average"] == pytest.approx(sum(newest) / len(newest), abs=1e-2)
    for share in (0.5, 0.95, 0.99):
        rank = max(ceil(share * len(newest)), 1)
        assert durations.percentile(share) == newest[rank - 1]


def test_known_percentiles() -> None:
    durations = Durations()
    for value in range(1, 101):
        durations.add(value)
    assert durations.summary() == {
        "count": 100,
        "average": 50.5,
        "min": 1,
        "max": 100,
        "p50": 50,
        "p95": 95,
        "p99": 99,
    }


def test_performance() -> None:
    statistics = Statistics()
    statistics.performance(inference=1.23456, total_request=2)
    found = statistics.performance(total_request=4)
    assert found["timings"] == {"total_request": 4}
    assert list(found["statistics"]) == ["total_request"]
    assert len(statistics.of("inference")) == 1
    assert statistics.of("nothing").summary()["count"] == 0
