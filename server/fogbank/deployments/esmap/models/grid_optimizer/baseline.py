"""The merit order: in each step the cheapest units first, without storage and without look-ahead.

It keeps to available and minimum power and holds reserve, and keeps to nothing else: what an
operator's price list does.
"""

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Schedule


def merit_order(case: Case) -> Schedule:
    """The schedule of the merit order."""
    units, steps = case.generators, case.steps
    power = np.zeros((len(units), steps))
    on = np.zeros((len(units), steps), bool)
    order = sorted(range(len(units)), key=lambda index: case.price_of(units[index]))
    order.sort(key=lambda index: not (units[index].must_run or not units[index].curtailable))
    for step in range(steps):
        _dispatch(case, step, order, power[:, step], on[:, step])
    idle = np.zeros((len(case.storages), steps))
    energy = np.array([[each.initial] * steps for each in case.storages]).reshape(idle.shape)
    served = power.sum(axis=0)
    return Schedule(power, on, idle, idle, energy, np.maximum(case.demand - served, 0))


def _dispatch(
    case: Case, step: int, order: list[int], power: NDArray[np.float64], on: NDArray[np.bool_]
) -> None:
    """Takes units until they can serve demand and reserve, then loads them, cheapest first."""
    demand, can, least = case.demand[step], 0.0, 0.0
    wanted = demand + (0.0 if case.reserve is None else case.reserve[step])
    low: dict[int, float] = {}
    for index in order:
        unit = case.generators[index]
        available = float(unit.available[step])
        forced = unit.must_run or not unit.curtailable
        minimum = available if not unit.curtailable else unit.min_power
        if forced:
            minimum = min(minimum, available)
        elif can >= wanted or minimum > min(available, demand - least) or available <= 0:
            continue  # not needed, or its minimum does not fit beside those of the others
        low[index] = minimum
        can, least = can + available, least + minimum
    rest = demand - least
    for index in low:
        more = min(max(rest, 0.0), float(case.generators[index].available[step]) - low[index])
        power[index], on[index] = low[index] + more, True
        rest -= more
