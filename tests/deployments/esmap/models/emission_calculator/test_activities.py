"""How activities may be given, and what is said where they cannot be."""

import math
from typing import Any

import pytest

from fogbank.deployments.esmap.model import InvalidInput
from tests.deployments.esmap.models.emission_calculator.calculator import (
    calculate,
    calculator,
    emissions,
)


def test_a_list_of_activities_keeps_its_order() -> None:
    answer = calculate(
        activities=[
            {"fuel": "natural gas", "amount": 100, "unit": "GJ"},
            {"fuel": "electricity", "amount": 1, "unit": "MWh", "region": "US"},
            {"fuelType": "diesel", "quantity": 10, "unit": "US gallons"},
        ]
    )
    assert [each["fuel"] for each in answer["activities"]] == [
        "natural gas",
        "electricity",
        "diesel",
    ]
    assert answer["predictions"] == [each["co2e"] for each in answer["activities"]]
    assert sum(answer["predictions"]) == pytest.approx(answer["emissions"]["co2e"])
    for value, interval in zip(answer["predictions"], answer["confidence_intervals"], strict=True):
        assert interval["lower"] <= value <= interval["upper"]
    named = {row["id"] for row in answer["factors"]}
    assert named == {id for each in answer["activities"] for id in each["factors"]}
    assert all(row["source"] for row in answer["factors"])


@pytest.mark.parametrize(
    ("field", "fuel", "unit"),
    [
        ("natural_gas_m3", "natural gas", "m^3"),
        ("naturalGasM3", "natural gas", "m^3"),
        ("natural_gas_therms", "natural gas", "therm"),
        ("diesel_liters", "diesel", "L"),
        ("dieselLiters", "diesel", "L"),
        ("diesel_consumption_litres", "diesel", "L"),
        ("coal_tonnes", "bituminous coal", "tonne"),
        ("coalShortTons", "bituminous coal", "short_ton"),
        ("gasoline_liters", "gasoline", "L"),
        ("petrolLitres", "gasoline", "L"),
        ("electricity_kwh", "electricity", "kWh"),
        ("electricityKwh", "electricity", "kWh"),
        ("electricityMWh", "electricity", "MWh"),
        ("lpg_kg", "lpg", "kg"),
        ("wood_kg", "wood", "kg"),
    ],
)
def test_flat_fields(field: str, fuel: str, unit: str) -> None:
    found = calculate(**{field: 12.5}, country="United Kingdom")["activities"][0]
    assert (found["fuel"], found["amount"], found["unit"]) == (fuel, 12.5, unit)
    assert found["co2e"] > 0


def test_energy_consumption_with_a_fuel_type() -> None:
    answer = calculate(energyConsumption=1000, fuelType="natural_gas", year=2024)
    assert answer["emissions"]["co2"] == pytest.approx(3.6 * 56.1)
    assert answer["ignored"] == ["year"]
    assert "energyConsumption has no unit: kWh was assumed" in answer["warnings"]
    assert calculate(energy_consumption=3.6, fuel_type="natural gas", unit="GJ")["emissions"][
        "co2"
    ] == pytest.approx(3.6 * 56.1)


def test_a_list_and_fields_add_up() -> None:
    row = {"fuel": "natural gas", "amount": 1, "unit": "GJ"}
    answer = calculate(activities=[row], diesel_gj=1, colour="green")
    assert [each["fuel"] for each in answer["activities"]] == ["natural gas", "diesel"]
    assert answer["ignored"] == ["colour"]


@pytest.mark.parametrize(
    ("amount", "unit", "same"),
    [
        (1, "MWh", 3.6),
        (1, "TJ", 1000),
        (1, "kWh", 0.0036),
        (1, "mmBtu", 1.05505585),
        (10, "therms", 1.05505585),
        (1, "toe", 41.868),
        (1, "kilowatt hours", 0.0036),
    ],
)
def test_units_of_energy(amount: float, unit: str, same: float) -> None:
    found = calculate(activities=[{"fuel": "diesel", "amount": amount, "unit": unit}])
    assert found["activities"][0]["energy"]["value"] == pytest.approx(same, rel=1e-6)


@pytest.mark.parametrize(
    ("amount", "unit", "tonnes"),
    [(1, "kg", 0.001), (1, "short ton", 0.90718474), (1, "lb", 0.00045359237), (1, "kt", 1000)],
)
def test_units_of_mass(amount: float, unit: str, tonnes: float) -> None:
    found = calculate(activities=[{"fuel": "coal", "amount": amount, "unit": unit}])
    assert found["activities"][0]["energy"]["value"] == pytest.approx(tonnes * 25.8)


@pytest.mark.parametrize(
    ("amount", "unit", "cubic_metres"),
    [
        (1, "m³", 1),
        (1, "gallon", 0.003785411784),
        (1, "imperial gallon", 0.00454609),
        (1, "barrel", 42 * 0.003785411784),
        (1000, "millilitres", 0.001),
    ],
)
def test_volume_goes_by_the_density(amount: float, unit: str, cubic_metres: float) -> None:
    found = calculate(activities=[{"fuel": "diesel", "amount": amount, "unit": unit}])
    assert found["activities"][0]["energy"]["value"] == pytest.approx(cubic_metres * 0.8439 * 43.0)
    assert "diesel/density" in found["activities"][0]["factors"]


def test_mass_goes_by_the_density_where_the_set_counts_volume() -> None:
    found = emissions("diesel", 843.9, "kg", factors="epa")["co2"]
    assert found == pytest.approx(emissions("diesel", 1000, "litres", factors="epa")["co2"])


