"""Checks a schedule against the case again, from its numbers alone: the solver is not believed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Generator, Schedule

TOLERANCE = 1e-4
"""MW, MWh or t that count as none; and a millionth of the largest power of the case."""
_COUNTED = ("steps", "unit")


@dataclass(frozen=True, slots=True)
class Check:
    """`violation` is the largest one, at `step` of `unit` where that says something."""

    constraint: str
    satisfied: bool
    violation: float
    measure: str
    step: int | None = None
    unit: str | None = None


def check_schedule(case: Case, schedule: Schedule) -> list[Check]:
    """Every constraint that the case has, kept or not."""
    largest = max(float(case.demand.max()), *(float(g.available.max()) for g in case.generators))
    limit = TOLERANCE + 1e-6 * largest
    return [
        _worst(name, measure, amounts, units, 0.5 if measure in _COUNTED else limit)
        for part in (_system, _generators, _storages, _policy)
        for name, measure, amounts, units in part(case, schedule)
    ]


_Violation = tuple[str, str, NDArray[np.float64], tuple[str, ...]]
"""A constraint, its unit of measure, what is over it by unit and step, names of the units."""


def _system(case: Case, schedule: Schedule) -> Iterator[_Violation]:
    supply = schedule.power.sum(axis=0) + (schedule.discharge - schedule.charge).sum(axis=0)
    yield "power balance", "MW", np.abs(supply + schedule.unserved - case.demand)[None], ()
    if case.lost_load is None:
        yield "demand served", "MW", schedule.unserved[None], ()
    if case.reserve is not None:
        yield "reserve", "MW", (case.reserve - _held(case, schedule))[None], ()


def _generators(case: Case, schedule: Schedule) -> Iterator[_Violation]:
    power, on, units = schedule.power, schedule.on, case.generators
    names = tuple(each.name for each in units)
    available = np.array([each.available for each in units])
    yield "available power", "MW", np.maximum(power - available * on, -power), names
    low = np.array([_least(each) for each in units])
    yield "minimum power", "MW", (low - power) * on, names
    if any(not each.curtailable for each in units):
        kept = np.array([not each.curtailable for each in units])[:, None]
        committed = np.array([each.committed for each in units])[:, None]
        yield "no curtailment", "MW", (available - power) * kept * (on | ~committed), names
    if any(each.must_run for each in units):
        runs = np.array([each.must_run for each in units])[:, None]
        yield "must run", "unit", (runs & ~on).astype(float), names
    if any(each.ramp_up is not None or each.ramp_down is not None for each in units):
        yield "ramps", "MW", np.array([_ramps(case, schedule, i) for i in range(len(units))]), names
    if any(each.min_up or each.min_down for each in units):
        times = np.array([_times(case, schedule, i) for i in range(len(units))])
        yield "minimum up and down times", "steps", times, names


def _policy(case: Case, schedule: Schedule) -> Iterator[_Violation]:
    energy = schedule.power.sum(axis=1) * case.hours
    if case.min_renewable_share is not None:
        renewable = energy[[each.renewable for each in case.generators]].sum()
        lacking = case.min_renewable_share * energy.sum() - renewable
        yield "renewable share", "MWh", np.array([[lacking]]), ()
    if case.emission_cap is not None:
        emitted = energy @ [each.emissions for each in case.generators]
        yield "emission cap", "t", np.array([[emitted - case.emission_cap]]), ()


def _least(unit: Generator) -> NDArray[np.float64]:
    """A unit that has to run gives what there is where that is under its minimum."""
    least = np.full(len(unit.available), unit.min_power)
    held = unit.must_run or bool(unit.initial_hours is not None and unit.was_on)
    return np.minimum(least, unit.available) if held else least


def _ramps(case: Case, schedule: Schedule, index: int) -> NDArray[np.float64]:
    unit, power, on = case.generators[index], schedule.power[index], schedule.on[index]
    over = np.zeros(case.steps)
    for step in range(case.steps):
        before = unit.power_before if step == 0 else power[step - 1]
        if before is None:
            continue
        was_on = bool(unit.was_on) if step == 0 else on[step - 1]
        for limit, change, same in (
            (unit.ramp_up, power[step] - before, was_on),
            (unit.ramp_down, before - power[step], on[step]),
        ):
            if limit is not None:
                reach = limit * case.hours
                jumps = unit.committed and not same
                most = max(unit.min_power, reach) if jumps else reach
                over[step] = max(over[step], change - most)
    return over


def _times(case: Case, schedule: Schedule, index: int) -> NDArray[np.float64]:
    """Steps that a state was too short; the last state may last beyond the end."""
    unit, on = case.generators[index], schedule.on[index]
    short = np.zeros(case.steps)
    state = unit.was_on
    lasted = 10**6
    if state is not None and unit.initial_hours is not None:
        lasted = int(unit.initial_hours / case.hours + 1e-9)
    before = bool(on[0]) if state is None else state
    for step in range(case.steps):
        if bool(on[step]) != before:
            need = case.in_steps(unit.min_up if before else unit.min_down)
            short[step] = max(need - lasted, 0)
            before, lasted = bool(on[step]), 0
        lasted += 1
    return short


def _storages(case: Case, schedule: Schedule) -> Iterator[_Violation]:
    stores = case.storages
    if not stores:
        return
    names = tuple(each.name for each in stores)

    def column(name: str) -> NDArray[np.float64]:
        return np.array([[getattr(each, name)] for each in stores], float)

    charge, discharge, energy = schedule.charge, schedule.discharge, schedule.energy
    over = np.maximum(charge - column("charge_power"), discharge - column("discharge_power"))
    yield "storage power", "MW", np.maximum(over, -np.minimum(charge, discharge)), names
    yield "charge or discharge", "MW", np.minimum(charge, discharge), names
    outside = np.maximum(energy - column("energy"), column("min_energy") - energy)
    yield "state of charge", "MWh", outside, names
    before = np.concatenate([column("initial"), energy[:, :-1]], axis=1)
    gained = charge * column("charge_efficiency") - discharge / column("discharge_efficiency")
    yield "storage balance", "MWh", np.abs(energy - before - gained * case.hours), names
    yield "final state of charge", "MWh", column("final") - energy[:, -1:], names


def _held(case: Case, schedule: Schedule) -> NDArray[np.float64]:
    """MW that could be given at once, by step."""
    held = np.zeros(case.steps)
    for index, unit in enumerate(case.generators):
        if not unit.renewable:
            runs = schedule.on[index] if unit.committed else True
            held += unit.available * runs - schedule.power[index]
    for index, store in enumerate(case.storages):
        room = store.discharge_power - schedule.discharge[index] + schedule.charge[index]
        kept = (schedule.energy[index] - store.min_energy) * store.discharge_efficiency / case.hours
        held += np.maximum(np.minimum(room, kept), 0)
    return held


def _worst(
    name: str,
    measure: str,
    amounts: NDArray[np.float64],
    units: tuple[str, ...],
    limit: float,
) -> Check:
    index, step = np.unravel_index(int(np.argmax(amounts)), amounts.shape)
    worst = float(amounts[index, step])
    if worst <= limit:
        return Check(name, True, max(worst, 0.0), measure)
    at = int(step) if amounts.shape[1] > 1 else None
    return Check(name, False, worst, measure, at, units[index] if units else None)
