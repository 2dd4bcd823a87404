"""The factors in the units that are computed with: GJ, tonnes, cubic metres and kg of a gas.

A range is kept as two relative half-widths, downwards and upwards, since most are lopsided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fogbank.deployments.esmap.models.emission_calculator.tables import (
    Figure,
    FuelTable,
    GridRow,
    SetRow,
    SetTable,
)
from fogbank.deployments.esmap.models.emission_calculator.units import converted

GASES = ("co2", "ch4", "n2o", "nox")


@dataclass(frozen=True, slots=True)
class Factor:
    """A figure and where it comes from; `described` is the row that an answer shows.

    `value` is in the unit of its use. `down` and `up` are relative half-widths of the 95 % range,
    None where there is no range.
    """

    id: str
    value: float
    down: float | None
    up: float | None
    described: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FuelFactors:
    """What a set says of a fuel: kg of each gas per GJ, GJ per tonne or cubic metre."""

    set_name: str
    basis: str
    gases: dict[str, Factor]
    per_mass: Factor | None
    per_volume: Factor | None


@dataclass(frozen=True, slots=True)
class Fuel:
    """A fuel; `density` in tonnes per cubic metre, `net_to_gross` a ratio."""

    name: str
    biogenic: bool
    density: Factor | None
    net_to_gross: Factor | None
    sets: dict[str, FuelFactors] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """kg of each gas per GJ of electricity."""

    region: str
    gases: dict[str, Factor]


def fuels_of(table: FuelTable, sets: Iterable[SetTable]) -> dict[str, Fuel]:
    """Every fuel by name, with what each set says of it. Raises ValueError for a broken table."""
    found: dict[str, Fuel] = {}
    for row in table.fuels:
        density = _constant(row.density, f"{row.name}/density", table.sources, "tonne/m^3")
        ratio = _constant(row.net_to_gross, f"{row.name}/net-to-gross", table.sources, None)
        found[row.name] = Fuel(row.name, row.biogenic, density, ratio)
    by_name = {each.name: each for each in sets}
    for each in by_name.values():
        base = by_name.get(each.ranges_from or "")
        for name, said in each.fuels.items():
            if name not in found:
                raise ValueError(f"set {each.name}: there is no fuel {name!r}")
            ranges = base.fuels.get(name) if base else None
            found[name].sets[each.name] = _fuel_factors(each, name, said, ranges)
    return found


def grid_of(row: GridRow) -> Grid:
    """Electricity of one place."""
    gases: dict[str, Factor] = {}
    for gas in ("co2", "ch4", "n2o"):
        figure: Figure | None = getattr(row, gas)
        if figure is not None:
            described = {
                **_shown(f"electricity/{row.region}/{gas}", figure, figure.unit or "", row.source),
                "fuel": "electricity",
                "gas": gas,
                "basis": "generation",
                "region": row.region,
                "valid_from": row.valid_from.isoformat(),
            }
            value = converted(figure.value, figure.unit or "", "kg/GJ")
            gases[gas] = _factor(described, value, figure)
    return Grid(row.region, gases)


def _fuel_factors(table: SetTable, name: str, row: SetRow, ranges: SetRow | None) -> FuelFactors:
    gases: dict[str, Factor] = {}
    for gas in GASES:
        figure: Figure | None = getattr(row, gas)
        if figure is None:
            continue
        figure, borrowed = _ranged(figure, getattr(ranges, gas, None))
        unit, source = table.units[gas], "nox" if gas == "nox" else "factor"
        described = _described(table, name, gas, figure, unit, source)
        if borrowed:
            described["range_from"] = table.ranges_from
        gases[gas] = _factor(described, converted(figure.value, unit, "kg/GJ"), figure)
    per: dict[str, Factor] = {}
    for content in row.content:
        unit = content.unit or table.content_unit
        dimension, value = _content(content.value, unit)
        what = f"energy-per-{dimension}"
        per[dimension] = _factor(
            _described(table, name, what, content, unit, "content"), value, content
        )
    return FuelFactors(table.name, table.basis, gases, per.get("mass"), per.get("volume"))


def _described(
    table: SetTable, fuel: str, what: str, figure: Figure, unit: str, source: str
) -> dict[str, Any]:
    """A row of a set as an answer shows it; `source` is what the figure itself does not name."""
    source = figure.source or source
    return {
        **_shown(f"{table.name}/{fuel}/{what}", figure, unit, table.sources[source]),
        "fuel": fuel,
        **({"gas": what} if what in GASES else {}),
        "basis": table.basis,
        "region": table.region,
        "valid_from": table.dates.get(source, table.valid_from).isoformat(),
    }


def _content(value: float, unit: str) -> tuple[str, float]:
    try:
        return "mass", converted(value, unit, "GJ/tonne")
    except ValueError:
        return "volume", converted(value, unit, "GJ/m^3")


def _ranged(figure: Figure, lender: Figure | None) -> tuple[Figure, bool]:
    """The figure with the relative range of another one where it has none."""
    if figure.lower is not None or lender is None or lender.lower is None or lender.upper is None:
        return figure, False
    scale = figure.value / lender.value
    lower, upper = lender.lower * scale, lender.upper * scale
    return figure.model_copy(update={"lower": lower, "upper": upper}), True


def _constant(
    figure: Figure | None, name: str, sources: Mapping[str, str], to: str | None
) -> Factor | None:
    if figure is None:
        return None
    shown = _shown(name, figure, figure.unit or "1", sources[figure.source or ""])
    value = converted(figure.value, figure.unit or "", to) if to else figure.value
    return _factor(shown, value, figure)


def _shown(name: str, figure: Figure, unit: str, source: str) -> dict[str, Any]:
    return {
        "id": name,
        "value": figure.value,
        "unit": unit,
        "lower": figure.lower,
        "upper": figure.upper,
        "source": source,
    }


def _factor(described: dict[str, Any], value: float, figure: Figure) -> Factor:
    if figure.lower is None or figure.upper is None:
        return Factor(described["id"], value, None, None, described)
    down, up = 1 - figure.lower / figure.value, figure.upper / figure.value - 1
    return Factor(described["id"], value, down, up, described)
