"""The report as data."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.cost.bill import DayUse
from fogbank.cost.hardware import load_hardware
from fogbank.cost.price_files import load_prices
from fogbank.cost.report import as_json, make_report
from fogbank.settings import package_data

SMALL = "@cf/meta/llama-3.1-8b-instruct-fast"
LARGE = "@cf/meta/llama-3.3-70b-instruct-fp8-fast"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=30)
CATALOG = load_catalog(package_data())
PRICES = load_prices(package_data()).newest
RENTED = load_hardware(package_data())["rented-h100"]


def uses(model: str = SMALL, per_day: int = 1_000_000) -> list[DayUse]:
    """A million prompt and as many answer tokens a day."""
    rates = PRICES.models[model].neurons
    return [
        DayUse(
            day=date(2026, 11, 1) + timedelta(days=at),
            model=model,
            requests=100,
            prompt_tokens=per_day,
            completion_tokens=per_day,
            neurons=(rates["input"] + rates["output"]) * per_day / 1e6,
        )
        for at in range(30)
    ]


def test_the_small_model_instead_of_the_large_one() -> None:
    """45 and 384 cents against 293 and 2,253: 83 % less (the seeds' figure)."""
    report = make_report(uses(LARGE), SINCE, UNTIL, PRICES, CATALOG.resolve, hardware=RENTED)
    large, small = report.instead
    assert (large.model, small.model) == (LARGE, SMALL)
    assert large.usd == pytest.approx(30 * (0.293 + 2.253), rel=1e-3)
    assert small.usd == pytest.approx(30 * (0.045 + 0.384), rel=1e-3)
    assert round(small.saved, 2) == 0.83


def test_it_is_json_and_adds_up() -> None:
    report = make_report(uses(), SINCE, UNTIL, PRICES, CATALOG.resolve, hardware=RENTED)
    told = orjson.loads(orjson.dumps(as_json(report)))
    assert told["neurons"] == pytest.approx(30 * (4119 + 34868))
    assert told["neurons_billed"] == pytest.approx(30 * (4119 + 34868 - 10_000))
    assert told["usd"] == pytest.approx(told["neurons_billed"] * 0.011 / 1000)
    assert sum(line["usd"] for line in told["lines"]) == pytest.approx(told["usd"])
    assert sum(day["neurons_billed"] for day in told["by_day"]) == told["neurons_billed"]
    own = told["own"]
    assert own["sample"] is True
    assert own["tokens_per_second"] == pytest.approx(2_000_000 / 86_400)
    assert own["own_usd_per_month"]["capital"] == pytest.approx(3 * 730.5)
    assert own["own_usd_per_month"]["total"] == pytest.approx(3 * 730.5 + 8 * 60)
    assert own["odds"]["probability"] == 0
    assert own["paid_for_after_months"] is None


def test_priced_again_by_a_table_and_unpriced_without_one() -> None:
    changed = PRICES.model_copy(update={"models": {LARGE: PRICES.models[LARGE]}})
    report = make_report(uses(), SINCE, UNTIL, changed, CATALOG.resolve, again=True)
    told = as_json(report)
    assert told["unpriced"] == [SMALL]
    assert told["lines"][0]["neurons"] is None
    assert (told["usd"], told["own"], told["neurons_as"]) == (0, None, "priced again")
    dearer = {LARGE: PRICES.models[LARGE], SMALL: PRICES.models[LARGE]}
    changed = PRICES.model_copy(update={"models": dearer})
    report = make_report(uses(), SINCE, UNTIL, changed, CATALOG.resolve, again=True)
    assert report.bill.neurons == pytest.approx(30 * (26668 + 204805))


def test_a_model_that_the_catalogue_no_longer_has() -> None:
    gone = [DayUse(day=date(2026, 11, 1), model="@cf/gone", requests=1, neurons=5)]
    told = as_json(make_report(gone, SINCE, UNTIL, PRICES, CATALOG.resolve, hardware=RENTED))
    assert told["neurons"] == 5
    assert told["own"] is None
