from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.models.energy_ner.quantities import Quantities
from fogbank.deployments.esmap.models.energy_ner.units import Units
from fogbank.deployments.esmap.service import packaged_file

UNITS = Units(packaged_file("energy-units.yaml"))
QUANTITIES = Quantities(UNITS)


@pytest.mark.parametrize(
    ("text", "span", "value", "unit", "normal"),
    [
        ("grew by 473 GW in 2023", "473 GW", 473, "GW", (473_000, "MW")),
        ("at $0.033/kWh, which", "$0.033/kWh", 0.033, "USD/kWh", (33, "USD/MWh")),
        (
            "37.4 billion tonnes of CO2, the",
            "37.4 billion tonnes of CO2",
            37.4e9,
            "tCO2e",
            (37.4e9, "tCO2e"),
        ),
        ("only 1.2 %, and", "1.2 %", 1.2, "%", (1.2, "%")),
        ("18 per cent of it", "18 per cent", 18, "%", (18, "%")),
        ("up 3 percentage points", "3 percentage points", 3, "percentage point", None),
        ("approved $500 million for", "$500 million", 5e8, "USD", (5e8, "USD")),
        ("US$ 1.2 billion", "US$ 1.2 billion", 1.2e9, "USD", (1.2e9, "USD")),
        ("£3.5bn", "£3.5bn", 3.5e9, "GBP", (3.5e9, "GBP")),
        ("2.5 million euros", "2.5 million euros", 2.5e6, "EUR", (2.5e6, "EUR")),
        ("2.44 rupees per kWh.", "2.44 rupees per kWh", 2.44, "INR/kWh", (2440, "INR/MWh")),
        ("EUR 50 per MWh", "EUR 50 per MWh", 50, "EUR/MWh", (50, "EUR/MWh")),
        ("35 USD/MWh", "35 USD/MWh", 35, "USD/MWh", (35, "USD/MWh")),
        ("400 gCO2/kWh", "400 gCO2/kWh", 400, "gCO2e/kWh", (0.4, "tCO2e/MWh")),
        ("3 Mt CO2e", "3 Mt CO2e", 3, "MtCO2e", (3e6, "tCO2e")),
        ("5 tonnes of methane", "5 tonnes", 5, "t", (5, "t")),
        (
            "110 million tonnes of CO2 a year",
            "110 million tonnes of CO2 a year",
            110e6,
            "tCO2e/year",
            (110e6, "tCO2e/year"),
        ),
        ("a 100-MW plant", "100-MW", 100, "MW", (100, "MW")),
        ("2,245 megawatts", "2,245 megawatts", 2245, "MW", (2245, "MW")),
        ("25 gigawatt-hours", "25 gigawatt-hours", 25, "GWh", (25_000, "MWh")),
        ("3.6 GJ", "3.6 GJ", 3.6, "GJ", (1, "MWh")),
        ("1 Mtoe", "1 Mtoe", 1, "Mtoe", (11.63e6, "MWh")),
        ("one of 500 MWp", "500 MWp", 500, "MW", (500, "MW")),
        ("7 barrels a day", "7 barrels a day", 7, "barrel/day", (7 * 0.158987294928, "m3/day")),
        ("2,500 kWh per person per year", "2,500 kWh per person per year", 2500, None, None),
        ("at 8 m/s", "8 m/s", 8, "m/s", (8, "m/s")),
        ("36 km/h", "36 km/h", 36, "km/h", (10, "m/s")),
        ("1.5°C", "1.5°C", 1.5, "°C", (1.5, "°C")),
        ("fell -5 %", "-5 %", -5, "%", (-5, "%")),
        ("500 kV and", "500 kV", 500, "kV", (500, "kV")),
        ("12 hectares", "12 hectares", 12, "ha", (0.12, "km2")),
        ("1\u202f234 GW", "1\u202f234 GW", 1234, "GW", (1_234_000, "MW")),
    ],
)
def test_a_quantity(
    text: str, span: str, value: float, unit: str | None, normal: tuple[float, str] | None
) -> None:
    (found,) = QUANTITIES.find(text)
    assert text[found.start : found.end] == span
    assert found.value == pytest.approx(value)
    assert found.low is found.high is None
    if unit is not None:
        assert found.unit == unit
    if normal is not None:
        assert found.normal_value == pytest.approx(normal[0])
        assert found.normal_unit == normal[1]