def test_gross_and_net_heating_value() -> None:
    net = emissions("natural gas", 90, "GJ")["co2"]
    gross = {"fuel": "natural gas", "amount": 100, "unit": "GJ", "basis": "gross"}
    assert calculate(activities=[gross])["emissions"]["co2"] == pytest.approx(net)
    epa = calculate(activities=[{**gross, "amount": 90, "basis": "ncv"}], factors="epa")
    same = emissions("natural gas", 100, "GJ", factors="epa")["co2"]
    assert epa["emissions"]["co2"] == pytest.approx(same)


def test_the_region_chooses_the_factors() -> None:
    def used(**more: Any) -> str:
        found: str = calculate(diesel_liters=1, **more)["factors"][0]["id"]
        return found.split("/")[0]

    assert used() == "ipcc-2006"
    assert used(region="GB") == "ipcc-2006"
    assert used(region="usa") == "epa-2025"
    assert used(region="US", factors="ipcc-2006") == "ipcc-2006"
    assert calculate(propane_gallons=1)["factors"][0]["id"].startswith("epa-2025")
    assert calculate(charcoal_kg=1, region="US")["factors"][0]["id"].startswith("ipcc-2006")


def test_a_grid_factor_of_the_caller() -> None:
    answer = calculate(electricity_kwh=1000, gridFactor=0.5, region="Atlantis")
    assert answer["emissions"]["co2e"] == 500
    assert answer["emissions"]["unsplit_co2e"] == 500
    assert answer["emissions"]["co2"] == 0
    assert answer["metrics"]["default_factor_share"] == 0
    assert answer["factors"][0]["source"] == "the caller's grid_factor"


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, "features: no activity found"),
        ({"year": 2024}, "features: no activity found"),
        ({"electricity": 5, "unit": "kWh"}, "electricity: electricity in which unit?"),
        ({"coal_tonnes": 1, "dieselUsage": 5}, "dieselUsage: diesel in which unit?"),
        ({"activities": []}, "activities: expected a list of 1 to 500"),
        ({"activities": [5]}, r"activities\[0\]: expected an object with fuel, amount and unit"),
        ({"activities": [{"amount": 1, "unit": "kg"}]}, r"activities\[0\].fuel: expected the name"),
        (
            {"activities": [{"fuel": "diesel", "unit": "L"}]},
            r"activities\[0\].amount: expected a number, not 'None'",
        ),
        (
            {"activities": [{"fuel": "diesel", "amount": 1}]},
            r"activities\[0\].unit: this field is required; known are J, MJ",
        ),
        ({"diesel_liters": -(10**400)}, "diesel_liters: expected a number from 0"),
        (
            {"activities": [{"fuel": "diesel", "amount": 1, "unit": "cups"}]},
            r"activities\[0\].unit: unknown unit 'cups'; known are",
        ),
        ({"diesel_liters": -1}, r"diesel_liters: expected a number from 0 to 1e\+12, not -1"),
        ({"diesel_liters": math.nan}, "diesel_liters: expected a finite number"),
        ({"diesel_liters": math.inf}, "diesel_liters: expected a finite number"),
        ({"diesel_liters": "7"}, "diesel_liters: expected a number, not '7'"),
        ({"diesel_liters": True}, "diesel_liters: expected a number"),
        ({"diesel_liters": 1e13}, r"expected a number from 0 to 1e\+12, not 1e\+13"),
        ({"deisel_liters": 1}, "unknown fuel 'deisel'; did you mean 'diesel'"),
        ({"unobtainium_kg": 1}, r"'unobtainium'\. Known are natural gas, diesel"),
        ({"gas_m3": 1}, "'gas' may be natural gas, gasoline, lpg: say which"),
        ({"coal_m3": 1}, r"bituminous coal cannot be counted in m\^3 \(volume\); .* energy, mass"),
        ({"diesel_km": 1}, r"diesel cannot be counted in km \(distance\)"),
        ({"electricity_kg": 1, "region": "US"}, "electricity is counted in energy"),
        ({"electricity_kwh": 1}, "electricity needs a region; known are US, GB, IN"),
        (
            {"electricity_kwh": 1, "region": "Atlantis"},
            "electricity has no figure for 'Atlantis'.*give grid_factor in kg CO2e per kWh",
        ),
        ({"electricity_kwh": 1, "gridFactor": -1}, "grid_factor: expected a number from 0"),
        ({"diesel_liters": 1, "gwp": "AR9"}, "gwp: expected one of AR4, AR5, AR6"),
        ({"diesel_liters": 1, "factors": "mine"}, "factors: expected one of ipcc-2006, epa-2025"),
        ({"charcoal_kg": 1, "factors": "epa"}, "the factors epa-2025 do not know charcoal"),
        ({"diesel_liters": 1, "basis": "hhv"}, "basis is for energy; L is a volume"),
        ({"diesel_gj": 1, "basis": "wet"}, "basis is ncv"),
        (
            {"wood_gj": 1, "basis": "hhv"},
            "no ratio of net to gross heating value is known for wood",
        ),
        ({"diesel_liters": 1, "region": 5}, "region is the name or code of a country"),
        ({"energyConsumption": 5, "fuelType": 7}, "fueltype: expected the name of a fuel"),
    ],
)
def test_mistakes_name_their_field(features: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        calculator().compute(features)


def test_a_short_ton_is_told() -> None:
    tons, tonnes = calculate(coal_tons=1), calculate(coal_tonnes=0.90718474)
    assert tons["emissions"]["co2"] == pytest.approx(tonnes["emissions"]["co2"])
    assert any("short ton (907.185 kg)" in each for each in tons["warnings"])
    assert not any("short ton" in each for each in tonnes["warnings"])
