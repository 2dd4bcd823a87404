"""Bills of described traffic."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.catalog.card import Card
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError
from fogbank.cost.price_files import load_prices
from fogbank.cost.traffic import Simulation, Traffic, read_traffic, simulate
from fogbank.settings import package_data

SMALL = "@cf/meta/llama-3.1-8b-instruct-fp8-fast"
LARGE = "@cf/meta/llama-3.3-70b-instruct-fp8-fast"
PRICES = load_prices(package_data()).newest
CATALOG = load_catalog(package_data())


def find(name: str) -> Card:
    return CATALOG.cards[name]


def bill(days: float, *loads: dict[str, object]) -> Simulation:
    return simulate(Traffic.model_validate({"days": days, "models": loads}), PRICES, find)


def load(model: str, requests: float, **units: float) -> dict[str, object]:
    return {"model": model, "requests_per_day": requests, **units}


@pytest.mark.parametrize(
    ("model", "unit", "usd"),
    [
        (SMALL, "tokens_in", 0.045),
        (SMALL, "tokens_out", 0.384),
        (LARGE, "tokens_in", 0.293),
        (LARGE, "tokens_out", 2.253),
    ],
)
def test_a_million_tokens_cost_what_cloudflare_displays(model: str, unit: str, usd: float) -> None:
    """A thousand requests of a thousand tokens on one day; the display rounds to a tenth cent."""
    told = bill(1, load(model, 1000, **{unit: 1000}))
    assert round(PRICES.usd(told.neurons), 3) == usd


def test_the_free_allocation_is_taken_once_a_day_from_all_models() -> None:
    each = load(SMALL, 1000, tokens_in=1000)  # 4,119 neurons a day
    alone = bill(30, each)
    assert alone.neurons == pytest.approx(30 * 4119)
    assert (alone.neurons_billed, alone.usd) == (0, 0)
    other = load(LARGE, 1000, tokens_in=1000)  # 26,668
    both = bill(30, each, other)
    assert both.neurons_billed == pytest.approx(30 * (4119 + 26_668 - 10_000))
    assert both.usd == pytest.approx(30 * 20_787 * 0.011 / 1000)


def test_cached_tokens_have_their_own_rate() -> None:
    name = "@cf/deepseek-ai/deepseek-v4-pro-0813"
    rates = PRICES.models[name].neurons
    cold = bill(1, load(name, 1, tokens_in=1e6))
    warm = bill(1, load(name, 1, tokens_in=1e6, tokens_cached=1e6))
    assert (cold.neurons, warm.neurons) == pytest.approx((rates["input"], rates["cached_input"]))


def test_an_unpriced_model_is_not_free() -> None:
    told = bill(30, load("@cf/facebook/bart-large-cnn", 10, tokens_in=1000))
    assert told.unpriced == ["@cf/facebook/bart-large-cnn"]
    assert told.models[0].neurons is None


@given(
    requests=st.floats(0, 1e9),
    tokens=st.floats(0, 1e6),
    days=st.floats(0.5, 400),
)
def test_what_is_billed_lies_between_nothing_and_everything(
    requests: float, tokens: float, days: float
) -> None:
    told = bill(days, load(SMALL, requests, tokens_in=tokens))
    assert 0 <= told.neurons_billed <= told.neurons
    free = min(told.neurons, days * PRICES.free_neurons_per_day)
    assert told.neurons - told.neurons_billed == pytest.approx(free, abs=1e-9 * told.neurons)
    assert told.neurons == pytest.approx(days * requests * tokens * 4119 / 1e6, rel=1e-6, abs=1)


def test_mistakes_of_a_file_are_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "traffic.yaml"
    file.write_text("days: 0\nmodels:\n  - {model: a, requests_per_day: -1, token_in: 3}\n")
    with pytest.raises(CatalogError) as caught:
        read_traffic(file)
    text = str(caught.value)
    assert f"{file}:1: days" in text
    assert f"{file}:3: models[0].token_in: unknown key; did you mean 'tokens_in'?" in text
    file.write_text("models: [{model: a, requests_per_day: 1, tokens_in: 2, tokens_cached: 3}]\n")
    with pytest.raises(CatalogError, match="more than tokens_in"):
        read_traffic(file)
