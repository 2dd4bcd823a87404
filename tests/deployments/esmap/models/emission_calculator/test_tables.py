"""The packaged tables hang together, and a broken one says where."""

from datetime import date
from pathlib import Path

import pytest

from fogbank.deployments.esmap.models.emission_calculator.factors import fuels_of
from fogbank.deployments.esmap.models.emission_calculator.tables import (
    FuelTable,
    SetTable,
    read_table,
)
from fogbank.deployments.esmap.models.emission_calculator.units import (
    converted,
    find_unit,
    known_units,
)
from fogbank.deployments.esmap.service import packaged_file

SETS = [
    read_table(SetTable, packaged_file(f"emission-factors-{name}.yaml"))
    for name in ("ipcc-2006", "epa-2025")
]
FUELS = read_table(FuelTable, packaged_file("emission-factors-fuels.yaml"))


def test_every_fuel_has_factors_and_every_figure_a_source() -> None:
    found = fuels_of(FUELS, SETS)
    assert len(found) >= 20
    for fuel in found.values():
        assert fuel.sets, fuel.name
        for said in fuel.sets.values():
            assert {"co2", "ch4", "n2o"} <= set(said.gases), fuel.name
            for factor in said.gases.values():
                row = factor.described
                assert row["source"], factor.id
                assert row["basis"] in ("ncv", "hhv")
                assert date.fromisoformat(row["valid_from"]) <= date.today()


def test_a_figure_of_another_source_has_its_own_date() -> None:
    gas = fuels_of(FUELS, SETS)["natural gas"].sets["ipcc-2006"]
    assert gas.gases["co2"].described["valid_from"] == "2006-01-01"
    assert gas.gases["nox"].described["valid_from"] == "2023-10-02"


def test_no_name_means_two_fuels() -> None:
    names = [name for row in FUELS.fuels for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))
    assert not set(names) & set(FUELS.ambiguous)


def test_the_two_sets_agree_where_they_say_the_same() -> None:
    """Carbon per energy: EPA's gross factors made net are the IPCC's, within 6 %."""
    for fuel in fuels_of(FUELS, SETS).values():
        if len(fuel.sets) == 2 and fuel.net_to_gross:
            ipcc, epa = (fuel.sets[name].gases["co2"].value for name in ("ipcc-2006", "epa-2025"))
            assert epa / fuel.net_to_gross.value == pytest.approx(ipcc, rel=0.06), fuel.name


def test_every_unit_is_found_by_its_own_name() -> None:
    for name, unit in known_units().items():
        assert find_unit(name) == unit, name
        assert unit.factor > 0


def test_a_unit_that_is_none() -> None:
    with pytest.raises(ValueError, match="'kg/furlongs' is no unit that becomes kg/GJ"):
        converted(1, "kg/furlongs", "kg/GJ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fuels: []", "sources: this required key is missing"),
        ("sources: {}\nfuels: [{name: a, colour: red}]", "unknown key"),
        ("sources: {}\nfuels: [{name: a, density: [3, 2, 1]}]", "0 <= lower <= value <= upper"),
        ("sources: {}\nfuels: [{name: a, density: -1}]", "greater than 0"),
        ("fuels: [", "table.yaml:1: not YAML"),
    ],
)
def test_a_broken_table_says_where(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "table.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(FuelTable, file)
