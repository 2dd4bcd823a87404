"""Generators in the program: power, on and off, starts, minimum times, ramps.

On and off follow Rajan and Takriti (2005): a start and a stop for each change, and minimum times as
sums over the starts and stops of the last steps, which is the tightest description of them.
"""

import numpy as np

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Generator
from fogbank.deployments.esmap.models.grid_optimizer.layout import Formulation
from fogbank.deployments.esmap.models.grid_optimizer.program import (
    Indices,
    Program,
    Terms,
    Values,
)


def add_generator(made: Formulation, index: int, unit: Generator) -> None:
    """The columns and rows of one generator; only what is on or off has more than its power."""
    case, program = made.case, made.program
    cost = case.price_of(unit) * case.hours
    if not unit.committed:
        low: Values | float = 0.0 if unit.curtailable else unit.available
        made.power[index] = program.add_columns(case.steps, low, unit.available, cost)
        _ramps(made, index, unit, None)
        return
    power = made.power[index] = program.add_columns(case.steps, 0, unit.available, cost)
    forced = _obliged(unit, case)
    on = made.on[index] = program.add_columns(
        case.steps,
        forced[0],
        forced[1],
        unit.no_load_cost * case.hours,
        integer=True,
    )
    low = np.where(forced[0] > 0, np.minimum(unit.min_power, unit.available), unit.min_power)
    if not unit.curtailable:
        low = np.maximum(low, unit.available)
    program.add_rows([(power, 1), (on, -unit.available)], upper=0)
    program.add_rows([(power, 1), (on, -low)], lower=0)
    starts = program.add_columns(case.steps, 0, 1, unit.start_cost)
    stops = program.add_columns(case.steps, 0, 1)
    _changes(made, unit, on, starts, stops)
    _ramps(made, index, unit, (on, starts, stops))


def _obliged(unit: Generator, case: Case) -> tuple[Values, Values]:
    """Bounds of on: what must run, and what its minimum time still holds in its state."""
    low, high = np.zeros(case.steps), np.ones(case.steps)
    if unit.must_run:
        low[:] = 1
        return low, high
    state = unit.was_on
    if state is not None and unit.initial_hours is not None:
        least = unit.min_up if state else unit.min_down
        rest = case.in_steps(max(least - unit.initial_hours, 0))
        if state:
            low[:rest] = 1
        else:
            high[:rest] = 0
    return low, high


def _changes(
    made: Formulation, unit: Generator, on: Indices, starts: Indices, stops: Indices
) -> None:
    """A change of on is a start or a stop; then the minimum times."""
    case, program = made.case, made.program
    state = unit.was_on
    if state is None:  # what runs in the first step was running already
        program.add_rows([(starts[:1], 1), (stops[:1], 1)], 0, 0)
    else:
        program.add_rows(
            [(on[:1], 1), (starts[:1], -1), (stops[:1], 1)], float(state), float(state)
        )
    if case.steps > 1:
        change: Terms = [(on[1:], 1), (on[:-1], -1), (starts[1:], -1), (stops[1:], 1)]
        program.add_rows(change, 0, 0)
    up, down = max(case.in_steps(unit.min_up), 1), max(case.in_steps(unit.min_down), 1)
    for step in range(case.steps):
        begun = starts[max(step - up + 1, 0) : step + 1]
        ended = stops[max(step - down + 1, 0) : step + 1]
        here = on[step : step + 1]
        program.add_rows([(begun, 1), (here, -1)], upper=0, count=1)
        program.add_rows([(ended, 1), (here, 1)], upper=1, count=1)


def _ramps(
    made: Formulation,
    index: int,
    unit: Generator,
    changes: tuple[Indices, Indices, Indices] | None,
) -> None:
    """A unit that starts or stops may jump to or from its minimum, or as far as it ramps."""
    program, power = made.program, made.power[index]
    past = unit.power_before
    if past is not None:
        power = _after(program, past, power)
    later, earlier = power[1:], power[:-1]
    for kind, limit, sign in (("ramp_up", unit.ramp_up, 1.0), ("ramp_down", unit.ramp_down, -1.0)):
        if limit is None or not len(later):
            continue
        reach = limit * made.case.hours
        terms: Terms = [(later, sign), (earlier, -sign)]
        if changes is not None:
            on, starts, stops = changes
            if past is not None:
                on = _after(program, float(bool(unit.was_on)), on)
            stays, jumps = (on[:-1], starts) if sign > 0 else (on[1:], stops)
            terms += [(stays, -reach), (jumps[-len(later) :], -max(unit.min_power, reach))]
        if made.elastic:
            terms.append((made.room(kind, unit.name, len(later), 1, 100.0), -1.0))
        program.add_rows(terms, upper=reach if changes is None else 0.0)


def _after(program: Program, past: float, columns: Indices) -> Indices:
    """The columns behind a fixed one: what was before the first step."""
    return np.concatenate([program.add_columns(1, past, past), columns])
