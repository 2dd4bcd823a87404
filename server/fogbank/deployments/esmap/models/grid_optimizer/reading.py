"""From `gridData` to a case. Every mistake is an InvalidInput that names its field."""

import math
from typing import Any

import numpy as np

from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Generator, Series, Storage
from fogbank.deployments.esmap.models.grid_optimizer.fields import Fields

STEP_LIMIT = 168
GENERATOR_LIMIT = 100
STORAGE_LIMIT = 20
RENEWABLE = (
    *("renewable", "solar", "pv", "photovoltaic", "wind", "hydro", "tidal"),
    *("geothermal", "biomass", "biogas"),
)
_GRID = {
    "demand": ("load", "demandForecast", "demandMw"),
    "generators": ("units", "plants"),
    "storage": ("storages", "batteries", "battery"),
    "step_hours": ("interval", "intervalHours", "timeStep", "stepLength"),
    "reserve": ("reserveRequirement", "reserveMw", "spinningReserve"),
    "reserve_margin": ("reserveFraction",),
    "min_renewable_share": ("renewableShare", "minRenewable", "renewableTarget"),
    "emission_price": ("carbonPrice", "co2Price"),
    "emission_cap": ("maxEmissions", "emissionLimit", "carbonCap", "co2Cap"),
    "value_of_lost_load": ("voll", "lostLoadCost"),
}
_GENERATOR = {
    "name": ("id",),
    "type": ("kind", "fuel", "technology"),
    "capacity": ("maxPower", "pMax", "maxOutput", "capacityMw", "maxCapacity"),
    "min_power": ("pMin", "minOutput", "minCapacity", "minimumPower", "minStableLevel"),
    "cost": ("marginalCost", "costPerMwh", "variableCost", "operatingCost"),
    "no_load_cost": ("fixedCost", "hourlyCost"),
    "start_cost": ("startupCost", "startCosts"),
    "emissions": (
        "emissionFactor",
        "emission",
        "co2",
        "co2Emissions",
        "emissionRate",
        "carbonIntensity",
    ),
    "availability": ("profile", "capacityFactor", "availabilityProfile"),
    "available_mw": ("forecast", "availableMw", "availablePower"),
    "renewable": ("isRenewable",),
    "curtailable": (),
    "must_run": (),
    "min_up": ("minUpTime", "minimumUpTime"),
    "min_down": ("minDownTime", "minimumDownTime"),
    "ramp_up": ("rampUpRate", "rampUpLimit", "ramp", "rampRate", "rampLimit"),
    "ramp_down": ("rampDownRate", "rampDownLimit"),
    "initial_on": ("initialStatus", "initialState"),
    "initial_power": ("initialOutput",),
    "initial_hours": ("initialTime", "hoursInState"),
}
_STORAGE = {
    "name": ("id",),
    "type": ("kind", "technology"),
    "power": ("maxPower", "powerMw", "ratedPower"),
    "charge_power": ("maxCharge", "maxChargePower", "chargeRate", "maxChargeRate"),
    "discharge_power": ("maxDischarge", "maxDischargePower", "dischargeRate", "maxDischargeRate"),
    "energy": ("capacity", "energyCapacity", "capacityMwh", "energyMwh"),
    "efficiency": ("roundTripEfficiency",),
    "charge_efficiency": ("chargingEfficiency",),
    "discharge_efficiency": ("dischargingEfficiency",),
    "min_energy": (),
    "min_soc": ("minimumSoc",),
    "initial_energy": ("currentCharge", "initialCharge", "currentEnergy"),
    "initial_soc": ("soc", "initialStateOfCharge", "stateOfCharge"),
    "final_energy": ("targetEnergy",),
    "final_soc": ("targetSoc", "finalStateOfCharge"),
    "cost": ("marginalCost", "dischargeCost", "degradationCost"),
}


