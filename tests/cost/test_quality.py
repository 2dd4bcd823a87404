"""Speed and quality of models, priced."""

from typing import Any

import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.cost.price_files import load_prices
from fogbank.cost.quality import Quality, priced, quality_json
from fogbank.deployments.energygenius.comparison import arm_of, compared
from fogbank.settings import package_data
from tests.deployments.energygenius.runs import run

SMALL = "@cf/meta/llama-3.1-8b-instruct-fast"
LARGE = "@cf/meta/llama-3.3-70b-instruct-fp8-fast"
CATALOG = load_catalog(package_data())
PRICES = load_prices(package_data()).newest


def told(*, again: bool = False, **changed: Any) -> dict[str, Any]:
    runs = [run("one", tokens=(1000, 100), **changed), run("two", tokens=(3000, 300), **changed)]
    arms = [arm_of(name, runs, model=name) for name in (SMALL, LARGE)]
    quality = Quality.model_validate(compared(arms))
    return quality_json(priced(quality, PRICES, CATALOG.resolve, again=again))


def test_what_was_recorded_is_what_it_cost() -> None:
    first = told(neurons=12.5)["arms"][0]
    assert first["neurons_per_scenario"] == 12.5
    assert first["usd_per_scenario"] == pytest.approx(12.5 * 0.011 / 1000)
    assert first["tokens_per_scenario"] == 2200


@pytest.mark.parametrize(("again", "neurons"), [(True, 12.5), (False, None)])
def test_else_it_is_priced_by_its_tokens(again: bool, neurons: float | None) -> None:
    first, second = told(again=again, neurons=neurons)["arms"]
    assert first["neurons_per_scenario"] == pytest.approx((2000 * 4119 + 200 * 34868) / 1e6)
    assert second["neurons_per_scenario"] == pytest.approx((2000 * 26668 + 200 * 204805) / 1e6)


def test_speed_and_quality() -> None:
    found = told(neurons=1.0)
    stage = found["arms"][0]["stages"]["plan-scoring"]
    assert stage == {
        "p50_s": 2.0,
        "max_s": 2.0,
        "tokens_per_second": 100.0,
        "asked": 4,
        "json_tries": 4,
        "json_valid": 1,
        "answers_valid": 0.5,
    }
    assert found["arms"][0]["whole"] == {"p50_s": 4.0, "max_s": 4.0}
    assert found["agreement"] == {"scenarios": 2, "overlap": 1, "rank": 1, "same_first": 2}


def test_what_nobody_tells_has_no_cost() -> None:
    arm = arm_of("old", [run("one", tokens=None, neurons=None)], model=None)
    quality = Quality.model_validate(compared([arm]))
    found = quality_json(priced(quality, PRICES, CATALOG.resolve))
    assert found["agreement"] is None
    costs = {key: value for key, value in found["arms"][0].items() if key.endswith("_per_scenario")}
    assert set(costs.values()) == {None}
