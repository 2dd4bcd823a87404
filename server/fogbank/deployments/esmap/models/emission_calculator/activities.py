"""What a client says that was burned or used: a list of activities, or fields of the old style.

The list: `{fuel, amount, unit}` each, with `basis` (ncv or hhv) for energy, `region`,
`grid_factor` (kg CO2e per kWh) and `uncertainty_percent` (of the amount, 95 %). The old style:
`electricity_kwh`, `dieselLiters`, and `energyConsumption` with `fuelType` and `unit`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fogbank.deployments.esmap.given import number, plain
from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.emission_calculator.units import Unit, find_unit, unit_of

ACTIVITY_LIMIT = 500
AMOUNT_LIMIT = 1e12
_AMOUNTS = ("energyconsumption", "fuelconsumption", "consumption", "amount", "energy")
_FUELS = ("fueltype", "fuel", "energysource", "energytype")
_FILLER = {"consumption", "consumed", "usage", "use", "used", "amount", "total", "volume", "burned"}
_OPTIONS = {
    "activities",
    "basis",
    "country",
    "factors",
    "factorset",
    "gridfactor",
    "gwp",
    "gwpset",
    "region",
    "unit",
    "units",
    "uncertaintypercent",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """`where` is the field that it came from; `amount` is in `unit`."""

    where: str
    fuel: str
    amount: float
    unit: Unit
    basis: str | None = None
    region: str | None = None
    grid_factor: float | None = None
    uncertainty: float = 0.0


def activities_of(features: Mapping[str, Any]) -> tuple[list[Activity], list[str], list[str]]:
    """The activities, the fields that say nothing of one, and what was assumed.

    Raises InvalidInput with the field and the reason.
    """
    given = {plain(key): value for key, value in features.items()}
    found: list[Activity] = []
    ignored: list[str] = []
    assumed: list[str] = []
    if "activities" in given:
        rows = given["activities"]
        if not isinstance(rows, list) or not 1 <= len(rows) <= ACTIVITY_LIMIT:
            raise InvalidInput(f"activities: expected a list of 1 to {ACTIVITY_LIMIT} activities")
        found += [_listed(row, index, given) for index, row in enumerate(rows)]
    named = _named(features, given, assumed)
    if named is not None:
        found.append(named)
    for key, value in features.items():
        if plain(key) in _OPTIONS or (named and plain(key) in (*_AMOUNTS, *_FUELS)):
            continue
        flat = _flat(key, value, given)
        if flat is None:
            ignored.append(key)
        else:
            found.append(flat)
    if len(found) > 2 * ACTIVITY_LIMIT:
        raise InvalidInput(f"features: expected at most {2 * ACTIVITY_LIMIT} activities")
    return found, ignored, assumed


def _listed(row: Any, index: int, shared: Mapping[str, Any]) -> Activity:
    where = f"activities[{index}]"
    if not isinstance(row, dict):
        raise InvalidInput(f"{where}: expected an object with fuel, amount and unit")
    own = {plain(str(key)): value for key, value in row.items()}
    fuel = own.get("fuel", own.get("fueltype", own.get("activity", own.get("type"))))
    if not isinstance(fuel, str) or not fuel.strip():
        raise InvalidInput(f"{where}.fuel: expected the name of a fuel, or electricity")
    given = own.get("amount", own.get("value", own.get("quantity")))
    amount = number(given, f"{where}.amount", 0, AMOUNT_LIMIT)
    return _activity(where, fuel, amount, unit_of(own.get("unit"), f"{where}.unit"), own, shared)


def _named(
    features: Mapping[str, Any], given: Mapping[str, Any], assumed: list[str]
) -> Activity | None:
    """`energyConsumption` with `fuelType`."""
    amount_key = next((key for key in _AMOUNTS if key in given), None)
    fuel_key = next((key for key in _FUELS if key in given), None)
    if amount_key is None or fuel_key is None:
        return None
    where = next(key for key in features if plain(key) == amount_key)
    fuel = given[fuel_key]
    if not isinstance(fuel, str) or not fuel.strip():
        raise InvalidInput(f"{fuel_key}: expected the name of a fuel, or electricity")
    unit = given.get("unit", given.get("units"))
    if unit is None:
        assumed.append(f"{where} has no unit: kWh was assumed")
    amount = number(given[amount_key], where, 0, AMOUNT_LIMIT)
    return _activity(where, fuel, amount, unit_of(unit or "kWh", "unit"), {}, given)


def _flat(key: str, value: Any, given: Mapping[str, Any]) -> Activity | None:
    """`natural_gas_m3`, `electricityKwh`: the words before the unit are the fuel."""
    words = _words(key)
    for count in (2, 1):
        unit = find_unit("".join(words[-count:])) if len(words) > count else None
        if unit is not None:
            fuel = _fuel(words[:-count])
            if not fuel:
                return None
            return _activity(key, fuel, number(value, key, 0, AMOUNT_LIMIT), unit, {}, given)
    return None


def fuel_in(key: str) -> str:
    """What the name of a field without a unit may mean: `electricityUsage`, `natural_gas`."""
    return _fuel(_words(key))


def _words(key: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    return re.findall(r"[a-z]+[0-9]*|[0-9]+", spaced)


def _fuel(words: Sequence[str]) -> str:
    return " ".join(word for word in words if word not in _FILLER)


def _activity(
    where: str,
    fuel: str,
    amount: float,
    unit: Unit,
    own: Mapping[str, Any],
    shared: Mapping[str, Any],
) -> Activity:
    def either(*names: str) -> Any:
        found = (source[name] for source in (own, shared) for name in names if name in source)
        return next(found, None)

    basis = either("basis")
    if basis is not None:
        basis = {"ncv": "ncv", "net": "ncv", "lhv": "ncv", "hhv": "hhv", "gcv": "hhv"}.get(
            str(basis).lower(), "hhv" if basis == "gross" else None
        )
        if basis is None:
            raise InvalidInput(f"{where}: basis is ncv (net) or hhv (gross)")
    region = either("region", "country")
    if region is not None and not isinstance(region, str):
        raise InvalidInput(f"{where}: region is the name or code of a country")
    grid, uncertainty = either("gridfactor"), either("uncertaintypercent")
    return Activity(
        where,
        fuel.strip(),
        amount,
        unit,
        basis,
        region,
        None if grid is None else number(grid, "grid_factor", 0, 100),
        0.0 if uncertainty is None else number(uncertainty, "uncertainty_percent", 0, 100) / 100,
    )