def read_case(data: Any) -> tuple[Case, list[str]]:
    """The case, and the fields that say nothing to it. Raises InvalidInput."""
    grid = Fields(data, "gridData", _GRID)
    demand = _demand(grid)
    steps = len(demand)
    generators, ignored = [], list(grid.ignored)
    for index, row in enumerate(_rows(grid, "generators", 1, GENERATOR_LIMIT)):
        fields = Fields(row, f"generators[{index}]", _GENERATOR)
        generators.append(_generator(fields, index, steps))
        ignored += fields.ignored
    storages = []
    for index, row in enumerate(_rows(grid, "storage", 0, STORAGE_LIMIT)):
        fields = Fields(row, f"storage[{index}]", _STORAGE)
        storages.append(_storage(fields, index))
        ignored += fields.ignored
    for kind, names in (
        ("generators", [each.name for each in generators]),
        ("storage", [each.name for each in storages]),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidInput(f"{kind}: the name {twice!r} is given twice")
    return (
        Case(
            demand=demand,
            generators=tuple(generators),
            storages=tuple(storages),
            hours=grid.number("step_hours", 1.0, 1 / 60, 24),
            reserve=_reserve(grid, demand),
            min_renewable_share=grid.optional("min_renewable_share", 0, 1),
            emission_price=grid.number("emission_price", 0.0, 0, 1e5),
            emission_cap=grid.optional("emission_cap", 0, 1e12),
            lost_load=grid.optional("value_of_lost_load", 0, 1e6),
        ),
        ignored,
    )


def _demand(grid: Fields) -> Series:
    given = grid.raw("demand")
    if given is None:
        raise InvalidInput("gridData.demand: this field is required: MW, one value a step")
    if not isinstance(given, list):
        return grid.series("demand", 1)
    if not 1 <= len(given) <= STEP_LIMIT:
        raise InvalidInput(f"gridData.demand: expected 1 to {STEP_LIMIT} values, one a step")
    if not any(isinstance(each, dict) for each in given):
        return grid.series("demand", len(given))
    names = {"demand": ("load", "value", "mw", "power")}
    rows = [Fields(each, f"gridData.demand[{i}]", names) for i, each in enumerate(given)]
    return np.array([row.number("demand") for row in rows])


def _reserve(grid: Fields, demand: Series) -> Series | None:
    if "reserve" in grid:
        return grid.series("reserve", len(demand))
    margin = grid.optional("reserve_margin", 0, 1)
    return None if margin is None else demand * margin


def _rows(grid: Fields, name: str, low: int, high: int) -> list[Any]:
    given = grid.raw(name)
    if given is None and not low:
        return []
    if isinstance(given, dict) and not low:  # one battery, as some clients give it
        given = [given]
    if not isinstance(given, list) or not low <= len(given) <= high:
        raise InvalidInput(f"gridData.{name}: expected a list of {low} to {high} objects")
    return given


def _generator(fields: Fields, index: int, steps: int) -> Generator:
    kind = fields.text("type", "generator").lower()
    capacity = fields.number("capacity")
    min_power = fields.number("min_power", 0.0)
    if min_power > capacity:
        raise InvalidInput(
            f"{fields.where}.min_power: {min_power:g} MW exceeds capacity {capacity:g} MW"
        )
    available = np.full(steps, capacity)
    if "availability" in fields:
        available = capacity * fields.series("availability", steps, 0, 1)
    elif "available_mw" in fields:
        available = np.minimum(capacity, fields.series("available_mw", steps))
    ramp_up = fields.optional("ramp_up")
    return Generator(
        name=fields.text("name", f"generator {index + 1}"),
        kind=kind,
        available=available,
        min_power=min_power,
        cost=fields.number("cost", 0.0, -1e6, 1e6),
        no_load_cost=fields.number("no_load_cost", 0.0),
        start_cost=fields.number("start_cost", 0.0),
        emissions=fields.number("emissions", 0.0, 0, 100),
        renewable=fields.flag("renewable", _is_renewable(kind)),
        curtailable=fields.flag("curtailable", True),
        must_run=fields.flag("must_run", False),
        min_up=fields.number("min_up", 0.0),
        min_down=fields.number("min_down", 0.0),
        ramp_up=ramp_up,
        ramp_down=fields.optional("ramp_down") if "ramp_down" in fields else ramp_up,
        initial_on=fields.flag("initial_on", False) if "initial_on" in fields else None,
        initial_power=_initial_power(fields, capacity),
        initial_hours=fields.optional("initial_hours"),
    )


def _is_renewable(kind: str) -> bool:
    return not kind.startswith("non") and any(name in kind for name in RENEWABLE)


def _initial_power(fields: Fields, capacity: float) -> float | None:
    power = fields.optional("initial_power", 0, capacity)
    if power and "initial_on" in fields and not fields.flag("initial_on", False):
        raise InvalidInput(f"{fields.where}.initial_power: {power:g} MW, but initial_on is false")
    return power


def _storage(fields: Fields, index: int) -> Storage:
    power = fields.optional("power")
    energy = fields.number("energy")
    round_trip = math.sqrt(fields.number("efficiency", 1.0, 0.01, 1))
    low = _energy(fields, "min", energy, 0.0)
    initial = _energy(fields, "initial", energy, low)
    final = _energy(fields, "final", energy, initial)
    for name, value in (("initial", initial), ("final", final)):
        if value < low:
            raise InvalidInput(
                f"{fields.where}: its {name} energy {value:g} MWh is under its minimum {low:g} MWh"
            )
    return Storage(
        name=fields.text("name", f"storage {index + 1}"),
        charge_power=fields.number("charge_power", power),
        discharge_power=fields.number("discharge_power", power),
        energy=energy,
        charge_efficiency=fields.number("charge_efficiency", round_trip, 0.01, 1),
        discharge_efficiency=fields.number("discharge_efficiency", round_trip, 0.01, 1),
        min_energy=low,
        initial=initial,
        final=final,
        cost=fields.number("cost", 0.0, 0, 1e6),
    )


def _energy(fields: Fields, name: str, energy: float, default: float) -> float:
    """MWh from `<name>_energy` in MWh or `<name>_soc`, a part of the energy from 0 to 1."""
    if f"{name}_energy" in fields:
        return fields.number(f"{name}_energy", None, 0, energy)
    share = fields.optional(f"{name}_soc", 0, 1)
    return default if share is None else share * energy
