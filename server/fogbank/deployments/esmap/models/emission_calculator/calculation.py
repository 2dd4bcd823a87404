"""The emissions of one activity: amount x heating value x factor, gas by gas."""

from dataclasses import dataclass, field
from typing import Any

from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.emission_calculator.activities import Activity
from fogbank.deployments.esmap.models.emission_calculator.energy import Energy, energy_of
from fogbank.deployments.esmap.models.emission_calculator.factors import Factor
from fogbank.deployments.esmap.models.emission_calculator.library import Library
from fogbank.deployments.esmap.models.emission_calculator.tables import GwpRow
from fogbank.deployments.esmap.models.emission_calculator.uncertainty import Spread

_KWH_PER_GJ = 1 / 0.0036


@dataclass(slots=True)
class Emission:
    """kg of each gas; `co2e` leaves out biogenic CO2 and NOx. `unsplit` is CO2e of no one gas.

    `without_range` is the CO2e whose figure has no published range.
    """

    activity: Activity
    name: str
    gigajoules: float
    basis: str
    biogenic: bool = False
    gases: dict[str, float] = field(default_factory=dict)
    co2e: float = 0.0
    unsplit: float = 0.0
    without_range: float = 0.0
    spread: Spread = field(default_factory=Spread)
    used: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def biogenic_co2(self) -> float:
        """CO2 from biomass, in kg."""
        return self.gases.get("co2", 0.0) if self.biogenic else 0.0


def emission_of(activity: Activity, library: Library, wanted: str | None, gwp: GwpRow) -> Emission:
    """What an activity emits, with the factors `wanted`. Raises InvalidInput."""
    where = activity.where
    if library.is_electricity(activity.fuel):
        return _of_electricity(activity, library, gwp)
    fuel = library.fuel(activity.fuel, where)
    factors = library.factors(fuel, wanted, activity.region, where)
    energy = energy_of(activity, fuel, factors)
    found = Emission(activity, fuel.name, energy.gigajoules, factors.basis, fuel.biogenic)
    _burn(found, factors.gases, gwp)
    _spread(found, energy)
    return found


def _of_electricity(activity: Activity, library: Library, gwp: GwpRow) -> Emission:
    energy = _electric_energy(activity)
    found = Emission(activity, "electricity", energy, "generation")
    if activity.grid_factor is None:
        _burn(found, library.grid(activity.region, activity.where).gases, gwp)
    else:
        found.unsplit = found.co2e = found.without_range = (
            energy * _KWH_PER_GJ * activity.grid_factor
        )
        found.used["electricity/caller"] = {
            "id": "electricity/caller",
            "fuel": "electricity",
            "gas": "co2e",
            "value": activity.grid_factor,
            "unit": "kg/kWh",
            "lower": None,
            "upper": None,
            "source": "the caller's grid_factor",
        }
    _spread(found, Energy(energy))
    return found


def _electric_energy(activity: Activity) -> float:
    """GJ. Raises InvalidInput for what is no energy."""
    if activity.unit.dimension != "energy":
        raise InvalidInput(
            f"{activity.where}: electricity is counted in energy (kWh, MWh, GJ),"
            f" not in {activity.unit.name}"
        )
    return activity.amount * activity.unit.factor


def _burn(found: Emission, gases: dict[str, Factor], gwp: GwpRow) -> None:
    weights = {"co2": 0.0 if found.biogenic else 1.0, "ch4": gwp.ch4, "n2o": gwp.n2o}
    for gas, factor in gases.items():
        found.gases[gas] = found.gigajoules * factor.value
        found.used[factor.id] = factor.described
        co2e = found.gases[gas] * weights.get(gas, 0.0)
        found.co2e += co2e
        if factor.down is None or factor.up is None:
            found.without_range += co2e
        elif co2e:
            found.spread.add(factor.id, co2e * factor.down, co2e * factor.up)


def _spread(found: Emission, energy: Energy) -> None:
    """The ranges of the conversion and of the amount, which all gases share."""
    for factor, divides in energy.used:
        found.used[factor.id] = factor.described
        if factor.down is not None and factor.up is not None:
            down, up = factor.down, factor.up
            if divides:
                down, up = up / (1 + up), down / (1 - down)
            found.spread.add(factor.id, found.co2e * down, found.co2e * up)
    if found.activity.uncertainty:
        half = found.co2e * found.activity.uncertainty
        found.spread.add(f"amount of {found.activity.where}", half, half)
