"""What one machine of one's own costs in a month."""

import math
from dataclasses import dataclass

HOURS = 365.25 * 24 / 12
"""Of a month."""
SECONDS = HOURS * 3600
MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A `Hardware` with one number for each of its figures, and one model on it."""

    tokens_per_second: float
    rent_per_hour: float | None = None
    purchase: float | None = None
    years: float
    residual: float
    idle_watts: float
    loaded_watts: float
    pue: float
    price_per_kwh: float
    hosting_per_month: float
    care_hours_per_month: float
    care_price_per_hour: float


@dataclass(frozen=True, slots=True)
class OwnCost:
    """USD a month. `capital` is rent, or a bought machine's loss of value spread over its years."""

    capital: float
    power: float
    hosting: float
    people: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.capital + self.running

    @property
    def running(self) -> float:
        """All but `capital`: what a bought machine goes on costing."""
        return self.power + self.hosting + self.people


def own_cost(machine: Machine, utilisation: float) -> OwnCost:
    """At so much of its capacity, 0 to 1. Power rises in a line from idle to loaded."""
    rise = max(0.0, machine.loaded_watts - machine.idle_watts)
    kwh = (machine.idle_watts + rise * utilisation) / 1000 * HOURS * machine.pue
    return OwnCost(
        capital=_capital(machine),
        power=kwh * machine.price_per_kwh,
        hosting=machine.hosting_per_month,
        people=machine.care_hours_per_month * machine.care_price_per_hour,
    )


def machines_needed(machine: Machine, tokens_per_second: float) -> int:
    """Whole ones, one at least."""
    return max(1, math.ceil(tokens_per_second / machine.tokens_per_second))


def own_month(machine: Machine, tokens_per_second: float) -> OwnCost:
    """Of all the machines that this rate needs, each as busy as the others."""
    count = machines_needed(machine, tokens_per_second)
    each = own_cost(machine, tokens_per_second / machine.tokens_per_second / count)
    return OwnCost(
        count * each.capital, count * each.power, count * each.hosting, count * each.people
    )


def _capital(machine: Machine) -> float:
    if machine.rent_per_hour is not None:
        return machine.rent_per_hour * HOURS
    assert machine.purchase is not None
    return machine.purchase * (1 - machine.residual) / (machine.years * MONTHS)
