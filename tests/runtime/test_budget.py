"""A budget that warns."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fogbank.clock import TurnedClock
from fogbank.runtime.budget import Budget, budget_metrics
from fogbank.storage.ledger_store import store_opener
from tests.ledger import PRICES
from tests.server import TEXT, running, settings
from tests.storage.ledger_rows import row

DOLLAR = 1000 / 0.011
"""In neurons."""
FREE = 10_000


def clock() -> TurnedClock:
    return TurnedClock(datetime(2026, 11, 29, 12, tzinfo=UTC))


def warnings(logs: list[Any]) -> list[tuple[float, str]]:
    return [(each["share"], each["month"]) for each in logs if each["log_level"] == "warning"]


def test_it_warns_once_at_each_threshold_of_each_month() -> None:
    time = clock()
    budget = Budget(10, PRICES, time)
    with capture_logs() as logs:
        budget.spend(FREE + 7.9 * DOLLAR)
        assert not logs
        for _ in range(3):
            budget.spend(0.2 * DOLLAR)
        assert budget.spent == pytest.approx(8.5)
        budget.spend(5 * DOLLAR)
        time.turn(3 * 86_400)
        budget.spend(FREE + 20 * DOLLAR)
    assert warnings(logs) == [(0.81, "2026-11"), (1.35, "2026-11"), (2.0, "2026-12")]


def test_each_day_has_its_free_neurons() -> None:
    time = clock()
    budget = Budget(10, PRICES, time)
    budget.spend(FREE + DOLLAR)
    time.turn(86_400)
    budget.spend(FREE)
    assert budget.spent == pytest.approx(1)


def test_what_was_spent_before_it_began_is_read_once(tmp_path: Path) -> None:
    time = clock()
    store = store_opener(tmp_path, None)()
    at = time.now()
    store.insert(
        [
            row(1, at=at - timedelta(days=2), neurons=FREE + 9 * DOLLAR),
            row(2, at=at - timedelta(days=40), neurons=FREE + 100 * DOLLAR),
        ]
    )
    budget = Budget(10, PRICES, time)
    with capture_logs() as logs:
        budget.read(store)
        budget.read(store)
        budget.spend(0)
    store.close()
    assert budget.spent == pytest.approx(9)
    assert warnings(logs) == [(0.9, "2026-11")]
    (metric,) = budget_metrics(budget)()
    assert metric.samples[0].value == pytest.approx(0.9)


@pytest.mark.anyio
async def test_a_server_counts_neurons_and_dollars(tmp_path: Path) -> None:
    config = settings(tmp_path, budget_usd=1e-9)
    with capture_logs() as logs:
        async with running(config, prices=PRICES) as fogbank:
            await fogbank.run(TEXT, {"prompt": "one two three", "max_tokens": 10})
            text = (await fogbank.client.get("/metrics")).text
    neurons = _value(text, f'fogbank_neurons_total{{model="{TEXT}"}}')
    usd = _value(text, f'fogbank_cloud_usd_total{{model="{TEXT}"}}')
    assert usd == pytest.approx(neurons * 0.011 / 1000)
    assert _value(text, "fogbank_cloud_budget_share") == 0  # within the day's free neurons
    assert not warnings(logs)


def _value(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(line.rpartition(" ")[2])
