"""Ranges: those of the tables, in quadrature, with shared figures added first."""

import math

import pytest

from fogbank.deployments.esmap.models.emission_calculator.uncertainty import Spread
from tests.deployments.esmap.models.emission_calculator.calculator import calculate

GAS = {"fuel": "natural gas", "amount": 1, "unit": "TJ"}
COAL = {"fuel": "coal", "amount": 1, "unit": "TJ"}


def test_one_activity_combines_its_gases_in_quadrature() -> None:
    # 56,100 [54,300-58,300], 28 x 1 [0.3-3], 265 x 0.1 [0.03-0.3], all in kg CO2e.
    interval = calculate(activities=[GAS])["confidence_intervals"][0]
    value = 56_100 + 28 + 26.5
    assert interval["lower"] == pytest.approx(value - math.hypot(1800, 28 * 0.7, 265 * 0.07))
    assert interval["upper"] == pytest.approx(value + math.hypot(2200, 28 * 2, 265 * 0.2))


def test_two_fuels_are_independent_and_one_fuel_is_not() -> None:
    one = calculate(activities=[GAS])["total"]
    width = one["co2e"] - one["lower"]
    twice = calculate(activities=[GAS, GAS])["total"]
    assert twice["co2e"] - twice["lower"] == pytest.approx(2 * width)
    coal = calculate(activities=[COAL])["total"]
    both = calculate(activities=[GAS, COAL])["total"]
    expected = math.hypot(width, coal["co2e"] - coal["lower"])
    assert both["co2e"] - both["lower"] == pytest.approx(expected)
    assert expected < width + coal["co2e"] - coal["lower"]


def test_a_heating_value_widens_the_range() -> None:
    by_energy = calculate(coal_tj=25.8)["metrics"]["relative_uncertainty_upper_percent"]
    by_mass = calculate(coal_kt=1)["metrics"]["relative_uncertainty_upper_percent"]
    assert by_energy == pytest.approx(5.4, abs=0.3)
    assert by_mass == pytest.approx(math.hypot(by_energy, 100 * (30.5 / 25.8 - 1)))


def test_the_amount_s_own_uncertainty() -> None:
    plain = calculate(activities=[GAS])["metrics"]["relative_uncertainty_lower_percent"]
    with_amount = calculate(activities=[{**GAS, "uncertaintyPercent": 5}])
    found = with_amount["metrics"]["relative_uncertainty_lower_percent"]
    assert found == pytest.approx(math.hypot(plain, 5))


def test_a_factor_without_a_range_counts_as_exact_and_says_so() -> None:
    answer = calculate(electricity_kwh=100, natural_gas_gj=1, region="GB")
    value, interval = answer["predictions"][0], answer["confidence_intervals"][0]
    assert interval == {"lower": value, "upper": value}
    share = value / answer["emissions"]["co2e"]
    assert answer["metrics"]["without_range_share"] == pytest.approx(share)
    assert any("no published range" in each for each in answer["warnings"])


def test_the_epa_set_borrows_relative_ranges() -> None:
    factors = {row["id"]: row for row in calculate(natural_gas_mmbtu=1, factors="epa")["factors"]}
    row = factors["epa-2025/natural gas/co2"]
    assert row["range_from"] == "ipcc-2006"
    assert row["upper"] / row["value"] == pytest.approx(58_300 / 56_100)


def test_an_interval_never_goes_under_zero() -> None:
    spread = Spread()
    spread.add("a", 8, 1)
    spread.add("b", 8, 1)
    assert spread.interval(10) == {"lower": 0, "upper": 10 + math.sqrt(2)}


def test_nothing_burned_is_nothing_emitted() -> None:
    answer = calculate(diesel_liters=0)
    assert answer["total"] == {"co2e": 0, "lower": 0, "upper": 0, "unit": "kg", "level": 0.95}
    assert answer["metrics"]["relative_uncertainty_upper_percent"] == 0