@pytest.mark.parametrize(
    ("text", "span", "low", "high", "unit"),
    [
        ("10-15 GW", "10-15 GW", 10, 15, "GW"),
        ("10 to 15 GW", "10 to 15 GW", 10, 15, "GW"),
        ("5% to 10%", "5% to 10%", 5, 10, "%"),
        ("between $30 and $40/MWh", "$30 and $40/MWh", 30, 40, "USD/MWh"),
        ("USD 30–40/MWh", "USD 30–40/MWh", 30, 40, "USD/MWh"),
        ("$1.5-2 billion", "$1.5-2 billion", 1.5e9, 2e9, "USD"),
        ("3.5 to 4 million tonnes of CO2", None, 3.5e6, 4e6, "tCO2e"),
        ("-10 to -5 °C", "-10 to -5 °C", -10, -5, "°C"),
    ],
)
def test_a_range(text: str, span: str | None, low: float, high: float, unit: str) -> None:
    (found,) = QUANTITIES.find(text)
    assert text[found.start : found.end] == (span or text)
    assert (found.low, found.high, found.unit) == (low, high, unit)
    assert found.value == pytest.approx((low + high) / 2)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("5 GW and 7 GW", ["5 GW", "7 GW"]),
        ("from $3 million to $4 million", ["$3 million", "$4 million"]),
        ("from 2020 to 473 GW", ["473 GW"]),
        ("2020-473 GW", ["473 GW"]),
        ("20% to 30 GW", ["20%", "30 GW"]),
        ("40 % of 300 TWh", ["40 %", "300 TWh"]),
        ("3 kWh of CO2 per year", ["3 kWh"]),
        ("$5 of CO2, $5 million of CO2", ["$5", "$5 million"]),
        ("1,000 GW, 2,000 GW", ["1,000 GW", "2,000 GW"]),
        ("2.5 million people", []),
        ("in 2023, by 2030, 20 years, Q3, CO2 5", []),
        ("H2O, 5 Wat, 3 GWx, 7 tons", ["7 tons"]),
        ("1,5 GW", []),
    ],
)
def test_which_quantities(text: str, spans: list[str]) -> None:
    assert [text[each.start : each.end] for each in QUANTITIES.find(text)] == spans


NUMBERS = st.floats(0.01, 1e6).map(lambda x: f"{x:.2f}")
SURFACES = st.sampled_from(
    [("kW", 1e-3, "MW"), ("GWh", 1e3, "MWh"), ("kt", 1e3, "t"), ("MtCO2e", 1e6, "tCO2e")]
)


@given(NUMBERS, SURFACES)
def test_conversion(number: str, surface: tuple[str, float, str]) -> None:
    unit, factor, normal = surface
    (found,) = QUANTITIES.find(f"It is {number} {unit}.")
    assert found.normal_value == pytest.approx(float(number) * factor)
    assert found.normal_unit == normal


PIECES = st.sampled_from(
    ["5", "-", "to", "$", "GW", "/kWh", "million", "per year", "%", ",", ".", "of CO2", "between"]
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=30).map(" ".join))
def test_spans_are_in_order_apart_and_begin_and_end_with_something(text: str) -> None:
    found = QUANTITIES.find(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    for each in found:
        span = text[each.start : each.end]
        assert span == span.strip() != ""
        assert any(map(str.isdigit, span))


@pytest.mark.parametrize(
    "piece", ["9", "1,", "1 ", "1-", "$", "1 million ", "1 GW to ", "1 per ", "between 1 and "]
)
def test_what_repeats_is_read_at_once(piece: str) -> None:
    QUANTITIES.find(piece * (8192 // len(piece)))
