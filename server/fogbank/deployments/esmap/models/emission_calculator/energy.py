"""From an amount in any unit to GJ on the heating value basis of a set of factors.

energy -> [net to gross] -> GJ; mass -> GJ by the heating value; volume -> mass by the density where
the set gives energy by mass only, and the other way round.
"""

from dataclasses import dataclass

from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.emission_calculator.activities import Activity
from fogbank.deployments.esmap.models.emission_calculator.factors import (
    Factor,
    Fuel,
    FuelFactors,
)


@dataclass(frozen=True, slots=True)
class Energy:
    """`used` are the figures of the conversion, each True where it divides."""

    gigajoules: float
    used: tuple[tuple[Factor, bool], ...] = ()


def energy_of(activity: Activity, fuel: Fuel, factors: FuelFactors) -> Energy:
    """The energy of an activity. Raises InvalidInput where no figure leads to it."""
    base = activity.amount * activity.unit.factor
    dimension = activity.unit.dimension
    if dimension == "energy":
        return _on_basis(base, activity, fuel, factors)
    if activity.basis is not None:
        raise InvalidInput(
            f"{activity.where}: basis is for energy; {activity.unit.name} is a {dimension}"
        )
    per_mass, per_volume, density = factors.per_mass, factors.per_volume, fuel.density
    if dimension == "mass":
        if per_mass is not None:
            return Energy(base * per_mass.value, ((per_mass, False),))
        if per_volume is not None and density is not None:
            gigajoules = base / density.value * per_volume.value
            return Energy(gigajoules, ((density, True), (per_volume, False)))
    if dimension == "volume":
        if per_volume is not None:
            return Energy(base * per_volume.value, ((per_volume, False),))
        if per_mass is not None and density is not None:
            gigajoules = base * density.value * per_mass.value
            return Energy(gigajoules, ((density, False), (per_mass, False)))
    ways = "energy"
    if per_mass is not None or (per_volume is not None and density is not None):
        ways += ", mass"
    if per_volume is not None or (per_mass is not None and density is not None):
        ways += ", volume"
    raise InvalidInput(
        f"{activity.where}: {fuel.name} cannot be counted in {activity.unit.name} ({dimension});"
        f" the factors {factors.set_name} take {ways}"
    )


def _on_basis(gigajoules: float, activity: Activity, fuel: Fuel, factors: FuelFactors) -> Energy:
    if activity.basis in (None, factors.basis):
        return Energy(gigajoules)
    ratio = fuel.net_to_gross
    if ratio is None:
        raise InvalidInput(
            f"{activity.where}: no ratio of net to gross heating value is known for {fuel.name};"
            f" give its energy as {factors.basis}"
        )
    if factors.basis == "ncv":
        return Energy(gigajoules * ratio.value, ((ratio, False),))
    return Energy(gigajoules / ratio.value, ((ratio, True),))
